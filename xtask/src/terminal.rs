//! The terminal: keys one by one while an image runs, and as it was afterwards.

use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use std::io::IsTerminal;

/// Restores the terminal when dropped, also while panicking.
pub struct Keys {
    before: Option<Termios>,
}

impl Keys {
    /// Makes standard input, if it is a terminal, give each key at once, without
    /// showing it. Output is not touched: a line feed still starts a line.
    pub fn one_by_one() -> Keys {
        let input = std::io::stdin();
        if !input.is_terminal() {
            return Keys { before: None };
        }
        let Ok(before) = termios::tcgetattr(&input) else { return Keys { before: None } };
        let mut now = before.clone();
        now.local_modes -=
            LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
        now.input_modes -= termios::InputModes::IXON;
        now.special_codes[SpecialCodeIndex::VMIN] = 1;
        now.special_codes[SpecialCodeIndex::VTIME] = 0;
        if termios::tcsetattr(&input, OptionalActions::Now, &now).is_err() {
            return Keys { before: None };
        }
        Keys { before: Some(before) }
    }

    /// Whether Ctrl-C arrives as a key.
    pub fn active(&self) -> bool {
        self.before.is_some()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // Nothing can be done if the terminal has gone.
            let _ = termios::tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}
