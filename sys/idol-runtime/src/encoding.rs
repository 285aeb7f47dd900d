//! Encodings: the two ways in which values become bytes.
//!
//! | in the interface file | type here | length | types need |
//! | --- | --- | --- | --- |
//! | `Zerocopy` | [`Zerocopy`] | always the same: the size in memory, without padding | `zerocopy`'s traits |
//! | `Hubpack`, `Ssmarshal` | [`Serial`] | up to [`Wire::MAX`] | [`Wire`] |
//!
//! Generated code names the encoding of each operation as a type; everything that
//! depends on it is decided by the compiler.

use crate::wire::{Decoder, Encoder, Wire};
use zerocopy::{Immutable, IntoBytes, TryFromBytes};

/// An encoding.
pub trait Encoding {
    /// Whether every message of an operation has the same length.
    const EXACT: bool;
}

/// An encoding that can send values of type `T`.
pub trait Sends<T>: Encoding {
    /// Writes the value to the start of `to`, which has room for it. Returns its
    /// length in bytes; 0 if there is no room after all.
    fn put(value: &T, to: &mut [u8]) -> usize;

    /// The bytes of the value; `buffer`, which has room for it, may be used.
    fn bytes<'a>(value: &'a T, buffer: &'a mut [u8]) -> &'a [u8];
}

/// An encoding that can receive values of type `T`.
pub trait Receives<T>: Encoding {
    /// The value, if these bytes are one, to the last byte.
    fn value(bytes: &[u8]) -> Option<T>;
}

/// The bytes in memory. Only types without padding can be sent, so that no byte of
/// a stack leaves its task by accident.
#[derive(Clone, Copy, Debug)]
pub enum Zerocopy {}

/// One part after the other, as long as the value is; see [`crate::wire`].
#[derive(Clone, Copy, Debug)]
pub enum Serial {}

impl Encoding for Zerocopy {
    const EXACT: bool = true;
}

impl<T: IntoBytes + Immutable> Sends<T> for Zerocopy {
    #[inline(always)]
    fn put(value: &T, to: &mut [u8]) -> usize {
        match value.write_to_prefix(to) {
            Ok(()) => size_of::<T>(),
            Err(_) => 0,
        }
    }

    #[inline(always)]
    fn bytes<'a>(value: &'a T, _: &'a mut [u8]) -> &'a [u8] {
        value.as_bytes()
    }
}

impl<T: TryFromBytes> Receives<T> for Zerocopy {
    #[inline(always)]
    fn value(bytes: &[u8]) -> Option<T> {
        T::try_read_from_bytes(bytes).ok()
    }
}

impl Encoding for Serial {
    const EXACT: bool = false;
}

impl<T: Wire> Sends<T> for Serial {
    #[inline(always)]
    fn put(value: &T, to: &mut [u8]) -> usize {
        let mut encoder = Encoder::new(to);
        encoder.put(value);
        encoder.length()
    }

    #[inline(always)]
    fn bytes<'a>(value: &'a T, buffer: &'a mut [u8]) -> &'a [u8] {
        let length = Self::put(value, buffer);
        buffer.get(..length).unwrap_or(&[])
    }
}

impl<T: Wire> Receives<T> for Serial {
    #[inline(always)]
    fn value(bytes: &[u8]) -> Option<T> {
        let mut decoder = Decoder::new(bytes);
        let value = decoder.take();
        decoder.is_done().then_some(value)
    }
}

/// What a conversion function named in `recv: From("T", Some("function"))` may
/// return: the value, or an option of it.
pub trait Converted<T> {
    /// The value, if there is one.
    fn converted(self) -> Option<T>;
}

impl<T> Converted<T> for T {
    #[inline(always)]
    fn converted(self) -> Option<T> {
        Some(self)
    }
}

impl<T> Converted<T> for Option<T> {
    #[inline(always)]
    fn converted(self) -> Option<T> {
        self
    }
}
