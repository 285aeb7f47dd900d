//! Deadlines: one static binary heap for everything that waits for a time.
//!
//! Every possible deadline has a number that is fixed at build time: each timer
//! of each task, one wait of each task (a receive's or a call's timeout), the
//! supervisor's acknowledgement, and the end of the run. The heap is ordered by
//! (deadline, number), and numbers are handed out so that, at one instant, more
//! urgent tasks come first. Setting, cancelling and taking cost O(log n) moves.
//!
//! ```text
//!   heap:     [ n3 | n0 | n7 | … ]      position → number, a binary heap
//!   position: [  1 |  – |  – | 0 … ]    number → position + 1, 0 = not set
//!   at:       [ t0 | …             ]    number → deadline in ticks
//! ```

use crate::arch::Ticks;
use crate::ranks::Rank;
use abi::limits::{MAX_TASKS, MAX_TIMERS};

/// Numbers: timers, then waits, then the kernel's own two.
pub const CAPACITY: usize = 1024;
const WAITS: usize = MAX_TASKS * MAX_TIMERS;
const _: () = assert!(CAPACITY.is_power_of_two() && WAITS + MAX_TASKS + 2 <= CAPACITY);

/// Number of a deadline; always below [`CAPACITY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(u16);

/// Whose deadline a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Timer `timer` (0–7) of the task of rank `rank`.
    Timer {
        /// Rank of the owner.
        rank: Rank,
        /// Number of the timer.
        timer: u32,
    },
    /// The wait of the task of rank `rank`.
    Wait {
        /// Rank of the waiting task.
        rank: Rank,
    },
    /// The supervisor's time to acknowledge a fault.
    Acknowledge,
    /// The end of the run.
    RunUntil,
}

impl Owner {
    /// Its number. Timers are reduced to their limit.
    #[must_use]
    pub fn number(self) -> Number {
        let n = match self {
            Owner::Acknowledge => 0,
            Owner::RunUntil => 1,
            Owner::Timer { rank, timer } => {
                2 + rank.position() * (MAX_TIMERS + 1) + (timer as usize & (MAX_TIMERS - 1))
            }
            Owner::Wait { rank } => 2 + rank.position() * (MAX_TIMERS + 1) + MAX_TIMERS,
        };
        Number(n as u16)
    }

    /// The inverse of [`Owner::number`].
    #[must_use]
    pub fn of(number: Number) -> Self {
        match number.0 {
            0 => Owner::Acknowledge,
            1 => Owner::RunUntil,
            n => {
                let n = u32::from(n).wrapping_sub(2);
                let each = MAX_TIMERS as u32 + 1;
                let (rank, timer) = (Rank::new(n / each), n % each);
                if timer == MAX_TIMERS as u32 {
                    Owner::Wait { rank }
                } else {
                    Owner::Timer { rank, timer }
                }
            }
        }
    }
}

/// The heap.
pub struct Deadlines {
    heap: [u16; CAPACITY],
    position: [u16; CAPACITY],
    at: [Ticks; CAPACITY],
    length: usize,
}

const MASK: usize = CAPACITY - 1;

impl Deadlines {
    /// Empty; all zero.
    pub const NEW: Self = Deadlines {
        heap: [0; CAPACITY],
        position: [0; CAPACITY],
        at: [Ticks(0); CAPACITY],
        length: 0,
    };

    /// Sets a deadline, or moves it.
    pub fn set(&mut self, owner: Owner, deadline: Ticks) {
        let number = owner.number();
        self.cancel(owner);
        self.at[number.0 as usize & MASK] = deadline;
        let place = self.length & MASK;
        self.length = self.length.saturating_add(1).min(CAPACITY);
        self.put(place, number.0);
        self.rise(place);
    }

    /// Forgets a deadline, if it was set.
    pub fn cancel(&mut self, owner: Owner) {
        let number = owner.number();
        let Some(place) = (self.position[number.0 as usize & MASK] as usize).checked_sub(1) else {
            return;
        };
        self.position[number.0 as usize & MASK] = 0;
        let last = self.length.saturating_sub(1);
        self.length = last;
        if place < last {
            let moved = self.heap[last & MASK];
            self.put(place, moved);
            self.rise(place);
            self.sink(self.place_of(moved));
        }
    }

    /// The earliest deadline.
    #[must_use]
    pub fn head(&self) -> Option<Ticks> {
        if self.length == 0 { None } else { Some(self.at[self.heap[0] as usize & MASK]) }
    }

    /// Takes the earliest deadline if it is not later than `now`.
    pub fn take_due(&mut self, now: Ticks) -> Option<Owner> {
        if self.head()? > now {
            return None;
        }
        let owner = Owner::of(Number(self.heap[0]));
        self.cancel(owner);
        Some(owner)
    }

    /// Whether this deadline is set, and for when.
    #[must_use]
    pub fn get(&self, owner: Owner) -> Option<Ticks> {
        let number = owner.number().0 as usize & MASK;
        if self.position[number] == 0 { None } else { Some(self.at[number]) }
    }

    /// Whether the heap is one: order, and both directions of the index agree.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        (0..self.length).all(|place| {
            let number = self.heap[place & MASK];
            self.place_of(number) == place
                && (place == 0 || !self.before(number, self.heap[((place - 1) / 2) & MASK]))
        }) && self.position.iter().filter(|&&p| p != 0).count() == self.length
    }

    fn place_of(&self, number: u16) -> usize {
        (self.position[number as usize & MASK] as usize).wrapping_sub(1)
    }

    fn put(&mut self, place: usize, number: u16) {
        self.heap[place & MASK] = number;
        self.position[number as usize & MASK] = (place as u16).wrapping_add(1);
    }

    fn before(&self, a: u16, b: u16) -> bool {
        (self.at[a as usize & MASK], a) < (self.at[b as usize & MASK], b)
    }

    fn rise(&mut self, mut place: usize) {
        while let Some(above) = place.checked_sub(1).map(|p| p / 2) {
            let (number, parent) = (self.heap[place & MASK], self.heap[above & MASK]);
            if !self.before(number, parent) {
                return;
            }
            self.put(place, parent);
            self.put(above, number);
            place = above;
        }
    }

    fn sink(&mut self, mut place: usize) {
        loop {
            let mut child = place.saturating_mul(2).saturating_add(1);
            if child >= self.length {
                return;
            }
            let right = child.saturating_add(1);
            if right < self.length && self.before(self.heap[right & MASK], self.heap[child & MASK])
            {
                child = right;
            }
            let (number, below) = (self.heap[place & MASK], self.heap[child & MASK]);
            if !self.before(below, number) {
                return;
            }
            self.put(place, below);
            self.put(child, number);
            place = child;
        }
    }
}
