//! Interfaces written as for Hubris: ways to receive a value, encodings of varying
//! length, errors with a payload; each compiled, joined, and driven to its extremes.

use super::*;
use proptest::prelude::*;

pub(crate) struct Valves {
    pub(crate) level: Level,
}

impl valve::ValveServer for Valves {
    fn select(&mut self, _: &Message, port: Inlet, line: Line, open: bool) -> bool {
        open && port == Inlet::Right && line == Line(u32::MAX)
    }
    fn set_level(&mut self, _: &Message, level: Level, half: Half) -> Result<Level, ValveError> {
        match half {
            Half(0) => Err(ValveError::Stuck),
            Half(1) => Err(ValveError::Burst),
            _ => Ok(std::mem::replace(&mut self.level, level)),
        }
    }
    fn port(&mut self, _: &Message) -> Result<Inlet, ValveError> {
        Ok(Inlet::Left)
    }
    fn next_port(&mut self, _: &Message) -> Inlet {
        Inlet::Right
    }
    fn stamp(&mut self, _: &Message, index: usize, digest: [u8; 32], seed: [u16; 3]) -> Line {
        let sum = digest.iter().map(|byte| u32::from(*byte)).sum::<u32>();
        Line(sum + u32::from(seed[2]) + u32::from(index == usize::MAX))
    }
    fn log(&mut self, _: &Message, message: u8, data: Leased<R, [u8]>) -> Result<usize, Refusal> {
        Ok(data.len() + usize::from(message))
    }
}

#[test]
fn values_are_received_as_the_interface_says() {
    let client = valve::Valve::new(PORT);
    let mut server = Valves { level: Level(7) };
    join(
        move |message| valve::dispatch(&mut server, message).into(),
        || {
            assert!(client.select(Inlet::Right, Line(u32::MAX), true));
            assert!(!client.select(Inlet::Left, Line(u32::MAX), true));
            assert_eq!(client.set_level(Level(1000), Half(255)), Ok(Level(7)));
            assert_eq!(client.set_level(Level(0), Half(4)), Ok(Level(1000)));
            assert_eq!(client.set_level(Level(0), Half(1)), Err(ValveError::Stuck));
            assert_eq!(client.set_level(Level(0), Half(2)), Err(ValveError::Burst));
            assert_eq!(client.port(), Ok(Inlet::Left));
            assert_eq!(client.next_port(), Inlet::Right);
            assert_eq!(client.stamp(usize::MAX, [255; 32], [0, 0, 9]), Ok(Line(255 * 32 + 10)));
            assert_eq!(client.log(255, &[0; 16]), 271);
        },
    );
}

#[test]
fn what_cannot_be_received_stops_its_sender() {
    let mut server = Valves { level: Level(0) };
    let mut answer = |operation, length, word| {
        valve::dispatch(&mut server, &message(operation, length, [word, 0, 0, 0, 0, 0, 0, 0]))
    };
    let contents = Answer::Fault(Reason::BadMessageContents);
    let reply = |word| Answer::Reply { code: 0, length: 1, words: [word, 0, 0, 0, 0, 0, 0, 0] };
    // select(port, line, open): ports are 3 and 255, lines are any.
    assert_eq!(answer(1, 6, 0x0100_0000_0003), reply(0));
    assert_eq!(answer(1, 6, 0x01ff_ffff_ffff), reply(1));
    for port in [0, 1, 2, 4, 254] {
        assert_eq!(answer(1, 6, 0x0100_0000_0000 | port), contents);
    }
    // set_level(level, half): levels end at 1000.
    assert_eq!(answer(2, 3, 0xff_03e9), contents);
    assert_ne!(answer(2, 3, 0xff_03e8), contents);
}

#[test]
fn an_answer_that_cannot_be_received_panics_the_client() {
    let client = valve::Valve::new(PORT);
    let answer = |length, word| {
        let words = [word, 0, 0, 0, 0, 0, 0, 0];
        move |_: &Message| End::Answer(Answer::Reply { code: 0, length, words })
    };
    let text = panic_text(|| {
        join(answer(1, 4), || client.next_port());
    });
    assert_eq!(text, "Valve.next_port: the answer is not of this interface");
    let text = panic_text(|| {
        let _ = join(answer(2, 1001), || client.set_level(Level(1), Half(9)));
    });
    assert_eq!(text, "Valve.set_level: the answer is not of this interface");
}

