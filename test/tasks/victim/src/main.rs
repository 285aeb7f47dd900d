//! test-victim: a puppet below the suite. Several tasks are made of it, which differ in
//! urgency, in floating point, and in what the kernel grants them.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

fn main() -> ! {
    exov6_test_suite::puppet::follow(ports::SUITE)
}
