//! drv-pl011: the Arm PrimeCell UART (PL011), without tasks and without waiting.
//!
//! ```text
//!   write ──► Queue (output) ──► FIFO, 16–32 bytes ──► line
//!   read  ◄── Queue (input)  ◄── FIFO              ◄── line
//!             Line                Uart, Registers
//! ```
//!
//! [`Uart`] is what the chip can do, one register access at a time; [`Line`] adds
//! queues and decides what an interrupt means. Whoever owns a [`Line`] calls it and
//! passes its [`Events`] on. Registers are reached through [`Registers`], so that
//! tests put a model of the chip behind the same code.
//!
//! Source: Arm DDI 0183, "PrimeCell UART (PL011) Technical Reference Manual".
#![no_std]

#[cfg(test)]
extern crate std;

#[cfg(test)]
mod fake;
mod line;
mod queue;
mod registers;
mod uart;

pub use line::{Busy, Events, Line};
pub use queue::Queue;
pub use registers::{Block, Mapped, Registers};
pub use uart::{Received, Uart};
