//! System calls, typed: one function per call of `abi::syscall`, nothing else.
//!
//! A wrong argument is no error here: the kernel stops a task that misuses a
//! call, and the supervisor says why. What is returned is what can happen
//! without anybody's mistake: the peer restarted, a timeout, a lease that ended.

use crate::arch::{trap, trap_words};
use crate::{Bits, Caller, Port, Ticks, Words};
use abi::boot::ResetReason;
use abi::fault::Reason;
use abi::kernel_op::KernelOp;
use abi::limits::{LEASE_COPY_BYTES, MESSAGE_BYTES, PANIC_BYTES};
use abi::syscall;
use abi::syscall::LeaseDesc;
use core::marker::PhantomData;
use core::sync::atomic::AtomicU8;
use zerocopy::IntoBytes;

/// Memory lent to a server for the length of one call.
///
/// It borrows the memory like a reference, so that nobody else can look at it or
/// change it while the server may.
#[derive(Debug)]
#[repr(transparent)]
pub struct Lease<'a> {
    desc: LeaseDesc,
    borrow: PhantomData<&'a mut [u8]>,
}

impl<'a> Lease<'a> {
    /// Lends memory that the server may read.
    #[must_use]
    #[inline]
    pub fn read(bytes: &'a [u8]) -> Self {
        Lease::new(bytes.as_ptr(), bytes.len(), syscall::LEASE_R)
    }

    /// Lends memory that the server may write.
    #[must_use]
    #[inline]
    pub fn write(bytes: &'a mut [u8]) -> Self {
        Lease::new(bytes.as_mut_ptr(), bytes.len(), syscall::LEASE_W)
    }

    /// Lends memory that the server may read and write.
    #[must_use]
    #[inline]
    pub fn read_write(bytes: &'a mut [u8]) -> Self {
        Lease::new(bytes.as_mut_ptr(), bytes.len(), syscall::LEASE_R | syscall::LEASE_W)
    }

    /// Lends memory that others than this task look at and change too, such as a
    /// debugger; `rights` are [`syscall::LEASE_R`], [`syscall::LEASE_W`] or both.
    #[must_use]
    #[inline]
    pub fn shared(bytes: &'a [AtomicU8], rights: u32) -> Self {
        Lease::new(bytes.as_ptr().cast(), bytes.len(), rights)
    }

    fn new(start: *const u8, length: usize, rights: u32) -> Self {
        // A span is far smaller than 4 GiB, so the length always fits.
        let desc =
            LeaseDesc { address: start.expose_provenance() as u64, length: length as u32, rights };
        Lease { desc, borrow: PhantomData }
    }

    /// What the kernel will see.
    #[must_use]
    pub const fn descriptor(&self) -> LeaseDesc {
        self.desc
    }
}

/// What came back from a call.
#[derive(Clone, Copy, Debug)]
pub struct CallReturn {
    /// The server's code, or the kernel's if [`syscall::KERNEL_STATUS`] is set.
    pub status: u64,
    /// Bytes of the reply, 0–64.
    pub length: usize,
    /// The reply; unused bytes are zero.
    pub words: Words,
}

/// What a receive waits for besides notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Mode {
    /// Calls too.
    Open = syscall::RECV_OPEN,
    /// Nothing; callers keep waiting.
    Notifications = syscall::RECV_NOTIFICATIONS,
}

/// A call that somebody made to this task and that waits for a reply.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Whom to answer.
    pub caller: Caller,
    /// Badge of the port it came through: index of the client + 1.
    pub badge: u64,
    /// Operation, 1–63, one of those the port permits.
    pub operation: u16,
    /// Bytes of the message, 0–64.
    pub length: usize,
    /// Number of leases, 0–8.
    pub leases: usize,
    /// The message; unused bytes are zero.
    pub words: Words,
}

impl Message {
    /// The bytes of the message.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.words.as_bytes()[..self.length.min(MESSAGE_BYTES)]
    }

    /// Task index of the client that owns the port.
    #[must_use]
    pub const fn sender(&self) -> Option<u32> {
        match self.badge {
            0 => None,
            badge => Some((badge - 1) as u32),
        }
    }
}

/// Why a receive returned.
#[derive(Clone, Copy, Debug)]
pub enum Received {
    /// Somebody called.
    Call(Message),
    /// These bits of the mask were set, and are cleared now.
    Notified(Bits),
    /// The deadline passed first.
    TimedOut,
}

