//! Generated servers, fuzzed: whatever arrives, the answer is one that the kernel
//! takes, and nothing panics.
//!
//! Half of the messages are made up; the others are what a client really sent, with
//! bytes changed, lengths moved, and leases added, dropped or given other rights. Now
//! and then the caller disappears in the middle. The numbers come from a generator
//! with a fixed seed; `EXOV6_FUZZ_SEED` gives another.

use super::*;
use idol_runtime::host;

/// Messages sent to each server.
const MESSAGES: u32 = 100_000;

/// xorshift64*, Vigna 2016.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn usize(&mut self, end: usize) -> usize {
        self.below(end as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        // The bytes that mean something are small or at the edges.
        match self.below(4) {
            0 => 0,
            1 => self.below(5) as u8,
            2 => 0xff,
            _ => self.next() as u8,
        }
    }
}

/// A message with what it lends: rights and bytes.
#[derive(Clone)]
struct Sent {
    message: Message,
    leases: Vec<(u32, Vec<u8>)>,
}

fn made_up(random: &mut Random, operations: u16) -> Sent {
    // Every byte the same, some of them not: small numbers and edges in all places.
    let words = std::array::from_fn(|_| match random.below(4) {
        0 => random.next(),
        1 => u64::from(random.byte()) << (random.below(8) * 8),
        _ => u64::from(random.byte()) * 0x0101_0101_0101_0101,
    });
    let operation = random.below(u64::from(operations) + 2) as u16;
    let leases = (0..random.below(4)).map(|_| lease(random)).collect();
    Sent { message: super::message(operation, random.usize(65), words), leases }
}

fn lease(random: &mut Random) -> (u32, Vec<u8>) {
    const LENGTHS: [usize; 12] = [0, 1, 2, 16, 17, 32, 65, 100, 128, 181, 1500, 2400];
    let mut bytes = vec![random.byte(); LENGTHS[random.usize(LENGTHS.len())]];
    for _ in 0..bytes.len().min(4) {
        let at = random.usize(bytes.len());
        bytes[at] = random.byte();
    }
    (random.below(4) as u32, bytes)
}

fn mutate(random: &mut Random, sent: &mut Sent) {
    for _ in 0..=random.below(3) {
        match random.below(10) {
            0 => sent.message.operation = random.below(70) as u16,
            1 => sent.message.length = random.usize(65),
            2 => sent.message.length = (sent.message.length + 1).min(64),
            3 => sent.leases.push(lease(random)),
            4 => drop(sent.leases.pop()),
            5 | 6 => {
                let count = sent.leases.len().max(1);
                if let Some((rights, bytes)) = sent.leases.get_mut(random.usize(count)) {
                    match random.below(4) {
                        0 => *rights = random.below(4) as u32,
                        1 => bytes.truncate(random.usize(bytes.len() + 1)),
                        2 => bytes.push(random.byte()),
                        _ => {
                            let at = random.usize(bytes.len().max(1));
                            if let Some(byte) = bytes.get_mut(at) {
                                *byte = random.byte();
                            }
                        }
                    }
                }
            }
            _ => {
                let at = random.usize(64);
                let byte = u64::from(random.byte());
                let word = &mut sent.message.words[at / 8];
                *word = *word & !(0xff << (at % 8 * 8)) | byte << (at % 8 * 8);
            }
        }
    }
    sent.leases.truncate(abi::limits::MAX_LEASES);
}

