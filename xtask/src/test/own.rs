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

/// Virtual time that a case may take.
const LIMIT: Duration = Duration::from_secs(10);
/// Host time that a case may take.
const HOST_LIMIT: Duration = Duration::from_secs(60);

fn name(case: &Case) -> String {
    format!("{}::{}", case.task, case.name)
}

/// Builds the application at `app` and runs those of its cases that are wanted, or prints
/// their names; whether all passed.
pub fn run(
    root: &Path,
    app: &Path,
    board: Option<&str>,
    filter: &Filter,
    list: bool,
) -> Result<bool> {
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
    boot::each(&wanted, &report, |case| name(case), |case| one(&image, case));
    Ok(report.finish())
}

/// Boots for one case; everything it said is part of the error.
fn one(image: &Image, case: &Case) -> Result<()> {
    let wishes = Wishes { test: case.number, run_until: Some(LIMIT), ..Wishes::default() };
    let limit = Some(HOST_LIMIT);
    let options = Options { time: Time::Virtual, wishes, limit, ..Options::default() };
    let boot = image.boot(&options)?;
    let why = match &boot.outcome {
        Ok(_) if boot.starts > 1 => "the machine was reset".to_owned(),
        Ok(outcome) => match u8::try_from(outcome.status) {
            Ok(PASSED) => return Ok(()),
            Ok(FAILED) => "it does not".to_owned(),
            Ok(NO_CASE) => format!("the image has no case {}", case.number),
            Ok(0) => format!("it did not come to an end within {} s", LIMIT.as_secs()),
            _ => format!("the image left with status {}", outcome.status),
        },
        Err(error) => error.to_string(),
    };
    let holds = if case.holds.is_empty() { &case.name } else { &case.holds };
    bail!("{} {holds}\n{why}\n{}", target::MUST_HOLD, boot.said)
}
