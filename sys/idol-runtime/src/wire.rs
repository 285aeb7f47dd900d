//! Values whose length depends on what they are: encodings `Hubpack` and `Ssmarshal`.
//!
//! ```text
//!   u16, i32, f64 …      its bytes, little-endian
//!   bool                 0 or 1
//!   char                 UTF-8, 1 to 4 bytes                     (Ssmarshal only)
//!   u128, i128           16 bytes                                (Hubpack only)
//!   usize, isize         as u64, i64
//!   ()                   nothing
//!   (A, B), [T; N]       one after the other
//!   struct               its fields, one after the other
//!   Option<T>            0            | 1, T
//!   Result<T, E>         0, T         | 1, E
//!   enum                 number of the variant from 0, one byte; then its fields
//! ```
//!
//! There is no padding and no length: whoever knows the type can tell where a value
//! ends. These are the bytes that the crates `hubpack` and `ssmarshal` write for the
//! types that both sides of the table know; they write the same ones.
//!
//! The most bytes that a type can need ([`Wire::MAX`]) is the sum over its fields,
//! and for an enumeration one more than its longest variant. The size in memory is
//! no bound for it: `Option<NonZeroU8>` has one byte there and two here.
//!
//! A decoder that meets bytes that are no value goes on with zeros, and says at the
//! end that something was wrong. So nothing has to be undone half-way, arrays need
//! no spare values, and nothing can panic.

use crate::error::Refusal;
use abi::fault::Reason;

/// A value that can be sent with the encodings `Hubpack` and `Ssmarshal`.
///
/// Derive it: `#[derive(idol_runtime::Wire)]`. By hand: `encode` writes at most
/// [`Self::MAX`] bytes, and `decode` reads exactly those that `encode` wrote.
///
/// ```
/// use idol_runtime::Wire;
/// #[derive(Wire)]
/// enum Shape { Point, Circle(u16), Rectangle { width: u8, height: u32 } }
/// assert_eq!(Shape::MAX, 1 + 5);
/// assert_eq!(<(Option<Shape>, [u16; 3])>::MAX, 1 + 6 + 6);
/// ```
///
/// What has no bound cannot be sent:
///
/// ```compile_fail
/// #[derive(idol_runtime::Wire)]
/// struct Text(&'static str);
/// ```
///
/// What an encoding does not know is found at any depth; generated code checks this:
///
/// ```compile_fail
/// use idol_runtime::Wire;
/// const _: () = assert!(<Option<[(u8, u128); 2]>>::SSMARSHAL);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent with the encodings Hubpack and Ssmarshal",
    label = "no bound is known for how many bytes this takes",
    note = "derive `idol_runtime::Wire` for your own types; references, strings, vectors and maps have no bound: lend their memory"
)]
pub trait Wire: Sized {
    /// Most bytes that a value takes.
    const MAX: usize;
    /// Whether the crate `hubpack` knows everything in this type.
    const HUBPACK: bool = true;
    /// Whether the crate `ssmarshal` knows everything in this type.
    const SSMARSHAL: bool = true;

    /// Appends the value.
    fn encode(&self, to: &mut Encoder<'_>);

    /// Takes a value; after an error any value will do.
    fn decode(from: &mut Decoder<'_>) -> Self;
}

/// Writes values into a buffer, one after the other.
#[derive(Debug)]
pub struct Encoder<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl<'a> Encoder<'a> {
    /// Begins at the start of `buffer`.
    #[inline(always)]
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Encoder { buffer, length: 0 }
    }

    /// Appends a value.
    #[inline(always)]
    pub fn put<T: Wire>(&mut self, value: &T) {
        value.encode(self);
    }

    /// Appends bytes. What does not fit is left out; generated buffers have room for
    /// the longest value.
    #[inline(always)]
    pub fn bytes(&mut self, bytes: &[u8]) {
        let end = self.length.saturating_add(bytes.len());
        if let Some(place) = self.buffer.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        }
    }

    /// How many bytes have been written.
    #[inline(always)]
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }
}

/// Reads values from bytes, one after the other.
#[derive(Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
    wrong: bool,
}

impl<'a> Decoder<'a> {
    /// Begins at the start of `bytes`.
    #[inline(always)]
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Decoder { rest: bytes, wrong: false }
    }

    /// Takes a value; any value if the bytes are none.
    #[inline(always)]
    pub fn take<T: Wire>(&mut self) -> T {
        T::decode(self)
    }

    /// Takes `N` bytes; zeros if there are not as many.
    #[inline(always)]
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) if !self.wrong => {
                self.rest = rest;
                *bytes
            }
            _ => {
                self.refuse();
                [0; N]
            }
        }
    }

    /// Takes the number of a variant.
    #[inline(always)]
    pub fn variant(&mut self) -> u8 {
        let [variant] = self.bytes();
        variant
    }

    /// The bytes are no value.
    #[inline(always)]
    pub const fn refuse(&mut self) {
        self.wrong = true;
    }

    /// Whether the bytes were values, to the last one.
    #[inline(always)]
    #[must_use]
    pub const fn is_done(&self) -> bool {
        !self.wrong && self.rest.is_empty()
    }

    /// Ends a message.
    ///
    /// # Errors
    /// [`Reason::BadMessageContents`] if the bytes were no values of the types taken,
    /// or are more than these.
    #[inline(always)]
    pub const fn finish(&self) -> Result<(), Refusal> {
        if self.is_done() { Ok(()) } else { Err(Refusal::Fault(Reason::BadMessageContents)) }
    }
}

