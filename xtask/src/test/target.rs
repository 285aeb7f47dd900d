//! Target tests: the cases of `test/suite`, a boot each, on every machine.
//!
//! A machine is a board and the exception level at which the emulator enters the image.
//! The first one's tests have no more than the case in their name, so that a case is
//! run everywhere by its name, and a machine alone by the machine's:
//!
//! ```text
//!   target::call_words                        the first machine
//!   target::qemu-virt.el2::call_words         the same image, entered at EL2
//!   target::qemu-virt-gicv3.el1::call_words   the image for another board
//! ```

use super::boot;
use super::machine::Machine;
use super::monitor;
use super::report::Report;
use crate::dist;
use crate::out::say;
use crate::progress::Bar;
use anyhow::{Result, bail};
use exov6_emulate::{Loading, Options, Time, Wishes};
use exov6_test_suite::{
    CASES, Case, EXIT_FAILED, EXIT_NO_CASE, EXIT_OTHER_MACHINE, EXIT_TIMED_OUT, UNDER_MONITOR,
};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Host time that a case may take.
const LIMIT: Duration = Duration::from_secs(30);
/// Cases that begin with the last generation but one.
const AT_THE_END: [&str; 1] = ["restart_generation_end"];
/// How the details of a case that failed begin.
pub const MUST_HOLD: &str = "must hold:";

/// The cases, without what their tests' names begin with.
pub fn cases() -> impl Iterator<Item = &'static str> {
    CASES.iter().map(|case| case.name).chain([super::backoff::CASE])
}

/// Why a case cannot run on a machine, if it cannot.
fn lacks(machine: Machine, case: &Case) -> Option<&'static str> {
    (machine.level == 2 && UNDER_MONITOR.contains(&case.name))
        .then_some("what causes the event is a monitor at EL2, so the image is entered at EL1")
}

/// Names of all cases on all machines.
pub fn names() -> Vec<String> {
    Machine::all()
        .flat_map(|machine| CASES.iter().map(move |case| machine.name(case.name)))
        .collect()
}

/// Runs those cases whose names are given, machine by machine.
pub fn run(root: &Path, names: &[String], report: &Report) {
    let mut built: Option<(&str, Result<Image>)> = None;
    for machine in Machine::all() {
        let named = |case: &&Case| names.contains(&machine.name(case.name));
        let mut wanted: Vec<&Case> = CASES.iter().filter(named).collect();
        wanted.retain(|case| match lacks(machine, case) {
            Some(why) => {
                report.skipped(&machine.name(case.name), why);
                false
            }
            None => true,
        });
        if wanted.is_empty() {
            continue;
        }
        let start = Instant::now();
        // Both levels of a board run the same image.
        let image = match built.take() {
            Some((board, image)) if board == machine.board => image,
            _ => build(root, machine.board),
        };
        match &image {
            Ok(image) => on(machine, image, &wanted, report),
            Err(error) => {
                // Not one of them can be said to have passed.
                let why = format!("{error:#}");
                for (position, case) in wanted.iter().enumerate() {
                    let why = if position == 0 { &why } else { "the image does not build" };
                    report.failed(&machine.name(case.name), start.elapsed(), why);
                }
            }
        }
        built = Some((machine.board, image));
    }
}

/// Runs cases on one machine.
fn on(machine: Machine, image: &Image, cases: &[&Case], report: &Report) {
    let start = Instant::now();
    boot::each(cases, report, |case| machine.name(case.name), |case| one(machine, image, case));
    let s = if cases.len() == 1 { "" } else { "s" };
    say!("{machine}: {} case{s} in {:.1} s", cases.len(), start.elapsed().as_secs_f64());
}

struct Image {
    image: boot::Image,
    monitor: PathBuf,
}

fn build(root: &Path, board: &str) -> Result<Image> {
    let mut bar = Bar::new();
    let monitor = monitor::build(root, &mut bar)?;
    let built = dist::build(root, &root.join("test/app.toml"), Some(board), &mut bar)?;
    Ok(Image { image: boot::Image::new(&built.archive, built.image)?, monitor })
}

/// Boots for one case; everything it said is part of the error.
fn one(machine: Machine, image: &Image, case: &Case) -> Result<()> {
    let controller = u64::from(image.image.archive.manifest.interrupt_controller);
    let wishes = Wishes {
        test: case.number,
        generation: if AT_THE_END.contains(&case.name) { u32::MAX - 1 } else { 0 },
        machine: abi::boot::machine(u64::from(machine.level), controller),
        ..Wishes::default()
    };
    let options = Options { time: Time::Virtual, wishes, limit: Some(LIMIT), ..Options::default() };
    let options = if UNDER_MONITOR.contains(&case.name) {
        // The emulator enters the monitor at EL2, and that the image at EL1.
        Options { entry: Some(2), loading: Loading::Under(image.monitor.clone()), ..options }
    } else {
        Options { entry: Some(machine.level), ..options }
    };
    let boot = image.image.boot(&options)?;
    let why = match boot.outcome {
        Ok(outcome) if outcome.status == 0 => return Ok(()),
        Ok(outcome) => match u8::try_from(outcome.status) {
            Ok(EXIT_FAILED) => "it does not".to_owned(),
            Ok(EXIT_TIMED_OUT) => "it did not come to an end".to_owned(),
            Ok(EXIT_NO_CASE) => format!("the image has no case {}", case.number),
            Ok(EXIT_OTHER_MACHINE) => {
                let level = machine.level;
                format!("the kernel's boot record does not say EL{level} and GICv{controller}")
            }
            _ => format!("the image left with status {}", outcome.status),
        },
        Err(error) => error.to_string(),
    };
    bail!("{MUST_HOLD} {}\n{why}\n{}", case.holds, boot.said)
}
