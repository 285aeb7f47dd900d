//! Faults: everything but memory that stops a task, and who else notices.

use crate::check::{check, check_eq, failed};
use crate::stage::{
    Stage, call, check_fault, check_state, name, number, pause, puppet_ports, state,
};
use crate::{ports, tasks};
use abi::fault::{Fault, FaultKind};
use abi::kernel_op::{KernelOp, STATUS_FAULTED, StateCode};
use abi::limits::{PAGE, PANIC_BYTES, SPAN};
use abi::syscall;
use exov6_test_suite::Command;
use exov6_test_suite::command::{ECHO, KEEP, Place, echo};
use exov6_test_suite::instructions::{self, Group};
use exov6_test_suite::machine::TRAPS;
use userlib::{kernel, sys};

const VICTIM: u32 = tasks::VICTIM;

/// Lets the victim try every instruction of a group; returns how many there were.
#[track_caller]
fn each_instruction(stage: &mut Stage, group: Group) -> usize {
    let mut count = 0;
    for (instruction, number) in instructions::ALL.iter().zip(0..) {
        if instruction.group != group {
            continue;
        }
        let pc = stage.does(VICTIM, Command::InstructionAt { number })[0];
        let x0 = stage.place(VICTIM, Place::Buffer);
        stage.order(VICTIM, Command::Instruction { number, x0 });
        pause(50);
        let status = kernel::status(VICTIM);
        let fault = Fault::unpack(status.fault, status.detail);
        let kind = fault.map(|fault| fault.kind);
        check_eq!(kind, Some(instruction.fault), "{}", instruction.name);
        check_eq!(status.pc, pc, "{}", instruction.name);
        check!(status.syndrome >> 25 & 1 == 1, "{}: {:#x}", instruction.name, status.syndrome);
        stage.restart(VICTIM);
        count += 1;
    }
    count
}

/// Nobody else has noticed anything.
#[track_caller]
pub(super) fn others_go_on(stage: &mut Stage) {
    check_eq!(call(ports::SERVER, ECHO, &[9; 8]).words, echo(&[9; 8]).1);
    for who in [tasks::FP_A, tasks::FP_B, tasks::LOW] {
        stage.does(who, Command::Nothing);
        check_eq!(kernel::status(who).generation, 0, "of {}", name(who));
    }
    check_eq!(kernel::status(tasks::SERVER).generation, 0);
}

pub fn fault_illegal_instruction(stage: &mut Stage) {
    check!(each_instruction(stage, Group::Illegal) >= 9);
    others_go_on(stage);
}

pub fn fault_privileged_instruction(stage: &mut Stage) {
    check!(each_instruction(stage, Group::Privileged) >= 50);
    others_go_on(stage);
}

pub fn fault_debug_instruction(stage: &mut Stage) {
    check!(each_instruction(stage, Group::Debug) >= 4);
    others_go_on(stage);
}

/// Where the server's span has the device that is not there: below the GPIO.
const NOTHING: u64 = SPAN - 4 * PAGE;

pub fn fault_external(stage: &mut Stage) {
    let (_, number) = instructions::ALL
        .iter()
        .zip(0..)
        .find(|(instruction, _)| instruction.group == Group::Monitor)
        .unwrap_or_else(|| failed(format_args!("no such instruction")));
    for life in 0..3 {
        let pc = stage.does(VICTIM, Command::InstructionAt { number })[0];
        let status = stage.faults(VICTIM, Command::Instruction { number, x0: 0 });
        check_fault(&status, Fault::new(FaultKind::External, 0));
        check_eq!(status.syndrome >> 26, 0x2f, "an SError");
        check_eq!(status.pc, pc + 4, "nothing ran after it");
        check_eq!(status.generation, life);
        others_go_on(stage);
        stage.restart(VICTIM);
    }
}

pub fn fault_absent_device(stage: &mut Stage) {
    for (place, command) in [
        (Place::Read, Command::Read { address: NOTHING + 8 }),
        (Place::Write, Command::Write { address: NOTHING + 8, value: 1 }),
    ] {
        let pc = stage.place(tasks::SERVER, place);
        let status = stage.faults(tasks::SERVER, command);
        check_fault(&status, Fault::new(FaultKind::External, NOTHING + 8));
        check_eq!(status.pc, pc);
        check_eq!(status.syndrome >> 26, 0x24, "a data abort");
        for who in [VICTIM, tasks::FP_A, tasks::LOW] {
            stage.does(who, Command::Nothing);
        }
        stage.restart(tasks::SERVER);
    }
    // Who does not own it has nothing there.
    let status = stage.faults(VICTIM, Command::Read { address: NOTHING + 8 });
    check!(Fault::unpack(status.fault, 0).is_some_and(|f| f.kind != FaultKind::External));
    stage.restart(VICTIM);
}

