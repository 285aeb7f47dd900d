//! One sentence about a fault: who, what, where, and what happens now.
//!
//! > control faulted: write to unmapped address 0x8 at control@0x1a2c; restart 3 in 50 ms
//!
//! A place is written as `NAME@0xADDRESS`; whoever decodes the log knows the
//! task's symbols and puts function, file and line there.

use abi::fault::{Access, Fault, FaultKind, Reason};
use abi::kernel_op::KernelOp;
use core::fmt;
use core::fmt::Write as _;

/// What the supervisor does about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Restart for the given time, after so many milliseconds.
    Restart {
        /// 1 for the first restart since boot.
        number: u32,
        /// Zero: at once.
        delay_ms: u64,
    },
    /// The policy says never.
    Held,
    /// The task has used up its generations.
    Disabled,
}

/// A sentence; its `Display` is the text.
#[derive(Clone, Copy, Debug)]
pub struct Sentence<'a> {
    /// Names of all tasks, by index.
    pub names: &'a [&'a str],
    /// Index of the faulted task.
    pub task: u32,
    /// What happened; `None` if the kernel gave a word that is no fault.
    pub fault: Option<Fault>,
    /// Program counter.
    pub pc: u64,
    /// The panic message, where there is one; it may end inside a character.
    pub panic: Option<&'a [u8]>,
    /// What is done about it.
    pub outcome: Outcome,
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Name(self.names, u64::from(self.task));
        match self.fault {
            Some(fault) if fault.kind == FaultKind::Panic => {
                // The message says where, in source lines; the program counter only
                // says that it was in the panic handler.
                write!(f, "{name} panicked: ")?;
                text(f, self.panic.unwrap_or(b"(no message)"))?;
            }
            Some(fault) => {
                match fault.kind {
                    FaultKind::Injected => {
                        let who = Name(self.names, u64::from(fault.who));
                        write!(f, "{name} was stopped by {who}")?;
                    }
                    FaultKind::FromServer => {
                        let server = Name(self.names, u64::from(fault.who));
                        let reason = reason(fault.reason);
                        write!(f, "{name} broke {server}'s interface ({reason})")?;
                    }
                    _ => write!(f, "{name} faulted: {}", What(self.names, fault))?,
                }
                write!(f, " at {name}@{:#x}", self.pc)?;
            }
            None => write!(f, "{name} faulted for an unknown reason at {name}@{:#x}", self.pc)?,
        }
        match self.outcome {
            Outcome::Restart { number, delay_ms: 0 } => write!(f, "; restart {number} at once"),
            Outcome::Restart { number, delay_ms } => {
                write!(f, "; restart {number} in {delay_ms} ms")
            }
            Outcome::Held => f.write_str("; held (policy never)"),
            Outcome::Disabled => f.write_str("; disabled (no generations left)"),
        }
    }
}

/// The name of a task, or its index.
struct Name<'a>(&'a [&'a str], u64);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match usize::try_from(self.1).ok().and_then(|index| self.0.get(index)) {
            Some(name) => f.write_str(name),
            None => write!(f, "task {}", self.1),
        }
    }
}

