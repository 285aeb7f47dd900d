//! Counters: how often what happened, for a debugger to read.
//!
//! ```text
//!   EXOV6_IDOL_CLIENT_PLANT        in a task that calls    operation × ok, err, dead
//!   EXOV6_IDOL_SERVER_PLANT        in the task that serves operation × ok, err, refused
//!                                                          then client task × ok, err, refused
//! ```
//!
//! Each count is a `u32` that wraps. Tables lie in the task's own memory and begin at
//! zero with each of its lives. Only the task itself writes them, and it has one
//! thread, so a plain load and store will do; they are atomics because statics must
//! be. Which client used which operation how often is in the clients' tables.

use crate::{Answer, Message};
use core::sync::atomic::{AtomicU32, Ordering};

/// What a call came to, in the order of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// A value.
    Ok = 0,
    /// An error of the interface; in a server also a caller that was gone.
    Err = 1,
    /// In a client: the server died or did not answer in time, whether or not the
    /// call was repeated. In a server: the caller was stopped.
    Lost = 2,
}

/// One row: three counts.
#[derive(Debug)]
#[repr(C)]
pub struct Counts([AtomicU32; 3]);

impl Counts {
    /// Zeros.
    #[must_use]
    pub const fn new() -> Self {
        Counts([const { AtomicU32::new(0) }; 3])
    }

    /// A count.
    #[must_use]
    pub fn get(&self, column: Column) -> u32 {
        let [ok, err, lost] = &self.0;
        let count = match column {
            Column::Ok => ok,
            Column::Err => err,
            Column::Lost => lost,
        };
        count.load(Ordering::Relaxed)
    }

    /// Counts one more.
    #[inline(always)]
    pub(crate) fn add(&self, column: Column) {
        let [ok, err, lost] = &self.0;
        let count = match column {
            Column::Ok => ok,
            Column::Err => err,
            Column::Lost => lost,
        };
        count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

impl Default for Counts {
    fn default() -> Self {
        Counts::new()
    }
}

/// What came of the calls of a task through one interface.
#[derive(Debug)]
#[repr(C)]
pub struct ClientCounters<const OPERATIONS: usize> {
    operations: [Counts; OPERATIONS],
}

impl<const OPERATIONS: usize> ClientCounters<OPERATIONS> {
    /// Zeros.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "a static needs a constant function")]
    pub const fn new() -> Self {
        ClientCounters { operations: [const { Counts::new() }; OPERATIONS] }
    }

    /// The row of an operation, by its number from 1.
    #[inline(always)]
    #[must_use]
    pub fn operation(&self, number: u16) -> Option<&Counts> {
        self.operations.get(usize::from(number).wrapping_sub(1))
    }
}

/// What became of the calls to a server.
#[derive(Debug)]
#[repr(C)]
pub struct ServerCounters<const OPERATIONS: usize, const TASKS: usize> {
    operations: [Counts; OPERATIONS],
    clients: [Counts; TASKS],
}

impl<const OPERATIONS: usize, const TASKS: usize> ServerCounters<OPERATIONS, TASKS> {
    /// Zeros.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "a static needs a constant function")]
    pub const fn new() -> Self {
        ServerCounters {
            operations: [const { Counts::new() }; OPERATIONS],
            clients: [const { Counts::new() }; TASKS],
        }
    }

    /// The row of an operation, by its number from 1.
    #[must_use]
    pub fn operation(&self, number: u16) -> Option<&Counts> {
        self.operations.get(usize::from(number).wrapping_sub(1))
    }

    /// The row of a client, by the index of its task.
    #[must_use]
    pub fn client(&self, task: usize) -> Option<&Counts> {
        self.clients.get(task)
    }

    /// Counts what a message is answered with. An operation that does not exist is
    /// counted for its sender alone.
    #[inline(always)]
    pub fn count(&self, message: &Message, answer: &Answer) {
        let column = match answer {
            Answer::Reply { code: 0, .. } => Column::Ok,
            Answer::Reply { .. } | Answer::Nothing => Column::Err,
            Answer::Fault(_) => Column::Lost,
        };
        let rows = [self.operation(message.operation), self.client(message.caller.index as usize)];
        for row in rows.into_iter().flatten() {
            row.add(column);
        }
    }
}
