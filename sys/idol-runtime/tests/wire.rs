//! The encodings of varying length: bytes, bounds, and whatever else arrives.

use idol_runtime::wire::{Decoder, Encoder};
use idol_runtime::{FromPrimitive, ServerDeath, Wire};
use proptest::prelude::*;
use std::fmt::Debug;

#[derive(Clone, Debug, PartialEq, Wire)]
enum Shape {
    Point,
    Circle(u16),
    Box { w: u8, h: u32 },
    Pair((u8, bool)),
}

#[derive(Clone, Debug, PartialEq, Wire)]
struct Unit;

#[derive(Clone, Debug, PartialEq, Wire)]
struct New(u16);

#[derive(Clone, Debug, PartialEq, Wire)]
struct All {
    a: u8,
    b: i16,
    c: Option<u32>,
    d: [u8; 3],
    e: Result<u8, u16>,
    f: f32,
    g: Shape,
    h: (),
    i: Unit,
    j: New,
    k: usize,
}

#[derive(Clone, Debug, PartialEq, Wire)]
struct Nested<T, const N: usize>
where
    T: Clone,
{
    all: [Option<T>; N],
    last: Result<(T, ServerDeath), char>,
}

#[derive(Clone, Copy, Debug, PartialEq, Wire, FromPrimitive)]
#[repr(i16)]
enum Numbered {
    Low = -300,
    Zero = 0,
    High = i16::MAX,
}

fn encode<T: Wire>(value: &T) -> Vec<u8> {
    let mut buffer = vec![0xee; T::MAX];
    let mut encoder = Encoder::new(&mut buffer);
    encoder.put(value);
    let length = encoder.length();
    buffer.truncate(length);
    buffer
}

fn decode<T: Wire>(bytes: &[u8]) -> Option<T> {
    let mut decoder = Decoder::new(bytes);
    let value = decoder.take();
    decoder.is_done().then_some(value)
}

/// The bytes were written by `hubpack` 0.1.2 and `ssmarshal` 1.0.0, which agree.
#[test]
fn derived_types_have_the_bytes_that_serde_gives_them() {
    let all = All {
        a: 1,
        b: -2,
        c: Some(3),
        d: [4, 5, 6],
        e: Err(0x0708),
        f: 1.5,
        g: Shape::Point,
        h: (),
        i: Unit,
        j: New(0x0910),
        k: 11,
    };
    assert_eq!(
        encode(&all),
        [
            1, 254, 255, 1, 3, 0, 0, 0, 4, 5, 6, 1, 8, 7, 0, 0, 192, 63, 0, 16, 9, 11, 0, 0, 0, 0,
            0, 0, 0
        ]
    );
    assert_eq!(encode(&Shape::Circle(0x1234)), [1, 52, 18]);
    assert_eq!(encode(&Shape::Box { w: 1, h: 0x0102_0304 }), [2, 1, 4, 3, 2, 1]);
    assert_eq!(encode(&Shape::Pair((7, true))), [3, 7, 1]);
    // The number of the variant, whatever the discriminant.
    assert_eq!(encode(&Numbered::High), [2]);
}

#[test]
fn bounds_are_reached_and_never_exceeded() {
    assert_eq!(Shape::MAX, 6);
    assert_eq!(encode(&Shape::Box { w: 0, h: 0 }).len(), Shape::MAX);
    assert_eq!(All::MAX, 1 + 2 + 5 + 3 + 3 + 4 + 6 + 2 + 8);
    type Two = Nested<u64, 2>;
    assert_eq!(Two::MAX, 2 * 9 + 1 + 9);
    let longest = Two { all: [Some(1); 2], last: Ok((1, ServerDeath::TimedOut)) };
    assert_eq!(encode(&longest).len(), Two::MAX);
    // Less than in memory, and more than in memory: both happen.
    assert!(Shape::MAX < size_of::<Shape>() && Numbered::MAX < size_of::<Numbered>());
    assert!(<Option<bool>>::MAX > size_of::<Option<bool>>());
    const { assert!(!Two::HUBPACK && Two::SSMARSHAL && All::HUBPACK && All::SSMARSHAL) }
}

