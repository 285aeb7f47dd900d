//! Plugin for QEMU: the longest stretch that a kernel runs without looking for an interrupt.
//!
//! ```text
//!   QEMU ─► qemu ─ each instruction of the kernel ─► stretch ─► file
//! ```
//!
//! Gate `interrupts-off` builds it and gives it to the emulator. Nothing in the image
//! helps with the measurement, and the guest does not notice it.

// A test has no emulator to call.
#[cfg(not(test))]
mod qemu;
mod stretch;
