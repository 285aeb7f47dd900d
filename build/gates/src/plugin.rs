//! The emulator's plugin: built when it is needed, and what it reports.

use crate::Error;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The plugin's package.
const PACKAGE: &str = "exov6-qemu-plugin";

/// Builds the plugin with the cargo that runs us, and says where it is.
pub(crate) fn build(root: &Path) -> Result<PathBuf, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--package", PACKAGE])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root)
        .output()
        .map_err(|error| Error::Plugin(format!("cannot start cargo: {error}")))?;
    if !output.status.success() {
        return Err(Error::Plugin(format!("\n{}", String::from_utf8_lossy(&output.stderr))));
    }
    library(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| Error::Plugin("cargo made no shared library".to_owned()))
}

/// The plugin's library among cargo's messages, a message a line.
fn library(messages: &str) -> Option<PathBuf> {
    let mut messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let name = PACKAGE.replace('-', "_");
    let ours = messages.find(|m| m["target"]["name"] == *name)?;
    Some(ours["filenames"].as_array()?.first()?.as_str()?.into())
}

/// What the plugin saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Instructions of the longest stretch.
    pub instructions: u64,
    /// Address of its first instruction.
    pub from: u64,
    /// Address of its last instruction.
    pub to: u64,
    /// Number of stretches.
    pub of: u64,
    /// Addresses that were executed in the longest one, each with how often.
    pub places: Vec<(u64, u64)>,
}

impl Seen {
    /// Reads a report; `None` if it is none.
    pub fn parse(report: &str) -> Option<Seen> {
        let mut lines = report.lines();
        let mut seen = Seen::default();
        let wanted = ["longest", "from", "to", "of"];
        let fields = [&mut seen.instructions, &mut seen.from, &mut seen.to, &mut seen.of];
        let mut words = lines.next()?.split(' ');
        for (name, field) in wanted.into_iter().zip(fields) {
            *field = number(words.next()?.strip_prefix(name)?.strip_prefix('=')?)?;
        }
        if words.next().is_some() {
            return None;
        }
        for line in lines {
            let (address, count) = line.split_once(' ')?;
            seen.places.push((number(address)?, number(count)?));
        }
        Some(seen)
    }
}

/// A decimal number, or a hexadecimal one with `0x`.
fn number(word: &str) -> Option<u64> {
    match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, library};
    use std::path::Path;

    #[test]
    fn a_report_is_a_line_and_places() {
        let report = "longest=9 from=0x1000 to=0x1008 of=12\n0x1000 4\n0x1008 5\n";
        let places = vec![(0x1000, 4), (0x1008, 5)];
        let seen = Seen { instructions: 9, from: 0x1000, to: 0x1008, of: 12, places };
        assert_eq!(Seen::parse(report), Some(seen));
    }

    #[test]
    fn what_is_no_report_is_not_read() {
        let line = "longest=9 from=0x1000 to=0x1008 of=12";
        assert!(Seen::parse(line).is_some());
        for (from, to) in [("9", "-9"), ("to=", "at="), ("0x1000", "0xg"), ("12", "12 more=1")] {
            assert_eq!(Seen::parse(&line.replace(from, to)), None, "{from} {to}");
        }
        assert_eq!(Seen::parse(""), None);
        assert_eq!(Seen::parse(&format!("{line}\n0x1000\n")), None);
    }

    #[test]
    fn cargo_says_where_the_library_is() {
        let other = r#"{"target":{"name":"a"},"filenames":["/t/a.so"]}"#;
        let ours = r#"{"target":{"name":"exov6_qemu_plugin"},"filenames":["/t/p.so"]}"#;
        let last = r#"{"reason":"build-finished","success":true}"#;
        assert_eq!(library(&[other, ours, last].join("\n")).as_deref(), Some(Path::new("/t/p.so")));
        assert_eq!(library(&[other, last].join("\n")), None);
    }
}
