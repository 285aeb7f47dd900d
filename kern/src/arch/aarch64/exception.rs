//! Exceptions: what a task or the kernel itself ran into, by class.
//!
//! `entry.s` has saved the task's registers; each of these functions ends with the
//! registers to leave with. Section numbers are those of DDI 0487, whose ESR_EL1
//! (D17.2.37) lists the classes and the fault status codes.

use super::{Machine, Registers, kernel, leave, stop};
use crate::arch::{Arch, Physical};
use crate::kernel::Kernel;
use abi::boot::{RESET_MAGIC, ResetReason, ResetRecord};
use abi::fault::{Access, FaultKind};
use cortex_a::registers::{CNTVCT_EL0, Readable};
use zerocopy::IntoBytes;

/// Exception classes that EL0 can cause, ESR_EL1 bits 31:26. All others, those of
/// AArch32 among them, are told as illegal instructions, with their syndrome.
mod class {
    /// WFI or WFE, trapped.
    pub const WAIT: u64 = 0x01;
    /// Floating point or SIMD, trapped.
    pub const FP: u64 = 0x07;
    /// SVC from AArch64.
    pub const SVC: u64 = 0x15;
    /// MSR, MRS or a system instruction, trapped.
    pub const SYSTEM_REGISTER: u64 = 0x18;
    /// SVE, trapped.
    pub const SVE: u64 = 0x19;
    /// SME, trapped.
    pub const SME: u64 = 0x1d;
    /// Instruction abort from EL0.
    pub const FETCH: u64 = 0x20;
    /// PC alignment.
    pub const PC: u64 = 0x22;
    /// Data abort from EL0.
    pub const DATA: u64 = 0x24;
    /// SP alignment.
    pub const SP: u64 = 0x26;
    /// Breakpoint from EL0.
    pub const BREAKPOINT: u64 = 0x30;
    /// Software step from EL0.
    pub const STEP: u64 = 0x32;
    /// Watchpoint from EL0.
    pub const WATCHPOINT: u64 = 0x34;
    /// BRK from AArch64.
    pub const BRK: u64 = 0x3c;
}

/// A task made a system call or did something that the core refused.
#[unsafe(no_mangle)]
extern "C" fn kernel_synchronous(esr: u64, far: u64) -> *const Registers {
    let kernel = kernel();
    let detail = esr & 0x1ff_ffff;
    let mut exception = |kind, detail| kernel.exception(kind, detail, esr);
    match esr >> 26 & 0x3f {
        class::SVC => kernel.system_call((detail & 0xffff) as u16),
        class::FETCH => abort(kernel, Access::Execute, esr, far),
        class::DATA => {
            let write = detail & 1 << 6 != 0;
            abort(kernel, if write { Access::Write } else { Access::Read }, esr, far);
        }
        class::FP | class::SVE | class::SME => exception(FaultKind::FpUndeclared, 0),
        class::PC | class::SP => exception(FaultKind::Alignment, far),
        class::WAIT | class::SYSTEM_REGISTER => exception(FaultKind::Privileged, detail),
        class::BREAKPOINT | class::STEP | class::WATCHPOINT | class::BRK => {
            exception(FaultKind::Debug, 0);
        }
        _ => exception(FaultKind::IllegalInstruction, 0),
    }
    leave(kernel)
}

/// A data or instruction abort: which kind, from the fault status code, bits 5:0.
#[cold] // stays a function of its own
fn abort(kernel: &mut Kernel<Machine>, access: Access, esr: u64, far: u64) {
    match esr & 0x3f {
        // Address size and translation, at levels 0–3, then at level -1.
        0x00..=0x07 | 0x29 | 0x2b => kernel.memory_fault(access, false, far, esr),
        // Access flag and permission.
        0x08..=0x0f => kernel.memory_fault(access, true, far, esr),
        0x21 => kernel.exception(FaultKind::Alignment, far, esr),
        // External: on the access or on a table walk. FnV: the address is not known.
        _ => kernel.exception(FaultKind::External, if esr & 1 << 10 != 0 { 0 } else { far }, esr),
    }
}

/// An interrupt arrived while a task ran.
#[unsafe(no_mangle)]
extern "C" fn kernel_interrupt() -> *const Registers {
    let kernel = kernel();
    kernel.interrupt();
    leave(kernel)
}

/// An asynchronous external abort arrived while a task ran.
#[unsafe(no_mangle)]
extern "C" fn kernel_serror(esr: u64) -> *const Registers {
    let kernel = kernel();
    kernel.exception(FaultKind::External, 0, esr);
    leave(kernel)
}

/// An exception in the kernel itself, or one that no task can cause: say why, reset.
#[unsafe(no_mangle)]
extern "C" fn kernel_fatal(esr: u64, far: u64, elr: u64) -> ! {
    let kernel = kernel();
    let mut record = ResetRecord {
        magic: RESET_MAGIC,
        reason: ResetReason::KernelException as u64,
        task: kernel.current.map_or(u64::MAX, |task| task.position() as u64),
        fault: 0,
        detail: far,
        pc: elr,
        syndrome: esr,
        ticks: CNTVCT_EL0.get(),
        checksum: 0,
    };
    record.checksum = record.sum();
    kernel.arch.write(Physical(kernel.tables.header.reset_record), record.as_bytes());
    kernel.arch.reset();
    stop()
}
