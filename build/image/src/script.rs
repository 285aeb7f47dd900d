//! Linker scripts: the shape of a task and of the kernel.

use crate::span::{self, Piece, Placed};
use abi::limits::PAGE;
use exov6_config::model::{Level, Task};
use exov6_pagetable::LINEAR;

/// Symbol of the word that holds the address of the stack's lowest byte.
pub const STACK_WORD: &str = "__stack_bottom_word";

/// The linker script of a task: everything from address 0x1000 upwards.
///
/// Data and bss are one writable piece; the initial data lies behind it, read-only, from
/// where the task's own start code restores it. The stack is none of the linker's: it
/// lies where [`crate::span`] says, and how large it is is decided when the program is
/// known. The start code finds its lower end in the first word of the constants, where
/// the image is packed with it.
///
/// The `.defmt` section holds no bytes of the image: its addresses are the numbers
/// of the log strings. They are ordered by level, so that a task's level is one
/// comparison with `__log_floor`.
#[must_use]
pub fn task(task: &Task, fixed: &[Placed]) -> String {
    let stack_top = span::stack_top(fixed);
    let heap = span::find(fixed, Piece::Heap).map_or(0..0, |h| h.address..h.address + h.size);
    let (heap_start, heap_end) = (heap.start, heap.end);
    let floor = match task.log.level {
        Level::Trace => "TRACE",
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
        Level::Off => "END_OF_LEVELS",
    };
    format!(
        "\
ENTRY(_start)
EXTERN(_defmt_acquire) EXTERN(_defmt_release) EXTERN(_defmt_timestamp)
EXTERN(__DEFMT_MARKER_TIMESTAMP_WAS_DEFINED)
PROVIDE(_defmt_panic = __defmt_default_panic);
PHDRS {{
  text PT_LOAD FLAGS(5);
  rodata PT_LOAD FLAGS(4);
  data PT_LOAD FLAGS(6);
}}
SECTIONS {{
  . = {PAGE:#x};
  __text_start = .;
  .text : {{ KEEP(*(.text._start)) *(.text .text.*) }} :text
  . = ALIGN({PAGE});
  __text_end = .;
  .rodata : {{ {STACK_WORD} = .; QUAD(0) . = ALIGN(16); *(.rodata .rodata.*) }} :rodata
  . = ALIGN({PAGE});
  __rodata_end = .;
  __rw_start = .;
  .data ALIGN(16) : {{ __data_start = .; *(.data .data.*) . = ALIGN(16); __data_end = .; }} :data
  .bss (NOLOAD) : {{ __bss_start = .; *(.bss .bss.* COMMON) . = ALIGN(16); __bss_end = .; }} :NONE
  .uninit (NOLOAD) : {{ __uninit_start = .; *(.uninit .uninit.*) . = ALIGN(16); __uninit_end = .; }} :NONE
  . = ALIGN({PAGE});
  __rw_end = .;
  __data_load = .;
  .defmt 1 (INFO) : {{
    . = 1;
    __DEFMT_MARKER_TRACE_START = .; KEEP(*(.defmt.trace.*))
    __DEFMT_MARKER_DEBUG_START = .; KEEP(*(.defmt.debug.*))
    __DEFMT_MARKER_INFO_START = .; KEEP(*(.defmt.info.*))
    __DEFMT_MARKER_WARN_START = .; KEEP(*(.defmt.warn.*))
    __DEFMT_MARKER_ERROR_START = .; KEEP(*(.defmt.error.*))
    __DEFMT_MARKER_END_OF_LEVELS_START = .;
    *(.defmt.prim.*) *(.defmt.*)
    KEEP(*(.defmt.end .defmt.end.*))
    __DEFMT_MARKER_END = .;
  }}
  /DISCARD/ : {{ *(.eh_frame .eh_frame_hdr .ARM.exidx* .note.gnu.build-id) }}
}}
__stack_top = {stack_top:#x};
__heap_start = {heap_start:#x};
__heap_end = {heap_end:#x};
__log_floor = ABSOLUTE(__DEFMT_MARKER_{floor}_START);
ASSERT(__DEFMT_MARKER_END < 65534, \"more log strings than their 16-bit numbers can tell apart\");
"
    )
}

/// How much room the kernel's link sets aside for what is filled in afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// Physical address of the first byte.
    pub load: u64,
    /// Start of RAM, from where the image's header counts.
    pub ram: u64,
    /// Physical address of the register that sends a byte, if there is one.
    pub early_console: Option<u64>,
    /// Bytes of kernel tables (`abi::desc`).
    pub desc: u64,
    /// Bytes of page tables; whole pages.
    pub tables: u64,
    /// Bytes of tasks' read-only pages; whole pages.
    pub task_ro: u64,
    /// Bytes of tasks' writable pages, rings and records; whole pages.
    pub task_rw: u64,
}

/// The linker script of the kernel: the image.
///
/// One read-only area (text, rodata, tables, the tasks' read-only pages), one
/// writable area behind it. Only the read-only area is in the file.
#[must_use]
pub fn kernel(reserve: &Reserve) -> String {
    let Reserve { load, ram, early_console, desc, tables, task_ro, task_rw } = *reserve;
    let early_console = early_console.unwrap_or(0);
    let text_offset = load - ram;
    let filler = |size: u64| match size {
        0 => String::new(),
        size => format!("BYTE(0) . = . + {:#x};", size - 1),
    };
    let (desc, tables, task_ro) = (filler(desc), filler(tables), filler(task_ro));
    format!(
        "\
ENTRY(__entry)
PHDRS {{ image PT_LOAD FLAGS(5); }}
SECTIONS {{
  . = {LINEAR:#x} + {load:#x};
  __image_start = .;
  .text : AT({load:#x}) {{ KEEP(*(.head)) *(.text .text.*) }} :image
  . = ALIGN({PAGE});
  __text_end = .;
  .rodata : {{ *(.rodata .rodata.*) }} :image
  .desc ALIGN(64) : {{ __desc_start = .; {desc} __desc_end = .; }} :image
  .tables ALIGN({PAGE}) : {{ __tables = .; {tables} }} :image
  .task_ro ALIGN({PAGE}) : {{ __task_ro = .; {task_ro} }} :image
  . = ALIGN({PAGE});
  __ro_end = .;
  .data : {{ *(.data .data.*) }} :image
  .bss ALIGN({PAGE}) (NOLOAD) : {{ __bss_start = .; *(.bss .bss.* COMMON) . = ALIGN({PAGE}); }} :NONE
  . += {PAGE};
  __stack_bottom = .;
  . += {KERNEL_STACK:#x};
  __stack_top = .;
  . += {PAGE};
  __fatal_stack_bottom = .;
  . += {PAGE};
  __fatal_stack_top = .;
  __task_rw = .;
  . += {task_rw:#x};
  __image_end = .;
  /DISCARD/ : {{ *(.eh_frame .eh_frame_hdr .note.gnu.build-id) }}
}}
__bss_end = __stack_bottom - {PAGE};
__kernel_root = __tables;
__identity_root = __tables + {PAGE};
__entry = __image_start - {LINEAR:#x};
__text_offset = {text_offset:#x};
__early_console = {early_console:#x};
__image_size = __image_end - __image_start;
ASSERT(SIZEOF(.data) == 0, \"the kernel has initialised data; it may only have constants and zeroes\");
"
    )
}

/// Bytes of the kernel's stack.
pub const KERNEL_STACK: u64 = 8192;
/// Most bytes that the kernel's own text, rodata and bss may need; the number of
/// page tables is computed from it before the kernel is linked.
pub const KERNEL_MOST: u64 = 1 << 20;
