//! Scripts: commands with times, put into the boot-info page before the machine
//! starts.
//!
//! ```text
//!   1000000 step           at 1 s after boot
//!   # lines like this and empty ones are skipped
//!   3500000 break control
//! ```
//!
//! Lines are in order; one whose time has passed is due at once.

use core::fmt;

/// A command and when it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Microseconds after boot.
    pub at_us: u64,
    /// The command, as it would be typed.
    pub command: &'a str,
}

/// A line that is none of a script. Its `Display` is a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptError {
    /// Number of the line, from 1.
    pub line: u32,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "script line {}: expected `MICROSECONDS COMMAND` in ASCII; skipped", self.line)
    }
}

/// The entries of a script, one after the other.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    rest: &'a [u8],
    line: u32,
}

impl<'a> Script<'a> {
    /// A script in `text`.
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        Script { rest: text, line: 0 }
    }
}

impl<'a> Iterator for Script<'a> {
    type Item = Result<Entry<'a>, ScriptError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let end = self.rest.iter().position(|&b| b == b'\n');
            let (line, rest) = match end {
                Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
                None => (self.rest, &[][..]),
            };
            self.rest = rest;
            self.line += 1;
            let line = line.trim_ascii();
            if !line.is_empty() && !line.starts_with(b"#") {
                return Some(entry(line).ok_or(ScriptError { line: self.line }));
            }
        }
        None
    }
}

fn entry(line: &[u8]) -> Option<Entry<'_>> {
    // Printable only: the command is echoed, and a zero byte would look like a log frame.
    let printable = line.iter().all(|b| matches!(b, b' '..=b'~' | b'\t'));
    let line = str::from_utf8(line).ok().filter(|_| printable)?;
    let (at, command) = line.split_once([' ', '\t'])?;
    Some(Entry { at_us: at.parse().ok()?, command: command.trim_ascii() })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn entries(text: &[u8]) -> Vec<Result<(u64, &str), u32>> {
        Script::new(text).map(|e| e.map(|e| (e.at_us, e.command)).map_err(|e| e.line)).collect()
    }

    #[test]
    fn lines_are_times_and_commands() {
        let text = b"1000000 step\n\n# remark\n  2000000\tset  -1.5 \r\n3000000 break control";
        assert_eq!(
            entries(text),
            [
                Ok((1_000_000, "step")),
                Ok((2_000_000, "set  -1.5")),
                Ok((3_000_000, "break control"))
            ]
        );
    }

    #[test]
    fn bad_lines_are_named_and_the_rest_still_counts() {
        let text = b"soon step\n5\n-1 step\n7 a\x00b\n8 \xff\n99999999999999999999 step\n9 help\n";
        assert_eq!(
            entries(text),
            [Err(1), Err(2), Err(3), Err(4), Err(5), Err(6), Ok((9, "help"))]
        );
    }

    #[test]
    fn an_empty_script_has_no_entries() {
        assert_eq!(entries(b""), []);
        assert_eq!(entries(b"\n\n"), []);
    }
}
