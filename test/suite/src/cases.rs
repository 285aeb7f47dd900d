//! The list of cases: once, for the host that starts them and the task that runs them.

/// Hands the list to a macro `$with`, as groups of `name = "what must hold"`. A group
/// is a module of the suite task, a name a function in it.
#[macro_export]
macro_rules! cases {
    ($with:ident) => {
        $with! {
            calls {
                call_words = "eight message words arrive in registers, eight come back, status is the server's",
                call_length = "lengths 0 to 64 travel; 65 faults the caller; unused words arrive as zero",
                call_port_absent = "a port the task does not have faults it (first absent, maximum, truncation at 2^32)",
                call_op_denied = "an operation outside the port's mask faults the caller and the server never wakes",
                call_badge = "the server sees the port's badge and the caller's index and generation, whatever the message says",
                call_direct_switch = "the waiting, more urgent server runs before any other ready task",
                call_queue_order = "queued callers are received by urgency",
                call_timeout = "a call on a port with a timeout returns TIMEOUT at it, and a late reply is ignored",
                call_to_held = "a caller of a held task waits and is served once it starts",
                call_chain = "a chain of calls through every band returns through all of them",
            }
            replies {
                recv_notifications_only = "callers keep waiting while only notifications are received",
                recv_notification_first = "pending bits come before waiting callers, only masked bits are taken",
                recv_until = "a receive with a deadline returns TIMEOUT at it",
                reply_to_nobody = "a reply to a task that never called, already got one, or restarted, changes nothing",
                reply_length = "a reply longer than 64 bytes faults the server, the client gets nothing partial",
                reply_recv_same = "reply_recv gives what reply then recv give",
                reply_fault_each = "each reason reaches the caller's fault record with the server's name",
            }
            slices {
                slice_grid = "base and length over region edges, page edges, zero, the top: exactly the reference predicate",
                slice_spans_regions = "a slice across adjacent regions of equal right is accepted, with a hole or lesser right refused",
                slice_device = "device memory is refused as a lease, its target or its descriptor table",
                slice_target_bad = "a copy target in read-only memory, kernel, guard, unmapped: the copier faults, the target is unchanged",
            }
            leases {
                lease_read = "bytes come from the lender at offset",
                lease_write = "bytes arrive at the lender at offset",
                lease_info = "rights and length are told",
                lease_wrong_right = "writing a read-only lease and reading a write-only one faults the borrower",
                lease_bounds = "index and offset out of range fault the borrower; at the end exactly is allowed",
                lease_not_waiting = "without a caller waiting for this server the answer is DEFECT",
                lease_after_restart = "after the lender's restart the answer is DEFECT and its memory is untouched",
                lease_overlap = "overlapping leases behave as if copied one after the other; descriptors changed after the call have no effect",
                lease_table_bad = "a misaligned, oversized or unreadable descriptor table faults the caller",
                lease_chunk = "a copy of any length and alignment through the stub gives the same result; one trap moves at most 1 KiB",
            }
            posts {
                post_bits = "posted bits are received; bits outside the grant's mask fault the poster",
                post_wakes_more_urgent = "a post to a more urgent waiting task switches at once",
                post_while_calling = "bits posted to a task waiting for a reply are delivered at its next receive",
                post_to_restarted = "bits for an old generation are not delivered",
            }
            timers {
                timer_fires = "a deadline posts its bit at or after its time, never before",
                timer_past = "a deadline in the past fires at once",
                timer_replace_cancel = "setting again replaces, cancelling prevents",
                timer_many = "every task with every timer at one instant: all fire, in urgency order, in batches",
                timer_restart = "a timer does not survive its task's restart",
                timer_extremes = "now-1, now, now+1 and the maximum behave",
                idle_wakes = "an idle core wakes on a timer and on an interrupt, and takes none otherwise",
                band_order = "a ready task of a more urgent band always runs first",
            }
            interrupts {
                irq_notifies = "an interrupt posts its bit to its owner and is masked until enabled again",
                irq_status = "enabled, pending and posted are told truly",
                irq_software = "a granted software interrupt behaves like a real one",
                irq_restart = "an interrupt pending at restart does not reach the new generation until it enables it",
            }
            memory {
                fault_read_unmapped = "address, kind and PC are recorded",
                fault_write_readonly = "writing text or rodata is caught with its address",
                fault_execute_data = "executing data or stack is caught",
                fault_null = "reading, writing and calling page zero is caught",
                fault_span = "every page of the own span that the image does not map, and every address beyond it, is unreachable",
                fault_kernel_memory = "every kernel page is unreachable for read, write and execute",
                fault_device_not_owned = "a device of another task is unreachable",
                fault_stack_overflow = "growth into the guard is told as such, by push, by a big frame, and as a lease pointing there",
                fault_misaligned = "misaligned atomic, device and SP access are told as such where the machine faults",
            }
            faults {
                fault_illegal_instruction = "told as such",
                fault_privileged_instruction = "each privileged instruction and register access of the architecture is caught (a listed few are not trapped by the emulator)",
                fault_fp_undeclared = "the first FP instruction of a task without fp is caught",
                fault_debug_instruction = "breakpoint and debug instructions are the task's fault only",
                fault_external = "an asynchronous external abort at EL0 stops the task that ran, and nobody else",
                fault_absent_device = "an access to a granted device that does not answer stops the task, which is told the address",
                fault_bad_syscall = "first absent, negative, maximum and truncated numbers",
                fault_panic = "a panic message is recorded and readable, long and empty ones too",
                fault_injected = "a granted task can fault another, which records by whom",
                fault_twice = "a second fault keeps the first state before it",
                fault_in_call = "a client faulted by another while queued or waiting frees the server's view of it",
                fault_server_midcall = "a server fault gives every caller DEAD after restart",
            }
            restart {
                restart_fresh = "data, bss, registers and FP state equal the image's",
                restart_keeps_uninit = "memory declared to survive survives",
                restart_each_state = "a task in each state can be restarted, and nobody else's state is disturbed",
                restart_self = "a task that asks for its own restart gets it",
                restart_generation = "the next use of each port to it tells DEAD once, the retry succeeds",
                restart_generation_end = "at the last generation the task is disabled for good, and told",
                restart_held = "a held task stays stopped until started",
            }
            supervision {
                supervisor_notified = "each fault posts the supervisor's bit; several at once are all found",
                supervisor_dies = "its fault, and its silence beyond ack_ms, reset the system with a recorded reason",
                kernel_op_denied = "each operation without its grant, or on a target outside it, faults the caller",
                kernel_op_status = "state, fault and generation are told truly for a task in each state",
            }
            registers {
                registers_preserved = "callee-saved registers survive every call, all registers survive interrupts",
                registers_no_leak = "no register outside the ABI carries another task's or the kernel's value after any switch",
                fp_preserved = "FP registers and control survive preemption between tasks that declare fp",
                fp_no_leak = "FP registers of one task never show in another",
                flags_hostile = "entry with every user-settable flag and system register hostile changes nothing in the kernel",
                thread_pointer = "the user thread register is each declaring task's own and zero for the rest",
                exclusive_monitor = "an exclusive access does not succeed across a switch",
            }
            hostile {
                entry_regs = "entered by a system call, an interrupt or a fault with every register, SP, flag and FP register hostile, the kernel does what it does for a benign task",
                pstate = "however a task comes to run, it runs at EL0 with nothing masked, and its flags are its own",
                reg_canary = "over ten thousand system calls and as many switches no register of a task changes but declared results",
                bad_sp = "a stack pointer that leads nowhere, into the kernel, a device or another task harms nobody at any entry",
                exec_ktext = "a branch to any word of kernel text is a fault at that word",
                stack_guard = "recursion, a frame larger than stack and guard, and a stack pointer beyond the guard end in the fault that says so",
            }
            misuse {
                out_ptr = "memory that the kernel or a server is to write, and the caller may not: the caller faults, nothing is written",
                double_reply = "the second answer to a call has no effect, whatever the two are",
                reply_dead = "an answer to a restarted, faulted or never calling task, to oneself and to no task changes nothing",
                post_storm = "while all tasks post in a tight loop, their neighbours meet their timers",
                pad = "bytes beyond a message's length are zero, to servers, to clients, and in what the kernel tells",
            }
            promises {
                k1_spatial = "each task reaches exactly its own regions, to the byte, and no write of one shows in another",
                k2_no_authority = "every port, operation, post, bit, timer and kernel operation that a task was not given faults it",
                k3_totality = "system calls with extreme arguments in every combination leave kernel and neighbours as they were",
                k4_bounded = "every system call with extreme arguments returns within a fixed time",
                k5_containment = "a fault changes the task's own state, what its partners wait for, and one bit of the supervisor",
                k6_pristine = "a restarted task's memory is that of a fresh boot, byte for byte, and nothing of its old life comes later",
                k7_lease_lifetime = "a lease ends with the reply, timeout, fault or restart of its lender and with its server's life",
                k8_no_leak = "what cannot be read is not told: dumps, copies and messages end exactly where they may",
            }
            idol {
                idol_every_type = "each argument, reply and error form round-trips at its extremes",
                idol_bool_enum_invalid = "an invalid bool or enum value faults the sender, not the server",
                idol_wrong_size = "a message of the wrong size faults the sender",
                idol_lease_count = "missing, surplus and wrongly attributed leases fault the sender",
                idol_lease_limit = "a lease over max_len faults the sender",
                idol_large = "arguments and replies over 64 bytes travel as hidden leases, whole",
                idol_unknown_op = "an operation number beyond the interface faults the sender",
                idol_idempotent_retry = "an idempotent operation is retried once the server has restarted",
                idol_server_death = "a non-idempotent one returns the error that says so",
                idol_encodings = "Ssmarshal and Hubpack carry every variant, in registers and lent, each as long as it is",
                idol_encodings_invalid = "bytes that are no value, end early or go on too long fault the sender",
                idol_complex = "an error with a payload comes back whole, and the server's death as one",
                idol_receive = "values made from integers arrive, integers that make none fault the sender",
                idol_counters = "client and server count what came of each operation, the server also of each client",
            }
        }
    };
}

macro_rules! table {
    ($($group:ident { $($name:ident = $holds:literal,)* })*) => {
        [$($( crate::Case { name: stringify!($name), number: 0, holds: $holds }, )*)*]
    };
}

/// Every case, in the order of its number.
pub const CASES: &[crate::Case] = &numbered(cases!(table));

const fn numbered<const N: usize>(mut cases: [crate::Case; N]) -> [crate::Case; N] {
    let mut at = 0;
    while at < N {
        cases[at].number = at as u64 + 1;
        at += 1;
    }
    cases
}

#[cfg(test)]
mod tests {
    use super::CASES;

    #[test]
    fn a_name_stands_for_one_case() {
        for (at, case) in CASES.iter().enumerate() {
            assert_eq!(case.number, at as u64 + 1, "{}", case.name);
            assert!(CASES[..at].iter().all(|other| other.name != case.name), "{}", case.name);
        }
    }
}
