//! exov6-test: tests of an application, on the machine that it is for.
//!
//! ```text
//!   cargo xtask test ─► image, once ─► names out of the test task's program
//!                          │
//!                          └► a boot for each: number of the case in the boot-info page
//!                                 │
//!             the case runs ◄─────┘         panics, or anybody faults: the supervisor
//!                 │                         says why, and the case has failed
//!                 └► supervisor.stop(PASSED) ─► status of the emulator
//! ```
//!
//! A task whose `main.rs` says [`tests!`] is a test task. It is a task like any other,
//! beside those that it tests and with channels to them, so that what is tested is the
//! system as it is. In a boot that asks for no case it sleeps.
//!
//! The task needs, in `app.toml`, `uses = ["boot-info"]`, a channel `supervisor` with the
//! operations `stop` and `history`, and a priority below whatever it calls;
//! `debug-only = true` keeps it out of releases.
#![no_std]
#![forbid(unsafe_code)]

mod task;

pub use task::{Suite, expect_faults, run};

/// Symbol of the list of cases in a test task's program: for each case a line
/// `NAME\tWHAT MUST HOLD\n`.
pub const SYMBOL: &str = "EXOV6_TESTS";

/// Exit status of a case that has passed. Not 0: a run that is ended because its time is
/// over ends with that.
pub const PASSED: u8 = 64;
/// Exit status of a case that has failed, if it can still be told.
pub const FAILED: u8 = 65;
/// Exit status of a boot with the number of no case.
pub const NO_CASE: u8 = 66;

/// Declares the cases of a test task: functions without arguments, each with a line of
/// documentation that says what must hold. Once per task, beside `userlib::task!()`; this
/// stands for `userlib::entry!`.
///
/// ```ignore
/// userlib::task!();
///
/// exov6_test::tests! {
///     /// What was added is in the total.
///     fn adding_adds() {
///         let counter = idl::counter::Counter::new(ports::COUNTER);
///         let before = counter.total();
///         counter.add(2).unwrap();
///         assert_eq!(counter.total(), before + 2);
///     }
/// }
/// ```
///
/// A case fails if it panics, if it does not come to its end, or if more or fewer tasks
/// have faulted in the meantime than [`expect_faults`] was told.
#[macro_export]
macro_rules! tests {
    ($($(#[doc = $holds:literal])* fn $name:ident() $body:block)*) => {
        $($(#[doc = $holds])* fn $name() $body)*

        #[doc(hidden)]
        const ON_TARGET_TESTS: &str =
            concat!($(stringify!($name), "\t", $($holds,)* "\n"),*);

        userlib::note!(EXOV6_TESTS = ON_TARGET_TESTS);

        fn on_target_tests() -> ! {
            let supervisor = idl::supervisor::Supervisor::new(ports::SUPERVISOR);
            let suite = $crate::Suite {
                names: &EXOV6_TESTS,
                cases: &[$($name as fn()),*],
                page: devices::BOOT_INFO,
            };
            $crate::run(
                &suite,
                |status| drop(supervisor.stop(status)),
                |back| supervisor.history(back).is_ok(),
            )
        }
        userlib::entry!(on_target_tests);
    };
}
