//! exov6-rpc: the mailbox through which a debugger makes calls.
//!
//! ```text
//!   debugger ──writes memory──► mailbox ◄──looks, every poll── agent ──call──► server
//!            ◄──reads memory───         ──writes the reply──►
//! ```
//!
//! A debugger can read and write memory, and nothing else that a static system would
//! notice. So one task, the agent, keeps a mailbox in its own memory: a debugger puts
//! a request there, the agent looks from time to time, makes the call through one of
//! *its own* ports, and writes down what came of it. What a debugger may call is thus
//! what `app.toml` grants to that task: there is no other path.
//!
//! | module | what | who uses it |
//! | --- | --- | --- |
//! | [`layout`] | every byte of the mailbox; checksums; outcomes | both sides |
//! | [`mailbox`] | the mailbox as memory that two parties share | the agent |
//! | [`agent`] | what the agent does at each look | the agent, tests on the host |
//!
//! Two rules make it safe to leave lying in memory that anybody may write:
//!
//! 1. **Nothing is believed twice.** A request is copied out once, and the copy is
//!    checked and used. A checksum tells a request that is being written from one that
//!    has been.
//! 2. **Nothing is done twice.** The agent writes down that it begins before it
//!    begins. If it is stopped in the middle (a server that refuses a message stops its
//!    caller), its next life finds that in the mailbox, says so, and goes on.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod agent;
pub mod layout;
pub mod mailbox;

pub use agent::{Agent, Call, Kernel, Returned};
pub use layout::{LeaseRange, Outcome, Reply, Request, Status};
pub use mailbox::Mailbox;
