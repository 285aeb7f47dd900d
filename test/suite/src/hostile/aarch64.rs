//! The same on AArch64. With nothing in any register that leads back, the way back is
//! PC-relative: a place in memory that is found without one.

use crate::hostile::{FAULT, LOAD, PUSH, SPIN};
use crate::machine::{Registers, TRAPS};
use core::arch::naked_asm;
use core::sync::atomic::AtomicU64;

/// Everything that a task can bring along into the kernel.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Context {
    /// `x0`–`x30`.
    pub x: Registers,
    /// SP_EL0.
    pub stack_pointer: u64,
    /// NZCV.
    pub flags: u64,
    /// TPIDR_EL0; not noted afterwards.
    pub thread_pointer: u64,
    /// In both halves of `q0`–`q31`; 0: FP is not touched. Afterwards: how many words differ.
    pub fp: u64,
}

/// A way into the kernel.
pub enum Way {
    /// The system call at this position of [`TRAPS`].
    Trap(usize),
    /// Interrupts.
    Spin,
    /// An undefined instruction.
    Fault,
    /// A load from `[x0]`.
    Load,
    /// A store at SP − 16.
    Push,
}

/// Where the context is, and the stack pointer.
static BACK: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

macro_rules! each_q {
    ($before:literal, $after:literal) => {
        concat!(
            $before, "0", $after, $before, "1", $after, $before, "2", $after, $before, "3", $after,
            $before, "4", $after, $before, "5", $after, $before, "6", $after, $before, "7", $after,
            $before, "8", $after, $before, "9", $after, $before, "10", $after, $before, "11",
            $after, $before, "12", $after, $before, "13", $after, $before, "14", $after, $before,
            "15", $after, $before, "16", $after, $before, "17", $after, $before, "18", $after,
            $before, "19", $after, $before, "20", $after, $before, "21", $after, $before, "22",
            $after, $before, "23", $after, $before, "24", $after, $before, "25", $after, $before,
            "26", $after, $before, "27", $after, $before, "28", $after, $before, "29", $after,
            $before, "30", $after, $before, "31", $after,
        )
    };
}

