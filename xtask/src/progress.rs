//! How far a build is: one line that changes on a terminal, few lines elsewhere.

use exov6_image::Progress;
use std::io::{IsTerminal, Write};

/// First words of cargo's own lines, as opposed to a compiler's messages.
const STATUS: [&str; 14] = [
    "Adding",
    "Blocking",
    "Building",
    "Checking",
    "Compiling",
    "Dirty",
    "Downloaded",
    "Downloading",
    "Finished",
    "Fresh",
    "Locking",
    "Removed",
    "Running",
    "Updating",
];

/// Shows progress on standard error.
pub struct Bar {
    terminal: bool,
    stage: String,
    quiet: bool,
}

impl Bar {
    /// A bar that shows nothing yet.
    pub fn new() -> Bar {
        Bar { terminal: std::io::stderr().is_terminal(), stage: String::new(), quiet: false }
    }

    /// A bar that only passes on a compiler's messages.
    pub fn quiet() -> Bar {
        Bar { quiet: true, ..Bar::new() }
    }

    /// Shows a step.
    pub fn show(&mut self, progress: &Progress) {
        match progress {
            Progress::Cargo(line) => self.cargo(line),
            stage => {
                self.stage = stage.to_string();
                self.status("");
            }
        }
    }

    fn cargo(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        match words.next() {
            None => {}
            Some("Compiling" | "Downloading" | "Downloaded") => {
                let what = words.next().unwrap_or_default().to_owned();
                self.status(&what);
            }
            Some(word) if STATUS.contains(&word) => {}
            Some(_) => {
                self.clear();
                eprintln!("{line}");
            }
        }
    }

    fn status(&mut self, detail: &str) {
        if self.quiet {
            return;
        }
        let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        if self.terminal {
            eprint!("\r\x1b[K    Building {}{detail}", self.stage);
            let _ = std::io::stderr().flush();
        } else if detail.is_empty() || detail.ends_with(": core") {
            eprintln!("    Building {}{detail}", self.stage);
        }
    }

    /// Removes the line.
    pub fn clear(&self) {
        if self.terminal && !self.quiet {
            eprint!("\r\x1b[K");
            let _ = std::io::stderr().flush();
        }
    }
}
