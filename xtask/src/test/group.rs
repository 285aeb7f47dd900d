//! Groups: tests under one prefix that share what is prepared for them, such as an image.

use super::report::Report;
use anyhow::Result;
use std::path::Path;
use std::time::Instant;

/// A test and its name, which says what holds.
pub type Test<S> = (&'static str, fn(&S) -> Result<()>);

/// Tests that share an `S`.
pub struct Group<S: 'static> {
    /// What stands before their names, with `::`.
    pub prefix: &'static str,
    /// The tests.
    pub tests: &'static [Test<S>],
    /// Makes what they share, from the root of the workspace.
    pub prepare: fn(&Path) -> Result<S>,
}

/// A group, whatever it shares.
pub trait Tests {
    /// Names of all tests.
    fn names(&self) -> Vec<String>;

    /// Runs those tests whose names are given; nothing is prepared for none.
    fn run(&self, root: &Path, names: &[String], report: &Report);
}

impl<S> Group<S> {
    fn name(&self, test: &str) -> String {
        format!("{}::{test}", self.prefix)
    }
}

impl<S> Tests for Group<S> {
    fn names(&self) -> Vec<String> {
        self.tests.iter().map(|(test, _)| self.name(test)).collect()
    }

    fn run(&self, root: &Path, names: &[String], report: &Report) {
        let wanted = self.tests.iter().map(|(test, function)| (self.name(test), function));
        let wanted: Vec<_> = wanted.filter(|(name, _)| names.contains(name)).collect();
        if wanted.is_empty() {
            return;
        }
        let start = Instant::now();
        match (self.prepare)(root) {
            Ok(shared) => {
                for (name, function) in wanted {
                    let start = Instant::now();
                    let result = function(&shared);
                    report.result(&name, start.elapsed(), &result);
                }
            }
            Err(error) => {
                // The reason once; the others only say that they were not tried.
                let mut why = format!("{error:#}");
                for (name, _) in wanted {
                    report.failed(&name, start.elapsed(), &why);
                    why = "what it needs could not be prepared, see above".to_owned();
                }
            }
        }
    }
}