struct ShapeEcho;

fn shape(i: usize) -> Shape {
    match i % 4 {
        0 => Shape::Point,
        1 => Shape::Circle(u16::MAX),
        2 => Shape::Rectangle { width: 1, height: u32::MAX },
        _ => Shape::Pair((9, true), Some(Angle { degrees: i16::MIN, clockwise: false })),
    }
}

impl shapes::ShapesServer for ShapeEcho {
    fn numbers(
        &mut self,
        _: &Message,
        a: (u8, u16, u32, u64, u128),
        b: (i8, i16, i32, i64, i128),
        c: (bool, f32, f64, usize, isize),
    ) -> (u128, i128, isize) {
        assert!(c.0 && a.3 == u64::MAX && b.3 == i64::MIN && c.3 == usize::MAX);
        (a.4, b.4, c.4)
    }
    fn text(
        &mut self,
        _: &Message,
        mut letters: [char; 3],
        last: Option<char>,
    ) -> (Option<char>, [char; 3]) {
        letters.reverse();
        (last, letters)
    }
    fn turn(&mut self, _: &Message, shape: Shape, by: Option<Angle>) -> Shape {
        match (shape, by) {
            (Shape::Pair(pair, _), by) => Shape::Pair(pair, by),
            (other, _) => other,
        }
    }
    fn reading(
        &mut self,
        _: &Message,
        line: Line,
        port: Inlet,
    ) -> Result<(Result<f32, NoData>, u64), ValveError> {
        match (line, port) {
            (Line(0), _) => Err(ValveError::Stuck),
            (_, Inlet::Left) => Ok((Err(NoData::Silent), u64::MAX)),
            (_, Inlet::Right) => Ok((Ok(f32::MIN), 1)),
        }
    }
    fn stamped(&mut self, _: &Message, value: Stamped<u16, 3>) -> Option<Stamped<(u8,), 1>> {
        let [first, ..] = value.values;
        let values = [(u8::try_from(first).ok()?,)];
        Some(Stamped { at: value.at, values })
    }
    fn nothing(&mut self, _: &Message) {}
    fn many(&mut self, _: &Message, values: [Option<u32>; 20], more: u8) -> [Option<Shape>; 20] {
        assert_eq!(more, 0xa5);
        std::array::from_fn(|i| values[i].map(|value| shape(value as usize)))
    }
}

#[test]
fn tuples_options_and_enumerations_survive_at_their_extremes() {
    let client = shapes::Shapes::new(PORT);
    join(
        |message| shapes::dispatch(&mut ShapeEcho, message).into(),
        || {
            let a = (u8::MAX, u16::MAX, u32::MAX, u64::MAX, u128::MAX);
            let b = (i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN);
            let c = (true, f32::MAX, f64::MIN, usize::MAX, isize::MIN);
            assert_eq!(client.numbers(a, b, c), (u128::MAX, i128::MIN, isize::MIN));
            assert_eq!(client.text(['a', 'ü', '→'], None), (None, ['→', 'ü', 'a']));
            let last = Some(char::MAX);
            assert_eq!(client.text([char::MAX; 3], last), (last, [char::MAX; 3]));
            assert_eq!(client.reading(Line(0), Inlet::Left), Err(ValveError::Stuck));
            let silent = Ok((Err(NoData::Silent), u64::MAX));
            assert_eq!(client.reading(Line(1), Inlet::Left), silent);
            assert_eq!(client.reading(Line(1), Inlet::Right), Ok((Ok(f32::MIN), 1)));
            let value = |first| Stamped { at: u64::MAX, values: [first, 0, 1] };
            let stamped = Stamped { at: u64::MAX, values: [(255,)] };
            assert_eq!(client.stamped(value(255)), Ok(Some(stamped)));
            assert_eq!(client.stamped(value(256)), Ok(None));
            client.nothing();
        },
    );
}

