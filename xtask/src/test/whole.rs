//! Whole-system tests: the default image as its user sees it, from the outside.

use super::building;
use super::group::{Group, Test};
use super::{memory, refusals};
use crate::progress::Bar;
use crate::run::Run;
use crate::{dist, run};
use anyhow::{Context, Result, bail, ensure};
use control_loop::plant::Parameters;
use control_loop::response::step_response;
use exov6_archive::Archive;
use exov6_emulate::Command;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The tests.
pub const GROUP: Group<System> = Group { prefix: "whole", tests: TESTS, prepare: System::build };

const TESTS: &[Test<System>] = &[
    ("the_demo_runs_for_five_seconds_and_says_so_in_its_last_line", demo),
    ("a_broken_control_task_is_reported_restarted_and_the_loop_goes_on", broken),
    ("a_step_follows_the_closed_form", step),
    ("two_runs_print_the_same", twice),
    ("an_app_toml_with_a_mistake_is_told_where_it_is", mistake),
    ("two_builds_give_the_same_bytes", rebuilt),
    ("a_copy_elsewhere_gives_the_same_bytes", building::elsewhere),
    ("an_edit_of_app_toml_compiles_what_it_reaches", building::edits),
    ("a_release_cannot_be_left_and_obeys_no_boot_info", building::release),
    ("no_task_goes_deeper_than_its_worst_path", memory::stacks),
    ("heaps_binaries_and_stacks_are_what_app_toml_says", memory::image),
    ("a_recursion_needs_a_bound_and_a_stack_compiles_nothing", memory::bounds),
    ("an_image_entered_at_el3_says_so_and_stops", refusals::entered_at_el3),
    ("damaged_tables_are_told_before_there_is_a_kernel", refusals::damaged_tables),
    ("an_exception_in_the_kernel_is_told_by_the_next_boot", refusals::kernel_exception),
];

/// The default image.
pub struct System {
    /// Root of the workspace.
    pub root: PathBuf,
    /// The archive, read.
    pub archive: Archive,
    /// The file of the archive.
    pub path: PathBuf,
    /// The raw image.
    pub image: PathBuf,
}

impl System {
    fn build(root: &Path) -> Result<System> {
        let built = dist::build(root, &root.join("app.toml"), None, &mut Bar::new())?;
        let archive = exov6_archive::read(&built.archive)?;
        Ok(System { root: root.to_owned(), archive, path: built.archive, image: built.image })
    }

    /// Root of the workspace.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Runs for some seconds; what is printed.
    fn run(&self, seconds: u64, script: Vec<Command>) -> Result<String> {
        let length = Duration::from_secs(seconds);
        run::captured(&self.archive, &self.image, Run { length, script, ..Run::default() })
    }
}

fn command(millis: u64, text: &str) -> Command {
    Command { at: Duration::from_millis(millis), text: text.to_owned() }
}

fn last_line(output: &str) -> &str {
    output.lines().last().unwrap_or_default()
}

fn demo(system: &System) -> Result<()> {
    let output = system.run(5, vec![])?;
    let line = last_line(&output);
    let tasks = system.archive.manifest.tasks.len();
    let expected = format!(
        "ran 5.000 s: {tasks} tasks, 0 faults, 0 restarts, 5000 loops, worst release-to-done "
    );
    let delay = line.strip_prefix(&expected).and_then(|rest| rest.strip_suffix(" us"));
    let delay: u64 = delay
        .and_then(|delay| delay.parse().ok())
        .with_context(|| format!("the last line is\n{line}\nand not\n{expected}N us"))?;
    ensure!((1..1000).contains(&delay), "a loop took {delay} us of a period of 1000 us");
    Ok(())
}

