//! GICv2: one of the interrupt controllers, as far as one core's kernel needs it.
//!
//! Runs in the world firmware left it in: IGROUPR is never written (a non-secure
//! kernel cannot, and a controller without the security extension would stop
//! delivering). All interrupts have one priority; the kernel takes them one by
//! one and masks a device's until its owner asks for it again. Register offsets:
//! IHI 0048B, tables 4-1 and 4-2.

use super::{Physical, linear};
use abi::desc::{Board, Irq};
use core::ptr;

const GICD_CTLR: u64 = 0x000;
const GICD_TYPER: u64 = 0x004;
const GICD_ISENABLER: u64 = 0x100;
const GICD_ICENABLER: u64 = 0x180;
const GICD_ISPENDR: u64 = 0x200;
const GICD_ICPENDR: u64 = 0x280;
const GICD_IPRIORITYR: u64 = 0x400;
const GICD_ITARGETSR: u64 = 0x800;
const GICD_ICFGR: u64 = 0xc00;
const GICC_CTLR: u64 = 0x00;
const GICC_PMR: u64 = 0x04;
const GICC_IAR: u64 = 0x0c;
const GICC_EOIR: u64 = 0x10;

const PRIORITY: u8 = 0x80;
const SPURIOUS: u32 = 1020;

/// The controller.
pub struct GicV2 {
    distributor: Physical,
    cpu: Physical,
}

impl GicV2 {
    /// Masks everything, then prepares the image's interrupts and the timer's.
    pub fn start(board: &Board, irqs: &[Irq]) -> Self {
        let mut gic =
            GicV2 { distributor: Physical(board.gic_distributor), cpu: Physical(board.gic_cpu) };
        gic.write(gic.distributor, GICD_CTLR, 0);
        let lines = (gic.read(gic.distributor, GICD_TYPER) & 0x1f) + 1;
        for word in 0..lines {
            gic.write(gic.distributor, GICD_ICENABLER + u64::from(word) * 4, u32::MAX);
            gic.write(gic.distributor, GICD_ICPENDR + u64::from(word) * 4, u32::MAX);
        }
        for irq in irqs {
            gic.prepare(irq.number, irq.edge != 0);
        }
        gic.prepare(board.timer_irq, false);
        gic.enable(board.timer_irq);
        gic.write(gic.distributor, GICD_CTLR, 1);
        gic.write(gic.cpu, GICC_PMR, 0xff);
        gic.write(gic.cpu, GICC_CTLR, 1);
        gic
    }

    fn prepare(&mut self, number: u32, edge: bool) {
        let number64 = u64::from(number);
        self.write_byte(self.distributor, GICD_IPRIORITYR + number64, PRIORITY);
        if number < 32 {
            return; // banked: target and trigger are fixed
        }
        self.write_byte(self.distributor, GICD_ITARGETSR + number64, 1);
        let register = GICD_ICFGR + number64 / 16 * 4;
        let bit = 2 << (number % 16 * 2);
        let old = self.read(self.distributor, register);
        self.write(self.distributor, register, if edge { old | bit } else { old & !bit });
    }

    /// The most urgent pending interrupt: its number, and what to complete it with.
    pub fn acknowledge(&mut self) -> Option<(u32, u32)> {
        let token = self.read(self.cpu, GICC_IAR);
        let number = token & 0x3ff;
        if number >= SPURIOUS { None } else { Some((number, token)) }
    }

    /// Ends what `acknowledge` began.
    pub fn complete(&mut self, token: u32) {
        self.write(self.cpu, GICC_EOIR, token);
    }

    /// Lets an interrupt through.
    pub fn enable(&mut self, number: u32) {
        self.write_bit(GICD_ISENABLER, number);
    }

    /// Masks an interrupt.
    pub fn disable(&mut self, number: u32) {
        self.write_bit(GICD_ICENABLER, number);
    }

    /// Forgets a pending interrupt.
    pub fn clear(&mut self, number: u32) {
        self.write_bit(GICD_ICPENDR, number);
    }

    /// Makes an interrupt pending.
    pub fn pend(&mut self, number: u32) {
        self.write_bit(GICD_ISPENDR, number);
    }

    /// Enabled, pending.
    pub fn status(&self, number: u32) -> (bool, bool) {
        let at = u64::from(number / 32) * 4;
        let bit = 1 << (number % 32);
        (
            self.read(self.distributor, GICD_ISENABLER + at) & bit != 0,
            self.read(self.distributor, GICD_ISPENDR + at) & bit != 0,
        )
    }

    fn write_bit(&mut self, register: u64, number: u32) {
        let at = register + u64::from(number / 32) * 4;
        self.write(self.distributor, at, 1 << (number % 32));
    }

    fn read(&self, block: Physical, register: u64) -> u32 {
        // SAFETY: the build maps both register blocks in the kernel's half as
        // device memory and gives them to nobody else.
        unsafe { ptr::read_volatile(linear::<u32>(block.offset(register))) }
    }

    fn write(&mut self, block: Physical, register: u64, value: u32) {
        // SAFETY: as for `read`.
        unsafe { ptr::write_volatile(linear::<u32>(block.offset(register)), value) };
    }

    fn write_byte(&mut self, block: Physical, register: u64, value: u8) {
        // SAFETY: as for `read`; priority and target registers are byte-accessible.
        unsafe { ptr::write_volatile(linear::<u8>(block.offset(register)), value) };
    }
}
