//! The emulator: images run on this machine, watched and bounded.
//!
//! ```text
//!   archive ─► command line ─► Process ─► bytes ─► decoder ─► Event …
//!   wishes  ─► boot-info page ─┘             limit, last lines ─► Outcome or Error
//! ```
//!
//! Two clocks. In both every instruction takes a nanosecond of the guest's time. In
//! *virtual* time waiting is skipped: a run is as short as it can be, and two runs of
//! an image print the same bytes. In *wall* time waiting takes as long as it says,
//! for people who type.
//!
//! No run outlives its limit, and no emulator outlives its [`Process`].
#![forbid(unsafe_code)]

mod boot_info;
mod process;
pub mod report;

pub use boot_info::{Command, Error as WishError, Wishes};
pub use process::{Next, Process};

use exov6_archive::Archive;
use exov6_decode::{Decoder, Event, Style};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many of its last lines the error about a failed run shows.
pub const LAST_LINES: usize = 12;

/// Boots after which a run is given up: an image that keeps resetting itself does so
/// much faster than a limit passes.
pub const BOOTS_MAX: u32 = 16;

/// The guest's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Time {
    /// Waiting is skipped. Deterministic.
    #[default]
    Virtual,
    /// Waiting takes its time on the host.
    Wall,
}

/// How an image comes into the emulator's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Loading {
    /// As an operating system: the emulator enters it as its board's firmware would.
    #[default]
    Kernel,
    /// As bytes that processor 0 begins with, at the highest level that it has.
    Raw,
    /// As bytes, below another program that the emulator enters and that enters the
    /// image.
    Under(PathBuf),
}

/// A plugin of the emulator's, which watches a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// The plugin: a shared library.
    pub file: PathBuf,
    /// Where it is to write what it saw; it is told so as its argument `out`.
    pub out: PathBuf,
}

/// How to run an image.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The guest's clock.
    pub time: Time,
    /// What the image is asked to do.
    pub wishes: Wishes,
    /// End the emulator after this long, in the host's time; `None`: never.
    pub limit: Option<Duration>,
    /// Wait for a debugger on this TCP port of this machine.
    pub gdb: Option<u16>,
    /// Keep the guest's memory in this file, which becomes as long as the memory is. What
    /// it holds is there when the guest starts, and what it holds at the end stays.
    pub memory: Option<PathBuf>,
    /// Let this watch the run.
    pub plugin: Option<Plugin>,
    /// Exception level at which to enter the image; `None`: as the board usually does.
    pub entry: Option<u32>,
    /// How the image comes into memory.
    pub loading: Loading,
}

/// Why an image did not run, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The board has no emulator.
    #[error("board {board} cannot be emulated: its file has no [qemu] section")]
    NoEmulator {
        /// Name of the board.
        board: String,
    },
    /// The board's emulator cannot enter an image at that level.
    #[error("board {board} has no entry at EL{level}: see `entries` in its [qemu] section")]
    NoEntry {
        /// Name of the board.
        board: String,
        /// Level that was asked for.
        level: u32,
    },
    /// The emulator does not start.
    #[error("cannot start {program}: {source}; `cargo xtask setup` installs it")]
    Start {
        /// The emulator.
        program: String,
        /// What went wrong.
        source: std::io::Error,
    },
    /// A temporary file cannot be written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The wishes do not fit into their page.
    #[error(transparent)]
    Wishes(#[from] WishError),
    /// The archive cannot be decoded.
    #[error(transparent)]
    Decode(#[from] exov6_decode::Error),
    /// The guest was still running at the limit.
    #[error("the image did not come to its end within {} s and was stopped\n{last}", limit.as_secs())]
    Hung {
        /// The limit.
        limit: Duration,
        /// What it said last.
        last: Last,
    },
    /// The guest keeps resetting itself.
    #[error("the image has started {boots} times and was stopped\n{last}")]
    Resets {
        /// How often it has started.
        boots: u32,
        /// What it said last.
        last: Last,
    },
    /// The emulator ended without the guest asking for it.
    #[error(
        "the emulator ended without the image asking for it ({status}){}\n{last}",
        complaint(complaints)
    )]
    Died {
        /// How it ended.
        status: String,
        /// What it said itself.
        complaints: String,
        /// What the guest said last.
        last: Last,
    },
}

