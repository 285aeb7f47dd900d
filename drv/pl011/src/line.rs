//! The chip with its queues: what a driver task owns.
//!
//! Output is taken whole or refused, so two writers never tear each other's text.
//! Whoever was refused is owed a sign ([`Events::space`]) as soon as what was
//! refused would fit.

use crate::queue::Queue;
use crate::registers::Registers;
use crate::uart::{Received, Uart};

/// There is no room for all of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// What somebody should be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// There is new input to take.
    pub input: bool,
    /// There is room again for output that was refused.
    pub space: bool,
}

/// A serial line with `OUT` bytes of output and `IN` bytes of input queued.
#[derive(Debug)]
pub struct Line<R, const OUT: usize, const IN: usize> {
    uart: Uart<R>,
    output: Queue<OUT>,
    input: Queue<IN>,
    /// Room that the largest refused output needs; zero if none was refused.
    owed: usize,
    lost: u32,
}

impl<R: Registers, const OUT: usize, const IN: usize> Line<R, OUT, IN> {
    /// A line on a chip, which is started.
    #[must_use]
    pub fn start(mut uart: Uart<R>) -> Self {
        uart.start();
        Line { uart, output: Queue::new(), input: Queue::new(), owed: 0, lost: 0 }
    }

    /// Takes all bytes for output and sends what the chip takes at once.
    ///
    /// # Errors
    /// [`Busy`], and nothing is taken.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Busy> {
        if !self.output.extend(bytes) {
            self.owed = self.owed.max(bytes.len());
            return Err(Busy);
        }
        self.send();
        Ok(())
    }

    /// Moves received bytes into `into`; how many.
    pub fn read(&mut self, into: &mut [u8]) -> usize {
        let mut count = 0;
        for place in into {
            let Some(byte) = self.input.pop() else { break };
            *place = byte;
            count += 1;
        }
        count
    }

    /// Looks after the chip: at an interrupt, at the start, or at any other time.
    pub fn poll(&mut self) -> Events {
        let input = self.receive();
        self.send();
        let space = self.owed > 0 && self.output.free() >= self.owed.min(OUT);
        if space {
            self.owed = 0;
        }
        Events { input, space }
    }

    /// Whether all output has left the line.
    #[must_use]
    pub fn is_flushed(&self) -> bool {
        self.output.is_empty() && self.uart.is_idle()
    }

    /// Bytes of input that were lost because nobody took them, or were noise.
    #[must_use]
    pub const fn lost(&self) -> u32 {
        self.lost
    }

    fn receive(&mut self) -> bool {
        let mut new = false;
        self.uart.acknowledge_input();
        while let Some(received) = self.uart.receive() {
            let kept = match received {
                Received::Byte(byte) => self.input.push(byte),
                Received::Noise => false,
            };
            new |= kept;
            self.lost = self.lost.saturating_add(u32::from(!kept));
        }
        new
    }

    fn send(&mut self) {
        self.uart.acknowledge_output();
        while let Some(byte) = self.output.peek() {
            if !self.uart.send(byte) {
                self.uart.want_room();
                return;
            }
            self.output.pop();
        }
        self.uart.want_no_room();
    }

    #[cfg(test)]
    fn fake(&mut self) -> &mut R {
        self.uart.registers()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn line() -> Line<Fake, 64, 32> {
        Line::start(Uart::new(Fake::new()))
    }

    /// Runs the line dry as interrupts would; how many interrupts it took.
    fn drain(line: &mut Line<Fake, 64, 32>) -> usize {
        let mut interrupts = 0;
        for step in 0.. {
            if line.is_flushed() {
                break;
            }
            assert!(step < 1000, "nobody sends what is queued");
            line.fake().transmit(1);
            if line.uart.is_pending() {
                line.poll();
                interrupts += 1;
            }
        }
        interrupts
    }

    #[test]
    fn output_longer_than_the_fifo_is_sent_by_interrupts() {
        let mut line = line();
        let text: Vec<u8> = (0..64).collect();
        line.write(&text).unwrap();
        assert!(!line.is_flushed());
        // 48 bytes are queued behind a full FIFO of 16, which is refilled at 4.
        assert_eq!(drain(&mut line), 4, "one interrupt for every 12 bytes");
        assert_eq!(line.fake().sent(), text);
        assert!(!line.uart.is_pending(), "no interrupt is left over");
        assert_eq!(line.fake().mask, 0x50);
    }

    #[test]
    fn output_is_taken_whole_or_refused_and_the_refused_are_told_once() {
        let mut line = line();
        line.write(&[b'a'; 60]).unwrap();
        assert_eq!(line.write(&[b'b'; 40]), Err(Busy), "16 are in the FIFO, 44 in the queue");
        assert_eq!(line.poll(), Events::default());
        let mut told = 0;
        while !line.is_flushed() {
            line.fake().transmit(1);
            if line.uart.is_pending() && line.poll().space {
                told += 1;
                line.write(&[b'b'; 40]).unwrap();
            }
        }
        assert_eq!(told, 1);
        assert_eq!(line.fake().sent(), [[b'a'; 60].as_slice(), &[b'b'; 40]].concat());
    }

    #[test]
    fn input_comes_by_one_interrupt_and_is_read_in_order() {
        let mut line = line();
        line.fake().receive(u32::from(b'h'));
        line.fake().receive(u32::from(b'i'));
        assert!(line.uart.is_pending());
        assert_eq!(line.poll(), Events { input: true, space: false });
        assert!(!line.uart.is_pending());
        let mut into = [0; 8];
        assert_eq!(line.read(&mut into), 2);
        assert_eq!(&into[..2], b"hi");
        assert_eq!(line.read(&mut into), 0);
        assert_eq!(line.poll(), Events::default());
    }

    #[test]
    fn input_that_came_before_the_start_is_found_by_the_first_poll() {
        let mut fake = Fake::new();
        fake.receive(u32::from(b'x'));
        let mut line: Line<Fake, 64, 32> = Line::start(Uart::new(fake));
        assert!(line.poll().input);
    }

    #[test]
    fn input_that_nobody_takes_is_counted_as_lost() {
        let mut line = line();
        for _ in 0..5 {
            for _ in 0..10 {
                line.fake().receive(u32::from(b'x'));
            }
            line.poll();
        }
        line.fake().receive(0x400);
        line.poll();
        assert_eq!(line.lost(), 50 - 32 + 1);
    }

    proptest! {
        #[test]
        fn what_was_taken_is_sent_in_order_and_nothing_hangs(
            pieces in prop::collection::vec((0..64usize, 0..40usize), 0..60),
        ) {
            let mut line = line();
            let mut taken = Vec::new();
            for (number, (length, sent)) in pieces.into_iter().enumerate() {
                let piece = std::vec![number as u8; length];
                if line.write(&piece).is_ok() {
                    taken.extend(piece);
                }
                for _ in 0..sent {
                    line.fake().transmit(1);
                    if line.uart.is_pending() { line.poll(); }
                }
            }
            drain(&mut line);
            prop_assert_eq!(line.fake().sent(), taken);
        }
    }
}
