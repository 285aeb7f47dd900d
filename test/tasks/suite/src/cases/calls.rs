//! Calls: words, authority, and who runs when.

use super::WORDS;
use crate::check::{check, check_eq};
use crate::stage::{
    Stage, TIMEOUT_US, call, check_state, nobody_calls, number, pause, puppet_ports,
};
use crate::{ports, posts, tasks};
use abi::fault::{Fault, FaultKind};
use abi::kernel_op::StateCode;
use abi::syscall::{self, header};
use exov6_test_suite::Command;
use exov6_test_suite::command::{COMMAND, ECHO, KEEP, PLAIN, Words, echo};
use userlib::time::now;
use userlib::{Bits, Caller, Mode, Received, Ticks, kernel, sys};

const GO: u64 = 1;

pub fn call_words(stage: &mut Stage) {
    let (status, words) = echo(&WORDS);
    let answer = call(ports::SERVER, ECHO, &WORDS);
    check_eq!(answer.status, status);
    check_eq!(answer.length, 64);
    check_eq!(answer.words, words);

    // The same for a task that is not the suite, with its registers told one by one.
    let [port, header] = number(puppet_ports::SERVER, ECHO, 64, 0);
    let results = stage.trap_words(tasks::VICTIM, syscall::CALL, &WORDS, &[port, header]);
    check_eq!(results[..2], [status, 64]);
    check_eq!(stage.words(tasks::VICTIM), words);
}

pub fn call_length(stage: &mut Stage) {
    let ones = [u64::MAX; 8];
    for length in 0..=64 {
        let answer = sys::call(ports::SERVER, header(ECHO, length, 0), &ones, &[]);
        // What the server saw, and what it answered, both cut off after `length` bytes.
        let (status, words) = echo(&cut(&ones, length));
        check_eq!(answer.length, usize::from(length));
        check_eq!(answer.status, status, "length {}", length);
        check_eq!(answer.words, cut(&words, length), "length {}", length);
    }
    for length in [65, 0x100, 0xffff] {
        let [port, header] = number(puppet_ports::SERVER, ECHO, length, 0);
        let fault = Fault::new(FaultKind::BadLength, u64::from(length));
        stage.trap_faults(tasks::VICTIM, syscall::CALL, &[port, header], fault);
    }
    // Bits of the header that mean nothing are not ignored.
    let [port, header] = number(puppet_ports::SERVER, ECHO, 8, 0);
    let fault = Fault::new(FaultKind::BadLength, 8);
    stage.trap_faults(tasks::VICTIM, syscall::CALL, &[port, header | 1 << 40], fault);
}

fn cut(words: &Words, length: u16) -> Words {
    core::array::from_fn(|at| match (length as usize).saturating_sub(at * 8) {
        0 => 0,
        left @ 1..=7 => words[at] & ((1 << (left * 8)) - 1),
        _ => words[at],
    })
}

pub fn call_port_absent(stage: &mut Stage) {
    let header = header(ECHO, 0, 0);
    for port in [puppet_ports::ABSENT, 63, 64, 0xff, 0x100, u64::from(u32::MAX), 1 << 32, u64::MAX]
    {
        let fault = Fault::new(FaultKind::BadPort, port);
        stage.trap_faults(tasks::VICTIM, syscall::CALL, &[port, header], fault);
    }
}

pub fn call_op_denied(stage: &mut Stage) {
    let seen = stage.does(tasks::SERVER, Command::Count)[1];
    for operation in [COMMAND, KEEP, 0, 4, 63, 64, 0x43, 0xffff] {
        let [port, header] = number(puppet_ports::NARROW, operation, 0, 0);
        let fault = Fault::new(FaultKind::BadOperation, u64::from(operation));
        stage.trap_faults(tasks::VICTIM, syscall::CALL, &[port, header], fault);
    }
    // Asking is itself the one call that the server has seen since.
    check_eq!(stage.does(tasks::SERVER, Command::Count)[1], seen + 1);

    let [port, header] = number(puppet_ports::NARROW, ECHO, 0, 0);
    check_eq!(stage.trap(tasks::VICTIM, syscall::CALL, &[port, header])[0], echo(&[0; 8]).0);
    check_eq!(stage.does(tasks::SERVER, Command::Count)[1], seen + 3);
}

