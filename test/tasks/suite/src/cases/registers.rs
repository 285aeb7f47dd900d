//! Registers: what is a task's own stays its own, and nothing else shows in them.

use crate::check::{check, check_eq};
use crate::stage::{Stage, call, number, pause, puppet_ports};
use crate::{ports, tasks};
use abi::kernel_op::KernelOp;
use abi::syscall;
use exov6_test_suite::Command;
use exov6_test_suite::command::{ECHO, KEEP_THREAD_POINTER, NO_TRAP};
use exov6_test_suite::instructions;
use userlib::time::now;
use userlib::{Ticks, kernel};

const VICTIM: u32 = tasks::VICTIM;

/// A value for register `x[at]` that occurs nowhere else.
fn pattern(at: u64) -> u64 {
    0x6b6b_0000_0000_b6b6 | at << 32 | at << 20
}

/// Puts patterns into the victim's `x[first]…x30` for its next trap.
#[track_caller]
fn patterns(stage: &mut Stage, first: u64) {
    for first in (first..31).step_by(6) {
        let values = core::array::from_fn(|n| pattern(first + n as u64));
        stage.does(VICTIM, Command::Set { first, values });
    }
}

/// All registers of the victim after its last trap.
#[track_caller]
fn registers(stage: &mut Stage) -> [u64; 32] {
    let mut all = [0; 32];
    for (part, first) in all.chunks_mut(8).zip((0..).step_by(8)) {
        part.copy_from_slice(&stage.does(VICTIM, Command::Get { first }));
    }
    all
}

/// System calls that return, with their arguments and how many result registers from
/// `x8` on they have, and whether they return words.
pub(super) fn calls() -> [(u16, [u64; 5], usize, bool); 12] {
    let [port, echo] = number(puppet_ports::SERVER, ECHO, 64, 0);
    let soon = (now() + Ticks::from_us(200)).0;
    let status = [KernelOp::Status as u64, u64::from(tasks::LOW), 0, 0, 0];
    [
        (syscall::CALL, [port, echo, 0, 0, 0], 2, true),
        (syscall::RECV_UNTIL, [syscall::RECV_NOTIFICATIONS, 1, 0, soon, 0], 3, true),
        (syscall::REPLY, [63, 0, 0, 0, 0], 0, false),
        (syscall::REPLY_FAULT, [63, 0, 0, 0, 0], 0, false),
        (syscall::LEASE_READ, [63, 0, 0, 0, 0], 2, false),
        (syscall::LEASE_INFO, [63, 0, 0, 0, 0], 3, false),
        (syscall::POST, [0, 0, 0, 0, 0], 1, false),
        (syscall::TIMER_CANCEL, [0, 0, 0, 0, 0], 0, false),
        (syscall::IRQ_STATUS, [0, 0, 0, 0, 0], 1, false),
        (syscall::YIELD, [0, 0, 0, 0, 0], 0, false),
        (syscall::KERNEL_OP, status, 1, true),
        (syscall::SELF_INFO, [0, 0, 0, 0, 0], 0, true),
    ]
}

pub fn registers_preserved(stage: &mut Stage) {
    for (number, x, ..) in calls() {
        stage.prepare(VICTIM, &[0; 8], &x);
        patterns(stage, 13);
        stage.does(VICTIM, Command::Trap { number: u64::from(number) });
        for (at, value) in registers(stage).into_iter().enumerate().take(31).skip(18) {
            check_eq!(value, pattern(at as u64), "x{} after system call {}", at, number);
        }
    }
    // Interrupts come at any instruction; the loop has a pattern in every register.
    let end = now() + Ticks::from_ms(10);
    stage.order(VICTIM, Command::SpinRegisters { until: end.0 });
    let mut interruptions = 0;
    while now() < end {
        pause(37);
        call(ports::SERVER, ECHO, &[u64::MAX; 8]);
        interruptions += 1;
    }
    check!(interruptions > 50, "{}", interruptions);
    check_eq!(stage.answer(VICTIM)[0], 0, "registers changed");
}

