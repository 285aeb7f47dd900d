//! Misuse: calls with arguments that aim at somebody else, and answers nobody asked for.

use super::WORDS;
use super::slices::{Span, lend};
use crate::check::{check, check_eq};
use crate::stage::{
    Stage, call, check_fault, check_state, name, number, pause, puppet_ports, same, snapshot,
    state, sum,
};
use crate::{notifications, ports, tasks, timers};
use abi::fault::{Fault, FaultKind};
use abi::kernel_op::{KernelOp, STATUS_FAULTED, StateCode};
use abi::limits::{PAGE, PANIC_BYTES, SPAN};
use abi::log::RING_DEFAULT;
use abi::syscall::{self, LEASE_R, LEASE_W};
use exov6_test_suite::Command;
use exov6_test_suite::command::{ECHO, KEEP, PLAIN, Place, Words};
use userlib::time::now;
use userlib::{Bits, Caller, Mode, Received, Ticks, kernel, sys};

const VICTIM: u32 = tasks::VICTIM;
const SERVER: u32 = tasks::SERVER;
const LINEAR: u64 = 0xffff_ff80_0000_0000;
/// Bit of the server's first timer.
const SERVER_T0: u64 = 1 << 2;

/// Addresses at which a task must not have anything written.
fn targets(span: &Span) -> [u64; 21] {
    // A place that only the suite has: the middle of its stack.
    let local = 0_u64;
    let another = core::ptr::from_ref(&local).expose_provenance() as u64;
    [
        LINEAR + 0x4020_0000,            // kernel text
        LINEAR + 0x4020_0000 + 0xb_0000, // its data
        LINEAR + 0x0900_0000,            // a device in its half
        LINEAR + 0x0801_000c,            // the interrupt controller
        u64::MAX - 7,
        u64::MAX - 1023,
        span.text,
        span.constants,
        span.initial,
        span.initial - 4, // partly
        span.data - 8,
        span.guard - 8,
        span.guard,
        span.guard + PAGE / 2,
        span.stack - 1,
        another,
        0,
        0x0900_0000,        // the device at its physical address
        SPAN - PAGE - PAGE, // the server's device; the end of the log ring of others
        SPAN - PAGE - 8,
        SPAN,
    ]
}

/// What the reference says of a write by this task.
fn may_write(span: &Span, who: u32, address: u64, length: u64) -> bool {
    // The server's device lies where the log ring's end lies in others.
    let ring = SPAN - PAGE - RING_DEFAULT - if who == SERVER { PAGE } else { 0 };
    let in_ring = address >= ring
        && address.checked_add(length).is_some_and(|end| end <= ring + RING_DEFAULT);
    let pieces = &span.pieces[..5];
    let in_piece = pieces.iter().any(|piece| {
        piece.rights & LEASE_W != 0
            && piece.start <= address
            && address.checked_add(length).is_some_and(|end| end <= piece.end)
    });
    length == 0 || in_piece || in_ring
}

pub fn out_ptr(stage: &mut Stage) {
    // The target of a copy from a lease: the server's own mistake.
    let span = Span::of(stage, SERVER);
    let quiet = [tasks::FP_A, tasks::LOW].map(|who| (who, stage.writable(who)));
    let others = || quiet.map(|(who, pieces)| pieces.map(|[from, to]| sum(who, from, to)));
    let (constants, initial) = ([span.text, span.data], [span.initial, span.initial + PAGE]);
    let own = || [constants, initial].map(|[from, to]| sum(SERVER, from, to));
    let (before, others_before) = (own(), others());
    let (mut refused, mut accepted) = (0, 0);
    for target in targets(&span) {
        for length in [0, 1, 8, 64] {
            let (handle, memory) = lend(stage);
            let x = [handle, 0, 0, target, length];
            if may_write(&span, SERVER, target, length) {
                check_eq!(stage.trap(SERVER, syscall::LEASE_READ, &x)[..2], [syscall::OK, length]);
                stage.trap(SERVER, syscall::REPLY, &[handle, 0, 0]);
                stage.answer(VICTIM);
                accepted += 1;
                continue;
            }
            stage.prepare(SERVER, &[0; 8], &x);
            let edge = kernel::dump(SERVER, span.initial - 64);
            let number = u64::from(syscall::LEASE_READ);
            let status = stage.faults(SERVER, Command::Trap { number });
            check_fault(&status, Fault::new(FaultKind::BadSlice, target));
            check_eq!(kernel::dump(VICTIM, memory), Some(WORDS));
            // Not even the part that could have been written.
            let after = kernel::dump(SERVER, span.initial - 64);
            check_eq!(after, edge, "{} bytes at {:#x}", length, target);
            stage.restart(SERVER);
            stage.answer(VICTIM);
            refused += 1;
        }
    }
    check!(refused > 40 && accepted > 20, "{} refused, {} accepted", refused, accepted);
    check_eq!(own(), before, "read-only memory of the server");

    // A lease that lets a server write: the caller's mistake, and the server hears nothing.
    let span = Span::of(stage, VICTIM);
    let table = stage.place(VICTIM, Place::Buffer);
    let [port, one] = number(puppet_ports::SERVER, ECHO, 0, 1);
    let [_, second] = number(puppet_ports::SERVER, ECHO, 0, 2);
    let seen = stage.does(SERVER, Command::Count)[1];
    for target in targets(&span) {
        for (length, rights) in [(1, LEASE_W), (64, LEASE_R | LEASE_W), (u32::MAX, LEASE_W)] {
            if may_write(&span, VICTIM, target, u64::from(length)) {
                continue;
            }
            let bad = [target, u64::from(length) | u64::from(rights) << 32];
            let fault = Fault::new(FaultKind::BadSlice, target);
            stage.poke(VICTIM, table, &bad);
            stage.trap_faults(VICTIM, syscall::CALL, &[port, one, table], fault);
            // Behind a good one.
            stage.poke(VICTIM, table, &[table, 8 | 3 << 32, bad[0], bad[1]]);
            stage.trap_faults(VICTIM, syscall::CALL, &[port, second, table], fault);
        }
    }
    check_eq!(stage.does(SERVER, Command::Count)[1], seen + 1, "calls that the server saw");
    check_eq!(others(), others_before, "memory of fp-a and low");
}

