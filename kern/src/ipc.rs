//! Calls: eight words go to a server, eight come back.
//!
//! A call waits in its caller's own registers: nothing is queued but a bit in the
//! server's mask of callers, and nothing is copied before the server is there to
//! receive. Calls go strictly up in urgency (the build refuses others), so the
//! receiver of a call always runs next, and there is no cycle to deadlock in.

use crate::arch::{Arch, Frame, Ticks, Words};
use crate::deadline::Owner;
use crate::kernel::Kernel;
use crate::memory::{Use, UserSlice};
use crate::syscall::Outcome;
use crate::task::{Lease, State, TaskId, TaskIndex};
use abi::desc;
use abi::fault::{Fault, FaultKind, Reason};
use abi::limits::{MAX_LEASES, MAX_PORTS, MESSAGE_BYTES};
use abi::syscall::{self as nr, LeaseDesc};
use zerocopy::IntoBytes;

const LEASE_DESC_BYTES: u64 = size_of::<LeaseDesc>() as u64;

/// A channel that a task may call: one of its own ports.
#[derive(Clone, Copy)]
struct Port {
    /// Its number in the task's own table.
    number: u8,
    /// Who serves it.
    server: TaskIndex,
    /// What the build says of it.
    desc: &'static desc::Port,
}

impl Port {
    /// Its bit in a mask of the task's ports.
    fn bit(self) -> u64 {
        1 << (self.number & 63)
    }
}

impl<A: Arch> Kernel<A> {
    /// `call`: through a port that is held, for an operation that it permits.
    pub(crate) fn call(&mut self, me: TaskIndex) -> Outcome {
        let frame = &self.task(me).frame;
        let (number, header, table) = (frame.register(0), frame.register(1), frame.register(2));

        let port = self.port(me, number).ok_or(Fault::new(FaultKind::BadPort, number))?;
        let operation = nr::header_operation(header);
        if operation >= 64 || port.desc.ops & (1 << operation) == 0 {
            return Err(Fault::new(FaultKind::BadOperation, u64::from(operation)));
        }
        let length = u64::from(nr::header_length(header));
        if length > MESSAGE_BYTES as u64 || header >> 40 != 0 {
            return Err(Fault::new(FaultKind::BadLength, length));
        }
        self.take_leases(me, table, nr::header_leases(header))?;

        let server = port.server;
        self.tell_now(me, server);
        if self.task(me).stale_ports & port.bit() != 0 || self.task(server).disabled {
            self.task_mut(me).stale_ports &= !port.bit();
            return self.end_call(me, nr::DEAD);
        }
        if port.desc.timeout_us != 0 {
            let deadline = self.arch.now().after(self.arch.ticks(port.desc.timeout_us));
            self.set_wait(me, deadline);
        }
        if self.task(server).is_live()
            && matches!(self.task(server).state, State::InRecv { open: true, .. })
        {
            self.set_state(server, State::Runnable);
            self.clear_wait(server);
            self.deliver(me, server);
        } else {
            let rank = self.rank(me);
            self.set_state(me, State::InCall(server));
            self.task_mut(server).callers.insert(rank);
        }
        Ok(())
    }

    /// `recv`, `recv_until`: notifications first, then the most urgent caller.
    pub(crate) fn receive(&mut self, me: TaskIndex, deadline: Option<Ticks>) -> Outcome {
        let frame = &self.task(me).frame;
        let (mode, mask) = (frame.register(0), frame.register(1));
        self.receive_as(me, mode, mask, deadline)
    }

    /// `reply`.
    pub(crate) fn reply(&mut self, me: TaskIndex) -> Outcome {
        let frame = &self.task(me).frame;
        let (caller, code, length) = (frame.register(0), frame.register(1), frame.register(2));
        if code & nr::KERNEL_STATUS != 0 {
            return Err(Fault::new(FaultKind::BadReply, code));
        }
        if length > MESSAGE_BYTES as u64 {
            return Err(Fault::new(FaultKind::BadLength, length));
        }
        let Some(caller) = self.waiting_caller(me, caller) else { return Ok(()) };
        let words = trimmed(&self.task(me).frame.words(), length);
        let task = self.task_mut(caller);
        task.frame.set_words(&words);
        task.frame.set_register(1, length);
        self.resume_caller(caller, code);
        Ok(())
    }

