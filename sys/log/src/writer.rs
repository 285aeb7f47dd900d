//! The task's side of a ring: one record at a time, straight into the ring.
//!
//! ```text
//!   begin            write, write, …              commit
//!   tail ──► moves past whatever is in the way    head ──► moves past the record
//! ```
//!
//! Bytes are written beyond `head`, where no reader looks, so a record exists
//! only once `commit` has moved `head`. A task that panics or is restarted in the
//! middle of a record leaves nothing behind but space.

use crate::ring::{Ring, step};
use abi::log::{RECORD_HEADER, RECORD_MAX, RING_MAGIC};
use core::sync::atomic::{Ordering, fence};

/// Bytes of the length field.
const LENGTH: usize = 2;
/// Bytes of generation and sequence number.
const STAMP: usize = RECORD_HEADER - LENGTH;
/// Bytes of a defmt index, which opens every frame.
const INDEX: usize = 2;

/// Writes records into a ring.
#[derive(Debug)]
pub struct Writer<'a> {
    ring: Ring<'a>,
    generation: u32,
    floor: u16,
    index: [u8; INDEX],
    /// Bytes of the frame so far, those not kept included.
    length: usize,
    open: bool,
    discard: bool,
}

impl<'a> Writer<'a> {
    /// Takes up a ring. It is set up afresh at the task's first start (`generation`
    /// 0) and when its header makes no sense; otherwise everything in it is kept.
    /// Records whose defmt index is below `floor` are discarded.
    #[must_use]
    pub fn new(ring: Ring<'a>, generation: u32, floor: u16) -> Self {
        if generation == 0 || !ring.is_sound() {
            let shared = ring.shared;
            // The magic word goes first and comes last: half a header is none.
            shared.magic.store(0, Ordering::Relaxed);
            fence(Ordering::Release);
            shared.capacity.store(ring.capacity() as u32, Ordering::Relaxed);
            shared.head.store(0, Ordering::Relaxed);
            shared.tail.store(0, Ordering::Relaxed);
            shared.sequence.store(0, Ordering::Relaxed);
            shared.dropped.store(0, Ordering::Relaxed);
            for counter in &shared.counters {
                counter.store(0, Ordering::Relaxed);
            }
            shared.magic.store(RING_MAGIC, Ordering::Release);
        }
        Writer { ring, generation, floor, index: [0; 2], length: 0, open: false, discard: false }
    }

