//! Kernel operations: what a task may ask the kernel to do to tasks, as granted.
//!
//! `KERNEL_OP` takes the operation in `x8`, a task index in `x9` and an argument
//! in `x10`; it returns a status in `x8` and up to eight words in `x0`–`x7`.
//! An operation that is not granted, or not for that task, faults the caller.

/// Operations, in the order of a task's grant table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum KernelOp {
    /// State of a task: see [`Status`].
    Status = 0,
    /// First faulted task with an index of at least `x9`: its index in `x0`, or
    /// status `NONE`, which is the supervisor's acknowledgement of all faults so far.
    /// The grant is all or nothing; `x9` may be any number.
    FindFaulted = 1,
    /// 64 bytes of a panic message from offset `x10` (0 or 64) in `x0`–`x7`,
    /// `x8` = length of the whole message, or `NONE`.
    PanicMessage = 2,
    /// Begin a new generation; `x10` = 1 starts it, 0 leaves it held.
    Restart = 3,
    /// Let a held task run.
    Start = 4,
    /// Keep a task from running and receiving until `Start`; its callers wait.
    Hold = 5,
    /// Fault a task; it is recorded who asked.
    Fault = 6,
    /// Reset the machine; `x10` is recorded.
    Reset = 7,
    /// 64 bytes of a task's memory from address `x10` in `x0`–`x7`, or `NONE`.
    Dump = 8,
    /// Make the interrupts of notification bits `x10` of a task pending.
    SoftwareIrq = 9,
    /// Leave the emulator with code `x10` (0–255).
    Exit = 10,
}

/// Number of kernel operations.
pub const COUNT: usize = 11;

impl KernelOp {
    /// All operations, in numeric order, with their names in `app.toml`.
    pub const ALL: [(KernelOp, &'static str); COUNT] = [
        (KernelOp::Status, "status"),
        (KernelOp::FindFaulted, "find-faulted"),
        (KernelOp::PanicMessage, "panic-message"),
        (KernelOp::Restart, "restart"),
        (KernelOp::Start, "start"),
        (KernelOp::Hold, "hold"),
        (KernelOp::Fault, "fault"),
        (KernelOp::Reset, "reset"),
        (KernelOp::Dump, "dump"),
        (KernelOp::SoftwareIrq, "software-irq"),
        (KernelOp::Exit, "exit"),
    ];

    /// The operation with this number, if there is one.
    #[must_use]
    pub const fn from_u64(number: u64) -> Option<Self> {
        Some(match number {
            0 => KernelOp::Status,
            1 => KernelOp::FindFaulted,
            2 => KernelOp::PanicMessage,
            3 => KernelOp::Restart,
            4 => KernelOp::Start,
            5 => KernelOp::Hold,
            6 => KernelOp::Fault,
            7 => KernelOp::Reset,
            8 => KernelOp::Dump,
            9 => KernelOp::SoftwareIrq,
            10 => KernelOp::Exit,
            _ => return None,
        })
    }
}

/// Argument of [`KernelOp::Restart`]: leave the task held.
pub const RESTART_HOLD: u64 = 0;
/// Argument of [`KernelOp::Restart`]: let the task run.
pub const RESTART_START: u64 = 1;

/// Scheduling state of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StateCode {
    /// Held: waits for `Start`.
    Stopped = 0,
    /// Ready to run, or running.
    Runnable = 1,
    /// Has called a server that has not received the call yet.
    InCall = 2,
    /// Waits for a server's reply.
    InReply = 3,
    /// Waits for a call or a notification.
    InRecv = 4,
    /// Out of budget until its next period.
    Throttled = 5,
    /// Waits for credits to pay for a call.
    GasWait = 6,
}

impl StateCode {
    /// The state with this number, if there is one.
    #[must_use]
    pub const fn from_u8(number: u8) -> Option<Self> {
        Some(match number {
            0 => StateCode::Stopped,
            1 => StateCode::Runnable,
            2 => StateCode::InCall,
            3 => StateCode::InReply,
            4 => StateCode::InRecv,
            5 => StateCode::Throttled,
            6 => StateCode::GasWait,
            _ => return None,
        })
    }
}

/// Bit of [`Status`] word 0: the task is faulted and the state is the one before.
pub const STATUS_FAULTED: u64 = 1 << 8;
/// Bit of [`Status`] word 0: at its last generation, disabled for good.
pub const STATUS_DISABLED: u64 = 1 << 9;

/// What *status* returns in `x0`–`x7`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// `StateCode | STATUS_FAULTED | STATUS_DISABLED | peer << 16`; the peer is the
    /// server of `InCall` and `InReply`.
    pub state: u64,
    /// Restarts so far: the generation.
    pub generation: u64,
    /// [`crate::fault::Fault::pack`], or zero.
    pub fault: u64,
    /// Address or other detail of the fault.
    pub detail: u64,
    /// Program counter at the fault, or now.
    pub pc: u64,
    /// Stack pointer at the fault, or now.
    pub sp: u64,
    /// Exception syndrome at the fault (ESR_EL1), or zero.
    pub syndrome: u64,
    /// Faults since the restart (a second one keeps the first state).
    pub count: u64,
}

impl Status {
    /// As register words, in order of the fields.
    #[must_use]
    pub const fn words(self) -> [u64; 8] {
        [
            self.state,
            self.generation,
            self.fault,
            self.detail,
            self.pc,
            self.sp,
            self.syndrome,
            self.count,
        ]
    }

    /// From register words.
    #[must_use]
    pub const fn from_words(w: [u64; 8]) -> Self {
        Status {
            state: w[0],
            generation: w[1],
            fault: w[2],
            detail: w[3],
            pc: w[4],
            sp: w[5],
            syndrome: w[6],
            count: w[7],
        }
    }
}
