//! Stand-in on the host, so that editors, `cargo check` and unit tests of tasks
//! work there. There is no kernel to call: every system call panics.

use crate::Words;

/// Results of a system call besides words: `x8`, `x9`, `x10`.
pub type Results = [u64; 3];

/// System call `N` with message words both ways.
pub fn trap_words<const N: u16>(_words: &mut Words, _x: [u64; 5]) -> Results {
    unimplemented!("system call {N} outside of an image")
}

/// System call `N` without message words.
pub fn trap<const N: u16>(_x: [u64; 5]) -> Results {
    unimplemented!("system call {N} outside of an image")
}

/// The counter: stands still on the host.
pub fn counter() -> u64 {
    0
}

/// Ticks per second, as on the emulated board.
pub fn frequency() -> u64 {
    62_500_000
}
