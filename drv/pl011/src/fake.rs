//! A model of the chip for tests: FIFOs of 16 bytes, flags, levels, interrupts.
//!
//! As in the manual (§2.4.8), an input or output interrupt is raised when a level
//! is *crossed*, and stays until it is cleared; it does not come back while the
//! FIFO merely stays beyond the level. Code that clears at the wrong moment hangs.

use crate::registers::{
    Control, Data, Flags, Interrupts, Levels, LineControl, Registers, Value, value,
};
use std::collections::VecDeque;
use std::vec::Vec;
use tock_registers::LocalRegisterCopy;

const RX: u32 = 1 << 4;
const TX: u32 = 1 << 5;

/// The chip.
#[derive(Debug)]
pub struct Fake {
    input: VecDeque<u32>,
    output: VecDeque<u8>,
    line: Vec<u8>,
    pub line_control: u32,
    pub control: u32,
    levels: u32,
    pub mask: u32,
    raw: u32,
    /// How often it was disabled.
    pub disabled: usize,
    pub line_written_while_enabled: bool,
}

impl Fake {
    /// Bytes of a FIFO.
    pub const DEPTH: usize = 16;

    /// As after reset (§3.3).
    pub fn new() -> Self {
        Fake {
            input: VecDeque::new(),
            output: VecDeque::new(),
            line: Vec::new(),
            line_control: 0,
            control: 0x300,
            levels: 0x12,
            mask: 0,
            raw: 0,
            disabled: 0,
            line_written_while_enabled: false,
        }
    }

    /// Puts something into the input FIFO, error bits included.
    pub fn receive(&mut self, data: u32) {
        self.input.push_back(data);
        // Level "eighth" of 16; the time-out interrupt is not modelled, so the first
        // byte counts as the level.
        if self.input.len() == 1 {
            self.raw |= RX;
        }
    }

    /// Lets bytes of the output FIFO leave.
    pub fn transmit(&mut self, count: usize) {
        let level = Self::DEPTH / if self.levels & 7 == 1 { 4 } else { 2 };
        for _ in 0..count {
            let Some(byte) = self.output.pop_front() else { return };
            self.line.push(byte);
            if self.output.len() == level {
                self.raw |= TX;
            }
        }
    }

    /// Everything sent so far, on the line or on its way.
    pub fn sent(&self) -> Vec<u8> {
        self.line.iter().chain(&self.output).copied().collect()
    }
}

impl Registers for Fake {
    fn data(&mut self) -> Value<Data::Register> {
        LocalRegisterCopy::new(self.input.pop_front().expect("read while RXFE"))
    }
    fn set_data(&mut self, byte: u8) {
        assert!(self.output.len() < Self::DEPTH, "written while TXFF");
        assert_eq!(self.control & 0x101, 0x101, "written while disabled");
        self.output.push_back(byte);
    }
    fn flags(&self) -> Value<Flags::Register> {
        let mut flags = 0;
        flags |= if self.output.is_empty() { 0 } else { 1 << 3 };
        flags |= if self.input.is_empty() { 1 << 4 } else { 0 };
        flags |= if self.output.len() == Self::DEPTH { 1 << 5 } else { 0 };
        flags |= if self.output.is_empty() { 1 << 7 } else { 0 };
        LocalRegisterCopy::new(flags)
    }
    fn line_control(&self) -> Value<LineControl::Register> {
        LocalRegisterCopy::new(self.line_control)
    }
    fn set_line_control(&mut self, value: Value<LineControl::Register>) {
        self.line_written_while_enabled |= self.control & 1 != 0;
        self.line_control = value.get();
    }
    fn control(&self) -> Value<Control::Register> {
        LocalRegisterCopy::new(self.control)
    }
    fn set_control(&mut self, value: Value<Control::Register>) {
        self.disabled += usize::from(value.get() & 1 == 0);
        self.control = value.get();
    }
    fn set_levels(&mut self, value: Value<Levels::Register>) {
        self.levels = value.get();
    }
    fn set_mask(&mut self, value: Value<Interrupts::Register>) {
        self.mask = value.get();
    }
    fn masked(&self) -> Value<Interrupts::Register> {
        LocalRegisterCopy::new(self.raw & self.mask)
    }
    fn clear(&mut self, value: Value<Interrupts::Register>) {
        self.raw &= !value.get();
    }
}

#[test]
fn the_model_raises_at_a_crossing_only() {
    let mut fake = Fake::new();
    fake.set_mask(value(Interrupts::ALL.val(0x7ff)));
    fake.receive(1);
    fake.clear(value(Interrupts::ALL.val(0x7ff)));
    fake.receive(2);
    assert_eq!(fake.masked().get(), 0);
}
