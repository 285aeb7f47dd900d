//! Arch: all that the kernel asks of a machine.
//!
//! The portable kernel is generic over [`Arch`]; it contains no `cfg` and no
//! `unsafe`. A port provides a saved register set ([`Frame`]), a counter with one
//! deadline, an interrupt controller, address spaces to switch between, and a way
//! to copy bytes by physical address.

use crate::task::TaskIndex;
use abi::desc;

#[cfg(all(target_arch = "aarch64", target_os = "none"))]
#[allow(unsafe_code)] // the one place where the machine is touched
pub mod aarch64;
#[cfg(test)]
pub mod sim;

/// Eight message words.
pub type Words = [u64; 8];

/// The registers of a task that is not running.
pub trait Frame: Copy {
    /// All zero.
    const NEW: Self;
    /// The message words.
    fn words(&self) -> Words;
    /// Puts message words into their registers.
    fn set_words(&mut self, words: &Words);
    /// Argument or result register `n` (0–4): `x8`–`x12` on AArch64. Zero beyond.
    fn register(&self, n: usize) -> u64;
    /// Sets result register `n` (0–4).
    fn set_register(&mut self, n: usize, value: u64);
    /// Program counter.
    fn pc(&self) -> u64;
    /// Stack pointer.
    fn sp(&self) -> u64;
    /// Puts the program counter back to the system-call instruction, so that the call
    /// is made again.
    fn repeat_call(&mut self);
    /// The registers of a task that has just begun: program counter and stack pointer
    /// as built, all else zero.
    fn begin(task: &desc::Task) -> Self;
}

/// A value of the counter, or a difference of two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(pub u64);

impl Ticks {
    /// So much later, or the last moment there is.
    #[must_use]
    pub fn after(self, more: Ticks) -> Self {
        Ticks(self.0.saturating_add(more.0))
    }
}

/// An interrupt of the controller, out of the build's tables: tasks name their own
/// notification bits instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IrqId(pub u32);

/// A physical address within the image's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Physical(pub u64);

impl Physical {
    /// The address `bytes` further on.
    #[must_use]
    pub fn offset(self, bytes: u64) -> Self {
        Physical(self.0.wrapping_add(bytes))
    }
}

/// What the interrupt controller reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// The kernel's own deadline has passed.
    Deadline,
    /// A device's, now masked.
    Device(IrqId),
}

/// A machine.
pub trait Arch {
    /// Saved registers.
    type Frame: Frame;

    /// The counter. Monotonic; does not wrap within a machine's life.
    fn now(&self) -> Ticks;
    /// Ticks in so many microseconds, rounded up; saturates.
    fn ticks(&self, microseconds: u64) -> Ticks;
    /// Asks for [`Interrupt::Deadline`] at or after a counter value, or for none.
    fn set_deadline(&mut self, deadline: Option<Ticks>);

    /// Whether [`Arch::take_interrupt`] would find one.
    fn interrupt_pending(&self) -> bool;
    /// Takes the most urgent pending interrupt and masks it if it is a device's.
    fn take_interrupt(&mut self) -> Option<Interrupt>;
    /// Lets an interrupt through.
    fn enable_interrupt(&mut self, irq: IrqId);
    /// Masks an interrupt.
    fn disable_interrupt(&mut self, irq: IrqId);
    /// Forgets a pending interrupt.
    fn clear_interrupt(&mut self, irq: IrqId);
    /// Makes an interrupt pending by software.
    fn pend_interrupt(&mut self, irq: IrqId);
    /// Whether an interrupt is let through, and whether it is pending.
    fn interrupt_status(&self, irq: IrqId) -> (bool, bool);
    /// Sleeps until an interrupt is pending, with interrupts still masked.
    fn wait(&mut self);

    /// Copies bytes within memory that the build gave to tasks; the ranges do not
    /// overlap destructively (the effect is that of a copy through a buffer).
    fn copy(&mut self, to: Physical, from: Physical, length: usize);
    /// Reads bytes of memory that belongs to the image.
    fn read(&self, from: Physical, into: &mut [u8]);
    /// Writes bytes of memory that belongs to the image.
    fn write(&mut self, to: Physical, bytes: &[u8]);

    /// Makes a task's address space and FP state the current ones.
    fn activate(&mut self, task: TaskIndex, desc: &desc::Task);
    /// Forgets a task's FP state, so that its next life begins with zeros.
    fn forget_fp(&mut self, task: TaskIndex);

    /// Resets the machine. Does not return on real ones.
    fn reset(&mut self);
    /// Leaves the emulator with a status of 0–255. Does not return on real ones.
    fn exit(&mut self, code: u8);
}
