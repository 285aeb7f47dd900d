//! Promises: what the kernel promises as a whole (K1 to K8), each tried where the cases of
//! its parts do not look.

use super::WORDS;
use super::slices::{Span, lend};
use crate::check::{check, check_eq};
use crate::stage::{
    Stage, check_fault, check_state, name, number, pause, puppet_ports, same, settle, snapshot, sum,
};
use crate::tasks;
use abi::fault::{Access, Fault, FaultKind};
use abi::kernel_op::{KernelOp, STATUS_FAULTED, StateCode};
use abi::limits::{LEASE_COPY_BYTES, MAX_TIMERS, PAGE, SPAN};
use abi::log::RING_DEFAULT;
use abi::syscall::{self, DEFECT, OK};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use exov6_test_suite::Command;
use exov6_test_suite::command::{ECHO, KEEP, Place, Words};
use exov6_test_suite::hostile::FAULT;
use exov6_test_suite::instructions;
use exov6_test_suite::machine::TRAPS;
use userlib::time::now;
use userlib::{Ticks, kernel};

const VICTIM: u32 = tasks::VICTIM;
const SERVER: u32 = tasks::SERVER;
const LOW: u32 = tasks::LOW;
const KERNEL: u64 = 0xffff_ff80_4020_0000;
/// A puppet's bits: go, extra, its timers.
const PUPPET_BITS: u64 = 0x3ff;
const PUPPET_T0: u64 = 1 << 2;

/// What a task may do with a byte of its span, as the build promises to lay it out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Right {
    Nothing,
    Guard,
    Code,
    Read,
    Write,
}

fn right(span: &Span, address: u64) -> Right {
    let ring = SPAN - PAGE - RING_DEFAULT;
    match address {
        a if (span.text..span.constants).contains(&a) => Right::Code,
        a if (span.constants..span.data).contains(&a) => Right::Read,
        a if (span.data..span.initial).contains(&a) => Right::Write,
        a if (span.initial..span.initial + PAGE).contains(&a) => Right::Read,
        a if (span.guard..span.stack).contains(&a) => Right::Guard,
        a if (span.stack..span.top).contains(&a) => Right::Write,
        a if (ring..ring + RING_DEFAULT).contains(&a) => Right::Write,
        _ => Right::Nothing,
    }
}

pub fn k1_spatial(stage: &mut Stage) {
    for who in [VICTIM, tasks::FP_A, LOW] {
        let span = Span::of(stage, who);
        let ring = SPAN - PAGE - RING_DEFAULT;
        let edges = [
            span.text,
            span.constants,
            span.data,
            span.initial,
            span.initial + PAGE,
            span.guard,
            span.stack,
            span.top,
            ring,
            ring + RING_DEFAULT,
        ];
        for edge in edges {
            // The last word before and the first behind: each whole, and one over the edge.
            for address in [edge - 8, edge - 4, edge] {
                let ends = [right(&span, address), right(&span, address + 7)];
                let may = |rights: &[Right]| ends.iter().all(|end| rights.contains(end));
                let reads = may(&[Right::Code, Right::Read, Right::Write]);
                access(stage, who, Command::Read { address }, Access::Read, reads, address, &span);
                let writes = may(&[Right::Write]);
                // What is there stays there: the stack's own top is in use.
                let old = if writes { kernel::dump(who, address & !63) } else { None };
                let value = old.map_or(0, |words| words[address as usize % 64 / 8]);
                if !writes || address % 8 == 0 {
                    let command = Command::Write { address, value };
                    access(stage, who, command, Access::Write, writes, address, &span);
                }
                let address = address & !3;
                if right(&span, address) != Right::Code {
                    let command = Command::Execute { address };
                    access(stage, who, command, Access::Execute, false, address, &span);
                }
            }
        }
    }
    // The same addresses are different memory: each writes its mark to every page, and finds
    // its own.
    let all = [VICTIM, tasks::FP_A, tasks::FP_B, LOW, SERVER];
    let places = all.map(|who| stage.place(who, Place::Buffer));
    for (who, buffer) in all.into_iter().zip(places) {
        for page in 0..2 {
            let mark = u64::from(who) << 32 | page;
            stage.poke(who, buffer + page * PAGE + 8, &[mark, !mark]);
        }
    }
    for (who, buffer) in all.into_iter().zip(places) {
        for page in 0..2 {
            let mark = u64::from(who) << 32 | page;
            let address = buffer + page * PAGE;
            let expected = [0, mark, !mark, 0, 0, 0, 0, 0];
            check_eq!(stage.does(who, Command::Peek { address }), expected, "{}", name(who));
            check_eq!(kernel::dump(who, address), Some(expected), "{}", name(who));
        }
    }
}