/// How to answer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Reply,
    ReplyReceive,
    Fault,
}

impl Answer {
    /// The suite answers a call.
    fn give(self, caller: Caller, words: &Words) {
        match self {
            Answer::Reply => sys::reply(caller, 0, 64, words),
            Answer::ReplyReceive => {
                sys::timer_set(timers::SECOND.number, Ticks(0), timers::SECOND.bits);
                let mode = Mode::Notifications;
                let got = sys::reply_recv(caller, 0, 64, words, mode, timers::SECOND.bits);
                check!(matches!(got, Received::Notified(_)), "{:?}", got);
            }
            Answer::Fault => sys::reply_fault(caller, abi::fault::Reason::AccessViolation),
        }
    }

    /// A puppet makes the system call, with a handle that may be anything.
    fn trap(self, stage: &mut Stage, who: u32, handle: u64, words: &Words) {
        match self {
            Answer::Reply => {
                stage.trap_words(who, syscall::REPLY, words, &[handle, 0, 64]);
            }
            Answer::ReplyReceive => {
                stage.trap(who, syscall::TIMER_SET, &[0, 0, SERVER_T0]);
                let x = [handle, 0, 64, syscall::RECV_NOTIFICATIONS, SERVER_T0];
                let results = stage.trap_words(who, syscall::REPLY_RECV, words, &x);
                check_eq!(results[..3], [syscall::NOTIFIED, 0, SERVER_T0]);
            }
            Answer::Fault => {
                stage.trap(who, syscall::REPLY_FAULT, &[handle, 5]);
            }
        }
    }
}

const ANSWERS: [Answer; 3] = [Answer::Reply, Answer::ReplyReceive, Answer::Fault];

pub fn double_reply(stage: &mut Stage) {
    let (first_words, second_words) = (WORDS, WORDS.map(|word| !word));
    for first in ANSWERS {
        for second in ANSWERS {
            // To one that is about to run, to one that has called again, to one that waits
            // for somebody else.
            for moment in 0..3 {
                stage.is_there(VICTIM);
                let [port, header] = number(puppet_ports::SUITE, PLAIN, 0, 0);
                stage.order_trap(VICTIM, syscall::CALL, &[7; 8], &[port, header]);
                let caller = stage.message(VICTIM).caller;
                first.give(caller, &first_words);
                if moment > 0 {
                    pause(50);
                }
                if moment == 2 && first != Answer::Fault {
                    stage.answer(VICTIM);
                    let [port, header] = number(puppet_ports::SERVER, KEEP, 0, 0);
                    stage.order_trap(VICTIM, syscall::CALL, &[7; 8], &[port, header]);
                    pause(50);
                    check_state(VICTIM, StateCode::InReply, SERVER);
                }
                let before = snapshot(&[]);
                second.give(caller, &second_words);
                same(&before, &[], format_args!("{first:?}, {second:?}, {moment}"));
                if first == Answer::Fault {
                    let from = Fault {
                        who: tasks::SUITE as u8,
                        reason: 5,
                        ..Fault::new(FaultKind::FromServer, 0)
                    };
                    let status = stage.fault(VICTIM);
                    check_fault(&status, from);
                    check_eq!(status.count, 1);
                    stage.restart(VICTIM);
                    continue;
                }
                if moment == 2 {
                    stage.restart(VICTIM);
                    continue;
                }
                check_eq!(stage.answer(VICTIM)[..2], [0, 64], "{:?}, {:?}", first, second);
                check_eq!(stage.words(VICTIM), first_words, "{:?}, {:?}", first, second);
            }
        }
    }
}