pub fn fault_fp_undeclared(stage: &mut Stage) {
    let fp = stage.place(VICTIM, Place::Fp);
    let status = stage.faults(VICTIM, Command::SpinFp { until: 0, seed: 1 });
    check_fault(&status, Fault::new(FaultKind::FpUndeclared, 0));
    check_eq!(status.pc, fp);
    check_eq!(status.syndrome >> 26, 0x07);
    stage.restart(VICTIM);
    // After a task with floating point has run, it is no different.
    check_eq!(stage.does(tasks::FP_A, Command::SpinFp { until: 0, seed: 1 })[0], 0);
    let status = stage.faults(VICTIM, Command::SpinFp { until: 0, seed: 1 });
    check_fault(&status, Fault::new(FaultKind::FpUndeclared, 0));
    check_eq!(status.pc, fp);
    check_eq!(stage.does(tasks::FP_A, Command::SpinFp { until: 0, seed: 2 })[0], 0);
}

pub fn fault_bad_syscall(stage: &mut Stage) {
    let reserved = [syscall::YIELD_TO, syscall::DAG_DONE];
    let absent = |number: &&u16| **number >= syscall::COUNT || reserved.contains(number);
    for number in TRAPS.iter().filter(absent) {
        let fault = Fault::new(FaultKind::BadSyscall, u64::from(*number));
        stage.trap_faults(VICTIM, *number, &[], fault);
    }
    check!(TRAPS.contains(&syscall::COUNT) && TRAPS.contains(&u16::MAX));
}

pub fn fault_panic(stage: &mut Stage) {
    let mut buffer = [0; PANIC_BYTES];
    check!(kernel::panic_message(VICTIM, &mut buffer).is_none(), "before any panic");
    let letters = |length: usize| (b'a'..=b'z').cycle().take(length);

    // By the language: message, then place.
    for length in [0, 5, 26, 200] {
        let status = stage.faults(VICTIM, Command::Panic { length });
        check_fault(&status, Fault::new(FaultKind::Panic, 0));
        let message = kernel::panic_message(VICTIM, &mut buffer).unwrap_or(b"");
        let place = b" at ";
        let at = message.windows(place.len()).position(|part| part == place);
        check!(at.is_some(), "{:?}", core::str::from_utf8(message));
        let text = &message[..at.unwrap_or(0)];
        check!(text.iter().copied().eq(letters(text.len())));
        check!(text.len() == length as usize || message.len() == PANIC_BYTES, "{}", text.len());
        stage.restart(VICTIM);
        check!(kernel::panic_message(VICTIM, &mut buffer).is_none(), "after the restart");
    }

    // By system call: every length that is allowed, and some that are not.
    for length in [0, 1, 63, 64, 65, 127, 128] {
        let address = stage.place(VICTIM, Place::Buffer) + 3;
        let mut words = [0_u64; 20];
        for (at, letter) in letters(128).enumerate() {
            words[(at + 3) / 8] |= u64::from(letter) << ((at + 3) % 8 * 8);
        }
        stage.poke(VICTIM, address - 3, &words);
        stage.prepare(VICTIM, &[0; 8], &[address, length]);
        let status = stage.faults(VICTIM, Command::Trap { number: u64::from(syscall::PANIC) });
        check_fault(&status, Fault::new(FaultKind::Panic, 0));
        let message = kernel::panic_message(VICTIM, &mut buffer).unwrap_or(b"none");
        check!(message.iter().copied().eq(letters(length as usize)), "length {}", length);
        stage.restart(VICTIM);
    }
    let address = stage.place(VICTIM, Place::Buffer);
    for length in [129, 1 << 32, u64::MAX] {
        let fault = Fault::new(FaultKind::BadLength, length);
        stage.trap_faults(VICTIM, syscall::PANIC, &[address, length], fault);
    }
    for address in [8, 0x100_0000, 0xffff_ff80_4020_0000, u64::MAX] {
        let fault = Fault::new(FaultKind::BadSlice, address);
        stage.trap_faults(VICTIM, syscall::PANIC, &[address, 8], fault);
    }
    // Another fault has no message.
    stage.faults(VICTIM, Command::Read { address: 0 });
    check!(kernel::panic_message(VICTIM, &mut buffer).is_none());
}

/// The fault that `who` injects.
fn injected(who: u32) -> Fault {
    Fault { who: who as u8, ..Fault::new(FaultKind::Injected, 0) }
}

pub fn fault_injected(stage: &mut Stage) {
    stage.is_there(VICTIM);
    kernel::fault(VICTIM);
    let status = kernel::status(VICTIM);
    check_fault(&status, injected(tasks::SUITE));
    check_eq!(status.state, state(StateCode::InReply, tasks::SUITE) | STATUS_FAULTED);
    check_eq!([status.count, status.syndrome, status.generation], [1, 0, 0]);
    stage.restart(VICTIM);

    stage.is_there(tasks::LOW);
    let x = [KernelOp::Fault as u64, u64::from(tasks::LOW)];
    check_eq!(stage.trap(VICTIM, syscall::KERNEL_OP, &x)[0], syscall::OK);
    check_fault(&kernel::status(tasks::LOW), injected(VICTIM));
    // A reply to it does not wake it.
    let caller = userlib::Caller { index: tasks::LOW, generation: 0 };
    sys::reply(caller, 0, 0, &[0; 8]);
    check_fault(&kernel::status(tasks::LOW), injected(VICTIM));
}

