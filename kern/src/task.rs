//! Task: what the kernel knows of one, and the states it can be in.
//!
//! ```text
//!            call, S waits for it
//!      ┌───────────────────────────────────────────────────────────┐
//!      │          call                    receive by S             ▼
//!   Runnable ──────────────► InCall(S) ─────────────────────► InReply(S)
//!      ▲  │                      │ timeout, restart of S          │ reply, timeout,
//!      │  │ receive              ▼                                │ restart of S
//!      │  └────────► InRecv ──► Runnable ◄────────────────────────┘
//!      │               call, notification, deadline
//!      └── restart, from everywhere; `fault` and `held` lie over a state
//! ```
//!
//! A fault keeps the state it interrupted. Holding a task only keeps it from
//! running and from receiving: what others do to it goes on.

use crate::arch::Frame;
use crate::ranks::Ranks;
use abi::fault::Fault;
use abi::limits::{MAX_LEASES, MAX_TASKS};
use abi::syscall as nr;

/// Index of a task: always below [`MAX_TASKS`], so it never misses the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskIndex(u8);

impl TaskIndex {
    /// The first task.
    pub const FIRST: TaskIndex = TaskIndex(0);

    /// The index, if a table of `count` tasks has it.
    #[must_use]
    pub fn new(index: u64, count: usize) -> Option<Self> {
        if index < count as u64 && index < MAX_TASKS as u64 {
            Some(TaskIndex(index as u8))
        } else {
            None
        }
    }

    /// As a position in a table of [`MAX_TASKS`] entries.
    #[must_use]
    pub fn position(self) -> usize {
        self.0 as usize & (MAX_TASKS - 1)
    }

    /// As a bit of a mask of tasks.
    #[must_use]
    pub fn bit(self) -> u64 {
        1 << self.position()
    }
}

/// Whether a task begins by running or by waiting to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// It runs.
    Running,
    /// It is held.
    Held,
}

/// A task in one of its lives. Stored wherever a task is remembered across a
/// system call, so that a restarted task is never taken for its predecessor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskId {
    /// Which task.
    pub index: TaskIndex,
    /// Which life: the number of restarts before it.
    pub generation: u32,
}

impl TaskId {
    /// The task that a caller handle alleges, if a table of `count` tasks has it.
    #[must_use]
    pub fn alleged(handle: u64, count: usize) -> Option<Self> {
        let index = TaskIndex::new(u64::from(nr::caller_index(handle)), count)?;
        Some(TaskId { index, generation: nr::caller_generation(handle) })
    }

    /// The caller handle that stands for it.
    #[must_use]
    pub fn handle(self) -> u64 {
        nr::caller(self.index.position() as u32, self.generation)
    }
}

/// What a task is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Runs, or could.
    #[default]
    Runnable,
    /// Has called a server that has not received the call.
    InCall(TaskIndex),
    /// Its call was received; waits for the reply.
    InReply(TaskIndex),
    /// Waits for notification bits of the mask, and for callers if `open`.
    InRecv {
        /// Calls are received too.
        open: bool,
        /// Bits it waits for.
        mask: u32,
    },
}

/// Memory lent for the length of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// First byte in the lender's span.
    pub address: u64,
    /// Length in bytes.
    pub length: u32,
    /// `LEASE_R`, `LEASE_W` or both.
    pub rights: u32,
}

/// Why and where a task was stopped. Kept until its restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultRecord {
    /// What happened.
    pub fault: Fault,
    /// Exception syndrome, or zero for a fault that the kernel found.
    pub syndrome: u64,
    /// Faults since the restart; the state before is that of the first.
    pub count: u32,
}

/// A panic message where it lies in the panicked task's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PanicMessage {
    /// First byte, in the task's span.
    pub address: u64,
    /// Length in bytes, at most `PANIC_BYTES`.
    pub length: u64,
}

/// What is left to be undone of a former life. It happens in batches, when the task
/// would run next: whoever waits for it is less urgent than it is, so nobody misses
/// anything, and more urgent tasks are not kept waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Teardown {
    /// Position in the table of interrupts: those from here on are to be masked.
    pub irq: u16,
    /// Its timers from this one on are to be cancelled.
    pub timer: u8,
    /// Its clients that have not been told; bit *n* is its client *n*.
    pub clients: u64,
}

/// Everything that changes about a task. What does not is in [`abi::desc::Task`].
#[derive(Clone, Copy, Debug)]
pub struct Task<F> {
    /// Saved registers; first, where the entry code finds them.
    pub frame: F,
    /// What it does, or did when it faulted.
    pub state: State,
    /// Set while it is stopped by a fault.
    pub fault: Option<FaultRecord>,
    /// Kept from running until started.
    pub held: bool,
    /// At its last generation: never runs again, calls to it return `DEAD`.
    pub disabled: bool,
    /// Number of restarts.
    pub generation: u32,
    /// Restarts of all tasks up to its last one: says which of two lives began first.
    pub born: u64,
    /// Posted bits that it has not taken.
    pub posted: u32,
    /// Tasks in `InCall` to this one.
    pub callers: Ranks,
    /// Ports whose server was restarted and whose next use says so.
    pub stale_ports: u64,
    /// Post grants whose target was restarted and whose next use says so.
    pub stale_posts: u64,
    /// Number of valid entries of `leases`.
    pub lease_count: u8,
    /// What it lends while it is in `InCall` or `InReply`.
    pub leases: [Lease; MAX_LEASES],
    /// Its last words.
    pub panic: PanicMessage,
    /// What of its former life is still to be undone before it runs.
    pub teardown: Option<Teardown>,
    /// Interrupts that a repeated system call of its own has already done.
    pub done: u16,
}

impl<F: Frame> Task<F> {
    /// A task before boot: all zero, so that tables of it take no room in an image.
    pub const NEW: Self = Task {
        frame: F::NEW,
        state: State::Runnable,
        fault: None,
        held: false,
        disabled: false,
        generation: 0,
        born: 0,
        posted: 0,
        callers: Ranks::NONE,
        stale_ports: 0,
        stale_posts: 0,
        lease_count: 0,
        leases: [Lease { address: 0, length: 0, rights: 0 }; MAX_LEASES],
        panic: PanicMessage { address: 0, length: 0 },
        teardown: None,
        done: 0,
    };

    /// Whether it is to be chosen: to run, or to have its former life undone.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self.state, State::Runnable) && self.is_live() || self.teardown.is_some()
    }

    /// Whether it may run or receive at all: not faulted, held or disabled.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.fault.is_none() && !self.held && !self.disabled
    }

    /// Whether it waits for `server`'s reply, so that the server may answer it
    /// and use its leases.
    #[must_use]
    pub fn awaits_reply_of(&self, server: TaskIndex) -> bool {
        self.state == State::InReply(server) && self.fault.is_none()
    }
}
