//! The only place where a task meets the kernel: `SVC`, the counter, `_start`.
//!
//! ```text
//!              in                                   out
//!   x0–x7      message words                        message words
//!   x8–x12     everything else, per call            x8–x10 results, rest lost
//!   x13–x17    –                                    lost
//!   x18–x30    –                                    preserved
//! ```
//!
//! The number of the call is the immediate of the `SVC` instruction. The kernel
//! reads and writes memory on the task's behalf (leases, panic messages), so no
//! block says `nomem`; it never uses the task's stack, so all say `nostack`.

use crate::Words;
use core::arch::{asm, naked_asm};

/// Results of a system call besides words: `x8`, `x9`, `x10`.
pub type Results = [u64; 3];

/// System call `N` with message words both ways; `x` goes into `x8`–`x12`.
#[inline(always)]
pub fn trap_words<const N: u16>(words: &mut Words, x: [u64; 5]) -> Results {
    let [mut w0, mut w1, mut w2, mut w3, mut w4, mut w5, mut w6, mut w7] = *words;
    let [mut x8, mut x9, mut x10, x11, x12] = x;
    // SAFETY: the kernel checks every argument against this task's tables and writes
    // memory only where a `Lease` or a `&mut` buffer lends it, both of which are
    // borrowed for the length of this block by the callers in `sys`. All registers
    // that the contract does not preserve are declared.
    unsafe {
        asm!(
            "svc #{number}",
            number = const N,
            inlateout("x0") w0,
            inlateout("x1") w1,
            inlateout("x2") w2,
            inlateout("x3") w3,
            inlateout("x4") w4,
            inlateout("x5") w5,
            inlateout("x6") w6,
            inlateout("x7") w7,
            inlateout("x8") x8,
            inlateout("x9") x9,
            inlateout("x10") x10,
            inlateout("x11") x11 => _,
            inlateout("x12") x12 => _,
            lateout("x13") _,
            lateout("x14") _,
            lateout("x15") _,
            lateout("x16") _,
            lateout("x17") _,
            options(nostack),
        );
    }
    *words = [w0, w1, w2, w3, w4, w5, w6, w7];
    [x8, x9, x10]
}

/// System call `N` without message words; `x` goes into `x8`–`x12`.
#[inline(always)]
pub fn trap<const N: u16>(x: [u64; 5]) -> Results {
    let [mut x8, mut x9, mut x10, x11, x12] = x;
    // SAFETY: as in `trap_words`; the message registers are declared lost.
    unsafe {
        asm!(
            "svc #{number}",
            number = const N,
            lateout("x0") _,
            lateout("x1") _,
            lateout("x2") _,
            lateout("x3") _,
            lateout("x4") _,
            lateout("x5") _,
            lateout("x6") _,
            lateout("x7") _,
            inlateout("x8") x8,
            inlateout("x9") x9,
            inlateout("x10") x10,
            inlateout("x11") x11 => _,
            inlateout("x12") x12 => _,
            lateout("x13") _,
            lateout("x14") _,
            lateout("x15") _,
            lateout("x16") _,
            lateout("x17") _,
            options(nostack),
        );
    }
    [x8, x9, x10]
}

/// The virtual counter, in ticks. The barrier keeps the read from being done
/// before earlier instructions (Arm ARM D12.2.1: the counter may be read early).
#[inline(always)]
pub fn counter() -> u64 {
    let ticks: u64;
    // SAFETY: the kernel lets EL0 read CNTVCT_EL0 (CNTKCTL_EL1.EL0VCTEN).
    unsafe { asm!("isb", "mrs {}, cntvct_el0", out(reg) ticks, options(nostack, preserves_flags)) };
    ticks
}

/// Ticks per second of [`counter`].
#[inline(always)]
pub fn frequency() -> u64 {
    let hertz: u64;
    // SAFETY: as above; the register never changes after boot.
    unsafe {
        asm!("mrs {}, cntfrq_el0", out(reg) hertz, options(nomem, nostack, preserves_flags));
    }
    hertz
}