impl Received {
    #[inline(always)]
    fn from_registers([x8, x9, x10]: [u64; 3], words: Words) -> Self {
        match x8 {
            syscall::NOTIFIED => Received::Notified(Bits(x10 as u32)),
            syscall::TIMED_OUT => Received::TimedOut,
            handle => Received::Call(Message {
                caller: Caller::from_handle(handle),
                badge: x9,
                operation: syscall::header_operation(x10),
                length: syscall::header_length(x10) as usize,
                leases: syscall::header_leases(x10) as usize,
                words,
            }),
        }
    }
}

/// The lender no longer waits for this server: it was restarted, or timed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect;

/// Rights and length of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseInfo {
    /// [`syscall::LEASE_R`], [`syscall::LEASE_W`] or both.
    pub rights: u32,
    /// Length in bytes.
    pub length: usize,
}

/// What a kernel operation returned.
#[derive(Clone, Copy, Debug)]
pub struct KernelReturn {
    /// [`syscall::OK`], [`syscall::NONE`], or as said at the operation.
    pub status: u64,
    /// As said at the operation.
    pub words: Words,
}

/// Who this task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelfInfo {
    /// Task index.
    pub index: u32,
    /// Restarts so far.
    pub generation: u32,
    /// Why the machine was reset last.
    pub reset_reason: ResetReason,
    /// Credits left in this period.
    pub gas: u64,
    /// Counter at kernel entry.
    pub boot: Ticks,
}

