//! Packing: values one after the other, little-endian, without padding.
//!
//! ```text
//!   args { a: u8, b: u32, c: bool }      bytes  a b b b b c
//!                                        words  [a b b b b c 0 0] [0] … [0]
//! ```
//!
//! Only types without padding can be sent (`IntoBytes`), so no byte of a stack
//! ever leaves its task by accident; what arrives is checked to be a value of its
//! type (`TryFromBytes`: a `bool` is 0 or 1, an enumeration one of its variants).
//! Nothing here can panic.

use crate::error::Refusal;
use crate::{Reason, Words};
use abi::limits::MESSAGE_BYTES;
use zerocopy::{Immutable, IntoBytes, TryFromBytes};

/// Writes values into a buffer, one after the other.
#[derive(Debug)]
pub struct Packer<'a> {
    rest: &'a mut [u8],
}

impl<'a> Packer<'a> {
    /// Begins at the start of `buffer`.
    #[inline(always)]
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Packer { rest: buffer }
    }

    /// Appends a value. One that does not fit is left out; generated buffers are
    /// exactly as long as what goes into them.
    #[inline(always)]
    pub fn put<T: IntoBytes + Immutable + ?Sized>(self, value: &T) -> Self {
        match self.rest.split_at_mut_checked(size_of_val(value)) {
            Some((head, tail)) => {
                // As long as the value, so this always succeeds.
                let _ = value.write_to(head);
                Packer { rest: tail }
            }
            None => Packer { rest: &mut [] },
        }
    }
}

/// Reads values from a buffer, one after the other.
#[derive(Debug)]
pub struct Unpacker<'a> {
    rest: &'a [u8],
}

impl<'a> Unpacker<'a> {
    /// Begins at the start of `buffer`.
    #[inline(always)]
    #[must_use]
    pub const fn new(buffer: &'a [u8]) -> Self {
        Unpacker { rest: buffer }
    }

    /// Takes the next value.
    ///
    /// # Errors
    /// [`Reason::BadMessageContents`] if the bytes are no value of the type.
    #[inline(always)]
    pub fn take<T: TryFromBytes>(&mut self) -> Result<T, Refusal> {
        match T::try_read_from_prefix(self.rest) {
            Ok((value, rest)) => {
                self.rest = rest;
                Ok(value)
            }
            Err(_) => Err(Refusal::Fault(Reason::BadMessageContents)),
        }
    }

    /// Takes the next value, which is received as a `W` and then converted.
    ///
    /// # Errors
    /// [`Reason::BadMessageContents`] if the bytes are no `W`, or it converts to nothing.
    #[inline(always)]
    pub fn take_as<W: TryFromBytes, T>(
        &mut self,
        convert: impl FnOnce(W) -> Option<T>,
    ) -> Result<T, Refusal> {
        convert(self.take()?).ok_or(Refusal::Fault(Reason::BadMessageContents))
    }
}

/// Message words that begin with these bytes; the rest is zero. More than 64
/// bytes do not fit and give zeros: such operations do not use words.
#[inline(always)]
pub(crate) fn to_words<const N: usize>(bytes: &[u8; N]) -> Words {
    let mut image = [0; MESSAGE_BYTES];
    if let Some(start) = image.first_chunk_mut() {
        *start = *bytes;
    }
    zerocopy::transmute!(image)
}

/// The first bytes of message words; zeros if there are not as many.
#[inline(always)]
pub(crate) fn from_words<const N: usize>(words: &Words) -> [u8; N] {
    let image: [u8; MESSAGE_BYTES] = zerocopy::transmute!(*words);
    image.first_chunk().copied().unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_packed_without_padding_little_endian() {
        let mut buffer = [0xff; 6];
        Packer::new(&mut buffer).put(&1_u8).put(&0x0504_0302_u32).put(&true);
        assert_eq!(buffer, [1, 2, 3, 4, 5, 1]);
        let mut unpacker = Unpacker::new(&buffer);
        assert_eq!(unpacker.take(), Ok(1_u8));
        assert_eq!(unpacker.take(), Ok(0x0504_0302_u32));
        assert_eq!(unpacker.take(), Ok(true));
        assert_eq!(unpacker.take::<u8>(), Err(Refusal::Fault(Reason::BadMessageContents)));
    }

    #[test]
    fn a_bool_is_zero_or_one() {
        let mut unpacker = Unpacker::new(&[2]);
        assert_eq!(unpacker.take::<bool>(), Err(Refusal::Fault(Reason::BadMessageContents)));
    }

    #[test]
    fn words_hold_bytes_in_memory_order_and_end_in_zeros() {
        let words = to_words(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(words, [0x0807_0605_0403_0201, 9, 0, 0, 0, 0, 0, 0]);
        assert_eq!(from_words::<9>(&words), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn what_does_not_fit_the_words_does_not_panic() {
        assert_eq!(to_words(&[1; 65]), [0; 8]);
        assert_eq!(from_words::<65>(&[u64::MAX; 8]), [0; 65]);
    }
}
