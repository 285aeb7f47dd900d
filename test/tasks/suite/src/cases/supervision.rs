//! Supervision: who is told of faults, and what the supervisor may ask.

use crate::check::{check, check_eq};
use crate::stage::{Stage, check_fault, check_state, name, number, pause, puppet_ports, state};
use crate::{notifications, posts, tasks};
use abi::boot::{BOOT_MAGIC, BootRecord, ResetReason, ResetRecord};
use abi::fault::{Fault, FaultKind};
use abi::kernel_op::{KernelOp, STATUS_FAULTED, StateCode};
use abi::limits::{PAGE, SPAN};
use abi::syscall;
use exov6_test_suite::Command;
use exov6_test_suite::command::{KEEP, Words};
use userlib::time::now;
use userlib::{Bits, Ticks, kernel, sys};
use zerocopy::{FromBytes, IntoBytes};

const VICTIM: u32 = tasks::VICTIM;
/// `ack_ms` of app.toml.
const ACK_MS: u64 = 20;

pub fn supervisor_notified(stage: &mut Stage) {
    // One by one: the runner finds each and tells whose it was.
    for (who, bit) in [
        (VICTIM, notifications::VICTIM_FAULTED),
        (tasks::FP_A, notifications::FP_A_FAULTED),
        (tasks::SERVER, notifications::SERVER_FAULTED),
    ] {
        kernel::fault(who);
        check_eq!(told(), bit, "of {}", name(who));
        stage.restart(who);
    }
    // Several at once, found at one look; a task that is fine is not among them.
    let all = [VICTIM, tasks::FP_A, tasks::FP_B, tasks::LOW];
    for who in all {
        stage.is_there(who);
    }
    kernel::hold(tasks::SUPERVISOR);
    for who in all {
        kernel::fault(who);
    }
    check_eq!(told(), Bits::NONE, "before it could look");
    kernel::start(tasks::SUPERVISOR);
    let expected = notifications::VICTIM_FAULTED
        | notifications::FP_A_FAULTED
        | notifications::FP_B_FAULTED
        | notifications::LOW_FAULTED;
    check_eq!(told(), expected);
    // It has answered: beyond the time limit for that, nothing happens.
    pause(3 * ACK_MS * 1000);
    check_eq!(kernel::find_faulted(0), Some(VICTIM));
    check_eq!(kernel::find_faulted(VICTIM + 1), Some(tasks::FP_A));
    check_eq!(kernel::find_faulted(tasks::LOW), Some(tasks::LOW));
    check_eq!(kernel::find_faulted(tasks::LOW + 1), None);
}

/// Whose faults the runner has told of by now.
fn told() -> Bits {
    let all = crate::stage::FAULTS;
    match sys::recv_until(userlib::Mode::Notifications, all, Ticks(0)) {
        userlib::Received::Notified(bits) => bits,
        _ => Bits::NONE,
    }
}

/// Three boots of one run: at the first the supervisor faults, at the second it is silent.
pub fn supervisor_dies(stage: &mut Stage) {
    match sys::self_info().reset_reason {
        ResetReason::Cold => {
            check_eq!(last_reset().reason, ResetReason::Cold as u64);
            kernel::fault(tasks::SUPERVISOR);
            check!(false, "the supervisor's fault did not reset the machine");
        }
        ResetReason::SupervisorFault => {
            let record = last_reset();
            check!(record.valid());
            check_eq!(record.reason, ResetReason::SupervisorFault as u64);
            check_eq!(record.task, u64::from(tasks::SUPERVISOR));
            let injected = Fault::unpack(record.fault, record.detail);
            let expected = Fault { who: tasks::SUITE as u8, ..Fault::new(FaultKind::Injected, 0) };
            check_eq!(injected, Some(expected));
            check!(PAGE <= record.pc && record.pc < SPAN, "pc {:#x}", record.pc);
            check!(record.ticks > 0);

            // Told to ignore faults, it does not look at this one.
            stage.is_there(VICTIM);
            check!(userlib::post(posts::supervisor::DEAF));
            kernel::fault(VICTIM);
            let begin = now();
            pause(ACK_MS * 1000 - 100);
            let passed = (now() - begin).to_us();
            check!(passed < ACK_MS * 1000, "{} us", passed);
            // Alive until here, and not beyond.
            pause(300);
            check!(false, "the supervisor's silence did not reset the machine");
        }
        ResetReason::SupervisorSilent => {
            let record = last_reset();
            check!(record.valid());
            check_eq!(record.reason, ResetReason::SupervisorSilent as u64);
            check_eq!(record.task, u64::from(tasks::SUPERVISOR));
        }
        other => check!(false, "reset for {:?}", other),
    }
}

