//! Frames on the serial line, which they share with text.
//!
//! ```text
//!   text … 00  kind  COBS(body)  00 … text
//! ```
//!
//! COBS (consistent overhead byte stuffing; Cheshire and Baker, 1999) replaces the
//! zeros of the body: a code byte *n* stands for *n* − 1 bytes that follow it and,
//! unless *n* is 255 or the body ends, a zero. So neither kind nor body contains a
//! zero, and a receiver that starts in the middle finds its feet at the next one.

use abi::log::{LINE_TASK, RECORD_MAX};

/// Longest frame, in bytes: two delimiters, the kind, the longest body of a record
/// (which is longer than any other) with one code byte for each 254 bytes begun.
pub const FRAME_MAX: usize = 3 + RECORD_MAX + RECORD_MAX.div_ceil(254);

/// A frame being built, ready for the line.
#[derive(Clone, Debug)]
pub struct Frame {
    bytes: [u8; FRAME_MAX],
    used: usize,
    /// Where the code byte of the current block is.
    code: usize,
    overflow: bool,
}

impl Frame {
    /// Opens a frame of a kind (`abi::log::LINE_…`, not zero).
    #[must_use]
    pub const fn new(kind: u8) -> Self {
        let mut bytes = [0; FRAME_MAX];
        bytes[1] = kind;
        Frame { bytes, used: 3, code: 2, overflow: false }
    }

    /// Opens the frame for a record of a task.
    #[must_use]
    pub const fn of_task(task: u8) -> Self {
        Frame::new(LINE_TASK.saturating_add(task))
    }

    /// Adds bytes to the body.
    pub fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.byte(byte);
        }
    }

    fn byte(&mut self, byte: u8) {
        // A block is full at 254 bytes; the next begins only when there is more.
        if self.used - self.code == 255 {
            self.end_block(255);
        }
        if byte == 0 {
            let length = self.used - self.code;
            self.end_block(length as u8);
        } else {
            self.push(byte);
        }
    }

    fn end_block(&mut self, code: u8) {
        self.bytes[self.code] = code;
        self.code = self.used;
        self.push(0);
    }

    fn push(&mut self, byte: u8) {
        // The last byte is kept for the closing zero.
        if self.used + 1 < FRAME_MAX {
            self.bytes[self.used] = byte;
            self.used += 1;
        } else {
            self.overflow = true;
        }
    }

    /// Closes the frame and returns its bytes, delimiters included; `None` if the
    /// body was longer than a record can be.
    #[must_use]
    pub fn finish(&mut self) -> Option<&[u8]> {
        if self.overflow {
            return None;
        }
        self.bytes[self.code] = (self.used - self.code) as u8;
        self.bytes[self.used] = 0;
        self.used += 1;
        Some(&self.bytes[..self.used])
    }
}

/// Undoes COBS: the body behind the bytes between kind and closing zero, into
/// `body`. `None` if the bytes are no COBS or `body` is too short.
#[must_use]
pub fn decode<'b>(cobs: &[u8], body: &'b mut [u8]) -> Option<&'b [u8]> {
    let mut used = 0;
    let mut rest = cobs;
    while let Some((&code, more)) = rest.split_first() {
        let length = usize::from(code).checked_sub(1)?;
        let (block, more) = more.split_at_checked(length)?;
        if block.contains(&0) {
            return None;
        }
        body.get_mut(used..used + length)?.copy_from_slice(block);
        used += length;
        rest = more;
        if code != 255 && !rest.is_empty() {
            *body.get_mut(used)? = 0;
            used += 1;
        }
    }
    Some(&body[..used])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    fn cobs(body: &[u8]) -> Vec<u8> {
        let mut frame = Frame::new(9);
        frame.write(body);
        let bytes = frame.finish().unwrap();
        assert_eq!((bytes[0], bytes[1], bytes[bytes.len() - 1]), (0, 9, 0));
        bytes[2..bytes.len() - 1].to_vec()
    }

    /// The examples of the COBS article in Wikipedia, as far as they are distinct.
    #[test]
    fn published_examples_encode_as_published() {
        assert_eq!(cobs(&[]), [1]);
        assert_eq!(cobs(&[0]), [1, 1]);
        assert_eq!(cobs(&[0, 0]), [1, 1, 1]);
        assert_eq!(cobs(&[0, 0x11, 0]), [1, 2, 0x11, 1]);
        assert_eq!(cobs(&[0x11, 0x22, 0, 0x33]), [3, 0x11, 0x22, 2, 0x33]);
        assert_eq!(cobs(&[0x11, 0x22, 0x33, 0x44]), [5, 0x11, 0x22, 0x33, 0x44]);
        let to_254: Vec<u8> = (1..=254).collect();
        let to_255: Vec<u8> = (1..=255).collect();
        let from_0: Vec<u8> = (0..=254).collect();
        assert_eq!(cobs(&to_254), [&[255], &to_254[..]].concat());
        assert_eq!(cobs(&from_0), [&[1, 255], &from_0[1..]].concat());
        assert_eq!(cobs(&to_255), [&[255], &to_254[..], &[2, 255]].concat());
        let wrapped: Vec<u8> = (2..=255).chain([0]).collect();
        assert_eq!(cobs(&wrapped), [&[255], &wrapped[..254], &[1, 1]].concat());
    }

    #[test]
    fn the_longest_record_fits_and_more_is_refused() {
        let mut frame = Frame::of_task(63);
        frame.write(&[0xff; RECORD_MAX]);
        assert_eq!(frame.finish().unwrap().len(), FRAME_MAX);
        let mut frame = Frame::of_task(63);
        frame.write(&[0xff; RECORD_MAX + 1]);
        assert!(frame.finish().is_none());
    }

    #[test]
    fn what_is_no_cobs_is_refused() {
        let mut body = [0; 8];
        assert_eq!(decode(&[0], &mut body), None);
        assert_eq!(decode(&[3, 1], &mut body), None);
        assert_eq!(decode(&[3, 1, 0], &mut body), None);
        assert_eq!(decode(&[5, 1, 2, 3, 4], &mut body[..3]), None);
    }

    proptest! {
        #[test]
        fn a_body_survives_the_line_and_has_no_zero_there(
            body in prop::collection::vec(prop_oneof![Just(0u8), any::<u8>(), Just(1u8)], 0..=RECORD_MAX),
        ) {
            let line = cobs(&body);
            prop_assert!(!line.contains(&0));
            let mut buffer = vec![0; RECORD_MAX];
            prop_assert_eq!(decode(&line, &mut buffer), Some(&body[..]));
        }

        #[test]
        fn any_bytes_decode_or_are_refused(line in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut buffer = [0; 700];
            let _ = decode(&line, &mut buffer);
        }
    }
}
