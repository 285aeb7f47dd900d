//! Kernel operations by name. Each must be granted in app.toml (`kernel = { … }`),
//! for the task concerned; using one without the grant faults this task.

use crate::sys::kernel_op;
use crate::{Bits, Words};
use abi::kernel_op::{KernelOp, RESTART_HOLD, RESTART_START, Status};
use abi::limits::{MESSAGE_BYTES, PANIC_BYTES};
use abi::syscall;
use zerocopy::IntoBytes;

/// State of a task and its fault, if any.
#[must_use]
pub fn status(task: u32) -> Status {
    Status::from_words(kernel_op(KernelOp::Status, u64::from(task), 0).words)
}

/// The first faulted task with an index of at least `from`. `None` from index 0
/// tells the kernel that the supervisor has seen every fault so far.
#[must_use]
pub fn find_faulted(from: u32) -> Option<u32> {
    let answer = kernel_op(KernelOp::FindFaulted, u64::from(from), 0);
    (answer.status == syscall::OK).then_some(answer.words[0] as u32)
}

/// The message with which a task panicked, if it did; it need not be UTF-8.
pub fn panic_message(task: u32, buffer: &mut [u8; PANIC_BYTES]) -> Option<&[u8]> {
    let mut length = 0;
    for (number, part) in buffer.chunks_exact_mut(MESSAGE_BYTES).enumerate() {
        let offset = number * MESSAGE_BYTES;
        if offset > length {
            break;
        }
        let answer = kernel_op(KernelOp::PanicMessage, u64::from(task), offset as u64);
        if answer.status & syscall::KERNEL_STATUS != 0 {
            return None;
        }
        length = (answer.status as usize).min(PANIC_BYTES);
        part.copy_from_slice(answer.words.as_bytes());
    }
    Some(&buffer[..length])
}

/// Begins a new generation of a task and lets it run.
pub fn restart(task: u32) {
    let _ = kernel_op(KernelOp::Restart, u64::from(task), RESTART_START);
}

/// Begins a new generation of a task, which then waits for [`start`].
pub fn restart_held(task: u32) {
    let _ = kernel_op(KernelOp::Restart, u64::from(task), RESTART_HOLD);
}

/// Lets a held task run.
pub fn start(task: u32) {
    let _ = kernel_op(KernelOp::Start, u64::from(task), 0);
}

/// Stops a task that is not faulted; its callers wait.
pub fn hold(task: u32) {
    let _ = kernel_op(KernelOp::Hold, u64::from(task), 0);
}

/// Faults a task; it is recorded that this task asked for it.
pub fn fault(task: u32) {
    let _ = kernel_op(KernelOp::Fault, u64::from(task), 0);
}

/// Resets the machine; the reason is found in the next boot's reset record.
pub fn reset(reason: u64) -> ! {
    loop {
        let _ = kernel_op(KernelOp::Reset, 0, reason);
    }
}

/// 64 bytes of a task's memory, or `None` where there is none that can be read.
#[must_use]
pub fn dump(task: u32, address: u64) -> Option<Words> {
    let answer = kernel_op(KernelOp::Dump, u64::from(task), address);
    (answer.status == syscall::OK).then_some(answer.words)
}

/// Makes the interrupts behind a task's notification bits pending. False if
/// there are none.
pub fn software_irq(task: u32, bits: Bits) -> bool {
    kernel_op(KernelOp::SoftwareIrq, u64::from(task), u64::from(bits.0)).status == syscall::OK
}

/// Leaves the emulator.
pub fn exit(code: u8) -> ! {
    loop {
        let _ = kernel_op(KernelOp::Exit, 0, u64::from(code));
    }
}
