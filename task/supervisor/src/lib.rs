//! task-supervisor: the parts that only think.
//!
//! | module | question |
//! | --- | --- |
//! | [`policy`] | when is a faulted task restarted? |
//! | [`sentence`] | what is said about a fault? |
//! | [`supervise`] | what is remembered, and what is done in which order? |
//!
//! `main.rs` connects them with the kernel, the timer and the interface.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod policy;
pub mod sentence;
pub mod supervise;
