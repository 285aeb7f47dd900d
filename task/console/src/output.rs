//! Text on its way out: in chunks that the serial line's server takes at once.
//!
//! Whoever writes here never sees that the server is busy or was restarted: the
//! line pauses and the same bytes are offered again. A line feed becomes CR LF.
//! The byte 0 opens a log frame, so text must not contain it; where it would, `?`
//! is sent instead.

use core::fmt;

/// Most bytes offered at once.
pub const CHUNK_BYTES: usize = 512;
/// How often bytes are offered in a row without any being taken. At 1 ms a pause
/// this is a second; then they are dropped, because a console that waits for ever
/// for a line nobody drains answers nobody.
pub const ATTEMPTS: u32 = 1000;

/// Where bytes go.
pub trait Line {
    /// Offers bytes, 1 to [`CHUNK_BYTES`]; how many were taken, 0 if none now.
    fn offer(&mut self, bytes: &[u8]) -> usize;
    /// Waits a while before the next offer.
    fn pause(&mut self);
}

/// Collects text and sends it in chunks. [`Output::flush`] sends the rest.
#[derive(Debug)]
pub struct Output<L: Line> {
    line: L,
    buffer: [u8; CHUNK_BYTES],
    length: usize,
}

impl<L: Line> Output<L> {
    /// Nothing to send yet.
    pub const fn new(line: L) -> Self {
        Output { line, buffer: [0; CHUNK_BYTES], length: 0 }
    }

    fn push(&mut self, byte: u8) {
        if self.length == CHUNK_BYTES {
            self.flush();
        }
        if let Some(place) = self.buffer.get_mut(self.length) {
            *place = if byte == 0 { b'?' } else { byte };
            self.length += 1;
        }
    }

    /// Sends what was collected. Waits while the line is busy; see [`ATTEMPTS`].
    pub fn flush(&mut self) {
        let (mut sent, mut idle) = (0, 0);
        while sent < self.length && idle < ATTEMPTS {
            let chunk = self.buffer.get(sent..self.length).unwrap_or(&[]);
            let taken = self.line.offer(chunk).min(chunk.len());
            sent += taken;
            if taken == 0 {
                idle += 1;
                self.line.pause();
            } else {
                idle = 0;
            }
        }
        self.length = 0;
    }
}

impl<L: Line> fmt::Write for Output<L> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if byte == b'\n' {
                self.push(b'\r');
            }
            self.push(byte);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use fmt::Write;
    use std::vec::Vec;

    /// Takes at most so many bytes at once, and nothing every third time.
    #[derive(Default)]
    struct Fake {
        most: usize,
        taken: Vec<u8>,
        largest: usize,
        offers: usize,
        pauses: usize,
    }

    impl Line for Fake {
        fn offer(&mut self, bytes: &[u8]) -> usize {
            self.offers += 1;
            self.largest = self.largest.max(bytes.len());
            if self.offers.is_multiple_of(3) {
                return 0;
            }
            let n = bytes.len().min(self.most);
            self.taken.extend(&bytes[..n]);
            n
        }

        fn pause(&mut self) {
            self.pauses += 1;
        }
    }

    #[test]
    fn all_text_arrives_in_order_through_a_busy_line() {
        let mut out = Output::new(Fake { most: 100, ..Fake::default() });
        let mut expected = Vec::new();
        for i in 0..500 {
            writeln!(out, "line {i}").expect("never fails");
            expected.extend(std::format!("line {i}\r\n").bytes());
        }
        out.flush();
        assert_eq!(out.line.taken, expected);
        assert!(out.line.pauses > 0);
        assert_eq!(out.line.largest, CHUNK_BYTES);
    }

    #[test]
    fn a_zero_byte_never_leaves() {
        let mut out = Output::new(Fake { most: 100, ..Fake::default() });
        out.write_str("a\0b").expect("never fails");
        out.flush();
        assert_eq!(out.line.taken, b"a?b");
    }

    #[test]
    fn a_dead_line_is_given_up_and_the_next_text_is_tried_again() {
        let mut out = Output::new(Fake::default());
        out.write_str("lost").expect("never fails");
        out.flush();
        assert_eq!(out.line.pauses, ATTEMPTS as usize);
        out.line.most = 100;
        out.write_str("kept").expect("never fails");
        out.flush();
        assert_eq!(out.line.taken, b"kept");
    }

    #[test]
    fn flushing_nothing_offers_nothing() {
        let mut out = Output::new(Fake::default());
        out.flush();
        assert_eq!(out.line.offers, 0);
    }
}
