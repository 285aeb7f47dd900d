//! Beginnings: a new application, a new task of one, a new board.
//!
//! ```text
//!   templates/ ─► names filled in ─► files that were not there before
//!   Cargo.toml, app.toml           ─► the lines that make them part of something
//! ```
//!
//! What is made is complete: it passes `check`, builds, runs and has tests. Nothing that
//! exists is overwritten; [`app`], [`task`] and [`board`] look before they write.
#![forbid(unsafe_code)]

mod app;
mod board;
mod files;
mod manifest;
mod task;

pub use app::{App, app, next_steps};
pub use board::{Board, board};
pub use task::{Task, task};

use std::path::PathBuf;

/// Longest name, in bytes; that of `app.toml`.
const NAME_MAX: usize = 32;

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// New files.
    pub files: Vec<PathBuf>,
    /// Files that were there and have more in them now.
    pub changed: Vec<PathBuf>,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that `app.toml` or cargo would not take.
    #[error(
        "`{name}` is no name for {what}: a name is a lower-case letter, then lower-case \
         letters, digits and `-`; at most {NAME_MAX} characters{help}"
    )]
    Name {
        /// What was to have it.
        what: &'static str,
        /// The name.
        name: String,
        /// What to do, after a semicolon; may be empty.
        help: &'static str,
    },
    /// Something is there already.
    #[error("{} exists already; {help}", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
        /// What to do.
        help: &'static str,
    },
    /// Something that is named is not there.
    #[error("{what} `{name}`{}", help.as_ref().map(|help| format!("; {help}")).unwrap_or_default())]
    Unknown {
        /// `there is no task`, and the like.
        what: &'static str,
        /// Its name.
        name: String,
        /// The nearest that there is.
        help: Option<String>,
    },
    /// The place does not do.
    #[error("{}: {why}", path.display())]
    Place {
        /// Which place.
        path: PathBuf,
        /// Why not, and what to do.
        why: String,
    },
    /// The application is wrong as it is, or what was added does not fit it.
    #[error("{}", .0.render(false))]
    Config(Box<exov6_config::Errors>),
    /// A file that must be changed cannot be understood.
    #[error("{}: {source}", path.display())]
    Toml {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: toml_edit::TomlError,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Refuses what is no name, or does not do as part of a package's name.
fn check_name(what: &'static str, name: &str, help: &'static str) -> Result<(), Error> {
    let lower = |c: char| c.is_ascii_lowercase();
    let good = name.starts_with(lower)
        && name.chars().all(|c| lower(c) || c.is_ascii_digit() || c == '-')
        && !name.ends_with('-')
        && !name.contains("--")
        && name.len() <= NAME_MAX;
    if good { Ok(()) } else { Err(Error::Name { what, name: name.to_owned(), help }) }
}

/// A name as a type: `led-driver` becomes `LedDriver`.
fn camel_case(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::{camel_case, check_name};

    #[test]
    fn names_are_those_that_packages_and_tasks_can_have() {
        for good in ["a", "blinky", "led-driver2"] {
            assert!(check_name("a task", good, "").is_ok(), "{good}");
        }
        let long = "a".repeat(33);
        for bad in ["", "1st", "Blinky", "a b", "a/b", "..", "-a", "a-", "a--b", "a_b", "ä", &long]
        {
            let text = check_name("a task", bad, "; so").unwrap_err().to_string();
            assert!(text.starts_with(&format!("`{bad}` is no name for a task: ")), "{text}");
            assert!(text.ends_with("32 characters; so"), "{text}");
        }
    }

    #[test]
    fn a_name_becomes_a_type() {
        assert_eq!(camel_case("counter"), "Counter");
        assert_eq!(camel_case("led-driver2"), "LedDriver2");
    }
}