/// Lets a task try an access: it works, or faults at the first byte that does not permit it.
#[track_caller]
fn access(
    stage: &mut Stage,
    who: u32,
    command: Command,
    access: Access,
    allowed: bool,
    address: u64,
    span: &Span,
) {
    if allowed {
        stage.does(who, command);
        return;
    }
    let status = stage.faults(who, command);
    let Some(fault) = Fault::unpack(status.fault, status.detail) else {
        crate::check::failed(format_args!("no fault in {status:x?}"));
    };
    check_eq!(fault.access, access, "{:#x} of {}", address, name(who));
    let length = if access == Access::Execute { 4 } else { 8 };
    check!((address..address + length).contains(&fault.detail), "{:x?} at {:#x}", fault, address);
    let kind = match right(span, fault.detail) {
        Right::Nothing => FaultKind::Unmapped,
        Right::Guard => FaultKind::StackOverflow,
        Right::Code | Right::Read | Right::Write => FaultKind::Permission,
    };
    check_eq!(fault.kind, kind, "{:?} of {:#x} by {}", access, address, name(who));
    stage.restart(who);
}

pub fn k2_no_authority(stage: &mut Stage) {
    settle(stage);
    let before = snapshot(&[LOW]);
    let seen = stage.does(SERVER, Command::Count)[1];
    let refused = |stage: &mut Stage, call: u16, x: &[u64], kind: FaultKind, detail: u64| {
        stage.trap_faults(LOW, call, x, Fault::new(kind, detail));
    };
    for port in puppet_ports::ABSENT..64 {
        let [port, header] = number(port, ECHO, 0, 0);
        refused(stage, syscall::CALL, &[port, header], FaultKind::BadPort, port);
    }
    for operation in (0..64).filter(|operation| *operation != ECHO) {
        let [port, header] = number(puppet_ports::NARROW, operation, 0, 0);
        let x = [port, header];
        refused(stage, syscall::CALL, &x, FaultKind::BadOperation, u64::from(operation));
    }
    for grant in 2..64 {
        refused(stage, syscall::POST, &[grant, 1], FaultKind::BadPost, grant);
    }
    let posted = u64::from(crate::notifications::POSTED.0);
    for bit in (0..64).map(|bit| 1 << bit).filter(|bit| bit & posted == 0) {
        refused(stage, syscall::POST, &[0, bit], FaultKind::BadBits, bit);
    }
    for bit in (0..64).map(|bit| 1 << bit) {
        refused(stage, syscall::IRQ_CONTROL, &[bit, 1], FaultKind::BadBits, bit);
        refused(stage, syscall::IRQ_STATUS, &[bit], FaultKind::BadBits, bit);
        if bit & PUPPET_BITS == 0 {
            refused(stage, syscall::RECV, &[0, bit], FaultKind::BadBits, bit);
            refused(stage, syscall::TIMER_SET, &[0, u64::MAX, bit], FaultKind::BadBits, bit);
        }
    }
    for timer in MAX_TIMERS as u64..64 {
        refused(stage, syscall::TIMER_SET, &[timer, 0, 0], FaultKind::BadTimer, timer);
    }
    for operation in 0..KernelOp::ALL.len() as u64 {
        for target in 0..tasks::NAMES.len() as u64 {
            let x = [operation, target, 1];
            let detail = operation | target << 32;
            refused(stage, syscall::KERNEL_OP, &x, FaultKind::BadKernelOp, detail);
        }
    }
    same(&before, &[LOW], format_args!("afterwards"));
    check_eq!(stage.does(SERVER, Command::Count)[1], seen + 1);
    others_but_low_go_on(stage);
}

fn others_but_low_go_on(stage: &mut Stage) {
    for who in [VICTIM, tasks::FP_A, tasks::FP_B] {
        stage.does(who, Command::Nothing);
        check_eq!(kernel::status(who).generation, 0, "of {}", name(who));
    }
    check_eq!(kernel::status(SERVER).generation, 0);
}

/// Values that have broken kernels.
const EXTREMES: [u64; 12] =
    [0, 1, 2, 63, 64, 0xffff, 1 << 31, 1 << 32, 1 << 63, KERNEL, u64::MAX - 1, u64::MAX];

