//! AArch64: exceptions, address spaces and the generic timer.
//!
//! Memory as the kernel sees it (TTBR1, 39 bits): physical address + [`LINEAR`],
//! for the pages of the image and the devices the kernel drives, nothing else.
//! A task's span (TTBR0, 25 bits) is never dereferenced here. ASID = task index
//! + 1, so that switching tasks is one register write and no TLB maintenance.

mod exception;
mod gic;
mod gicv2;
mod gicv3;
mod probe;

use super::{Arch, Frame, Interrupt, IrqId, Physical, Ticks, Words};
use crate::kernel::{Kernel, Storage};
use crate::task::{Task, TaskIndex};
use abi::boot::{BOOT_MAGIC, BootRecord};
use abi::desc::{self, Tables};
use abi::limits::MAX_TASKS;
use core::arch::{asm, global_asm};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr;
use cortex_a::registers::{
    CNTFRQ_EL0, CNTV_CTL_EL0, CNTV_CVAL_EL0, CNTVCT_EL0, MIDR_EL1, Readable, Writeable,
};
use zerocopy::{FromZeros, IntoBytes};

/// Where physical address 0 appears in the kernel's half.
pub const LINEAR: u64 = 0xffff_ff80_0000_0000;

/// TCR_EL1: 4 KiB pages, inner-shareable write-back walks, 16-bit ASIDs, 40-bit
/// physical addresses, kernel half 39 bits, tasks 25 bits (D17.2.139).
const TCR: u64 = 39 | TCR_COMMON;
/// The same before there is a task: EPD0, any use of the lower half faults.
const TCR_NO_TASK: u64 = TCR | 1 << 7;
/// The same with a 39-bit lower half, for the identity map at boot.
const TCR_BOOT: u64 = 25 | TCR_COMMON;
const TCR_COMMON: u64 = 0b01 << 8 // IRGN0: write-back
    | 0b01 << 10 // ORGN0
    | 0b11 << 12 // SH0: inner
    | 25 << 16 // T1SZ
    | 0b01 << 24 // IRGN1
    | 0b01 << 26 // ORGN1
    | 0b11 << 28 // SH1
    | 0b10 << 30 // TG1: 4 KiB
    | 0b010 << 32 // IPS: 40 bits
    | 1 << 36; // AS: 16-bit ASIDs

/// SCTLR_EL1: MMU and caches on, stack alignment checked, writable implies never
/// executable; EL0 gets no WFI, WFE, cache maintenance or DAIF (D17.2.118).
const SCTLR: u64 = SCTLR_OFF
    | 1 << 0 // M
    | 1 << 2 // C
    | 1 << 3 // SA
    | 1 << 4 // SA0
    | 1 << 12 // I
    | 1 << 19; // WXN

/// SCTLR_EL1: RES1 bits only. MMU and caches off, little-endian.
const SCTLR_OFF: u64 = 0x30d0_0800;

global_asm!(
    ".set LINEAR, {linear}", ".set SCTLR_OFF, {sctlr_off}", ".set TCR_NO_TASK, {tcr_no_task}",
    ".set TCR, {tcr}", ".set TCR_BOOT, {tcr_boot}", ".set SCTLR, {sctlr}",
    include_str!("boot.s"),
    include_str!("entry.s"),
    linear = const LINEAR, sctlr_off = const SCTLR_OFF, tcr_no_task = const TCR_NO_TASK,
    tcr = const TCR, tcr_boot = const TCR_BOOT, sctlr = const SCTLR,
);

unsafe extern "C" {
    static __desc_start: u8;
    static __desc_end: u8;
    fn fp_save(to: *mut FpState);
    fn fp_load(from: *const FpState);
    fn early_say(text: *const u8, physical_to_here: u64);
}

/// A task's registers, as `entry.s` stores them.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Registers {
    x: [u64; 31],
    sp: u64,
    elr: u64,
    spsr: u64,
    esr: u64,
    far: u64,
    thread_pointer: u64,
    /// All ones in a task that declares a thread pointer: zero for the rest without
    /// a branch on the way out.
    thread_pointer_mask: u64,
}

const _: () = assert!(
    core::mem::offset_of!(Registers, elr) == 256
        && core::mem::offset_of!(Registers, esr) == 272
        && core::mem::offset_of!(Registers, thread_pointer) == 288
        && core::mem::offset_of!(Registers, thread_pointer_mask) == 296
);

impl Frame for Registers {
    const NEW: Self = Registers {
        x: [0; 31],
        sp: 0,
        elr: 0,
        spsr: 0,
        esr: 0,
        far: 0,
        thread_pointer: 0,
        thread_pointer_mask: 0,
    };