/// Sends messages to a server; `corpus` are right ones.
fn fuzz(name: &str, operations: u16, corpus: &[Sent], dispatch: impl Fn(&Message) -> Answer) {
    let seed = std::env::var("EXOV6_FUZZ_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or(0x5eed_1e55_0bad_cafe_u64);
    let mut random = Random(seed ^ u64::from(operations) << 32 | 1);
    let (mut answered, mut refused, mut gone) = (0, 0, 0);
    for number in 0..MESSAGES {
        let mut sent = if corpus.is_empty() || random.one_in(2) {
            made_up(&mut random, operations)
        } else {
            let mut sent = corpus[random.usize(corpus.len())].clone();
            if !random.one_in(8) {
                mutate(&mut random, &mut sent);
            }
            sent
        };
        let patience = random.one_in(10).then(|| random.below(4) as u32);
        sent.message.leases = sent.leases.len();
        let mut leases: Vec<(u32, &mut [u8])> =
            sent.leases.iter_mut().map(|(rights, bytes)| (*rights, bytes.as_mut_slice())).collect();
        let run = || host::deliver(&mut leases, patience, || dispatch(&sent.message));
        let answer = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
            panic!("{name}: message {number} with seed {seed}: {:?}", sent.message)
        });
        match answer {
            Answer::Reply { code, length, words } => {
                assert!(code & abi::syscall::KERNEL_STATUS == 0 && length <= 64);
                let bytes: [u8; 64] = zerocopy::transmute!(words);
                assert!(bytes[length..].iter().all(|byte| *byte == 0), "unused bytes are zero");
                answered += 1;
            }
            Answer::Fault(_) => refused += 1,
            Answer::Nothing => gone += 1,
        }
    }
    println!("{name}: seed {seed:#x}: {answered} answered, {refused} refused, {gone} gone");
    assert!(answered > MESSAGES / 100, "{name}: next to nothing got through: {answered}");
    assert!(refused > MESSAGES / 10, "{name}: {refused} refused");
}

/// Records what a client sends, while `server` answers.
fn record(server: impl FnMut(&Message) -> Answer + 'static, client: impl FnOnce()) -> Vec<Sent> {
    let mut server = server;
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let into = seen.clone();
    join(
        move |message| {
            let leases = host::leases().into_iter();
            // What lies in them does not matter much; their shape does.
            let leases = leases.map(|(rights, length)| (rights, vec![0; length])).collect();
            into.borrow_mut().push(Sent { message: *message, leases });
            server(message).into()
        },
        client,
    );
    let seen = seen.borrow();
    seen.clone()
}

/// Serves everything, and touches all that is lent.
struct Anything;

fn use_bytes(
    from: &Leased<'_, R, [u8]>,
    into: Option<&Leased<'_, W, [u8]>>,
) -> Result<usize, Refusal> {
    let mut buffer = [0; 50];
    let mut at = 0;
    loop {
        let count = from.read_at(at, &mut buffer)?;
        if let Some(into) = into {
            into.write_at(at, &buffer[..count])?;
        }
        at += count;
        if count == 0 {
            return Ok(at);
        }
    }
}

fn widen<E>(refusal: Refusal) -> RequestError<E> {
    match refusal {
        RequestError::Fault(reason) => RequestError::Fault(reason),
        RequestError::Gone => RequestError::Gone,
        RequestError::Error(never) => match never {},
    }
}

impl types::TypesServer for Anything {
    fn unsigned(&mut self, _: &Message, _: u8, _: u16, _: u32, _: u64, e: u128) -> u128 {
        e
    }
    fn signed(&mut self, _: &Message, _: i8, _: i16, _: i32, _: i64, e: i128) -> i128 {
        e
    }
    fn other(&mut self, _: &Message, _: bool, b: char, _: f32, _: f64, (): ()) -> char {
        b
    }
    fn mode(&mut self, _: &Message, mode: Mode, _: [Mode; 3]) -> Mode {
        mode
    }
    fn sample(&mut self, _: &Message, sample: Sample, _: [[i16; 2]; 2]) -> Sample {
        sample
    }
    fn flag(&mut self, _: &Message) -> bool {
        true
    }
}

impl shapes::ShapesServer for Anything {
    fn numbers(
        &mut self,
        _: &Message,
        a: (u8, u16, u32, u64, u128),
        b: (i8, i16, i32, i64, i128),
        c: (bool, f32, f64, usize, isize),
    ) -> (u128, i128, isize) {
        (a.4, b.4, c.4)
    }
    fn text(
        &mut self,
        _: &Message,
        letters: [char; 3],
        last: Option<char>,
    ) -> (Option<char>, [char; 3]) {
        (last, letters)
    }
    fn turn(&mut self, _: &Message, shape: Shape, _: Option<Angle>) -> Shape {
        shape
    }
    fn reading(
        &mut self,
        _: &Message,
        line: Line,
        _: Inlet,
    ) -> Result<(Result<f32, NoData>, u64), ValveError> {
        if line.0 == 0 { Err(ValveError::Stuck) } else { Ok((Err(NoData::Off), 1)) }
    }
    fn stamped(&mut self, _: &Message, value: Stamped<u16, 3>) -> Option<Stamped<(u8,), 1>> {
        Some(Stamped { at: value.at, values: [(1,)] })
    }
    fn nothing(&mut self, _: &Message) {}
    fn many(&mut self, _: &Message, values: [Option<u32>; 20], _: u8) -> [Option<Shape>; 20] {
        values.map(|value| value.map(|_| Shape::Circle(1)))
    }
}