pub fn k3_totality(stage: &mut Stage) {
    // A receive has no end of its own, a panic no result; what the victim may ask about
    // others, it may.
    let leave_out = [syscall::RECV, syscall::REPLY_RECV];
    let quiet = [tasks::FP_A, tasks::FP_B].map(|who| (who, stage.writable(who)));
    let sums = || quiet.map(|(who, pieces)| pieces.map(|[from, to]| sum(who, from, to)));
    let before = sums();
    let (mut calls, mut faults) = (0, 0);
    for number in TRAPS.iter().copied().filter(|number| !leave_out.contains(number)) {
        // With every kernel operation among them.
        for first in EXTREMES.into_iter().chain(3..11) {
            for (second, third) in EXTREMES.into_iter().zip(EXTREMES.into_iter().rev()) {
                // Soon enough to see the end of, where it is a deadline.
                let x = [first, second, third, 1, third];
                stage.prepare(VICTIM, &[second; 8], &x);
                stage.order(VICTIM, Command::Trap { number: u64::from(number) });
                calls += 1;
                let status = outcome(stage);
                if status & STATUS_FAULTED != 0 {
                    faults += 1;
                }
                if status != crate::stage::state(StateCode::InCall, tasks::SUITE) {
                    kernel::restart(VICTIM);
                    stage.forget(VICTIM);
                }
                stage.is_there(VICTIM);
            }
        }
        check_state(SERVER, StateCode::InRecv, 0);
    }
    check!(calls > 3000 && faults > 2000, "{} calls, {} faults", calls, faults);
    check_eq!(sums(), before, "memory of fp-a and fp-b");
    for who in [SERVER, tasks::SUPERVISOR, tasks::FP_A, tasks::FP_B] {
        check_eq!(kernel::status(who).generation, 0, "restarts of {}", name(who));
    }
    stage.restart(SERVER);
    stage.restart(LOW);
    for who in [tasks::FP_A, tasks::FP_B, LOW] {
        stage.does(who, Command::Nothing);
    }
}

/// The state in which the victim's call ended or stays.
fn outcome(_: &Stage) -> u64 {
    pause(20);
    kernel::status(VICTIM).state
}

/// Ticks (of 16 ns) that a system call may take, its entry from and return to a program
/// included: copying 1 KiB is the longest.
const BOUND: u64 = 600;

