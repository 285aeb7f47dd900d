//! GICv3: one of the interrupt controllers, as far as one core's kernel needs it.
//!
//! ```text
//!   shared interrupts, 32 up ──► distributor ──┐ routed to this core's affinity
//!   this core's own, 16–31 ──► redistributor ──┴► ICC_… system registers
//! ```
//!
//! Affinity routing is on, everything is in group 1, and only group 1 is let through.
//! That means the same thing in both worlds that a kernel can find itself in: behind
//! firmware that keeps the secure state (group registers and WAKER read as zero and
//! ignore writes; what is not the kernel's is not there), and on a controller with one
//! security state (DS = 1), where everything begins in group 0 and is moved. All
//! interrupts have one priority; the kernel takes them one by one and masks a
//! device's until its owner asks for it again. Register offsets and bits: IHI 0069H,
//! 12.8 (distributor), 12.10 (redistributor), 12.2 (system registers).

use super::{Physical, linear};
use abi::desc::{Board, Irq};
use core::arch::asm;
use core::ptr;
use cortex_a::registers::{MPIDR_EL1, Readable};

const CTLR: u64 = 0x0000;
const TYPER: u64 = 0x0004;
const IGROUPR: u64 = 0x0080;
const ISENABLER: u64 = 0x0100;
const ICENABLER: u64 = 0x0180;
const ISPENDR: u64 = 0x0200;
const ICPENDR: u64 = 0x0280;
const IPRIORITYR: u64 = 0x0400;
const ICFGR: u64 = 0x0c00;
const IROUTER: u64 = 0x6000;
const GICR_CTLR: u64 = 0x0000;
const GICR_TYPER: u64 = 0x0008;
const GICR_WAKER: u64 = 0x0014;
/// The frame for a core's own interrupts follows the redistributor's first.
const SGI_FRAME: u64 = 0x1_0000;

/// GICD_CTLR: group 1, of this security state.
const ENABLE_GROUP_1: u32 = 1 << 1;
/// GICD_CTLR: affinity routing.
const ARE: u32 = 1 << 4;
/// GICD_CTLR: a write is not everywhere yet. The redistributor's is bit 3.
const RWP: u32 = 1 << 31;
const GICR_RWP: u32 = 1 << 3;
const PROCESSOR_SLEEP: u32 = 1 << 1;
const CHILDREN_ASLEEP: u32 = 1 << 2;

const PRIORITY: u8 = 0x80;
const SPURIOUS: u32 = 1020;
/// Reads of a register that is waited for. The longest wait is for a redistributor to
/// wake up; a controller that takes longer than this is broken, and what then happens
/// is told by what does not arrive.
const PATIENCE: u32 = 1 << 20;

/// The controller.
pub struct GicV3 {
    distributor: Physical,
    /// First frame of this core's redistributor.
    redistributor: Physical,
}

