//! Receiving and replying: what is taken first, and who is answered.

use super::WORDS;
use crate::check::{check, check_eq};
use crate::stage::{Stage, check_fault, check_state, number, pause, puppet_ports};
use crate::{notifications, tasks, timers};
use abi::fault::{Fault, FaultKind};
use abi::kernel_op::StateCode;
use abi::syscall;
use exov6_test_suite::Command;
use exov6_test_suite::command::KEEP;
use userlib::time::now;
use userlib::{Bits, Mode, Received, Ticks, kernel, sys};

/// Bit of a puppet's first timer, and of the server's.
const PUPPET_T0: u64 = 1 << 2;
const POSTED: u64 = notifications::POSTED.0 as u64;

pub fn recv_notifications_only(stage: &mut Stage) {
    stage.order(tasks::VICTIM, Command::Nothing);
    pause(200);
    check_state(tasks::VICTIM, StateCode::InCall, tasks::SUITE);
    let deadline = now() + Ticks::from_ms(1);
    match sys::recv_until(Mode::Notifications, notifications::POSTED, deadline) {
        Received::TimedOut => {}
        other => check!(false, "received {:?}", other),
    }
    check_state(tasks::VICTIM, StateCode::InCall, tasks::SUITE);
    match sys::recv(Mode::Open, Bits::NONE) {
        Received::Call(message) => check_eq!(message.caller.index, tasks::VICTIM),
        other => check!(false, "instead of the call: {:?}", other),
    }
    check_state(tasks::VICTIM, StateCode::InReply, tasks::SUITE);
}

pub fn recv_notification_first(stage: &mut Stage) {
    // Two bits pending, and a caller.
    stage.order_trap(tasks::VICTIM, syscall::POST, &[0; 8], &[0, POSTED]);
    pause(200);
    check_state(tasks::VICTIM, StateCode::InCall, tasks::SUITE);
    sys::timer_set(timers::SECOND.number, Ticks(0), timers::SECOND.bits);

    let take = |mask| sys::recv_until(Mode::Open, mask, Ticks(0));
    match take(timers::SECOND.bits) {
        Received::Notified(bits) => check_eq!(bits, timers::SECOND.bits),
        other => check!(false, "instead of the timer's bit: {:?}", other),
    }
    match take(notifications::POSTED | timers::SECOND.bits) {
        Received::Notified(bits) => check_eq!(bits, notifications::POSTED),
        other => check!(false, "instead of the posted bit: {:?}", other),
    }
    match take(notifications::POSTED | timers::SECOND.bits) {
        Received::Call(message) => check_eq!(message.caller.index, tasks::VICTIM),
        other => check!(false, "instead of the call: {:?}", other),
    }
}

pub fn recv_until(stage: &mut Stage) {
    for who in [tasks::VICTIM, tasks::FP_A, tasks::FP_B, tasks::LOW] {
        stage.is_there(who);
    }
    for (mode, us) in
        [(Mode::Open, 3000), (Mode::Notifications, 3000), (Mode::Open, 50), (Mode::Open, 1)]
    {
        let deadline = now() + Ticks::from_us(us);
        let received = sys::recv_until(mode, notifications::POSTED, deadline);
        let late = (now() - deadline).to_us();
        check!(matches!(received, Received::TimedOut), "{:?}", received);
        check!(now() >= deadline && late < 20, "{} us late", late);
    }
    for deadline in [Ticks(0), now()] {
        let received = sys::recv_until(Mode::Notifications, notifications::POSTED, deadline);
        check!(matches!(received, Received::TimedOut), "{:?}", received);
    }
    // A bit comes first, however far the deadline, and the deadline is forgotten.
    sys::timer_set(timers::SECOND.number, now() + Ticks::from_us(100), timers::SECOND.bits);
    let deadline = now() + Ticks::from_us(300);
    let received = sys::recv_until(Mode::Notifications, timers::SECOND.bits, deadline);
    check!(matches!(received, Received::Notified(_)), "{:?}", received);
    sys::timer_set(timers::SECOND.number, now() + Ticks::from_ms(1), timers::SECOND.bits);
    let received = sys::recv(Mode::Notifications, timers::SECOND.bits);
    check!(matches!(received, Received::Notified(_)), "{:?}", received);

    // The registers: a result, and nothing else.
    let deadline = now() + Ticks::from_us(700);
    let x = [syscall::RECV_NOTIFICATIONS, 1, 7, deadline.0];
    let results = stage.trap_words(tasks::VICTIM, syscall::RECV_UNTIL, &WORDS, &x);
    check_eq!(results[..3], [syscall::TIMED_OUT, 0, 0]);
    check_eq!(stage.words(tasks::VICTIM), [0; 8]);
    let fault = Fault::new(FaultKind::BadMode, 2);
    stage.trap_faults(tasks::VICTIM, syscall::RECV_UNTIL, &[2, 1, 0, 0], fault);
}

