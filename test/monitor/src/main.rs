//! test-monitor: stands at EL2 below an image under test.
//!
//! ```text
//!   emulator ──► monitor, EL2 ──► image, EL1
//!                   ▲  BRK #0x5e0 by a task: a virtual SError becomes pending
//!                   ▲  HVC by the kernel: handed on as SMC
//! ```
//!
//! An emulator has no way to break a bus. But EL2 can make an SError pending for what
//! runs above it, and nothing above can tell it from a real one (DDI 0487, D1.3.4,
//! virtual interrupts). Debug exceptions of tasks come here (MDCR_EL2.TDE), so a task
//! asks for one by a breakpoint that the kernel never sees.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
core::arch::global_asm!(include_str!("monitor.s"));

/// Never reached: there is only assembly here.
#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// On the host there is nothing to monitor.
#[cfg(not(target_os = "none"))]
fn main() {}
