//! Stand-in on the host: the same names, nothing behind them.

use crate::machine::Registers;

/// Everything that a task can bring along into the kernel.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// General registers.
    pub x: Registers,
    /// Stack pointer.
    pub stack_pointer: u64,
    /// Flags.
    pub flags: u64,
    /// Thread pointer.
    pub thread_pointer: u64,
    /// In every FP register; 0: none.
    pub fp: u64,
}

/// A way into the kernel.
pub enum Way {
    /// The system call at this position of [`crate::machine::TRAPS`].
    Trap(usize),
    /// Interrupts.
    Spin,
    /// An undefined instruction.
    Fault,
    /// A load.
    Load,
    /// A store at the stack pointer.
    Push,
}

pub unsafe fn enter(way: Way, _: &mut Context) -> u64 {
    let at = if let Way::Trap(at) = way { at } else { 0 };
    unimplemented!("way {at} into the kernel, outside of an image")
}

pub fn entry_of(_: u64) -> u64 {
    0
}

/// Writes a value to every word of two ranges, and faults.
///
/// # Safety
/// None is needed here.
pub unsafe fn scorch(_: [u64; 2], _: [u64; 2], _: u64) {
    unimplemented!("a puppet outside of an image")
}
