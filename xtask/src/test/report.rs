//! Results, printed as they come, from any thread.

use crate::out::say;
use std::sync::Mutex;
use std::time::Duration;

/// Counts and prints results.
pub struct Report {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    passed: usize,
    failed: Vec<String>,
    skipped: Vec<(String, String)>,
}

impl Report {
    /// Nothing has run yet.
    pub fn new() -> Report {
        Report { state: Mutex::default() }
    }

    /// A test passed.
    pub fn ok(&self, name: &str, time: Duration) {
        let mut state = self.state.lock().unwrap_or_else(|e| e.into_inner());
        state.passed += 1;
        say!("ok {name} ({:.2} s)", time.as_secs_f64());
    }

    /// A test failed, and this is all there is to say about it.
    pub fn failed(&self, name: &str, time: Duration, details: &str) {
        let mut state = self.state.lock().unwrap_or_else(|e| e.into_inner());
        state.failed.push(name.to_owned());
        say!("FAILED {name} ({:.2} s)", time.as_secs_f64());
        for line in details.trim_end().lines() {
            say!("    {line}");
        }
    }

    /// A test cannot run where it was to, and why. It counts neither way.
    pub fn skipped(&self, name: &str, why: &str) {
        let mut state = self.state.lock().unwrap_or_else(|e| e.into_inner());
        state.skipped.push((name.to_owned(), why.to_owned()));
    }

    /// A test passed or did not, with a reason.
    pub fn result(&self, name: &str, time: Duration, result: &anyhow::Result<()>) {
        match result {
            Ok(()) => self.ok(name, time),
            Err(error) => self.failed(name, time, &format!("{error:#}")),
        }
    }

    /// Prints what failed and the last line; whether everything passed.
    pub fn finish(self) -> bool {
        let State { passed, failed, skipped } =
            self.state.into_inner().unwrap_or_else(|e| e.into_inner());
        if !skipped.is_empty() {
            say!("\nskipped:");
            skipped.iter().for_each(|(name, why)| say!("    {name}: {why}"));
        }
        if !failed.is_empty() {
            say!("\nfailed:");
            failed.iter().for_each(|name| say!("    {name}"));
        }
        say!("{passed} passed, {} failed", failed.len());
        failed.is_empty()
    }
}
