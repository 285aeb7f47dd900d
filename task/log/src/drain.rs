//! From the rings to the line: one record of each task in turn, so that a task
//! that logs without end cannot keep the others' records from being seen.

use abi::log::RECORD_MAX;
use exov6_log::Reader;
use exov6_log::line::Frame;

/// Whatever takes frames.
pub trait Output {
    /// Takes all bytes, or none of them and answers false.
    fn write(&mut self, bytes: &[u8]) -> bool;
}

/// How far a drain came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There are no more records.
    Empty,
    /// The output takes no more for now.
    Blocked,
    /// As many records as were allowed have been written.
    Limit,
}

/// The rings of `N` tasks.
#[derive(Debug)]
pub struct Drain<'a, const N: usize> {
    sources: [Option<(u8, Reader<'a>)>; N],
    turn: usize,
    pending: Option<Pending>,
}

/// A frame that the output did not take yet.
#[derive(Debug)]
struct Pending {
    bytes: [u8; exov6_log::line::FRAME_MAX],
    length: usize,
    source: usize,
}

impl<'a, const N: usize> Drain<'a, N> {
    /// Task indices and readers of their rings; `None` for a ring without memory.
    #[must_use]
    pub const fn new(sources: [Option<(u8, Reader<'a>)>; N]) -> Self {
        Drain { sources, turn: 0, pending: None }
    }

    /// Writes at most `limit` records. `sent` learns, after each, the number of its
    /// source in the array and the reader's position behind it.
    pub fn run(
        &mut self,
        output: &mut impl Output,
        limit: usize,
        mut sent: impl FnMut(usize, u64),
    ) -> Progress {
        for _ in 0..limit {
            let pending = match self.pending.take().or_else(|| self.next()) {
                Some(pending) => pending,
                None => return Progress::Empty,
            };
            if !output.write(&pending.bytes[..pending.length]) {
                self.pending = Some(pending);
                return Progress::Blocked;
            }
            if let Some((_, reader)) = &self.sources[pending.source] {
                sent(pending.source, reader.position());
            }
        }
        Progress::Limit
    }

    /// The next record of whoever's turn it is, as a frame.
    fn next(&mut self) -> Option<Pending> {
        let mut buffer = [0; RECORD_MAX];
        for _ in 0..N {
            let source = self.turn;
            self.turn = (self.turn + 1) % N;
            let Some((task, reader)) = &mut self.sources[source] else { continue };
            let Some(record) = reader.next(&mut buffer) else { continue };
            let mut frame = Frame::of_task(*task);
            frame.write(&record.generation.to_le_bytes());
            frame.write(&record.sequence.to_le_bytes());
            frame.write(record.frame);
            // A record is never longer than a frame takes.
            let Some(done) = frame.finish() else { continue };
            let mut bytes = [0; exov6_log::line::FRAME_MAX];
            bytes[..done.len()].copy_from_slice(done);
            return Some(Pending { bytes, length: done.len(), source });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abi::log::LINE_TASK;
    use exov6_log::line::decode;
    use exov6_log::{Memory, Writer};
    use std::vec;
    use std::vec::Vec;

    /// A line that refuses after so many frames.
    struct Line {
        room: usize,
        frames: Vec<(u8, Vec<u8>)>,
    }

    impl Output for Line {
        fn write(&mut self, bytes: &[u8]) -> bool {
            if self.room == 0 {
                return false;
            }
            self.room -= 1;
            let mut body = [0; 600];
            let kind = bytes[1];
            let body = decode(&bytes[2..bytes.len() - 1], &mut body).unwrap();
            self.frames.push((kind - LINE_TASK, body.to_vec()));
            true
        }
    }

    fn line(room: usize) -> Line {
        Line { room, frames: vec![] }
    }

    fn log(writer: &mut Writer<'_>, text: &[u8]) {
        writer.begin();
        writer.write(text);
        assert!(writer.commit());
    }

    #[test]
    fn a_record_becomes_a_frame_with_generation_and_number() {
        let memory = Memory::<256>::new();
        let mut writer = Writer::new(memory.ring(), 0x0100, 0);
        log(&mut writer, b"first");
        log(&mut writer, b"second");
        let mut drain = Drain::new([Some((5, Reader::new(memory.ring())))]);
        let mut line = line(9);
        let mut positions = vec![];
        let progress =
            drain.run(&mut line, 99, |source, position| positions.push((source, position)));
        assert_eq!(progress, Progress::Empty);
        assert_eq!(line.frames[1], (5, b"\x00\x01\x00\x00\x01\x00\x00\x00second".to_vec()));
        assert_eq!(positions, [(0, 15), (0, 31)]);
    }

    #[test]
    fn tasks_take_turns_however_much_one_has_to_say() {
        let memories: [Memory<1024>; 3] = [Memory::new(), Memory::new(), Memory::new()];
        let mut writers = [0, 1, 2].map(|i| Writer::new(memories[i].ring(), 0, 0));
        for _ in 0..5 {
            log(&mut writers[0], b"loud");
        }
        log(&mut writers[1], b"soft");
        log(&mut writers[2], b"soft");
        let mut drain = Drain::new([
            Some((0, Reader::new(memories[0].ring()))),
            Some((1, Reader::new(memories[1].ring()))),
            None,
            Some((2, Reader::new(memories[2].ring()))),
        ]);
        let mut line = line(99);
        assert_eq!(drain.run(&mut line, 99, |_, _| ()), Progress::Empty);
        let order: Vec<u8> = line.frames.iter().map(|(task, _)| *task).collect();
        assert_eq!(order, [0, 1, 2, 0, 0, 0, 0]);
    }

    #[test]
    fn a_refused_frame_comes_first_the_next_time_and_is_not_counted_as_sent() {
        let memory = Memory::<256>::new();
        let mut writer = Writer::new(memory.ring(), 0, 0);
        for text in [b"one", b"two"] {
            log(&mut writer, text);
        }
        let mut drain = Drain::new([Some((0, Reader::new(memory.ring())))]);
        let mut line = line(1);
        let mut sent = 0;
        assert_eq!(drain.run(&mut line, 99, |_, _| sent += 1), Progress::Blocked);
        assert_eq!(drain.run(&mut line, 99, |_, _| sent += 1), Progress::Blocked);
        assert_eq!(sent, 1);
        line.room = 9;
        assert_eq!(drain.run(&mut line, 99, |_, _| sent += 1), Progress::Empty);
        let texts: Vec<_> = line.frames.iter().map(|(_, body)| body[8..].to_vec()).collect();
        assert_eq!(texts, [b"one", b"two"]);
    }

    #[test]
    fn the_limit_is_kept() {
        let memory = Memory::<256>::new();
        let mut writer = Writer::new(memory.ring(), 0, 0);
        for _ in 0..4 {
            log(&mut writer, b"xx");
        }
        let mut drain = Drain::new([Some((0, Reader::new(memory.ring())))]);
        let mut line = line(99);
        assert_eq!(drain.run(&mut line, 3, |_, _| ()), Progress::Limit);
        assert_eq!(line.frames.len(), 3);
    }
}
