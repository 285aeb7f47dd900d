//! exov6-log: how a log record gets from a task to the serial line.
//!
//! ```text
//!   task:      Writer ──► ring ◄── Reader :log task ──► frame ──► UART
//!   (userlib's logger)   (abi::log)           (line::Frame)
//! ```
//!
//! A task writes records into its own ring and never waits for anybody; what
//! nobody fetched in time is overwritten, oldest first, and the gap shows in the
//! sequence numbers. The log task reads all rings, which it can see but not
//! change, so it believes nothing they say without checking.
//!
//! Everything here is plain data handling without `unsafe`: the memory comes as
//! atomics from `userlib`, which knows where the rings lie.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod line;
mod reader;
pub mod ring;
mod writer;

#[cfg(test)]
mod interleave;

pub use reader::{Reader, Record};
pub use ring::{Memory, Ring, Shared};
pub use writer::Writer;
