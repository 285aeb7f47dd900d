//! Tests of the other tasks, on the target: each runs in a boot of its own.
//!
//! A test fails if it panics, if it does not end within 2 s of the machine's time, or if
//! any task has faulted; `exov6_test::expect_faults` says that some will.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();

use idl::counter::Counter;

exov6_test::tests! {
    /// What is added is in the total.
    fn adding_adds() {
        let counter = Counter::new(ports::COUNTER);
        let before = counter.total();
        assert_eq!(counter.add(2), Ok(before + 2));
        assert_eq!(counter.total(), before + 2);
    }

    /// Adding nothing changes nothing.
    fn nothing_is_nothing() {
        let counter = Counter::new(ports::COUNTER);
        let before = counter.total();
        assert_eq!(counter.add(0), Ok(before));
    }
}
