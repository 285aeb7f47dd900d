//! Generated clients and servers, compiled and joined: what goes in comes out.
//!
//! The golden files are compiled here, and this crate plays the crate that their
//! types come from. Values are the extremes of their types, so that a wrong size,
//! order or sign shows.
#![deny(unsafe_code)]

extern crate self as demo_types;

use idol_runtime::host::{End, join};
use idol_runtime::{
    Answer, Leased, Message, Port, R, RW, Reason, Refusal, RequestError, ServerDeath, W,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, TryFromBytes};

include!("../golden/simple.rs");
include!("../golden/errors.rs");
include!("../golden/leases.rs");
include!("../golden/large.rs");
include!("../golden/types.rs");
include!("../golden/receive.rs");
include!("../golden/encodings.rs");
include!("../golden/complex.rs");
include!("../golden/counted.rs");
include!("../golden/mirror.rs");

mod encodings;
mod fuzz;
mod types_of_users;

pub use types_of_users::*;

idol_runtime::error! {
    /// Errors of a sequencer.
    pub enum SeqError {
        /// Not from here.
        IllegalTransition = 1,
        /// The highest code there is.
        Highest = 4294967295,
        /// The server died.
        ServerDied = 2,
    }
    server_death: ServerDied
}

idol_runtime::error! {
    /// Errors of a disk.
    pub enum DiskError {
        /// No such block.
        NoBlock = 7,
        /// The server died.
        ServerDied = 8,
    }
    server_death: ServerDied
}

/// A structure too large for registers.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Record {
    /// Contents.
    pub words: [u64; 300],
}

/// An enumeration with holes.
#[derive(Clone, Copy, Debug, PartialEq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(u8)]
pub enum Mode {
    /// The lowest.
    Off = 0,
    /// In between.
    Slow = 7,
    /// The highest.
    Fast = 255,
}

const PORT: Port = Port(5);

/// A [`Message`] as a hostile or broken client might send it.
fn message(operation: u16, length: usize, words: [u64; 8]) -> Message {
    let caller = idol_runtime::host::CALLER;
    Message { caller, badge: 4, operation, length, leases: 0, words }
}

fn panic_text(run: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("this should have panicked");
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap()
}

#[derive(Default)]
struct PlantModel {
    position: f64,
    last: Option<(f64, u64, u64)>,
}

impl plant::PlantServer for PlantModel {
    fn read(&mut self, _: &Message) -> f64 {
        self.position
    }
    fn drive(&mut self, message: &Message, force: f64, from_tick: u64) {
        self.position = force;
        self.last = Some((force, from_tick, message.badge));
    }
}

#[test]
fn values_pass_through_registers() {
    let mut model = PlantModel::default();
    let client = plant::Plant::new(PORT);
    let (_, calls) = join(
        move |message| plant::dispatch(&mut model, message).into(),
        || {
            for force in [f64::MIN, -0.0, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY] {
                client.drive(force, u64::MAX);
                assert_eq!(client.read().to_bits(), force.to_bits());
            }
        },
    );
    assert_eq!(calls, 10);
}

#[test]
fn the_message_has_its_length_and_its_unused_words_are_zero() {
    let client = plant::Plant::new(PORT);
    join(
        |message| {
            assert_eq!((message.operation, message.length, message.leases), (2, 16, 0));
            assert_eq!(message.words, [1.5_f64.to_bits(), 9, 0, 0, 0, 0, 0, 0]);
            End::Answer(Answer::Reply { code: 0, length: 0, words: [0; 8] })
        },
        || client.drive(1.5, 9),
    );
}

struct Seq(u8);

