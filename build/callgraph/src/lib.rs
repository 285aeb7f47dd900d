//! Call graph: who calls whom in a linked program, and how deep its stack can get.
//!
//! ```text
//!   ELF ─► program ─► instruction ─► flow ──────────────► graph ─► worst path
//!             │       (one word)     (one function)      ▲  cycles with their bounds
//!             └─► taken ─► registers ─► indirect calls ──┘
//!                 (functions whose address is somewhere)
//! ```
//!
//! Nothing is taken on trust: depths come from the machine code itself, also those of
//! functions in assembly. For the kernel, where no call is indirect, that is all there
//! is. In a task, calls through `dyn` and function pointers are followed to every
//! function that they can reach ([`task`]); what then has no worst path (recursion)
//! or no known target is named, and a bound for it must come from outside.
#![forbid(unsafe_code)]

mod flow;
mod graph;
mod instruction;
mod program;
mod registers;
mod taken;
pub mod task;

pub use flow::{Edge, Flow, Indirect, flows};
pub use graph::{Cycle, Graph, Node, Path, Step};
pub use instruction::{Instruction, decode};
pub use program::{Function, Program};

/// Why a file is no program that can be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No 64-bit ELF file.
    #[error("{}: {source}", path.display())]
    Elf {
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        source: object::Error,
    },
    /// A symbol that the linker script defines is missing.
    #[error("the program has no symbol {0}")]
    Symbol(String),
}
