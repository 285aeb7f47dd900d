//! Tests that let the other side run at every point where it could.
//!
//! [`step`] is called before each load and store that the other side could
//! notice. A test gives it a function to call there: that is the interruption.

use crate::{Memory, Reader, Writer};
use abi::log::RECORD_MAX;
use proptest::prelude::*;
use std::boxed::Box;
use std::cell::RefCell;
use std::rc::Rc;
use std::vec::Vec;

type Hook = Box<dyn FnMut()>;

std::thread_local! {
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
}

/// Lets the other side run, but never inside itself.
pub(crate) fn step() {
    let hook = HOOK.with(|hook| hook.borrow_mut().take());
    if let Some(mut hook) = hook {
        hook();
        HOOK.with(|slot| *slot.borrow_mut() = Some(hook));
    }
}

fn interrupted_by<T>(hook: Hook, work: impl FnOnce() -> T) -> T {
    HOOK.with(|slot| *slot.borrow_mut() = Some(hook));
    let result = work();
    HOOK.with(|slot| *slot.borrow_mut() = None);
    result
}

/// A frame that shows whether it is whole: its own number, length and filling.
fn frame(number: u32, length: usize) -> Vec<u8> {
    let length = length.max(6);
    let mut bytes = Vec::new();
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend(number.to_le_bytes());
    bytes.extend((6..length).map(|i| (number as usize * 31 + i) as u8));
    bytes
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk() else { return false };
    let Some((number, _)) = rest.split_first_chunk() else { return false };
    usize::from(u16::from_le_bytes(*length)) == bytes.len()
        && bytes == frame(u32::from_le_bytes(*number), bytes.len())
}

const CAPACITY: usize = 96;
type Log = Rc<RefCell<Writer<'static>>>;

fn leak() -> &'static Memory<CAPACITY> {
    Box::leak(Box::new(Memory::new()))
}

/// A writer that, each time it is called, does the next bit of work in `plan`:
/// so many bytes of a record, a commit after the last.
fn writing(writer: Log, plan: Vec<(usize, usize)>) -> Hook {
    let mut records = (0..).zip(plan);
    let mut current: Option<(Vec<u8>, usize, usize)> = None;
    Box::new(move || {
        let Ok(mut writer) = writer.try_borrow_mut() else { return };
        if current.is_none() {
            let Some((number, (length, piece))) = records.next() else { return };
            writer.begin();
            current = Some((frame(number, length), 0, piece.max(1)));
        }
        if let Some((bytes, done, piece)) = &mut current {
            let end = (*done + *piece).min(bytes.len());
            writer.write(&bytes[*done..end]);
            *done = end;
            if end == bytes.len() {
                writer.commit();
                current = None;
            }
        }
    })
}

fn check_order(numbers: &[u32]) -> Result<(), TestCaseError> {
    prop_assert!(numbers.windows(2).all(|w| w[0] < w[1]), "not in order: {:?}", numbers);
    Ok(())
}

proptest! {
    #[test]
    fn a_reader_interrupted_by_the_writer_never_sees_a_torn_record(
        before in prop::collection::vec(2..60usize, 0..6),
        plan in prop::collection::vec((2..80usize, 1..90usize), 0..40),
    ) {
        let memory = leak();
        let mut writer = Writer::new(memory.ring(), 0, 0);
        for (number, length) in (1000u32..).zip(&before) {
            writer.begin();
            writer.write(&frame(number, *length));
            writer.commit();
        }
        let writer = Rc::new(RefCell::new(writer));
        let mut reader = Reader::new(memory.ring());
        let mut numbers = Vec::new();
        let mut buffer = [0; RECORD_MAX];
        let whole = interrupted_by(writing(writer, plan), || {
            let mut idle = 0;
            while idle < 200 {
                match reader.next(&mut buffer) {
                    Some(record) if is_whole(record.frame) => numbers.push(record.sequence),
                    Some(_) => return false,
                    None => { step(); idle += 1; }
                }
            }
            true
        });
        prop_assert!(whole, "a torn record was delivered");
        check_order(&numbers)?;
    }

    #[test]
    fn a_writer_interrupted_by_the_reader_never_shows_it_a_torn_record(
        lengths in prop::collection::vec(2..90usize, 1..40),
        every in 1..20usize,
    ) {
        let memory = leak();
        let mut writer = Writer::new(memory.ring(), 0, 0);
        let seen = Rc::new(RefCell::new((Vec::new(), true)));
        let hook: Hook = {
            let seen = Rc::clone(&seen);
            let mut reader = Reader::new(memory.ring());
            let mut turn = 0;
            Box::new(move || {
                turn += 1;
                if turn % every == 0 {
                    let mut buffer = [0; RECORD_MAX];
                    while let Some(record) = reader.next(&mut buffer) {
                        let mut seen = seen.borrow_mut();
                        seen.1 &= is_whole(record.frame);
                        seen.0.push(record.sequence);
                    }
                }
            })
        };
        interrupted_by(hook, || {
            for (number, length) in (0..).zip(&lengths) {
                writer.begin();
                for piece in frame(number, *length).chunks(3) {
                    writer.write(piece);
                }
                writer.commit();
            }
        });
        let seen = seen.borrow();
        prop_assert!(seen.1, "a torn record was delivered");
        check_order(&seen.0)?;
    }

    #[test]
    fn without_interruption_the_newest_records_that_fit_are_there(
        lengths in prop::collection::vec(2..80usize, 1..60),
    ) {
        let memory = leak();
        let mut writer = Writer::new(memory.ring(), 0, 0);
        for (number, length) in (0..).zip(&lengths) {
            writer.begin();
            writer.write(&frame(number, *length));
            prop_assert!(writer.commit());
        }
        let mut expected = Vec::new();
        let mut room = CAPACITY;
        for (number, length) in lengths.iter().enumerate().rev() {
            let size = 10 + (*length).max(6);
            if size > room { break; }
            room -= size;
            expected.insert(0, number as u32);
        }
        let mut reader = Reader::new(memory.ring());
        let mut buffer = [0; RECORD_MAX];
        let mut found = Vec::new();
        while let Some(record) = reader.next(&mut buffer) {
            prop_assert!(is_whole(record.frame));
            found.push(record.sequence);
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_scribbled_ring_harms_neither_reader_nor_writer(
        junk in prop::collection::vec(any::<u8>(), CAPACITY),
        head in 0..400u64,
        back in 0..=CAPACITY as u64,
        lengths in prop::collection::vec(2..80usize, 1..10),
    ) {
        use core::sync::atomic::Ordering::Relaxed;
        let memory = leak();
        let mut writer = Writer::new(memory.ring(), 0, 0);
        let ring = memory.ring();
        for (byte, junk) in ring.data.iter().zip(junk) {
            byte.store(junk, Relaxed);
        }
        ring.shared.head.store(head, Relaxed);
        ring.shared.tail.store(head.saturating_sub(back), Relaxed);
        let mut reader = Reader::new(ring);
        let mut buffer = [0; RECORD_MAX];
        for _ in 0..CAPACITY {
            let _ = reader.next(&mut buffer);
        }
        for (number, length) in (0..).zip(&lengths) {
            writer.begin();
            writer.write(&frame(number, *length));
            prop_assert!(writer.commit());
        }
        let mut last = Vec::new();
        for _ in 0..CAPACITY {
            if let Some(record) = reader.next(&mut buffer) {
                last = record.frame.to_vec();
            }
        }
        prop_assert!(is_whole(&last), "the last record written is found");
    }
}
