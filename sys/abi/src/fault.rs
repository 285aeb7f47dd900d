//! Faults: why the kernel stopped a task.
//!
//! A fault blames exactly one task. It is kept until the task is restarted and
//! is read with `kernel_op` *status* as two words: [`Fault::pack`] and the
//! address (or other detail) beside it.

/// What a task did, or what was done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FaultKind {
    /// System call number that does not exist. Detail: the number.
    BadSyscall = 1,
    /// Port number that the task does not have. Detail: the number.
    BadPort = 2,
    /// Operation outside the port's mask. Detail: the operation.
    BadOperation = 3,
    /// Message, reply, copy or panic longer than allowed. Detail: the length.
    BadLength = 4,
    /// Memory that the task may not use in this way. Detail: the address.
    BadSlice = 5,
    /// Lease table misaligned, too long, or with undefined rights. Detail: the address.
    BadLeaseTable = 6,
    /// Lease index that the caller did not lend. Detail: the index.
    BadLease = 7,
    /// Lease offset out of range. Detail: the offset.
    BadLeaseOffset = 8,
    /// Reading a write-only or writing a read-only lease. Detail: the index.
    BadLeaseRight = 9,
    /// Notification bits that the task does not own or may not post. Detail: the bits.
    BadBits = 10,
    /// Timer number that the task does not have. Detail: the number.
    BadTimer = 11,
    /// Post grant that the task does not have. Detail: the number.
    BadPost = 12,
    /// Kernel operation not granted, or not on this task. Detail: operation | task << 32.
    BadKernelOp = 13,
    /// Reply code with the kernel's bit set, or an unknown fault reason. Detail: the code.
    BadReply = 14,
    /// Receive mode that does not exist. Detail: the mode.
    BadMode = 15,
    /// Access to memory that is not mapped. Detail: the address.
    Unmapped = 16,
    /// Access that the mapping does not permit. Detail: the address.
    Permission = 17,
    /// Access to the guard page below the stack. Detail: the address.
    StackOverflow = 18,
    /// Undefined instruction. Detail: zero.
    IllegalInstruction = 19,
    /// Privileged instruction or system register. Detail: the syndrome's details.
    Privileged = 20,
    /// Misaligned access, SP or PC. Detail: the address.
    Alignment = 21,
    /// Floating point in a task that does not declare it.
    FpUndeclared = 22,
    /// Breakpoint or other debug instruction.
    Debug = 23,
    /// Out of CPU budget, where the image says that this is a fault.
    OverBudget = 24,
    /// A server used more than its declared price.
    OverPrice = 25,
    /// Another task asked for it. `who` is that task.
    Injected = 26,
    /// A server refused the message. `who` is the server, `reason` why.
    FromServer = 27,
    /// The task panicked; the message can be read.
    Panic = 28,
    /// External abort: the bus refused an access. Detail: the address if it is known,
    /// zero for an asynchronous one.
    External = 29,
}

impl FaultKind {
    /// The kind with this number, if there is one.
    #[must_use]
    pub const fn from_u8(number: u8) -> Option<Self> {
        use FaultKind::*;
        const ALL: [FaultKind; 29] = [
            BadSyscall,
            BadPort,
            BadOperation,
            BadLength,
            BadSlice,
            BadLeaseTable,
            BadLease,
            BadLeaseOffset,
            BadLeaseRight,
            BadBits,
            BadTimer,
            BadPost,
            BadKernelOp,
            BadReply,
            BadMode,
            Unmapped,
            Permission,
            StackOverflow,
            IllegalInstruction,
            Privileged,
            Alignment,
            FpUndeclared,
            Debug,
            OverBudget,
            OverPrice,
            Injected,
            FromServer,
            Panic,
            External,
        ];
        let mut i = 0;
        while i < ALL.len() {
            if ALL[i] as u8 == number {
                return Some(ALL[i]);
            }
            i += 1;
        }
        None
    }
}

/// What the faulting instruction tried to do to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Access {
    /// No memory access.
    None = 0,
    /// A load, or a kernel read on the task's behalf.
    Read = 1,
    /// A store, or a kernel write on the task's behalf.
    Write = 2,
    /// An instruction fetch.
    Execute = 3,
}

/// Why a server refused a message (`reply_fault`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// No such operation in the interface.
    UndefinedOperation = 0,
    /// Message of the wrong size.
    BadMessageSize = 1,
    /// A value that its type does not have.
    BadMessageContents = 2,
    /// Leases missing, surplus or with the wrong rights.
    BadLeases = 3,
    /// A lease longer than the interface allows.
    LeaseTooLong = 4,
    /// The server's own rules forbid it.
    AccessViolation = 5,
}

impl Reason {
    /// The reason with this number, if there is one.
    #[must_use]
    pub const fn from_u64(number: u64) -> Option<Self> {
        Some(match number {
            0 => Reason::UndefinedOperation,
            1 => Reason::BadMessageSize,
            2 => Reason::BadMessageContents,
            3 => Reason::BadLeases,
            4 => Reason::LeaseTooLong,
            5 => Reason::AccessViolation,
            _ => return None,
        })
    }
}

/// A fault as the kernel records it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What happened.
    pub kind: FaultKind,
    /// Kind of memory access, where there was one.
    pub access: Access,
    /// Task index of whoever caused it, for [`FaultKind::Injected`] and
    /// [`FaultKind::FromServer`]; else zero.
    pub who: u8,
    /// The server's reason, for [`FaultKind::FromServer`]; else zero.
    pub reason: u8,
    /// Address or other detail, as said at the kind.
    pub detail: u64,
}

impl Fault {
    /// A fault without memory access or second party.
    #[must_use]
    pub const fn new(kind: FaultKind, detail: u64) -> Self {
        Fault { kind, access: Access::None, who: 0, reason: 0, detail }
    }

    /// A fault about memory.
    #[must_use]
    pub const fn memory(kind: FaultKind, access: Access, address: u64) -> Self {
        Fault { kind, access, who: 0, reason: 0, detail: address }
    }

    /// `kind | access << 8 | who << 16 | reason << 24`; the detail travels beside it.
    #[must_use]
    pub const fn pack(self) -> u64 {
        self.kind as u64
            | (self.access as u64) << 8
            | (self.who as u64) << 16
            | (self.reason as u64) << 24
    }

    /// The inverse of [`Fault::pack`]; `None` for a word that is no fault.
    #[must_use]
    pub const fn unpack(word: u64, detail: u64) -> Option<Self> {
        let Some(kind) = FaultKind::from_u8((word & 0xff) as u8) else { return None };
        let access = match word >> 8 & 0xff {
            0 => Access::None,
            1 => Access::Read,
            2 => Access::Write,
            3 => Access::Execute,
            _ => return None,
        };
        if word >> 32 != 0 {
            return None;
        }
        let who = (word >> 16 & 0xff) as u8;
        let reason = (word >> 24 & 0xff) as u8;
        Some(Fault { kind, access, who, reason, detail })
    }
}
