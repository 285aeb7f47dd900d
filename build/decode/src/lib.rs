//! What a running image says, made readable.
//!
//! Tasks log in defmt's binary form: an index into strings that never leave the
//! host, and raw arguments. The log task sends the records of all tasks down one
//! serial line, between the text of whoever writes text. This crate undoes that
//! with nothing but the archive of the image:
//!
//! ```text
//!   bytes ──► line: text │ frames ──► records: per-task strings ──► Event
//!                                     tokens NAME@0xADDRESS ──► function (file:line)
//! ```
//!
//! It neither prints nor panics, whatever the bytes are; what cannot be read is
//! reported as [`Event::Garbage`].
#![forbid(unsafe_code)]

mod cases;
pub mod line;
mod record;
mod show;
mod symbols;

pub use cases::{Case, cases};
pub use line::Defect;
pub use show::Style;
pub use symbols::{Place, Symbols};

use abi::boot::{BootRecord, ResetReason};
use exov6_archive::Archive;
use line::{Piece, Splitter};
use record::Strings;
use zerocopy::FromBytes;

/// Urgency of a log message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Step by step.
    Trace,
    /// For whoever looks for an error.
    Debug,
    /// What happens.
    Info,
    /// What should not.
    Warn,
    /// What must not.
    Error,
}

/// A log message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Time since boot, in microseconds, if the program stamps its messages.
    pub time_us: Option<u64>,
    /// Name of the task.
    pub task: String,
    /// How often the task had been restarted.
    pub generation: u32,
    /// Number of the message in the task.
    pub sequence: u32,
    /// Urgency; `None` for a message without one (`println`).
    pub level: Option<Level>,
    /// The text, addresses resolved.
    pub message: String,
    /// File of the log statement, if known.
    pub file: Option<String>,
    /// Line of the log statement, if known.
    pub line: Option<u32>,
}

/// A boot.
#[derive(Clone, Debug)]
pub struct Boot {
    /// What the kernel wrote.
    pub record: BootRecord,
    /// Task that the reset record names: who ran, or whom it is about.
    pub task: Option<String>,
    /// Where the reset record's program counter is: in the kernel after an exception
    /// there, else in the task.
    pub place: Option<Place>,
}

/// Something that the image said.
#[derive(Clone, Debug)]
pub enum Event {
    /// Text outside frames; may be cut anywhere but inside a character.
    Text(String),
    /// A log message.
    Log(Log),
    /// Counters of a task.
    Summary {
        /// Name of the task.
        task: String,
        /// Values, in the order of the manifest.
        values: Vec<u64>,
    },
    /// What the kernel found at boot.
    Boot(Box<Boot>),
    /// The run is over and everything has been said.
    End,
    /// Messages that were overwritten before they could be sent.
    Lost {
        /// Name of the task.
        task: String,
        /// How many.
        count: u32,
    },
    /// Bytes that cannot be read.
    Garbage {
        /// Why.
        why: Defect,
        /// Name of the task that they come from, if that is known.
        task: Option<String>,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// Why an archive cannot be used for decoding.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The manifest names an entry that is not there.
    #[error("task {task}: the archive has no {entry}")]
    NoElf {
        /// Name of the task.
        task: String,
        /// Name of the entry.
        entry: String,
    },
    /// The log strings of a program cannot be read.
    #[error("task {task}: log strings in {entry}: {why}")]
    Strings {
        /// Name of the task.
        task: String,
        /// Name of the entry.
        entry: String,
        /// What is wrong with them.
        why: String,
    },
}

struct Program {
    name: String,
    strings: Option<Strings>,
    elf: Vec<u8>,
    /// Read when first asked for: most runs never need them.
    symbols: Option<Symbols>,
    /// Sequence number of the next message, once known.
    next: Option<u32>,
}

/// Decodes what one image says.
pub struct Decoder {
    splitter: Splitter,
    programs: Vec<Program>,
    kernel: Option<Program>,
    /// Start of a character whose end has not arrived.
    partial: Vec<u8>,
}

impl Decoder {
    /// A decoder for the image that an archive describes.
    ///
    /// # Errors
    /// [`Error`] if the archive lacks a task's program, or its log strings cannot
    /// be read.
    pub fn new(archive: &Archive) -> Result<Decoder, Error> {
        let mut programs = vec![];
        for task in &archive.manifest.tasks {
            let (name, entry) = (task.name.clone(), task.elf.clone());
            let Some(elf) = archive.entry(&entry) else {
                return Err(Error::NoElf { task: name, entry });
            };
            let strings = match Strings::of(elf) {
                Ok(strings) => strings,
                Err(why) => return Err(Error::Strings { task: name, entry, why }),
            };
            programs.push(Program { name, strings, elf: elf.to_vec(), symbols: None, next: None });
        }
        let kernel =
            archive.entry("kernel.elf").or(archive.entry("image.elf")).map(|elf| Program {
                name: "kernel".to_owned(),
                strings: None,
                elf: elf.to_vec(),
                symbols: None,
                next: None,
            });
        let splitter = Splitter::new(programs.len());
        Ok(Decoder { splitter, programs, kernel, partial: vec![] })
    }

    /// Takes bytes from the line; gives what they complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        let pieces = self.splitter.feed(bytes);
        pieces.into_iter().flat_map(|piece| self.event(piece)).collect()
    }

    /// The line is at its end: gives what is left.
    pub fn finish(&mut self) -> Vec<Event> {
        let pieces = self.splitter.finish();
        let mut events: Vec<Event> = pieces.into_iter().flat_map(|p| self.event(p)).collect();
        if !self.partial.is_empty() {
            let left = std::mem::take(&mut self.partial);
            events.push(Event::Text(String::from_utf8_lossy(&left).into_owned()));
        }
        events
    }

