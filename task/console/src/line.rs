//! The line editor: bytes of a terminal in, echo and whole lines out.
//!
//! | byte | does |
//! | --- | --- |
//! | printable ASCII | is added and echoed; the bell, if the line is full |
//! | backspace, delete | takes the last character back |
//! | Ctrl-U | takes the whole line back |
//! | Ctrl-C | abandons the line |
//! | CR, LF, CR LF | ends the line, once |
//! | ESC … | cursor keys and the like: swallowed |
//!
//! Everything else is ignored, in particular bytes of UTF-8 sequences.

use core::fmt::{Result, Write};

/// Longest line, in bytes.
pub const LINE_BYTES: usize = 80;

/// Erases the character before the cursor of a terminal.
const ERASE: &str = "\x08 \x08";

/// What a byte led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The line goes on.
    Nothing,
    /// The line is complete: read [`Editor::line`], then [`Editor::clear`].
    Line,
    /// The line was abandoned and is empty again: print a new prompt.
    Abandoned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Text,
    /// A CR ended the line; an LF right after it belongs to it.
    AfterReturn,
    /// After ESC.
    Escape,
    /// After ESC and `[` (or O): until a letter or `~`.
    Sequence,
}

/// A line being typed.
#[derive(Clone, Debug)]
pub struct Editor {
    bytes: [u8; LINE_BYTES],
    length: usize,
    mode: Mode,
}

impl Default for Editor {
    fn default() -> Self {
        Self::new()
    }
}

impl Editor {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        Editor { bytes: [0; LINE_BYTES], length: 0, mode: Mode::Text }
    }

    /// What was typed so far.
    #[must_use]
    pub fn line(&self) -> &str {
        // Only printable ASCII is ever stored.
        self.bytes.get(..self.length).and_then(|b| str::from_utf8(b).ok()).unwrap_or("")
    }

    /// Forgets the line, without echo.
    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// Takes one byte and writes its echo.
    ///
    /// # Errors
    /// Those of `echo`.
    pub fn feed(
        &mut self,
        byte: u8,
        echo: &mut impl Write,
    ) -> core::result::Result<Event, core::fmt::Error> {
        let mode = core::mem::replace(&mut self.mode, Mode::Text);
        match (mode, byte) {
            (Mode::Escape, b'[' | b'O') => self.mode = Mode::Sequence,
            (Mode::Escape, _) => {}
            (Mode::Sequence, b'@'..=b'~') => {}
            (Mode::Sequence, b' '..=b'?') => self.mode = Mode::Sequence,
            (Mode::AfterReturn, b'\n') => {}
            (_, b'\r' | b'\n') => {
                if byte == b'\r' {
                    self.mode = Mode::AfterReturn;
                }
                echo.write_str("\n")?;
                return Ok(Event::Line);
            }
            (_, 0x1b) => self.mode = Mode::Escape,
            (_, 0x03) => {
                self.clear();
                echo.write_str("^C\n")?;
                return Ok(Event::Abandoned);
            }
            (_, 0x08 | 0x7f) => self.erase(echo)?,
            (_, 0x15) => {
                while self.length > 0 {
                    self.erase(echo)?;
                }
            }
            (_, b' '..=b'~') => match self.bytes.get_mut(self.length) {
                Some(place) => {
                    *place = byte;
                    self.length += 1;
                    echo.write_char(char::from(byte))?;
                }
                None => echo.write_str("\x07")?,
            },
            _ => {}
        }
        Ok(Event::Nothing)
    }

    fn erase(&mut self, echo: &mut impl Write) -> Result {
        if self.length == 0 {
            return Ok(());
        }
        self.length -= 1;
        echo.write_str(ERASE)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    /// Lines and echo of typing `bytes`.
    fn typed(bytes: &[u8]) -> (Vec<String>, String) {
        let (mut editor, mut lines, mut echo) = (Editor::new(), Vec::new(), String::new());
        for &byte in bytes {
            match editor.feed(byte, &mut echo).expect("a String takes everything") {
                Event::Line => {
                    lines.push(String::from(editor.line()));
                    editor.clear();
                }
                Event::Abandoned => assert_eq!(editor.line(), ""),
                Event::Nothing => {}
            }
        }
        lines.push(String::from(editor.line()));
        (lines, echo)
    }

    #[test]
    fn what_is_typed_is_echoed_and_ends_with_return() {
        assert_eq!(typed(b"set 1\r"), (std::vec!["set 1".into(), "".into()], "set 1\n".into()));
    }

    #[test]
    fn return_and_line_feed_together_end_one_line() {
        assert_eq!(typed(b"a\r\nb\nc\r\rd").0, ["a", "b", "c", "", "d"]);
    }

    #[test]
    fn backspace_takes_one_character_back_and_stops_at_the_start() {
        let (lines, echo) = typed(b"ab\x7f\x08\x08c");
        assert_eq!(lines, ["c"]);
        assert_eq!(echo, "ab\x08 \x08\x08 \x08c");
    }

    #[test]
    fn control_u_takes_the_line_back() {
        let (lines, echo) = typed(b"abc\x15x");
        assert_eq!(lines, ["x"]);
        assert_eq!(echo.matches(ERASE).count(), 3);
    }

    #[test]
    fn control_c_abandons_the_line() {
        assert_eq!(typed(b"abc\x03de\r").0, ["de", ""]);
    }

    #[test]
    fn cursor_keys_leave_no_trace() {
        assert_eq!(typed(b"a\x1b[A\x1b[1;5D\x1bOPb\x1b[3~c\x1bxd").0, ["abcd"]);
    }

    #[test]
    fn a_full_line_rings_the_bell_and_keeps_what_it_has() {
        let (lines, echo) = typed(&[b'x'; LINE_BYTES + 2]);
        assert_eq!(lines[0].len(), LINE_BYTES);
        assert!(echo.ends_with("x\x07\x07"));
    }

    #[test]
    fn whatever_arrives_the_echo_has_no_zero_byte() {
        let all: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        let (lines, echo) = typed(&all);
        assert!(!echo.contains('\0'));
        assert!(lines.iter().all(|l| l.bytes().all(|b| (b' '..=b'~').contains(&b))));
    }
}
