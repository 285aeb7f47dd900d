//! Hostile: entries that no sane program makes, from puppets that do nothing else.

use super::WORDS;
use super::faults::others_go_on;
use super::registers::calls;
use crate::check::{check, check_eq};
use crate::stage::{Stage, call, check_fault, check_state, name, pause, sum};
use crate::{ports, tasks};
use abi::fault::{Access, Fault, FaultKind};
use abi::kernel_op::{STATUS_FAULTED, StateCode, Status};
use abi::limits::{PAGE, SPAN};
use abi::syscall;
use exov6_test_suite::Command;
use exov6_test_suite::command::{ECHO, Place, Words};
use exov6_test_suite::hostile::{FAULT, LOAD, PUSH, SPIN};
use exov6_test_suite::instructions;
use userlib::time::now;
use userlib::{Ticks, kernel};

const VICTIM: u32 = tasks::VICTIM;
/// Where physical address 0 appears in the kernel's half.
const LINEAR: u64 = 0xffff_ff80_0000_0000;
/// The kernel's first byte.
const KERNEL: u64 = LINEAR + 0x4020_0000;
/// What the kernel's text has room in, in bytes: a gate keeps it below.
const TEXT: u64 = 32 << 10;
const QUIET: [u32; 3] = [tasks::FP_A, tasks::FP_B, tasks::LOW];

/// What is brought along besides registers.
#[derive(Clone, Copy)]
struct Baggage {
    value: u64,
    stack_pointer: u64,
    flags: u64,
    fp: u64,
}

impl Baggage {
    fn enter(self, how: u64) -> Command {
        let Baggage { value, stack_pointer, flags, fp } = self;
        Command::Enter { how, stack_pointer, flags, thread_pointer: value, fp }
    }
}

/// Benign first; then what could be taken for something of the kernel's.
fn baggage(fp: bool, own: u64) -> [Baggage; 7] {
    let values = [
        (0, own),
        (u64::MAX, u64::MAX),
        (KERNEL, KERNEL),
        (KERNEL + 1, KERNEL + 0xa_f001),
        (1 << 63, 1 << 63),
        (0xaaaa_aaaa_aaaa_aaaa, 0),
        (LINEAR + 0x0900_0000, LINEAR + 0x0900_0000),
    ];
    let mut at = 0;
    values.map(|(value, stack_pointer)| {
        at += 1;
        let flags = if at == 1 { 0 } else { 0xf000_0000 };
        Baggage { value, stack_pointer, flags, fp: if fp { value | 1 } else { 0 } }
    })
}

/// Registers of which those that a call does not use have a value.
fn registers(number: u16, x: &[u64; 5], value: u64) -> [u64; 31] {
    let mut all = [value; 31];
    if number == syscall::CALL {
        all[..8].copy_from_slice(&WORDS);
    }
    all[8..13].copy_from_slice(x);
    all
}

pub fn entry_regs(stage: &mut Stage) {
    for (who, fp) in [(VICTIM, false), (tasks::FP_A, true)] {
        let own = stage.place(who, Place::Buffer) + PAGE;
        by_call(stage, who, baggage(fp, own));
        by_interrupt(stage, who, baggage(fp, own));
        by_fault(stage, who, baggage(fp, own));
    }
    stage.restart(tasks::SERVER);
    check_eq!(call(ports::SERVER, ECHO, &[1; 8]).status, 1);
}

/// Every call that returns, with results compared to those of the benign entry.
fn by_call(stage: &mut Stage, who: u32, all: [Baggage; 7]) {
    let (operation, count) = (syscall::KERNEL_OP, calls().len());
    for at in (0..count).filter(|at| who == VICTIM || calls()[*at].0 != operation) {
        let mut benign: Option<[u64; 31]> = None;
        for baggage in all {
            let (number, x, results, words) = calls()[at];
            let before = registers(number, &x, baggage.value);
            stage.load(who, &before);
            let after = stage.does(who, baggage.enter(u64::from(number)));
            let [stack_pointer, flags, fp, ..] = after;
            check_eq!([stack_pointer, flags], [baggage.stack_pointer, baggage.flags]);
            check_eq!(fp, 0, "FP registers after call {} of {}", number, name(who));
            let after = stage.registers(who);
            check_eq!(after[18..], before[18..], "after call {} of {}", number, name(who));
            let first = *benign.get_or_insert(after);
            check_eq!(after[8..8 + results], first[8..8 + results], "call {}", number);
            if words {
                check_eq!(after[..8], first[..8], "words of call {}", number);
            }
        }
    }
}

