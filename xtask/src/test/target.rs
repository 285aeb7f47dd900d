//! Target tests: the cases of `test/suite`, a boot each.

use super::report::Report;
use crate::progress::Bar;
use crate::{dist, screen::Screen};
use anyhow::{Result, bail};
use exov6_archive::Archive;
use exov6_decode::Style;
use exov6_emulate::{Options, Time, Wishes};
use exov6_test_suite::{CASES, Case, EXIT_FAILED, EXIT_NO_CASE, EXIT_TIMED_OUT};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Host time that a case may take.
const LIMIT: Duration = Duration::from_secs(30);

fn name(case: &Case) -> String {
    format!("target::{}", case.name)
}

/// How the details of a case that failed begin.
pub const MUST_HOLD: &str = "must hold:";

/// The cases, without what their tests' names begin with.
pub fn cases() -> impl Iterator<Item = &'static str> {
    CASES.iter().map(|case| case.name)
}

/// Names of all cases.
pub fn names() -> Vec<String> {
    CASES.iter().map(name).collect()
}

/// Runs those cases whose names are given, two at a time.
pub fn run(root: &Path, names: &[String], report: &Report) {
    let wanted: Vec<&Case> = CASES.iter().filter(|c| names.contains(&name(c))).collect();
    if wanted.is_empty() {
        return;
    }
    let start = Instant::now();
    let image = build(root);
    let image = match image {
        Ok(image) => image,
        Err(error) => {
            // Not one of them can be said to have passed.
            let why = format!("{error:#}");
            for (position, case) in wanted.iter().enumerate() {
                let why = if position == 0 { &why } else { "the image does not build" };
                report.failed(&name(case), start.elapsed(), why);
            }
            return;
        }
    };
    let queue = Mutex::new(wanted.iter());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(|e| e.into_inner()).next();
                    let Some(case) = next else { break };
                    let start = Instant::now();
                    let result = one(&image, case);
                    report.result(&name(case), start.elapsed(), &result);
                }
            });
        }
    });
}

struct Image {
    archive: Archive,
    path: PathBuf,
}

fn build(root: &Path) -> Result<Image> {
    let built = dist::build(root, &root.join("test/app.toml"), &mut Bar::new())?;
    Ok(Image { archive: exov6_archive::read(&built.archive)?, path: built.image })
}

/// Boots for one case; everything it said is part of the error.
fn one(image: &Image, case: &Case) -> Result<()> {
    let wishes = Wishes { test: case.number, ..Wishes::default() };
    let options = Options { time: Time::Virtual, wishes, limit: Some(LIMIT), ..Options::default() };
    let mut said = vec![];
    let mut screen = Screen::new(&mut said, Style::new(&image.archive.manifest, false), false);
    let outcome = exov6_emulate::run(&image.archive, &image.path, &options, &mut |event| {
        // Writing to memory does not fail.
        let _ = screen.event(event);
    });
    screen.finish()?;
    let why = match outcome {
        Ok(outcome) if outcome.status == 0 => return Ok(()),
        Ok(outcome) => match u8::try_from(outcome.status) {
            Ok(EXIT_FAILED) => "it does not".to_owned(),
            Ok(EXIT_TIMED_OUT) => "it did not come to an end".to_owned(),
            Ok(EXIT_NO_CASE) => format!("the image has no case {}", case.number),
            _ => format!("the image left with status {}", outcome.status),
        },
        Err(error) => error.to_string(),
    };
    let said = String::from_utf8_lossy(&said).into_owned();
    let said = if said.is_empty() { "(it said nothing)".to_owned() } else { said };
    bail!("{MUST_HOLD} {}\n{why}\n{said}", case.holds)
}
