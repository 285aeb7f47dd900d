//! test-fuzz-server: receives from the fuzzers, and answers as it should, wrongly, twice, not
//! at all, or with something else.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use exov6_test_suite::fuzz::Fuzz;
use userlib::time::now;
use userlib::{Bits, Counter, Mode, Received, Ticks, sys};

const MADE: Counter = Counter(0);
const WRONG: Counter = Counter(1);

fn main() -> ! {
    let mut fuzz = Fuzz::take_up(ports::RUNNER);
    loop {
        let deadline = now() + Ticks::from_us(500);
        let Received::Call(message) = sys::recv_until(Mode::Open, Bits::NONE, deadline) else {
            continue;
        };
        fuzz.remember(message.caller.handle());
        while fuzz.chance(5, 8) {
            MADE.set(fuzz.count() + 1);
            WRONG.add(fuzz.attack());
        }
        if fuzz.chance(7, 8) {
            let length = message.length;
            sys::reply(message.caller, 0, length, &message.words);
        }
    }
}
