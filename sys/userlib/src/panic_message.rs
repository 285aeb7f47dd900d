//! A panic's message and place in the 128 bytes that the kernel keeps:
//! `MESSAGE at FILE:LINE:COLUMN`. A long message is cut so that the place stays whole.

use abi::limits::PANIC_BYTES;
use core::fmt::{self, Write};

/// Bytes that a message gets at least, however long the file's path.
const MESSAGE_LEAST: usize = 48;

/// Text of at most [`PANIC_BYTES`] bytes.
pub struct PanicMessage {
    bytes: [u8; PANIC_BYTES],
    used: usize,
    limit: usize,
}

impl PanicMessage {
    /// No text yet.
    pub const fn new() -> Self {
        PanicMessage { bytes: [0; PANIC_BYTES], used: 0, limit: PANIC_BYTES }
    }

    /// Writes message and place.
    pub fn write(&mut self, message: impl fmt::Display, file: &str, line: u32, column: u32) {
        let place = format_args!(" at {file}:{line}:{column}");
        let mut length = Length(0);
        let _ = length.write_fmt(place);
        self.limit = PANIC_BYTES.saturating_sub(length.0).max(MESSAGE_LEAST);
        // Errors are cut-off text, and a message without its end is still a message.
        let _ = write!(self, "{message}");
        self.limit = PANIC_BYTES;
        let _ = self.write_fmt(place);
    }

    /// The text so far; it may end inside a character.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.used]
    }
}

impl Write for PanicMessage {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = text.len().min(self.limit.saturating_sub(self.used));
        for (to, from) in self.bytes[self.used..].iter_mut().zip(&text.as_bytes()[..fits]) {
            *to = *from;
        }
        self.used += fits;
        if fits == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Counts text instead of keeping it.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec;

    fn written(message: &str, file: &str) -> String {
        let mut out = PanicMessage::new();
        out.write(message, file, 12, 5);
        String::from_utf8_lossy(out.as_bytes()).into_owned()
    }

    #[test]
    fn message_and_place_are_joined() {
        assert_eq!(
            written("no sample", "task/act/src/main.rs"),
            "no sample at task/act/src/main.rs:12:5"
        );
    }

    #[test]
    fn a_long_message_is_cut_and_its_place_kept() {
        let long = String::from_utf8(vec![b'm'; 300]).unwrap();
        let text = written(&long, "task/act/src/main.rs");
        assert_eq!(text.len(), PANIC_BYTES);
        assert!(text.ends_with("m at task/act/src/main.rs:12:5"), "{text}");
    }

    #[test]
    fn a_long_path_leaves_room_for_the_message() {
        let long = String::from_utf8(vec![b'p'; 300]).unwrap();
        let text = written("no sample", &long);
        assert_eq!(text.len(), PANIC_BYTES);
        assert!(text.starts_with("no sample at ppp"), "{text}");
    }
}
