//! Fuzz tests: random system calls on the machine, a boot for each seed.
//!
//! `fuzz::seed_N` boots `test/fuzz` with seed N: two tasks make 25,000 calls, a server
//! misbehaves, and canaries look whether anything of theirs has changed. What a seed does
//! is the same every time. `--seeds N` asks for more of them.

use super::report::Report;
use crate::progress::Bar;
use crate::{dist, screen::Screen};
use anyhow::{Context, Result, bail, ensure};
use exov6_archive::Archive;
use exov6_decode::Style;
use exov6_emulate::{Options, Outcome, Time, Wishes};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Host time that a boot may take.
const LIMIT: Duration = Duration::from_secs(120);
/// Calls that the fuzzers make together in a boot.
const CALLS: u64 = 25_000;

fn name(seed: u64) -> String {
    format!("fuzz::seed_{seed:04}")
}

/// Names of the tests with seeds 1 to `seeds`.
pub fn names(seeds: u64) -> Vec<String> {
    (1..=seeds).map(name).collect()
}

/// Runs those tests whose names are given, two at a time.
pub fn run(root: &Path, names: &[String], report: &Report) {
    let names: Vec<&String> = names.iter().filter(|name| name.starts_with("fuzz::")).collect();
    if names.is_empty() {
        return;
    }
    let start = Instant::now();
    let image = match Image::build(root) {
        Ok(image) => image,
        Err(error) => {
            let why = format!("{error:#}");
            for (position, name) in names.iter().enumerate() {
                let why = if position == 0 { &why } else { "the image does not build" };
                report.failed(name, start.elapsed(), why);
            }
            return;
        }
    };
    let queue = Mutex::new(names.iter());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(|e| e.into_inner()).next();
                    let Some(name) = next else { break };
                    let start = Instant::now();
                    match image.boot(name) {
                        Ok(what) => report.ok(&format!("{name} ({what})"), start.elapsed()),
                        Err(error) => {
                            report.failed(name, start.elapsed(), &format!("{error:#}"));
                        }
                    }
                }
            });
        }
    });
}

struct Image {
    archive: Archive,
    path: PathBuf,
}

impl Image {
    fn build(root: &Path) -> Result<Image> {
        let built = dist::build(root, &root.join("test/fuzz/app.toml"), None, &mut Bar::new())?;
        Ok(Image { archive: exov6_archive::read(&built.archive)?, path: built.image })
    }

    /// Boots with a seed; what came of it, in a few words.
    fn boot(&self, name: &str) -> Result<String> {
        let seed = name.rsplit('_').next().unwrap_or_default();
        let test: u64 = seed.parse().with_context(|| format!("no seed in {name}"))?;
        let wishes = Wishes { test, ..Wishes::default() };
        let options =
            Options { time: Time::Virtual, wishes, limit: Some(LIMIT), ..Options::default() };
        let mut said = vec![];
        let style = Style::new(&self.archive.manifest, false);
        let mut screen = Screen::new(&mut said, style, false);
        let outcome = exov6_emulate::run(&self.archive, &self.path, &options, &mut |event| {
            // Writing to memory does not fail.
            let _ = screen.event(event);
        });
        screen.finish()?;
        let result = outcome.map_err(anyhow::Error::from).and_then(|outcome| verdict(&outcome));
        result.with_context(|| {
            let said = String::from_utf8_lossy(&said);
            format!("seed {test}; again: cargo xtask test {name} --seeds {test}\nit said:\n{said}")
        })
    }
}

/// What the counters of a boot mean.
fn verdict(outcome: &Outcome) -> Result<String> {
    let counter = |task: &str, at: usize| -> Result<u64> {
        let value = outcome.summaries.get(task).and_then(|values| values.get(at));
        value.copied().with_context(|| format!("{task} has told no counter {at}"))
    };
    if outcome.status != 0 {
        bail!("the image left with status {}", outcome.status);
    }
    let fuzzers = ["rawfuzz-a", "rawfuzz-b"];
    let mut calls = 0;
    for task in fuzzers {
        calls += counter(task, 0)?;
    }
    ensure!(calls >= CALLS, "only {calls} calls were made");
    for task in fuzzers.into_iter().chain(["server"]) {
        let wrong = counter(task, 1)?;
        ensure!(wrong == 0, "{wrong} registers of {task} changed that should not");
    }
    for task in ["canary", "canary-fp"] {
        ensure!(counter(task, 0)? > 0, "{task} has never looked");
    }
    let restarts = counter("supervisor", 1)?;
    ensure!(restarts > calls / 100, "only {restarts} restarts: the calls are too tame");
    let (server, late) = (counter("server", 0)?, counter("canary", 1)?);
    Ok(format!(
        "{calls} calls, {server} of the server, {restarts} restarts, canary late by {late} us"
    ))
}
