//! The mailbox as memory that two parties share.
//!
//! A debugger reads and writes behind the agent's back, so everything is atomic: words
//! for the head, bytes for the data area, which servers read and write through leases.

use crate::layout::WORDS;
use core::sync::atomic::{AtomicU8, AtomicU64};

/// A mailbox with a data area of `N` bytes.
#[derive(Debug)]
#[repr(C)]
pub struct Mailbox<const N: usize> {
    /// The head: see [`crate::layout`].
    pub words: [AtomicU64; WORDS],
    /// The data area.
    pub data: [AtomicU8; N],
}

impl<const N: usize> Mailbox<N> {
    /// All zero: [`crate::Agent::start`] makes it valid.
    #[must_use]
    pub const fn new() -> Self {
        Mailbox {
            words: [const { AtomicU64::new(0) }; WORDS],
            data: [const { AtomicU8::new(0) }; N],
        }
    }
}

impl<const N: usize> Default for Mailbox<N> {
    fn default() -> Self {
        Self::new()
    }
}
