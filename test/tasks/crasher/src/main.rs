//! test-crasher: works for a moment, then panics, in every life.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use userlib::Ticks;
use userlib::time::now;

fn main() -> ! {
    let until = now() + Ticks::from_us(config::AFTER_US as u64);
    while now() < until {}
    panic!("once more")
}