#[test]
fn a_message_is_as_long_as_its_values() {
    let client = shapes::Shapes::new(PORT);
    let mut lengths = vec![(2, 1), (4, 3), (10, 6), (8, 7)].into_iter();
    join(
        move |message| {
            let (asked, answered) = lengths.next().expect("four calls");
            assert_eq!((message.operation, message.length), (3, asked));
            let answer = shapes::dispatch(&mut ShapeEcho, message);
            assert!(matches!(answer, Answer::Reply { code: 0, length, .. } if length == answered));
            answer.into()
        },
        || {
            let by = Some(Angle { degrees: -1, clockwise: true });
            assert_eq!(client.turn(Shape::Point, None), Shape::Point);
            assert_eq!(client.turn(shape(1), None), shape(1));
            assert_eq!(client.turn(shape(2), by), shape(2));
            let pair = |angle| Shape::Pair((7, false), angle);
            assert_eq!(client.turn(pair(None), by), pair(by));
        },
    );
}

#[test]
fn large_values_are_lent_as_long_as_they_are() {
    let client = shapes::Shapes::new(PORT);
    let ((), calls) = join(
        |message| {
            assert_eq!((message.length, message.leases), (0, 2));
            let lent = idol_runtime::host::leases();
            assert!(lent[0].1 == 21 || lent[0].1 == 101, "as long as the arguments: {lent:?}");
            assert_eq!(lent[1].1, 20 * 8, "as long as the longest reply");
            shapes::dispatch(&mut ShapeEcho, message).into()
        },
        || {
            assert_eq!(client.many([None; 20], 0xa5), [None; 20]);
            let all = std::array::from_fn(|i| Some(i as u32));
            assert_eq!(client.many(all, 0xa5), std::array::from_fn(|i| Some(shape(i))));
        },
    );
    assert_eq!(calls, 2);
}

#[test]
fn bytes_that_are_no_values_stop_their_sender() {
    let answer = |operation, length, word| {
        let message = message(operation, length, [word, 0, 0, 0, 0, 0, 0, 0]);
        shapes::dispatch(&mut ShapeEcho, &message)
    };
    let contents = Answer::Fault(Reason::BadMessageContents);
    // turn(shape, by): a variant too many, a flag that is none, too short, too long.
    assert_eq!(answer(3, 2, 0x04), contents);
    assert_eq!(answer(3, 2, 0x0200), contents);
    assert_eq!(answer(3, 1, 0), contents);
    assert_eq!(answer(3, 3, 0), contents);
    assert_eq!(answer(3, 0, 0), contents);
    assert!(matches!(answer(3, 2, 0), Answer::Reply { code: 0, length: 1, .. }));
    // Longer than any shape and angle are.
    assert_eq!(answer(3, 12, 0), Answer::Fault(Reason::BadMessageSize));
    // nothing()
    assert_eq!(answer(6, 1, 0), Answer::Fault(Reason::BadMessageSize));
}

#[test]
fn a_client_panics_at_an_answer_of_a_wrong_length() {
    let client = shapes::Shapes::new(PORT);
    for (length, word) in [(0, 0), (2, 0), (1, 4), (2, 1), (10, 0)] {
        let words = [word, 0, 0, 0, 0, 0, 0, 0];
        let answer = Answer::Reply { code: 0, length, words };
        let text = panic_text(|| {
            join(move |_| End::Answer(answer), || client.turn(Shape::Point, None));
        });
        assert_eq!(text, "Shapes.turn: the answer is not of this interface", "{length} {word}");
    }
    // A lent reply says its length in the first word.
    for (length, word) in [(0, 20), (8, 19), (8, 21), (8, 161), (8, u64::MAX), (7, 20)] {
        let words = [word, 0, 0, 0, 0, 0, 0, 0];
        let answer = Answer::Reply { code: 0, length, words };
        let text = panic_text(|| {
            join(move |_| End::Answer(answer), || client.many([None; 20], 0));
        });
        assert_eq!(text, "Shapes.many: the answer is not of this interface", "{length} {word}");
    }
    let words = [20, 0, 0, 0, 0, 0, 0, 0];
    let right = Answer::Reply { code: 0, length: 8, words };
    assert_eq!(join(move |_| End::Answer(right), || client.many([None; 20], 0)).0, [None; 20]);
}

pub(crate) struct Keys;

