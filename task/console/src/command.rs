//! Commands: a line of text in, a command or a sentence about what is wrong out.

use crate::text::decimal;
use core::fmt;

/// Samples that `samples` shows without a number.
pub const SAMPLES_DEFAULT: u64 = 10;
/// Most samples that `samples` shows.
pub const SAMPLES_MAX: u64 = 1000;

/// A command, understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Command<'a> {
    /// Show tasks, loop and set-point.
    Status,
    /// Change the set-point.
    Set(f64),
    /// Record and plot a step.
    Step,
    /// Make the task of this name fault.
    Break(&'a str),
    /// Show the last faults.
    History,
    /// Show the last samples, 1 to [`SAMPLES_MAX`] of them.
    Samples(u64),
    /// End the run.
    Stop,
    /// List the commands.
    Help,
}

/// Names, arguments and meaning of the commands, as `help` lists them.
pub const COMMANDS: [(&str, &str, &str); 8] = [
    ("status", "", "tasks, loop and set-point"),
    ("set", "NUMBER", "change the set-point"),
    ("step", "", "set-point to 1 at the next 0.1 s, then plot the response"),
    ("break", "TASK", "make a task fault"),
    ("history", "", "the last faults, and what became of them"),
    ("samples", "[COUNT]", "the last samples of the loop"),
    ("stop", "", "write out the log and leave the emulator"),
    ("help", "", "this list"),
];

/// Why a line is no command. Its `Display` is a sentence for whoever typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError<'a> {
    /// No command of that name; perhaps this one was meant.
    Unknown(&'a str, Option<&'static str>),
    /// The command lacks its argument, which is such a thing.
    Missing(&'static str, &'static str),
    /// Something stands behind a complete command.
    Surplus(&'static str, &'a str),
    /// This is no decimal number.
    NoNumber(&'a str),
    /// This is no count from 1 to [`SAMPLES_MAX`].
    NoCount(&'a str),
}

impl fmt::Display for CommandError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandError::Unknown(word, Some(name)) => {
                write!(f, "no command `{word}`; did you mean `{name}`?")
            }
            CommandError::Unknown(word, None) => {
                write!(f, "no command `{word}`; `help` lists what there is")
            }
            CommandError::Missing(name, what) => write!(f, "`{name}` needs {what}"),
            CommandError::Surplus(name, word) => {
                write!(f, "`{word}` is too much: `{name}` ends before it")
            }
            CommandError::NoNumber(word) => write!(f, "`{word}` is no number like -1.5"),
            CommandError::NoCount(word) => {
                write!(f, "`{word}` is no count from 1 to {SAMPLES_MAX}")
            }
        }
    }
}

/// Understands a line. `Ok(None)` for an empty one.
///
/// # Errors
/// What is wrong with the line; nothing should be done.
pub fn parse(line: &str) -> Result<Option<Command<'_>>, CommandError<'_>> {
    let mut words = line.split_ascii_whitespace();
    let Some(first) = words.next() else { return Ok(None) };
    let (name, command) = match first {
        "status" => ("status", Command::Status),
        "step" => ("step", Command::Step),
        "help" | "?" => ("help", Command::Help),
        "set" => {
            let word = words.next().ok_or(CommandError::Missing("set", "a number, like 1.5"))?;
            ("set", Command::Set(decimal(word).ok_or(CommandError::NoNumber(word))?))
        }
        "break" => {
            let task = words.next().ok_or(CommandError::Missing("break", "the name of a task"))?;
            ("break", Command::Break(task))
        }
        "history" => ("history", Command::History),
        "stop" => ("stop", Command::Stop),
        "samples" => {
            let count = match words.next() {
                None => SAMPLES_DEFAULT,
                Some(word) => word
                    .parse()
                    .ok()
                    .filter(|n| (1..=SAMPLES_MAX).contains(n))
                    .ok_or(CommandError::NoCount(word))?,
            };
            ("samples", Command::Samples(count))
        }
        unknown => {
            let names = COMMANDS.iter().map(|(name, _, _)| *name);
            return Err(CommandError::Unknown(unknown, suggest(unknown, names)));
        }
    };
    match words.next() {
        Some(surplus) => Err(CommandError::Surplus(name, surplus)),
        None => Ok(Some(command)),
    }
}

/// Longest word that is compared, in bytes.
const WORD_BYTES: usize = 24;

