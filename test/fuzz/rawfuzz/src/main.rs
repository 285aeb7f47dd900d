//! test-rawfuzz: random system calls with hostile registers, life after life, until it has
//! made as many as it should.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use exov6_test_suite::fuzz::{CALLS, Fuzz};
use userlib::{Bits, Counter, Mode, sys};

const MADE: Counter = Counter(0);
const WRONG: Counter = Counter(1);

fn main() -> ! {
    let mut fuzz = Fuzz::take_up(ports::RUNNER);
    while fuzz.count() < CALLS {
        // Before it, because it may be the last thing that this life does.
        MADE.set(fuzz.count() + 1);
        WRONG.add(fuzz.attack());
    }
    loop {
        sys::recv(Mode::Notifications, Bits::NONE);
    }
}
