//! The small values that name what a task owns. Build tools write them as
//! constants into the task's generated module; code passes them on.

use core::ops::{BitAnd, BitOr, BitOrAssign, Not};

/// A channel this task may call: a number in its own table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port(pub u8);

/// A channel with the operations that it permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortGrant {
    /// The channel.
    pub port: Port,
    /// Bit *n* is operation *n*; bit 0 is never set.
    pub operations: u64,
}

/// Notification bits of a task, its own or (in a [`PostGrant`]) another's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bits(pub u32);

impl Bits {
    /// No bit.
    pub const NONE: Bits = Bits(0);

    /// Whether all of `other` are among these.
    #[must_use]
    pub const fn contains(self, other: Bits) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether at least one of `other` is among these.
    #[must_use]
    pub const fn intersects(self, other: Bits) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is no bit.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Bits {
    type Output = Bits;
    fn bitor(self, other: Bits) -> Bits {
        Bits(self.0 | other.0)
    }
}

impl BitOrAssign for Bits {
    fn bitor_assign(&mut self, other: Bits) {
        self.0 |= other.0;
    }
}

impl BitAnd for Bits {
    type Output = Bits;
    fn bitand(self, other: Bits) -> Bits {
        Bits(self.0 & other.0)
    }
}

impl Not for Bits {
    type Output = Bits;
    fn not(self) -> Bits {
        Bits(!self.0)
    }
}

/// A timer of this task and the notification it posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Number in the task's own table, 0–7.
    pub number: u8,
    /// The notification of the same name.
    pub bits: Bits,
}

/// The right to post certain bits to one other task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostGrant {
    /// Number in the task's own table, 0–63.
    pub number: u8,
    /// Bits of the target, out of those granted.
    pub bits: Bits,
}

/// A piece of the task's span that is a peripheral or a page of boot information.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// First byte, in the span; page aligned.
    pub address: usize,
    /// Length in bytes.
    pub size: usize,
}

/// A task at one of its generations, as the kernel names whoever called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Task index.
    pub index: u32,
    /// Restarts of that task before this call.
    pub generation: u32,
}

impl Caller {
    /// As the kernel takes it.
    #[must_use]
    pub const fn handle(self) -> u64 {
        abi::syscall::caller(self.index, self.generation)
    }

    /// As the kernel gives it.
    #[must_use]
    pub const fn from_handle(handle: u64) -> Self {
        Caller {
            index: abi::syscall::caller_index(handle),
            generation: abi::syscall::caller_generation(handle),
        }
    }
}

/// A summary counter: a number shown at the end of a run, and by the debugger.
///
/// It lies in the header of the task's log ring, so it survives a restart of the
/// task. Values are 64 bits; the number is the position in `summary` of app.toml.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter(pub u8);

/// Where this task's log ring lies and whom to tell; written by the build tools.
#[derive(Clone, Copy, Debug)]
pub struct LogConfig {
    /// First byte of the ring, in the span; 0 = there is no ring.
    pub ring: usize,
    /// Length in bytes, header included.
    pub size: usize,
    /// How to tell the log task about a record; the log task itself has none.
    pub post: Option<PostGrant>,
}

/// Where another task's log ring is mapped, read-only, in the log task.
#[derive(Clone, Copy, Debug)]
pub struct LogRing {
    /// Index of the task that writes it.
    pub task: u8,
    /// First byte, in the span.
    pub address: usize,
    /// Length in bytes, header included.
    pub size: usize,
    /// Number of summary counters in use.
    pub summary: u8,
}

/// What the supervisor does with a faulted task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartPolicy {
    /// Restart it, at once or after a delay.
    Always,
    /// Leave it as it is, for somebody to look at.
    Never,
}

/// `restart` of a task in app.toml.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartRule {
    /// Whether to restart.
    pub policy: RestartPolicy,
    /// A task that ran shorter than this, in milliseconds, restarts with a delay.
    pub min_interval_ms: u32,
    /// Most restarts in any second.
    pub max_per_s: u32,
}