/// Saves what a function must preserve, and gives every register its value.
macro_rules! hostile_before {
    () => {
        concat!(
            ".arch_extension fp\n.arch_extension simd\n",
            "stp x29, x30, [sp, #-192]!
             stp x19, x20, [sp, #16]
             stp x21, x22, [sp, #32]
             stp x23, x24, [sp, #48]
             stp x25, x26, [sp, #64]
             stp x27, x28, [sp, #80]
             str x18, [sp, #96]
             adrp x9, {back}
             add x9, x9, :lo12:{back}
             mov x10, sp
             stp x0, x10, [x9]
             ldr x1, [x0, #272]
             cbz x1, 1f
             stp d8, d9, [sp, #112]
             stp d10, d11, [sp, #128]
             stp d12, d13, [sp, #144]
             stp d14, d15, [sp, #160]
             mrs x2, fpcr
             str x2, [sp, #176]\n",
            each_q!("dup v", ".2d, x1\n"),
            // Every rounding bit, default NaN, flush to zero; every cumulative flag.
            "mov w2, #0x07c00000
             msr fpcr, x2
             mov w2, #0x9f
             msr fpsr, x2
             1: ldr x1, [x0, #256]
             msr nzcv, x1
             ldr x1, [x0, #264]
             msr tpidr_el0, x1
             ldr x1, [x0, #248]
             mov sp, x1
             ldp x2, x3, [x0, #16]
             ldp x4, x5, [x0, #32]
             ldp x6, x7, [x0, #48]
             ldp x8, x9, [x0, #64]
             ldp x10, x11, [x0, #80]
             ldp x12, x13, [x0, #96]
             ldp x14, x15, [x0, #112]
             ldp x16, x17, [x0, #128]
             ldp x18, x19, [x0, #144]
             ldp x20, x21, [x0, #160]
             ldp x22, x23, [x0, #176]
             ldp x24, x25, [x0, #192]
             ldp x26, x27, [x0, #208]
             ldp x28, x29, [x0, #224]
             ldr x30, [x0, #240]
             ldp x0, x1, [x0]"
        )
    };
}

/// Notes every register, and returns. The thread pointer is the one register that can be
/// given up before anything is noted.
macro_rules! hostile_after {
    () => {
        concat!(
            "msr tpidr_el0, x0
             adrp x0, {back}
             add x0, x0, :lo12:{back}
             ldr x0, [x0]
             str x1, [x0, #8]
             stp x2, x3, [x0, #16]
             stp x4, x5, [x0, #32]
             stp x6, x7, [x0, #48]
             stp x8, x9, [x0, #64]
             stp x10, x11, [x0, #80]
             stp x12, x13, [x0, #96]
             stp x14, x15, [x0, #112]
             stp x16, x17, [x0, #128]
             stp x18, x19, [x0, #144]
             stp x20, x21, [x0, #160]
             stp x22, x23, [x0, #176]
             stp x24, x25, [x0, #192]
             stp x26, x27, [x0, #208]
             stp x28, x29, [x0, #224]
             str x30, [x0, #240]
             mrs x1, nzcv
             str x1, [x0, #256]
             mrs x1, tpidr_el0
             str x1, [x0]
             mov x1, sp
             str x1, [x0, #248]
             msr tpidr_el0, xzr
             adrp x9, {back}
             add x9, x9, :lo12:{back}
             ldr x9, [x9, #8]
             mov sp, x9
             ldr x1, [x0, #272]
             cbz x1, 9f
             mov x3, #0\n",
            each_q!("mov x4, v", ".d[0]\ncmp x4, x1\ncinc x3, x3, ne\n"),
            each_q!("mov x4, v", ".d[1]\ncmp x4, x1\ncinc x3, x3, ne\n"),
            "mrs x4, fpcr
             mov w5, #0x07c00000
             cmp x4, x5
             cinc x3, x3, ne
             mrs x4, fpsr
             cmp x4, #0x9f
             cinc x3, x3, ne
             str x3, [x0, #272]
             ldr x2, [sp, #176]
             msr fpcr, x2
             ldp d8, d9, [sp, #112]
             ldp d10, d11, [sp, #128]
             ldp d12, d13, [sp, #144]
             ldp d14, d15, [sp, #160]
             9: ldr x18, [sp, #96]
             ldp x19, x20, [sp, #16]
             ldp x21, x22, [sp, #32]
             ldp x23, x24, [sp, #48]
             ldp x25, x26, [sp, #64]
             ldp x27, x28, [sp, #80]
             ldp x29, x30, [sp], #192
             ret"
        )
    };
}

macro_rules! way {
    ($name:ident, $code:literal) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $name(_: *mut Context) {
            naked_asm!(hostile_before!(), $code, hostile_after!(), back = sym BACK)
        }
    };
}

// Bit 13 of the counter must be seen 0, then 1: a loop that needs one register.
way!(
    enter_by_spinning,
    "2: isb
     mrs x0, cntvct_el0
     tbnz x0, #13, 2b
     3: isb
     mrs x0, cntvct_el0
     tbz x0, #13, 3b
     4: isb
     mrs x0, cntvct_el0
     tbnz x0, #13, 4b"
);
way!(enter_by_fault, ".global hostile_fault\nhostile_fault: udf #0");
way!(enter_by_load, ".global hostile_load\nhostile_load: ldr x1, [x0]");
way!(enter_by_push, ".global hostile_push\nhostile_push: str xzr, [sp, #-16]!");

unsafe extern "C" {
    // Their addresses mean something.
    static hostile_fault: u8;
    static hostile_load: u8;
    static hostile_push: u8;
}

#[unsafe(naked)]
unsafe extern "C" fn enter_by_trap<const N: u16>(_: *mut Context) {
    naked_asm!(hostile_before!(), "svc #{n}", hostile_after!(), back = sym BACK, n = const N)
}

type Enter = unsafe extern "C" fn(*mut Context);

macro_rules! trap_table {
    ($($at:literal)*) => { [$( enter_by_trap::<{ TRAPS[$at] }> as Enter ),*] };
}

const TRAP: [Enter; TRAPS.len()] = trap_table!(
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29);

pub unsafe fn enter(way: Way, context: &mut Context) -> u64 {
    let enter = match way {
        Way::Trap(at) => TRAP[at],
        Way::Spin => enter_by_spinning,
        Way::Fault => enter_by_fault,
        Way::Load => enter_by_load,
        Way::Push => enter_by_push,
    };
    // SAFETY: loads from and stores to `context`, and preserves what it must; for the rest the
    // caller answers.
    unsafe { enter(context) };
    context.fp
}

pub fn entry_of(how: u64) -> u64 {
    let symbol = |symbol: *const u8| symbol.expose_provenance() as u64;
    match how {
        FAULT => symbol(&raw const hostile_fault),
        LOAD => symbol(&raw const hostile_load),
        PUSH => symbol(&raw const hostile_push),
        SPIN => enter_by_spinning as *const () as u64,
        _ => 0,
    }
}

#[unsafe(naked)]
unsafe extern "C" fn scorch_words(_: u64, _: u64, _: u64, _: u64, _: u64) {
    naked_asm!(
        "1: str x4, [x0], #8",
        "cmp x0, x1",
        "b.lo 1b",
        "2: str x4, [x2], #8",
        "cmp x2, x3",
        "b.lo 2b",
        "udf #0",
    )
}

/// Writes a value to every word of two ranges, and faults.
///
/// # Safety
/// The ranges are writable memory of this task. Its own stack may be in it.
pub unsafe fn scorch([from, to]: [u64; 2], [and_from, and_to]: [u64; 2], value: u64) {
    // SAFETY: the caller's, as said.
    unsafe { scorch_words(from, to, and_from, and_to, value) };
}
