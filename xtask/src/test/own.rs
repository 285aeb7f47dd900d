//! Own tests: those of an application, by the task in it that says `exov6_test::tests!`.
//!
//! The image is built once; its archive tells which cases there are. Each has a boot of
//! its own, and passes iff the test task says so with the emulator's exit status. Names
//! are `TASK::CASE`.

use super::boot::{self, Image};
use super::report::Report;
use super::{Filter, target};
use crate::dist;
use crate::out::say;
use crate::progress::Bar;
use anyhow::{Result, bail};
use exov6_decode::Case;
use exov6_emulate::{Options, Time, Wishes};
use exov6_test::{FAILED, NO_CASE, PASSED};
use std::path::Path;
use std::time::Duration;

/// Virtual time that a case may take, unless something else is said.
pub const LIMIT: Duration = Duration::from_secs(2);
/// Host time that a case may take at least.
const HOST_LIMIT: Duration = Duration::from_secs(60);

/// Which tests of which application, and how.
pub struct Wanted<'a> {
    /// The `app.toml`.
    pub app: &'a Path,
    /// Another board than it names.
    pub board: Option<&'a str>,
    /// Which.
    pub filter: &'a Filter,
    /// Only print their names.
    pub list: bool,
    /// Virtual time that each may take.
    pub limit: Duration,
}

fn name(case: &Case) -> String {
    format!("{}::{}", case.task, case.name)
}

/// Builds an application and runs those of its cases that are wanted, or prints their
/// names; whether all passed.
pub fn run(root: &Path, wanted: &Wanted<'_>) -> Result<bool> {
    let Wanted { app, board, filter, list, limit } = *wanted;
    let built = dist::build(root, app, board, &mut Bar::new())?;
    let image = Image::new(&built.archive, built.image)?;
    let cases = exov6_decode::cases(&image.archive);
    if cases.is_empty() {
        bail!(
            "no task of {} has tests; see `exov6_test::tests!` and doc/applications.md",
            image.archive.manifest.name
        );
    }
    let wanted: Vec<&Case> = cases.iter().filter(|case| filter.wants(&name(case))).collect();
    if list {
        wanted.iter().for_each(|case| say!("{}", name(case)));
        return Ok(true);
    }
    if wanted.is_empty() {
        let names: Vec<String> = cases.iter().map(name).collect();
        bail!("no test has `{}` in its name; there are {}", filter.shown(), names.join(", "));
    }
    let report = Report::new();
    boot::each(&wanted, &report, |case| name(case), |case| one(&image, case, limit));
    Ok(report.finish())
}

/// Boots for one case; everything it said is part of the error.
fn one(image: &Image, case: &Case, length: Duration) -> Result<()> {
    let wishes = Wishes { test: case.number, run_until: Some(length), ..Wishes::default() };
    // A case that does not wait costs the host several times as long.
    let limit = Some(HOST_LIMIT.max(length * 20));
    let options = Options { time: Time::Virtual, wishes, limit, ..Options::default() };
    let boot = image.boot(&options)?;
    let why = match &boot.outcome {
        Ok(_) if boot.starts > 1 => "the machine was reset".to_owned(),
        Ok(outcome) => match u8::try_from(outcome.status) {
            Ok(PASSED) => return Ok(()),
            Ok(FAILED) => "it does not".to_owned(),
            Ok(NO_CASE) => format!("the image has no case {}", case.number),
            Ok(0) => format!("it did not come to an end within {} s", length.as_secs_f64()),
            _ => format!("the image left with status {}", outcome.status),
        },
        Err(error) => error.to_string(),
    };
    let holds = if case.holds.is_empty() { &case.name } else { &case.holds };
    bail!("{} {holds}\n{why}\n{}", target::MUST_HOLD, boot.said)
}