pub fn call_badge(stage: &mut Stage) {
    for (who, generation) in [(tasks::VICTIM, 0), (tasks::LOW, 0), (tasks::VICTIM, 1)] {
        if generation > 0 {
            stage.restart(who);
        }
        // The words claim to come from somebody else.
        let lie = [syscall::caller(tasks::SUITE, 7), u64::from(tasks::SUITE) + 1, 0, 0, 0, 0, 0, 0];
        let [port, header] = number(puppet_ports::SERVER, KEEP, 64, 0);
        stage.order_trap(who, syscall::CALL, &lie, &[port, header]);
        pause(200);
        let kept = stage.does(tasks::SERVER, Command::Kept { index: 0 });
        check_eq!(kept[0], syscall::caller(who, generation));
        check_eq!(kept[1], u64::from(who) + 1);
        check_eq!(kept[2], header);
        check_eq!(kept[3..5], lie[..2]);
        stage.does(tasks::SERVER, Command::Forget);
        stage.trap(tasks::SERVER, syscall::REPLY, &[kept[0], 0, 0]);
        stage.answer(who);
    }
}

pub fn call_direct_switch(stage: &mut Stage) {
    stage.is_there(tasks::VICTIM);
    stage.is_there(tasks::FP_A);
    // Both are ready from here on, and less urgent than the server.
    stage.order(tasks::VICTIM, Command::Nothing);
    stage.order(tasks::FP_A, Command::Nothing);
    check_eq!(call(ports::SERVER, ECHO, &WORDS).status, echo(&WORDS).0);
    check!(nobody_calls(stage), "a less urgent task has run");
    check_state(tasks::VICTIM, StateCode::Runnable, 0);
    check_state(tasks::FP_A, StateCode::Runnable, 0);

    // From below: the server answers before FP_A, which is ready and more urgent than
    // the caller, has a chance; and then FP_A runs first.
    stage.answer(tasks::VICTIM);
    stage.answer(tasks::FP_A);
    let [port, header] = number(puppet_ports::SERVER, ECHO, 64, 0);
    let seen = stage.does(tasks::SERVER, Command::Count)[1];
    stage.order_trap(tasks::LOW, syscall::CALL, &WORDS, &[port, header]);
    stage.answer(tasks::LOW);
    check_eq!(stage.does(tasks::SERVER, Command::Count)[1], seen + 2);
}

pub fn call_queue_order(stage: &mut Stage) {
    let by_urgency = [tasks::VICTIM, tasks::FP_A, tasks::FP_B, tasks::LOW];
    for who in by_urgency {
        let x = [syscall::RECV_NOTIFICATIONS, GO];
        stage.order_trap(who, syscall::RECV, &[0; 8], &x);
    }
    pause(500);
    // They come to call the suite in the opposite order, while it does not receive.
    for grant in [posts::low::GO, posts::fp_b::GO, posts::fp_a::GO, posts::victim::GO] {
        check!(userlib::post(grant));
        pause(200);
    }
    for who in by_urgency {
        check_state(who, StateCode::InCall, tasks::SUITE);
    }
    for who in by_urgency {
        match sys::recv_until(Mode::Open, Bits::NONE, Ticks(0)) {
            Received::Call(message) => check_eq!(message.caller.index, who),
            other => check!(false, "instead of a call: {:?}", other),
        }
    }
}