    /// `reply_recv`: what `reply` then `recv` do, in one trap.
    pub(crate) fn reply_receive(&mut self, me: TaskIndex) -> Outcome {
        let frame = &self.task(me).frame;
        let (mode, mask) = (frame.register(3), frame.register(4));
        self.reply(me)?;
        self.receive_as(me, mode, mask, None)
    }

    /// `reply_fault`: the caller broke the rules of the interface.
    pub(crate) fn reply_fault(&mut self, me: TaskIndex) -> Outcome {
        let frame = &self.task(me).frame;
        let (caller, reason) = (frame.register(0), frame.register(1));
        let reason = Reason::from_u64(reason).ok_or(Fault::new(FaultKind::BadReply, reason))?;
        if let Some(caller) = self.waiting_caller(me, caller) {
            let mut fault = Fault::new(FaultKind::FromServer, 0);
            fault.who = me.position() as u8;
            fault.reason = reason as u8;
            self.fault_task(caller, fault, 0);
        }
        Ok(())
    }

    /// Ends a task's call with a status of the kernel's.
    pub(crate) fn end_call(&mut self, caller: TaskIndex, status: u64) -> Outcome {
        let task = self.task_mut(caller);
        task.frame.set_words(&Words::default());
        task.frame.set_register(1, 0);
        self.resume_caller(caller, status);
        Ok(())
    }

    /// The task that a handle names, if it waits for `server`'s reply in the life
    /// that the handle means.
    pub(crate) fn waiting_caller(&self, server: TaskIndex, handle: u64) -> Option<TaskIndex> {
        let caller = TaskId::alleged(handle, self.count())?;
        let waits = self.task(caller.index).awaits_reply_of(server);
        if waits && self.id(caller.index) == caller { Some(caller.index) } else { None }
    }

    fn resume_caller(&mut self, caller: TaskIndex, status: u64) {
        self.clear_wait(caller);
        let task = self.task_mut(caller);
        task.lease_count = 0;
        task.frame.set_register(0, status);
        self.set_state(caller, State::Runnable);
    }

    fn receive_as(
        &mut self,
        me: TaskIndex,
        mode: u64,
        mask: u64,
        deadline: Option<Ticks>,
    ) -> Outcome {
        let open = match mode {
            nr::RECV_OPEN => true,
            nr::RECV_NOTIFICATIONS => false,
            _ => return Err(Fault::new(FaultKind::BadMode, mode)),
        };
        let own = self.desc(me).map_or(0, |desc| desc.bits);
        if mask & !u64::from(own) != 0 {
            return Err(Fault::new(FaultKind::BadBits, mask));
        }
        let mask = mask as u32;
        if self.take_what_waits(me, open, mask) {
            return Ok(());
        }
        if let Some(deadline) = deadline {
            if deadline <= self.arch.now() {
                return self.time_out_receive(me);
            }
            self.set_wait(me, deadline);
        }
        self.set_state(me, State::InRecv { open, mask });
        Ok(())
    }

    /// Hands a receiver what is already there: notifications first, then the call of
    /// the most urgent caller. Whether there was anything.
    pub(crate) fn take_what_waits(&mut self, me: TaskIndex, open: bool, mask: u32) -> bool {
        if self.take_notifications(me, mask) {
            return true;
        }
        if !open {
            return false;
        }
        let Some(caller) = self.task_mut(me).callers.take_first() else { return false };
        self.deliver(self.task_of(caller), me);
        true
    }

