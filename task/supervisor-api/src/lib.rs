//! task-supervisor-api: the types of `idl/supervisor.idol`.
//!
//! Times are microseconds since boot. Tasks are named by their index, the position
//! in app.toml.
#![no_std]
#![forbid(unsafe_code)]

use abi::fault::Fault;
use abi::kernel_op::{STATUS_DISABLED, STATUS_FAULTED, StateCode};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Faults that the supervisor remembers.
pub const HISTORY: usize = 16;

/// How a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct TaskState {
    /// As the kernel gives it: `abi::kernel_op::Status::state`.
    pub state: u64,
    /// [`Fault::pack`] of the fault that the task is stopped by, or zero.
    pub fault: u64,
    /// Address or other detail of that fault.
    pub detail: u64,
    /// Program counter, of that fault or now.
    pub pc: u64,
    /// When the supervisor will restart it; zero if it will not.
    pub due_us: u64,
    /// Restarts since boot.
    pub generation: u32,
    /// Faults since boot.
    pub faults: u32,
}

impl TaskState {
    /// Scheduling state; that before the fault, if the task is faulted.
    #[must_use]
    pub const fn code(&self) -> Option<StateCode> {
        StateCode::from_u8((self.state & 0xff) as u8)
    }

    /// Task index of the server that the task waits for, if it does.
    #[must_use]
    pub const fn server(&self) -> Option<u32> {
        match self.code() {
            Some(StateCode::InCall | StateCode::InReply) => Some((self.state >> 16 & 0xff) as u32),
            _ => None,
        }
    }

    /// Whether the task is stopped by a fault.
    #[must_use]
    pub const fn is_faulted(&self) -> bool {
        self.state & STATUS_FAULTED != 0
    }

    /// Whether the task has used up its generations and never runs again.
    #[must_use]
    pub const fn is_disabled(&self) -> bool {
        self.state & STATUS_DISABLED != 0
    }

    /// The fault that the task is stopped by.
    #[must_use]
    pub const fn fault(&self) -> Option<Fault> {
        if self.is_faulted() { Fault::unpack(self.fault, self.detail) } else { None }
    }
}

/// A fault that happened, and what the supervisor did.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct PastFault {
    /// When the supervisor saw it.
    pub at_us: u64,
    /// When the task was, or is, to be restarted; zero for one that is left as it is.
    pub due_us: u64,
    /// [`Fault::pack`].
    pub fault: u64,
    /// Address or other detail.
    pub detail: u64,
    /// Program counter.
    pub pc: u64,
    /// Task index.
    pub task: u32,
    /// Generation of the task that faulted.
    pub generation: u32,
}

impl PastFault {
    /// What happened.
    #[must_use]
    pub const fn fault(&self) -> Option<Fault> {
        Fault::unpack(self.fault, self.detail)
    }
}

idol_runtime::error! {
    /// Why the supervisor did not do or tell something.
    pub enum SupervisorError {
        /// There is no task with this index.
        NoSuchTask = 1,
        /// The supervisor does not restart or fault itself: that would reset the machine.
        Itself = 2,
        /// Fewer faults happened, or this one is forgotten.
        NoSuchFault = 3,
        /// The supervisor died; the machine is being reset.
        ServerDied = 4,
        /// The kernel does not grant the supervisor what this takes.
        NotGranted = 5,
    }
    server_death: ServerDied
}

#[cfg(test)]
mod tests {
    use super::*;
    use abi::fault::{Access, FaultKind};

    fn state(state: u64) -> TaskState {
        let fault = Fault::memory(FaultKind::Unmapped, Access::Write, 8);
        TaskState {
            state,
            fault: fault.pack(),
            detail: 8,
            pc: 4,
            due_us: 0,
            generation: 0,
            faults: 1,
        }
    }

    #[test]
    fn a_waiting_task_names_its_server_and_no_fault() {
        let waiting = state(StateCode::InReply as u64 | 2 << 16);
        assert_eq!((waiting.code(), waiting.server()), (Some(StateCode::InReply), Some(2)));
        assert_eq!(waiting.fault(), None, "a fault word without the flag means nothing");
    }

    #[test]
    fn a_faulted_task_tells_its_fault() {
        let faulted = state(StateCode::Runnable as u64 | STATUS_FAULTED);
        assert_eq!((faulted.server(), faulted.is_disabled()), (None, false));
        assert_eq!(
            faulted.fault().map(|f| (f.kind, f.access)),
            Some((FaultKind::Unmapped, Access::Write))
        );
    }

    #[test]
    fn everything_travels_in_registers() {
        assert!(size_of::<TaskState>() <= 64 && size_of::<PastFault>() <= 64);
    }
}
