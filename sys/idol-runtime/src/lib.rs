//! What generated clients and servers share: packing, transports, retrying,
//! validation.
//!
//! ```text
//!   client task                               server task
//!   Store::append(sample)                     StoreServer::append(&mut self, …)
//!     │ Packer, client::call                    ▲ server::Request, Unpacker
//!     │                                         │
//!     └── CALL  port ─────────────────────────► REPLY_RECV
//!               ≤ 64 bytes both ways: message words
//!               else: two hidden leases
//! ```
//!
//! The compiler of `.idol` files (package `exov6-idol`) writes the outer boxes;
//! everything between them is here, once, and the same for every interface.
//!
//! On the host there is no kernel; `host` joins a client and a server in one
//! process, so that interfaces can be tested there.
#![no_std]
#![deny(unsafe_code)]

#[cfg(not(target_os = "none"))]
extern crate std;
// What is derived here names this crate as everybody else does.
extern crate self as idol_runtime;

pub mod client;
mod codec;
pub mod counters;
pub mod encoding;
mod error;
#[cfg(not(target_os = "none"))]
pub mod host;
mod kernel;
pub mod lease;
mod leased;
mod operation;
pub mod server;
pub mod wire;

pub use abi::fault::Reason;
pub use codec::{Packer, Unpacker};
pub use error::{LeaseError, OpError, Refusal, RequestError, ServerDeath};
pub use exov6_idol_derive::{FromPrimitive, IdolError, Wire};
pub use leased::{Access, Leased, R, RW, Readable, W, Writable};
pub use operation::Operation;
pub use server::Answer;
pub use userlib::{Bits, Caller, Message, Port, Received, Words};
pub use wire::Wire;