pub fn k4_bounded(stage: &mut Stage) {
    let mut worst = (0, 0);
    let mut timed = |stage: &mut Stage, who: u32, number: u16, x: &[u64]| {
        stage.prepare(who, &[u64::MAX; 8], x);
        let [ticks, status, second, ..] =
            stage.does(who, Command::Timed { number: u64::from(number) });
        check!(ticks < BOUND, "{} ticks for call {} with {:x?}", ticks, number, x);
        worst = worst.max((ticks, u64::from(number)));
        [status, second]
    };
    // The longest copies that there are, from lease and to lease, over region edges too.
    let buffer = stage.place(SERVER, Place::Buffer);
    for length in [LEASE_COPY_BYTES as u64, 1 << 20, u64::MAX] {
        for copy in [syscall::LEASE_READ, syscall::LEASE_WRITE] {
            let handle = lend_much(stage);
            let x = [handle, 0, 1, buffer + 1, length];
            check_eq!(timed(stage, SERVER, copy, &x), [OK, LEASE_COPY_BYTES as u64]);
            stage.trap(SERVER, syscall::REPLY, &[handle, 0, 0]);
            stage.answer(VICTIM);
        }
    }
    // As many leases as there can be.
    let table = stage.place(VICTIM, Place::Buffer);
    for at in 0..8 {
        stage.poke(VICTIM, table + at * 16, &[table, (2 * PAGE) | 3 << 32]);
    }
    let [port, header] = number(puppet_ports::SERVER, ECHO, 64, 8);
    timed(stage, VICTIM, syscall::CALL, &[port, header, table]);
    // A full heap of deadlines, each before all others.
    for who in [VICTIM, tasks::FP_A, tasks::FP_B, LOW] {
        let far = now() + Ticks::from_ms(1_000_000);
        for timer in 0..MAX_TIMERS as u64 {
            let at = far.0 - timer * 1000 - u64::from(who);
            timed(stage, who, syscall::TIMER_SET, &[timer, at, PUPPET_T0 << timer]);
        }
    }
    for timer in 0..MAX_TIMERS as u64 {
        timed(stage, VICTIM, syscall::TIMER_CANCEL, &[timer]);
        timed(stage, VICTIM, syscall::TIMER_SET, &[timer, u64::MAX, PUPPET_T0 << timer]);
    }
    // A restart of one that has every timer set, with clients and leases; what it is told.
    let low = u64::from(LOW);
    for operation in [KernelOp::Status, KernelOp::PanicMessage, KernelOp::Dump, KernelOp::Fault] {
        timed(stage, VICTIM, syscall::KERNEL_OP, &[operation as u64, low, table]);
    }
    let restart = [KernelOp::Restart as u64, low, abi::kernel_op::RESTART_START];
    timed(stage, VICTIM, syscall::KERNEL_OP, &restart);
    stage.comes_back(LOW, 1);
    for call in [syscall::POST, syscall::IRQ_STATUS, syscall::YIELD, syscall::SELF_INFO] {
        timed(stage, VICTIM, call, &[0, 0]);
    }
    for handle in [0, 63, u64::from(u32::MAX), u64::MAX - 5] {
        timed(stage, VICTIM, syscall::REPLY, &[handle, 0, 64]);
        timed(stage, VICTIM, syscall::REPLY_FAULT, &[handle, 0]);
        timed(stage, VICTIM, syscall::LEASE_READ, &[handle, 0, 0, table, u64::MAX]);
    }
    // The suite's own view: a restart that wakes everybody there is.
    let [port, header] = number(puppet_ports::SERVER, KEEP, 64, 0);
    for who in [VICTIM, tasks::FP_A, tasks::FP_B, LOW] {
        stage.order_trap(who, syscall::CALL, &WORDS, &[port, header]);
        pause(100);
    }
    let before = now();
    kernel::restart(SERVER);
    let ticks = (now() - before).0;
    check!(ticks < 4 * BOUND, "{} ticks to restart a server with four waiting clients", ticks);
    defmt::debug!("worst: {=u64} ticks, call {=u64}", worst.0, worst.1);
}

/// Makes the victim lend its buffer and all behind it, as far as it is writable.
fn lend_much(stage: &mut Stage) -> u64 {
    let table = stage.place(VICTIM, Place::Buffer);
    let [[_, end], _] = stage.writable(VICTIM);
    let [port, header] = number(puppet_ports::SERVER, KEEP, 0, 1);
    stage.poke(VICTIM, table, &[table, (end - table) | 3 << 32]);
    stage.order_trap(VICTIM, syscall::CALL, &[0; 8], &[port, header, table]);
    pause(100);
    check_state(VICTIM, StateCode::InReply, SERVER);
    let kept = stage.does(SERVER, Command::Kept { index: 0 });
    stage.does(SERVER, Command::Forget);
    kept[0]
}

pub fn k5_containment(stage: &mut Stage) {
    settle(stage);
    let quiet = [tasks::FP_A, tasks::FP_B, LOW].map(|who| (who, stage.writable(who)));
    let sums = || quiet.map(|(who, pieces)| pieces.map(|[from, to]| sum(who, from, to)));
    let (before, memory) = (snapshot(&[VICTIM]), sums());
    let contained = |what: &str| {
        same(&before, &[VICTIM], format_args!("after {what}"));
        check_eq!(sums(), memory, "after {}", what);
    };
    for (instruction, number) in instructions::ALL.iter().zip(0..) {
        let x0 = 1;
        stage.order(VICTIM, Command::Instruction { number, x0 });
        stage.fault(VICTIM);
        contained(instruction.name);
        stage.restart(VICTIM);
    }
    let commands = [
        Command::Read { address: 0x100_0000 },
        Command::Write { address: KERNEL, value: 1 },
        Command::Execute { address: 0 },
        Command::Push,
        Command::Panic { length: 20 },
        Command::SpinFp { until: 0, seed: 1 },
        Command::Enter {
            how: FAULT,
            stack_pointer: KERNEL,
            flags: 0xf000_0000,
            thread_pointer: KERNEL,
            fp: 0,
        },
        Command::Scorch { value: KERNEL },
    ];
    for command in commands {
        stage.order(VICTIM, command);
        stage.fault(VICTIM);
        contained("a command");
        stage.restart(VICTIM);
    }
    for number in [syscall::COUNT, syscall::YIELD_TO, u16::MAX] {
        stage.trap_faults(
            VICTIM,
            number,
            &[],
            Fault::new(FaultKind::BadSyscall, u64::from(number)),
        );
        contained("an absent system call");
    }
    // In the middle of a call: the server is where it was, and only its lease has ended.
    let (handle, _) = lend(stage);
    kernel::fault(VICTIM);
    contained("a fault in a call");
    check_eq!(stage.trap(SERVER, syscall::LEASE_INFO, &[handle, 0])[0], DEFECT);
}

