//! exov6: a kernel that multiplexes, and decides nothing.
//!
//! Everything about an image is known when it is built: its tasks, what each may
//! touch, whom each may call. The build writes that knowledge into read-only
//! tables ([`abi::desc`]); the kernel reads them, and keeps in memory only what
//! changes: who runs, who waits for whom, which deadlines are near.
//!
//! ```text
//!   task A            kernel                      task B
//!     │ call(port) ──► ports[A][port] ─ may it? ──► words in B's registers
//!     │ InReply(B)                                  │ Runnable
//!     │ ◄────────────────────────────── reply ───── │
//! ```
//!
//! The kernel runs to completion on one stack with interrupts off. No path
//! panics: misuse by a task is a [`abi::fault::Fault`] of that task, and every
//! index is of a type that cannot be out of range. Reading order:
//!
//! | file | idea |
//! | --- | --- |
//! | `task.rs` | what the kernel knows of a task, and its states |
//! | `ranks.rs` | tasks in order of urgency |
//! | `kernel.rs` | the kernel's whole memory; who runs next |
//! | `syscall.rs` | from registers to operations |
//! | `ipc.rs` | call, receive, reply |
//! | `memory.rs`, `lease.rs` | user memory is looked up, never dereferenced |
//! | `notify.rs` | posts and interrupts |
//! | `deadline.rs`, `time.rs` | one heap of deadlines, no tick |
//! | `fault.rs`, `restart.rs` | stopping a task, and beginning it anew |
//! | `operation.rs` | what the supervisor may ask |
//! | `arch.rs` | what a machine must provide |
//! | `check.rs` | every invariant, in one function |
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

pub mod arch;
pub mod check;
pub mod deadline;
mod fault;
mod ipc;
pub mod kernel;
mod lease;
pub mod memory;
mod notify;
mod operation;
pub mod ranks;
mod restart;
mod syscall;
pub mod task;
mod time;

#[cfg(test)]
mod tests;
