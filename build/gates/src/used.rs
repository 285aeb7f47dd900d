//! Stack used: how much of the kernel's stack runs have touched.
//!
//! Nothing in the image helps with it. The machine's memory is a file of the host;
//! before the run the stack's place in it is filled with a pattern, and after the run
//! the lowest byte that has changed is the mark of the deepest path that was taken.
//!
//! ```text
//!   file:  0 ……… __text_offset ……… stack: A5 A5 A5 A5 │ 00 12 … │ …
//!          start of RAM            bottom          mark      top
//! ```
//!
//! The mark is at most one write short: a path may reserve bytes and not write them.

use crate::rules::SetsSp;
use crate::runs::{Run, runs};
use crate::stack::{analyse, ends};
use crate::{Error, Gate, Program, Verdict, unreadable};
use exov6_emulate::Options;
use exov6_image::Artifacts;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

/// Cases that go deep: copies, restarts, many deadlines at once, reading tasks.
const WANTED: [&str; 6] = [
    "restart_each_state",
    "lease_chunk",
    "timer_many",
    "kernel_op_status",
    "call_chain",
    "fault_stack_overflow",
];

/// What the stack is filled with.
const PATTERN: u8 = 0xa5;
/// The kernel's stack, as the linker script names it.
pub(crate) const STACK: &str = "stack";

/// Runs the default image and some cases, and looks at the stack after each.
pub(crate) fn judge(
    app: &Artifacts,
    tests: &Artifacts,
    rules: &[SetsSp],
    progress: &mut dyn FnMut(&str),
) -> Result<Verdict, Error> {
    let mut details = vec![];
    let (runs, mut culprits) = runs(app, tests, &WANTED);
    let (mut worst, mut bound, mut deepest) = (0, u64::MAX, String::new());
    for run in &runs {
        progress(&run.name);
        let program = Program::read(&run.built.elf)?;
        let path = analyse(&program, rules).stacks.remove(STACK).unwrap_or_default();
        bound = bound.min(path.bytes);
        let used = measure(run, &program)?;
        details.push(format!("{used:6} {}", run.name));
        culprits.extend(blame(&run.name, used, path.bytes));
        if used > worst {
            (worst, deepest) = (used, run.name.clone());
        }
    }
    Ok(Verdict::new(Gate::StackUsed, worst, Some(bound), "bytes")
        .summary(format!("deepest of {} runs: {deepest}", runs.len()))
        .details(details)
        .blame(culprits))
}

/// What is wrong with a measurement.
fn blame(run: &str, used: u64, bound: u64) -> Option<String> {
    match used {
        0 => Some(format!("{run}: the stack was not touched, so it was not measured")),
        used if used > bound => {
            Some(format!("{run}: {used} bytes, more than the {bound} of the worst path"))
        }
        _ => None,
    }
}

/// Bytes of the kernel's stack that a run has changed.
fn measure(run: &Run<'_>, program: &Program) -> Result<u64, Error> {
    let (bottom, top) = ends(program, STACK)?;
    // The image's first byte lies __text_offset behind the start of memory.
    let start = program.symbol("__image_start")? - program.symbol("__text_offset")?;
    let directory = tempfile::tempdir().map_err(|s| unreadable(&std::env::temp_dir(), s))?;
    let memory = directory.path().join("memory.bin");
    let file = |source| unreadable(&memory, source);
    let place = SeekFrom::Start(bottom - start);
    let mut stack = vec![PATTERN; (top - bottom) as usize];
    let mut painted = File::create(&memory).map_err(file)?;
    painted.seek(place).and_then(|_| painted.write_all(&stack)).map_err(file)?;
    drop(painted);

    run.watched(Options { memory: Some(memory.clone()), ..Options::default() })?;

    let mut after = File::open(&memory).map_err(file)?;
    after.seek(place).and_then(|_| after.read_exact(&mut stack)).map_err(file)?;
    Ok(depth(&stack))
}

/// Bytes from the lowest one that has changed to the top.
fn depth(stack: &[u8]) -> u64 {
    let untouched = stack.iter().take_while(|byte| **byte == PATTERN).count();
    (stack.len() - untouched) as u64
}

#[cfg(test)]
mod tests {
    use super::{PATTERN, WANTED, blame, depth};

    #[test]
    fn the_lowest_changed_byte_is_the_mark() {
        let mut stack = [PATTERN; 64];
        assert_eq!(depth(&stack), 0);
        stack[40] = 0;
        stack[50] = 1;
        assert_eq!(depth(&stack), 24);
    }

    #[test]
    fn more_than_the_worst_path_and_nothing_at_all_are_both_wrong() {
        assert_eq!(blame("a", 16, 16), None);
        assert!(blame("a", 24, 16).unwrap().contains("more than the 16"));
        assert!(blame("a", 0, 16).unwrap().contains("not measured"));
    }

    #[test]
    fn the_cases_exist() {
        assert_eq!(crate::runs::missing(&WANTED), [""; 0]);
    }
}
