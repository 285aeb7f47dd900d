//! System calls: numbers, registers and status codes.
//!
//! On AArch64 the number travels in the immediate of `SVC`, message words in
//! `x0`–`x7`, everything else in `x8`–`x12`. A call returns words in `x0`–`x7`
//! and results in `x8`–`x10`. `x18`–`x30`, SP and a declared TPIDR_EL0 are preserved; the
//! rest is clobbered by contract (it holds the task's own old values or zero).
//!
//! | call | in | out |
//! | --- | --- | --- |
//! | `CALL` | x0–x7 words, x8 port, x9 header, x10 lease table | x0–x7 words, x8 status, x9 length |
//! | `RECV` | x8 mode, x9 mask | x0–x7 words, x8 caller, x9 badge, x10 header *or* x8 [`NOTIFIED`], x10 bits |
//! | `RECV_UNTIL` | x8 mode, x9 mask, x11 deadline | as `RECV`, or x8 [`TIMED_OUT`] |
//! | `REPLY` | x0–x7 words, x8 caller, x9 code, x10 length | – |
//! | `REPLY_RECV` | x0–x7 words, x8 caller, x9 code, x10 length, x11 mode, x12 mask | as `RECV` |
//! | `REPLY_FAULT` | x8 caller, x9 reason | – |
//! | `LEASE_READ`, `LEASE_WRITE` | x8 caller, x9 index, x10 offset, x11 address, x12 length | x8 status, x9 bytes |
//! | `LEASE_INFO` | x8 caller, x9 index | x8 status, x9 rights, x10 length |
//! | `POST` | x8 post grant, x9 bits | x8 status |
//! | `TIMER_SET` | x8 timer, x9 deadline (ticks), x10 bits | – |
//! | `TIMER_CANCEL` | x8 timer | – |
//! | `IRQ_CONTROL` | x8 bits, x9 flags | x8 status |
//! | `IRQ_STATUS` | x8 bits | x8 flags |
//! | `YIELD` | – | – |
//! | `KERNEL_OP` | x8 operation, x9 task index, x10 argument | x0–x7 words, x8 status |
//! | `PANIC` | x8 address, x9 length | never |
//! | `SELF_INFO` | – | x0 index, x1 generation, x2 reset reason, x3 gas left, x4 boot time (ticks) |
//!
//! A *header* is `operation | length << 16 | leases << 32` (16, 16 and 8 bits).
//! A *caller* handle is `index | generation << 32`.

/// Send a message through a port and wait for its reply.
pub const CALL: u16 = 0;
/// Wait for a notification or a call.
pub const RECV: u16 = 1;
/// Like [`RECV`], with an absolute deadline in ticks.
pub const RECV_UNTIL: u16 = 2;
/// Answer a caller.
pub const REPLY: u16 = 3;
/// Answer a caller and wait for the next: the server loop's one trap.
pub const REPLY_RECV: u16 = 4;
/// Stop a caller that broke the rules of the interface.
pub const REPLY_FAULT: u16 = 5;
/// Copy from a caller's lease.
pub const LEASE_READ: u16 = 6;
/// Copy into a caller's lease.
pub const LEASE_WRITE: u16 = 7;
/// Rights and length of a caller's lease.
pub const LEASE_INFO: u16 = 8;
/// Set notification bits of another task.
pub const POST: u16 = 9;
/// Arm a timer.
pub const TIMER_SET: u16 = 10;
/// Disarm a timer.
pub const TIMER_CANCEL: u16 = 11;
/// Enable, disable or clear own interrupts.
pub const IRQ_CONTROL: u16 = 12;
/// State of own interrupts.
pub const IRQ_STATUS: u16 = 13;
/// Let an equal run; without effect in a strict band.
pub const YIELD: u16 = 14;
/// Reserved: lend the rest of a time slot.
pub const YIELD_TO: u16 = 15;
/// Reserved: a DAG node has finished.
pub const DAG_DONE: u16 = 16;
/// Ask the kernel to act on a task, as granted.
pub const KERNEL_OP: u16 = 17;
/// Stop this task with a message.
pub const PANIC: u16 = 18;
/// Who am I?
pub const SELF_INFO: u16 = 19;
/// One more than the highest number.
pub const COUNT: u16 = 20;

