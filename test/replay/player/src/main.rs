//! Does what a script says.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

fn main() -> ! {
    exov6_test_replay::player::play(ports::HOME)
}
