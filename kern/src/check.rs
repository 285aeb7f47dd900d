//! Check: every invariant of the kernel, in one function.
//!
//! Host tests call it after every step; on the target, with `kernel = { checks = true }`
//! in `app.toml`, every return to a task does. Each is a promise that the other files
//! rely on; a broken one is named.

use crate::arch::{Arch, Frame};
use crate::deadline::Owner;
use crate::kernel::Kernel;
use crate::memory::{Use, UserSlice};
use crate::task::{State, TaskIndex};
use abi::invariant::Invariant;
use abi::limits::MAX_TIMERS;
use abi::syscall as nr;

impl<A: Arch> Kernel<A> {
    /// The first broken invariant, by name.
    ///
    /// # Errors
    /// What is broken.
    pub fn check_all(&self) -> Result<(), Invariant> {
        for index in self.indices() {
            let task = self.task(index);
            let rank = self.rank(index);
            if self.ready.contains(rank) != task.is_ready() {
                return Err(Invariant::ReadySet);
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
                    return Err(Invariant::CallersQueued);
                }
            }
            let lends = matches!(task.state, State::InCall(_) | State::InReply(_));
            if task.lease_count != 0 && !lends {
                return Err(Invariant::LenderCalls);
            }
            if let State::InRecv { open, mask } = task.state
                && task.is_live()
                && (task.posted & mask != 0 || open && !task.callers.is_empty())
            {
                return Err(Invariant::NothingMissed);
            }
            let Some(desc) = self.desc(index) else { return Err(Invariant::Described) };
            if task.posted & !desc.bits != 0 {
                return Err(Invariant::PostedBits);
            }
            if self.task_of(rank) != index {
                return Err(Invariant::RanksMap);
            }
        }
        let mut ready = self.ready;
        while let Some(rank) = ready.take_first() {
            if self.rank(self.task_of(rank)) != rank {
                return Err(Invariant::ReadyTasks);
            }
        }
        for index in self.indices() {
            self.check_wait(index)?;
            self.check_leases(index)?;
            self.check_notices(index)?;
            self.check_timers(index)?;
        }
        if !self.storage.deadlines.is_consistent() {
            return Err(Invariant::Heap);
        }
        Ok(())
    }

    /// Whether a client has yet to learn of the restart of a server.
    fn is_to_be_told(&self, client: TaskIndex, server: TaskIndex) -> bool {
        let clients = self.clients_of(server);
        let mut left = self.task(server).teardown.map_or(0, |left| left.clients);
        while left != 0 {
            let entry = clients.get(left.trailing_zeros() as usize);
            if entry.is_some_and(|entry| entry.task == client.position() as u32) {
                return true;
            }
            left &= left.wrapping_sub(1);
        }
        false
    }

    /// Who waits for whom, and why: a call goes through a port of the caller, up in
    /// urgency; a deadline belongs to a task that waits.
    fn check_wait(&self, index: TaskIndex) -> Result<(), Invariant> {
        let task = self.task(index);
        let Some(desc) = self.desc(index) else { return Err(Invariant::Described) };
        if let State::InCall(server) | State::InReply(server) = task.state {
            let port = self.port(index, task.frame.register(0));
            if task.fault.is_none() && port.map(|port| port.server) != Some(server) {
                return Err(Invariant::CallerOfPort);
            }
            if self.rank(server) >= self.rank(index) {
                return Err(Invariant::CallsUp);
            }
        }
        let waits = !matches!(task.state, State::Runnable) && task.fault.is_none();
        let deadline = self.storage.deadlines.get(Owner::Wait { rank: self.rank(index) });
        if deadline.is_some() && !waits {
            return Err(Invariant::WaitDeadline);
        }
        if let State::InRecv { mask, .. } = task.state
            && mask & !desc.bits != 0
        {
            return Err(Invariant::OwnBits);
        }
        if task.disabled && task.is_ready() && task.teardown.is_none() {
            return Err(Invariant::DisabledStops);
        }
        Ok(())
    }

    /// Leases lie in memory of the lender that has the rights they lend.
    fn check_leases(&self, index: TaskIndex) -> Result<(), Invariant> {
        let task = self.task(index);
        let Some(leases) = task.leases.get(..usize::from(task.lease_count)) else {
            return Err(Invariant::LeaseCount);
        };
        for lease in leases {
            let usage = match lease.rights {
                nr::LEASE_R => Use::Read,
                nr::LEASE_W => Use::Write,
                3 => Use::ReadWrite,
                _ => return Err(Invariant::LeaseRights),
            };
            let slice = UserSlice::alleged(lease.address, u64::from(lease.length));
            if !slice.is_valid(self.regions(index), usage) {
                return Err(Invariant::LeaseMemory);
            }
        }
        Ok(())
    }

    /// Only ports and grants that exist are stale; a panic message has a length that is
    /// allowed.
    fn check_notices(&self, index: TaskIndex) -> Result<(), Invariant> {
        let task = self.task(index);
        let Some(desc) = self.desc(index) else { return Err(Invariant::Described) };
        let beyond = |count: u32| u64::MAX.checked_shl(count).unwrap_or(0);
        if task.stale_ports & beyond(desc.port_count) != 0
            || task.stale_posts & beyond(desc.post_count) != 0
        {
            return Err(Invariant::StaleGrants);
        }
        if task.panic.length > abi::limits::PANIC_BYTES as u64 {
            return Err(Invariant::PanicLength);
        }
        Ok(())
    }

    /// Only timers that exist are armed, and post bits that exist.
    fn check_timers(&self, index: TaskIndex) -> Result<(), Invariant> {
        let Some(desc) = self.desc(index) else { return Err(Invariant::Described) };
        for timer in 0..MAX_TIMERS as u32 {
            let owner = Owner::Timer { rank: self.rank(index), timer };
            if self.storage.deadlines.get(owner).is_none() {
                continue;
            }
            if self.task(index).teardown.is_some() {
                continue; // one of a former life, still to be cancelled
            }
            if timer >= desc.timer_count {
                return Err(Invariant::ArmedTimers);
            }
            let at = self.rank(index).position() * MAX_TIMERS + timer as usize;
            if self.storage.timer_bits.get(at).is_none_or(|bits| bits & !desc.bits != 0) {
                return Err(Invariant::TimerBits);
            }
        }
        Ok(())
    }
}