/// A loop with everything hostile, which timers interrupt and a server preempts.
fn by_interrupt(stage: &mut Stage, who: u32, all: [Baggage; 7]) {
    let spin = stage.place(who, Place::EnterSpin);
    for baggage in all {
        let before = [baggage.value; 31];
        stage.load(who, &before);
        stage.order(who, baggage.enter(SPIN));
        let mut seen = 0;
        for _ in 0..6 {
            pause(17);
            let status = kernel::status(who);
            check_eq!(status.state, StateCode::Runnable as u64);
            if (spin..spin + 0x800).contains(&status.pc) {
                seen += u32::from(status.sp == baggage.stack_pointer);
            }
            check_eq!(call(ports::SERVER, ECHO, &[1; 8]).status, 1);
        }
        check!(seen >= 4, "only {} interrupts found it at work", seen);
        let [stack_pointer, flags, fp, ..] = stage.answer(who);
        check_eq!([stack_pointer, flags], [baggage.stack_pointer, baggage.flags]);
        check_eq!(fp, 0, "FP registers of {}", name(who));
        check_eq!(stage.registers(who)[1..], before[1..]);
    }
}

/// Faults with everything hostile: the record is that of the benign one.
fn by_fault(stage: &mut Stage, who: u32, all: [Baggage; 7]) {
    let places = stage.does(who, Command::Places { first: Place::EnterFault as u64 });
    let missing = 0x100_0000;
    let unmapped = Fault::memory(FaultKind::Unmapped, Access::Read, missing);
    let illegal = Fault::new(FaultKind::IllegalInstruction, 0);
    for (how, pc, fault) in [(FAULT, places[0], illegal), (LOAD, places[1], unmapped)] {
        let mut benign: Option<Status> = None;
        for baggage in all {
            let mut before = [baggage.value; 31];
            before[0] = missing;
            stage.load(who, &before);
            let status = stage.faults(who, baggage.enter(how));
            check_fault(&status, fault);
            check_eq!([status.pc, status.sp, status.count], [pc, baggage.stack_pointer, 1]);
            let first = *benign.get_or_insert(status);
            check_eq!(status.syndrome, first.syndrome);
            check_eq!(status.state, StateCode::Runnable as u64 | STATUS_FAULTED);
            stage.restart(who);
        }
    }
}

/// The task works without any system call, and interrupts come all the same; then it finds
/// itself without any privilege.
#[track_caller]
fn is_ordinary(stage: &mut Stage, who: u32, after: &str) {
    let begin = now();
    stage.order(who, Command::Spin { until: (begin + Ticks::from_us(400)).0 });
    for round in 1..=3 {
        // The first interrupt comes after the reply, the others after an interrupt.
        pause(50);
        let passed = (now() - begin).to_us();
        check!(passed < 50 * round + 40, "{} us {}: interrupts are masked", passed, after);
        check_state(who, StateCode::Runnable, 0);
    }
    stage.answer(who);
    for name in ["mrs_currentel", "mrs_daif", "msr_daifset"] {
        let Some(number) = instructions::ALL.iter().position(|i| i.name == name) else {
            crate::check::failed(format_args!("no instruction {name}"));
        };
        let expected = instructions::ALL[number].fault;
        let number = number as u64;
        let status = stage.faults(who, Command::Instruction { number, x0: 0 });
        let kind = Fault::unpack(status.fault, status.detail).map(|fault| fault.kind);
        check_eq!(kind, Some(expected), "{} {}", name, after);
        stage.restart(who);
    }
}

