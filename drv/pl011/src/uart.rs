//! The chip: start it, send a byte, receive a byte, choose interrupts.

use crate::registers::{Control, Data, Flags, Interrupts, Levels, LineControl, Registers, value};

/// What came out of the input FIFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A byte.
    Byte(u8),
    /// Something that is no byte: framing, parity or break.
    Noise,
}

/// A PL011.
#[derive(Debug)]
pub struct Uart<R> {
    registers: R,
}

impl<R: Registers> Uart<R> {
    /// A chip that has not been started.
    #[must_use]
    pub const fn new(registers: R) -> Self {
        Uart { registers }
    }

    /// Starts the chip: 8 data bits, no parity, FIFOs, interrupts for input.
    ///
    /// The bit rate is the firmware's: it knows the clock. A UART that is already
    /// set up like this, by firmware or by whoever drove it before, is left running,
    /// so that what it is sending is not cut off.
    pub fn start(&mut self) {
        let registers = &mut self.registers;
        registers.set_mask(value(Interrupts::ALL.val(0)));
        let line = value(LineControl::FEN::SET + LineControl::WLEN::Eight);
        let on = value(Control::UARTEN::SET + Control::TXE::SET + Control::RXE::SET);
        let running = registers.control().get() & on.get() == on.get();
        if !running || registers.line_control().get() != line.get() {
            // §3.3.8: the UART must be disabled while line control is written.
            registers.set_control(value(Control::UARTEN::CLEAR));
            registers.set_line_control(line);
            registers.set_control(on);
        }
        registers.set_levels(value(Levels::TXIFLSEL::Quarter + Levels::RXIFLSEL::Eighth));
        registers.clear(value(Interrupts::ALL.val(0x7ff)));
        registers.set_mask(value(Interrupts::RX::SET + Interrupts::RT::SET));
    }

    /// Gives a byte to the output FIFO. False if it is full.
    #[must_use]
    pub fn send(&mut self, byte: u8) -> bool {
        if self.registers.flags().is_set(Flags::TXFF) {
            return false;
        }
        self.registers.set_data(byte);
        true
    }

    /// Takes what is next in the input FIFO, if anything.
    pub fn receive(&mut self) -> Option<Received> {
        if self.registers.flags().is_set(Flags::RXFE) {
            return None;
        }
        let data = self.registers.data();
        let noise =
            data.is_set(Data::FRAMING) || data.is_set(Data::PARITY) || data.is_set(Data::BREAK);
        Some(if noise { Received::Noise } else { Received::Byte(data.read(Data::BYTE) as u8) })
    }

    /// Forgets the input interrupts that have come so far. To be done before the
    /// FIFO is emptied: what comes later raises them again.
    pub fn acknowledge_input(&mut self) {
        self.registers.clear(value(Interrupts::RX::SET + Interrupts::RT::SET));
    }

    /// Forgets that the output FIFO had room. To be done before it is filled, for
    /// the same reason.
    pub fn acknowledge_output(&mut self) {
        self.registers.clear(value(Interrupts::TX::SET));
    }

    /// Asks for an interrupt when the output FIFO has room again.
    pub fn want_room(&mut self) {
        self.registers
            .set_mask(value(Interrupts::RX::SET + Interrupts::RT::SET + Interrupts::TX::SET));
    }

    /// Asks for no interrupt but those of input.
    pub fn want_no_room(&mut self) {
        self.registers.set_mask(value(Interrupts::RX::SET + Interrupts::RT::SET));
    }

    /// Whether everything sent has left the line.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let flags = self.registers.flags();
        flags.is_set(Flags::TXFE) && !flags.is_set(Flags::BUSY)
    }

    /// Whether an interrupt is pending that was asked for.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.registers.masked().get() != 0
    }

    #[cfg(test)]
    pub(crate) fn registers(&mut self) -> &mut R {
        &mut self.registers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    #[test]
    fn starting_from_reset_sets_the_line_up_while_disabled() {
        let mut uart = Uart::new(Fake::new());
        uart.start();
        let fake = uart.registers();
        assert_eq!((fake.line_control, fake.control), (0x70, 0x301));
        assert_eq!(fake.mask, 0x50, "input only");
        assert!(!fake.line_written_while_enabled);
    }

    #[test]
    fn a_uart_that_runs_is_not_interrupted() {
        let mut uart = Uart::new(Fake::new());
        uart.start();
        assert!(uart.send(b'x'));
        uart.registers().disabled = 0;
        uart.start();
        assert_eq!(uart.registers().disabled, 0);
        assert_eq!(uart.registers().sent(), b"x");
    }

    #[test]
    fn bytes_are_sent_until_the_fifo_is_full() {
        let mut uart = Uart::new(Fake::new());
        uart.start();
        let fits = (0..100).take_while(|_| uart.send(b'x')).count();
        assert_eq!(fits, Fake::DEPTH);
        assert!(!uart.is_idle());
        uart.registers().transmit(1);
        assert!(uart.send(b'y') && !uart.send(b'z'));
    }

    #[test]
    fn noise_is_told_from_bytes() {
        let mut uart = Uart::new(Fake::new());
        uart.start();
        uart.registers().receive(0x141);
        uart.registers().receive(0x42);
        uart.registers().receive(0x400);
        uart.registers().receive(0x843);
        assert_eq!(uart.receive(), Some(Received::Noise), "framing");
        assert_eq!(uart.receive(), Some(Received::Byte(b'B')));
        assert_eq!(uart.receive(), Some(Received::Noise), "break");
        assert_eq!(uart.receive(), Some(Received::Byte(b'C')), "after an overrun");
        assert_eq!(uart.receive(), None);
    }
}
