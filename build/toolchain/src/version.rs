//! Versions of compilers, as `rustc --version` prints them.

use std::path::Path;
use std::process::{Command, Stdio};

/// A release of Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number.
    pub patch: u32,
}

impl Version {
    /// Finds the first `N.N.N` in a text such as `rustc 1.96.0 (ac68faa20 2026-05-25)`.
    /// A suffix (`-nightly`, `+dfsg1`) is ignored.
    #[must_use]
    pub fn parse(text: &str) -> Option<Version> {
        text.split_whitespace().find_map(|word| {
            let end = word.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(word.len());
            let mut parts = word[..end].split('.').map(|n| n.parse().ok());
            let version =
                Version { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? };
            parts.next().is_none().then_some(version)
        })
    }

    /// Asks a compiler. `None` if it does not start or says something else.
    #[must_use]
    pub fn of(rustc: &Path) -> Option<Version> {
        let output = Command::new(rustc)
            .arg("--version")
            .env_remove("LD_LIBRARY_PATH")
            .env_remove("RUSTUP_TOOLCHAIN")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        Version::parse(std::str::from_utf8(&output.stdout).ok()?)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn a_version_is_read_from_what_compilers_and_apt_print() {
        let v = |major, minor, patch| Some(Version { major, minor, patch });
        assert_eq!(Version::parse("rustc 1.96.0 (ac68faa20 2026-05-25)"), v(1, 96, 0));
        assert_eq!(Version::parse("rustc 1.97.0-nightly (abc 2026-05-25)"), v(1, 97, 0));
        assert_eq!(Version::parse("  Candidate: 1.63.0+dfsg1-2"), v(1, 63, 0));
        assert_eq!(Version::parse("  Candidate: (none)"), None);
        assert_eq!(Version::parse(""), None);
    }

    #[test]
    fn versions_are_ordered_by_number_and_not_by_letter() {
        assert!(Version::parse("1.100.0") > Version::parse("1.95.1"));
    }
}