pub fn pstate(stage: &mut Stage) {
    stage.is_there(VICTIM);
    is_ordinary(stage, VICTIM, "after a reply");
    // The first instructions of a life, found at work by an interrupt.
    let [text, ..] = stage.does(VICTIM, Command::Places { first: 0 });
    let entries: [fn(); 4] = [
        || kernel::restart(VICTIM),
        || {
            kernel::fault(VICTIM);
            kernel::restart(VICTIM);
        },
        || {
            kernel::restart_held(VICTIM);
            kernel::start(VICTIM);
        },
        || {
            kernel::hold(VICTIM);
            kernel::restart(VICTIM);
        },
    ];
    for (entry, at) in entries.into_iter().zip(0..) {
        stage.is_there(VICTIM);
        let generation = kernel::status(VICTIM).generation;
        entry();
        let begin = now();
        pause(2);
        let passed = (now() - begin).to_us();
        let status = kernel::status(VICTIM);
        check_eq!(status.state, StateCode::Runnable as u64, "entry {}", at);
        check!(passed < 20, "{} us: interrupts are masked, entry {}", passed, at);
        check!((text..text + 256).contains(&status.pc), "pc {:#x}, entry {}", status.pc, at);
        stage.comes_back(VICTIM, generation + 1);
        is_ordinary(stage, VICTIM, "after a restart");
    }
    // A receive that ended by time, by a bit; a call that was answered, timed out, told DEAD.
    let soon = (now() + Ticks::from_us(500)).0;
    stage.trap(VICTIM, syscall::RECV_UNTIL, &[syscall::RECV_NOTIFICATIONS, 1, 0, soon]);
    is_ordinary(stage, VICTIM, "after a timeout");
    stage.order_trap(VICTIM, syscall::RECV, &[0; 8], &[syscall::RECV_NOTIFICATIONS, 1]);
    pause(50);
    userlib::post(crate::posts::victim::GO);
    stage.answer(VICTIM);
    is_ordinary(stage, VICTIM, "after a notification");
    stage.restart(tasks::SERVER);
    let [port, header] = crate::stage::number(crate::stage::puppet_ports::SERVER, ECHO, 0, 0);
    check_eq!(stage.trap(VICTIM, syscall::CALL, &[port, header])[0], syscall::DEAD);
    is_ordinary(stage, VICTIM, "after DEAD");

    // The only bits of PSTATE that a task of this core can set, in every combination.
    for flags in 0..16_u64 {
        let flags = flags << 28;
        for how in [u64::from(syscall::SELF_INFO), u64::from(syscall::YIELD), SPIN] {
            let enter = Command::Enter { how, stack_pointer: 0, flags, thread_pointer: 0, fp: 0 };
            check_eq!(stage.does(VICTIM, enter)[1], flags, "by {:#x}", how);
        }
    }
}

pub fn reg_canary(stage: &mut Stage) {
    let all = [VICTIM, tasks::FP_A, tasks::FP_B, tasks::LOW];
    let rounds = 2600;
    for who in all {
        stage.is_there(who);
    }
    for (who, at) in all.into_iter().zip(1..) {
        stage.order(who, Command::Canary { rounds, seed: at * 0x0123_4567_89ab_cdef });
    }
    let mut interruptions = 0;
    let end = now() + Ticks::from_ms(1500);
    let working = |who: &u32| {
        let state = kernel::status(*who).state;
        state != crate::stage::state(StateCode::InCall, tasks::SUITE) && state & STATUS_FAULTED == 0
    };
    while now() < end && all.iter().any(working) {
        // Never the same point of a round twice in a row.
        pause(11 + interruptions % 7);
        check_eq!(call(ports::SERVER, ECHO, &[u64::MAX; 8]).status, 0xffff);
        interruptions += 1;
    }
    let mut count = 0;
    for who in all {
        let [wrong, call, register, found, expected, done, ..] = stage.answer(who);
        let what = format_args!("x{register} = {found:#x}, not {expected:#x}");
        check_eq!(wrong, 0, "of {} after call {}: {}", name(who), call, what);
        count += done;
    }
    check!(count >= 10_000 && interruptions >= 1000, "{} calls, {}", count, interruptions);
}

