//! Arguments: what `x8`–`x12` mean to each system call, and what comes back.

use abi::syscall as nr;

/// A system call as scripts name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number.
    pub number: u16,
    /// Its name.
    pub name: &'static str,
    /// Names of its arguments, from `x8` on; empty for a register without meaning.
    pub arguments: &'static [&'static str],
    /// Results in `x8`, `x9`, `x10`: how many of them it gives.
    pub results: usize,
    /// Whether it gives message words.
    pub words: bool,
}

const fn call(
    number: u16,
    name: &'static str,
    arguments: &'static [&'static str],
    results: usize,
    words: bool,
) -> Call {
    Call { number, name, arguments, results, words }
}

/// All that exist and may be used by tasks.
pub const CALLS: &[Call] = &[
    call(nr::CALL, "call", &["port", "header", "table"], 2, true),
    call(nr::RECV, "recv", &["mode", "mask"], 3, true),
    call(nr::RECV_UNTIL, "recv-until", &["mode", "mask", "", "deadline"], 3, true),
    call(nr::REPLY, "reply", &["caller", "code", "length"], 0, false),
    call(nr::REPLY_RECV, "reply-recv", &["caller", "code", "length", "mode", "mask"], 3, true),
    call(nr::REPLY_FAULT, "reply-fault", &["caller", "reason"], 0, false),
    call(
        nr::LEASE_READ,
        "lease-read",
        &["caller", "index", "offset", "address", "length"],
        2,
        false,
    ),
    call(
        nr::LEASE_WRITE,
        "lease-write",
        &["caller", "index", "offset", "address", "length"],
        2,
        false,
    ),
    call(nr::LEASE_INFO, "lease-info", &["caller", "index"], 3, false),
    call(nr::POST, "post", &["grant", "bits"], 1, false),
    call(nr::TIMER_SET, "timer-set", &["timer", "deadline", "bits"], 0, false),
    call(nr::TIMER_CANCEL, "timer-cancel", &["timer"], 0, false),
    call(nr::IRQ_CONTROL, "irq-control", &["bits", "flags"], 1, false),
    call(nr::IRQ_STATUS, "irq-status", &["bits"], 1, false),
    call(nr::YIELD, "yield", &[], 0, false),
    call(nr::KERNEL_OP, "kernel-op", &["operation", "task", "argument"], 1, true),
    call(nr::PANIC, "panic", &["address", "length"], 0, false),
    call(nr::SELF_INFO, "self-info", &[], 0, true),
];

/// The system call of a number, if it exists.
#[must_use]
pub fn of_number(number: u16) -> Option<&'static Call> {
    CALLS.iter().find(|call| call.number == number)
}

/// The system call of a name, if it exists.
#[must_use]
pub fn of_name(name: &str) -> Option<&'static Call> {
    CALLS.iter().find(|call| call.name == name)
}