    fn words(&self) -> Words {
        let [a, b, c, d, e, f, g, h, ..] = self.x;
        [a, b, c, d, e, f, g, h]
    }

    fn set_words(&mut self, words: &Words) {
        for (register, word) in self.x.iter_mut().zip(words) {
            *register = *word;
        }
    }

    #[inline(always)] // `n` is a constant everywhere: this becomes one load
    fn register(&self, n: usize) -> u64 {
        if n < 5 { self.x[8 + n] } else { 0 }
    }

    #[inline(always)] // as above
    fn set_register(&mut self, n: usize, value: u64) {
        if n < 5 {
            self.x[8 + n] = value;
        }
    }

    fn pc(&self) -> u64 {
        self.elr
    }

    fn sp(&self) -> u64 {
        self.sp
    }

    fn repeat_call(&mut self) {
        self.elr = self.elr.wrapping_sub(4); // one instruction, the SVC
    }

    fn begin(task: &desc::Task) -> Self {
        let has_one = task.flags & desc::TASK_THREAD_POINTER != 0;
        Registers {
            sp: task.stack_top,
            elr: task.entry,
            thread_pointer_mask: u64::from(has_one).wrapping_neg(),
            ..Self::NEW
        }
    }
}

/// A task's FP and SIMD registers.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
struct FpState {
    q: [u128; 32],
    fpcr: u64,
    fpsr: u64,
}

impl FpState {
    const NEW: Self = FpState { q: [0; 32], fpcr: 0, fpsr: 0 };
}

/// Memory of the one core's kernel.
struct Core<T>(UnsafeCell<T>);

// SAFETY: one core, and the kernel runs with interrupts masked: exceptions from
// tasks are the only way in, and each runs to completion before the next.
unsafe impl<T> Sync for Core<T> {}

static STORAGE: Core<MaybeUninit<Storage<Registers>>> =
    Core(UnsafeCell::new(MaybeUninit::uninit()));
static FP: Core<[FpState; MAX_TASKS]> = Core(UnsafeCell::new([FpState::NEW; MAX_TASKS]));
static KERNEL: Core<MaybeUninit<Kernel<Machine>>> = Core(UnsafeCell::new(MaybeUninit::uninit()));

/// The machine.
pub struct Machine {
    gic: gic::Gic,
    board: desc::Board,
    psci: u32,
    ticks_per_second: u64,
    deadline: Option<Ticks>,
    fp_owner: Option<TaskIndex>,
}

impl Machine {
    fn set_fp_enabled(&self, enabled: bool) {
        let cpacr: u64 = if enabled { 0b11 << 20 } else { 0 };
        // SAFETY: CPACR_EL1 only decides whether FP instructions trap; the kernel
        // is built without them, but for `fp_save` and `fp_load`.
        unsafe { asm!("msr cpacr_el1, {}", in(reg) cpacr, options(nomem, nostack)) };
    }

    fn barrier(&self) {
        // SAFETY: a barrier.
        unsafe { asm!("isb", options(nostack)) };
    }
}

fn linear<T>(at: Physical) -> *mut T {
    at.0.wrapping_add(LINEAR) as *mut T
}

impl Arch for Machine {
    type Frame = Registers;

    fn now(&self) -> Ticks {
        self.barrier(); // the counter is read in program order
        Ticks(CNTVCT_EL0.get())
    }

    fn ticks(&self, microseconds: u64) -> Ticks {
        // Seconds and the rest apart: no intermediate value needs more than 64 bits
        // (the counter runs at 1 GHz at most).
        let (seconds, rest) = (microseconds / 1_000_000, microseconds % 1_000_000);
        let rest = rest.wrapping_mul(self.ticks_per_second).wrapping_add(999_999) / 1_000_000;
        Ticks(seconds.saturating_mul(self.ticks_per_second).saturating_add(rest))
    }

    fn set_deadline(&mut self, deadline: Option<Ticks>) {
        if deadline == self.deadline {
            return;
        }
        self.deadline = deadline;
        match deadline {
            Some(Ticks(at)) => {
                CNTV_CVAL_EL0.set(at);
                CNTV_CTL_EL0.set(1);
            }
            None => CNTV_CTL_EL0.set(0),
        }
    }

    fn interrupt_pending(&self) -> bool {
        let pending: u64;
        // SAFETY: reads which masked exceptions are pending (D17.2.60).
        unsafe { asm!("mrs {}, isr_el1", out(reg) pending, options(nomem, nostack)) };
        pending & 1 << 7 != 0
    }