impl disk::DiskServer for Anything {
    fn write(
        &mut self,
        _: &Message,
        block: u32,
        data: Leased<R, [u8]>,
    ) -> Result<u32, RequestError<DiskError>> {
        if block == 0 {
            return Err(DiskError::NoBlock.into());
        }
        use_bytes(&data, None).map(|count| count as u32).map_err(widen)
    }
    fn read(&mut self, _: &Message, _: u32, into: Leased<W, [u8]>) -> Result<u32, Refusal> {
        Ok(into.write_at(into.len() / 2, &[1; 100])? as u32)
    }
    fn invert(&mut self, _: &Message, data: Leased<RW, [u16]>) -> Result<(), Refusal> {
        for i in 0..=data.len() {
            if let Some(value) = data.get(i)? {
                data.write_at(i, &[!value])?;
            }
        }
        Ok(())
    }
    fn exchange(
        &mut self,
        _: &Message,
        give: Leased<R, Sample>,
        take: Leased<W, Sample>,
        both: Leased<RW, [u32; 4]>,
    ) -> Result<(), RequestError<DiskError>> {
        take.write(&give.read()?)?;
        both.write(&both.read()?)?;
        Ok(())
    }
    fn samples(&mut self, _: &Message, into: Leased<W, [Sample]>) -> Result<u32, Refusal> {
        Ok(into.write_at(0, &[Sample::default(); 3])? as u32)
    }
}

impl bulk::BulkServer for Anything {
    fn at_the_limit(&mut self, _: &Message, bytes: [u8; 64]) -> [u64; 8] {
        zerocopy::transmute!(bytes)
    }
    fn large_args(&mut self, _: &Message, _: [u8; 64], flag: bool) -> u64 {
        u64::from(flag)
    }
    fn large_reply(&mut self, _: &Message, seed: u8) -> Result<[u8; 1500], SeqError> {
        if seed == 0 { Err(SeqError::IllegalTransition) } else { Ok([seed; 1500]) }
    }
    fn large_both(
        &mut self,
        _: &Message,
        record: Record,
        note: Leased<R, [u8]>,
    ) -> Result<Record, Refusal> {
        use_bytes(&note, None)?;
        Ok(record)
    }
    fn only_reply(&mut self, _: &Message) -> Record {
        Record { words: [u64::MAX; 300] }
    }
}

fn messages_of_types() -> Vec<Sent> {
    let client = types::Types::new(PORT);
    record(
        |message| types::dispatch(&mut Anything, message),
        || {
            client.unsigned(1, 2, 3, 4, 5);
            client.signed(1, 2, 3, 4, 5);
            client.other(true, 'a', 1.0, 2.0, ());
            client.mode(Mode::Slow, [Mode::Off, Mode::Fast, Mode::Slow]);
            client.sample(Sample::default(), [[1; 2]; 2]);
            client.flag();
        },
    )
}

#[test]
fn registers() {
    fuzz("Types", 6, &messages_of_types(), |message| types::dispatch(&mut Anything, message));
    let client = plant::Plant::new(PORT);
    let corpus = record(
        |message| plant::dispatch(&mut PlantModel::default(), message),
        || {
            client.read();
            client.drive(1.0, 1);
        },
    );
    fuzz("Plant", 2, &corpus, |message| plant::dispatch(&mut PlantModel::default(), message));
    let client = cpu_seq::CpuSeq::new(PORT);
    let corpus = record(
        |message| cpu_seq::dispatch(&mut Seq(0), message),
        || {
            let _ = client.set_state(1, true);
            let _ = (client.state(), client.step());
        },
    );
    fuzz("CpuSeq", 3, &corpus, |message| cpu_seq::dispatch(&mut Seq(0), message));
}

