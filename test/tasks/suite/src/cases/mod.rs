//! The cases, one file a group, one function each: named after what must hold, as
//! `exov6_test_suite::CASES` says it.

pub mod calls;
pub mod faults;
pub mod hostile;
pub mod idol;
pub mod interrupts;
pub mod leases;
pub mod memory;
pub mod misuse;
pub mod posts;
pub mod promises;
pub mod registers;
pub mod replies;
pub mod restart;
pub mod slices;
pub mod supervision;
pub mod timers;

/// Eight words that differ in every byte.
pub const WORDS: [u64; 8] = [
    0x0101_0101_0101_0111,
    0x0202_0202_0202_0222,
    0x0303_0303_0303_0333,
    0x0404_0404_0404_0444,
    0x0505_0505_0505_0555,
    0x0606_0606_0606_0666,
    0x0707_0707_0707_0777,
    0x0808_0808_0808_0888,
];
