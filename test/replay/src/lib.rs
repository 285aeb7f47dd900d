//! exov6-test-replay: scripts of what tasks do.
//!
//! A script is a list of steps, each with what came of it. The same text runs on the
//! simulated machine of the kernel's host tests and on the target, so that what a
//! property test found can be looked at where it matters.
//!
//! ```text
//!   client: call port=1 header=1/8/1 words=5 table=table lend=buffer+0x10:16:r => ok 8 [1]
//!   server: recv mode=0 mask=0x3 => client.0 3 1/8/1 [5]
//!   +500 us
//!   other: write guard+8 7 => fault StackOverflow
//! ```
//!
//! | file | what it is |
//! | --- | --- |
//! | `step.rs` | steps, values, outcomes |
//! | `arguments.rs` | names of the registers of each system call |
//! | `text.rs` | how a script is written, and read (feature `text`) |
//! | `code.rs` | how the target gets its steps: words in the boot-info page |
//! | `player.rs`, `conductor.rs` | the tasks of the replay image (feature `task`) |
#![cfg_attr(not(feature = "text"), no_std)]

pub mod arguments;
pub mod code;
#[cfg(feature = "task")]
pub mod conductor;
#[cfg(feature = "task")]
pub mod player;
mod step;
#[cfg(feature = "text")]
pub mod text;

pub use step::{Act, Lend, Outcome, Place, Value};
#[cfg(feature = "text")]
pub use text::{Line, Script, Step};