#[test]
fn leases() {
    let client = disk::Disk::new(PORT);
    let corpus = record(
        |message| disk::dispatch(&mut Anything, message),
        || {
            let _ = client.write(1, &[1; 70]);
            client.read(1, &mut [0; 100]);
            let _ = client.invert(&mut [1; 9]);
            let (give, mut take) = (Sample::default(), Sample::default());
            let _ = client.exchange(&give, &mut take, &mut [0; 4]);
            client.samples(&mut [Sample::default(); 4]);
        },
    );
    fuzz("Disk", 5, &corpus, |message| disk::dispatch(&mut Anything, message));
    let client = bulk::Bulk::new(PORT);
    let corpus = record(
        |message| bulk::dispatch(&mut Anything, message),
        || {
            client.at_the_limit([1; 64]);
            client.large_args([1; 64], true);
            let _ = client.large_reply(1);
            let _ = client.large_both(Record { words: [1; 300] }, &[1, 2, 3]);
            client.only_reply();
        },
    );
    fuzz("Bulk", 5, &corpus, |message| bulk::dispatch(&mut Anything, message));
}

#[test]
fn received_and_counted() {
    let client = valve::Valve::new(PORT);
    let valves = || encodings::Valves { level: Level(3) };
    let corpus = record(
        move |message| valve::dispatch(&mut valves(), message),
        || {
            client.select(Inlet::Left, Line(1), true);
            let _ = client.set_level(Level(9), Half(9));
            let _ = (client.port(), client.next_port());
            let _ = client.stamp(1, [1; 32], [1; 3]);
            client.log(1, &[1, 2]);
        },
    );
    fuzz("Valve", 6, &corpus, |message| valve::dispatch(&mut valves(), message));
    let _alone = encodings::COUNTING.lock();
    let fixed = || encodings::Fixed(Err(ValveError::Stuck));
    let client = counted::Counted::new(PORT);
    let corpus = record(
        move |message| counted::dispatch(&mut fixed(), message),
        || {
            let _ = (client.turn(0), client.turn(1), client.rest());
        },
    );
    fuzz("Counted", 2, &corpus, |message| counted::dispatch(&mut fixed(), message));
}

#[test]
fn encodings_of_varying_length() {
    let client = shapes::Shapes::new(PORT);
    let corpus = record(
        |message| shapes::dispatch(&mut Anything, message),
        || {
            client.numbers((1, 2, 3, 4, 5), (1, 2, 3, 4, 5), (true, 1.0, 2.0, 3, 4));
            client.text(['a', 'ü', '→'], Some('x'));
            client.turn(Shape::Pair((1, true), None), None);
            let _ = client.reading(Line(1), Inlet::Right);
            let _ = client.stamped(Stamped { at: 1, values: [1, 2, 3] });
            client.nothing();
            client.many([Some(1); 20], 1);
        },
    );
    fuzz("Shapes", 7, &corpus, |message| shapes::dispatch(&mut Anything, message));
    let client = signer::Signer::new(PORT);
    let corpus = record(
        |message| signer::dispatch(&mut encodings::Keys, message),
        || {
            let _ = (client.length(1), client.length(9));
            let _ = client.sign(&[1, 2], &mut [0; 9]);
            let _ = (client.chain(Some(1)), client.chain(None));
        },
    );
    fuzz("Signer", 3, &corpus, |message| signer::dispatch(&mut encodings::Keys, message));
    let client = mirror::Mirror::new(PORT);
    let corpus = record(
        |message| mirror::dispatch(&mut encodings::Mirror, message),
        || {
            client.packed([1; 3], true);
            client.serial(Shape::Circle(1), None);
            let _ = client.lent([Some((Shape::Circle(1), 1)); 8]);
            client.letters(['a'; 3]);
        },
    );
    fuzz("Mirror", 4, &corpus, |message| mirror::dispatch(&mut encodings::Mirror, message));
}