impl signer::SignerServer for Keys {
    fn length(&mut self, _: &Message, key: u32) -> Result<u32, SignError> {
        match key {
            0 => Err(SignError::NoKey),
            1 => Err(SignError::Long([u64::MAX; 3])),
            2 => Err(SignError::BadShape(shape(3))),
            key => Ok(key),
        }
    }
    fn sign(
        &mut self,
        _: &Message,
        nonce: Leased<R, [u8]>,
        into: Leased<W, [u8]>,
    ) -> Result<(), RequestError<SignError>> {
        let mut piece = [0; 32];
        let count = nonce.read_at(0, &mut piece)?;
        if count == 0 {
            return Err(SignError::BadShape(Shape::Point).into());
        }
        into.write_at(0, &piece[..count])?;
        Ok(())
    }
    fn chain(&mut self, _: &Message, index: Option<u8>) -> Result<[u8; 100], SignError> {
        index.map(|byte| [byte; 100]).ok_or(SignError::Long([1, 2, u64::MAX]))
    }
}

#[test]
fn errors_with_a_payload_come_back_as_themselves() {
    let client = signer::Signer::new(PORT);
    join(
        |message| signer::dispatch(&mut Keys, message).into(),
        || {
            assert_eq!(client.length(u32::MAX), Ok(u32::MAX));
            assert_eq!(client.length(0), Err(SignError::NoKey));
            assert_eq!(client.length(1), Err(SignError::Long([u64::MAX; 3])));
            assert_eq!(client.length(2), Err(SignError::BadShape(shape(3))));
            let mut into = [0; 4];
            assert_eq!(client.sign(&[1, 2, 3], &mut into), Ok(()));
            assert_eq!(into, [1, 2, 3, 0]);
            assert_eq!(client.sign(&[], &mut into), Err(SignError::BadShape(Shape::Point)));
            assert_eq!(client.chain(Some(200)), Ok([200; 100]));
            assert_eq!(client.chain(None), Err(SignError::Long([1, 2, u64::MAX])));
        },
    );
}

#[test]
fn a_payload_can_say_how_the_server_died() {
    let client = signer::Signer::new(PORT);
    let dead = |_: &Message| End::Status(abi::syscall::DEAD);
    let late = |_: &Message| End::Status(abi::syscall::TIMEOUT);
    let error = |death| Err(SignError::Dead(death));
    assert_eq!(join(dead, || client.chain(None)), (error(ServerDeath::Restarted), 1));
    let late = join(late, || client.length(3));
    assert_eq!(late, (Err(SignError::Dead(ServerDeath::TimedOut)), 1));
    for code in [2, u64::from(u32::MAX)] {
        let answer = Answer::Reply { code, length: 1, words: [0; 8] };
        let text = panic_text(|| {
            let _ = join(move |_| End::Answer(answer), || client.length(3));
        });
        assert_eq!(text, "Signer.length: the answer is not of this interface");
    }
}

#[test]
fn codes_of_derived_errors_are_their_discriminants() {
    use idol_runtime::OpError;
    for (error, code) in
        [(ValveError::Stuck, 5), (ValveError::Burst, u32::MAX), (ValveError::Dead, 1)]
    {
        assert_eq!((error.code(), ValveError::from_code(code)), (code, Some(error)));
        assert_eq!(ValveError::try_from(u32::from(error)), Ok(error));
    }
    assert_eq!(ValveError::from_code(0), None);
    assert_eq!(ValveError::try_from(2), Err(2));
    assert_eq!(ValveError::from(ServerDeath::TimedOut), ValveError::Dead);
}

/// Held by whoever calls `Counted`: its counters are statics, and tests run side by side.
pub(crate) static COUNTING: std::sync::Mutex<()> = std::sync::Mutex::new(());

pub(crate) struct Fixed(pub(crate) Result<(), ValveError>);

impl counted::CountedServer for Fixed {
    fn turn(&mut self, _: &Message, by: u8) -> Result<(), ValveError> {
        if by == 0 { Ok(()) } else { self.0 }
    }
    fn rest(&mut self, _: &Message) -> u8 {
        9
    }
}

/// Counts of operations 1 and 2 in the client and in the server, and of clients 2 and 3.
fn counts() -> [[u32; 3]; 6] {
    use idol_runtime::counters::{Column, Counts};
    let calls = &counted::counters::EXOV6_IDOL_CLIENT_COUNTED;
    let served = &counted::counters::EXOV6_IDOL_SERVER_COUNTED;
    assert!(calls.operation(0).is_none() && calls.operation(3).is_none());
    assert!(served.client(4).is_none());
    let row = |counts: Option<&Counts>| {
        [Column::Ok, Column::Err, Column::Lost].map(|column| counts.map_or(0, |c| c.get(column)))
    };
    [
        row(calls.operation(1)),
        row(calls.operation(2)),
        row(served.operation(1)),
        row(served.operation(2)),
        row(served.client(2)),
        row(served.client(3)),
    ]
}

