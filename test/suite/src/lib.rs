//! exov6-test-suite: what the kernel promises, tried on the machine.
//!
//! One image holds every case. The host boots it once for each, with the number of
//! the case in the boot-info page, and a case passes iff the machine exits with 0.
//!
//! ```text
//!   supervisor   notes faults, tells the suite, gives up after two seconds
//!   server       a puppet above the suite: it does what a call says
//!   every        an ordinary server, for what generated code promises
//!   suite        pulls the strings: one function a case
//!   victim, low, fp-a, fp-b, held
//!                puppets below the suite: they ask it what to do next
//! ```
//!
//! A puppet has no plan of its own ([`Command`] is all it knows), so that a case is
//! read in one place, and what the kernel did is told by the kernel (`status`,
//! `dump`) or by the puppet's registers, never by a puppet's opinion.
//!
//! On the host only [`CASES`], [`Command`] and [`instructions`] exist; the rest needs the
//! feature `task`.
#![no_std]

mod cases;
pub mod command;
#[cfg(feature = "task")]
pub mod every;
#[cfg(feature = "task")]
pub mod fuzz;
pub mod hostile;
pub mod instructions;
#[cfg(feature = "task")]
pub mod machine;
#[cfg(feature = "task")]
pub mod puppet;

pub use cases::CASES;
pub use command::Command;

/// Exit code of a case whose promise did not hold.
pub const EXIT_FAILED: u8 = 1;
/// Exit code of a case that did not end.
pub const EXIT_TIMED_OUT: u8 = 2;
/// Exit code of a boot without the number of a case.
pub const EXIT_NO_CASE: u8 = 3;
/// Exit code of a boot on which the kernel found another machine than it was started on.
pub const EXIT_OTHER_MACHINE: u8 = 4;
/// Cases whose event is caused by `test/monitor`, which stands below the image at EL2.
pub const UNDER_MONITOR: &[&str] = &["fault_external"];
/// Virtual time that a case may take, in milliseconds.
pub const LIMIT_MS: u64 = 2000;

/// A promise of the kernel and its test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Name, unique.
    pub name: &'static str,
    /// What the boot-info page's `test` says to run it: position in [`CASES`] + 1.
    pub number: u64,
    /// What must hold, in one line.
    pub holds: &'static str,
}
