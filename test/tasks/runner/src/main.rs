//! test-runner: the supervisor of the test image.
//!
//! It acknowledges every fault, tells the suite whose it was, and leaves the rest to the
//! case; it restarts only the server with generated code. It ends the run when the suite says so, when the suite itself (or what carries
//! its log) has faulted, and when a case does not come to an end.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use abi::fault::{Fault, FaultKind};
use abi::limits::PANIC_BYTES;
use exov6_test_suite::{EXIT_FAILED, EXIT_TIMED_OUT, LIMIT_MS};
use userlib::time::now;
use userlib::{PostGrant, Ticks, kernel, sys};

/// Virtual time that the log gets to be written out, in milliseconds.
const DRAIN_MS: u64 = 200;

fn main() -> ! {
    let limit = now() + Ticks::from_ms(LIMIT_MS);
    sys::timer_set(timers::LIMIT.number, limit, timers::LIMIT.bits);
    let mut deaf = false;
    loop {
        let bits = userlib::wait(notifications::ALL);
        if bits.intersects(notifications::FAILED) {
            end(EXIT_FAILED);
        }
        if bits.intersects(notifications::LIMIT) {
            defmt::error!("the case did not end within {=u64} ms", LIMIT_MS);
            end(EXIT_TIMED_OUT);
        }
        deaf |= bits.intersects(notifications::DEAF);
        if bits.intersects(notifications::FAULT) && !deaf {
            look();
        }
    }
}

/// Finds all that are faulted; that there are no more is the acknowledgement.
fn look() {
    let mut from = 0;
    while let Some(task) = kernel::find_faulted(from) {
        match whom_to_tell(task) {
            Some(grant) => {
                userlib::post(grant);
            }
            // Its clients wait for it, the suite among them: nobody else could.
            None if task == tasks::EVERY => kernel::restart(task),
            None => {
                describe(task);
                end(EXIT_FAILED);
            }
        }
        from = task + 1;
    }
}

/// The suite's bit for a task that may fault.
fn whom_to_tell(task: u32) -> Option<PostGrant> {
    Some(match task {
        tasks::SERVER => posts::suite::SERVER_FAULTED,
        tasks::VICTIM => posts::suite::VICTIM_FAULTED,
        tasks::LOW => posts::suite::LOW_FAULTED,
        tasks::FP_A => posts::suite::FP_A_FAULTED,
        tasks::FP_B => posts::suite::FP_B_FAULTED,
        tasks::HELD => posts::suite::HELD_FAULTED,
        _ => return None,
    })
}

fn describe(task: u32) {
    let name = tasks::NAMES.get(task as usize).copied().unwrap_or("?");
    let status = kernel::status(task);
    let fault = Fault::unpack(status.fault, status.detail);
    let mut buffer = [0; PANIC_BYTES];
    match fault.map(|fault| fault.kind) {
        Some(FaultKind::Panic) => {
            let message = kernel::panic_message(task, &mut buffer).unwrap_or(b"(no message)");
            let message = core::str::from_utf8(message).unwrap_or("(not UTF-8)");
            defmt::error!("{=str} panicked: {=str}", name, message);
        }
        _ => defmt::error!(
            "{=str} faulted: word {=u64:#x}, detail {=u64:#x}, at {=str}@{=u64:#x}",
            name,
            status.fault,
            status.detail,
            name,
            status.pc
        ),
    }
}

/// Stops everybody but what carries the log, waits until it is written (or cannot be), and
/// exits.
fn end(code: u8) -> ! {
    for task in 0..tasks::NAMES.len() as u32 {
        if ![tasks::SUPERVISOR, tasks::UART, tasks::LOG].contains(&task) {
            kernel::hold(task);
        }
    }
    userlib::post(posts::log::STOP);
    let deadline = now() + Ticks::from_ms(DRAIN_MS);
    sys::timer_set(timers::DRAIN.number, deadline, timers::DRAIN.bits);
    userlib::wait(notifications::DRAINED | timers::DRAIN.bits | notifications::FAULT);
    kernel::exit(code)
}
