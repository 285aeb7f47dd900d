//! The console without its task: everything between bytes that arrive and text
//! that leaves, tested on the host.
//!
//! ```text
//!   bytes ─► line ─► command ─┐
//!   script (lines with times) ┴─► main.rs: calls control, store, supervisor
//!                                    │
//!                 plot, text ◄───────┘ ─► output: chunks to the serial line
//! ```
//!
//! Nothing here allocates; all text is ASCII without the byte 0, which opens log
//! frames on the same line.
#![no_std]
#![forbid(unsafe_code)]

pub mod command;
pub mod line;
pub mod output;
pub mod plot;
pub mod script;
pub mod step;
pub mod text;
