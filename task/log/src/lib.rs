//! task-log: the part that only thinks.
//!
//! [`drain`] decides whose record is next and keeps the one that the line did not
//! take; [`frames`] makes the frames that are no records. `main.rs` connects them
//! with the serial line.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod drain;
pub mod frames;