    /// Function and line of an address in a task's span, or in the kernel (`kernel`).
    pub fn place(&mut self, program: &str, address: u64) -> Option<Place> {
        let mut programs = self.programs.iter_mut().chain(&mut self.kernel);
        let program = programs.find(|p| p.name == program)?;
        let elf = &program.elf;
        program.symbols.get_or_insert_with(|| Symbols::of(elf)).place(address)
    }

    fn event(&mut self, piece: Piece) -> Vec<Event> {
        match piece {
            Piece::Text(bytes) => self.text(&bytes).into_iter().collect(),
            Piece::Bad { why, bytes } => vec![Event::Garbage { why, task: None, bytes }],
            Piece::Frame { kind, body } => self.frame(kind, body),
        }
    }

    /// Text, held back where it ends inside a character.
    fn text(&mut self, bytes: &[u8]) -> Option<Event> {
        self.partial.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.partial) {
            Ok(_) => self.partial.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => self.partial.len() - incomplete_tail(&self.partial),
        };
        let rest = self.partial.split_off(whole);
        let text = std::mem::replace(&mut self.partial, rest);
        let text = String::from_utf8_lossy(&text).into_owned();
        (!text.is_empty()).then_some(Event::Text(text))
    }

    fn frame(&mut self, kind: u8, body: Vec<u8>) -> Vec<Event> {
        use abi::log::{LINE_BOOT, LINE_END, LINE_SUMMARY, LINE_TASK};
        let event = match kind {
            LINE_END => body.is_empty().then_some(Event::End),
            LINE_SUMMARY => self.summary(&body),
            LINE_BOOT => self.boot(&body),
            task => {
                let index = usize::from(task.wrapping_sub(LINE_TASK));
                return self.log(index, body);
            }
        };
        vec![event.unwrap_or(Event::Garbage { why: Defect::Body, task: None, bytes: body })]
    }

    fn boot(&mut self, body: &[u8]) -> Option<Event> {
        let record = BootRecord::read_from_bytes(body).ok()?;
        // A boot starts every ring afresh, so from here on a gap is a loss.
        for program in &mut self.programs {
            program.next = Some(0);
        }
        let task = usize::try_from(record.reset.task).ok();
        let task = task.and_then(|index| Some(self.programs.get(index)?.name.clone()));
        let in_kernel = ResetReason::from_u64(record.reset.reason) == ResetReason::KernelException;
        let program = if in_kernel { Some("kernel") } else { task.as_deref() };
        let place = program.filter(|_| record.reset.valid());
        let place = place.and_then(|program| self.place(program, record.reset.pc));
        Some(Event::Boot(Box::new(Boot { record, task, place })))
    }

    fn summary(&self, body: &[u8]) -> Option<Event> {
        let (&[task, count], values) = body.split_first_chunk()?;
        let program = self.programs.get(usize::from(task))?;
        let (words, rest) = values.as_chunks::<8>();
        if !rest.is_empty() || words.len() != usize::from(count) {
            return None;
        }
        let values = words.iter().map(|w| u64::from_le_bytes(*w)).collect();
        Some(Event::Summary { task: program.name.clone(), values })
    }

    fn log(&mut self, index: usize, body: Vec<u8>) -> Vec<Event> {
        let Some(program) = self.programs.get_mut(index) else {
            return vec![Event::Garbage { why: Defect::Kind, task: None, bytes: body }];
        };
        let task = program.name.clone();
        let garbage = |bytes| Event::Garbage { why: Defect::Body, task: Some(task.clone()), bytes };
        let Some((generation, rest)) = body.split_first_chunk() else {
            return vec![garbage(body)];
        };
        let Some((sequence, frame)) = rest.split_first_chunk() else { return vec![garbage(body)] };
        let (generation, sequence) =
            (u32::from_le_bytes(*generation), u32::from_le_bytes(*sequence));
        let mut events = vec![];
        // A smaller number than expected means that the ring was set up anew.
        let count = program.next.map_or(0, |next| sequence.saturating_sub(next));
        program.next = Some(sequence.wrapping_add(1));
        if count > 0 {
            events.push(Event::Lost { task: task.clone(), count });
        }
        match program.strings.as_ref().and_then(|s| s.decode(frame)) {
            Some(log) => {
                let message = self.resolve(log.message);
                events.push(Event::Log(Log { task, generation, sequence, message, ..log }));
            }
            None => events.push(garbage(body)),
        }
        events
    }

    /// Replaces every `NAME@0xADDRESS` whose name and address are known.
    fn resolve(&mut self, message: String) -> String {
        if !message.contains("@0x") {
            return message;
        }
        let mut out = String::with_capacity(message.len() + 64);
        let mut rest = message.as_str();
        while let Some(at) = rest.find("@0x") {
            let name_start = rest[..at]
                .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
                .map_or(0, |i| i + rest[i..].chars().next().map_or(1, char::len_utf8));
            let digits = &rest[at + 3..];
            let end = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
            let address = u64::from_str_radix(&digits[..end], 16).ok();
            let place = address.and_then(|a| self.place(&rest[name_start..at], a));
            match place {
                Some(place) => {
                    out.push_str(&rest[..name_start]);
                    out.push_str(&place.to_string());
                }
                None => out.push_str(&rest[..at + 3 + end]),
            }
            rest = &digits[end..];
        }
        out.push_str(rest);
        out
    }
}

/// Bytes at the end that may be the start of a character.
fn incomplete_tail(bytes: &[u8]) -> usize {
    for length in 1..=3.min(bytes.len()) {
        let byte = bytes[bytes.len() - length];
        let needed = match byte {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            0x80..=0xbf => continue,
            _ => return 0,
        };
        return if needed > length { length } else { 0 };
    }
    0
}