    /// The ring.
    #[must_use]
    pub const fn ring(&self) -> Ring<'a> {
        self.ring
    }

    /// Whether a record has been begun and not committed.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Begins a record; one that was not committed is forgotten.
    pub fn begin(&mut self) {
        self.open = true;
        self.discard = false;
        self.length = 0;
    }

    /// Adds bytes to the record. Nothing happens to the ring before the record's
    /// level is known from its first two bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.length < INDEX {
                self.index[self.length] = byte;
            }
            self.length += 1;
            match self.length {
                1 => {}
                INDEX => {
                    self.discard = u16::from_le_bytes(self.index) < self.floor;
                    if !self.discard {
                        self.put(0, self.index[0]);
                        self.put(1, byte);
                    }
                }
                length if !self.discard => self.put(length - 1, byte),
                _ => {}
            }
        }
    }

    /// Ends the record. Returns whether there is a new one in the ring: not if it
    /// was discarded by level, or was too long.
    pub fn commit(&mut self) -> bool {
        if !self.open {
            return false;
        }
        self.open = false;
        if self.discard || self.length < INDEX {
            return false;
        }
        let shared = self.ring.shared;
        let sequence = shared.sequence.load(Ordering::Relaxed);
        // Before the record itself: if the task is stopped in between, a number is
        // missing, which says that something was lost. That is so for a record that
        // is too long, too.
        shared.sequence.store(sequence.wrapping_add(1), Ordering::Relaxed);
        if self.length > self.longest() {
            let dropped = shared.dropped.load(Ordering::Relaxed);
            shared.dropped.store(dropped.wrapping_add(1), Ordering::Relaxed);
            return false;
        }
        let head = shared.head.load(Ordering::Relaxed);
        let length = ((STAMP + self.length) as u16).to_le_bytes();
        let header =
            length.into_iter().chain(self.generation.to_le_bytes()).chain(sequence.to_le_bytes());
        for (position, byte) in (head..).zip(header) {
            self.ring.set_byte(position, byte);
        }
        step();
        shared.head.store(head + (RECORD_HEADER + self.length) as u64, Ordering::Release);
        true
    }

    /// Longest frame that the ring takes.
    fn longest(&self) -> usize {
        (RECORD_MAX - STAMP).min(self.ring.data.len().saturating_sub(RECORD_HEADER))
    }

    /// Stores byte `at` of the frame, if it fits.
    fn put(&mut self, at: usize, byte: u8) {
        if at >= self.longest() {
            return;
        }
        let offset = (RECORD_HEADER + at) as u64;
        let head = self.ring.shared.head.load(Ordering::Relaxed);
        self.make_room(head + offset + 1);
        self.ring.set_byte(head + offset, byte);
    }

    /// Moves `tail` past the records that bytes up to `end` would overwrite.
    fn make_room(&mut self, end: u64) {
        let shared = self.ring.shared;
        let mut tail = shared.tail.load(Ordering::Relaxed);
        let head = shared.head.load(Ordering::Relaxed);
        if end - tail <= self.ring.capacity() {
            return;
        }
        while end - tail > self.ring.capacity() {
            let length = u64::from(u16::from_le_bytes(self.ring.bytes(tail)));
            // A length that leads past the head was never written by this code:
            // somebody scribbled over the ring. Everything in it goes.
            tail = (tail + LENGTH as u64 + length).min(head);
        }
        step();
        shared.tail.store(tail, Ordering::Relaxed);
        // A reader that sees one of the new bytes must also see the new tail.
        fence(Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Memory, Reader};
    use std::vec;
    use std::vec::Vec;

    pub(crate) fn log(writer: &mut Writer<'_>, frame: &[u8]) -> bool {
        writer.begin();
        writer.write(frame);
        writer.commit()
    }

    fn read_all(reader: &mut Reader<'_>) -> Vec<(u32, u32, Vec<u8>)> {
        let mut all = vec![];
        let mut buffer = [0; RECORD_MAX];
        while let Some(record) = reader.next(&mut buffer) {
            all.push((record.generation, record.sequence, record.frame.to_vec()));
        }
        all
    }

    #[test]
    fn a_record_comes_out_as_it_went_in() {
        let memory = Memory::<256>::new();
        let mut writer = Writer::new(memory.ring(), 7, 0);
        writer.begin();
        writer.write(&[9, 1]);
        writer.write(&[]);
        writer.write(b"frame");
        assert!(writer.is_open());
        assert!(writer.commit());
        assert_eq!(read_all(&mut Reader::new(memory.ring())), [(7, 0, b"\x09\x01frame".to_vec())]);
    }

    #[test]
    fn a_restart_keeps_records_numbers_and_counters() {
        let memory = Memory::<256>::new();
        let mut first = Writer::new(memory.ring(), 0, 0);
        log(&mut first, b"one");
        first.ring().update_counter(2, |_| 5);
        // The first generation ends in the middle of a record.
        first.begin();
        first.write(b"half a rec");
        let mut second = Writer::new(memory.ring(), 1, 0);
        log(&mut second, b"two");
        assert_eq!(second.ring().counter(2), 5);
        let all = read_all(&mut Reader::new(memory.ring()));
        assert_eq!(all, [(0, 0, b"one".to_vec()), (1, 1, b"two".to_vec())]);
    }

    #[test]
    fn the_first_start_and_a_damaged_header_set_the_ring_up() {
        let memory = Memory::<256>::new();
        log(&mut Writer::new(memory.ring(), 0, 0), b"old");
        memory.ring().update_counter(0, |_| 9);
        let again = Writer::new(memory.ring(), 0, 0);
        assert_eq!(read_all(&mut Reader::new(memory.ring())), []);
        assert_eq!(again.ring().counter(0), 0);
        memory.ring().shared.tail.store(77, Ordering::Relaxed);
        let mut writer = Writer::new(memory.ring(), 3, 0);
        log(&mut writer, b"new");
        assert_eq!(read_all(&mut Reader::new(memory.ring())), [(3, 0, b"new".to_vec())]);
    }

    #[test]
    fn an_index_below_the_floor_is_discarded_and_leaves_the_ring_alone() {
        let memory = Memory::<40>::new();
        let mut writer = Writer::new(memory.ring(), 0, 0x0102);
        assert!(log(&mut writer, &[0x02, 0x01, 1]), "the floor itself is kept");
        for _ in 0..20 {
            assert!(!log(&mut writer, &[0x01, 0x01, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]));
        }
        assert!(log(&mut writer, &[0x00, 0x02, 3]));
        let all = read_all(&mut Reader::new(memory.ring()));
        assert_eq!(all, [(0, 0, vec![2, 1, 1]), (0, 1, vec![0, 2, 3])]);
    }

    #[test]
    fn a_record_that_is_too_long_is_counted_and_its_number_missing() {
        let memory = Memory::<4096>::new();
        let mut writer = Writer::new(memory.ring(), 0, 0);
        assert!(log(&mut writer, &[1; RECORD_MAX - STAMP]), "the longest fits");
        assert!(!log(&mut writer, &[1; RECORD_MAX - STAMP + 1]));
        assert!(log(&mut writer, b"next"));
        assert_eq!(memory.ring().shared.dropped.load(Ordering::Relaxed), 1);
        let mut reader = Reader::new(memory.ring());
        let all = read_all(&mut reader);
        assert_eq!(all.iter().map(|r| r.1).collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn a_frame_without_an_index_is_none() {
        let memory = Memory::<64>::new();
        let mut writer = Writer::new(memory.ring(), 0, 0);
        assert!(!log(&mut writer, &[]));
        assert!(!log(&mut writer, &[1]));
        assert!(!writer.commit(), "nothing was begun");
    }
}
