//! Stand-in on the host: the same names, nothing behind them.

use super::{FpRegisters, Registers};

fn not_here() -> ! {
    unimplemented!("a puppet outside of an image")
}

pub fn place(_: u64) -> u64 {
    0
}

pub unsafe fn trap(_: usize, _: &mut Registers) {
    not_here()
}

pub unsafe fn trap_exclusive(_: usize, _: &mut Registers) {
    not_here()
}

pub fn exclusive(_: u64) -> bool {
    not_here()
}

/// Loads a word.
///
/// # Safety
/// None is needed here.
pub unsafe fn read(_: u64) -> u64 {
    not_here()
}

/// Stores a word.
///
/// # Safety
/// None is needed here.
pub unsafe fn write(_: u64, _: u64) {
    not_here()
}

/// Jumps.
///
/// # Safety
/// None is needed here.
pub unsafe fn execute(_: u64) {
    not_here()
}

/// Pushes until the stack ends.
///
/// # Safety
/// None is needed here.
pub unsafe fn push() {
    not_here()
}

/// Stores at a stack pointer that lies in the guard page.
///
/// # Safety
/// None is needed here.
pub unsafe fn frame(_: u64) {
    not_here()
}

/// Works with these values in `x2`–`x30` until the counter has a value.
pub fn spin_registers(_: &mut Registers, _: u64) {
    not_here()
}

/// Works with these values in the FP registers until the counter has a value.
pub fn spin_fp(_: &mut FpRegisters, _: u64) {
    not_here()
}

/// Reads the FP registers.
pub fn read_fp(_: &mut FpRegisters) {
    not_here()
}

/// Writes the thread pointer.
pub fn set_thread_pointer(_: u64) {
    not_here()
}

/// Reads the thread pointer.
pub fn thread_pointer() -> u64 {
    not_here()
}

/// Traps and is interrupted with a hostile stack pointer and flags.
pub fn hostile(_: u64, _: u64) -> (u64, u64) {
    not_here()
}
