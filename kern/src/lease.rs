//! Leases: the one place where the kernel copies memory.
//!
//! A server copies from or to what a caller lends, at most 1 KiB a trap, and only
//! while that caller, in that life, waits for this server's reply. When the wait
//! ends, for whatever reason, so does the lease: there is nothing to revoke.

use crate::arch::Arch;
use crate::arch::Frame as _;
use crate::kernel::Kernel;
use crate::memory::{Use, UserSlice};
use crate::syscall::Outcome;
use crate::task::{Lease, TaskIndex};
use abi::desc::Region;
use abi::fault::{Fault, FaultKind};
use abi::limits::LEASE_COPY_BYTES;
use abi::syscall as nr;

/// Which way a copy goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The server reads.
    FromLender,
    /// The server writes.
    ToLender,
}

impl<A: Arch> Kernel<A> {
    /// `lease_read`, `lease_write`.
    pub(crate) fn lease_copy(&mut self, me: TaskIndex, direction: Direction) -> Outcome {
        let frame = &self.task(me).frame;
        let (handle, index, offset) = (frame.register(0), frame.register(1), frame.register(2));
        let (address, length) = (frame.register(3), frame.register(4));
        let Some(lender) = self.waiting_caller(me, handle) else {
            return self.copied(me, nr::DEFECT, 0);
        };
        let lease = self.lease(lender, index)?;
        let Some(left) = u64::from(lease.length).checked_sub(offset) else {
            return Err(Fault::new(FaultKind::BadLeaseOffset, offset));
        };
        let (right, usage) = match direction {
            Direction::FromLender => (nr::LEASE_R, Use::Write),
            Direction::ToLender => (nr::LEASE_W, Use::Read),
        };
        if lease.rights & right == 0 {
            return Err(Fault::new(FaultKind::BadLeaseRight, index));
        }
        let length = length.min(left).min(LEASE_COPY_BYTES as u64);
        let own = UserSlice::alleged(address, length);
        if !own.is_valid(self.regions(me), usage) {
            return Err(Fault::new(FaultKind::BadSlice, address));
        }
        let lent = UserSlice::alleged(lease.address, u64::from(lease.length));
        let mut done = 0;
        while done < length {
            let (Some(here), Some(there)) = (
                own.segment(self.regions(me), done),
                lent.segment(self.regions(lender), offset.wrapping_add(done)),
            ) else {
                break;
            };
            let part = here.length.min(there.length).min(length.wrapping_sub(done));
            let (to, from) = match direction {
                Direction::FromLender => (here.physical, there.physical),
                Direction::ToLender => (there.physical, here.physical),
            };
            self.arch.copy(to, from, part as usize);
            done = done.wrapping_add(part);
        }
        self.copied(me, nr::OK, done)
    }

    /// `lease_info`.
    pub(crate) fn lease_info(&mut self, me: TaskIndex) -> Outcome {
        let frame = &self.task(me).frame;
        let (handle, index) = (frame.register(0), frame.register(1));
        let Some(lender) = self.waiting_caller(me, handle) else {
            self.task_mut(me).frame.set_register(2, 0);
            return self.copied(me, nr::DEFECT, 0);
        };
        let lease = self.lease(lender, index)?;
        self.task_mut(me).frame.set_register(2, u64::from(lease.length));
        self.copied(me, nr::OK, u64::from(lease.rights))
    }

    /// A task's regions, sorted by address.
    pub(crate) fn regions(&self, task: TaskIndex) -> &'static [Region] {
        self.desc(task).map_or(&[], |desc| {
            Self::slice(self.tables.regions, desc.region_first, desc.region_count)
        })
    }

    /// Reads a valid slice, which may span regions, into the kernel's own memory:
    /// as much as the shorter of the two holds.
    pub(crate) fn read_user(&self, regions: &[Region], slice: UserSlice, into: &mut [u8]) {
        let mut done = 0;
        while let Some(segment) = slice.segment(regions, done as u64) {
            let Some(rest) = into.get_mut(done..) else { break };
            let length = rest.len().min(segment.length as usize);
            let Some(part) = rest.get_mut(..length).filter(|part| !part.is_empty()) else { break };
            self.arch.read(segment.physical, part);
            done = done.wrapping_add(length);
        }
    }

    fn lease(&self, lender: TaskIndex, index: u64) -> Result<Lease, Fault> {
        let task = self.task(lender);
        usize::try_from(index)
            .ok()
            .filter(|&index| index < usize::from(task.lease_count))
            .and_then(|index| task.leases.get(index).copied())
            .ok_or(Fault::new(FaultKind::BadLease, index))
    }

    fn copied(&mut self, me: TaskIndex, status: u64, second: u64) -> Outcome {
        self.task_mut(me).frame.set_register(1, second);
        self.finish(me, status)
    }
}