/// Set in a status that the kernel, not the server, gave.
pub const KERNEL_STATUS: u64 = 1 << 63;
/// The call was carried out.
pub const OK: u64 = 0;
/// The peer has been restarted since this task last dealt with it.
pub const DEAD: u64 = KERNEL_STATUS | 1;
/// The port's timeout passed.
pub const TIMEOUT: u64 = KERNEL_STATUS | 2;
/// The caller cannot pay.
pub const NO_GAS: u64 = KERNEL_STATUS | 3;
/// The lender no longer waits for this server.
pub const DEFECT: u64 = KERNEL_STATUS | 4;
/// A kernel operation found nothing, or nothing to do.
pub const NONE: u64 = KERNEL_STATUS | 5;

/// In `x8` after a receive: notification bits were taken, see `x10`.
pub const NOTIFIED: u64 = u64::MAX;
/// In `x8` after `RECV_UNTIL`: the deadline passed.
pub const TIMED_OUT: u64 = u64::MAX - 1;

/// Receive mode: calls and notifications.
pub const RECV_OPEN: u64 = 0;
/// Receive mode: notifications only; callers keep waiting.
pub const RECV_NOTIFICATIONS: u64 = 1;

/// `IRQ_CONTROL` flag: enable (absent: disable).
pub const IRQ_ENABLE: u64 = 1;
/// `IRQ_CONTROL` flag: forget a pending interrupt first.
pub const IRQ_CLEAR_PENDING: u64 = 2;
/// `IRQ_STATUS` flag: an interrupt of these bits is enabled.
pub const IRQ_ENABLED: u64 = 1;
/// `IRQ_STATUS` flag: the controller holds it pending.
pub const IRQ_PENDING: u64 = 2;
/// `IRQ_STATUS` flag: its notification bit is posted and not yet taken.
pub const IRQ_POSTED: u64 = 4;

/// Lease right: the server may read.
pub const LEASE_R: u32 = 1;
/// Lease right: the server may write.
pub const LEASE_W: u32 = 2;

/// One entry of the lease table that a caller passes by address (16 bytes,
/// 8-byte aligned).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    zerocopy::FromBytes,
    zerocopy::IntoBytes,
    zerocopy::Immutable,
    zerocopy::KnownLayout,
)]
#[repr(C)]
pub struct LeaseDesc {
    /// First byte, in the caller's span.
    pub address: u64,
    /// Length in bytes.
    pub length: u32,
    /// [`LEASE_R`], [`LEASE_W`] or both; any other bit faults the caller.
    pub rights: u32,
}

/// Packs operation, length in bytes and number of leases.
#[must_use]
pub const fn header(operation: u16, length: u16, leases: u8) -> u64 {
    operation as u64 | (length as u64) << 16 | (leases as u64) << 32
}

/// The operation in a header.
#[must_use]
pub const fn header_operation(header: u64) -> u16 {
    (header & 0xffff) as u16
}

/// The length in bytes in a header.
#[must_use]
pub const fn header_length(header: u64) -> u16 {
    (header >> 16 & 0xffff) as u16
}

/// The number of leases in a header.
#[must_use]
pub const fn header_leases(header: u64) -> u8 {
    (header >> 32 & 0xff) as u8
}

/// Packs a task index and its generation into a caller handle.
#[must_use]
pub const fn caller(index: u32, generation: u32) -> u64 {
    index as u64 | (generation as u64) << 32
}

/// The task index in a caller handle.
#[must_use]
pub const fn caller_index(caller: u64) -> u32 {
    (caller & 0xffff_ffff) as u32
}

/// The generation in a caller handle.
#[must_use]
pub const fn caller_generation(caller: u64) -> u32 {
    (caller >> 32) as u32
}
