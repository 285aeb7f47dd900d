//! Act: applies each command to the plant, files the sample, and counts.
//!
//! ```text
//!   control: post command ──► command() ──► plant.drive ──► store.append ──► count
//! ```
//!
//! The last stage of the loop sees whether all of it was in time: the worst time
//! from a release until everything for it was done is a summary counter.
//!
//! Any of the tasks before it may be restarted, so a command may be offered twice;
//! the plant takes the answer to a sample once, and what it does not take is not
//! counted. On its own restart it begins with the command that control holds.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use idl::control::Control;
use idl::plant::Plant;
use idl::store::Store;
use userlib::{Ticks, time};

struct Act {
    control: Control,
    plant: Plant,
    store: Store,
}

impl Act {
    /// Applies the command that control holds, if it is new.
    fn turn(&self) {
        let Ok(command) = self.control.command() else { return };
        match self.plant.drive(command.sequence, command.command) {
            Ok(true) => {}
            Ok(false) => {
                defmt::debug!("sample {=u64}: answered before", command.sequence);
                return;
            }
            Err(_) => {
                // Only if the plant is restarted again and again under this very call.
                defmt::warn!("sample {=u64}: the plant does not answer", command.sequence);
                return;
            }
        }
        let release = Ticks(command.release);
        let delay = time::now() - release;
        if self.store.append(command.sample(delay.0)).is_err() {
            defmt::warn!("sample {=u64}: not kept", command.sequence);
        }
        let done = time::now() - release;
        summary::LOOPS.add(1);
        // Rounded up: a worst case must not look better than it is.
        let us = done.0.saturating_mul(1_000_000).div_ceil(time::ticks_per_second());
        summary::WORST_RELEASE_TO_DONE_US.max(us);
    }
}

fn main() -> ! {
    let act = Act {
        control: Control::new(ports::CONTROL),
        plant: Plant::new(ports::PLANT),
        store: Store::new(ports::STORE),
    };
    loop {
        act.turn();
        userlib::wait(notifications::COMMAND);
    }
}
