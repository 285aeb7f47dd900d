//! Check: every invariant of the kernel, in one function.
//!
//! Host tests call it after every step. Each line is a promise that the other
//! files rely on; a broken one is named.

use crate::arch::Arch;
use crate::kernel::Kernel;
use crate::task::{State, TaskIndex};

impl<A: Arch> Kernel<A> {
    /// The first broken invariant, by name.
    ///
    /// # Errors
    /// What is broken.
    pub fn check_all(&self) -> Result<(), &'static str> {
        for index in self.indices() {
            let task = self.task(index);
            let rank = self.rank(index);
            if self.ready.contains(rank) != task.is_ready() {
                return Err("the ready set says what the states say");
            }
            let queued_at = match task.state {
                State::InCall(server)
                    if task.fault.is_none() && !self.is_to_be_told(index, server) =>
                {
                    Some(server)
                }
                _ => None,
            };
            for server in self.indices() {
                let queued = self.task(server).callers.contains(rank);
                if queued != (queued_at == Some(server)) {
                    return Err("a caller is queued at exactly the server it calls");
                }
            }
            let lends = matches!(task.state, State::InCall(_) | State::InReply(_));
            if task.lease_count != 0 && !lends {
                return Err("only a task in a call lends memory");
            }
            if let State::InRecv { open, mask } = task.state
                && task.is_live()
                && (task.posted & mask != 0 || open && !task.callers.is_empty())
            {
                return Err("nobody waits for what is already there");
            }
            let Some(desc) = self.desc(index) else { return Err("every task has a description") };
            if task.posted & !desc.bits != 0 {
                return Err("only bits that exist are posted");
            }
            if self.task_of(rank) != index {
                return Err("ranks and tasks map one to one");
            }
        }
        let mut ready = self.ready;
        while let Some(rank) = ready.take_first() {
            if self.rank(self.task_of(rank)) != rank {
                return Err("only tasks are ready");
            }
        }
        if !self.storage.deadlines.is_consistent() {
            return Err("the deadlines form a heap");
        }
        Ok(())
    }

    /// Whether a client has yet to learn of the restart of a server.
    fn is_to_be_told(&self, client: TaskIndex, server: TaskIndex) -> bool {
        let clients = self.clients_of(server);
        self.task(server).teardown.is_some_and(|left| {
            clients.iter().enumerate().any(|(number, entry)| {
                entry.task == client.position() as u32 && left.clients & 1 << (number & 63) != 0
            })
        })
    }
}
