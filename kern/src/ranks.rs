//! Ranks: tasks in the order of urgency, and sets of them.
//!
//! The build gives each task a rank: 0 is the most urgent, no two are equal. A set
//! of tasks is one word by rank, so the most urgent of any set is one count of
//! trailing zeros, however many there are.

use abi::limits::MAX_TASKS;

/// Position in the order of urgency; always below [`MAX_TASKS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank(u8);

impl Rank {
    /// The rank of this number. Numbers beyond the limit, which no table of the
    /// build's contains, are reduced to it.
    #[must_use]
    pub fn new(rank: u32) -> Self {
        Rank(rank as u8 & (MAX_TASKS as u8 - 1))
    }

    /// As a position in a table of [`MAX_TASKS`] entries.
    #[must_use]
    pub fn position(self) -> usize {
        self.0 as usize & (MAX_TASKS - 1)
    }

    fn bit(self) -> u64 {
        1 << self.position()
    }
}

/// A set of tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ranks(u64);

impl Ranks {
    /// Nobody.
    pub const NONE: Self = Ranks(0);

    /// Adds a task.
    pub fn insert(&mut self, rank: Rank) {
        self.0 |= rank.bit();
    }

    /// Takes a task out.
    pub fn remove(&mut self, rank: Rank) {
        self.0 &= !rank.bit();
    }

    /// Whether a task is in it.
    #[must_use]
    pub fn contains(self, rank: Rank) -> bool {
        self.0 & rank.bit() != 0
    }

    /// Whether nobody is.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The most urgent.
    #[must_use]
    pub fn first(self) -> Option<Rank> {
        if self.0 == 0 { None } else { Some(Rank::new(self.0.trailing_zeros())) }
    }

    /// Takes the most urgent out.
    pub fn take_first(&mut self) -> Option<Rank> {
        let first = self.first();
        self.0 &= self.0.wrapping_sub(1);
        first
    }
}