/// Memory of a task as it was at first.
static IMAGE: [AtomicU64; 16384] = [const { AtomicU64::new(0) }; 16384];

pub fn k6_pristine(stage: &mut Stage) {
    for who in [VICTIM, tasks::FP_A] {
        // As it is at its first call, before it has been told anything. What it is asked
        // later does not count: the memory is read first.
        stage.is_there(who);
        let fresh = kernel::status(who);
        let [[from, to], stack] = pieces(who);
        let blocks = || (from..to).chain(stack[0]..stack[1]).step_by(64);
        for (part, at) in IMAGE.chunks(8).zip(blocks()) {
            let words = kernel::dump(who, at).unwrap_or([u64::MAX; 8]);
            part.iter().zip(words).for_each(|(to, word)| to.store(word, Relaxed));
        }
        let bytes = blocks().count() * 64;
        check!(bytes <= size_of_val(&IMAGE), "{} bytes", bytes);
        let [data, own_stack] = stage.writable(who);
        check_eq!([data[1], own_stack[0], own_stack[1]], [to - PAGE, stack[0], stack[1]]);
        check!(from < data[0], "data at {:#x}", data[0]);
        // One word, and its section is a multiple of 16 bytes.
        let uninit = stage.place(who, Place::Uninit);

        for generation in 1..=2 {
            // Every word of it, a posted bit, all timers.
            for timer in 0..MAX_TIMERS as u64 {
                let at = (now() + Ticks::from_us(900)).0;
                stage.trap(who, syscall::TIMER_SET, &[timer, at, PUPPET_T0 << timer]);
            }
            let go = if who == VICTIM { crate::posts::victim::GO } else { crate::posts::fp_a::GO };
            userlib::post(go);
            if who != VICTIM {
                stage.does(who, Command::SpinFp { until: 0, seed: 0x1234_5678_9abc_def1 });
            }
            stage.faults(who, Command::Scorch { value: 0xdead_beef_dead_beef });
            for scorched in [data[0], data[1] - 64, stack[0], stack[1] - 64] {
                check_eq!(kernel::dump(who, scorched), Some([0xdead_beef_dead_beef; 8]));
            }
            kernel::restart(who);
            stage.comes_back(who, generation);
            let status = kernel::status(who);
            check_eq!([status.pc, status.sp, status.state], [fresh.pc, fresh.sp, fresh.state]);
            let mut told = 0;
            for (part, at) in IMAGE.chunks(8).zip(blocks()) {
                let now = kernel::dump(who, at).unwrap_or([0; 8]);
                for ((old, new), at) in part.iter().zip(now).zip((at..).step_by(8)) {
                    let old = old.load(Relaxed);
                    if old == new || (uninit..uninit + 16).contains(&at) {
                        continue;
                    }
                    // A life knows its number; nothing else differs.
                    let number = old ^ new;
                    check!(
                        number == generation || number == generation << 32,
                        "{:#x} of {} is {:#x}, was {:#x}",
                        at,
                        name(who),
                        new,
                        old
                    );
                    told += 1;
                }
            }
            check!(told <= 8, "{} words", told);
            // Neither a bit nor a timer comes from the old life.
            let until = (now() + Ticks::from_ms(2)).0;
            let x = [syscall::RECV_NOTIFICATIONS, PUPPET_BITS, 0, until];
            check_eq!(stage.trap(who, syscall::RECV_UNTIL, &x)[0], syscall::TIMED_OUT);
        }
    }
}

/// What a task has, without asking it: text, constants, writable memory and the initial
/// data (a page, read-only) in one piece, and the stack above the next hole.
fn pieces(who: u32) -> [[u64; 2]; 2] {
    let readable = |page: &u64| kernel::dump(who, page * PAGE).is_some();
    let piece = |from: u64| -> [u64; 2] {
        let first = (from..SPAN / PAGE).find(readable).unwrap_or(0);
        let end = (first..SPAN / PAGE).find(|page| !readable(page)).unwrap_or(0);
        [first, end]
    };
    let program = piece(1);
    [program, piece(program[1])].map(|piece| piece.map(|page| page * PAGE))
}

