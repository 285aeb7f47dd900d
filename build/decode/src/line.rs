//! The serial line taken apart: text here, frames there, nothing lost.
//!
//! ```text
//!             0                    kind                     0
//!   Text ───────────► Opened ───────────────► Frame ───────────────► Text
//!    ▲                  │ byte that starts       │ body that cannot be:
//!    └──────────────────┘ no frame: it is text   └─► garbage, and Opened
//! ```
//!
//! The zero that opens a frame looks like the zero that closes it, so one zero lost
//! on the line would turn text and frames inside out for good. Therefore the zero
//! behind a frame that cannot be right counts as the opening of the next: one
//! damaged frame costs that frame and at most the text behind it.
//!
//! Every byte that goes in comes out: as text, in a frame, or in a report.

/// Longest frame body, in bytes, before it is given up.
pub const BODY_MAX: usize = 2048;

/// A piece of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes outside frames; may be cut anywhere.
    Text(Vec<u8>),
    /// A frame, its body decoded.
    Frame {
        /// What it carries.
        kind: u8,
        /// Its body.
        body: Vec<u8>,
    },
    /// Bytes between two zeros that are no frame.
    Bad {
        /// Why.
        why: Defect,
        /// The bytes, kind first, without zeros around them.
        bytes: Vec<u8>,
    },
}

/// What is wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// No frame has this kind.
    Kind,
    /// The body is not COBS.
    Cobs,
    /// The closing zero is missing: the line ended or the frame would be too long.
    Unclosed,
    /// The body is not what the kind says.
    Body,
}

impl std::fmt::Display for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Defect::Kind => "frame of unknown kind",
            Defect::Cobs => "damaged frame",
            Defect::Unclosed => "frame without an end",
            Defect::Body => "frame with contents that cannot be read",
        })
    }
}

/// Reads a line byte by byte.
#[derive(Clone, Debug)]
pub struct Splitter {
    known: fn(u8, usize) -> bool,
    tasks: usize,
    state: State,
    text: Vec<u8>,
}

#[derive(Clone, Debug)]
enum State {
    Text,
    Opened,
    Frame(Vec<u8>),
}

impl Splitter {
    /// A splitter for a line on which `tasks` tasks log.
    #[must_use]
    pub fn new(tasks: usize) -> Splitter {
        Splitter { known, tasks, state: State::Text, text: vec![] }
    }

    /// Takes bytes; gives the pieces that they complete. Text comes as it arrives.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = vec![];
        for &byte in bytes {
            self.state = match (std::mem::replace(&mut self.state, State::Text), byte) {
                (State::Text | State::Opened, 0) => State::Opened,
                (State::Text, byte) => {
                    self.text.push(byte);
                    State::Text
                }
                (State::Opened, byte) if is_text(byte) && !(self.known)(byte, self.tasks) => {
                    self.text.push(byte);
                    State::Text
                }
                (State::Opened, byte) => State::Frame(vec![byte]),
                (State::Frame(frame), 0) => {
                    self.flush(&mut pieces);
                    let piece = self.close(frame);
                    let good = matches!(piece, Piece::Frame { .. });
                    pieces.push(piece);
                    if good { State::Text } else { State::Opened }
                }
                (State::Frame(mut frame), byte) => {
                    frame.push(byte);
                    if frame.len() > BODY_MAX {
                        self.flush(&mut pieces);
                        pieces.push(Piece::Bad { why: Defect::Unclosed, bytes: frame });
                        State::Text
                    } else {
                        State::Frame(frame)
                    }
                }
            };
        }
        self.flush(&mut pieces);
        pieces
    }

    /// The line is at its end: gives what is left.
    pub fn finish(&mut self) -> Vec<Piece> {
        match std::mem::replace(&mut self.state, State::Text) {
            State::Frame(bytes) => vec![Piece::Bad { why: Defect::Unclosed, bytes }],
            State::Text | State::Opened => vec![],
        }
    }

    fn flush(&mut self, pieces: &mut Vec<Piece>) {
        if !self.text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut self.text)));
        }
    }

    fn close(&self, bytes: Vec<u8>) -> Piece {
        let Some((&kind, body)) = bytes.split_first() else {
            return Piece::Bad { why: Defect::Kind, bytes };
        };
        if !(self.known)(kind, self.tasks) {
            return Piece::Bad { why: Defect::Kind, bytes };
        }
        match unstuff(body) {
            Some(body) => Piece::Frame { kind, body },
            None => Piece::Bad { why: Defect::Cobs, bytes },
        }
    }
}

/// Whether a frame may have this kind.
fn known(kind: u8, tasks: usize) -> bool {
    use abi::log::{LINE_BOOT, LINE_END, LINE_SUMMARY, LINE_TASK};
    let task = kind.checked_sub(LINE_TASK).is_some_and(|index| usize::from(index) < tasks);
    task || matches!(kind, LINE_BOOT | LINE_END | LINE_SUMMARY)
}

/// Whether a byte starts text rather than a frame of a kind not known here.
fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b | b' '..=b'~')
}

/// Undoes COBS. `None` if a block runs beyond the end, or there is no block.
fn unstuff(mut bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.is_empty() {
        return None;
    }
    let mut body = Vec::with_capacity(bytes.len());
    while let Some((&code, rest)) = bytes.split_first() {
        let block = rest.get(..usize::from(code).checked_sub(1)?)?;
        body.extend_from_slice(block);
        bytes = &rest[block.len()..];
        if code != 255 && !bytes.is_empty() {
            body.push(0);
        }
    }
    Some(body)
}