#[test]
fn calls_are_counted_on_both_sides() {
    let _alone = COUNTING.lock();
    let before = counts();
    let client = counted::Counted::new(PORT);
    let mut fixed = Fixed(Err(ValveError::Stuck));
    let mut deaths = 2;
    join(
        move |message| {
            if deaths > 0 {
                deaths -= 1;
                return End::Status(abi::syscall::DEAD);
            }
            counted::dispatch(&mut fixed, message).into()
        },
        || {
            assert_eq!(client.turn(0), Ok(()));
            assert_eq!(client.turn(0), Ok(()));
            assert_eq!(client.turn(1), Err(ValveError::Stuck));
            assert_eq!(client.rest(), 9);
        },
    );
    let mut fixed = Fixed(Ok(()));
    let fault = counted::dispatch(&mut fixed, &message(1, 7, [0; 8]));
    assert_eq!(fault, Answer::Fault(Reason::BadMessageSize));
    let fault = counted::dispatch(&mut fixed, &message(9, 0, [0; 8]));
    assert_eq!(fault, Answer::Fault(Reason::UndefinedOperation));
    let mut counted = counts();
    for (row, before) in counted.iter_mut().flatten().zip(before.iter().flatten()) {
        *row -= before;
    }
    let [turn, rest, turned, rested, client_2, client_3] = counted;
    assert_eq!((turn, rest), ([2, 1, 2], [1, 0, 0]), "two deaths, each repeated");
    assert_eq!((turned, rested), ([2, 1, 1], [1, 0, 0]));
    // The caller is task 3; what it asked for and does not exist is counted for it alone.
    assert_eq!((client_2, client_3), ([0, 0, 0], [3, 1, 2]));
}

fn any_shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Point),
        any::<u16>().prop_map(Shape::Circle),
        any::<(u8, u32)>().prop_map(|(width, height)| Shape::Rectangle { width, height }),
        (any::<(u8, bool)>(), any_angle()).prop_map(|(pair, angle)| Shape::Pair(pair, angle)),
    ]
}

fn any_angle() -> impl Strategy<Value = Option<Angle>> {
    proptest::option::of(
        any::<(i16, bool)>().prop_map(|(degrees, clockwise)| Angle { degrees, clockwise }),
    )
}

/// Gives back what it is given.
pub(crate) struct Mirror;

impl mirror::MirrorServer for Mirror {
    fn packed(&mut self, _: &Message, value: [u64; 3], flag: bool) -> [u64; 3] {
        if flag { value } else { [0; 3] }
    }
    fn serial(&mut self, _: &Message, shape: Shape, by: Option<Angle>) -> (Shape, Option<Angle>) {
        (shape, by)
    }
    fn lent(
        &mut self,
        _: &Message,
        all: [Option<(Shape, u64)>; 8],
    ) -> Result<[Option<(Shape, u64)>; 8], SignError> {
        match all[0] {
            Some((Shape::Point, value)) => Err(SignError::Long([value; 3])),
            _ => Ok(all),
        }
    }
    fn letters(&mut self, _: &Message, letters: [char; 3]) -> [char; 3] {
        letters
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_comes_back(
        words in any::<[u64; 3]>(),
        shape in any_shape(),
        by in any_angle(),
        all in proptest::array::uniform8(proptest::option::of((any_shape(), any::<u64>()))),
        letters in any::<[char; 3]>(),
    ) {
        let client = mirror::Mirror::new(PORT);
        join(
            |message| mirror::dispatch(&mut Mirror, message).into(),
            || {
                assert_eq!(client.packed(words, true), words);
                assert_eq!(client.serial(shape, by), (shape, by));
                let expected = match all[0] {
                    Some((Shape::Point, value)) => Err(SignError::Long([value; 3])),
                    _ => Ok(all),
                };
                assert_eq!(client.lent(all), expected);
                assert_eq!(client.letters(letters), letters);
            },
        );
    }
}