pub fn reply_to_nobody(stage: &mut Stage) {
    let reply = syscall::REPLY;
    // One that never called the server, but waits for somebody else's reply.
    stage.is_there(tasks::VICTIM);
    let victim = syscall::caller(tasks::VICTIM, 0);
    let panic = Command::Panic { length: 1 }.encode();
    check_state(tasks::VICTIM, StateCode::InReply, tasks::SUITE);
    stage.trap_words(tasks::SERVER, reply, &panic, &[victim, 0, 64]);
    check_state(tasks::VICTIM, StateCode::InReply, tasks::SUITE);
    stage.does(tasks::VICTIM, Command::Nothing);

    // One that already got a reply: the second would make it panic.
    let message = stage.message(tasks::VICTIM);
    sys::reply(message.caller, 0, 64, &Command::Count.encode());
    check_state(tasks::VICTIM, StateCode::Runnable, 0);
    sys::reply(message.caller, 0, 64, &panic);
    check_eq!(stage.answer(tasks::VICTIM)[0], 2);

    // One that has been restarted and waits for this very task's reply again.
    let message = stage.message(tasks::VICTIM);
    stage.restart(tasks::VICTIM);
    sys::reply(message.caller, 0, 64, &panic);
    check_state(tasks::VICTIM, StateCode::InReply, tasks::SUITE);
    stage.does(tasks::VICTIM, Command::Nothing);

    // Nobody at all.
    for handle in [63, 64, 0xffff_ffff, u64::MAX - 2, 1 << 32, 7 << 32 | 0x8000_0000] {
        stage.trap_words(tasks::SERVER, reply, &panic, &[handle, 0, 64]);
    }
    stage.does(tasks::VICTIM, Command::Nothing);
}

/// Makes the victim call the server, which keeps the call; the caller handle.
#[track_caller]
fn keep(stage: &mut Stage, who: u32) -> u64 {
    let [port, header] = number(puppet_ports::SERVER, KEEP, 64, 0);
    stage.order_trap(who, syscall::CALL, &WORDS, &[port, header]);
    pause(200);
    check_state(who, StateCode::InReply, tasks::SERVER);
    let kept = stage.does(tasks::SERVER, Command::Kept { index: 0 });
    stage.does(tasks::SERVER, Command::Forget);
    kept[0]
}

pub fn reply_length(stage: &mut Stage) {
    for number in [syscall::REPLY, syscall::REPLY_RECV] {
        for (code, length, fault) in [
            (0, 65, Fault::new(FaultKind::BadLength, 65)),
            (0, u64::MAX, Fault::new(FaultKind::BadLength, u64::MAX)),
            (0, 1 << 32, Fault::new(FaultKind::BadLength, 1 << 32)),
            (1 << 63, 0, Fault::new(FaultKind::BadReply, 1 << 63)),
            (syscall::DEAD, 0, Fault::new(FaultKind::BadReply, syscall::DEAD)),
        ] {
            let handle = keep(stage, tasks::VICTIM);
            let generation = kernel::status(tasks::SERVER).generation;
            stage.prepare(tasks::SERVER, &[u64::MAX; 8], &[handle, code, length]);
            let status = stage.faults(tasks::SERVER, Command::Trap { number: u64::from(number) });
            check_fault(&status, fault);
            // The client has nothing, and goes on waiting until there is a new server.
            check_state(tasks::VICTIM, StateCode::InReply, tasks::SERVER);
            kernel::restart(tasks::SERVER);
            stage.comes_back(tasks::SERVER, generation + 1);
            check_eq!(stage.answer(tasks::VICTIM)[..2], [syscall::DEAD, 0]);
            check_eq!(stage.words(tasks::VICTIM), [0; 8]);
        }
    }
}

