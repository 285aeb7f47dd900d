//! Check: every invariant of the kernel, in one function.
//!
//! Host tests call it after every step. Each line is a promise that the other
//! files rely on; a broken one is named.

use crate::arch::{Arch, Frame};
use crate::deadline::Owner;
use crate::kernel::Kernel;
use crate::memory::{Use, UserSlice};
use crate::task::{State, TaskIndex};
use abi::limits::MAX_TIMERS;
use abi::syscall as nr;

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
        for index in self.indices() {
            self.check_wait(index)?;
            self.check_leases(index)?;
            self.check_notices(index)?;
            self.check_timers(index)?;
        }
        if !self.storage.deadlines.is_consistent() {
            return Err("the deadlines form a heap");
        }
        Ok(())
    }

    /// Who waits for whom, and why: a call goes through a port of the caller, up in
    /// urgency; a deadline belongs to a task that waits.
    fn check_wait(&self, index: TaskIndex) -> Result<(), &'static str> {
        let task = self.task(index);
        let Some(desc) = self.desc(index) else { return Err("every task has a description") };
        if let State::InCall(server) | State::InReply(server) = task.state {
            let port = self.port(index, task.frame.register(0));
            if task.fault.is_none()
                && port.map(|port| port.server) != Some(server.position() as u32)
            {
                return Err("a caller waits for the server of the port it called");
            }
            if self.desc(server).is_none_or(|server| server.rank >= desc.rank) {
                return Err("calls go up in urgency");
            }
        }
        let waits = !matches!(task.state, State::Runnable) && task.fault.is_none();
        let deadline = self.storage.deadlines.get(Owner::Wait { rank: desc.rank });
        if deadline.is_some() && !waits {
            return Err("a deadline of a wait belongs to a task that waits");
        }
        if let State::InRecv { mask, .. } = task.state
            && mask & !desc.bits != 0
        {
            return Err("a task waits for its own bits only");
        }
        if task.disabled && task.is_ready() {
            return Err("a task past its last generation does not run");
        }
        Ok(())
    }

    /// Leases lie in memory of the lender that has the rights they lend.
    fn check_leases(&self, index: TaskIndex) -> Result<(), &'static str> {
        let task = self.task(index);
        let Some(leases) = task.leases.get(..usize::from(task.lease_count)) else {
            return Err("no more leases than there is room for");
        };
        for lease in leases {
            let usage = match lease.rights {
                nr::LEASE_R => Use::Read,
                nr::LEASE_W => Use::Write,
                3 => Use::ReadWrite,
                _ => return Err("a lease has rights"),
            };
            let slice = UserSlice::alleged(lease.address, u64::from(lease.length));
            if !slice.is_valid(self.regions(index), usage) {
                return Err("a lease is memory of its lender");
            }
        }
        Ok(())
    }

    /// Only ports and grants that exist are stale; a panic message has a length that is
    /// allowed.
    fn check_notices(&self, index: TaskIndex) -> Result<(), &'static str> {
        let task = self.task(index);
        let Some(desc) = self.desc(index) else { return Err("every task has a description") };
        let beyond = |count: u32| u64::MAX.checked_shl(count).unwrap_or(0);
        if task.stale_ports & beyond(desc.port_count) != 0
            || task.stale_posts & beyond(desc.post_count) != 0
        {
            return Err("only ports and grants that exist are stale");
        }
        if task.panic.length > abi::limits::PANIC_BYTES as u64 {
            return Err("a panic message is no longer than allowed");
        }
        Ok(())
    }

    /// Only timers that exist are armed, and post bits that exist.
    fn check_timers(&self, index: TaskIndex) -> Result<(), &'static str> {
        let Some(desc) = self.desc(index) else { return Err("every task has a description") };
        for timer in 0..MAX_TIMERS as u32 {
            let owner = Owner::Timer { rank: desc.rank, timer };
            if self.storage.deadlines.get(owner).is_none() {
                continue;
            }
            if timer >= desc.timer_count {
                return Err("only timers that exist are armed");
            }
            let at = desc.rank as usize * MAX_TIMERS + timer as usize;
            if self.storage.timer_bits.get(at).is_none_or(|bits| bits & !desc.bits != 0) {
                return Err("a timer posts bits of its owner");
            }
        }
        Ok(())
    }

    fn all_ranks(&self) -> u64 {
        self.indices().fold(0, |mask, index| mask | self.rank_bit(index))
    }
}
