//! The same on AArch64.

use super::{FpRegisters, Registers, TRAPS};
use crate::command::Place;
use core::arch::{asm, naked_asm};

unsafe extern "C" {
    // From the task's linker script; only their addresses mean something.
    static __text_start: u8;
    static __text_end: u8;
    static __rodata_end: u8;
    /// The address of the stack's lowest byte: how large it is is no link's matter.
    static __stack_bottom_word: u64;
    static __stack_top: u8;
    static __rw_end: u8;
}

fn stack_bottom() -> u64 {
    // SAFETY: a word of this task's constants; the compiler must not guess what it holds.
    unsafe { (&raw const __stack_bottom_word).read_volatile() }
}

/// Addresses of the span's edges and of the instructions below.
pub fn place(number: u64) -> u64 {
    let symbol = |symbol: *const u8| symbol.expose_provenance() as u64;
    match number {
        n if n == Place::TextStart as u64 => symbol(&raw const __text_start),
        n if n == Place::TextEnd as u64 => symbol(&raw const __text_end),
        n if n == Place::ConstantsEnd as u64 => symbol(&raw const __rodata_end),
        n if n == Place::StackBottom as u64 => stack_bottom(),
        n if n == Place::StackTop as u64 => symbol(&raw const __stack_top),
        n if n == Place::WritableEnd as u64 => symbol(&raw const __rw_end),
        n if n == Place::Read as u64 => read_word as *const () as u64,
        n if n == Place::Write as u64 => write_word as *const () as u64,
        n if n == Place::Push as u64 => push_words as *const () as u64,
        n if n == Place::Frame as u64 => enter_frame as *const () as u64 + 4,
        n if n == Place::Fp as u64 => spin_with_fp as *const () as u64,
        _ => 0,
    }
}