/// First instruction of a task, at its first start and at every restart.
///
/// It makes the task's memory what the image says, whatever the previous generation
/// left there, and only then lets Rust run:
///
/// ```text
///   __rw_start     ┌────────┐
///                  │ .data  │ copied from __data_load in read-only memory
///   __data_end     ├────────┤
///                  │ .bss   │ zero
///   __uninit_start ├────────┤
///                  │.uninit │ kept: the one thing that survives a restart
///   __uninit_end   ├────────┤
///                  │ slack  │ zero
///   __rw_end       └────────┘
///   (the word)     ┌────────┐
///                  │ stack  │ zero     (no stack is used until this is done)
///   __stack_top    └────────┘
///   __heap_start   ┌────────┐
///                  │ heap   │ zero
///   __heap_end     └────────┘
/// ```
///
/// Where the stack begins is decided when the image is packed: its address is in the
/// read-only word `__stack_bottom_word`. Every address is 8-byte aligned (the linker
/// script sees to it); all stores are of 8 bytes. The kernel has set SP to
/// `__stack_top`. The log ring is not touched.
///
/// # Safety
/// Only the kernel may enter here.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text._start")]
pub unsafe extern "C" fn _start() -> ! {
    naked_asm!(
        // Stack: zero [the word, __stack_top).
        "adrp x0, __stack_bottom_word",
        "add  x0, x0, :lo12:__stack_bottom_word",
        "ldr  x0, [x0]",
        "adrp x1, __stack_top",
        "add  x1, x1, :lo12:__stack_top",
        "1: cmp x0, x1",
        "b.hs 2f",
        "str  xzr, [x0], #8",
        "b    1b",
        // Heap: zero [__heap_start, __heap_end), empty without one.
        "2: adrp x0, __heap_start",
        "add  x0, x0, :lo12:__heap_start",
        "adrp x1, __heap_end",
        "add  x1, x1, :lo12:__heap_end",
        "3: cmp x0, x1",
        "b.hs 4f",
        "str  xzr, [x0], #8",
        "b    3b",
        // Padding before aligned data: zero [__rw_start, __data_start).
        "4: adrp x0, __rw_start",
        "add  x0, x0, :lo12:__rw_start",
        "adrp x1, __data_start",
        "add  x1, x1, :lo12:__data_start",
        "5: cmp x0, x1",
        "b.hs 6f",
        "str  xzr, [x0], #8",
        "b    5b",
        // Data: copy from its load image; x0 becomes __data_start.
        "6: mov x0, x1",
        "adrp x1, __data_end",
        "add  x1, x1, :lo12:__data_end",
        "adrp x2, __data_load",
        "add  x2, x2, :lo12:__data_load",
        "7: cmp x0, x1",
        "b.hs 8f",
        "ldr  x3, [x2], #8",
        "str  x3, [x0], #8",
        "b    7b",
        // Bss and padding: zero [__data_end, __uninit_start).
        "8: mov x0, x1",
        "adrp x1, __uninit_start",
        "add  x1, x1, :lo12:__uninit_start",
        "9: cmp x0, x1",
        "b.hs 20f",
        "str  xzr, [x0], #8",
        "b    9b",
        // Slack: zero [__uninit_end, __rw_end).
        "20: adrp x0, __uninit_end",
        "add  x0, x0, :lo12:__uninit_end",
        "adrp x1, __rw_end",
        "add  x1, x1, :lo12:__rw_end",
        "21: cmp x0, x1",
        "b.hs 22f",
        "str  xzr, [x0], #8",
        "b    21b",
        // An empty frame ends every backtrace here.
        "22: mov x29, xzr",
        "mov  x30, xzr",
        "b    {run}",
        run = sym crate::rt::run,
    )
}
