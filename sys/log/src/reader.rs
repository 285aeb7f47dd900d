//! The log task's side of a ring: fetch records, believe nothing.
//!
//! The writer can run at any time, and the task behind it may be broken. So a
//! record counts only if `tail` has not passed it while it was copied, and every
//! length is checked before use. A ring that makes no sense is skipped up to its
//! head; nothing a task does to its ring can stop the log of the others.

use crate::ring::{Ring, step};
use abi::log::{RECORD_HEADER, RECORD_MAX};
use core::sync::atomic::{Ordering, fence};

/// Most attempts at one record before giving up until later: a bound on the time
/// that one busy writer can take.
const ATTEMPTS: usize = 8;
/// Bytes of the length field.
const LENGTH: u64 = 2;
/// Bytes of generation and sequence number.
const STAMP: usize = RECORD_HEADER - LENGTH as usize;

/// A record, copied out of the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'b> {
    /// Generation of the task when it wrote.
    pub generation: u32,
    /// Number of the record; a gap means that records were lost.
    pub sequence: u32,
    /// One defmt frame in raw encoding.
    pub frame: &'b [u8],
}

/// Reads the records of a ring, each once, in order.
#[derive(Debug)]
pub struct Reader<'a> {
    ring: Ring<'a>,
    next: u64,
}

impl<'a> Reader<'a> {
    /// Reads from the oldest record that there is.
    #[must_use]
    pub const fn new(ring: Ring<'a>) -> Self {
        Reader { ring, next: 0 }
    }

    /// Reads from a [`Reader::position`] on that an earlier reader of the ring had.
    #[must_use]
    pub const fn resume(ring: Ring<'a>, position: u64) -> Self {
        Reader { ring, next: position }
    }

    /// Where the next record is looked for; counts bytes since the ring was set up.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.next
    }

    /// The ring.
    #[must_use]
    pub const fn ring(&self) -> Ring<'a> {
        self.ring
    }

    /// The next record, copied into `buffer`, or `None` if there is none now.
    pub fn next<'b>(&mut self, buffer: &'b mut [u8; RECORD_MAX]) -> Option<Record<'b>> {
        let mut copied = None;
        for _ in 0..ATTEMPTS {
            // Not set up yet, damaged, or the writer came in between.
            if !self.ring.is_sound() {
                continue;
            }
            let shared = self.ring.shared;
            let head = shared.head.load(Ordering::Acquire);
            let tail = shared.tail.load(Ordering::Relaxed);
            if self.next < tail || self.next > head {
                self.next = tail;
            }
            if self.next >= head {
                return None;
            }
            let start = self.next;
            let length = u16::from_le_bytes(self.ring.bytes(start));
            let end = start + LENGTH + u64::from(length);
            let sensible = (STAMP..=RECORD_MAX).contains(&usize::from(length)) && end <= head;
            if sensible {
                for (to, position) in buffer.iter_mut().zip(start + LENGTH..end) {
                    *to = self.ring.byte(position);
                }
            }
            // Read the tail only after the copy: if it is still behind, the bytes were
            // those of this record all the time.
            fence(Ordering::Acquire);
            step();
            let tail = shared.tail.load(Ordering::Relaxed);
            if tail > start {
                continue;
            }
            if !sensible {
                self.next = head;
                return None;
            }
            self.next = end;
            copied = Some(usize::from(length));
            break;
        }
        let record = &buffer[..copied?];
        let (generation, rest) = record.split_first_chunk()?;
        let (sequence, frame) = rest.split_first_chunk()?;
        Some(Record {
            generation: u32::from_le_bytes(*generation),
            sequence: u32::from_le_bytes(*sequence),
            frame,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Memory, Writer};

    fn write(writer: &mut Writer<'_>) {
        writer.begin();
        writer.write(b"frame");
        assert!(writer.commit());
    }

    /// A scribbled ring with one byte in it kept the reader waiting there, and the
    /// next good record was read from the middle and thrown away.
    #[test]
    fn a_rest_too_short_for_a_record_is_skipped() {
        let memory = Memory::<64>::new();
        let mut writer = Writer::new(memory.ring(), 0, 0);
        memory.ring().shared.head.store(1, Ordering::Relaxed);
        let mut reader = Reader::new(memory.ring());
        let mut buffer = [0; RECORD_MAX];
        assert_eq!(reader.next(&mut buffer), None);
        write(&mut writer);
        assert_eq!(reader.next(&mut buffer).map(|record| record.frame), Some(&b"frame"[..]));
    }

    #[test]
    fn positions_at_the_end_of_their_range_are_not_believed() {
        let memory = Memory::<64>::new();
        write(&mut Writer::new(memory.ring(), 0, 0));
        for byte in memory.ring().data {
            byte.store(0xff, Ordering::Relaxed);
        }
        for head in [u64::MAX, u64::MAX - 5, u64::MAX / 2 + 1] {
            memory.ring().shared.head.store(head, Ordering::Relaxed);
            memory.ring().shared.tail.store(head - 20, Ordering::Relaxed);
            assert_eq!(Reader::new(memory.ring()).next(&mut [0; RECORD_MAX]), None);
        }
    }

    #[test]
    fn a_reader_resumes_where_another_was() {
        let memory = Memory::<64>::new();
        let mut writer = Writer::new(memory.ring(), 0, 0);
        write(&mut writer);
        let mut buffer = [0; RECORD_MAX];
        let mut first = Reader::new(memory.ring());
        first.next(&mut buffer);
        write(&mut writer);
        let mut second = Reader::resume(memory.ring(), first.position());
        assert_eq!(second.next(&mut buffer).map(|record| record.sequence), Some(1));
        assert_eq!(second.next(&mut buffer), None);
    }
}