/// What a task did that no other task had a part in.
struct What<'a>(&'a [&'a str], Fault);

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use FaultKind::*;
        let What(names, Fault { kind, access, detail, .. }) = *self;
        let (access, may) = match access {
            Access::Read => ("read from", "read"),
            Access::Write => ("write to", "write"),
            Access::Execute => ("jump to", "execute"),
            Access::None => ("access to", "use so"),
        };
        match kind {
            BadSyscall => write!(f, "system call {detail}, which does not exist"),
            BadPort => write!(f, "call through port {detail}, which it does not have"),
            BadOperation => write!(f, "operation {detail}, which its port does not permit"),
            BadLength => write!(f, "length of {detail} bytes, more than allowed"),
            BadSlice => {
                write!(f, "memory at {detail:#x} passed to the kernel, which it may not {may}")
            }
            BadLeaseTable => write!(f, "bad lease table at {detail:#x}"),
            BadLease => write!(f, "lease {detail}, which its caller did not lend"),
            BadLeaseOffset => write!(f, "offset {detail}, beyond the end of a lease"),
            BadLeaseRight => write!(f, "lease {detail}, used against its rights"),
            BadBits => write!(f, "notification bits {detail:#x}, which it may not use"),
            BadTimer => write!(f, "timer {detail}, which it does not have"),
            BadPost => write!(f, "post grant {detail}, which it does not have"),
            BadKernelOp => {
                let target = Name(names, detail >> 32);
                match KernelOp::ALL.get((detail & 0xffff_ffff) as usize) {
                    Some((_, operation)) => {
                        write!(f, "kernel operation `{operation}` on {target}, not granted")
                    }
                    None => {
                        let number = detail & 0xffff_ffff;
                        write!(f, "kernel operation {number}, which does not exist")
                    }
                }
            }
            BadReply => write!(f, "reply with {detail:#x}, which is the kernel's to say"),
            BadMode => write!(f, "receive in mode {detail}, which does not exist"),
            Unmapped => write!(f, "{access} unmapped address {detail:#x}"),
            Permission => write!(f, "{access} address {detail:#x}, which it may not {may}"),
            StackOverflow => write!(f, "stack overflow (address {detail:#x})"),
            IllegalInstruction => f.write_str("illegal instruction"),
            Privileged => f.write_str("privileged instruction"),
            Alignment => write!(f, "misaligned {access} address {detail:#x}"),
            FpUndeclared => f.write_str("floating point without `fp = true`"),
            Debug => f.write_str("debug instruction"),
            OverBudget => f.write_str("its CPU budget is used up"),
            OverPrice => f.write_str("more time used for a call than its price"),
            External => f.write_str("asynchronous external abort"),
            Injected | FromServer | Panic => f.write_str("a fault of another kind"),
        }
    }
}

fn reason(number: u8) -> &'static str {
    match Reason::from_u64(u64::from(number)) {
        Some(Reason::UndefinedOperation) => "no such operation",
        Some(Reason::BadMessageSize) => "message of the wrong size",
        Some(Reason::BadMessageContents) => "value that its type does not have",
        Some(Reason::BadLeases) => "leases missing, surplus or with the wrong rights",
        Some(Reason::LeaseTooLong) => "lease too long",
        Some(Reason::AccessViolation) => "against the server's rules",
        None => "unknown reason",
    }
}