/// The reset record of the boot before, out of the boot record, out of the log task.
fn last_reset() -> ResetRecord {
    let begins = |address: &u64| {
        kernel::dump(tasks::LOG, *address).is_some_and(|words| words[0] == BOOT_MAGIC)
    };
    let Some(at) = (1..SPAN / PAGE).map(|page| page * PAGE).find(begins) else {
        crate::check::failed(format_args!("the log task has no boot record"));
    };
    let mut words: [Words; 3] = [[0; 8]; 3];
    for (part, offset) in words.iter_mut().zip((at..).step_by(64)) {
        *part = kernel::dump(tasks::LOG, offset).unwrap_or([0; 8]);
    }
    match BootRecord::read_from_prefix(words.as_bytes()) {
        Ok((record, _)) => record.reset,
        Err(_) => ResetRecord::default(),
    }
}

pub fn kernel_op_denied(stage: &mut Stage) {
    let operations = KernelOp::ALL.map(|(operation, _)| operation as u64);
    let denied = |operation: u64, target: u64| {
        Fault::new(FaultKind::BadKernelOp, operation & 0xffff_ffff | target << 32)
    };
    // One without any grant: on itself, on another, on nobody. Exit and reset would be
    // noticed: the argument is the exit code.
    for operation in operations {
        for target in [tasks::LOW, VICTIM, 0] {
            let target = u64::from(target);
            let x = [operation, target, 9];
            stage.trap_faults(tasks::LOW, syscall::KERNEL_OP, &x, denied(operation, target));
        }
    }
    // One with grants for other targets.
    let target = u64::from(tasks::FP_B);
    for operation in operations {
        let x = [operation, target, 9];
        stage.trap_faults(VICTIM, syscall::KERNEL_OP, &x, denied(operation, target));
    }
    // No such target, no such operation.
    for target in [tasks::NAMES.len() as u64, 63, 64, 0xff, 1 << 16] {
        let x = [KernelOp::Status as u64, target, 0];
        let fault = denied(KernelOp::Status as u64, target);
        stage.trap_faults(VICTIM, syscall::KERNEL_OP, &x, fault);
    }
    for operation in [operations.len() as u64, 63, 64, 0xff, 0x100, u64::from(u32::MAX)] {
        let target = u64::from(tasks::LOW);
        let x = [operation, target, 0];
        stage.trap_faults(VICTIM, syscall::KERNEL_OP, &x, denied(operation, target));
    }
    // Truncated to 32 bits these would be granted.
    for (operation, target) in
        [(1 << 32, u64::from(tasks::LOW)), (0, 1 << 32 | u64::from(tasks::LOW))]
    {
        let x = [operation, target, 0];
        stage.trap_faults(VICTIM, syscall::KERNEL_OP, &x, denied(operation, target));
    }
    // And what is granted works.
    let x = [KernelOp::Status as u64, u64::from(tasks::LOW), 0];
    check_eq!(stage.trap(VICTIM, syscall::KERNEL_OP, &x)[0], syscall::OK);
    let generation = stage.words(VICTIM)[1];
    check_eq!(generation, kernel::status(tasks::LOW).generation);
    check!(generation > 0);
}

pub fn kernel_op_status(stage: &mut Stage) {
    stage.is_there(VICTIM);
    check_state(VICTIM, StateCode::InReply, tasks::SUITE);
    stage.order(VICTIM, Command::Spin { until: (now() + Ticks::from_us(300)).0 });
    check_state(VICTIM, StateCode::Runnable, 0);
    let before = kernel::status(VICTIM);
    pause(100);
    check_state(VICTIM, StateCode::Runnable, 0);
    check!(kernel::status(VICTIM).pc != before.pc, "it has worked in between");
    stage.answer(VICTIM);

    stage.order(VICTIM, Command::Nothing);
    pause(100);
    check_state(VICTIM, StateCode::InCall, tasks::SUITE);
    let [port, header] = number(puppet_ports::SERVER, KEEP, 0, 0);
    stage.order_trap(VICTIM, syscall::CALL, &[0; 8], &[port, header]);
    pause(100);
    check_state(VICTIM, StateCode::InReply, tasks::SERVER);
    check_state(tasks::SERVER, StateCode::InRecv, 0);
    check_state(tasks::SUPERVISOR, StateCode::InRecv, 0);
    check_state(tasks::SUITE, StateCode::Runnable, 0);
    check_state(tasks::HELD, StateCode::Stopped, 0);

    // What is held over a state is told as held.
    kernel::hold(VICTIM);
    check_state(VICTIM, StateCode::Stopped, 0);
    kernel::start(VICTIM);
    check_state(VICTIM, StateCode::InReply, tasks::SERVER);
    stage.restart(VICTIM);
    check_eq!(kernel::status(VICTIM).generation, 1);

    let healthy = kernel::status(VICTIM);
    check_eq!([healthy.fault, healthy.detail, healthy.syndrome, healthy.count], [0; 4]);
    let status = stage.faults(VICTIM, Command::Read { address: 0x100_0000 });
    check_eq!(status.state, state(StateCode::Runnable, 0) | STATUS_FAULTED);
    let read = abi::fault::Access::Read;
    check_fault(&status, Fault::memory(FaultKind::Unmapped, read, 0x100_0000));
    check_eq!([status.generation, status.count], [1, 1]);
}
