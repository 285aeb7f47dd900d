//! The contract: everything that two sides of exov6 must agree on.
//!
//! The kernel, every task, the build tools on the host and the debugger read
//! the same definitions from this crate, so that none of them can drift:
//!
//! | module | between whom |
//! | --- | --- |
//! | [`syscall`] | tasks and kernel: numbers, registers, status codes |
//! | [`fault`] | kernel, supervisor, host: why a task was stopped |
//! | [`kernel_op`] | supervisor and kernel: operations, task states |
//! | [`desc`] | build tools and kernel: the static tables of an image |
//! | [`log`] | tasks, log task, host: log rings and the serial line |
//! | [`boot`] | emulator, kernel, tasks: boot-info page, boot and reset records |
//! | [`limits`] | everybody: how many of each object there can be |
//!
//! Nothing here has behaviour beyond encoding and decoding. All multi-byte
//! values are little-endian; both supported architectures are.
#![no_std]
#![forbid(unsafe_code)]

pub mod boot;
pub mod desc;
pub mod fault;
pub mod invariant;
pub mod kernel_op;
pub mod limits;
pub mod log;
pub mod syscall;