/// Text that need not be UTF-8, on one line.
fn text(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            f.write_char(if c.is_control() { ' ' } else { c })?;
        }
        if !chunk.invalid().is_empty() {
            f.write_char('\u{fffd}')?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::{String, ToString};

    const NAMES: [&str; 4] = ["supervisor", "uart", "control", "console"];

    fn say(fault: Fault, panic: Option<&[u8]>, outcome: Outcome) -> String {
        let fault = Some(fault);
        Sentence { names: &NAMES, task: 2, fault, pc: 0x1a2c, panic, outcome }.to_string()
    }

    fn with(kind: FaultKind, who: u8, reason: u8) -> Fault {
        Fault { who, reason, ..Fault::new(kind, 0) }
    }

    #[test]
    fn whole_sentences() {
        let third = Outcome::Restart { number: 3, delay_ms: 50 };
        let table = [
            (
                say(Fault::memory(FaultKind::Unmapped, Access::Write, 8), None, third),
                "control faulted: write to unmapped address 0x8 at control@0x1a2c; restart 3 in 50 ms",
            ),
            (
                say(
                    with(FaultKind::Panic, 0, 0),
                    Some(b"no sample at src/main.rs:3:5"),
                    Outcome::Held,
                ),
                "control panicked: no sample at src/main.rs:3:5; held (policy never)",
            ),
            (
                say(
                    with(FaultKind::Injected, 3, 0),
                    None,
                    Outcome::Restart { number: 1, delay_ms: 0 },
                ),
                "control was stopped by console at control@0x1a2c; restart 1 at once",
            ),
            (
                say(with(FaultKind::FromServer, 1, 1), None, Outcome::Disabled),
                "control broke uart's interface (message of the wrong size) at control@0x1a2c; disabled (no generations left)",
            ),
        ];
        for (said, expected) in table {
            assert_eq!(said, expected);
        }
    }

    #[test]
    fn every_kind_says_what_happened() {
        use FaultKind::*;
        let table = [
            (BadSyscall, 99, "system call 99, which does not exist"),
            (BadPort, 9, "call through port 9, which it does not have"),
            (BadOperation, 5, "operation 5, which its port does not permit"),
            (BadLength, 65, "length of 65 bytes, more than allowed"),
            (BadSlice, 16, "memory at 0x10 passed to the kernel, which it may not read"),
            (BadLeaseTable, 17, "bad lease table at 0x11"),
            (BadLease, 2, "lease 2, which its caller did not lend"),
            (BadLeaseOffset, 512, "offset 512, beyond the end of a lease"),
            (BadLeaseRight, 1, "lease 1, used against its rights"),
            (BadBits, 6, "notification bits 0x6, which it may not use"),
            (BadTimer, 4, "timer 4, which it does not have"),
            (BadPost, 7, "post grant 7, which it does not have"),
            (BadKernelOp, 3 | 1 << 32, "kernel operation `restart` on uart, not granted"),
            (BadKernelOp, 77, "kernel operation 77, which does not exist"),
            (BadReply, 1 << 63, "reply with 0x8000000000000000, which is the kernel's to say"),
            (BadMode, 2, "receive in mode 2, which does not exist"),
            (Unmapped, 8, "read from unmapped address 0x8"),
            (Permission, 8, "read from address 0x8, which it may not read"),
            (StackOverflow, 8, "stack overflow (address 0x8)"),
            (IllegalInstruction, 0, "illegal instruction"),
            (Privileged, 0, "privileged instruction"),
            (Alignment, 3, "misaligned read from address 0x3"),
            (FpUndeclared, 0, "floating point without `fp = true`"),
            (Debug, 0, "debug instruction"),
            (OverBudget, 0, "its CPU budget is used up"),
            (OverPrice, 0, "more time used for a call than its price"),
            (External, 0, "asynchronous external abort"),
        ];
        for (kind, detail, expected) in table {
            let fault = Fault::memory(kind, Access::Read, detail);
            let said = say(fault, None, Outcome::Held);
            assert_eq!(
                said,
                format!("control faulted: {expected} at control@0x1a2c; held (policy never)")
            );
        }
        let covered = table.map(|(kind, ..)| kind);
        for number in 1..=29 {
            let kind = FaultKind::from_u8(number).unwrap();
            let apart = matches!(kind, Injected | FromServer | Panic);
            assert!(apart || covered.contains(&kind), "{kind:?} has no sentence");
        }
    }

    #[test]
    fn what_the_kernel_never_says_is_survived() {
        let outcome = Outcome::Held;
        let unknown =
            Sentence { names: &NAMES, task: 40, fault: None, pc: 0, panic: None, outcome };
        assert_eq!(
            unknown.to_string(),
            "task 40 faulted for an unknown reason at task 40@0x0; held (policy never)"
        );
        let cut = say(with(FaultKind::Panic, 0, 0), Some(b"gr\xc3\xbc\xc3\nx"), outcome);
        assert_eq!(cut, "control panicked: grü\u{fffd} x; held (policy never)");
        let silent = say(with(FaultKind::Panic, 0, 0), None, outcome);
        assert_eq!(silent, "control panicked: (no message); held (policy never)");
    }

    #[test]
    fn the_longest_sentence_fits_into_a_log_record() {
        let long = [b'm'; abi::limits::PANIC_BYTES];
        let third = Outcome::Restart { number: u32::MAX, delay_ms: 1_000_000 };
        let said = say(with(FaultKind::Panic, 0, 0), Some(&long), third);
        assert!(said.len() < 256, "{}", said.len());
    }
}
