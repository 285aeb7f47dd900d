//! The client: adds one to the counter ten times a second, and logs the total.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use idl::counter::Counter;
use userlib::{Ticks, time};

/// Time from one addition to the next, in milliseconds.
const PERIOD_MS: u64 = 100;

fn main() -> ! {
    let counter = Counter::new(ports::COUNTER);
    let mut next = time::boot();
    loop {
        next += Ticks::from_ms(PERIOD_MS);
        time::sleep_until(timers::TICK, next);
        match counter.add(1) {
            Ok(total) => {
                summary::ADDITIONS.add(1);
                defmt::info!("the total is {=u64}", total);
            }
            // Told once after each restart of the server; the next call reaches the new one.
            Err(_) => defmt::warn!("the counter was restarted"),
        }
    }
}