pub fn k7_lease_lifetime(stage: &mut Stage) {
    type End = (&'static str, fn(&mut Stage, u64));
    let ends: [End; 6] = [
        ("a reply", |stage, handle| {
            stage.trap(SERVER, syscall::REPLY, &[handle, 0, 0]);
        }),
        ("a reply that faults", |stage, handle| {
            stage.trap(SERVER, syscall::REPLY_FAULT, &[handle, 5]);
        }),
        ("a fault", |_, _| kernel::fault(VICTIM)),
        ("a restart", |_, _| kernel::restart(VICTIM)),
        ("a restart that holds", |_, _| kernel::restart_held(VICTIM)),
        ("a fault and a restart", |_, _| {
            kernel::fault(VICTIM);
            kernel::restart(VICTIM);
        }),
    ];
    let buffer = stage.place(SERVER, Place::Buffer);
    for (what, end) in ends {
        let (handle, memory) = lend(stage);
        uses(stage, handle, memory, buffer, OK, what);
        end(stage, handle);
        uses(stage, handle, memory, buffer, DEFECT, what);
        kernel::restart(VICTIM);
        stage.forget(VICTIM);
        stage.is_there(VICTIM);
    }
    // The port's timeout.
    let table = stage.place(VICTIM, Place::Buffer);
    let memory = table + PAGE;
    stage.poke(VICTIM, table, &[memory, 64 | 3 << 32]);
    stage.poke(VICTIM, memory, &WORDS);
    let [port, header] = number(puppet_ports::IMPATIENT, KEEP, 0, 1);
    stage.order_trap(VICTIM, syscall::CALL, &[0; 8], &[port, header, table]);
    pause(100);
    let handle = stage.does(SERVER, Command::Kept { index: 0 })[0];
    stage.does(SERVER, Command::Forget);
    uses(stage, handle, memory, buffer, OK, "a timeout");
    pause(crate::stage::TIMEOUT_US);
    uses(stage, handle, memory, buffer, DEFECT, "a timeout");
    stage.answer(VICTIM);
    // A call of the same life that lends nothing, or something else, to the same server.
    let (old, memory) = lend(stage);
    stage.trap(SERVER, syscall::REPLY, &[old, 0, 0]);
    stage.answer(VICTIM);
    let [port, header] = number(puppet_ports::SERVER, KEEP, 0, 0);
    stage.order_trap(VICTIM, syscall::CALL, &[0; 8], &[port, header]);
    pause(100);
    stage.does(SERVER, Command::Forget);
    let before = kernel::dump(VICTIM, memory);
    for copy in [syscall::LEASE_READ, syscall::LEASE_WRITE, syscall::LEASE_INFO] {
        let fault = Fault::new(FaultKind::BadLease, 0);
        let [port, header] = number(puppet_ports::SERVER, KEEP, 0, 0);
        stage.trap_faults(SERVER, copy, &[old, 0, 0, buffer, 8], fault);
        stage.answer(VICTIM);
        stage.order_trap(VICTIM, syscall::CALL, &[0; 8], &[port, header]);
        pause(100);
        stage.does(SERVER, Command::Forget);
    }
    check_eq!(kernel::dump(VICTIM, memory), before);
    // The server's new life has none of the old one's leases, nor anybody else.
    stage.restart(SERVER);
    stage.answer(VICTIM);
    let (handle, memory) = lend(stage);
    let fp = stage.place(tasks::FP_A, Place::Buffer);
    for copy in [syscall::LEASE_READ, syscall::LEASE_WRITE] {
        let results = stage.trap(tasks::FP_A, copy, &[handle, 0, 0, fp, 8]);
        check_eq!(results[..2], [DEFECT, 0], "by another task");
    }
    kernel::restart(SERVER);
    stage.comes_back(SERVER, kernel::status(SERVER).generation);
    uses(stage, handle, memory, buffer, DEFECT, "the server's restart");
    check_eq!(stage.answer(VICTIM)[0], syscall::DEAD);
}

/// Every use of a lease, with one result; without the right, the memory stays as it was.
#[track_caller]
fn uses(stage: &mut Stage, handle: u64, memory: u64, buffer: u64, status: u64, what: &str) {
    let before = kernel::dump(VICTIM, memory);
    stage.poke(SERVER, buffer, &[!0; 8]);
    let copy = |stage: &mut Stage, call| stage.trap(SERVER, call, &[handle, 0, 0, buffer, 64]);
    check_eq!(copy(stage, syscall::LEASE_READ)[0], status, "{}", what);
    let read = stage.does(SERVER, Command::Peek { address: buffer });
    check_eq!(read == [!0; 8], status != OK, "{}", what);
    check_eq!(copy(stage, syscall::LEASE_INFO)[0], status, "{}", what);
    check_eq!(copy(stage, syscall::LEASE_WRITE)[0], status, "{}", what);
    check_eq!(kernel::dump(VICTIM, memory), before, "{}", what);
}

pub fn k8_no_leak(stage: &mut Stage) {
    // Dumps: all of 64 bytes, or nothing at all.
    let span = Span::of(stage, LOW);
    let asks = |stage: &mut Stage, address: u64| -> (u64, Words) {
        let x = [KernelOp::Dump as u64, u64::from(LOW), address];
        let status = stage.trap_words(VICTIM, syscall::KERNEL_OP, &WORDS, &x)[0];
        (status, stage.words(VICTIM))
    };
    let ring = SPAN - PAGE - RING_DEFAULT;
    let below = [span.text, span.constants, span.data, span.initial, span.initial + PAGE];
    let above = [span.guard, span.stack, span.top, ring, SPAN];
    for edge in below.into_iter().chain(above) {
        for address in [edge - 64, edge - 63, edge - 32, edge - 1, edge] {
            let whole = (address..address + 64)
                .all(|at| !matches!(right(&span, at), Right::Nothing | Right::Guard));
            let (status, words) = asks(stage, address);
            check_eq!(status == OK, whole, "dump of {:#x}", address);
            check!(whole || words == [0; 8], "dump of {:#x}: {:x?}", address, words);
        }
    }
    for address in [KERNEL, KERNEL + 0xb_0000, 0x4020_0000, 0x0900_0000, u64::MAX - 63, u64::MAX] {
        check_eq!(asks(stage, address), (syscall::NONE, [0; 8]), "dump of {:#x}", address);
    }

    // Copies: nothing behind the lease, and nothing behind the copy.
    let (handle, memory) = lend(stage);
    let buffer = stage.place(SERVER, Place::Buffer);
    for (offset, asked) in [(0, 1000), (60, 1000), (63, 8), (64, 8), (0, 0)] {
        for address in (buffer..buffer + 1024).step_by(40) {
            stage.poke(SERVER, address, &[0x5a5a_5a5a_5a5a_5a5a; 5]);
        }
        let x = [handle, 0, offset, buffer, asked];
        let copied = stage.trap(SERVER, syscall::LEASE_READ, &x)[1];
        check_eq!(copied, asked.min(64 - offset));
        let untouched = |at: u64, words: Words| {
            (0..64)
                .filter(|n| at + n >= copied)
                .all(|n| words[n as usize / 8].to_le_bytes()[n as usize % 8] == 0x5a)
        };
        for at in (0..1024).step_by(64) {
            let words = stage.does(SERVER, Command::Peek { address: buffer + at });
            check!(untouched(at, words), "{} bytes at {}: {:x?}", asked, offset, words);
        }
    }
    check_eq!(kernel::dump(VICTIM, memory), Some(WORDS));
    stage.trap(SERVER, syscall::REPLY, &[handle, 0, 0]);
    stage.answer(VICTIM);

    // What one life has written, the next does not find: not in memory (see k6), and not in
    // what the kernel tells of it.
    stage.does(LOW, Command::Write { address: span.stack + 64, value: 0x5ec2_e75e_c2e7 });
    let status = stage.faults(LOW, Command::Panic { length: 40 });
    check_fault(&status, Fault::new(FaultKind::Panic, 0));
    stage.restart(LOW);
    let status = kernel::status(LOW);
    check_eq!([status.fault, status.detail, status.syndrome, status.count], [0; 4]);
    let x = [KernelOp::PanicMessage as u64, u64::from(LOW), 0];
    check_eq!(stage.trap_words(VICTIM, syscall::KERNEL_OP, &WORDS, &x)[0], syscall::NONE);
    check_eq!(stage.words(VICTIM), [0; 8]);
    check_eq!(stage.does(LOW, Command::Read { address: span.stack + 64 })[0], 0);
}