pub fn registers_no_leak(stage: &mut Stage) {
    // What a task may read of the core tells nothing of anybody.
    for (read, number) in instructions::READS.iter().zip(instructions::ALL.len() as u64..) {
        let found = stage.does(VICTIM, Command::Instruction { number, x0: u64::MAX })[0];
        check_eq!(found & read.mask, read.value, "{}", read.name);
    }
    for (number, x, results, words) in calls() {
        stage.prepare(VICTIM, &[0; 8], &x);
        for first in [0, 13, 19, 25] {
            // Words are patterns too; x8–x12 stay the arguments.
            let values = core::array::from_fn(|n| pattern(first + n as u64));
            stage.does(VICTIM, Command::Set { first, values });
        }
        let values = [pattern(6), pattern(7), x[0], x[1], x[2], x[3]];
        stage.does(VICTIM, Command::Set { first: 6, values });
        stage.order(VICTIM, Command::Trap { number: u64::from(number) });
        // Others run in between, with registers of their own.
        pause(20);
        call(ports::SERVER, ECHO, &[u64::MAX; 8]);
        let after = {
            stage.answer(VICTIM);
            registers(stage)
        };
        for (at, value) in after.into_iter().enumerate().take(31) {
            let result = words && at < 8 || (8..8 + results).contains(&at);
            let own = value == pattern(at as u64) || (8..13).contains(&at) && value == x[at - 8];
            check!(
                result || own || value == 0,
                "x{} = {:#x} after system call {}",
                at,
                value,
                number
            );
        }
    }
    // A receive that nothing but a deadline ended has no words of anybody's.
    let soon = (now() + Ticks::from_us(500)).0;
    let x = [syscall::RECV_NOTIFICATIONS, 1, 0, soon];
    stage.order_trap(VICTIM, syscall::RECV_UNTIL, &[u64::MAX; 8], &x);
    call(ports::SERVER, ECHO, &[u64::MAX; 8]);
    stage.answer(VICTIM);
    check_eq!(stage.words(VICTIM), [0; 8]);
}

pub fn fp_preserved(stage: &mut Stage) {
    // fp-b works with one pattern, and fp-a, more urgent, with another, again and again.
    let end = now() + Ticks::from_ms(10);
    let seed = 0x0123_4567_89ab_cdef;
    stage.is_there(tasks::FP_A);
    stage.order(tasks::FP_B, Command::SpinFp { until: end.0, seed });
    let mut rounds = 0;
    while now() < end {
        pause(100);
        let until = (now() + Ticks::from_us(30)).0;
        stage.order(tasks::FP_A, Command::SpinFp { until, seed: !seed.rotate_left(rounds) });
        check_eq!(stage.answer(tasks::FP_A)[0], 0, "of fp-a, round {}", rounds);
        // A task without floating point in between.
        stage.does(VICTIM, Command::Nothing);
        rounds += 1;
    }
    check!(rounds > 20, "{}", rounds);
    check_eq!(stage.answer(tasks::FP_B)[0], 0, "of fp-b");
}

pub fn fp_no_leak(stage: &mut Stage) {
    let [a, b] = [0x0123_4567_89ab_cdef, 0xfeed_0000_f00d_1111];
    let spin = |seed| Command::SpinFp { until: 0, seed };
    let count = |seed| Command::CountFp { seed };
    stage.does(tasks::FP_A, spin(a));
    check!(stage.does(tasks::FP_A, count(a))[0] > 16, "the pattern is not there at all");
    check_eq!(stage.does(tasks::FP_B, count(a))[0], 0, "fp-a's in fp-b");
    stage.does(tasks::FP_B, spin(b));
    check_eq!(stage.does(tasks::FP_A, count(b))[0], 0, "fp-b's in fp-a");
    check!(stage.does(tasks::FP_A, count(a))[0] > 16, "fp-a's own is gone");
    // A restart leaves nothing to anybody, also while the other has the registers.
    stage.restart(tasks::FP_A);
    check_eq!(stage.does(tasks::FP_A, count(a))[0], 0, "fp-a's in its next life");
    check_eq!(stage.does(tasks::FP_A, count(b))[0], 0, "fp-b's in fp-a's next life");
    check!(stage.does(tasks::FP_B, count(b))[0] > 16, "fp-b's own is gone");
}