pub fn bad_sp(stage: &mut Stage) {
    let server = call(ports::SERVER, ECHO, &[1; 8]);
    check_eq!(server.status, 1);
    let memory = QUIET.map(|who| stage.writable(who));
    let sums = |memory: &[[[u64; 2]; 2]; 3]| -> [[u64; 2]; 3] {
        core::array::from_fn(|at| memory[at].map(|[from, to]| sum(QUIET[at], from, to)))
    };
    let before = sums(&memory);
    let places = stage.does(VICTIM, Command::Places { first: 0 });
    let [text, _, data, bottom, top, end, buffer, _] = places;
    let guard = bottom - PAGE;
    let entries = stage.does(VICTIM, Command::Places { first: Place::EnterFault as u64 });
    // In this task alone: the suite has a stack where the victim has nothing.
    let local = 0_u64;
    let another = core::ptr::from_ref(&local).expose_provenance() as u64 & !15;
    let pointers = [
        0,
        16,
        1,
        7,
        KERNEL,
        KERNEL + 1,
        KERNEL + 0xb_1000,
        LINEAR + 0x0900_0018,
        0x0900_0000,
        another,
        SPAN,
        1 << 47,
        u64::MAX,
        u64::MAX - 15,
        u64::MAX - 4095,
        1 << 63,
        text,
        data,
        guard,
        guard + PAGE / 2,
        bottom,
        bottom + 8,
        buffer + PAGE,
        buffer + PAGE + 1,
    ];
    let [port, header] = crate::stage::number(crate::stage::puppet_ports::SERVER, ECHO, 64, 0);
    for stack_pointer in pointers {
        let enter = |how| Command::Enter { how, stack_pointer, flags: 0, thread_pointer: 0, fp: 0 };
        let around = |stage: &mut Stage| {
            let at = buffer + PAGE - 512;
            stage.is_there(VICTIM);
            sum(VICTIM, at, at + 1024)
        };
        let own = around(stage);
        for how in [u64::from(syscall::SELF_INFO), u64::from(syscall::CALL), SPIN] {
            let mut x = [0x77; 31];
            x[8..11].copy_from_slice(&[port, header, 0]);
            stage.load(VICTIM, &x);
            let after = stage.does(VICTIM, enter(how));
            check_eq!(after[0], stack_pointer, "SP by {:#x}", how);
            check_eq!(stage.registers(VICTIM)[18..], x[18..]);
        }
        check_eq!(around(stage), own, "its own memory at SP {:#x}", stack_pointer);
        let status = stage.faults(VICTIM, enter(FAULT));
        check_eq!([status.pc, status.sp], [entries[0], stack_pointer]);
        check_eq!(sum(VICTIM, buffer + PAGE - 512, buffer + PAGE + 512), own);
        stage.restart(VICTIM);

        // The fault is that of the stack pointer itself; the emulator checks no alignment.
        let target = stack_pointer.wrapping_sub(16);
        if !(bottom..top).contains(&target) && !(data..end).contains(&target) {
            let status = stage.faults(VICTIM, enter(PUSH));
            let fault = Fault::unpack(status.fault, status.detail);
            let kinds: &[FaultKind] = match target {
                t if (guard..bottom).contains(&t) => &[FaultKind::StackOverflow],
                t if (text..data).contains(&t) => &[FaultKind::Permission],
                t if t >= LINEAR => &[FaultKind::Permission, FaultKind::Unmapped],
                _ => &[FaultKind::Unmapped],
            };
            let told =
                |kind: &FaultKind| fault == Some(Fault::memory(*kind, Access::Write, target));
            check!(kinds.iter().any(told), "SP {:#x}: {:x?}", stack_pointer, fault);
            check_eq!(status.pc, entries[2]);
            stage.restart(VICTIM);
        }
    }
    check_eq!(sums(&memory), before, "memory of fp-a, fp-b, low");
    check_eq!(local, 0);
    others_go_on(stage);
}