impl cpu_seq::CpuSeqServer for Seq {
    fn set_state(&mut self, _: &Message, state: u8, force: bool) -> Result<(), SeqError> {
        match (state, force) {
            (0, _) => Err(SeqError::Highest),
            (_, false) => Err(SeqError::IllegalTransition),
            (_, true) => {
                self.0 = state;
                Ok(())
            }
        }
    }
    fn state(&mut self, _: &Message) -> Result<u8, SeqError> {
        Ok(self.0)
    }
    fn step(&mut self, _: &Message) -> u32 {
        u32::MAX
    }
}

#[test]
fn errors_come_back_as_themselves() {
    let client = cpu_seq::CpuSeq::new(PORT);
    let mut server = Seq(1);
    join(
        move |message| cpu_seq::dispatch(&mut server, message).into(),
        || {
            assert_eq!(client.set_state(3, false), Err(SeqError::IllegalTransition));
            assert_eq!(client.set_state(0, false), Err(SeqError::Highest));
            assert_eq!(client.state(), Ok(1));
            assert_eq!(client.set_state(255, true), Ok(()));
            assert_eq!(client.state(), Ok(255));
            assert_eq!(client.step(), Ok(u32::MAX));
        },
    );
}

#[test]
fn a_dead_server_is_reported_at_once_unless_the_operation_is_idempotent() {
    let client = cpu_seq::CpuSeq::new(PORT);
    let dead = |_: &Message| End::Status(abi::syscall::DEAD);
    assert_eq!(join(dead, || client.set_state(1, true)), (Err(SeqError::ServerDied), 1));
    assert_eq!(join(dead, || client.step()), (Err(ServerDeath::Restarted), 1));
    let attempts = idol_runtime::client::ATTEMPTS;
    assert_eq!(join(dead, || client.state()), (Err(SeqError::ServerDied), attempts));
}

#[test]
fn an_idempotent_operation_is_repeated_until_the_server_is_back() {
    let client = cpu_seq::CpuSeq::new(PORT);
    let mut server = Seq(9);
    let mut deaths = 2;
    let answered = join(
        move |message| {
            if deaths > 0 {
                deaths -= 1;
                return End::Status(abi::syscall::DEAD);
            }
            cpu_seq::dispatch(&mut server, message).into()
        },
        || client.state(),
    );
    assert_eq!(answered, (Ok(9), 3));
}

#[test]
fn a_timeout_is_never_repeated() {
    let client = cpu_seq::CpuSeq::new(PORT);
    let late = |_: &Message| End::Status(abi::syscall::TIMEOUT);
    assert_eq!(join(late, || client.state()), (Err(SeqError::ServerDied), 1));
    assert_eq!(join(late, || client.step()), (Err(ServerDeath::TimedOut), 1));
}

#[test]
fn a_client_that_cannot_say_what_happened_panics_and_names_the_operation() {
    let client = plant::Plant::new(PORT);
    let dead = |_: &Message| End::Status(abi::syscall::DEAD);
    let late = |_: &Message| End::Status(abi::syscall::TIMEOUT);
    let text = panic_text(|| {
        join(dead, || client.read());
    });
    assert_eq!(text, "Plant.read: the server died 5 times, and the reply cannot say so");
    let text = panic_text(|| {
        join(late, || client.read());
    });
    assert_eq!(text, "Plant.read: the port's timeout passed, and the reply cannot say so");
}

#[test]
fn a_client_panics_at_an_answer_that_is_not_of_the_interface() {
    let answers = [
        Answer::Reply { code: 0, length: 7, words: [0; 8] },
        Answer::Reply { code: 3, length: 0, words: [0; 8] },
        Answer::Reply { code: 1 << 32, length: 0, words: [0; 8] },
    ];
    for answer in answers {
        let client = cpu_seq::CpuSeq::new(PORT);
        let text = panic_text(|| {
            let _ = join(move |_| End::Answer(answer), || client.state());
        });
        assert_eq!(text, "CpuSeq.state: the answer is not of this interface");
    }
    let wrong_bool = Answer::Reply { code: 0, length: 1, words: [2, 0, 0, 0, 0, 0, 0, 0] };
    let text = panic_text(|| {
        join(move |_| End::Answer(wrong_bool), || types::Types::new(PORT).flag());
    });
    assert_eq!(text, "Types.flag: the answer is not of this interface");
}

