//! test-fuzz-runner: the supervisor of the fuzz image.
//!
//! It restarts who faults at once and ends the run when the fuzzers have made their calls. Who
//! waits for what will not come (a receive without an end, an answer that the server does
//! not give, a hold of its own) is restarted after some milliseconds: it is kicked.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use abi::boot::ResetReason;
use abi::fault::{Fault, FaultKind};
use abi::kernel_op::{STATUS_FAULTED, StateCode};
use abi::limits::{PAGE, PANIC_BYTES, SPAN};
use abi::log::{RING_DEFAULT, RING_MAGIC};
use exov6_test_suite::fuzz::{CALLS, SEED};
use exov6_test_suite::{EXIT_FAILED, EXIT_NO_CASE, EXIT_TIMED_OUT};
use userlib::time::now;
use userlib::{Counter, Mode, Received, Ticks, kernel, sys};

/// The supervisor has two counters of its own before those it declares: faults, restarts.
const RESTARTS: Counter = Counter(1);
const KICKS: Counter = Counter(2);
/// Virtual time that a boot may take, in milliseconds.
const LIMIT_MS: u64 = 60_000;
const KICK_US: u64 = 500;
/// How many looks in a row must find a task in the same wait.
const PATIENCE: u32 = 3;

const FUZZERS: [u32; 2] = [tasks::RAWFUZZ_A, tasks::RAWFUZZ_B];
const HOSTILE: [u32; 3] = [tasks::RAWFUZZ_A, tasks::RAWFUZZ_B, tasks::SERVER];

#[derive(Default)]
struct Runner {
    /// Generation, state and PC of each hostile task at the last look, and how often the same.
    seen: [([u64; 3], u32); 3],
}

fn main() -> ! {
    let seed = userlib::boot_info(devices::BOOT_INFO).map_or(0, |info| info.test);
    if seed == 0 {
        end(EXIT_NO_CASE);
    }
    let reason = sys::self_info().reset_reason;
    if reason != ResetReason::Cold {
        defmt::error!("the machine was reset, reason {=u64}", reason as u64);
        end(EXIT_FAILED);
    }
    let limit = now() + Ticks::from_ms(LIMIT_MS);
    sys::timer_set(timers::LIMIT.number, limit, timers::LIMIT.bits);
    let mut runner = Runner::default();
    arm();
    loop {
        match sys::recv(Mode::Open, notifications::ALL) {
            Received::Call(message) => {
                let words = [seed, 0, 0, 0, 0, 0, 0, 0];
                let length = if message.operation == SEED { 8 } else { 0 };
                sys::reply(message.caller, 0, length, &words);
            }
            Received::Notified(bits) => {
                if bits.intersects(notifications::FAULT) {
                    restart_all();
                }
                if bits.intersects(notifications::KICK) {
                    runner.kick();
                    arm();
                }
                if bits.intersects(notifications::LIMIT) {
                    defmt::error!("not done within {=u64} ms", LIMIT_MS);
                    end(EXIT_TIMED_OUT);
                }
            }
            Received::TimedOut => {}
        }
    }
}

fn arm() {
    let deadline = now() + Ticks::from_us(KICK_US);
    sys::timer_set(timers::KICK.number, deadline, timers::KICK.bits);
}

/// Restarts everybody who has faulted, and may.
fn restart_all() {
    let mut from = 0;
    while let Some(task) = kernel::find_faulted(from) {
        if !HOSTILE.contains(&task) {
            describe(task);
            end(EXIT_FAILED);
        }
        kernel::restart(task);
        RESTARTS.add(1);
        from = task + 1;
    }
}

impl Runner {
    fn kick(&mut self) {
        if FUZZERS.into_iter().all(|task| calls(task) >= CALLS) {
            end(0);
        }
        for (task, (before, times)) in HOSTILE.into_iter().zip(&mut self.seen) {
            let status = kernel::status(task);
            let now = [status.generation, status.state, status.pc];
            *times = if now == *before { *times + 1 } else { 0 };
            *before = now;
            let runs = status.state == StateCode::Runnable as u64;
            let faulted = status.state & STATUS_FAULTED != 0;
            if runs || faulted || *times < PATIENCE || FUZZERS.contains(&task) && done(task) {
                continue;
            }
            *times = 0;
            KICKS.add(1);
            // By both ways out of a hold.
            if status.state == StateCode::Stopped as u64 && status.generation.is_multiple_of(2) {
                kernel::start(task);
            } else {
                kernel::restart(task);
            }
        }
    }
}

fn done(task: u32) -> bool {
    calls(task) >= CALLS
}

/// How many calls a fuzzer has made: its first counter, in the header of its log ring.
fn calls(task: u32) -> u64 {
    let header = SPAN - PAGE - RING_DEFAULT;
    match kernel::dump(task, header) {
        Some(words) if words[0] as u32 == RING_MAGIC => words[4],
        _ => 0,
    }
}

fn describe(task: u32) {
    let name = tasks::NAMES.get(task as usize).copied().unwrap_or("?");
    let status = kernel::status(task);
    let mut buffer = [0; PANIC_BYTES];
    match Fault::unpack(status.fault, status.detail).map(|fault| fault.kind) {
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

/// Stops everybody but what carries the log, waits until it is written, and exits.
fn end(code: u8) -> ! {
    for task in 0..tasks::NAMES.len() as u32 {
        if ![tasks::SUPERVISOR, tasks::UART, tasks::LOG].contains(&task) {
            kernel::hold(task);
        }
    }
    userlib::post(posts::log::STOP);
    let deadline = now() + Ticks::from_ms(200);
    let received = sys::recv_until(Mode::Notifications, notifications::DRAINED, deadline);
    kernel::exit(if code == 0 && matches!(received, Received::TimedOut) {
        EXIT_FAILED
    } else {
        code
    })
}
