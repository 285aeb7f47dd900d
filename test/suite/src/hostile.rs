//! Hostile: what a task can do to the kernel that no sane program does.
//!
//! ```text
//!   Context ──► every register, SP, flags, thread pointer, FP ──► SVC, interrupt or fault
//!      ▲                                                            │
//!      └────────── every register, SP, flags, and what FP lost ◄────┘
//! ```
//!
//! On the host only the numbers exist; the rest needs the feature `task`.

#[cfg(all(feature = "task", target_os = "none", target_arch = "aarch64"))]
mod aarch64;
#[cfg(all(feature = "task", target_os = "none", target_arch = "aarch64"))]
use aarch64 as port;
#[cfg(all(feature = "task", not(all(target_os = "none", target_arch = "aarch64"))))]
mod host;
#[cfg(all(feature = "task", not(all(target_os = "none", target_arch = "aarch64"))))]
use host as port;

#[cfg(feature = "task")]
mod canary;
#[cfg(feature = "task")]
pub use canary::canary;
#[cfg(feature = "task")]
pub use port::{Context, scorch};

/// Way into the kernel: none of one's own. Works for at least 131 µs and less than 400 µs
/// (of a 62.5 MHz counter), so that interrupts come; `x0` is lost.
pub const SPIN: u64 = 0x10000;
/// Way into the kernel: an undefined instruction.
pub const FAULT: u64 = 0x10001;
/// Way into the kernel: a load from `[x0]`.
pub const LOAD: u64 = 0x10002;
/// Way into the kernel: a store at SP − 16.
pub const PUSH: u64 = 0x10003;

/// Enters the kernel with everything chosen, and notes everything. Returns how many words
/// of FP registers have changed (0 if none was chosen); `None` if there is no such way.
///
/// # Safety
/// As for [`crate::machine::trap`].
#[cfg(feature = "task")]
#[must_use]
pub unsafe fn enter(how: u64, context: &mut Context) -> Option<u64> {
    let at = crate::machine::TRAPS.iter().position(|trap| u64::from(*trap) == how);
    let way = match how {
        SPIN => port::Way::Spin,
        FAULT => port::Way::Fault,
        LOAD => port::Way::Load,
        PUSH => port::Way::Push,
        _ => port::Way::Trap(at?),
    };
    // SAFETY: the caller's, as said.
    Some(unsafe { port::enter(way, context) })
}

/// Address of the instruction that enters the kernel in a way; 0 for a trap.
#[cfg(feature = "task")]
pub(crate) fn entry_of(how: u64) -> u64 {
    port::entry_of(how)
}

/// Calls itself for ever, with a frame of some hundred bytes each time.
#[cfg(feature = "task")]
#[inline(never)]
pub fn recurse(depth: u64) -> u64 {
    let mut frame = [depth; 32];
    core::hint::black_box(&mut frame);
    if depth == u64::MAX {
        return 0; // not in a life's time
    }
    // Not the last thing it does, so that it cannot become a loop.
    recurse(core::hint::black_box(depth.wrapping_add(1)))
        ^ core::hint::black_box(frame)[depth as usize & 31]
}

/// Bytes of the frame of [`big_frame`]: more than stack, guard page and constants together
/// would be without probes.
#[cfg(feature = "task")]
pub const BIG_FRAME: usize = 0x4000;

/// A function that first uses the far end of a frame much larger than the guard page.
#[cfg(feature = "task")]
#[inline(never)]
pub fn big_frame(value: u64) -> u64 {
    let mut frame = core::mem::MaybeUninit::<[u64; BIG_FRAME / 8]>::uninit();
    let frame = core::hint::black_box(&mut frame);
    let first = frame.as_mut_ptr().cast::<u64>();
    // SAFETY: the first word of the frame; the stack ends before it.
    unsafe {
        first.write_volatile(value);
        first.read_volatile()
    }
}