pub fn call_timeout(stage: &mut Stage) {
    let [port, header] = number(puppet_ports::IMPATIENT, KEEP, 64, 0);
    stage.prepare(tasks::VICTIM, &WORDS, &[port, header]);
    let begin = now();
    stage.order(tasks::VICTIM, Command::Trap { number: u64::from(syscall::CALL) });
    let results = stage.answer(tasks::VICTIM);
    let took = (now() - begin).to_us();
    check_eq!(results[..2], [syscall::TIMEOUT, 0]);
    check!((TIMEOUT_US..TIMEOUT_US + 200).contains(&took), "took {} us", took);
    check_eq!(stage.words(tasks::VICTIM), [0; 8]);

    // The late reply: the victim waits for the suite now, and goes on doing so.
    let kept = stage.does(tasks::SERVER, Command::Kept { index: 0 });
    check_eq!(kept[0], syscall::caller(tasks::VICTIM, 0));
    check_state(tasks::VICTIM, StateCode::InReply, tasks::SUITE);
    stage.trap_words(tasks::SERVER, syscall::REPLY, &WORDS, &[kept[0], 1, 64]);
    check_state(tasks::VICTIM, StateCode::InReply, tasks::SUITE);
    check_eq!(stage.words(tasks::VICTIM), [0; 8]);

    // A reply in time: its deadline concerns nothing that the caller does next.
    let [port, header] = number(puppet_ports::IMPATIENT, ECHO, 64, 0);
    let results = stage.trap_words(tasks::VICTIM, syscall::CALL, &WORDS, &[port, header]);
    check_eq!(results[0], echo(&WORDS).0);
    let x = [syscall::RECV_NOTIFICATIONS, GO];
    stage.order_trap(tasks::VICTIM, syscall::RECV, &[0; 8], &x);
    pause(2 * TIMEOUT_US);
    check_state(tasks::VICTIM, StateCode::InRecv, 0);
    check!(userlib::post(posts::victim::GO));
    check_eq!(stage.answer(tasks::VICTIM)[0], syscall::NOTIFIED);

    // The same while the call has not even been received, which it then never is.
    let [port, header] = number(puppet_ports::IMPATIENT, KEEP, 64, 0);
    let seen = stage.does(tasks::SERVER, Command::Count)[1];
    stage.prepare(tasks::VICTIM, &WORDS, &[port, header]);
    kernel::hold(tasks::SERVER);
    stage.order(tasks::VICTIM, Command::Trap { number: u64::from(syscall::CALL) });
    check_eq!(stage.answer(tasks::VICTIM)[..2], [syscall::TIMEOUT, 0]);
    kernel::start(tasks::SERVER);
    check_eq!(stage.does(tasks::SERVER, Command::Count)[1], seen + 1);
}

pub fn call_to_held(stage: &mut Stage) {
    let [port, header] = number(puppet_ports::SERVER, ECHO, 64, 0);
    stage.prepare(tasks::VICTIM, &WORDS, &[port, header]);
    kernel::hold(tasks::SERVER);
    check_state(tasks::SERVER, StateCode::Stopped, 0);
    stage.order(tasks::VICTIM, Command::Trap { number: u64::from(syscall::CALL) });
    pause(3 * TIMEOUT_US);
    check_state(tasks::VICTIM, StateCode::InCall, tasks::SERVER);
    kernel::start(tasks::SERVER);
    let (status, words) = echo(&WORDS);
    check_eq!(stage.answer(tasks::VICTIM)[..2], [status, 64]);
    check_eq!(stage.words(tasks::VICTIM), words);
}

pub fn call_chain(stage: &mut Stage) {
    // low (apps) calls the suite (rt), which calls the server (system).
    let [port, header] = number(puppet_ports::SUITE, PLAIN, 64, 0);
    stage.order_trap(tasks::LOW, syscall::CALL, &WORDS, &[port, header]);
    let message = stage.message(tasks::LOW);
    check_eq!(message.operation, PLAIN);
    check_eq!(message.words, WORDS);
    check_eq!(message.caller, Caller { index: tasks::LOW, generation: 0 });
    let answer = call(ports::SERVER, ECHO, &message.words);
    check_state(tasks::LOW, StateCode::InReply, tasks::SUITE);
    sys::reply(message.caller, answer.status, answer.length, &answer.words);
    let (status, words) = echo(&WORDS);
    check_eq!(stage.answer(tasks::LOW)[..2], [status, 64]);
    check_eq!(stage.words(tasks::LOW), words);
}
