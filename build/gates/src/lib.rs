//! Gates: figures of a built kernel and of its source that must stay within limits.
//!
//! ```text
//!   kernel ELF ─► call graph ─► stack ────────────────────────────┐
//!                    ├─────► panics, branches, size ──────────────┤
//!   objects ────────────────► overflow ───────────────────────────┼─► Verdict
//!   emulator's memory ──────► used ───────────────────────────────┤
//!   emulator's plugin ──────► interrupts ─────────────────────────┤
//!   source (git) ───────────► unsafety, lines, text ──────────────┘
//!                rules = kern/gates.toml: what is let pass, with a reason
//! ```
//!
//! A gate gives one [`Verdict`]: a figure, its limit, and who is to blame. Nothing is
//! taken on trust: the stack comes from the machine code itself, overflow checks from
//! the object that the kernel is linked from.
#![forbid(unsafe_code)]

mod branches;
mod interrupts;
mod lines;
mod overflow;
mod panics;
mod plugin;
mod rules;
mod runs;
mod size;
mod stack;
mod text;
mod tree;
mod unsafety;
mod used;

pub use exov6_callgraph::{Function, Instruction, Program, decode};
pub use rules::{FILE as RULES_FILE, Indirect, InterruptsOff, Rules, SetsSp, UnsafeIn};
pub use tree::Tree;

use exov6_image::Artifacts;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Why a gate could not be tried. What it finds is in its [`Verdict`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read, or written.
    #[error("{}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The kernel's file is not what was expected.
    #[error(transparent)]
    Program(#[from] exov6_callgraph::Error),
    /// `kern/gates.toml` is not as it should be.
    #[error("{file}: {0}", file = RULES_FILE)]
    Rules(String),
    /// The files of the workspace are not known.
    #[error("git cannot list the files of the workspace: {0}")]
    Git(String),
    /// A manifest is no TOML.
    #[error("{file}: {what}")]
    Toml {
        /// Which file.
        file: String,
        /// Why.
        what: String,
    },
    /// An image that was to be measured does not run.
    #[error("{run}: {source}")]
    Run {
        /// Which run.
        run: String,
        /// Why.
        source: Box<exov6_emulate::Error>,
    },
    /// The plugin that watches runs does not build.
    #[error("the emulator's plugin does not build: {0}")]
    Plugin(String),
    /// An archive cannot be read.
    #[error(transparent)]
    Archive(#[from] exov6_archive::Error),
    /// A gate was given no image to look at.
    #[error("gate {0} needs an image that was not built")]
    NotBuilt(&'static str),
}

/// A figure that is looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// No nightly features.
    Features,
    /// No paths of somebody's machine.
    Paths,
    /// `unsafe`, counted, argued, in its place.
    Unsafe,
    /// Lines of the kernel.
    Lines,
    /// No panic in the kernel.
    Panics,
    /// No indirect branch in the kernel.
    Branches,
    /// Text and constants of the kernel.
    Size,
    /// Arithmetic is checked.
    Overflow,
    /// Worst stack of the kernel.
    Stack,
    /// Stack that the kernel has been seen to use.
    StackUsed,
    /// How long the kernel does not look for an interrupt.
    InterruptsOff,
}

impl Gate {
    /// All of them, the quick ones first.
    pub const ALL: [Gate; 11] = [
        Gate::Features,
        Gate::Paths,
        Gate::Unsafe,
        Gate::Lines,
        Gate::Panics,
        Gate::Branches,
        Gate::Size,
        Gate::Overflow,
        Gate::Stack,
        Gate::StackUsed,
        Gate::InterruptsOff,
    ];

    /// What it is called on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Gate::Features => "features",
            Gate::Paths => "paths",
            Gate::Unsafe => "unsafe",
            Gate::Lines => "lines",
            Gate::Panics => "panics",
            Gate::Branches => "branches",
            Gate::Size => "size",
            Gate::Overflow => "overflow",
            Gate::Stack => "stack",
            Gate::StackUsed => "stack-used",
            Gate::InterruptsOff => "interrupts-off",
        }
    }

    /// What it holds, in one sentence.
    #[must_use]
    pub const fn holds(self) -> &'static str {
        match self {
            Gate::Features => "no crate asks for a nightly feature",
            Gate::Paths => "no file names a path of somebody's machine",
            Gate::Unsafe => "`unsafe` only where it may be, each block with its SAFETY comment",
            Gate::Lines => "the kernel has at most 5000 lines, with all architectures",
            Gate::Panics => "the kernel has no function that begins a panic",
            Gate::Branches => "the kernel has no indirect branch that is not listed",
            Gate::Size => "text and rodata of the kernel, tables aside, have at most 32 KiB",
            Gate::Overflow => "the kernel is compiled with overflow checks",
            Gate::Stack => {
                "the worst path through the kernel's calls takes at most 4096 bytes of stack"
            }
            Gate::StackUsed => "runs use no more of the kernel's stack than that path",
            Gate::InterruptsOff => {
                "in runs the kernel executes no more instructions than stated between two \
                 looks for an interrupt"
            }
        }
    }

    /// The gate of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Gate> {
        Gate::ALL.into_iter().find(|gate| gate.name() == name)
    }

    /// Whether it looks at the default image.
    #[must_use]
    pub const fn needs_app(self) -> bool {
        self.needs_tests()
            || matches!(
                self,
                Gate::Panics | Gate::Branches | Gate::Size | Gate::Overflow | Gate::Stack
            )
    }

    /// Whether it runs the image of the on-target tests, too.
    #[must_use]
    pub const fn needs_tests(self) -> bool {
        matches!(self, Gate::StackUsed | Gate::InterruptsOff)
    }
}