    fn take_interrupt(&mut self) -> Option<Interrupt> {
        let (number, token) = self.gic.acknowledge()?;
        let interrupt = if number == self.board.timer_irq {
            // Level-triggered: off before the controller may look again.
            CNTV_CTL_EL0.set(0);
            self.deadline = None;
            Interrupt::Deadline
        } else {
            self.gic.disable(number);
            Interrupt::Device(IrqId(number))
        };
        self.gic.complete(token);
        Some(interrupt)
    }

    fn enable_interrupt(&mut self, irq: IrqId) {
        self.gic.enable(irq.0);
    }

    fn disable_interrupt(&mut self, irq: IrqId) {
        self.gic.disable(irq.0);
    }

    fn clear_interrupt(&mut self, irq: IrqId) {
        self.gic.clear(irq.0);
    }

    fn pend_interrupt(&mut self, irq: IrqId) {
        self.gic.pend(irq.0);
    }

    fn interrupt_status(&self, irq: IrqId) -> (bool, bool) {
        self.gic.status(irq.0)
    }

    fn wait(&mut self) {
        // SAFETY: waits; a pending interrupt ends it although it is masked.
        unsafe { asm!("dsb sy", "wfi", options(nostack)) };
    }

    fn copy(&mut self, to: Physical, from: Physical, length: usize) {
        // SAFETY: callers pass segments of task regions, which the build mapped in
        // the kernel's linear map; a kernel object never lies in them. `copy`
        // allows overlap.
        unsafe { ptr::copy(linear::<u8>(from), linear::<u8>(to), length) };
    }

    fn read(&self, from: Physical, into: &mut [u8]) {
        // SAFETY: as for `copy`; the destination is the kernel's own.
        unsafe { ptr::copy_nonoverlapping(linear::<u8>(from), into.as_mut_ptr(), into.len()) };
    }

    fn write(&mut self, to: Physical, bytes: &[u8]) {
        // SAFETY: callers pass the boot and reset records' pages, which the build
        // set apart and mapped writable in the linear map.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), linear::<u8>(to), bytes.len()) };
    }

    fn activate(&mut self, task: TaskIndex, desc: &desc::Task) {
        // SAFETY: the build computed this root for this task; the kernel does not
        // use the lower half, and `eret` synchronises the change.
        unsafe { asm!("msr ttbr0_el1, {}", in(reg) desc.table_root, options(nostack)) };
        let fp = desc.flags & desc::TASK_FP != 0;
        self.set_fp_enabled(fp);
        if fp && self.fp_owner != Some(task) {
            self.barrier(); // FP is enabled before it is used
            let states: *mut FpState = FP.0.get().cast();
            if let Some(owner) = self.fp_owner {
                // SAFETY: `position` is within the table; FP is enabled.
                unsafe { fp_save(states.add(owner.position())) };
            }
            // SAFETY: as above.
            unsafe { fp_load(states.add(task.position())) };
            self.fp_owner = Some(task);
        }
    }

    fn forget_fp(&mut self, task: TaskIndex) {
        if self.fp_owner == Some(task) {
            self.fp_owner = None;
        }
        let states: *mut FpState = FP.0.get().cast();
        // SAFETY: `position` is within the table; nobody holds a reference.
        unsafe { states.add(task.position()).write(FpState::NEW) };
    }

    fn reset(&mut self) {
        const SYSTEM_RESET: u64 = 0x8400_0009; // PSCI 1.1, 5.11
        // SAFETY: firmware resets the machine; memory up to here is complete.
        unsafe {
            match self.psci {
                1 => asm!("dsb sy", "hvc #0", in("x0") SYSTEM_RESET, options(nostack)),
                2 => asm!("dsb sy", "smc #0", in("x0") SYSTEM_RESET, options(nostack)),
                _ => {}
            }
        }
        stop();
    }

    #[cfg(feature = "release")]
    fn exit(&mut self, _: u8) {
        stop();
    }

    #[cfg(not(feature = "release"))]
    fn exit(&mut self, code: u8) {
        const SYS_EXIT_EXTENDED: u64 = 0x20; // Arm semihosting 2.0, 6.7
        const APPLICATION_EXIT: u64 = 0x2_0026;
        if self.board.exit == 1 {
            let block = [APPLICATION_EXIT, u64::from(code)];
            // SAFETY: the emulator reads the block and ends.
            unsafe {
                asm!("hlt #0xf000", in("x0") SYS_EXIT_EXTENDED, in("x1") &raw const block);
            }
        }
        stop();
    }
}

