//! Tests of what a task has of memory: stacks that follow from the code, heaps, several
//! binaries of one crate. `test/memory` is their image.

use super::whole::System;
use crate::dist;
use crate::progress::Bar;
use crate::run::{self, Run};
use anyhow::{Context, Result, bail, ensure};
use exov6_archive::Archive;
use exov6_sizes::{Sizes, changes, measure, of};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Virtual time of the run of the default image.
const DEMO: Duration = Duration::from_secs(2);
/// Virtual time of the run of the memory image.
const RUN: Duration = Duration::from_secs(1);

/// No task of the default image goes deeper than its worst path, and each is looked at.
pub fn stacks(system: &System) -> Result<()> {
    let sizes = measured(&system.archive, DEMO)?;
    for row in &sizes.tasks {
        let (name, stack) = (&row.name, row.stack);
        let used = stack.used.with_context(|| format!("{name} was not measured"))?;
        let worst = stack.worst.with_context(|| format!("{name} has no worst path"))?;
        ensure!(used > 0, "{name} has used nothing of its stack");
        ensure!(used <= worst, "{name} has used {used} bytes, more than the {worst} of its path");
        ensure!(worst <= stack.size, "{name} needs {worst} bytes and has {}", stack.size);
    }
    let kernel = sizes.kernel.stack.used.context("the kernel was not measured")?;
    ensure!(kernel > 0, "the kernel has used nothing of its stack");
    ensure!(changes(&sizes, &sizes).is_empty(), "an image differs from itself");
    Ok(())
}

/// A heap is used, exhausted, and as it was after a restart; two tasks are one binary; the
/// deeper of two recursions uses more stack, and neither more than its bound allows.
pub fn image(system: &System) -> Result<()> {
    let (archive, path, _results) = build(system, |text| text)?;
    let run = Run { length: RUN, ..Run::default() };
    let output = run::captured(&archive, &path, run)?;
    for part in [
        "allocates panicked: memory allocation of 1024 bytes failed",
        "life 0: 0 words of the heap are not zero",
        "life 0: too much is refused: true",
        "walks      INFO  walked: 6",
        "walks-more INFO  walked: 28",
        "1 fault, 1 restart",
    ] {
        ensure!(output.contains(part), "`{part}` is not in\n{output}");
    }
    let life = |number: u32| -> Vec<&str> {
        let begin = format!("life {number}: ");
        output.lines().filter_map(|line| Some(line.split_once(&begin)?.1)).collect()
    };
    ensure!(life(0).len() == 4, "not four lines of the first life:\n{output}");
    ensure!(life(0) == life(1), "the second life differs:\n{output}");
    let free = |line: &str| line.split(' ').rev().nth(3).unwrap_or_default().to_owned();
    ensure!(
        life(0)[1].starts_with(&format!("{} bytes free", free(life(0)[2]))),
        "not all was given back:\n{output}"
    );

    let sizes = measured(&archive, RUN)?;
    let used = |name: &str| -> Result<u64> {
        let row = sizes.tasks.iter().find(|row| row.name == name).context("no such task")?;
        let (Some(used), Some(worst)) = (row.stack.used, row.stack.worst) else {
            bail!("the stack of {name} is not known: {:?}", row.stack);
        };
        ensure!(0 < used && used <= worst && worst <= row.stack.size, "{name}: {:?}", row.stack);
        Ok(used)
    };
    let (few, more) = (used("walks")?, used("walks-more")?);
    // Four frames more, each with 128 bytes of its own.
    ensure!(more >= few + 4 * 128, "{few} and {more} bytes for 3 and for 7 frames");
    used("allocates")?;
    Ok(())
}

/// A recursion without a bound is named, and the size of a stack compiles nothing.
pub fn bounds(system: &System) -> Result<()> {
    build(system, |text| text)?;
    let without = |text: String| {
        let (begin, end) = text.split_once("stack-bounds = { \"walks::walk\"").unwrap_or_default();
        let (_, end) = end.split_once('\n').unwrap_or_default();
        format!("{begin}{end}")
    };
    let Err(error) = build(system, without) else { bail!("a recursion without a bound is built") };
    let error = format!("{error:#}");
    for part in [
        "error: the worst stack of task `walks` is not known",
        "app.toml:",
        "= recursion: walks::walk → walks::walk",
        "stack-bounds = { \"walks::walk\" = { depth = 4 } }",
    ] {
        ensure!(error.contains(part), "`{part}` is not in\n{error}");
    }
    let larger = |text: String| text.replacen("stack    = \"auto\"", "stack    = \"12 KiB\"", 1);
    let app = app(system, larger)?;
    let built = dist::build(system.root(), &app.path().join("app.toml"), None, &mut Bar::quiet())?;
    ensure!(built.compiled.is_empty(), "{} compiled for a stack", built.compiled.join(", "));
    let stack = built.manifest.task("allocates").map(|task| task.stack.0);
    ensure!(stack == Some(12 << 10), "the stack has {stack:?} bytes");
    Ok(())
}

fn measured(archive: &Archive, run_for: Duration) -> Result<Sizes> {
    let mut sizes = of(archive)?;
    measure(archive, run_for, &mut sizes)?;
    Ok(sizes)
}

/// A copy of the memory image's app.toml with a change, alone in a directory.
fn app(system: &System, change: impl Fn(String) -> String) -> Result<tempfile::TempDir> {
    let path: &Path = &system.root().join("test/memory/app.toml");
    let directory = tempfile::tempdir()?;
    let text = change(std::fs::read_to_string(path)?);
    std::fs::write(directory.path().join("app.toml"), text)?;
    Ok(directory)
}

/// An image of such a copy. Its results are beside it, as long as the directory is.
fn build(
    system: &System,
    change: impl Fn(String) -> String,
) -> Result<(Archive, PathBuf, tempfile::TempDir)> {
    let app = app(system, change)?;
    let built = dist::build(system.root(), &app.path().join("app.toml"), None, &mut Bar::quiet())?;
    Ok((exov6_archive::read(&built.archive)?, built.image, app))
}