/// What the gates look at.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// Root of the workspace.
    pub root: &'a Path,
    /// The default image, for gates that need it.
    pub app: Option<&'a Artifacts>,
    /// The image of the on-target tests, for gates that need it.
    pub tests: Option<&'a Artifacts>,
}

/// What a gate found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Name of the gate.
    pub gate: &'static str,
    /// Whether it holds.
    pub passed: bool,
    /// The figure.
    pub value: u64,
    /// The most that it may be, if there is such a limit.
    pub limit: Option<u64>,
    /// What it counts.
    pub unit: &'static str,
    /// More about it, in a line.
    pub summary: String,
    /// Who is to blame if it fails: file and line, or symbol, and why.
    pub culprits: Vec<String>,
    /// What it was made of, item by item.
    pub details: Vec<String>,
}

impl Verdict {
    /// A figure and its limit; fails if above, or if somebody is to blame.
    fn new(gate: Gate, value: u64, limit: Option<u64>, unit: &'static str) -> Verdict {
        let passed = limit.is_none_or(|limit| value <= limit);
        Verdict { gate: gate.name(), passed, value, limit, unit, ..Verdict::default() }
    }

    fn summary(mut self, summary: impl Into<String>) -> Verdict {
        self.summary = summary.into();
        self
    }

    fn details(mut self, details: Vec<String>) -> Verdict {
        self.details = details;
        self
    }

    fn blame(mut self, culprits: Vec<String>) -> Verdict {
        self.passed &= culprits.is_empty();
        self.culprits.extend(culprits);
        self
    }
}

/// Tries a gate; `progress` is told what takes long.
///
/// # Errors
/// [`Error`], if it cannot be tried. A gate that fails is no error.
pub fn judge(
    gate: Gate,
    inputs: &Inputs<'_>,
    progress: &mut dyn FnMut(&str),
) -> Result<Verdict, Error> {
    let app = || inputs.app.ok_or(Error::NotBuilt(gate.name()));
    let kernel = || -> Result<Program, Error> { Ok(Program::read(&app()?.elf)?) };
    let tree = || Tree::read(inputs.root);
    let rules = || Rules::read(inputs.root);
    Ok(match gate {
        Gate::Features => text::features(&tree()?)?,
        Gate::Paths => text::paths(&tree()?)?,
        Gate::Unsafe => unsafety::judge(&tree()?, &rules()?.unsafe_in)?,
        Gate::Lines => lines::judge(&tree()?)?,
        Gate::Panics => panics::judge(&kernel()?),
        Gate::Branches => branches::judge(&kernel()?, &rules()?.indirect),
        Gate::Size => size::judge(&kernel()?),
        Gate::Overflow => overflow::judge(inputs.root, &app()?.library)?,
        Gate::Stack => stack::judge(&kernel()?, &rules()?.sets_sp)?,
        Gate::StackUsed => {
            let tests = inputs.tests.ok_or(Error::NotBuilt(gate.name()))?;
            used::judge(app()?, tests, &rules()?.sets_sp, progress)?
        }
        Gate::InterruptsOff => {
            let tests = inputs.tests.ok_or(Error::NotBuilt(gate.name()))?;
            let bound = rules()?.interrupts_off;
            let bound = bound.ok_or_else(|| Error::Rules("no [interrupts_off]\n".to_owned()))?;
            interrupts::judge(inputs.root, app()?, tests, &bound, progress)?
        }
    })
}

/// Bytes of the worst path on the kernel's stack, by the rules of the workspace at `root`;
/// `None` if there is none that is known.
///
/// # Errors
/// Rules that cannot be read.
pub fn kernel_stack(root: &Path, kernel: &Program) -> Result<Option<u64>, Error> {
    let analysis = stack::analyse(kernel, &Rules::read(root)?.sets_sp);
    let path = analysis.stacks.get(used::STACK).filter(|_| analysis.problems.is_empty());
    Ok(path.map(|path| path.bytes))
}

/// The error about a file that cannot be read, or written.
fn unreadable(path: &Path, source: std::io::Error) -> Error {
    Error::Read { path: path.to_owned(), source }
}

/// A count with its noun.
fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::{Gate, Verdict};

    #[test]
    fn a_gate_is_found_by_its_name() {
        for gate in Gate::ALL {
            assert_eq!(Gate::named(gate.name()), Some(gate));
        }
        assert_eq!(Gate::named("nothing"), None);
    }

    #[test]
    fn a_figure_may_reach_its_limit_and_not_pass_it() {
        let verdict = |value| Verdict::new(Gate::Lines, value, Some(10), "lines");
        assert!(verdict(10).passed);
        assert!(!verdict(11).passed);
        assert!(!verdict(1).blame(vec!["somebody".into()]).passed);
    }
}
