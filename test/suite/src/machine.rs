//! What a puppet does that Rust has no words for: traps with all registers chosen,
//! accesses that are meant to fault, work with a pattern in every register.
//!
//! Every function is a few named instructions, so that a fault's program counter can
//! be compared with an address. On the host there are stand-ins that panic.

#[cfg(all(target_os = "none", target_arch = "aarch64"))]
mod aarch64;
#[cfg(all(target_os = "none", target_arch = "aarch64"))]
use aarch64 as port;
#[cfg(not(all(target_os = "none", target_arch = "aarch64")))]
mod host;
#[cfg(not(all(target_os = "none", target_arch = "aarch64")))]
use host as port;

use crate::command::{BUFFER_BYTES, CONSTANT, DATA, Place};
use crate::hostile;
use core::sync::atomic::AtomicU64;

/// `x0`–`x30`.
pub type Registers = [u64; 31];

/// `q0`–`q31` as pairs of words, FPCR, FPSR.
pub type FpRegisters = [u64; 66];

/// Immediates of `SVC` that a puppet can be told to use: every number that exists, and
/// some that do not (the first absent, 2⁸, 2⁸ + a valid one, the largest positive, the
/// smallest negative and −1 of 16 bits).
pub const TRAPS: &[u16] = &[
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 63, 64, 0xff,
    0x100, 0x113, 0x7fff, 0x8000, 0xffff,
];

#[repr(C, align(4096))]
struct Buffer([AtomicU64; BUFFER_BYTES as usize / 8]);

static BUFFER: Buffer = Buffer([const { AtomicU64::new(0) }; BUFFER_BYTES as usize / 8]);
static CONSTANT_WORD: u64 = CONSTANT;
static DATA_WORD: AtomicU64 = AtomicU64::new(DATA);
static ZERO_WORD: AtomicU64 = AtomicU64::new(0);
#[cfg_attr(target_os = "none", unsafe(link_section = ".uninit"))]
static UNINIT_WORD: AtomicU64 = AtomicU64::new(0);

/// Address of a place in this task's span; 0 for a number that is none.
#[must_use]
pub fn place(number: u64) -> u64 {
    let of = |word: &AtomicU64| core::ptr::from_ref(word).expose_provenance() as u64;
    match number {
        n if n == Place::Buffer as u64 => of(&BUFFER.0[0]),
        n if n == Place::Constant as u64 => {
            core::ptr::from_ref(&CONSTANT_WORD).expose_provenance() as u64
        }
        n if n == Place::Data as u64 => of(&DATA_WORD),
        n if n == Place::Zero as u64 => of(&ZERO_WORD),
        n if n == Place::Uninit as u64 => of(&UNINIT_WORD),
        n if n == Place::EnterSpin as u64 => hostile::entry_of(hostile::SPIN),
        n if n == Place::EnterFault as u64 => hostile::entry_of(hostile::FAULT),
        n if n == Place::EnterLoad as u64 => hostile::entry_of(hostile::LOAD),
        n if n == Place::EnterPush as u64 => hostile::entry_of(hostile::PUSH),
        n => port::place(n),
    }
}

/// Traps with all registers given; `None` if the number is not one of [`TRAPS`].
///
/// # Safety
/// What the kernel writes on behalf of the call (a lease copy's target) must be the
/// task's to lend, and nothing that the compiler reasons about. A call that is wrong
/// stops the task, which may be the purpose.
#[must_use]
pub unsafe fn trap(number: u64, registers: &mut Registers) -> Option<()> {
    let at = TRAPS.iter().position(|trap| u64::from(*trap) == number)?;
    // SAFETY: the caller's, as said.
    unsafe { port::trap(at, registers) };
    Some(())
}

/// The same between a load-exclusive and a store-exclusive; whether the store failed.
///
/// # Safety
/// As for [`trap`].
#[must_use]
pub unsafe fn trap_exclusive(number: u64, registers: &mut Registers) -> Option<bool> {
    let at = TRAPS.iter().position(|trap| u64::from(*trap) == number)?;
    registers[27] = place(Place::Buffer as u64);
    // SAFETY: the caller's, as said.
    unsafe { port::trap_exclusive(at, registers) };
    Some(registers[26] != 0)
}

/// A load-exclusive and a store-exclusive, and nothing between; whether the store failed.
#[must_use]
pub fn exclusive() -> bool {
    port::exclusive(place(Place::Buffer as u64))
}

pub use port::{
    execute, frame, hostile, push, read, read_fp, set_thread_pointer, spin_fp, spin_registers,
    thread_pointer, write,
};