impl GicV3 {
    /// Masks everything, then prepares the image's interrupts and the timer's.
    ///
    /// # Errors
    /// The core has no redistributor within the board's region, it stays asleep, or
    /// the system registers cannot be used.
    pub fn start(board: &Board, irqs: &[Irq]) -> Result<Self, &'static [u8]> {
        let affinity = MPIDR_EL1.get() & 0xff_00ff_ffff;
        let redistributor = find(Physical(board.gic_cpu), board.gic_cpu_size, affinity)
            .ok_or(&b"exov6: this core's redistributor is not where the board says\r\n\0"[..])?;
        let mut gic = GicV3 { distributor: Physical(board.gic_distributor), redistributor };
        if !gic.wake() {
            return Err(b"exov6: the redistributor does not wake up\r\n\0");
        }
        if !open_system_registers() {
            return Err(b"exov6: the interrupt controller's registers are kept by firmware\r\n\0");
        }
        // Groups off first: routing may only change while nothing is let through.
        let kept = read(gic.distributor, CTLR) & ARE;
        write(gic.distributor, CTLR, kept);
        gic.settle();
        write(gic.distributor, CTLR, ARE);
        gic.settle();
        let lines = (read(gic.distributor, TYPER) & 0x1f) + 1;
        for word in 0..lines {
            let at = u64::from(word) * 4;
            let frame = gic.frame(word * 32);
            write(frame, ICENABLER + at, u32::MAX);
            write(frame, ICPENDR + at, u32::MAX);
            write(frame, IGROUPR + at, u32::MAX);
        }
        gic.settle();
        for irq in irqs {
            gic.prepare(irq.number, irq.edge != 0, affinity);
        }
        gic.prepare(board.timer_irq, false, affinity);
        gic.enable(board.timer_irq);
        write(gic.distributor, CTLR, ARE | ENABLE_GROUP_1);
        gic.settle();
        let_through();
        Ok(gic)
    }

    /// Where the registers of an interrupt are. A core's own are at the same offsets.
    fn frame(&self, number: u32) -> Physical {
        if number < 32 { self.redistributor.offset(SGI_FRAME) } else { self.distributor }
    }

    fn prepare(&mut self, number: u32, edge: bool, affinity: u64) {
        let number64 = u64::from(number);
        write_byte(self.frame(number), IPRIORITYR + number64, PRIORITY);
        if number < 32 {
            return; // target and trigger are fixed
        }
        write_long(self.distributor, IROUTER + number64 * 8, affinity);
        let register = ICFGR + number64 / 16 * 4;
        let bit = 2 << (number % 16 * 2);
        let old = read(self.distributor, register);
        write(self.distributor, register, if edge { old | bit } else { old & !bit });
    }

    fn wake(&mut self) -> bool {
        let waker = read(self.redistributor, GICR_WAKER);
        write(self.redistributor, GICR_WAKER, waker & !PROCESSOR_SLEEP);
        (0..PATIENCE).any(|_| read(self.redistributor, GICR_WAKER) & CHILDREN_ASLEEP == 0)
    }

    /// Waits until what was written to the distributor and to the redistributor is
    /// in effect.
    fn settle(&self) {
        let busy = |block, register, bit| read(block, register) & bit != 0;
        let mut left = PATIENCE;
        while left > 0
            && (busy(self.distributor, CTLR, RWP) || busy(self.redistributor, GICR_CTLR, GICR_RWP))
        {
            left -= 1;
        }
    }

    /// The most urgent pending interrupt: its number, and what to complete it with.
    pub fn acknowledge(&mut self) -> Option<(u32, u32)> {
        let token: u64;
        // SAFETY: ICC_IAR1_EL1 makes the interrupt active; the barrier keeps what is
        // done about it behind that.
        unsafe { asm!("mrs {}, s3_0_c12_c12_0", "dsb sy", out(reg) token, options(nostack)) };
        let number = token as u32 & 0xff_ffff;
        if number >= SPURIOUS { None } else { Some((number, number)) }
    }

    /// Ends what `acknowledge` began.
    pub fn complete(&mut self, token: u32) {
        // SAFETY: ICC_EOIR1_EL1, for an interrupt that was acknowledged. What was
        // written to devices before it must have arrived there.
        unsafe {
            asm!("dsb sy", "msr s3_0_c12_c12_1, {}", "isb", in(reg) u64::from(token),
                options(nostack));
        }
    }

    /// Lets an interrupt through.
    pub fn enable(&mut self, number: u32) {
        self.write_bit(ISENABLER, number);
    }

    /// Masks an interrupt; it does not come once this is done.
    pub fn disable(&mut self, number: u32) {
        self.write_bit(ICENABLER, number);
        self.settle();
    }

    /// Forgets a pending interrupt.
    pub fn clear(&mut self, number: u32) {
        self.write_bit(ICPENDR, number);
    }

    /// Makes an interrupt pending.
    pub fn pend(&mut self, number: u32) {
        self.write_bit(ISPENDR, number);
    }

    /// Enabled, pending.
    pub fn status(&self, number: u32) -> (bool, bool) {
        let at = u64::from(number / 32) * 4;
        let bit = 1 << (number % 32);
        let frame = self.frame(number);
        (read(frame, ISENABLER + at) & bit != 0, read(frame, ISPENDR + at) & bit != 0)
    }

    fn write_bit(&mut self, register: u64, number: u32) {
        let at = register + u64::from(number / 32) * 4;
        write(self.frame(number), at, 1 << (number % 32));
    }
}