    /// Moves a call from its caller's registers into its server's.
    fn deliver(&mut self, caller: TaskIndex, server: TaskIndex) {
        let id = self.id(caller);
        let frame = &self.task(caller).frame;
        let (number, header) = (frame.register(0), frame.register(1));
        let words = trimmed(&frame.words(), u64::from(nr::header_length(header)));
        let badge = self.port(caller, number).map_or(0, |port| port.desc.badge);
        self.set_state(caller, State::InReply(server));
        let frame = &mut self.task_mut(server).frame;
        frame.set_words(&words);
        frame.set_register(0, id.handle());
        frame.set_register(1, badge);
        frame.set_register(2, header);
    }

    /// Copies and checks the caller's lease table: what the server may touch is
    /// settled here, whatever the caller's memory says later.
    fn take_leases(&mut self, me: TaskIndex, address: u64, count: u8) -> Outcome {
        self.task_mut(me).lease_count = 0;
        if count == 0 {
            return Ok(());
        }
        let table = UserSlice::alleged(address, u64::from(count) * LEASE_DESC_BYTES);
        let regions = self.regions(me);
        if usize::from(count) > MAX_LEASES
            || address & 7 != 0
            || !table.is_valid(regions, Use::Read)
        {
            return Err(Fault::new(FaultKind::BadLeaseTable, address));
        }
        let mut read = [LeaseDesc::default(); MAX_LEASES];
        for (at, entry) in read.iter_mut().enumerate().take(usize::from(count)) {
            let at = (at as u64 * LEASE_DESC_BYTES).wrapping_add(address);
            let slice = UserSlice::alleged(at, LEASE_DESC_BYTES);
            self.read_user(regions, slice, entry.as_mut_bytes());
            let usage = match entry.rights {
                nr::LEASE_R => Use::Read,
                nr::LEASE_W => Use::Write,
                3 => Use::ReadWrite,
                _ => return Err(Fault::new(FaultKind::BadLeaseTable, address)),
            };
            let slice = UserSlice::alleged(entry.address, u64::from(entry.length));
            if !slice.is_valid(regions, usage) {
                return Err(Fault::new(FaultKind::BadSlice, entry.address));
            }
        }
        let task = self.task_mut(me);
        for (lease, entry) in task.leases.iter_mut().zip(read) {
            *lease = Lease { address: entry.address, length: entry.length, rights: entry.rights };
        }
        task.lease_count = count;
        Ok(())
    }

    /// A task's port of this number, if it has it.
    fn port(&self, task: TaskIndex, number: u64) -> Option<Port> {
        let task = self.desc(task)?;
        let number = usize::try_from(number).ok().filter(|&number| number < MAX_PORTS)?;
        let desc = Self::slice(self.tables.ports, task.port_first, task.port_count).get(number)?;
        let server = TaskIndex::new(u64::from(desc.server), self.count())?;
        Some(Port { number: number as u8, server, desc })
    }

    /// Gives a task a state, and the ready set what follows from it.
    pub(crate) fn set_state(&mut self, task: TaskIndex, state: State) {
        self.task_mut(task).state = state;
        self.update_ready(task);
    }

    /// Arms a task's wait.
    pub(crate) fn set_wait(&mut self, task: TaskIndex, deadline: Ticks) {
        self.storage.deadlines.set(Owner::Wait { rank: self.rank(task) }, deadline);
    }

    /// Disarms a task's wait.
    pub(crate) fn clear_wait(&mut self, task: TaskIndex) {
        self.storage.deadlines.cancel(Owner::Wait { rank: self.rank(task) });
    }
}

/// Words with everything beyond `length` bytes zero.
fn trimmed(words: &Words, length: u64) -> Words {
    let mut trimmed = [0; 8];
    let mut left = length;
    for (to, from) in trimmed.iter_mut().zip(words) {
        *to = match left {
            0 => 0,
            1..=7 => from & !(u64::MAX << (left * 8)),
            _ => *from,
        };
        left = left.saturating_sub(8);
    }
    trimmed
}