/// Nothing more to be done on this core.
fn stop() -> ! {
    loop {
        // SAFETY: waits, interrupts masked.
        unsafe { asm!("wfe", options(nomem, nostack)) };
    }
}

/// Says why there is no kernel, through the board's early console, and stops.
fn refuse(text: &'static [u8]) -> ! {
    debug_assert!(text.ends_with(b"\0"));
    // SAFETY: sends bytes up to the zero; the build maps the register in the kernel's
    // half.
    unsafe { early_say(text.as_ptr(), LINEAR) };
    stop()
}

/// Where `boot.s` ends: tables and machine become a kernel, and the first task runs.
#[unsafe(no_mangle)]
extern "C" fn kernel_main(entry_level: u64, boot_ticks: u64) -> ! {
    // SAFETY: the linker script puts the blob between these two symbols.
    let blob = unsafe {
        let start = &raw const __desc_start;
        let length = (&raw const __desc_end).addr().wrapping_sub(start.addr());
        core::slice::from_raw_parts(start, length)
    };
    let Some(tables) = Tables::parse(blob) else {
        refuse(b"exov6: the image's tables are damaged\r\n\0")
    };
    let board = tables.header.board;
    let gic = match gic::Gic::start(&board, tables.irqs) {
        Ok(gic) => gic,
        Err(why) => refuse(why),
    };
    let machine = Machine {
        gic,
        board,
        psci: conduit(&board, entry_level),
        ticks_per_second: CNTFRQ_EL0.get(),
        deadline: None,
        fp_owner: None,
    };
    let storage = storage();
    let Some(kernel) = Kernel::boot(machine, tables, storage, Ticks(boot_ticks)) else {
        refuse(b"exov6: the image's tables contradict themselves\r\n\0")
    };
    // SAFETY: nobody else runs yet.
    let kernel = unsafe { (*KERNEL.0.get()).write(kernel) };
    kernel.write_boot_record(entry_level);
    let Some(frame) = kernel.dispatch() else { stop() };
    let frame: *const Registers = frame;
    // SAFETY: from here on exceptions of the kernel can be recorded (see `fatal`), and
    // the lower half is the first task's, whose root `dispatch` has set. `resume` leaves
    // the kernel with its registers.
    unsafe {
        asm!("msr tpidr_el1, xzr", "msr tcr_el1, {tcr}", "isb", "b resume",
            tcr = in(reg) TCR, in("x0") frame, options(noreturn));
    }
}

/// How PSCI firmware is called: by `SMC` from a kernel that was entered at EL2, since
/// HVC leads to EL2, where nobody is left; else as the board says.
fn conduit(board: &desc::Board, entry_level: u64) -> u32 {
    if board.psci != 0 && entry_level == 2 { 2 } else { board.psci }
}

/// The kernel's memory, made where it lies: it is larger than the stack.
fn storage() -> &'static mut Storage<Registers> {
    let storage: *mut Storage<Registers> = STORAGE.0.get().cast();
    // SAFETY: called once, by `kernel_main`; the memory is bss, and all zero is what
    // `Storage::NEW` is but for the tasks.
    unsafe {
        let tasks: *mut Task<Registers> = (&raw mut (*storage).tasks).cast();
        for index in 0..MAX_TASKS {
            tasks.add(index).write(Task::NEW);
        }
        &mut *storage
    }
}

impl Kernel<Machine> {
    fn write_boot_record(&mut self, entry_level: u64) {
        let header = self.tables.header;
        let mut record = BootRecord::new_zeroed();
        record.magic = BOOT_MAGIC;
        record.core = MIDR_EL1.get();
        record.entry_level = entry_level;
        record.interrupt_controller = self.arch.gic.version();
        record.ticks_per_second = self.arch.ticks_per_second;
        record.boot_ticks = self.boot_ticks.0;
        record.start_ticks = self.arch.now().0;
        let [a, b, c, d, e, f, g, h, ..] = header.image_id;
        record.image = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        record.reset = self.reset;
        self.arch.write(Physical(header.boot_record), record.as_bytes());
    }
}

/// The kernel, inside an exception of a task.
fn kernel() -> &'static mut Kernel<Machine> {
    // SAFETY: written by `kernel_main` before the first task; exceptions do not
    // nest, so this is the only reference while it lives.
    unsafe { (*KERNEL.0.get()).assume_init_mut() }
}

fn leave(kernel: &mut Kernel<Machine>) -> *const Registers {
    match kernel.dispatch() {
        Some(frame) => frame,
        None => stop(),
    }
}

/// Never reached: the release kernel has no path to it, and the build checks that.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    stop()
}
