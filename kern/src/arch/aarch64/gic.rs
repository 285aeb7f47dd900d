//! The interrupt controller: a GICv2 or a GICv3, as the board says.
//!
//! Both have a distributor, whose registers for enabling, pending, priority and
//! trigger are the same; they differ in where a core's own interrupts are kept, and in
//! how a core takes one. Two kinds, so two branches: the choice is a `match`, not a
//! table of functions.

use super::gicv2::GicV2;
use super::gicv3::GicV3;
use abi::desc::{Board, Irq};

/// An interrupt controller.
pub enum Gic {
    /// Registers in memory only.
    V2(GicV2),
    /// The core's part in system registers.
    V3(GicV3),
}

/// Does the same with either controller.
macro_rules! either {
    ($gic:expr, $each:ident => $does:expr) => {
        match $gic {
            Gic::V2($each) => $does,
            Gic::V3($each) => $does,
        }
    };
}

impl Gic {
    /// The controller of a board, with everything masked but the timer, and the
    /// image's interrupts prepared.
    ///
    /// # Errors
    /// A line that says why it cannot be used.
    pub fn start(board: &Board, irqs: &[Irq]) -> Result<Self, &'static [u8]> {
        if board.gic == 3 {
            GicV3::start(board, irqs).map(Gic::V3)
        } else {
            Ok(Gic::V2(GicV2::start(board, irqs)))
        }
    }

    /// 2 or 3.
    pub fn version(&self) -> u64 {
        match self {
            Gic::V2(_) => 2,
            Gic::V3(_) => 3,
        }
    }

    /// The most urgent pending interrupt: its number, and what to complete it with.
    pub fn acknowledge(&mut self) -> Option<(u32, u32)> {
        either!(self, gic => gic.acknowledge())
    }

    /// Ends what `acknowledge` began.
    pub fn complete(&mut self, token: u32) {
        either!(self, gic => gic.complete(token));
    }

    /// Lets an interrupt through.
    pub fn enable(&mut self, number: u32) {
        either!(self, gic => gic.enable(number));
    }

    /// Masks an interrupt.
    pub fn disable(&mut self, number: u32) {
        either!(self, gic => gic.disable(number));
    }

    /// Forgets a pending interrupt.
    pub fn clear(&mut self, number: u32) {
        either!(self, gic => gic.clear(number));
    }

    /// Makes an interrupt pending.
    pub fn pend(&mut self, number: u32) {
        either!(self, gic => gic.pend(number));
    }

    /// Enabled, pending.
    pub fn status(&self, number: u32) -> (bool, bool) {
        either!(self, gic => gic.status(number))
    }
}
