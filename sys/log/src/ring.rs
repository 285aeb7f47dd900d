//! The ring's memory, as both sides see it: a header and a circle of bytes.
//!
//! ```text
//!   0            RING_DATA                               RING_DATA + capacity
//!   ┌────────────┬──────────────────────────────────────────────┐
//!   │ Shared     │  …free…  [len gen seq frame][len gen …  …free │
//!   └────────────┴──────────────────────────────────────────────┘
//!                           ▲ tail                 ▲ head
//! ```
//!
//! Everything is an atomic, because the writer may be interrupted anywhere and a
//! reader may look meanwhile. One writer stores; readers only load.

use abi::limits::MAX_SUMMARY;
use abi::log::{RING_DATA, RING_MAGIC, RingHeader};
use core::mem::offset_of;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

/// [`RingHeader`] as it is shared between a writer and readers.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Shared {
    pub(crate) magic: AtomicU32,
    pub(crate) capacity: AtomicU32,
    pub(crate) head: AtomicU64,
    pub(crate) tail: AtomicU64,
    pub(crate) sequence: AtomicU32,
    pub(crate) dropped: AtomicU32,
    pub(crate) counters: [AtomicU64; MAX_SUMMARY],
}

const _: () = {
    assert!(size_of::<Shared>() == size_of::<RingHeader>());
    assert!(size_of::<Shared>() <= RING_DATA);
    assert!(offset_of!(Shared, capacity) == offset_of!(RingHeader, capacity));
    assert!(offset_of!(Shared, head) == offset_of!(RingHeader, head));
    assert!(offset_of!(Shared, tail) == offset_of!(RingHeader, tail));
    assert!(offset_of!(Shared, sequence) == offset_of!(RingHeader, sequence));
    assert!(offset_of!(Shared, dropped) == offset_of!(RingHeader, dropped));
    assert!(offset_of!(Shared, counters) == offset_of!(RingHeader, counters));
};

/// A ring's memory: its header and its data.
#[derive(Clone, Copy, Debug)]
pub struct Ring<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) data: &'a [AtomicU8],
}

impl<'a> Ring<'a> {
    /// A ring in this memory, set up or not. The length of `data` is the capacity,
    /// whatever the header says.
    #[must_use]
    pub const fn new(shared: &'a Shared, data: &'a [AtomicU8]) -> Self {
        Ring { shared, data }
    }

    /// Bytes of data.
    pub(crate) const fn capacity(&self) -> u64 {
        self.data.len() as u64
    }

    /// Whether the header says that the ring is set up, for this capacity, and its
    /// positions can be true.
    pub(crate) fn is_sound(&self) -> bool {
        let head = self.shared.head.load(Ordering::Acquire);
        let tail = self.shared.tail.load(Ordering::Acquire);
        self.shared.magic.load(Ordering::Acquire) == RING_MAGIC
            // No ring gets this far in its life, and sums of positions cannot overflow.
            && head <= u64::MAX / 2
            && u64::from(self.shared.capacity.load(Ordering::Relaxed)) == self.capacity()
            && head.checked_sub(tail).is_some_and(|used| used <= self.capacity())
    }

    /// The byte at a position.
    pub(crate) fn byte(&self, position: u64) -> u8 {
        step();
        self.data[(position % self.capacity()) as usize].load(Ordering::Relaxed)
    }

    /// Stores the byte at a position.
    pub(crate) fn set_byte(&self, position: u64, byte: u8) {
        step();
        self.data[(position % self.capacity()) as usize].store(byte, Ordering::Relaxed);
    }

    /// `N` bytes from a position on.
    pub(crate) fn bytes<const N: usize>(&self, position: u64) -> [u8; N] {
        core::array::from_fn(|i| self.byte(position + i as u64))
    }

    /// Value of a summary counter; zero where there is none.
    #[must_use]
    pub fn counter(&self, number: u8) -> u64 {
        match self.shared.counters.get(usize::from(number)) {
            Some(counter) => counter.load(Ordering::Relaxed),
            None => 0,
        }
    }

    /// Sets a summary counter from its old value; nothing where there is none.
    /// For the writer only.
    pub fn update_counter(&self, number: u8, change: impl FnOnce(u64) -> u64) {
        if let Some(counter) = self.shared.counters.get(usize::from(number)) {
            counter.store(change(counter.load(Ordering::Relaxed)), Ordering::Relaxed);
        }
    }
}

/// A ring in ordinary memory, for tests and tools.
#[derive(Debug)]
pub struct Memory<const CAPACITY: usize> {
    shared: Shared,
    data: [AtomicU8; CAPACITY],
}

impl<const CAPACITY: usize> Memory<CAPACITY> {
    /// Zeroed memory, as at power-on.
    #[must_use]
    pub fn new() -> Self {
        Memory { shared: Shared::default(), data: [const { AtomicU8::new(0) }; CAPACITY] }
    }

    /// The ring in it.
    #[must_use]
    pub const fn ring(&self) -> Ring<'_> {
        Ring::new(&self.shared, &self.data)
    }
}

impl<const CAPACITY: usize> Default for Memory<CAPACITY> {
    fn default() -> Self {
        Memory::new()
    }
}

/// A point where the other side may run: nothing, except in tests.
#[cfg(not(test))]
#[inline(always)]
pub(crate) fn step() {}
#[cfg(test)]
pub(crate) use crate::interleave::step;
