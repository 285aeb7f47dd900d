//! The debugger's side: what can be done to a running image from outside.
//!
//! ```text
//!                    ┌► FileMemory ─► the file that QEMU keeps its memory in
//!   rpc::Client ─► Memory
//!       │            └► gdb::Target ─► GDB remote protocol: QEMU, OpenOCD, J-Link …
//!       ▼
//!   archive: agent, ports, interfaces, types
//! ```
//!
//! Everything goes through physical memory ([`Memory`]), and what lies there is known
//! from the image's archive. Nothing on the target knows that it is being watched; only
//! calls need help there, from a task that was granted them: see [`rpc`].
//!
//! This crate neither prints nor panics, whatever the target answers.
#![forbid(unsafe_code)]

pub mod gdb;
mod memory;
pub mod rpc;
pub mod types;

pub use memory::{Error as MemoryError, FileMemory, Memory, ram_base};