pub fn fault_twice(stage: &mut Stage) {
    let first = stage.faults(VICTIM, Command::Read { address: 0x100_0000 });
    check_eq!(first.state, StateCode::Runnable as u64 | STATUS_FAULTED);
    kernel::fault(VICTIM);
    let second = kernel::status(VICTIM);
    check_fault(&second, injected(tasks::SUITE));
    check_eq!(second.state, first.state);
    check_eq!([second.pc, second.sp], [first.pc, first.sp]);
    check_eq!([first.count, second.count], [1, 2]);
    stage.restart(VICTIM);
    check_eq!(kernel::status(VICTIM).count, 0);

    // The state before is that of the first also where the first was no running one.
    let [port, header] = number(puppet_ports::SERVER, KEEP, 0, 0);
    stage.order_trap(VICTIM, syscall::CALL, &[0; 8], &[port, header]);
    pause(100);
    kernel::fault(VICTIM);
    kernel::fault(VICTIM);
    let status = kernel::status(VICTIM);
    check_eq!(status.state, state(StateCode::InReply, tasks::SERVER) | STATUS_FAULTED);
    check_eq!(status.count, 2);
}

pub fn fault_in_call(stage: &mut Stage) {
    let [port, header] = number(puppet_ports::SERVER, KEEP, 0, 0);
    // Queued: the server never sees it.
    let seen = stage.does(tasks::SERVER, Command::Count)[1];
    stage.prepare(VICTIM, &[0; 8], &[port, header]);
    kernel::hold(tasks::SERVER);
    let trap = Command::Trap { number: u64::from(syscall::CALL) };
    stage.order(VICTIM, trap);
    pause(100);
    check_state(VICTIM, StateCode::InCall, tasks::SERVER);
    kernel::fault(VICTIM);
    kernel::start(tasks::SERVER);
    check_state(tasks::SERVER, StateCode::InRecv, 0);
    check_fault(&kernel::status(VICTIM), injected(tasks::SUITE));
    stage.restart(VICTIM);
    check_eq!(stage.does(tasks::SERVER, Command::Count)[1], seen + 1);

    // Waiting for the reply: the handle is worth nothing from then on.
    let table = stage.place(VICTIM, Place::Buffer);
    stage.poke(VICTIM, table, &[table, 8 | 3 << 32]);
    let [port, header] = number(puppet_ports::SERVER, KEEP, 0, 1);
    stage.order_trap(VICTIM, syscall::CALL, &[0; 8], &[port, header, table]);
    pause(100);
    check_state(VICTIM, StateCode::InReply, tasks::SERVER);
    let handle = stage.does(tasks::SERVER, Command::Kept { index: 0 })[0];
    let info = |stage: &mut Stage| stage.trap(tasks::SERVER, syscall::LEASE_INFO, &[handle, 0])[0];
    check_eq!(info(stage), syscall::OK);
    kernel::fault(VICTIM);
    check_eq!(info(stage), syscall::DEFECT);
    stage.trap(tasks::SERVER, syscall::REPLY, &[handle, 0, 0]);
    stage.trap(tasks::SERVER, syscall::REPLY_FAULT, &[handle, 0]);
    let status = kernel::status(VICTIM);
    check_fault(&status, injected(tasks::SUITE));
    check_eq!(status.count, 1);
}

pub fn fault_server_midcall(stage: &mut Stage) {
    let [port, header] = number(puppet_ports::SERVER, KEEP, 0, 0);
    let callers = [VICTIM, tasks::FP_A, tasks::LOW];
    for who in callers {
        stage.prepare(who, &[7; 8], &[port, header]);
    }
    let trap = Command::Trap { number: u64::from(syscall::CALL) };
    // Two were received, the third comes when the server has faulted already.
    for who in [VICTIM, tasks::FP_A] {
        stage.order(who, trap);
        pause(200);
        check_state(who, StateCode::InReply, tasks::SERVER);
    }
    kernel::fault(tasks::SERVER);
    stage.order(tasks::LOW, trap);
    pause(200);
    check_state(tasks::LOW, StateCode::InCall, tasks::SERVER);
    check_state(VICTIM, StateCode::InReply, tasks::SERVER);
    // They wait as long as it takes somebody to restart it.
    pause(20_000);
    check_state(VICTIM, StateCode::InReply, tasks::SERVER);

    stage.restart(tasks::SERVER);
    for who in callers {
        let results = stage.answer(who);
        check_eq!(results[..2], [syscall::DEAD, 0], "to {}", name(who));
        check_eq!(stage.words(who), [0; 8], "to {}", name(who));
    }
    // They know: the next call succeeds.
    let [port, header] = number(puppet_ports::SERVER, ECHO, 0, 0);
    for who in callers {
        check_eq!(stage.trap(who, syscall::CALL, &[port, header])[0], 0, "to {}", name(who));
    }
    check_eq!(stage.does(tasks::SERVER, Command::Count)[1], 4, "the new life saw only these");
}
