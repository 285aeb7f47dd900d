//! Faults: stopping a task with a reason.
//!
//! A faulted task keeps its registers and its state for whoever looks, and stays
//! stopped until it is restarted. The supervisor is told by a bit and has a fixed
//! time to look; if it cannot, nobody can, and the machine is reset.

use crate::arch::{Arch, Frame as _};
use crate::deadline::Owner;
use crate::kernel::Kernel;
use crate::memory::{self, Use, UserSlice};
use crate::task::{FaultRecord, PanicMessage, State, TaskIndex};
use abi::boot::ResetReason;
use abi::desc;
use abi::fault::{Access, Fault, FaultKind};
use abi::limits::PANIC_BYTES;

impl<A: Arch> Kernel<A> {
    /// Stops a task. A second fault replaces the reason, keeps the state before
    /// the first, and is counted.
    pub(crate) fn fault_task(&mut self, index: TaskIndex, fault: Fault, syndrome: u64) {
        let rank = self.rank(index);
        let task = self.task_mut(index);
        let count = task.fault.map_or(0, |record| record.count).saturating_add(1);
        task.fault = Some(FaultRecord { fault, syndrome, count });
        if let State::InCall(server) = task.state {
            self.task_mut(server).callers.remove(rank);
        }
        self.clear_wait(index);
        self.update_ready(index);
        let supervisor = self.supervisor();
        if index == supervisor {
            self.reset_machine(ResetReason::SupervisorFault, Some(index), 0);
            return;
        }
        self.notify(supervisor, self.tables.header.fault_bits);
        if self.storage.deadlines.get(Owner::Acknowledge).is_none() {
            let now = self.arch.now();
            let deadline = now.after(self.arch.ticks(self.tables.header.ack_us));
            self.storage.deadlines.set(Owner::Acknowledge, deadline);
        }
    }

    /// The current task's memory access went wrong at `address`: an unmapped
    /// page, or a right that the page does not give. An access to a guard page is
    /// a stack overflow.
    pub fn memory_fault(&mut self, access: Access, mapped: bool, address: u64, syndrome: u64) {
        let Some(me) = self.current else { return };
        let kind = match memory::kind_at(self.regions(me), address) {
            Some(desc::KIND_GUARD) => FaultKind::StackOverflow,
            _ if mapped => FaultKind::Permission,
            _ => FaultKind::Unmapped,
        };
        self.fault_task(me, Fault::memory(kind, access, address), syndrome);
    }

    /// The current task did something else that the machine refused.
    pub fn exception(&mut self, kind: FaultKind, detail: u64, syndrome: u64) {
        let Some(me) = self.current else { return };
        self.fault_task(me, Fault::new(kind, detail), syndrome);
    }

    /// `panic`: the fault to stop the caller with.
    pub(crate) fn panic(&mut self, me: TaskIndex) -> Fault {
        let frame = &self.task(me).frame;
        let (address, length) = (frame.register(0), frame.register(1));
        if length > PANIC_BYTES as u64 {
            return Fault::new(FaultKind::BadLength, length);
        }
        if !UserSlice::alleged(address, length).is_valid(self.regions(me), Use::Read) {
            return Fault::new(FaultKind::BadSlice, address);
        }
        self.task_mut(me).panic = PanicMessage { address, length };
        Fault::new(FaultKind::Panic, 0)
    }
}
