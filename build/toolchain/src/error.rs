//! What can be missing, told with the commands that would help.

use std::path::PathBuf;

/// Why there is no toolchain, or why installing one failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// None of the routes leads anywhere.
    #[error("no compiler for {targets}\n{tried}\n\n{help}")]
    NoToolchain {
        /// Targets that are needed.
        targets: String,
        /// One line per route: where it looked and what was not there.
        tried: String,
        /// Commands for this system.
        help: String,
    },
    /// There is a compiler and no linker.
    #[error("no linker: neither `rust-lld` in a rustup toolchain nor `ld.lld` in PATH\n\n{help}")]
    NoLinker {
        /// Commands for this system.
        help: String,
    },
    /// Something is missing that cannot be installed from here.
    #[error("missing: {missing}\n\n{help}")]
    Missing {
        /// Names of what is missing.
        missing: String,
        /// Commands for this system.
        help: String,
    },
    /// A command of the package manager failed.
    #[error("`{command}` failed ({why})\n{output}")]
    Install {
        /// The command line.
        command: String,
        /// Its status, or why it did not start.
        why: String,
        /// The end of what it printed.
        output: String,
    },
    /// The system's packages are too old.
    #[error("this system's packages have no Rust {minimum} or newer (tried {tried})\n\n{help}")]
    TooOld {
        /// What is needed.
        minimum: crate::Version,
        /// Packages and their versions.
        tried: String,
        /// Commands for this system.
        help: String,
    },
    /// After installing, something is still missing.
    #[error("installed {packages}, and still missing: {missing}")]
    StillMissing {
        /// What was installed.
        packages: String,
        /// What is missing.
        missing: String,
    },
    /// A file that should be there could not be used.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
}
