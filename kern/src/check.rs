//! Check: every invariant of the kernel, in one function.
//!
//! Host tests call it after every step. Each line is a promise that the other
//! files rely on; a broken one is named.

use crate::arch::Arch;
use crate::kernel::Kernel;
use crate::task::State;

impl<A: Arch> Kernel<A> {
    /// The first broken invariant, by name.
    ///
    /// # Errors
    /// What is broken.
    pub fn check_all(&self) -> Result<(), &'static str> {
        for index in self.indices() {
            let task = self.task(index);
            let rank = self.rank_bit(index);
            if (self.ready & rank != 0) != task.is_ready() {
                return Err("the ready set says what the states say");
            }
            let queued_at = match task.state {
                State::InCall(server) if task.fault.is_none() => Some(server),
                _ => None,
            };
            for server in self.indices() {
                let queued = self.task(server).callers & rank != 0;
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
                && (task.posted & mask != 0 || open && task.callers != 0)
            {
                return Err("nobody waits for what is already there");
            }
            let Some(desc) = self.desc(index) else { return Err("every task has a description") };
            if task.posted & !desc.bits != 0 {
                return Err("only bits that exist are posted");
            }
            if self.task_of_rank(desc.rank) != index {
                return Err("ranks and tasks map one to one");
            }
        }
        if self.ready & !self.all_ranks() != 0 {
            return Err("only tasks are ready");
        }
        if !self.storage.deadlines.is_consistent() {
            return Err("the deadlines form a heap");
        }
        Ok(())
    }

    fn all_ranks(&self) -> u64 {
        self.indices().fold(0, |mask, index| mask | self.rank_bit(index))
    }
}
