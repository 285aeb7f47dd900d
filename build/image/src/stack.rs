//! Stack: how large a task's is, once its program is there to be looked at.
//!
//! ```text
//!   stack = "8 KiB"   ─────────────────────────────────► whole pages
//!   stack = "auto"    worst path (call graph) + MARGIN ─► whole pages
//! ```
//!
//! The worst path is computed in both cases: the archive says it, so that it can be
//! held against what a run has used.

use crate::place::LinkedTask;
use crate::span::{self, Placed};
use crate::{Error as ImageError, elf};
use abi::limits::PAGE;
use exov6_callgraph::task::{self, Bound, Obstacle};
use exov6_config::model::{Model, Stack, StackBound, Task};

/// Bytes that `stack = "auto"` adds to the worst path. The path is complete: interrupts
/// and faults are taken on the kernel's stack, and a panic is part of it. This is for
/// what a debugger may push.
pub const MARGIN: u64 = 128;

/// Why a stack does not follow from the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The task.
    pub task: String,
    /// `FILE:LINE:COLUMN` of its `stack = "auto"`.
    pub place: String,
    /// What stands in the way.
    pub obstacles: Vec<Obstacle>,
    /// Names of bounds that were given and that no function of the program has.
    pub strangers: Vec<String>,
}

impl std::error::Error for Error {}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Error { task, place, obstacles, strangers } = self;
        writeln!(f, "error: the worst stack of task `{task}` is not known")?;
        writeln!(f, "  --> {place}")?;
        for obstacle in obstacles {
            match obstacle {
                Obstacle::Recursion(names) => {
                    let first = names.first().map_or("", String::as_str);
                    writeln!(f, "   = recursion: {} → {first}", names.join(" → "))?;
                    writeln!(
                        f,
                        "     say how often one of them is on the stack at once, at most:\n     \
                         stack-bounds = {{ \"{first}\" = {{ depth = 4 }} }}"
                    )?;
                }
                Obstacle::Indirect { function, address } => {
                    writeln!(f, "   = `{function}` calls what is not known, at {address:#x}")?;
                    writeln!(
                        f,
                        "     say how much stack that needs, at most:\n     \
                         stack-bounds = {{ \"{function}\" = \"512 B\" }}"
                    )?;
                }
                Obstacle::Code(what) => writeln!(f, "   = {what}")?,
            }
        }
        for name in strangers {
            writeln!(f, "   = it has no function `{name}`, which a bound is given for")?;
        }
        write!(f, "   = or give the stack a size, such as \"8 KiB\"")
    }
}

/// A linked program with the stack that its task shall have.
pub(crate) fn give(
    model: &Model,
    task: &Task,
    program: elf::Program,
    fixed: Vec<Placed>,
) -> Result<LinkedTask, ImageError> {
    let shape = |what: String| elf::Error::Shape { path: program.path.clone(), what };
    let graph = exov6_callgraph::Program::parse(&program.bytes)
        .map_err(|error| shape(error.to_string()))?;
    let bounds = task.stack_bounds.iter().map(|(name, bound)| {
        let bound = match bound {
            StackBound::Depth(times) => Bound::Depth(*times),
            StackBound::Calls(bytes) => Bound::Calls(*bytes),
        };
        (name.clone(), bound)
    });
    let worst = task::worst(&graph, program.entry, &bounds.collect());
    let size = match (&worst, task.stack) {
        (_, Stack::Bytes(bytes)) => bytes,
        (Ok(worst), Stack::Auto) => worst.bytes + MARGIN,
        (Err(obstacles), Stack::Auto) => {
            let names: std::collections::BTreeSet<String> =
                graph.functions.iter().flat_map(|f| [f.name(), f.short_name()]).collect();
            let strangers = task.stack_bounds.keys().filter(|name| !names.contains(*name));
            return Err(ImageError::Stack(Box::new(Error {
                task: task.name.clone(),
                place: model.sources.position(task.stack_span).to_string(),
                obstacles: obstacles.clone(),
                strangers: strangers.cloned().collect(),
            })));
        }
    };
    let size = size.next_multiple_of(PAGE).min(span::stack_top(&fixed));
    Ok(LinkedTask::new(program, fixed, size, worst)?)
}

#[cfg(test)]
mod tests {
    use super::{Error, Obstacle};

    #[test]
    fn every_obstacle_says_what_to_do() {
        let error = Error {
            task: "walker".into(),
            place: "app.toml:12:9".into(),
            obstacles: vec![
                Obstacle::Recursion(vec!["my::walk".into(), "my::step".into()]),
                Obstacle::Indirect { function: "my::run".into(), address: 0x1234 },
                Obstacle::Code("my::odd + 0x4: 0x04200000 is not understood".into()),
            ],
            strangers: vec!["my::wlak".into()],
        };
        assert_eq!(
            error.to_string(),
            "\
error: the worst stack of task `walker` is not known
  --> app.toml:12:9
   = recursion: my::walk → my::step → my::walk
     say how often one of them is on the stack at once, at most:
     stack-bounds = { \"my::walk\" = { depth = 4 } }
   = `my::run` calls what is not known, at 0x1234
     say how much stack that needs, at most:
     stack-bounds = { \"my::run\" = \"512 B\" }
   = my::odd + 0x4: 0x04200000 is not understood
   = it has no function `my::wlak`, which a bound is given for
   = or give the stack a size, such as \"8 KiB\""
        );
    }
}