pub fn reply_dead(stage: &mut Stage) {
    let [port, header] = number(puppet_ports::SERVER, KEEP, 0, 1);
    // victim: has called, and was restarted. fp-a: has called, and faulted. fp-b: has never
    // called the server. held: has never run. low: waits in a receive.
    for who in [VICTIM, tasks::FP_A] {
        let table = stage.place(who, Place::Buffer);
        stage.poke(who, table, &[table, 64 | 3 << 32]);
        stage.order_trap(who, syscall::CALL, &WORDS, &[port, header, table]);
        pause(100);
        check_state(who, StateCode::InReply, SERVER);
    }
    stage.restart(VICTIM);
    kernel::fault(tasks::FP_A);
    stage.is_there(tasks::FP_B);
    let x = [syscall::RECV_NOTIFICATIONS, 1];
    stage.order_trap(tasks::LOW, syscall::RECV, &[0; 8], &x);
    pause(200);
    stage.does(SERVER, Command::Forget);
    check_eq!(
        kernel::status(tasks::FP_A).state,
        state(StateCode::InReply, SERVER) | STATUS_FAULTED
    );

    let count = tasks::NAMES.len() as u64;
    let indices = (0..count + 2).chain([31, 63, 64, 127, 0xff, 0x8000_0000, 0xffff_ffff]);
    let before = snapshot(&[SERVER]);
    let buffer = stage.place(SERVER, Place::Buffer);
    let mut tried = 0;
    for index in indices {
        for generation in [0, 1, 2, 0x8000_0000, u32::MAX] {
            let handle = index | u64::from(generation) << 32;
            if index == u64::from(tasks::SUITE) {
                // It does call the server: to let it make these very calls.
                continue;
            }
            for answer in ANSWERS {
                answer.trap(stage, SERVER, handle, &[u64::MAX; 8]);
            }
            for copy in [syscall::LEASE_READ, syscall::LEASE_WRITE] {
                let results = stage.trap(SERVER, copy, &[handle, 0, 0, buffer, 8]);
                check_eq!(results[..2], [syscall::DEFECT, 0], "{:#x}", handle);
            }
            same(&before, &[SERVER], format_args!("after answers to {handle:#x}"));
            tried += 1;
        }
    }
    check!(tried > 90, "{}", tried);
    check_eq!(kernel::status(SERVER).generation, 0);
    stage.does(VICTIM, Command::Nothing);
}

pub fn post_storm(stage: &mut Stage) {
    let all = [VICTIM, tasks::FP_A, tasks::FP_B, tasks::LOW];
    let bits = u64::from(notifications::POSTED.0);
    let begin = now();
    for who in all {
        stage.is_there(who);
    }
    // Each has its turn at the storm: the most urgent ends first.
    for (who, at) in all.into_iter().zip(1..) {
        let until = begin + Ticks::from_ms(25 * at);
        stage.order(who, Command::Storm { until: until.0, bits });
    }
    // Two neighbours: the suite, whom every post wakes or does not, and the server.
    let mut worst = 0;
    let mut woken = 0;
    let mut deadline = now() + Ticks::from_us(100);
    while now() < begin + Ticks::from_ms(99) {
        // Every other period the storm is waited for, too.
        let listens = (deadline.0 / 6250).is_multiple_of(2);
        let storm = if listens { notifications::POSTED } else { Bits::NONE };
        sys::timer_set(timers::ALARM.number, deadline, timers::ALARM.bits);
        loop {
            let mask = timers::ALARM.bits | storm;
            match sys::recv(Mode::Notifications, mask) {
                Received::Notified(bits) if !mask.contains(bits) => {
                    check!(false, "{:?} of {:?}", bits, mask);
                }
                Received::Notified(bits) if bits.intersects(timers::ALARM.bits) => break,
                Received::Notified(_) => woken += 1,
                other => check!(false, "{:?}", other),
            }
        }
        check!(now() >= deadline, "{} ticks early", (deadline - now()).0);
        worst = worst.max((now() - deadline).to_us());
        deadline += Ticks::from_us(100);
        // The server's receive ends at its time as well.
        let until = now() + Ticks::from_us(30);
        let x = [syscall::RECV_NOTIFICATIONS, SERVER_T0, 0, until.0];
        check_eq!(stage.trap(SERVER, syscall::RECV_UNTIL, &x)[0], syscall::TIMED_OUT);
        check!((now() - until).to_us() < 60, "{} us", (now() - until).to_us());
        if deadline < now() {
            deadline = now() + Ticks::from_us(50);
        }
    }
    check!(worst < 20, "{} us late", worst);
    check!(woken > 1000, "woken {} times", woken);
    let mut posts = 0;
    for who in all {
        let count = stage.answer(who)[0];
        check!(count > 500, "{} has posted {} times", name(who), count);
        posts += count;
    }
    check!(posts > 10_000, "{} posts", posts);
    check_eq!(call(ports::SERVER, ECHO, &[3; 8]).status, 3);
}