fn complaint(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// The last lines of a guest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Last(pub VecDeque<String>);

impl Last {
    fn push(&mut self, line: String) {
        if self.0.len() == LAST_LINES {
            self.0.pop_front();
        }
        self.0.push_back(line);
    }
}

impl std::fmt::Display for Last {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("It said nothing.");
        }
        f.write_str("It said last:")?;
        self.0.iter().try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Exit status that the guest chose.
    pub status: i32,
    /// Whether it said that everything has been said.
    pub ended: bool,
    /// Last counters of each task, by name.
    pub summaries: BTreeMap<String, Vec<u64>>,
    /// Host time.
    pub elapsed: Duration,
    /// Its last lines.
    pub last: Last,
}

/// Runs an image to its end; `watch` sees everything that it says, as it says it.
///
/// # Errors
/// [`Error`], with the image's last lines if it hangs or dies. A status other than
/// 0 is no error here.
pub fn run(
    archive: &Archive,
    image: &Path,
    options: &Options,
    watch: &mut dyn FnMut(&Event),
) -> Result<Outcome, Error> {
    let mut decoder = Decoder::new(archive)?;
    let mut process = Process::start(&archive.manifest, image, options)?;
    let mut log = Watched::new(Style::new(&archive.manifest, false), watch);
    let status = loop {
        match process.next(Duration::from_secs(1)) {
            Next::Bytes(bytes) => {
                decoder.feed(&bytes).iter().for_each(|e| log.see(e));
                if log.boots > BOOTS_MAX {
                    return Err(Error::Resets { boots: log.boots, last: log.finish().last });
                }
            }
            Next::Quiet => {}
            Next::Ended(status) => break status,
            Next::TimedOut => {
                decoder.finish().iter().for_each(|e| log.see(e));
                let limit = options.limit.unwrap_or_default();
                return Err(Error::Hung { limit, last: log.finish().last });
            }
        }
    };
    decoder.finish().iter().for_each(|e| log.see(e));
    let elapsed = process.elapsed();
    let complaints = process.complaints();
    let outcome = log.finish();
    match status {
        // QEMU itself ends with 1 when it does not like something, and says so.
        Some(status) if status == 0 || complaints.is_empty() => {
            Ok(Outcome { status, elapsed, ..outcome })
        }
        status => {
            let status = status.map_or("by a signal".to_owned(), |s| format!("status {s}"));
            Err(Error::Died { status, complaints, last: outcome.last })
        }
    }
}

/// Collects an outcome from events.
struct Watched<'a> {
    style: Style,
    watch: &'a mut dyn FnMut(&Event),
    outcome: Outcome,
    text: String,
    boots: u32,
}

impl<'a> Watched<'a> {
    fn new(style: Style, watch: &'a mut dyn FnMut(&Event)) -> Self {
        Watched { style, watch, outcome: Outcome::default(), text: String::new(), boots: 0 }
    }

    fn see(&mut self, event: &Event) {
        match event {
            Event::Text(text) => {
                self.text.push_str(text);
                while let Some(end) = self.text.find('\n') {
                    let line: String = self.text.drain(..=end).collect();
                    self.outcome.last.push(line.trim_end().to_owned());
                }
            }
            Event::Summary { task, values } => {
                self.outcome.summaries.insert(task.clone(), values.clone());
            }
            Event::End => self.outcome.ended = true,
            event => {
                self.boots += u32::from(matches!(event, Event::Boot(_)));
                if let Some(line) = self.style.line(event) {
                    self.outcome.last.push(line);
                }
            }
        }
        (self.watch)(event);
    }

    fn finish(mut self) -> Outcome {
        if !self.text.trim().is_empty() {
            self.outcome.last.push(self.text.trim_end().to_owned());
        }
        self.outcome
    }
}
