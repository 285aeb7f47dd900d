//! The backoff test: the real supervisor and a task that faults as soon as it starts.
//!
//! It is a promise of the image and not of the kernel alone, so it has an image of its own
//! (`test/backoff`) and is judged from outside: by what the supervisor says and when, and by
//! the counters of the neighbours.

use super::machine::Machine;
use super::report::Report;
use super::target;
use crate::progress::Bar;
use crate::run::Run;
use crate::{dist, run};
use anyhow::{Context, Result, ensure};
use exov6_image::Artifacts;
use std::path::Path;
use std::time::{Duration, Instant};

/// Name of the case.
pub const CASE: &str = "supervisor_backoff";
/// Virtual time of the run.
const SECONDS: u64 = 3;
/// Delays before the restarts, in milliseconds: `min_interval_ms` doubled each time, up to a
/// second. The next fault comes a tenth of a millisecond after the restart.
const DELAYS_MS: [u64; 7] = [50, 100, 200, 400, 800, 1000, 1000];
/// Most microseconds that a neighbour may be late, for want of the processor.
const LATE_US: [(&str, u64); 2] = [("canary", 1000), ("canary-fp", 1500)];

/// Its name on each machine.
pub fn names() -> Vec<String> {
    Machine::all().map(|machine| machine.name(CASE)).collect()
}

/// Runs it on those machines whose names are given.
pub fn run(root: &Path, names: &[String], report: &Report) {
    let app = root.join("test/backoff/app.toml");
    // Both levels of a board run the same image.
    let mut built: Option<(&str, Artifacts)> = None;
    for machine in Machine::all().filter(|machine| names.contains(&machine.name(CASE))) {
        let start = Instant::now();
        let image = match built.take() {
            Some((board, image)) if board == machine.board => Ok(image),
            _ => dist::build(root, &app, Some(machine.board), &mut Bar::new()),
        };
        let result = image.and_then(|image| {
            let result = backoff(&image, machine);
            built = Some((machine.board, image));
            result
        });
        report.result(&machine.name(CASE), start.elapsed(), &result);
    }
}

fn backoff(built: &Artifacts, machine: Machine) -> Result<()> {
    let archive = exov6_archive::read(&built.archive)?;
    let length = Duration::from_secs(SECONDS);
    let run = Run { length, entry: Some(machine.level), ..Run::default() };
    let holds = "a crash loop is slowed as declared and others keep running";
    run::captured(&archive, &built.image, run)
        .and_then(|output| judge(&output).with_context(|| format!("printed:\n{output}")))
        .with_context(|| format!("{} {holds}", target::MUST_HOLD))
}

fn judge(output: &str) -> Result<()> {
    let faults: Vec<&str> =
        output.lines().filter(|line| line.contains("crasher panicked")).collect();
    ensure!(faults.len() == DELAYS_MS.len(), "{} faults in {SECONDS} s", faults.len());
    let mut expected_us = None;
    for ((line, delay_ms), number) in faults.iter().zip(DELAYS_MS).zip(1..) {
        let said = format!("restart {number} in {delay_ms} ms");
        ensure!(line.contains(&said), "`{said}` is not in\n{line}");
        let time = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let seconds: f64 = time.context("no time")?.0.trim().parse()?;
        let us = (seconds * 1e6) as u64;
        // Of life, start code and what the supervisor takes, less than a millisecond.
        let expected = *expected_us.get_or_insert(us);
        ensure!((expected..expected + 1000).contains(&us), "at {us} us, not {expected}:\n{line}");
        expected_us = Some(us + delay_ms * 1000);
    }
    let last = output.lines().last().unwrap_or_default();
    ensure!(last.contains("7 faults, 6 restarts,"), "the last line is\n{last}");
    // The neighbours' counters: rounds of a millisecond, and how late they were.
    let mut counters = last
        .split(", ")
        .filter(|item| item.ends_with(" rounds") || item.starts_with("worst lateness"));
    for (task, late_us) in LATE_US {
        let mut counter = || -> Result<u64> {
            let item = counters.next().with_context(|| format!("nothing of {task} in\n{last}"))?;
            let digits: String = item.chars().filter(char::is_ascii_digit).collect();
            Ok(digits.parse()?)
        };
        let (rounds, late) = (counter()?, counter()?);
        ensure!(
            (SECONDS * 1000 - 10..=SECONDS * 1000).contains(&rounds),
            "{rounds} rounds of {task} in {SECONDS} s"
        );
        ensure!(late < late_us, "{task} was late by {late} us");
    }
    Ok(())
}