#[test]
fn integers_become_variants_or_come_back() {
    for (integer, variant) in
        [(-300, Numbered::Low), (0, Numbered::Zero), (i16::MAX, Numbered::High)]
    {
        assert_eq!(Numbered::try_from(integer), Ok(variant));
    }
    for integer in [-1, 1, 2, i16::MIN, 212] {
        assert_eq!(Numbered::try_from(integer), Err(integer));
    }
}

/// Whatever bytes arrive: no panic; what is accepted is exactly what would be sent.
fn holds<T: Wire + Debug>(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Some(value) = decode::<T>(bytes) {
        prop_assert_eq!(encode(&value), bytes);
    }
    Ok(())
}

/// What is sent arrives; less, or more, does not.
fn survives<T: Wire + Debug + PartialEq>(value: &T) -> Result<(), TestCaseError> {
    let mut bytes = encode(value);
    prop_assert!(bytes.len() <= T::MAX);
    let decoded = decode::<T>(&bytes);
    prop_assert_eq!(decoded.as_ref(), Some(value));
    bytes.push(0);
    prop_assert_eq!(decode::<T>(&bytes), None);
    for short in 0..bytes.len() - 1 {
        prop_assert_eq!(decode::<T>(&bytes[..short]), None);
    }
    Ok(())
}

fn edge<T: Copy + Debug + 'static>(
    edges: &'static [T],
    any: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<T> {
    prop_oneof![proptest::sample::select(edges), any].boxed()
}

fn shapes() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Point),
        edge(&[0, u16::MAX], any::<u16>()).prop_map(Shape::Circle),
        (any::<u8>(), edge(&[0, u32::MAX], any::<u32>())).prop_map(|(w, h)| Shape::Box { w, h }),
        any::<(u8, bool)>().prop_map(Shape::Pair),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn numbers_survive(
        unsigned in (any::<u8>(), any::<u16>(), any::<u32>(), any::<u64>(), edge(&[0, u128::MAX], any::<u128>()), any::<usize>()),
        signed in (any::<i8>(), any::<i16>(), any::<i32>(), edge(&[i64::MIN, i64::MAX], any::<i64>()), edge(&[i128::MIN, i128::MAX], any::<i128>()), any::<isize>()),
        floats in (any::<f32>(), any::<f64>()),
        letters in (edge(&['\0', '\x7f', '\u{80}', '\u{7ff}', '\u{800}', '\u{ffff}', '\u{10000}', char::MAX], any::<char>()), any::<bool>()),
    ) {
        survives(&(unsigned, signed))?;
        survives(&floats)?;
        survives(&letters)?;
    }

    #[test]
    fn derived_types_survive(
        shape in shapes(),
        option in proptest::option::of(shapes()),
        all in any::<[Option<u64>; 3]>(),
        last in prop_oneof![
            any::<(u64, bool)>().prop_map(|(value, late)| {
                Ok((value, if late { ServerDeath::TimedOut } else { ServerDeath::Restarted }))
            }),
            any::<char>().prop_map(Err),
        ],
        numbered in prop_oneof![Just(Numbered::Low), Just(Numbered::Zero), Just(Numbered::High)],
    ) {
        survives(&Nested { all, last })?;
        survives(&(shape, option, numbered))?;
    }

    #[test]
    fn any_bytes_are_a_value_or_refused(bytes in proptest::collection::vec(
        prop_oneof![0_u8..5, any::<u8>()], 0..40,
    )) {
        holds::<All>(&bytes)?;
        holds::<Shape>(&bytes)?;
        holds::<Nested<u16, 2>>(&bytes)?;
        holds::<(char, [Option<bool>; 4], Numbered)>(&bytes)?;
        holds::<Result<[char; 2], (u128, ServerDeath)>>(&bytes)?;
    }
}