/// The largest of some sizes.
#[must_use]
pub const fn longest(sizes: &[usize]) -> usize {
    let mut longest = 0;
    let mut rest = sizes;
    while let [first, tail @ ..] = rest {
        if *first > longest {
            longest = *first;
        }
        rest = tail;
    }
    longest
}

macro_rules! numbers {
    ($($number:ty: $ssmarshal:literal),* $(,)?) => {
        $(
            impl Wire for $number {
                const MAX: usize = size_of::<$number>();
                const SSMARSHAL: bool = $ssmarshal;

                #[inline(always)]
                fn encode(&self, to: &mut Encoder<'_>) {
                    to.bytes(&self.to_le_bytes());
                }

                #[inline(always)]
                fn decode(from: &mut Decoder<'_>) -> Self {
                    Self::from_le_bytes(from.bytes())
                }
            }
        )*
    };
}

numbers! {
    u8: true, u16: true, u32: true, u64: true, u128: false,
    i8: true, i16: true, i32: true, i64: true, i128: false,
    f32: true, f64: true,
}

// Tasks have 64-bit addresses, and so has every host that is tested on.
const _: () = assert!(size_of::<usize>() == 8, "usize travels as u64");
numbers! { usize: true, isize: true }

impl Wire for bool {
    const MAX: usize = 1;

    #[inline(always)]
    fn encode(&self, to: &mut Encoder<'_>) {
        to.bytes(&[u8::from(*self)]);
    }

    #[inline(always)]
    fn decode(from: &mut Decoder<'_>) -> Self {
        match from.variant() {
            0 => false,
            1 => true,
            _ => {
                from.refuse();
                false
            }
        }
    }
}

impl Wire for char {
    const MAX: usize = 4;
    const HUBPACK: bool = false;

    #[inline]
    fn encode(&self, to: &mut Encoder<'_>) {
        let mut buffer = [0; 4];
        to.bytes(self.encode_utf8(&mut buffer).as_bytes());
    }

    #[inline]
    fn decode(from: &mut Decoder<'_>) -> Self {
        let [first] = from.bytes();
        let mut bytes = [first, 0, 0, 0];
        let length = match first {
            0xc0..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0.. => 4,
            _ => 1,
        };
        for byte in bytes.iter_mut().take(length).skip(1) {
            [*byte] = from.bytes();
        }
        let text = bytes.get(..length).and_then(|bytes| core::str::from_utf8(bytes).ok());
        let value = text.and_then(|text| text.chars().next());
        if value.is_none() {
            from.refuse();
        }
        value.unwrap_or('\0')
    }
}

impl Wire for () {
    const MAX: usize = 0;

