//! Why there is no `task.rs`: a message for whoever builds the task.

use std::fmt;
use std::path::{Path, PathBuf};

/// An error, with the files that it may be cured in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    message: String,
    /// Files whose change is a reason to try again.
    pub(crate) inputs: Vec<PathBuf>,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Error { message: message.into(), inputs: Vec::new() }
    }

    pub(crate) fn with_input(mut self, input: &Path) -> Self {
        self.inputs.push(input.to_owned());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