/// Words of which every byte beyond a length is zero.
fn cut(words: &Words, length: usize) -> Words {
    core::array::from_fn(|at| {
        let bytes = words[at].to_le_bytes();
        let kept = core::array::from_fn(|n| if at * 8 + n < length { bytes[n] } else { 0 });
        u64::from_le_bytes(kept)
    })
}

pub fn pad(stage: &mut Stage) {
    let junk = WORDS.map(|word| word | 0x8080_8080_8080_8080);
    for length in 0..=64_u16 {
        // To the suite, and back by both ways to answer.
        let [port, header] = number(puppet_ports::SUITE, PLAIN, length, 0);
        stage.order_trap(VICTIM, syscall::CALL, &junk, &[port, header]);
        let message = stage.message(VICTIM);
        check_eq!(message.length, usize::from(length));
        check_eq!(message.words, cut(&junk, length.into()), "to a server, {} bytes", length);
        let answer = junk.map(|word| !word);
        let back = usize::from(64 - length);
        if length % 2 == 0 {
            sys::reply(message.caller, 0, back, &answer);
        } else {
            sys::timer_set(timers::SECOND.number, Ticks(0), timers::SECOND.bits);
            let mode = Mode::Notifications;
            let bits = timers::SECOND.bits;
            match sys::reply_recv(message.caller, 0, back, &answer, mode, bits) {
                Received::Notified(_) => {}
                other => check!(false, "{:?}", other),
            }
        }
        check_eq!(stage.answer(VICTIM)[..2], [0, back as u64]);
        check_eq!(stage.words(VICTIM), cut(&answer, back), "to a client, {} bytes", back);
        // To a waiting server, which gets the call directly: as it is kept, five words show.
        let [port, header] = number(puppet_ports::IMPATIENT, KEEP, length, 0);
        stage.order_trap(VICTIM, syscall::CALL, &junk, &[port, header]);
        pause(60);
        let kept = stage.does(SERVER, Command::Kept { index: 0 });
        check_eq!(kept[3..], cut(&junk, length.into())[..5], "directly, {} bytes", length);
        stage.does(SERVER, Command::Forget);
        stage.trap_words(SERVER, syscall::REPLY, &answer, &[kept[0], 0, back as u64]);
        stage.answer(VICTIM);
        check_eq!(stage.words(VICTIM), cut(&answer, back));
    }
    told_by_the_kernel(stage, &junk);
}

/// Panic messages, dumps and empty results, as they lie in the registers.
fn told_by_the_kernel(stage: &mut Stage, junk: &Words) {
    let low = tasks::LOW;
    let asks = |stage: &mut Stage, operation: KernelOp, argument: u64| {
        let x = [operation as u64, u64::from(low), argument];
        let status = stage.trap_words(VICTIM, syscall::KERNEL_OP, junk, &x)[0];
        (status, stage.words(VICTIM))
    };
    // Nothing to tell, and nothing of the old words in its place.
    check_eq!(asks(stage, KernelOp::PanicMessage, 0), (syscall::NONE, [0; 8]));
    for address in [0, SPAN, LINEAR + 0x4020_0000, u64::MAX - 3] {
        check_eq!(asks(stage, KernelOp::Dump, address), (syscall::NONE, [0; 8]), "{:#x}", address);
    }
    for length in [1, 7, 8, 63, 64, 65, 100, PANIC_BYTES as u64] {
        let buffer = stage.place(low, Place::Buffer);
        stage.poke(low, buffer, &[u64::MAX; 20]);
        stage.prepare(low, &[0; 8], &[buffer + 3, length]);
        stage.faults(low, Command::Trap { number: u64::from(syscall::PANIC) });
        for offset in [0, 1, 64, length - 1, length, length + 1, 1 << 32] {
            let (status, words) = asks(stage, KernelOp::PanicMessage, offset);
            let left = (length as usize).checked_sub(offset as usize);
            let expected = left.map_or([0; 8], |left| cut(&[u64::MAX; 8], left));
            let code = if left.is_some() { length } else { syscall::NONE };
            check_eq!((status, words), (code, expected), "{} at {}", length, offset);
        }
        stage.restart(low);
    }
}
