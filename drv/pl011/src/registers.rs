//! The registers: where they are, what their bits mean, and how to reach them.
//!
//! A trait stands between the driver and the bus. [`Mapped`] is the real thing;
//! the tests have a model whose reads and writes have the chip's side effects.

use tock_registers::interfaces::{Readable, Writeable};
use tock_registers::registers::{ReadOnly, ReadWrite, WriteOnly};
use tock_registers::{LocalRegisterCopy, register_bitfields, register_structs};

register_bitfields! [
    u32,
    /// Data, with what went wrong with it (DDI 0183 §3.3.1).
    pub Data [
        /// The byte.
        BYTE OFFSET(0) NUMBITS(8) [],
        /// No valid stop bit.
        FRAMING OFFSET(8) NUMBITS(1) [],
        /// Parity is wrong.
        PARITY OFFSET(9) NUMBITS(1) [],
        /// The line was low for longer than a character.
        BREAK OFFSET(10) NUMBITS(1) [],
        /// Bytes were lost before this one.
        OVERRUN OFFSET(11) NUMBITS(1) []
    ],
    /// Flags (§3.3.3).
    pub Flags [
        /// A byte is on its way out.
        BUSY OFFSET(3) NUMBITS(1) [],
        /// Nothing to read.
        RXFE OFFSET(4) NUMBITS(1) [],
        /// No room to write.
        TXFF OFFSET(5) NUMBITS(1) [],
        /// Everything written is at least on its way.
        TXFE OFFSET(7) NUMBITS(1) []
    ],
    /// Line control (§3.3.7).
    pub LineControl [
        /// Use the FIFOs.
        FEN OFFSET(4) NUMBITS(1) [],
        /// Bits of a character.
        WLEN OFFSET(5) NUMBITS(2) [
            Eight = 3
        ]
    ],
    /// Control (§3.3.8).
    pub Control [
        /// The UART as a whole.
        UARTEN OFFSET(0) NUMBITS(1) [],
        /// Output.
        TXE OFFSET(8) NUMBITS(1) [],
        /// Input.
        RXE OFFSET(9) NUMBITS(1) []
    ],
    /// FIFO levels at which interrupts come (§3.3.9).
    pub Levels [
        /// Output: at most so full.
        TXIFLSEL OFFSET(0) NUMBITS(3) [
            Eighth = 0,
            Quarter = 1,
            Half = 2
        ],
        /// Input: at least so full.
        RXIFLSEL OFFSET(3) NUMBITS(3) [
            Eighth = 0,
            Quarter = 1,
            Half = 2
        ]
    ],
    /// Interrupts: mask, raw, masked and clear have the same bits (§3.3.10–13).
    pub Interrupts [
        /// Input has reached its level.
        RX OFFSET(4) NUMBITS(1) [],
        /// Output has fallen to its level.
        TX OFFSET(5) NUMBITS(1) [],
        /// There is input, and nothing has come for 32 bit times.
        RT OFFSET(6) NUMBITS(1) [],
        /// All of them.
        ALL OFFSET(0) NUMBITS(11) []
    ]
];

register_structs! {
    /// The register block, as it lies in memory (§3.2).
    pub Block {
        (0x000 => data: ReadWrite<u32, Data::Register>),
        (0x004 => _status),
        (0x018 => flags: ReadOnly<u32, Flags::Register>),
        (0x01c => _divisor),
        (0x02c => line_control: ReadWrite<u32, LineControl::Register>),
        (0x030 => control: ReadWrite<u32, Control::Register>),
        (0x034 => levels: ReadWrite<u32, Levels::Register>),
        (0x038 => mask: ReadWrite<u32, Interrupts::Register>),
        (0x03c => _raw),
        (0x040 => masked: ReadOnly<u32, Interrupts::Register>),
        (0x044 => clear: WriteOnly<u32, Interrupts::Register>),
        (0x048 => @END),
    }
}

/// A register's value, with names for its bits.
pub type Value<R> = LocalRegisterCopy<u32, R>;

/// Access to the registers, one at a time.
pub trait Registers {
    /// Takes the oldest byte of the input FIFO.
    fn data(&mut self) -> Value<Data::Register>;
    /// Adds a byte to the output FIFO.
    fn set_data(&mut self, byte: u8);
    /// Flags.
    fn flags(&self) -> Value<Flags::Register>;
    /// Line control.
    fn line_control(&self) -> Value<LineControl::Register>;
    /// Sets line control; only while the UART is disabled.
    fn set_line_control(&mut self, value: Value<LineControl::Register>);
    /// Control.
    fn control(&self) -> Value<Control::Register>;
    /// Sets control.
    fn set_control(&mut self, value: Value<Control::Register>);
    /// Sets the FIFO levels.
    fn set_levels(&mut self, value: Value<Levels::Register>);
    /// Enables these interrupts and no other.
    fn set_mask(&mut self, value: Value<Interrupts::Register>);
    /// Which enabled interrupts are pending.
    fn masked(&self) -> Value<Interrupts::Register>;
    /// Forgets these interrupts.
    fn clear(&mut self, value: Value<Interrupts::Register>);
}

/// The registers of a chip, mapped into memory.
pub struct Mapped(&'static Block);

impl Mapped {
    /// The chip at an address.
    ///
    /// # Safety
    /// At `address` a PL011's registers are mapped as device memory for as long as
    /// the program runs, and nobody else uses them.
    #[must_use]
    pub unsafe fn new(address: usize) -> Self {
        // SAFETY: mapped, aligned (a page) and exclusive, as promised by the caller.
        Mapped(unsafe { &*core::ptr::with_exposed_provenance::<Block>(address) })
    }
}

impl Registers for Mapped {
    fn data(&mut self) -> Value<Data::Register> {
        self.0.data.extract()
    }
    fn set_data(&mut self, byte: u8) {
        self.0.data.set(u32::from(byte));
    }
    fn flags(&self) -> Value<Flags::Register> {
        self.0.flags.extract()
    }
    fn line_control(&self) -> Value<LineControl::Register> {
        self.0.line_control.extract()
    }
    fn set_line_control(&mut self, value: Value<LineControl::Register>) {
        self.0.line_control.set(value.get());
    }
    fn control(&self) -> Value<Control::Register> {
        self.0.control.extract()
    }
    fn set_control(&mut self, value: Value<Control::Register>) {
        self.0.control.set(value.get());
    }
    fn set_levels(&mut self, value: Value<Levels::Register>) {
        self.0.levels.set(value.get());
    }
    fn set_mask(&mut self, value: Value<Interrupts::Register>) {
        self.0.mask.set(value.get());
    }
    fn masked(&self) -> Value<Interrupts::Register> {
        self.0.masked.extract()
    }
    fn clear(&mut self, value: Value<Interrupts::Register>) {
        self.0.clear.set(value.get());
    }
}

/// A register's value made of field values.
pub fn value<R: tock_registers::RegisterLongName>(
    fields: tock_registers::fields::FieldValue<u32, R>,
) -> Value<R> {
    LocalRegisterCopy::new(fields.value)
}