pub fn flags_hostile(stage: &mut Stage) {
    // Stack pointers that lead nowhere, into the kernel, or are not aligned; every flag.
    for stack_pointer in
        [0, 1, 0x100_0000, 0xffff_ff80_4020_0000, 0xffff_ff80_4020_0001, u64::MAX, 1 << 63]
    {
        let until = now() + Ticks::from_us(300);
        stage.order(VICTIM, Command::Hostile { until: until.0, stack_pointer });
        pause(100);
        let status = kernel::status(VICTIM);
        check_eq!(status.sp, stack_pointer);
        check_eq!(call(ports::SERVER, ECHO, &[1; 8]).status, 1);
        pause(50);
        let answer = stage.answer(VICTIM);
        check_eq!(answer[..2], [0xf000_0000, u64::from(VICTIM)], "SP {:#x}", stack_pointer);
    }
    // Rounding upwards, flushing to zero and every FP flag, while others work.
    let until = now() + Ticks::from_ms(2);
    stage.order(tasks::FP_A, Command::SpinFp { until: until.0, seed: u64::MAX });
    while now() < until {
        pause(100);
        check_eq!(call(ports::SERVER, ECHO, &[1; 8]).status, 1);
    }
    check_eq!(stage.answer(tasks::FP_A)[0], 0);
}

/// `fp-a` and `fp-b` declare a thread pointer, the victim and `low` do not.
pub fn thread_pointer(stage: &mut Stage) {
    let [port, echo] = number(puppet_ports::SERVER, ECHO, 64, 0);
    let (a, b) = (0xdead_beef_0000_000a, 0xdead_beef_0000_000b);
    let info = |value| Command::ThreadPointer { number: u64::from(syscall::SELF_INFO), value };
    for who in [VICTIM, tasks::LOW] {
        let soon = (now() + Ticks::from_ms(1)).0;
        for (number, x) in [
            (syscall::CALL, [port, echo, 0, 0]),
            (syscall::RECV_UNTIL, [syscall::RECV_NOTIFICATIONS, 1, 0, soon]),
            (syscall::SELF_INFO, [0; 4]),
        ] {
            stage.prepare(who, &[0; 8], &x);
            let command = Command::ThreadPointer { number: u64::from(number), value: a };
            check_eq!(stage.does(who, command)[0], 0, "{}, system call {}", who, number);
        }
    }
    for who in [tasks::FP_A, tasks::FP_B] {
        check_eq!(stage.does(who, info(KEEP_THREAD_POINTER))[0], 0, "{} at its start", who);
    }
    // While one waits, the other and one without run.
    let soon = (now() + Ticks::from_ms(2)).0;
    stage.prepare(tasks::FP_A, &[0; 8], &[syscall::RECV_NOTIFICATIONS, 1, 0, soon]);
    let number = u64::from(syscall::RECV_UNTIL);
    stage.order(tasks::FP_A, Command::ThreadPointer { number, value: a });
    check_eq!(stage.does(tasks::FP_B, info(b))[0], b, "fp-b while fp-a waits");
    check_eq!(stage.does(VICTIM, info(a))[0], 0, "the victim while fp-a waits");
    check_eq!(stage.answer(tasks::FP_A)[0], a, "fp-a after waiting");
    check_eq!(stage.does(tasks::FP_B, info(KEEP_THREAD_POINTER))[0], b, "fp-b later");
    check_eq!(stage.does(tasks::FP_A, info(KEEP_THREAD_POINTER))[0], a, "fp-a later");
    stage.restart(tasks::FP_A);
    check_eq!(stage.does(tasks::FP_A, info(KEEP_THREAD_POINTER))[0], 0, "fp-a restarted");
    check_eq!(stage.does(tasks::FP_B, info(KEEP_THREAD_POINTER))[0], b, "fp-b still");
}

/// The emulator forgets an exclusive access at every exception return, as the manual lets
/// a core do: there, this cannot find a kernel that does not see to it itself.
pub fn exclusive_monitor(stage: &mut Stage) {
    check_eq!(stage.does(VICTIM, Command::Exclusive { number: NO_TRAP })[0], 0, "undisturbed");
    let [port, echo] = number(puppet_ports::SERVER, ECHO, 64, 0);
    for (number, x) in [(syscall::CALL, [port, echo]), (syscall::YIELD, [0; 2])] {
        stage.prepare(VICTIM, &[0; 8], &x);
        let number = u64::from(number);
        let failed = stage.does(VICTIM, Command::Exclusive { number })[0];
        check_eq!(failed, 1, "the store after system call {} succeeded", number);
    }
}