/// Saves what a function must preserve, notes where the registers are, and loads all of
/// them but `x0` and `x1`.
macro_rules! load_registers {
    () => {
        "stp x29, x30, [sp, #-128]!
         stp x19, x20, [sp, #16]
         stp x21, x22, [sp, #32]
         stp x23, x24, [sp, #48]
         stp x25, x26, [sp, #64]
         stp x27, x28, [sp, #80]
         stp x18, x0, [sp, #96]
         str x1, [sp, #120]
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
         ldr x30, [x0, #240]"
    };
}

/// Stores all registers where they came from, and returns.
macro_rules! store_registers {
    () => {
        "str x0, [sp, #112]
         ldr x0, [sp, #104]
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
         ldr x1, [sp, #112]
         str x1, [x0]
         ldr x18, [sp, #96]
         ldp x19, x20, [sp, #16]
         ldp x21, x22, [sp, #32]
         ldp x23, x24, [sp, #48]
         ldp x25, x26, [sp, #64]
         ldp x27, x28, [sp, #80]
         ldp x29, x30, [sp], #128
         ret"
    };
}

/// `SVC #N` with every register chosen and every register noted.
#[unsafe(naked)]
unsafe extern "C" fn trap_with<const N: u16>(_: *mut Registers) {
    naked_asm!(load_registers!(), "ldp x0, x1, [x0]", "svc #{n}", store_registers!(), n = const N)
}

/// The same between the halves of an exclusive access to `[x27]`; the store's status
/// ends in `x26`.
#[unsafe(naked)]
unsafe extern "C" fn trap_exclusive_with<const N: u16>(_: *mut Registers) {
    naked_asm!(
        load_registers!(),
        "ldp x0, x1, [x0]",
        "ldxr x28, [x27]",
        "svc #{n}",
        "stxr w26, x28, [x27]",
        store_registers!(),
        n = const N
    )
}

/// No trap, but a loop until the counter reaches `x1`; `x0` and `x1` are lost.
#[unsafe(naked)]
unsafe extern "C" fn spin_with(_: *mut Registers, _: u64) {
    naked_asm!(
        load_registers!(),
        "ldr x1, [sp, #120]",
        "1: isb",
        "mrs x0, cntvct_el0",
        "cmp x0, x1",
        "b.lo 1b",
        store_registers!(),
    )
}

type Trap = unsafe extern "C" fn(*mut Registers);

macro_rules! trap_table {
    ($function:ident: $($at:literal)*) => { [$( $function::<{ TRAPS[$at] }> as Trap ),*] };
}

const TRAP: [Trap; TRAPS.len()] = trap_table!(trap_with:
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29);

const TRAP_EXCLUSIVE: [Trap; TRAPS.len()] = trap_table!(trap_exclusive_with:
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29);

pub unsafe fn trap(at: usize, registers: &mut Registers) {
    // SAFETY: `registers` is what the function stores into; the caller answers for the
    // system call.
    unsafe { TRAP[at](registers) };
}

pub unsafe fn trap_exclusive(at: usize, registers: &mut Registers) {
    // SAFETY: as above; the exclusive access is to `BUFFER`, whose words are atomic.
    unsafe { TRAP_EXCLUSIVE[at](registers) };
}

/// An exclusive access to `[x0]` that nobody interrupts, unless by accident.
#[unsafe(naked)]
unsafe extern "C" fn exclusive_alone(_: u64) -> u64 {
    naked_asm!("ldxr x1, [x0]", "stxr w2, x1, [x0]", "mov w0, w2", "ret")
}

/// Whether the store of an exclusive access failed.
pub fn exclusive(buffer: u64) -> bool {
    // SAFETY: the caller passes the address of `BUFFER`, whose words are atomic.
    unsafe { exclusive_alone(buffer) != 0 }
}

/// One load.
#[unsafe(naked)]
unsafe extern "C" fn read_word(_: u64) -> u64 {
    naked_asm!("ldr x0, [x0]", "ret")
}

/// One store.
#[unsafe(naked)]
unsafe extern "C" fn write_word(_: u64, _: u64) {
    naked_asm!("str x1, [x0]", "ret")
}

/// One jump; whatever is there returns here, if it does.
#[unsafe(naked)]
unsafe extern "C" fn jump(_: u64) {
    naked_asm!("br x0")
}

/// A stack that never ends.
#[unsafe(naked)]
unsafe extern "C" fn push_words() {
    naked_asm!("1: str xzr, [sp, #-16]!", "b 1b")
}

/// A function whose frame ends at `x0`.
#[unsafe(naked)]
unsafe extern "C" fn enter_frame(_: u64) {
    naked_asm!("mov sp, x0", "str xzr, [sp]", "1: b 1b")
}

/// Loads a word.
///
/// # Safety
/// Faulting is the purpose: an address that is not the task's own stops it. One that is
/// must not be the compiler's to reason about: constants, the places made for this, and
/// memory that the suite only looks at.
pub unsafe fn read(address: u64) -> u64 {
    // SAFETY: the caller's, as said.
    unsafe { read_word(address) }
}

/// Stores a word.
///
/// # Safety
/// As for [`read`]: what may not be written stops the task, and what may is one of the
/// places made for it, or memory that nothing in this life reads again.
pub unsafe fn write(address: u64, value: u64) {
    // SAFETY: the caller's, as said.
    unsafe { write_word(address, value) };
}

/// Jumps.
///
/// # Safety
/// Stopping the task is the purpose. Where there is code, it must return at once.
pub unsafe fn execute(address: u64) {
    // SAFETY: the caller's, as said.
    unsafe { jump(address) };
}

/// Pushes until the stack ends.
///
/// # Safety
/// Stopping the task is the purpose: it must have a guard page below its stack.
pub unsafe fn push() {
    // SAFETY: the caller's, as said. Nothing below the stack pointer is in use.
    unsafe { push_words() };
}

/// Stores at a stack pointer, and never returns.
///
/// # Safety
/// Stopping the task is the purpose: the address must lie in its guard page.
pub unsafe fn frame(stack_pointer: u64) {
    // SAFETY: the caller's, as said.
    unsafe { enter_frame(stack_pointer) };
}

/// Works with these values in `x2`–`x30` until the counter has a value, then notes what
/// is there.
pub fn spin_registers(registers: &mut Registers, until: u64) {
    // SAFETY: loads from and stores to `registers`, and preserves what it must.
    unsafe { spin_with(registers, until) };
}

macro_rules! fp_registers {
    ($operation:literal) => {
        concat!(
            $operation,
            " q0, q1, [x0]\n",
            $operation,
            " q2, q3, [x0, #32]\n",
            $operation,
            " q4, q5, [x0, #64]\n",
            $operation,
            " q6, q7, [x0, #96]\n",
            $operation,
            " q8, q9, [x0, #128]\n",
            $operation,
            " q10, q11, [x0, #160]\n",
            $operation,
            " q12, q13, [x0, #192]\n",
            $operation,
            " q14, q15, [x0, #224]\n",
            $operation,
            " q16, q17, [x0, #256]\n",
            $operation,
            " q18, q19, [x0, #288]\n",
            $operation,
            " q20, q21, [x0, #320]\n",
            $operation,
            " q22, q23, [x0, #352]\n",
            $operation,
            " q24, q25, [x0, #384]\n",
            $operation,
            " q26, q27, [x0, #416]\n",
            $operation,
            " q28, q29, [x0, #448]\n",
            $operation,
            " q30, q31, [x0, #480]\n",
        )
    };
}

/// Loads all FP registers from `x0`, works until the counter reaches `x1`, stores them
/// back. Its first instruction is one of floating point. FPCR is put back: the
/// compiler's code relies on it.
#[unsafe(naked)]
unsafe extern "C" fn spin_with_fp(_: *mut FpRegisters, _: u64) {
    naked_asm!(
        ".arch_extension fp",
        ".arch_extension simd",
        "stp d8, d9, [sp, #-64]!",
        "stp d10, d11, [sp, #16]",
        "stp d12, d13, [sp, #32]",
        "stp d14, d15, [sp, #48]",
        "mrs x9, fpcr",
        fp_registers!("ldp"),
        "add x10, x0, #512",
        "ldp x11, x12, [x10]",
        "msr fpcr, x11",
        "msr fpsr, x12",
        "1: isb",
        "mrs x11, cntvct_el0",
        "cmp x11, x1",
        "b.lo 1b",
        fp_registers!("stp"),
        "mrs x11, fpcr",
        "mrs x12, fpsr",
        "stp x11, x12, [x10]",
        "msr fpcr, x9",
        "ldp d10, d11, [sp, #16]",
        "ldp d12, d13, [sp, #32]",
        "ldp d14, d15, [sp, #48]",
        "ldp d8, d9, [sp], #64",
        "ret",
    )
}

/// Stores all FP registers at `x0`.
#[unsafe(naked)]
unsafe extern "C" fn store_fp(_: *mut FpRegisters) {
    naked_asm!(
        ".arch_extension fp",
        ".arch_extension simd",
        fp_registers!("stp"),
        "mrs x11, fpcr",
        "mrs x12, fpsr",
        "add x10, x0, #512",
        "stp x11, x12, [x10]",
        "ret",
    )
}

/// Works with these values in the FP registers until the counter has a value.
///
/// A task without floating point is stopped at the first instruction.
pub fn spin_fp(registers: &mut FpRegisters, until: u64) {
    // SAFETY: loads from and stores to `registers`, and preserves what it must.
    unsafe { spin_with_fp(registers, until) };
}

/// Reads the FP registers.
pub fn read_fp(registers: &mut FpRegisters) {
    // SAFETY: stores to `registers`.
    unsafe { store_fp(registers) };
}

/// Writes the thread pointer.
pub fn set_thread_pointer(value: u64) {
    // SAFETY: nothing in a task uses the thread pointer.
    unsafe { asm!("msr tpidr_el0, {}", in(reg) value, options(nomem, nostack)) };
}

/// Reads the thread pointer.
pub fn thread_pointer() -> u64 {
    let value;
    // SAFETY: reads a register.
    unsafe { asm!("mrs {}, tpidr_el0", out(reg) value, options(nomem, nostack)) };
    value
}

/// `SELF_INFO` before and after a loop until the counter reaches `x0`, with SP = `x1` and
/// NZCV all ones throughout. Returns the flags, and in `x1` the task index.
#[unsafe(naked)]
unsafe extern "C" fn hostile_with(_: u64, _: u64) -> Pair {
    naked_asm!(
        "stp x19, x20, [sp, #-32]!",
        "stp x21, x22, [sp, #16]",
        "mov x19, sp",
        "mov x20, x0",
        "mov x9, #0xf0000000",
        "mov sp, x1",
        "msr nzcv, x9",
        "svc #{self_info}",
        "1: isb",
        "mrs x9, cntvct_el0",
        "sub x9, x9, x20",
        "tbnz x9, #63, 1b",
        "svc #{self_info}",
        "mov x1, x0",
        "mrs x0, nzcv",
        "mov sp, x19",
        "ldp x21, x22, [sp, #16]",
        "ldp x19, x20, [sp], #32",
        "ret",
        self_info = const abi::syscall::SELF_INFO,
    )
}

/// Two words in registers.
#[repr(C)]
struct Pair(u64, u64);

/// Traps and is interrupted with a hostile stack pointer and flags.
pub fn hostile(until: u64, stack_pointer: u64) -> (u64, u64) {
    // SAFETY: no memory is accessed while the stack pointer is not the task's; all that
    // must be preserved is.
    let Pair(flags, index) = unsafe { hostile_with(until, stack_pointer) };
    (flags, index)
}
