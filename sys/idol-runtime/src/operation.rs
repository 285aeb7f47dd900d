//! What the runtime must know of an operation, all of it constant.
//!
//! The choice between registers and leases depends on sizes of users' types,
//! which only the Rust compiler knows. As constants of a trait they are settled
//! before any code is made: of the two paths one remains.

use crate::counters::Counts;
use crate::encoding::Encoding;
use abi::limits::{MAX_LEASES, MESSAGE_BYTES};

/// An operation of an interface; implemented by generated code.
pub trait Operation {
    /// How values become bytes.
    type Encoding: Encoding;
    /// Number on the wire, 1–63.
    const NUMBER: u16;
    /// `Interface.operation`, for messages.
    const LABEL: &'static str;
    /// Most bytes of the encoded arguments; exactly as many if the encoding is exact.
    const ARGS: usize;
    /// Most bytes of an encoded reply, value or error; exactly as many if the encoding
    /// is exact.
    const REPLY: usize;
    /// Leases that the interface declares.
    const LEASES: usize;
    /// Whether twice is the same as once.
    const IDEMPOTENT: bool;

    /// Whether arguments and reply travel in the message words; else both are lent.
    const REGISTERS: bool = Self::ARGS <= MESSAGE_BYTES && Self::REPLY <= MESSAGE_BYTES;
    /// Whether the arguments are a hidden lease, the first after the declared ones.
    const ARGS_LENT: bool = !Self::REGISTERS && Self::ARGS > 0;
    /// Whether the reply is a hidden lease, the last one.
    const REPLY_LENT: bool = !Self::REGISTERS && Self::REPLY > 0;
    /// Index of the hidden lease with the reply.
    const REPLY_INDEX: usize = Self::LEASES + Self::ARGS_LENT as usize;
    /// Leases with the hidden ones.
    const ALL_LEASES: usize = Self::REPLY_INDEX + Self::REPLY_LENT as usize;
    /// Most bytes in the words of the message.
    const MESSAGE: usize = if Self::REGISTERS { Self::ARGS } else { 0 };
    /// Most bytes in the words of the reply. A lent reply whose length is not known
    /// beforehand has its length there.
    const ANSWER: usize = if Self::REGISTERS {
        Self::REPLY
    } else if Self::REPLY_LENT && !Self::Encoding::EXACT {
        size_of::<u64>()
    } else {
        0
    };
    /// Stops the build if the leases do not fit the kernel's table.
    const CHECK: () = assert!(
        Self::ALL_LEASES <= MAX_LEASES,
        "an operation lends more than 8 pieces of memory, counting those that carry large arguments and a large reply"
    );

    /// Where a client counts its calls, if it does.
    #[inline(always)]
    #[must_use]
    fn counts() -> Option<&'static Counts> {
        None
    }
}