/// All of it, in the order of a generator of full period, so that no two branches have their
/// target in the same line.
pub fn exec_ktext(stage: &mut Stage) {
    let count = TEXT / 4;
    let mut at = 0x5eed % count;
    stage.is_there(VICTIM);
    for _ in 0..count {
        at = (at * 4021 + 1) % count;
        let address = KERNEL + at * 4;
        let generation = kernel::status(VICTIM).generation;
        let status = stage.faults(VICTIM, Command::Execute { address });
        let fault = Fault::unpack(status.fault, status.detail);
        let expected = Fault::memory(FaultKind::Permission, Access::Execute, address);
        check_eq!(fault, Some(expected), "word {}", at);
        check_eq!([status.pc, status.syndrome >> 26], [address, 0x20]);
        kernel::restart(VICTIM);
        stage.comes_back(VICTIM, generation + 1);
    }
    others_go_on(stage);
}

pub fn stack_guard(stage: &mut Stage) {
    let places = stage.does(VICTIM, Command::Places { first: 0 });
    let [_, constants, data, bottom, top, end, ..] = places;
    let guard = bottom - PAGE;
    let before = sum(VICTIM, constants, data);
    let unchanged = || check_eq!(sum(VICTIM, constants, data), before, "the constants");
    let overflow = |status: &Status| {
        let fault = Fault::unpack(status.fault, status.detail);
        let told = fault.map(|fault| (fault.kind, fault.access));
        check_eq!(told, Some((FaultKind::StackOverflow, Access::Write)), "{:x?}", status);
        check!((guard..bottom).contains(&status.detail), "at {:#x}", status.detail);
    };
    // Compiled code: small frames without end, and one that is larger than everything below.
    let status = stage.faults(VICTIM, Command::Recurse);
    overflow(&status);
    check!(status.sp < bottom + 512, "sp {:#x}", status.sp);
    unchanged();
    stage.restart(VICTIM);
    let status = stage.faults(VICTIM, Command::BigFrame);
    overflow(&status);
    check!(status.sp <= bottom && status.sp >= guard - PAGE, "sp {:#x}", status.sp);
    unchanged();
    stage.restart(VICTIM);

    // A stack pointer of the task's own making. Within the guard it is told as such; beyond
    // it there is nothing, and then constants, which nobody can write.
    let entries = stage.does(VICTIM, Command::Places { first: Place::EnterPush as u64 });
    let push = |stage: &mut Stage, stack_pointer: u64, kind| {
        let enter = Command::Enter { how: PUSH, stack_pointer, flags: 0, thread_pointer: 0, fp: 0 };
        let status = stage.faults(VICTIM, enter);
        check_fault(&status, Fault::memory(kind, Access::Write, stack_pointer - 16));
        check_eq!(status.pc, entries[0]);
        unchanged();
        stage.restart(VICTIM);
    };
    for stack_pointer in [bottom, bottom - 16, guard + PAGE / 2, guard + 16] {
        push(stage, stack_pointer, FaultKind::StackOverflow);
    }
    for stack_pointer in [data, constants + 64, end + 32] {
        push(stage, stack_pointer, FaultKind::Permission);
    }
    for stack_pointer in [guard, guard - 32, top + 32, SPAN] {
        push(stage, stack_pointer, FaultKind::Unmapped);
    }
    // A system call does not need a stack at all.
    for stack_pointer in [guard + PAGE / 2, guard, constants, 0] {
        let how = u64::from(syscall::SELF_INFO);
        let enter = Command::Enter { how, stack_pointer, flags: 0, thread_pointer: 0, fp: 0 };
        let words: Words = stage.does(VICTIM, enter);
        check_eq!(words[0], stack_pointer);
        check_eq!(stage.words(VICTIM)[0], u64::from(VICTIM));
    }
    unchanged();
    check!(bottom < top);
}