#[test]
fn a_server_stops_whoever_sends_what_is_not_of_the_interface() {
    let mut model = PlantModel::default();
    let fault = |server: &mut PlantModel, operation, length, words| match plant::dispatch(
        server,
        &message(operation, length, words),
    ) {
        Answer::Fault(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(&mut model, 0, 0, [0; 8]), Reason::UndefinedOperation);
    assert_eq!(fault(&mut model, 3, 0, [0; 8]), Reason::UndefinedOperation);
    assert_eq!(fault(&mut model, 2, 15, [0; 8]), Reason::BadMessageSize);
    assert_eq!(fault(&mut model, 2, 17, [0; 8]), Reason::BadMessageSize);
    let mut surplus = message(1, 0, [0; 8]);
    surplus.leases = 1;
    assert_eq!(plant::dispatch(&mut model, &surplus), Answer::Fault(Reason::BadLeases));
    assert_eq!(model.last, None, "nothing reached the model");

    // set_state(state, force = 2)
    let bad_bool = message(1, 2, [0x0201, 0, 0, 0, 0, 0, 0, 0]);
    let contents = Answer::Fault(Reason::BadMessageContents);
    assert_eq!(cpu_seq::dispatch(&mut Seq(0), &bad_bool), contents);
    // mode(Slow, [Slow, Slow, 8])
    let bad_variant = message(4, 4, [0x0807_0707, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(types::dispatch(&mut Echo, &bad_variant), contents);
    // other(true, surrogate, …)
    let bad_char = message(3, 17, [0x00d8_0001, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(types::dispatch(&mut Echo, &bad_char), contents);
}

struct Echo;

impl types::TypesServer for Echo {
    fn unsigned(&mut self, _: &Message, a: u8, b: u16, c: u32, d: u64, e: u128) -> u128 {
        assert_eq!((a, b, c, d), (u8::MAX, 0x1234, u32::MAX, 1 << 63));
        e
    }
    fn signed(&mut self, _: &Message, a: i8, b: i16, c: i32, d: i64, e: i128) -> i128 {
        assert_eq!((a, b, c, d), (i8::MIN, i16::MAX, i32::MIN, -1));
        e
    }
    fn other(&mut self, _: &Message, a: bool, b: char, c: f32, d: f64, (): ()) -> char {
        assert!(a && c.is_nan() && d == f64::EPSILON);
        b
    }
    fn mode(&mut self, _: &Message, mode: Mode, modes: [Mode; 3]) -> Mode {
        assert_eq!(modes, [Mode::Off, Mode::Slow, Mode::Fast]);
        mode
    }
    fn sample(&mut self, _: &Message, sample: Sample, grid: [[i16; 2]; 2]) -> Sample {
        assert_eq!(grid, [[i16::MIN, -1], [1, i16::MAX]]);
        sample
    }
    fn flag(&mut self, _: &Message) -> bool {
        true
    }
}

#[test]
fn every_type_survives_at_its_extremes() {
    let client = types::Types::new(PORT);
    join(
        |message| types::dispatch(&mut Echo, message).into(),
        || {
            assert_eq!(client.unsigned(255, 0x1234, u32::MAX, 1 << 63, u128::MAX), u128::MAX);
            assert_eq!(client.signed(-128, i16::MAX, i32::MIN, -1, i128::MIN), i128::MIN);
            let last = char::MAX;
            assert_eq!(client.other(true, last, f32::NAN, f64::EPSILON, ()), last);
            let modes = [Mode::Off, Mode::Slow, Mode::Fast];
            for mode in modes {
                assert_eq!(client.mode(mode, modes), mode);
            }
            let sample = Sample { ticks: u64::MAX, value: f32::MIN, channel: i32::MIN };
            assert_eq!(client.sample(sample, [[i16::MIN, -1], [1, i16::MAX]]), sample);
            assert!(client.flag());
        },
    );
}

/// Serves blocks that contain their own number, and keeps what is written.
#[derive(Default)]
struct MemoryDisk;

impl disk::DiskServer for MemoryDisk {
    fn write(
        &mut self,
        _: &Message,
        block: u32,
        data: Leased<R, [u8]>,
    ) -> Result<u32, RequestError<DiskError>> {
        if block == 0 {
            return Err(DiskError::NoBlock.into());
        }
        if block == u32::MAX {
            return Err(RequestError::Fault(Reason::AccessViolation));
        }
        let mut sum = 0_u32;
        let mut buffer = [0; 100];
        let mut at = 0;
        while at < data.len() {
            let count = data.read_at(at, &mut buffer)?;
            sum = buffer[..count].iter().fold(sum, |sum, byte| sum + u32::from(*byte));
            at += count;
        }
        Ok(sum)
    }
    fn read(&mut self, _: &Message, block: u32, into: Leased<W, [u8]>) -> Result<u32, Refusal> {
        let block = [block.to_le_bytes()[0]; 4096];
        let count = into.write_at(0, &block)?;
        assert_eq!(into.write_at(into.len(), &block)?, 0, "past the end");
        Ok(count as u32)
    }
    fn invert(&mut self, _: &Message, data: Leased<RW, [u16]>) -> Result<(), Refusal> {
        let mut i = 0;
        while let Some(value) = data.get(i)? {
            data.write_at(i, &[!value])?;
            i += 1;
        }
        assert_eq!((i, data.is_empty()), (data.len(), i == 0));
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
        let [a, b, c, d] = both.read()?;
        both.write(&[d, c, b, a])?;
        Ok(())
    }
    fn samples(&mut self, _: &Message, into: Leased<W, [Sample]>) -> Result<u32, Refusal> {
        let samples = [1, 2, 3].map(|ticks| Sample { ticks, ..Sample::default() });
        Ok(into.write_at(1, &samples)? as u32)
    }
}

#[test]
fn lent_memory_is_read_and_written() {
    let client = disk::Disk::new(PORT);
    join(
        |message| disk::dispatch(&mut MemoryDisk, message).into(),
        || {
            assert_eq!(client.write(1, &[255; 5000]), Ok(255 * 5000));
            assert_eq!(client.write(1, &[]), Ok(0));
            assert_eq!(client.write(0, &[1]), Err(DiskError::NoBlock));

            let mut block = [0; 3000];
            assert_eq!(client.read(0xabcd, &mut block), 3000);
            assert_eq!(block, [0xcd; 3000]);

            let mut words = [0, 1, u16::MAX];
            assert_eq!(client.invert(&mut words), Ok(()));
            assert_eq!(words, [u16::MAX, u16::MAX - 1, 0]);
            assert_eq!(client.invert(&mut []), Ok(()));

            let given = Sample { ticks: 9, value: -1.0, channel: 4 };
            let mut taken = Sample::default();
            let mut four = [1, 2, 3, 4];
            assert_eq!(client.exchange(&given, &mut taken, &mut four), Ok(()));
            assert_eq!((taken, four), (given, [4, 3, 2, 1]));

            let mut samples = [Sample::default(); 3];
            assert_eq!(client.samples(&mut samples), 2);
            assert_eq!(samples.map(|sample| sample.ticks), [0, 1, 2]);
        },
    );
}

#[test]
fn leases_that_are_not_the_interfaces_stop_the_client() {
    let client = disk::Disk::new(PORT);
    let server = |message: &Message| disk::dispatch(&mut MemoryDisk, message).into();
    let text = panic_text(|| {
        let _ = join(server, || client.write(u32::MAX, &[]));
    });
    assert_eq!(text, "fault: AccessViolation");

    // Another operation's number over the same leases: `write` lends to read,
    // `read` expects to write.
    let as_operation = |operation: u16, length: usize| {
        move |message: &Message| {
            let altered = Message { operation, length, ..*message };
            disk::dispatch(&mut MemoryDisk, &altered).into()
        }
    };
    let faults = |operation, length, run: &dyn Fn()| {
        panic_text(|| {
            join(as_operation(operation, length), run);
        })
    };
    let write = |data: &'static [u8]| move || assert!(client.write(1, data).is_ok());
    let invert = || assert!(client.invert(&mut [0; 2000]).is_ok());
    let samples =
        |count| move || assert_eq!(client.samples(&mut vec![Sample::default(); count]), 0);
    assert_eq!(faults(disk::operations::READ, 4, &write(&[1])), "fault: BadLeases");
    assert_eq!(faults(disk::operations::INVERT, 0, &write(&[1, 2])), "fault: BadLeases");
    assert_eq!(faults(disk::operations::EXCHANGE, 0, &write(&[1])), "fault: BadLeases");
    // Read and write where only write is expected.
    assert_eq!(faults(disk::operations::SAMPLES, 0, &invert), "fault: BadLeases");
    // 8 samples have 128 bytes; `read` may write up to 3000.
    assert_eq!(faults(disk::operations::READ, 0, &samples(8)), "fault: BadMessageSize");
}

#[test]
fn a_lease_longer_than_the_interface_allows_is_refused_on_both_sides() {
    let client = disk::Disk::new(PORT);
    let text = panic_text(|| {
        join(
            |message| disk::dispatch(&mut MemoryDisk, message).into(),
            || client.read(1, &mut [0; 3001]),
        );
    });
    assert_eq!(text, "Disk.read: lease into has 3001 elements, at most 3000 are allowed");
    // A client built without the limit: `samples` of 9 × 16 bytes, called as `read`.
    let text = panic_text(|| {
        join(
            |message| {
                let altered =
                    Message { operation: disk::operations::SAMPLES, length: 0, ..*message };
                disk::dispatch(&mut MemoryDisk, &altered).into()
            },
            || client.read(1, &mut [0; 144]),
        );
    });
    assert_eq!(text, "fault: LeaseTooLong");
    let text = panic_text(|| {
        join(
            |message| {
                let altered =
                    Message { operation: disk::operations::SAMPLES, length: 0, ..*message };
                disk::dispatch(&mut MemoryDisk, &altered).into()
            },
            || client.read(1, &mut [0; 17]),
        );
    });
    assert_eq!(text, "fault: BadLeases", "not a whole number of elements");
}

#[test]
fn nobody_is_answered_when_the_caller_is_gone() {
    let client = disk::Disk::new(PORT);
    let mut answers = Vec::new();
    let (answer, _) = join(
        move |message| {
            let mut gone = *message;
            gone.caller.generation += 1;
            answers.push(disk::dispatch(&mut MemoryDisk, &gone));
            assert_eq!(answers, [Answer::Nothing]);
            End::Status(abi::syscall::DEAD)
        },
        || client.write(1, &[1, 2, 3]),
    );
    assert_eq!(answer, Err(DiskError::ServerDied));
}

struct BulkEcho;

impl bulk::BulkServer for BulkEcho {
    fn at_the_limit(&mut self, _: &Message, bytes: [u8; 64]) -> [u64; 8] {
        zerocopy::transmute!(bytes)
    }
    fn large_args(&mut self, _: &Message, bytes: [u8; 64], flag: bool) -> u64 {
        bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>() + u64::from(flag)
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
        assert_eq!(note.len(), 3);
        let mut record = record;
        record.words.reverse();
        Ok(record)
    }
    fn only_reply(&mut self, _: &Message) -> Record {
        Record { words: [u64::MAX; 300] }
    }
}

#[test]
fn what_exceeds_the_registers_is_lent_behind_the_scenes() {
    let client = bulk::Bulk::new(PORT);
    let mut shapes = vec![(0, 64), (2, 0), (2, 0), (2, 0), (3, 0), (1, 0)].into_iter();
    let ((), calls) = join(
        move |message| {
            assert_eq!(Some((message.leases, message.length)), shapes.next());
            bulk::dispatch(&mut BulkEcho, message).into()
        },
        || {
            assert_eq!(client.at_the_limit([0x80; 64]), [0x8080_8080_8080_8080; 8]);
            assert_eq!(client.large_args([255; 64], true), 255 * 64 + 1);
            assert_eq!(client.large_reply(200), Ok([200; 1500]));
            assert_eq!(client.large_reply(0), Err(SeqError::IllegalTransition));
            let words = std::array::from_fn(|i| i as u64);
            let reversed = Record { words: std::array::from_fn(|i| 299 - i as u64) };
            assert_eq!(client.large_both(Record { words }, &[1, 2, 3]), Ok(reversed));
            assert_eq!(client.only_reply(), Record { words: [u64::MAX; 300] });
        },
    );
    assert_eq!(calls, 6);
}

/// An operation as a client built from another interface would see it.
struct Forged<const NUMBER: u16, const ARGS: usize, const REPLY: usize, const LEASES: usize>;

impl<const NUMBER: u16, const ARGS: usize, const REPLY: usize, const LEASES: usize>
    idol_runtime::Operation for Forged<NUMBER, ARGS, REPLY, LEASES>
{
    type Encoding = idol_runtime::encoding::Zerocopy;
    const NUMBER: u16 = NUMBER;
    const LABEL: &'static str = "Forged";
    const ARGS: usize = ARGS;
    const REPLY: usize = REPLY;
    const LEASES: usize = LEASES;
    const IDEMPOTENT: bool = false;
}

#[test]
fn a_lent_value_of_another_size_stops_the_client() {
    use userlib::Lease;
    const EXCHANGE: u16 = disk::operations::EXCHANGE;
    let exchange = |give: &[u8], take: &mut [u8]| {
        let mut both = [0; 16];
        let leases = [Lease::read(give), Lease::write(take), Lease::read_write(&mut both)];
        idol_runtime::client::call::<Forged<EXCHANGE, 0, 0, 3>, 0, 0, 3>(PORT, &[], &mut [], leases)
            .value_or_death::<()>(&[])
    };
    let server = |message: &Message| disk::dispatch(&mut MemoryDisk, message).into();
    assert_eq!(join(server, || exchange(&[0; 16], &mut [0; 16])), (Ok(()), 1));
    for (give, take) in [(15, 16), (17, 16), (16, 15), (16, 0)] {
        let text = panic_text(|| {
            let _ = join(server, || exchange(&vec![0; give], &mut vec![0; take]));
        });
        assert_eq!(text, "fault: BadLeases", "{give} and {take} bytes");
    }
}

#[test]
fn hidden_leases_of_another_size_stop_the_client() {
    let server = |message: &Message| bulk::dispatch(&mut BulkEcho, message).into();
    const ARGS: u16 = bulk::operations::LARGE_ARGS;
    const REPLY: u16 = bulk::operations::LARGE_REPLY;
    let text = panic_text(|| {
        let call = idol_runtime::client::call::<Forged<ARGS, 66, 8, 0>, 66, 8, 0>;
        let _ = join(server, || call(PORT, &[0; 66], &mut [0; 8], []));
    });
    assert_eq!(text, "fault: BadMessageSize");
    let text = panic_text(|| {
        let call = idol_runtime::client::call::<Forged<REPLY, 1, 1499, 0>, 1, 1499, 0>;
        let _ = join(server, || call(PORT, &[1], &mut [0; 1499], []));
    });
    assert_eq!(text, "fault: BadMessageSize");
}
