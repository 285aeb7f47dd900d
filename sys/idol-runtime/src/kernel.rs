//! The system calls that stubs need, in one place: the kernel's on the target,
//! and on the host those of a joined client and server ([`crate::host`]).

#[cfg(not(target_os = "none"))]
pub(crate) use crate::host::{call, lease_info, lease_read, lease_write};
#[cfg(target_os = "none")]
pub(crate) use userlib::sys::{call, lease_info, lease_read, lease_write};
pub(crate) use userlib::sys::{reply, reply_fault};

use crate::{Bits, Caller, Received, Words};
use userlib::Mode;

/// Waits for a call or a notification out of `mask`.
#[inline(always)]
pub(crate) fn recv(mask: Bits) -> Received {
    userlib::sys::recv(Mode::Open, mask)
}

/// Replies, then waits for a call or a notification out of `mask`.
#[inline(always)]
pub(crate) fn reply_recv(
    caller: Caller,
    code: u64,
    length: usize,
    words: &Words,
    mask: Bits,
) -> Received {
    userlib::sys::reply_recv(caller, code, length, words, Mode::Open, mask)
}
