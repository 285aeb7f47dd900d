//! QEMU's side: version 1 of its plugin interface, as far as it is needed.
//!
//! QEMU tells of each block of code when it translates it. Each instruction of the
//! kernel is then told when it is executed, with a word that says what it is; of other
//! code only the beginning of each block is told. Blocks may be cut short by an
//! exception, so that the kernel's cannot be counted as a whole.

use crate::stretch::{Counter, Packed};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The interface that this is written for.
#[unsafe(export_name = "qemu_plugin_version")]
pub static VERSION: c_int = 1;

/// `QEMU_PLUGIN_CB_NO_REGS`: the guest's registers are neither read nor written.
const NO_REGS: c_int = 0;

/// A block of code; QEMU's.
#[repr(C)]
struct Block([u8; 0]);

/// An instruction of a block; QEMU's.
#[repr(C)]
struct Instruction([u8; 0]);

type Id = u64;
type Translated = unsafe extern "C" fn(Id, *mut Block);
type Executed = extern "C" fn(c_uint, *mut c_void);
type Exit = extern "C" fn(Id, *mut c_void);

unsafe extern "C" {
    safe fn qemu_plugin_register_vcpu_tb_trans_cb(id: Id, callback: Translated);
    safe fn qemu_plugin_register_atexit_cb(id: Id, callback: Exit, data: *mut c_void);
    fn qemu_plugin_tb_n_insns(block: *const Block) -> usize;
    fn qemu_plugin_tb_get_insn(block: *const Block, index: usize) -> *mut Instruction;
    fn qemu_plugin_insn_vaddr(instruction: *const Instruction) -> u64;
    fn qemu_plugin_insn_data(instruction: *const Instruction) -> *const c_void;
    fn qemu_plugin_register_vcpu_tb_exec_cb(
        block: *mut Block,
        callback: Executed,
        flags: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_register_vcpu_insn_exec_cb(
        instruction: *mut Instruction,
        callback: Executed,
        flags: c_int,
        data: *mut c_void,
    );
}

static COUNTER: Mutex<Counter> = Mutex::new(Counter::new());
static OUT: OnceLock<PathBuf> = OnceLock::new();

/// Begins. Takes one argument, `out=PATH`: where the report goes.
///
/// # Safety
/// QEMU calls it, once, with `count` strings at `arguments`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qemu_plugin_install(
    id: Id,
    _info: *const c_void,
    count: c_int,
    arguments: *const *const c_char,
) -> c_int {
    for index in 0..usize::try_from(count).unwrap_or(0) {
        // SAFETY: there are `count` strings.
        let argument = unsafe { CStr::from_ptr(*arguments.add(index)) };
        if let Some(path) = argument.to_str().ok().and_then(|text| text.strip_prefix("out=")) {
            // It is set once; a second one is not looked at.
            let _ = OUT.set(path.into());
        }
    }
    if OUT.get().is_none() {
        eprintln!("the plugin takes an argument: out=PATH");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, exit, std::ptr::null_mut());
    0
}

/// A block has been translated.
///
/// # Safety
/// QEMU calls it, with a block that lives as long as the call.
unsafe extern "C" fn translated(_id: Id, block: *mut Block) {
    // SAFETY: the block is alive.
    let count = unsafe { qemu_plugin_tb_n_insns(block) };
    for index in 0..count {
        // SAFETY: the block is alive and has so many instructions, each with its address
        // and the four bytes of an A64 instruction.
        let (instruction, address, word) = unsafe {
            let instruction = qemu_plugin_tb_get_insn(block, index);
            let word = qemu_plugin_insn_data(instruction).cast::<u32>().read_unaligned();
            (instruction, qemu_plugin_insn_vaddr(instruction), word)
        };
        let Some(packed) = Packed::of(address, u32::from_le(word)) else {
            // SAFETY: the block is alive; the function is as QEMU wants it.
            unsafe {
                qemu_plugin_register_vcpu_tb_exec_cb(block, other, NO_REGS, std::ptr::null_mut());
            }
            return;
        };
        let data = std::ptr::without_provenance_mut(packed.0 as usize);
        // SAFETY: the instruction is alive; the function is as QEMU wants it, and takes
        // the word for what it is.
        unsafe { qemu_plugin_register_vcpu_insn_exec_cb(instruction, kernel, NO_REGS, data) };
    }
}

extern "C" fn kernel(_processor: c_uint, data: *mut c_void) {
    counter(|counter| counter.kernel(Packed(data.addr() as u64)));
}

extern "C" fn other(_processor: c_uint, _data: *mut c_void) {
    counter(Counter::other);
}

extern "C" fn exit(_id: Id, _data: *mut c_void) {
    let report = counter(|counter| counter.report());
    if let Some(path) = OUT.get()
        && let Err(error) = std::fs::write(path, report)
    {
        eprintln!("{}: {error}", path.display());
    }
}

fn counter<T>(act: impl FnOnce(&mut Counter) -> T) -> T {
    act(&mut COUNTER.lock().unwrap_or_else(PoisonError::into_inner))
}