/// The name that was probably meant: one that `word` begins, or the nearest of those
/// at most two edits (of single characters, or swaps of neighbours) away, fewer for
/// short words. `None` if nothing is near.
pub fn suggest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let mut best: Option<(usize, &str)> = None;
    for name in names {
        let distance = if word.len() >= 2 && name.starts_with(word) {
            0
        } else {
            edits(word.as_bytes(), name.as_bytes()).unwrap_or(usize::MAX)
        };
        let near = distance <= 2 && distance < word.len().min(name.len());
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Edits between two words, a swap of neighbours counting as one ("optimal string
/// alignment"). `None` if a word is longer than [`WORD_BYTES`].
fn edits(a: &[u8], b: &[u8]) -> Option<usize> {
    if a.len() > WORD_BYTES || b.len() > WORD_BYTES {
        return None;
    }
    // Three rows of the table of edits between prefixes: distances fit a byte.
    let mut before = [0_u8; WORD_BYTES + 1];
    let mut above = [0_u8; WORD_BYTES + 1];
    for (j, cell) in above.iter_mut().enumerate() {
        *cell = j as u8;
    }
    for i in 1..=a.len() {
        let mut row = [0_u8; WORD_BYTES + 1];
        row[0] = i as u8;
        for j in 1..=b.len() {
            let changed = u8::from(a[i - 1] != b[j - 1]);
            let mut least = (above[j] + 1).min(row[j - 1] + 1).min(above[j - 1] + changed);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row[j] = least;
        }
        (before, above) = (above, row);
    }
    Some(usize::from(above[b.len()]))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::format;

    fn complaint(line: &str) -> std::string::String {
        format!("{}", parse(line).expect_err(line))
    }

    #[test]
    fn every_command_is_understood() {
        assert_eq!(parse("status"), Ok(Some(Command::Status)));
        assert_eq!(parse("  set   -1.5 "), Ok(Some(Command::Set(-1.5))));
        assert_eq!(parse("step"), Ok(Some(Command::Step)));
        assert_eq!(parse("break control"), Ok(Some(Command::Break("control"))));
        assert_eq!(parse("history"), Ok(Some(Command::History)));
        assert_eq!(parse("samples"), Ok(Some(Command::Samples(10))));
        assert_eq!(parse("samples 25"), Ok(Some(Command::Samples(25))));
        assert_eq!(parse("stop"), Ok(Some(Command::Stop)));
        assert_eq!(parse("help"), Ok(Some(Command::Help)));
        assert_eq!(parse("?"), Ok(Some(Command::Help)));
        assert_eq!(parse(" \t "), Ok(None));
    }

    #[test]
    fn help_lists_exactly_what_is_understood() {
        for (name, argument, _) in COMMANDS {
            let line = match argument {
                "NUMBER" => format!("{name} 1"),
                "TASK" => format!("{name} x"),
                _ => name.into(),
            };
            assert!(matches!(parse(&line), Ok(Some(_))), "{line}");
        }
    }

    #[test]
    fn complaints_say_what_to_do() {
        assert_eq!(complaint("stpe"), "no command `stpe`; did you mean `step`?");
        assert_eq!(complaint("hist"), "no command `hist`; did you mean `history`?");
        assert_eq!(complaint("frobnicate"), "no command `frobnicate`; `help` lists what there is");
        assert_eq!(complaint("set"), "`set` needs a number, like 1.5");
        assert_eq!(complaint("set much"), "`much` is no number like -1.5");
        assert_eq!(complaint("break"), "`break` needs the name of a task");
        assert_eq!(complaint("step up"), "`up` is too much: `step` ends before it");
        assert_eq!(complaint("samples 0"), "`0` is no count from 1 to 1000");
        assert_eq!(complaint("samples -1"), "`-1` is no count from 1 to 1000");
    }

    #[test]
    fn edits_are_counted_like_a_person_would() {
        let count = |a: &str, b: &str| edits(a.as_bytes(), b.as_bytes());
        assert_eq!(count("control", "control"), Some(0));
        assert_eq!(count("contorl", "control"), Some(1));
        assert_eq!(count("contol", "control"), Some(1));
        assert_eq!(count("kitten", "sitting"), Some(3));
        assert_eq!(count("", "abc"), Some(3));
        assert_eq!(count(&"x".repeat(25), "x"), None);
    }

    #[test]
    fn the_nearest_name_is_suggested_and_nothing_far() {
        let tasks = ["supervisor", "uart", "plant", "store", "sense", "control", "act", "log"];
        let near = |word| suggest(word, tasks.into_iter());
        assert_eq!(near("contol"), Some("control"));
        assert_eq!(near("super"), Some("supervisor"));
        assert_eq!(near("sens"), Some("sense"));
        assert_eq!(near("stroe"), Some("store"));
        assert_eq!(near("x"), None);
        assert_eq!(near("lz"), None);
        assert_eq!(near("zebra"), None);
        assert_eq!(near(""), None);
    }
}