fn broken(system: &System) -> Result<()> {
    let at = run::break_at_half(&system.archive, "control", Duration::from_secs(5))?;
    let output = system.run(5, vec![at])?;
    let fault = output
        .lines()
        .find(|line| line.contains("ERROR") && line.contains("control faulted"))
        .with_context(|| format!("no fault was reported:\n{output}"))?;
    for part in ["write to unmapped address 0x8", "fault_on_purpose (", "task/control/src/main.rs:"]
    {
        ensure!(fault.contains(part), "`{part}` is not in\n{fault}");
    }
    ensure!(fault.contains("restart 1"), "no restart is announced:\n{fault}");
    let line = last_line(&output);
    ensure!(line.contains("1 fault, 1 restart,"), "the last line is\n{line}");
    let loops: u64 = line
        .split(", ")
        .find_map(|item| item.strip_suffix(" loops")?.parse().ok())
        .with_context(|| format!("no loops in\n{line}"))?;
    // Down for at most the shortest time between restarts and a few periods.
    ensure!((4900..=5000).contains(&loops), "{loops} loops of 5000:\n{output}");
    Ok(())
}

/// The samples that control reports after a step, against the closed form.
fn step(system: &System) -> Result<()> {
    let output = system.run(4, vec![command(1000, "step")])?;
    let app: &[u8] = system.archive.entry("app.toml").context("no app.toml in the archive")?;
    // The numbers of the default app.toml, which this test is about.
    for part in ["natural_hz = 1.0", "damping = 0.2", "gain = 3.0"] {
        let app = String::from_utf8_lossy(app);
        ensure!(app.contains(part), "app.toml no longer says {part}: adapt this test");
    }
    let plant = Parameters { natural_hz: 1.0, damping: 0.2, step_us: 1000.0 };
    let mut points = 0;
    for line in output.lines() {
        let Some((_, point)) = line.split_once("step: t=") else { continue };
        let (t, y) = point.split_once(" s y=").with_context(|| line.to_owned())?;
        let (t, y): (f64, f64) = (t.parse()?, y.trim().parse()?);
        let k = (t * 1000.0).round() as u64;
        let expected = step_response(plant, 3.0, k);
        // The plant computes in the same arithmetic, step by step: what differs is
        // rounding, some 1e-16 a step.
        ensure!((y - expected).abs() < 1e-9, "at {t} s: {y} and not {expected}\n{output}");
        points += 1;
    }
    ensure!(points >= 8, "only {points} points were reported:\n{output}");
    Ok(())
}

fn twice(system: &System) -> Result<()> {
    let script = || vec![command(300, "step"), command(1500, "break control")];
    let (first, second) = (system.run(2, script())?, system.run(2, script())?);
    let differs = first.lines().zip(second.lines()).find(|(a, b)| a != b);
    if let Some((a, b)) = differs {
        bail!("first:  {a}\nsecond: {b}");
    }
    ensure!(first == second, "one of them printed more:\n{first}\n----\n{second}");
    Ok(())
}

fn mistake(system: &System) -> Result<()> {
    let good = std::fs::read_to_string(system.root.join("app.toml"))?;
    let bad = good.replacen(r#"to = "plant""#, r#"to = "plnat""#, 1);
    ensure!(bad != good, "app.toml has no channel to plant: adapt this test");
    let directory = tempfile::tempdir()?;
    let app = directory.path().join("app.toml");
    std::fs::write(&app, &bad)?;
    let Err(error) = dist::build(&system.root, &app, None, &mut Bar::quiet()) else {
        bail!("an app.toml with a channel to `plnat` was accepted");
    };
    let error = format!("{error:#}");
    let line = bad.lines().position(|l| l.contains("plnat")).unwrap_or(0) + 1;
    for part in ["error[E", &format!("app.toml:{line}:"), "plnat", "plant"] {
        ensure!(error.contains(part), "`{part}` is not in\n{error}");
    }
    Ok(())
}

fn rebuilt(system: &System) -> Result<()> {
    let before = std::fs::read(&system.path)?;
    let again = dist::build(&system.root, &system.root.join("app.toml"), None, &mut Bar::quiet())?;
    ensure!(before == std::fs::read(&again.archive)?, "the archives differ");
    let text = String::from_utf8_lossy(&std::fs::read(&again.image)?).into_owned();
    for place in [std::env::var("HOME").unwrap_or_default(), system.root.display().to_string()] {
        let found = place.len() > 1 && text.contains(&format!("{place}/"));
        ensure!(!found, "the image contains the path {place}");
    }
    Ok(())
}
