//! A ring of the last samples, in order of their numbers.
//!
//! ```text
//!   appended = 1003, N = 1000:   [1000][1001][1002][ 3 ][ 4 ] … [ 999 ]
//!                                       newest ▲     ▲ oldest
//! ```
//!
//! Numbers grow strictly (an old one is ignored, so appending twice is harmless)
//! but may have gaps where a turn of the loop was lost; hence the search. The
//! server is more urgent than the loop that feeds it: what one call may cost is
//! bounded, by a binary search and by the length of a block.

use crate::sample::{Block, Sample};

/// Most samples in one read: what one copy by the kernel holds (1 KiB).
pub const BLOCK_SAMPLES: usize = 1024 / size_of::<Sample>();

/// The last `N` samples.
#[derive(Clone, Debug)]
pub struct History<const N: usize> {
    samples: [Sample; N],
    appended: u64,
}

impl<const N: usize> Default for History<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> History<N> {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        History { samples: [Sample::ZERO; N], appended: 0 }
    }

    /// Samples kept now, at most `N`.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.appended).map_or(N, |n| n.min(N))
    }

    /// Whether nothing was appended yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sample `age` places after the oldest.
    fn get(&self, place: usize) -> Option<&Sample> {
        let length = self.len();
        if place >= length {
            return None;
        }
        let index = (self.appended - length as u64 + place as u64) % N as u64;
        self.samples.get(index as usize)
    }

    fn newest(&self) -> Option<&Sample> {
        self.get(self.len().checked_sub(1)?)
    }

    /// Keeps a sample, dropping the oldest if there are `N`. False, and nothing
    /// happens, if its number is not larger than the newest's.
    pub fn append(&mut self, sample: Sample) -> bool {
        if self.newest().is_some_and(|newest| sample.sequence <= newest.sequence) {
            return false;
        }
        let index = (self.appended % N as u64) as usize;
        if let Some(place) = self.samples.get_mut(index) {
            *place = sample;
            self.appended += 1;
        }
        true
    }

    /// Copies samples with numbers of at least `from` to `into`, oldest first, as
    /// many as fit.
    pub fn read(&self, from: u64, into: &mut [Sample]) -> Block {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle) {
                Some(sample) if sample.sequence < from => low = middle + 1,
                _ => high = middle,
            }
        }
        let mut count = 0;
        for place in into.iter_mut() {
            let Some(sample) = self.get(low + count) else { break };
            *place = *sample;
            count += 1;
        }
        Block {
            count: count as u64,
            oldest: self.get(0).map_or(0, |s| s.sequence),
            newest: self.newest().map_or(0, |s| s.sequence),
            appended: self.appended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(sequence: u64) -> Sample {
        Sample { sequence, position: sequence as f64 / 2.0, ..Sample::ZERO }
    }

    fn filled(numbers: impl IntoIterator<Item = u64>) -> History<5> {
        let mut history = History::new();
        for n in numbers {
            history.append(sample(n));
        }
        history
    }

    /// Numbers read from `from` on, at most 3.
    fn read(history: &History<5>, from: u64) -> ([u64; 3], u64) {
        let mut into = [Sample::ZERO; 3];
        let block = history.read(from, &mut into);
        (into.map(|s| s.sequence), block.count)
    }

    #[test]
    fn an_empty_ring_gives_nothing() {
        let history = filled([]);
        assert!(history.is_empty());
        assert_eq!(history.read(0, &mut [Sample::ZERO; 3]), Block::default());
    }

    #[test]
    fn samples_come_back_in_order_from_where_they_are_asked_for() {
        let history = filled([3, 4, 5]);
        assert_eq!(read(&history, 0), ([3, 4, 5], 3));
        assert_eq!(read(&history, 4), ([4, 5, 0], 2));
        assert_eq!(read(&history, 6), ([0, 0, 0], 0));
    }

    #[test]
    fn the_oldest_is_dropped_when_the_ring_is_full() {
        let history = filled(0..13);
        assert_eq!(read(&history, 0), ([8, 9, 10], 3));
        assert_eq!(read(&history, 10), ([10, 11, 12], 3));
        let block = history.read(0, &mut []);
        assert_eq!(block, Block { count: 0, oldest: 8, newest: 12, appended: 13 });
    }

    #[test]
    fn gaps_are_skipped_and_old_numbers_ignored() {
        let mut history = filled([1, 2, 50, 51, 70, 71]);
        assert_eq!(read(&history, 3), ([50, 51, 70], 3));
        assert!(!history.append(sample(71)));
        assert!(!history.append(sample(60)));
        assert_eq!(read(&history, 70), ([70, 71, 0], 2));
        assert_eq!(history.read(0, &mut []).appended, 6);
    }

    #[test]
    fn a_block_fits_one_copy_of_the_kernel() {
        // `max_len` in idl/store.idol says the same.
        assert_eq!(BLOCK_SAMPLES, 21);
        const { assert!(BLOCK_SAMPLES * size_of::<Sample>() <= 1024) };
    }
}
