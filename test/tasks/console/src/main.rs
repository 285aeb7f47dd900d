//! test-console: takes the word of console input, and drops it. A test has no console.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

fn main() -> ! {
    loop {
        userlib::wait(notifications::INPUT);
    }
}