pub fn reply_recv_same(stage: &mut Stage) {
    let number = syscall::REPLY_RECV;
    let answer = WORDS.map(|word| word ^ u64::MAX);

    // A reply, and a notification that was there already.
    let handle = keep(stage, tasks::VICTIM);
    stage.trap(tasks::SERVER, syscall::TIMER_SET, &[0, 0, PUPPET_T0]);
    let x = [handle, 7, 64, syscall::RECV_NOTIFICATIONS, PUPPET_T0];
    let results = stage.trap_words(tasks::SERVER, number, &answer, &x);
    check_eq!(results[..3], [syscall::NOTIFIED, 0, PUPPET_T0]);
    check_eq!(stage.words(tasks::SERVER), [0; 8]);
    check_eq!(stage.answer(tasks::VICTIM)[..2], [7, 64]);
    check_eq!(stage.words(tasks::VICTIM), answer);

    // A reply, and a caller that was waiting already.
    let message = stage.message(tasks::VICTIM);
    stage.order(tasks::FP_A, Command::Nothing);
    pause(200);
    check_state(tasks::FP_A, StateCode::InCall, tasks::SUITE);
    let command = Command::Get { first: 0 }.encode();
    match sys::reply_recv(message.caller, 0, 64, &command, Mode::Open, Bits::NONE) {
        Received::Call(message) => {
            check_eq!(message.caller.index, tasks::FP_A);
            stage.note(message);
        }
        other => check!(false, "instead of the call: {:?}", other),
    }
    check_state(tasks::VICTIM, StateCode::Runnable, 0);
    check_eq!(stage.answer(tasks::VICTIM), answer);

    // A short reply is cut.
    let handle = keep(stage, tasks::VICTIM);
    stage.trap(tasks::SERVER, syscall::TIMER_SET, &[0, 0, PUPPET_T0]);
    let x = [handle, 0, 9, syscall::RECV_NOTIFICATIONS, PUPPET_T0];
    stage.trap_words(tasks::SERVER, number, &answer, &x);
    check_eq!(stage.answer(tasks::VICTIM)[..2], [0, 9]);
    let cut = [answer[0], answer[1] & 0xff, 0, 0, 0, 0, 0, 0];
    check_eq!(stage.words(tasks::VICTIM), cut);

    // Nobody to reply to: the receive happens all the same.
    stage.trap(tasks::SERVER, syscall::TIMER_SET, &[0, 0, PUPPET_T0]);
    let x = [u64::MAX - 5, 0, 0, syscall::RECV_NOTIFICATIONS, PUPPET_T0];
    check_eq!(stage.trap(tasks::SERVER, number, &x)[..3], [syscall::NOTIFIED, 0, PUPPET_T0]);

    // A receive that is wrong.
    for (mode, mask, fault) in [
        (2, 0, Fault::new(FaultKind::BadMode, 2)),
        (1 << 32, 0, Fault::new(FaultKind::BadMode, 1 << 32)),
        (0, 1 << 31, Fault::new(FaultKind::BadBits, 1 << 31)),
        (1, 1 << 32, Fault::new(FaultKind::BadBits, 1 << 32)),
    ] {
        stage.trap_faults(tasks::SERVER, number, &[0, 0, 0, mode, mask], fault);
    }
}

pub fn reply_fault_each(stage: &mut Stage) {
    let number = syscall::REPLY_FAULT;
    let from =
        |who: u32, reason| Fault { who: who as u8, reason, ..Fault::new(FaultKind::FromServer, 0) };
    for reason in 0..=5 {
        let handle = keep(stage, tasks::VICTIM);
        stage.trap(tasks::SERVER, number, &[handle, u64::from(reason)]);
        let status = stage.fault(tasks::VICTIM);
        check_fault(&status, from(tasks::SERVER, reason));
        check_eq!(status.state & 0xff, StateCode::InReply as u64);
        check_eq!(status.count, 1);
        stage.restart(tasks::VICTIM);
    }
    let message = stage.message(tasks::VICTIM);
    sys::reply_fault(message.caller, abi::fault::Reason::AccessViolation);
    check_fault(&stage.fault(tasks::VICTIM), from(tasks::SUITE, 5));
    stage.restart(tasks::VICTIM);

    // To nobody; for a reason that there is not.
    stage.trap(tasks::SERVER, number, &[syscall::caller(tasks::VICTIM, 0), 0]);
    stage.trap(tasks::SERVER, number, &[u64::MAX - 5, 0]);
    stage.does(tasks::VICTIM, Command::Nothing);
    for reason in [6, 0x100, u64::MAX] {
        let fault = Fault::new(FaultKind::BadReply, reason);
        stage.trap_faults(tasks::SERVER, number, &[0, reason], fault);
    }
}