/// Sends a message through a port and waits for the reply. `header` is
/// [`syscall::header`]; the number of leases in it must be that of `leases`.
#[inline]
pub fn call(port: Port, header: u64, words: &Words, leases: &[Lease<'_>]) -> CallReturn {
    let mut words = *words;
    let table = leases.as_ptr().expose_provenance() as u64;
    let [status, length, _] =
        trap_words::<{ syscall::CALL }>(&mut words, [u64::from(port.0), header, table, 0, 0]);
    CallReturn { status, length: length as usize, words }
}

/// Waits for one of the bits of `mask`, or, in [`Mode::Open`], a call.
#[inline]
pub fn recv(mode: Mode, mask: Bits) -> Received {
    let mut words = [0; 8];
    let x = [mode as u64, u64::from(mask.0), 0, 0, 0];
    let results = trap_words::<{ syscall::RECV }>(&mut words, x);
    Received::from_registers(results, words)
}

/// Like [`recv`], but no longer than until `deadline`.
#[inline]
pub fn recv_until(mode: Mode, mask: Bits, deadline: Ticks) -> Received {
    let mut words = [0; 8];
    let x = [mode as u64, u64::from(mask.0), 0, deadline.0, 0];
    let results = trap_words::<{ syscall::RECV_UNTIL }>(&mut words, x);
    Received::from_registers(results, words)
}

/// Answers a caller. One that no longer waits is left alone.
#[inline]
pub fn reply(caller: Caller, code: u64, length: usize, words: &Words) {
    let mut words = *words;
    trap_words::<{ syscall::REPLY }>(&mut words, [caller.handle(), code, length as u64, 0, 0]);
}

/// Answers a caller and waits for the next event: [`reply`], then [`recv`].
#[inline]
pub fn reply_recv(
    caller: Caller,
    code: u64,
    length: usize,
    words: &Words,
    mode: Mode,
    mask: Bits,
) -> Received {
    let mut words = *words;
    let x = [caller.handle(), code, length as u64, mode as u64, u64::from(mask.0)];
    let results = trap_words::<{ syscall::REPLY_RECV }>(&mut words, x);
    Received::from_registers(results, words)
}

/// Stops a caller that broke the rules of the interface.
#[inline]
pub fn reply_fault(caller: Caller, reason: Reason) {
    trap::<{ syscall::REPLY_FAULT }>([caller.handle(), reason as u64, 0, 0, 0]);
}

/// Copies from a caller's lease, from `offset` bytes on. Returns the number of
/// bytes copied: fewer than asked for only at the end of the lease.
///
/// # Errors
/// [`Defect`] if the caller no longer waits; `into` may have been written in part.
#[inline]
pub fn lease_read(
    caller: Caller,
    index: usize,
    offset: usize,
    into: &mut [u8],
) -> Result<usize, Defect> {
    let mut done = 0;
    for piece in into.chunks_mut(LEASE_COPY_BYTES) {
        let copied = lease_piece::<{ syscall::LEASE_READ }>(
            caller,
            index,
            offset.saturating_add(done),
            piece.as_mut_ptr().expose_provenance(),
            piece.len(),
        )?;
        done = copied.saturating_add(done);
        if copied < piece.len() {
            break;
        }
    }
    Ok(done)
}

/// Copies into a caller's lease, from `offset` bytes on. Returns the number of
/// bytes copied: fewer than asked for only at the end of the lease.
///
/// # Errors
/// [`Defect`] if the caller no longer waits; the lease may have been written in part.
#[inline]
pub fn lease_write(
    caller: Caller,
    index: usize,
    offset: usize,
    from: &[u8],
) -> Result<usize, Defect> {
    let mut done = 0;
    for piece in from.chunks(LEASE_COPY_BYTES) {
        let copied = lease_piece::<{ syscall::LEASE_WRITE }>(
            caller,
            index,
            offset.saturating_add(done),
            piece.as_ptr().expose_provenance(),
            piece.len(),
        )?;
        done = copied.saturating_add(done);
        if copied < piece.len() {
            break;
        }
    }
    Ok(done)
}

#[inline(always)]
fn lease_piece<const N: u16>(
    caller: Caller,
    index: usize,
    offset: usize,
    address: usize,
    length: usize,
) -> Result<usize, Defect> {
    let x = [caller.handle(), index as u64, offset as u64, address as u64, length as u64];
    match trap::<N>(x) {
        [syscall::OK, bytes, _] => Ok(bytes as usize),
        _ => Err(Defect),
    }
}

/// Rights and length of a caller's lease.
///
/// # Errors
/// [`Defect`] if the caller no longer waits.
#[inline]
pub fn lease_info(caller: Caller, index: usize) -> Result<LeaseInfo, Defect> {
    match trap::<{ syscall::LEASE_INFO }>([caller.handle(), index as u64, 0, 0, 0]) {
        [syscall::OK, rights, length] => {
            Ok(LeaseInfo { rights: rights as u32, length: length as usize })
        }
        _ => Err(Defect),
    }
}

/// Sets notification bits of another task. Returns [`syscall::OK`],
/// [`syscall::DEAD`] or [`syscall::NO_GAS`].
#[inline]
pub fn post(grant: u8, bits: Bits) -> u64 {
    trap::<{ syscall::POST }>([u64::from(grant), u64::from(bits.0), 0, 0, 0])[0]
}

/// Arms a timer of this task. A deadline in the past fires at once.
#[inline]
pub fn timer_set(timer: u8, deadline: Ticks, bits: Bits) {
    trap::<{ syscall::TIMER_SET }>([u64::from(timer), deadline.0, u64::from(bits.0), 0, 0]);
}

/// Disarms a timer of this task. A bit that it has already set stays set.
#[inline]
pub fn timer_cancel(timer: u8) {
    trap::<{ syscall::TIMER_CANCEL }>([u64::from(timer), 0, 0, 0, 0]);
}

/// Enables or disables the interrupts behind own notification bits; `flags` are
/// [`syscall::IRQ_ENABLE`] and [`syscall::IRQ_CLEAR_PENDING`].
#[inline]
pub fn irq_control(bits: Bits, flags: u64) -> u64 {
    trap::<{ syscall::IRQ_CONTROL }>([u64::from(bits.0), flags, 0, 0, 0])[0]
}

/// State of the interrupts behind own notification bits: [`syscall::IRQ_ENABLED`],
/// [`syscall::IRQ_PENDING`], [`syscall::IRQ_POSTED`].
#[inline]
pub fn irq_status(bits: Bits) -> u64 {
    trap::<{ syscall::IRQ_STATUS }>([u64::from(bits.0), 0, 0, 0, 0])[0]
}

/// Asks the kernel to act on a task, as granted; see [`crate::kernel`].
#[inline]
pub fn kernel_op(operation: KernelOp, task: u64, argument: u64) -> KernelReturn {
    let mut words = [0; 8];
    let x = [operation as u64, task, argument, 0, 0];
    let [status, ..] = trap_words::<{ syscall::KERNEL_OP }>(&mut words, x);
    KernelReturn { status, words }
}

/// Stops this task with a message; only the first 128 bytes count.
pub fn panic(message: &[u8]) -> ! {
    let message = &message[..message.len().min(PANIC_BYTES)];
    loop {
        let address = message.as_ptr().expose_provenance() as u64;
        trap::<{ syscall::PANIC }>([address, message.len() as u64, 0, 0, 0]);
    }
}

/// Who this task is.
#[must_use]
pub fn self_info() -> SelfInfo {
    let mut words = [0; 8];
    trap_words::<{ syscall::SELF_INFO }>(&mut words, [0; 5]);
    SelfInfo {
        index: words[0] as u32,
        generation: words[1] as u32,
        reset_reason: ResetReason::from_u64(words[2]),
        gas: words[3],
        boot: Ticks(words[4]),
    }
}
