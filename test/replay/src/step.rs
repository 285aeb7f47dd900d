//! Steps: what a task does, with values that mean the same on every machine.

use abi::fault::FaultKind;
use abi::syscall;

/// A place in the span of every task, by name: where it lies differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Place {
    /// First byte of text.
    Text = 1,
    /// First byte of constants.
    Constants = 2,
    /// First byte of the guard page.
    Guard = 3,
    /// Lowest byte of the stack.
    Stack = 4,
    /// Two pages of writable memory that nothing else is in, zero at first.
    Buffer = 5,
    /// Where a task writes its lease tables.
    Table = 6,
    /// The first byte after data, bss and what survives restarts.
    End = 7,
}

impl Place {
    /// All, with their names.
    pub const ALL: [(Place, &'static str); 7] = [
        (Place::Text, "text"),
        (Place::Constants, "constants"),
        (Place::Guard, "guard"),
        (Place::Stack, "stack"),
        (Place::Buffer, "buffer"),
        (Place::Table, "table"),
        (Place::End, "end"),
    ];
}

/// A value of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Itself.
    Number(u64),
    /// So many bytes after a place, or before it.
    At(Place, i64),
    /// So many microseconds after the moment of the step, in ticks.
    After(u64),
    /// A caller's handle: task index and generation.
    Handle(u32, u32),
    /// Operation, length in bytes and leases of a message.
    Header(u16, u16, u8),
}

impl Value {
    /// As a register holds it; `place` tells where a place is, `after` what the counter
    /// says so many microseconds from now.
    pub fn resolve(self, place: impl Fn(Place) -> u64, after: impl Fn(u64) -> u64) -> u64 {
        match self {
            Value::Number(number) => number,
            Value::At(at, offset) => place(at).wrapping_add_signed(offset),
            Value::After(microseconds) => after(microseconds),
            Value::Handle(task, generation) => syscall::caller(task, generation),
            Value::Header(operation, length, leases) => syscall::header(operation, length, leases),
        }
    }

    /// Whether it is zero, which need not be written.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Value::Number(0)
    }
}

/// An entry of a lease table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lend {
    /// First byte.
    pub address: Value,
    /// Length in bytes.
    pub length: u32,
    /// `LEASE_R`, `LEASE_W`, or what is none.
    pub rights: u32,
}

/// Most entries of a lease table that a step writes.
pub const MAX_LENDS: usize = 4;

/// What a task does in a step.
#[allow(clippy::large_enum_variant, reason = "there is no heap on the target, and most are calls")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A system call.
    Call {
        /// Its number.
        number: u16,
        /// Message words.
        words: [u64; 8],
        /// `x8`–`x12`.
        arguments: [Value; 5],
        /// Written to [`Place::Table`] first, if there is one.
        lends: [Option<Lend>; MAX_LENDS],
    },
    /// Reads a byte.
    Read(Value),
    /// Writes a byte.
    Write(Value, u8),
    /// Jumps there, and back.
    Execute(Value),
    /// Does what the machine refuses in this way.
    Except(FaultKind),
    /// Works until so many microseconds after the start of the script.
    Work(u64),
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A system call returned: its results, as many as it has, and message words if it
    /// gives any.
    Returned {
        /// `x8`–`x10`; zero beyond the results that the call has.
        results: [u64; 3],
        /// Message words; zero if the call gives none.
        words: [u64; 8],
    },
    /// A byte was read.
    Byte(u8),
    /// Nothing to be told.
    Done,
    /// The task was stopped in it.
    Fault(FaultKind),
    /// The task was restarted in it.
    Ended,
    /// The script ended before it did.
    Waits,
}

impl Outcome {
    /// What is told of registers after system call `number`: what differs between
    /// machines (addresses, times) is zero.
    #[must_use]
    pub fn returned(number: u16, operation: u64, registers: [u64; 3], words: [u64; 8]) -> Self {
        let Some(call) = crate::arguments::of_number(number) else { return Outcome::Done };
        let mut results = [0; 3];
        for (to, from) in results.iter_mut().zip(registers).take(call.results) {
            *to = from;
        }
        let mut words = if call.words { words } else { [0; 8] };
        if number == syscall::SELF_INFO {
            words[4] = 0;
        }
        if number == syscall::KERNEL_OP && operation == 0 {
            // Status: detail, program counter, stack pointer, syndrome.
            words[3..7].fill(0);
        }
        if !call.words && call.results == 0 {
            return Outcome::Done;
        }
        Outcome::Returned { results, words }
    }
}

/// Fault kinds that a task brings about by an instruction, with their names.
pub const EXCEPTIONS: [(FaultKind, &str); 3] = [
    (FaultKind::IllegalInstruction, "IllegalInstruction"),
    (FaultKind::Privileged, "Privileged"),
    (FaultKind::Debug, "Debug"),
];
