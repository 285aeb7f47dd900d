//! The counter: a passive server. It runs only while somebody calls it.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!(); // constants and interfaces, generated from app.toml and idl/
userlib::entry!(main);

use idl::counter::CounterServer;
use idol_runtime::Message;

/// What is remembered until the task is restarted.
struct Counter {
    total: u64,
}

impl CounterServer for Counter {
    fn add(&mut self, _: &Message, amount: u32) -> u64 {
        self.total = self.total.saturating_add(u64::from(amount));
        self.total
    }

    fn total(&mut self, _: &Message) -> u64 {
        self.total
    }
}

fn main() -> ! {
    idl::counter::serve(&mut Counter { total: 0 })
}