    #[inline(always)]
    fn encode(&self, _: &mut Encoder<'_>) {}

    #[inline(always)]
    fn decode(_: &mut Decoder<'_>) -> Self {}
}

impl<T: Wire, const N: usize> Wire for [T; N] {
    const MAX: usize = N * T::MAX;
    const HUBPACK: bool = T::HUBPACK;
    const SSMARSHAL: bool = T::SSMARSHAL;

    #[inline]
    fn encode(&self, to: &mut Encoder<'_>) {
        for element in self {
            element.encode(to);
        }
    }

    #[inline]
    fn decode(from: &mut Decoder<'_>) -> Self {
        core::array::from_fn(|_| T::decode(from))
    }
}

impl<T: Wire> Wire for Option<T> {
    const MAX: usize = 1 + T::MAX;
    const HUBPACK: bool = T::HUBPACK;
    const SSMARSHAL: bool = T::SSMARSHAL;

    #[inline]
    fn encode(&self, to: &mut Encoder<'_>) {
        to.put(&self.is_some());
        if let Some(value) = self {
            value.encode(to);
        }
    }

    #[inline]
    fn decode(from: &mut Decoder<'_>) -> Self {
        bool::decode(from).then(|| T::decode(from))
    }
}

impl<T: Wire, E: Wire> Wire for Result<T, E> {
    const MAX: usize = 1 + longest(&[T::MAX, E::MAX]);
    const HUBPACK: bool = T::HUBPACK && E::HUBPACK;
    const SSMARSHAL: bool = T::SSMARSHAL && E::SSMARSHAL;

    #[inline]
    fn encode(&self, to: &mut Encoder<'_>) {
        to.put(&self.is_err());
        match self {
            Ok(value) => value.encode(to),
            Err(error) => error.encode(to),
        }
    }

    #[inline]
    fn decode(from: &mut Decoder<'_>) -> Self {
        if bool::decode(from) { Err(E::decode(from)) } else { Ok(T::decode(from)) }
    }
}

macro_rules! tuples {
    ($(($($name:ident),+))*) => {
        $(
            impl<$($name: Wire),+> Wire for ($($name,)+) {
                const MAX: usize = 0 $(+ $name::MAX)+;
                const HUBPACK: bool = true $(&& $name::HUBPACK)+;
                const SSMARSHAL: bool = true $(&& $name::SSMARSHAL)+;

                #[inline]
                fn encode(&self, to: &mut Encoder<'_>) {
                    #[allow(non_snake_case, reason = "named after its type parameter")]
                    let ($($name,)+) = self;
                    $($name.encode(to);)+
                }

                #[inline]
                fn decode(from: &mut Decoder<'_>) -> Self {
                    // In the order of the tuple: that is how its parts are evaluated.
                    ($($name::decode(from),)+)
                }
            }
        )*
    };
}

tuples! {
    (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F)
    (A, B, C, D, E, F, G) (A, B, C, D, E, F, G, H)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is<T: Wire + PartialEq + core::fmt::Debug>(value: T, bytes: &[u8]) {
        let mut buffer = [0xee; 64];
        let mut encoder = Encoder::new(&mut buffer);
        encoder.put(&value);
        let length = encoder.length();
        assert_eq!(&buffer[..length], bytes);
        assert!(length <= T::MAX);
        let mut decoder = Decoder::new(bytes);
        assert_eq!(decoder.take::<T>(), value);
        assert!(decoder.is_done());
        for short in 0..bytes.len() {
            let mut decoder = Decoder::new(&bytes[..short]);
            let _ = decoder.take::<T>();
            assert!(!decoder.is_done(), "{short} of {} bytes", bytes.len());
        }
    }

    #[track_caller]
    fn is_no<T: Wire>(bytes: &[u8]) {
        let mut decoder = Decoder::new(bytes);
        let _ = decoder.take::<T>();
        assert_eq!(decoder.finish(), Err(Refusal::Fault(Reason::BadMessageContents)));
    }

    /// The bytes were written by `hubpack` 0.1.2 and `ssmarshal` 1.0.0.
    #[test]
    fn bytes_are_those_of_the_crates_that_the_encodings_are_named_after() {
        is(true, &[1]);
        is('ü', &[195, 188]);
        is(0x0102_0304_u128, &[4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        is(-1_i128, &[255; 16]);
        is(
            (1_u8, -1_i64, None::<u8>, Ok::<u8, u8>(9)),
            &[1, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 9],
        );
        is((Some(3_u32), [4_u8, 5, 6], Err::<u8, u16>(0x0708)), &[1, 3, 0, 0, 0, 4, 5, 6, 1, 8, 7]);
        is((1.5_f32, (), 11_usize), &[0, 0, 192, 63, 11, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn what_is_no_value_is_refused() {
        is_no::<bool>(&[2]);
        is_no::<Option<u8>>(&[2, 0]);
        is_no::<Result<u8, u8>>(&[3, 0]);
        is_no::<u16>(&[1]);
        is_no::<u16>(&[1, 2, 3]);
        // Continuation bytes alone, cut off, too long a form, a surrogate, too large.
        for bytes in
            [&[0x80][..], &[0xc3], &[0xc0, 0x80], &[0xed, 0xa0, 0x80], &[0xf4, 0x90, 0x80, 0x80]]
        {
            is_no::<char>(bytes);
        }
    }

    #[test]
    fn a_decoder_that_went_wrong_gives_zeros() {
        let mut decoder = Decoder::new(&[7, 1, 2, 3, 4]);
        assert!(!decoder.take::<bool>());
        assert_eq!(decoder.take::<u32>(), 0);
        assert!(!decoder.is_done());
    }

    #[test]
    fn an_encoder_without_room_leaves_out_what_does_not_fit() {
        let mut buffer = [0; 3];
        let mut encoder = Encoder::new(&mut buffer);
        encoder.put(&0x0102_u16);
        encoder.put(&0x0304_u16);
        assert_eq!(encoder.length(), 2);
        assert_eq!(buffer, [2, 1, 0]);
    }

    #[test]
    fn bounds_are_sums_and_longest_variants() {
        assert_eq!(Option::<core::num::NonZeroU8>::None.map_or(0, |_| 1), 0);
        assert_eq!(<Option<u8>>::MAX, 2);
        assert_eq!(<Result<u8, (u32, u16)>>::MAX, 7);
        assert_eq!(<[Option<char>; 4]>::MAX, 20);
        let both = |hubpack, ssmarshal| (hubpack, ssmarshal);
        assert_eq!(both(<[(u8, char); 2]>::HUBPACK, <[(u8, char); 2]>::SSMARSHAL), (false, true));
        type Wide = Result<Option<i128>, ()>;
        assert_eq!(both(Wide::HUBPACK, Wide::SSMARSHAL), (true, false));
    }
}