/// The redistributor of an affinity within a region.
fn find(region: Physical, size: u64, affinity: u64) -> Option<Physical> {
    // Aff3 follows Aff2 in GICR_TYPER, bits 63:32.
    let wanted = (affinity >> 8 & 0xff00_0000 | affinity & 0xff_ffff) as u32;
    let mut at = 0_u64;
    while size.saturating_sub(at) >= 2 * SGI_FRAME {
        let block = region.offset(at);
        let kind = read(block, GICR_TYPER);
        if read(block, GICR_TYPER + 4) == wanted {
            return Some(block);
        }
        if kind & 1 << 4 != 0 {
            return None; // Last
        }
        // With virtual LPIs (GICv4) there are two frames more.
        at = at.wrapping_add(if kind & 1 << 1 != 0 { 4 * SGI_FRAME } else { 2 * SGI_FRAME });
    }
    None
}

/// ICC_SRE_EL1: system registers instead of memory. Whether they can be used.
fn open_system_registers() -> bool {
    let present: u64;
    // SAFETY: reads an ID register (D17.2.64).
    unsafe { asm!("mrs {}, id_aa64pfr0_el1", out(reg) present, options(nomem, nostack)) };
    if present >> 24 & 0xf == 0 {
        return false;
    }
    let enabled: u64;
    // SAFETY: SRE, DFB, DIB; no interrupt is unmasked yet. `boot.s` or firmware has
    // made the register accessible.
    unsafe {
        asm!("msr s3_0_c12_c12_5, {}", "isb", in(reg) 0b111_u64, options(nostack));
        asm!("mrs {}, s3_0_c12_c12_5", out(reg) enabled, options(nomem, nostack));
    }
    enabled & 1 != 0
}

/// Lets group 1 of every priority through to this core.
fn let_through() {
    // SAFETY: ICC_CTLR_EL1 (completing also deactivates), ICC_BPR1_EL1, ICC_PMR_EL1,
    // ICC_IGRPEN1_EL1. Interrupts stay masked in the core while the kernel runs.
    unsafe {
        asm!(
            "msr s3_0_c12_c12_4, xzr",
            "msr s3_0_c12_c12_3, xzr",
            "msr s3_0_c4_c6_0, {all}",
            "msr s3_0_c12_c12_7, {one}",
            "isb",
            all = in(reg) 0xff_u64,
            one = in(reg) 1_u64,
            options(nostack),
        );
    }
}

fn read(block: Physical, register: u64) -> u32 {
    // SAFETY: the build maps distributor and redistributors in the kernel's half as
    // device memory and gives them to nobody else.
    unsafe { ptr::read_volatile(linear::<u32>(block.offset(register))) }
}

fn write(block: Physical, register: u64, value: u32) {
    // SAFETY: as for `read`.
    unsafe { ptr::write_volatile(linear::<u32>(block.offset(register)), value) };
}

fn write_long(block: Physical, register: u64, value: u64) {
    // SAFETY: as for `read`; routing registers have 64 bits.
    unsafe { ptr::write_volatile(linear::<u64>(block.offset(register)), value) };
}

fn write_byte(block: Physical, register: u64, value: u8) {
    // SAFETY: as for `read`; priority registers are byte-accessible.
    unsafe { ptr::write_volatile(linear::<u8>(block.offset(register)), value) };
}
