//! Supervisor of the replay image: hands out steps, notes faults, ends the run.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use exov6_test_replay::conductor::{Steps, look};
use userlib::time::now;
use userlib::{Mode, Received, Ticks, kernel, sys};

/// Time for the players to fetch their steps, before the script starts.
const FETCH_MS: u64 = 5;
/// Time for what waits with a timeout, after its last step.
const REST_MS: u64 = 60;
/// Virtual time that the log gets to be written out.
const DRAIN_MS: u64 = 500;

fn main() -> ! {
    let start = now() + Ticks::from_ms(FETCH_MS);
    let Some(steps) = Steps::new(devices::BOOT_INFO, start) else {
        defmt::error!("there is no script in the boot-info page");
        end(2);
    };
    let limit = start + steps.length() + Ticks::from_ms(REST_MS);
    sys::timer_set(timers::END.number, limit, timers::END.bits);
    loop {
        match sys::recv(Mode::Open, notifications::ALL) {
            Received::Call(message) => steps.answer(&message),
            Received::Notified(bits) => {
                if bits.intersects(notifications::FAULT) {
                    look();
                }
                if bits.intersects(timers::END.bits) {
                    end(0);
                }
            }
            _ => {}
        }
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
    let deadline = now() + Ticks::from_ms(DRAIN_MS);
    sys::timer_set(timers::END.number, deadline, timers::END.bits);
    userlib::wait(notifications::DRAINED | timers::END.bits | notifications::FAULT);
    kernel::exit(code)
}
