//! Restart: one life ends, the next begins as the image says.

use super::WORDS;
use crate::check::{check, check_eq};
use crate::stage::{Stage, call, check_state, name, nobody_calls, number, pause, puppet_ports};
use crate::{ports, tasks};
use abi::kernel_op::{
    KernelOp, RESTART_HOLD, RESTART_START, STATUS_DISABLED, STATUS_FAULTED, StateCode,
};
use abi::syscall;
use exov6_test_suite::Command;
use exov6_test_suite::command::{BUFFER_BYTES, DATA, ECHO, KEEP, Place};
use userlib::time::now;
use userlib::{Ticks, kernel};

const VICTIM: u32 = tasks::VICTIM;
const GO: u64 = 1;

#[track_caller]
fn word(who: u32, address: u64) -> Option<u64> {
    // The words before it, where it is the last of its region.
    kernel::dump(who, address - 56).map(|words| words[7])
}

pub fn restart_fresh(stage: &mut Stage) {
    for who in [VICTIM, tasks::FP_A] {
        let places = stage.does(who, Command::Places { first: 0 });
        let [_, _, _, bottom, top, end, buffer, _] = places;
        let data = stage.place(who, Place::Data);
        let zero = stage.place(who, Place::Zero);
        let image = [
            (data, DATA),
            (zero, 0),
            (buffer, 0),
            (buffer + BUFFER_BYTES - 8, 0),
            (bottom + 64, 0),
            (bottom + 512, 0),
            (end - 8, 0),
        ];
        check!(bottom + 512 < top);
        for (address, value) in image {
            check_eq!(word(who, address), Some(value), "at first, {:#x}", address);
            stage.does(who, Command::Write { address, value: !value });
            check_eq!(word(who, address), Some(!value));
        }
        stage.restart(who);
        for (address, value) in image {
            check_eq!(word(who, address), Some(value), "afterwards, {:#x}", address);
        }
    }
    // Registers, as far as somebody else can see them: a life that has not begun.
    let [entry, _, _, _, top, ..] = stage.does(VICTIM, Command::Places { first: 0 });
    kernel::restart_held(VICTIM);
    stage.forget(VICTIM);
    let status = kernel::status(VICTIM);
    check_eq!([status.pc, status.sp], [entry, top]);

    // Floating point, whoever asked for the restart: nothing is left of the old life.
    let who = tasks::FP_A;
    let seed = 0x0123_4567_89ab_cdef;
    stage.does(who, Command::SpinFp { until: 0, seed });
    check!(stage.does(who, Command::CountFp { seed })[0] > 16, "the pattern is not there at all");
    stage.restart(who);
    check_eq!(stage.does(who, Command::CountFp { seed })[0], 0, "restarted by the suite");
    stage.prepare(who, &[0; 8], &[KernelOp::Restart as u64, u64::from(who), RESTART_START]);
    stage.does(who, Command::SpinFp { until: 0, seed });
    stage.order(who, Command::Trap { number: u64::from(syscall::KERNEL_OP) });
    stage.comes_back(who, 3);
    check_eq!(stage.does(who, Command::CountFp { seed })[0], 0, "restarted by itself");
}

pub fn restart_keeps_uninit(stage: &mut Stage) {
    let uninit = stage.place(VICTIM, Place::Uninit);
    let zero = stage.place(VICTIM, Place::Zero);
    for value in [0x5eed_5eed_5eed_5eed, 1] {
        stage.does(VICTIM, Command::Write { address: uninit, value });
        stage.does(VICTIM, Command::Write { address: zero, value });
        stage.restart(VICTIM);
        check_eq!(stage.does(VICTIM, Command::Read { address: uninit })[0], value);
        check_eq!(stage.does(VICTIM, Command::Read { address: zero })[0], 0);
    }
    // By a fault, too.
    stage.faults(VICTIM, Command::Read { address: 0 });
    stage.restart(VICTIM);
    check_eq!(stage.does(VICTIM, Command::Read { address: uninit })[0], 1);
}

/// Puts the victim into a state.
type Bring = fn(&mut Stage);

pub fn restart_each_state(stage: &mut Stage) {
    // Two bystanders, one that waits for the server's reply and one for a bit.
    let [port, keep] = number(puppet_ports::SERVER, KEEP, 8, 0);
    stage.order_trap(tasks::FP_A, syscall::CALL, &WORDS, &[port, keep]);
    let x = [syscall::RECV_NOTIFICATIONS, GO];
    stage.order_trap(tasks::LOW, syscall::RECV, &[0; 8], &x);
    pause(500);
    let bystanders = || [kernel::status(tasks::FP_A), kernel::status(tasks::LOW)];
    let before = bystanders();
    check_eq!(before[0].state & 0xff, StateCode::InReply as u64);
    check_eq!(before[1].state & 0xff, StateCode::InRecv as u64);

    let states: [(StateCode, u32, Bring); 9] = [
        (StateCode::Runnable, 0, |stage| {
            let until = now() + Ticks::from_ms(50);
            stage.order(VICTIM, Command::Spin { until: until.0 });
            pause(50);
        }),
        (StateCode::InCall, tasks::SERVER, |stage| {
            let [port, header] = number(puppet_ports::SERVER, KEEP, 8, 0);
            stage.prepare(VICTIM, &WORDS, &[port, header]);
            kernel::hold(tasks::SERVER);
            stage.order(VICTIM, Command::Trap { number: u64::from(syscall::CALL) });
            pause(50);
        }),
        (StateCode::InReply, tasks::SERVER, |stage| {
            let [port, header] = number(puppet_ports::SERVER, KEEP, 8, 0);
            stage.order_trap(VICTIM, syscall::CALL, &WORDS, &[port, header]);
            pause(50);
        }),
        (StateCode::InReply, tasks::SUITE, |stage| stage.is_there(VICTIM)),
        (StateCode::InCall, tasks::SUITE, |stage| {
            stage.order(VICTIM, Command::Nothing);
            pause(50);
        }),
        (StateCode::InRecv, 0, |stage| {
            let x = [syscall::RECV_OPEN, GO, 0, (now() + Ticks::from_ms(1)).0];
            stage.order_trap(VICTIM, syscall::RECV_UNTIL, &[0; 8], &x);
            pause(50);
        }),
        (StateCode::Stopped, 0, |stage| {
            stage.is_there(VICTIM);
            kernel::hold(VICTIM);
        }),
        (StateCode::Stopped, 0, |stage| {
            stage.is_there(VICTIM);
            kernel::restart_held(VICTIM);
            kernel::hold(VICTIM);
        }),
        (StateCode::Runnable, 0, |stage| {
            stage.faults(VICTIM, Command::Read { address: 0 });
        }),
    ];
    for ((code, peer, bring), at) in states.into_iter().zip(0..) {
        bring(stage);
        let status = kernel::status(VICTIM);
        check_eq!(status.state & !STATUS_FAULTED, code as u64 | u64::from(peer) << 16, "{}", at);
        kernel::restart(VICTIM);
        check_state(VICTIM, StateCode::Runnable, 0);
        kernel::start(tasks::SERVER);
        check_state(tasks::SERVER, StateCode::InRecv, 0);
        stage.comes_back(VICTIM, status.generation + 1);
        // Neither its old wait's deadline nor an old message concerns the new life.
        stage.does(VICTIM, Command::Nothing);
        pause(2000);
        check_state(VICTIM, StateCode::InReply, tasks::SUITE);
        check_eq!(bystanders(), before, "restart in state {}", at);
    }
    // The bystander's call can still be answered.
    let handle = syscall::caller(tasks::FP_A, 0);
    stage.trap(tasks::SERVER, syscall::REPLY, &[handle, 5, 0]);
    check_eq!(stage.answer(tasks::FP_A)[..2], [5, 0]);
}

pub fn restart_self(stage: &mut Stage) {
    let x = |argument| [KernelOp::Restart as u64, u64::from(VICTIM), argument];
    let trap = Command::Trap { number: u64::from(syscall::KERNEL_OP) };
    for generation in 1..4 {
        stage.prepare(VICTIM, &[0; 8], &x(RESTART_START));
        stage.order(VICTIM, trap);
        stage.comes_back(VICTIM, generation);
    }
    // To be held is to wait for a start.
    stage.prepare(VICTIM, &[0; 8], &x(RESTART_HOLD));
    stage.order(VICTIM, trap);
    pause(1000);
    check_state(VICTIM, StateCode::Stopped, 0);
    check_eq!(kernel::status(VICTIM).generation, 4);
    kernel::start(VICTIM);
    stage.comes_back(VICTIM, 4);
}

pub fn restart_generation(stage: &mut Stage) {
    let all = [puppet_ports::SERVER, puppet_ports::IMPATIENT, puppet_ports::NARROW];
    let calls = |stage: &mut Stage, who, port| {
        let [port, header] = number(port, ECHO, 8, 0);
        let results = stage.trap_words(who, syscall::CALL, &WORDS, &[port, header]);
        (results[0], stage.words(who)[0])
    };
    let echoed = exov6_test_suite::command::echo(&[WORDS[0], 0, 0, 0, 0, 0, 0, 0]);
    for who in [VICTIM, tasks::LOW] {
        check_eq!(calls(stage, who, all[0]), (echoed.0, echoed.1[0]));
    }
    stage.restart(tasks::SERVER);
    let seen = stage.does(tasks::SERVER, Command::Count)[1];
    for who in [VICTIM, tasks::LOW] {
        for port in all {
            check_eq!(calls(stage, who, port), (syscall::DEAD, 0), "{}, {}", name(who), port);
            for _ in 0..2 {
                let answer = calls(stage, who, port);
                check_eq!(answer, (echoed.0, echoed.1[0]), "{}, {}", name(who), port);
            }
        }
    }
    // What was told to be dead did not reach the new server.
    check_eq!(stage.does(tasks::SERVER, Command::Count)[1], seen + 1 + 2 * 3 * 2);
    // Twice restarted in between is told once.
    stage.restart(tasks::SERVER);
    stage.restart(tasks::SERVER);
    check_eq!(calls(stage, VICTIM, all[0]).0, syscall::DEAD);
    check_eq!(calls(stage, VICTIM, all[0]).0, echoed.0);
    // A call that is wrong is wrong first.
    stage.restart(tasks::SERVER);
    let [port, header] = number(puppet_ports::NARROW, KEEP, 8, 0);
    let fault = abi::fault::Fault::new(abi::fault::FaultKind::BadOperation, u64::from(KEEP));
    stage.trap_faults(VICTIM, syscall::CALL, &[port, header], fault);
}

pub fn restart_held(stage: &mut Stage) {
    // As app.toml says, from boot on.
    let held = tasks::HELD;
    check_state(held, StateCode::Stopped, 0);
    pause(5000);
    check_state(held, StateCode::Stopped, 0);
    check!(nobody_calls(stage) || !stage.waits(held));
    kernel::start(held);
    stage.comes_back(held, 0);
    stage.does(held, Command::Nothing);

    // After a restart that says so, with nothing of its start code done.
    stage.is_there(VICTIM);
    kernel::restart_held(VICTIM);
    stage.forget(VICTIM);
    let status = kernel::status(VICTIM);
    pause(5000);
    check_eq!(kernel::status(VICTIM), status);
    check_state(VICTIM, StateCode::Stopped, 0);
    check_eq!(status.generation, 1);
    kernel::start(VICTIM);
    stage.comes_back(VICTIM, 1);

    // One that is held while it works goes on where it was.
    let until = now() + Ticks::from_ms(3);
    stage.order(VICTIM, Command::Spin { until: until.0 });
    pause(500);
    kernel::hold(VICTIM);
    pause(10_000);
    check_state(VICTIM, StateCode::Stopped, 0);
    check!(!stage.waits(VICTIM));
    kernel::start(VICTIM);
    check!(stage.answer(VICTIM)[0] >= until.0 + Ticks::from_ms(5).0);
    check_eq!(kernel::status(VICTIM).generation, 1);
}

/// Every task begins with the last generation but one.
pub fn restart_generation_end(stage: &mut Stage) {
    let last = u64::from(u32::MAX);
    let [port, echo] = number(puppet_ports::SERVER, ECHO, 8, 0);
    for who in [VICTIM, tasks::SERVER] {
        check_eq!(kernel::status(who).generation, last - 1);
    }
    // The last life is a life like any other, also in the handles that name it.
    stage.is_there(VICTIM);
    stage.restart(VICTIM);
    check_eq!(kernel::status(VICTIM).generation, last);
    stage.restart(tasks::SERVER);
    for status in [syscall::DEAD, WORDS[0] & 0xffff] {
        let results = stage.trap_words(VICTIM, syscall::CALL, &WORDS, &[port, echo]);
        check_eq!(results[0], status);
    }

    // Its end is the end: who waits for it is told, and so is whoever comes later, each
    // time and at once, also where a timeout would do.
    let [port, keep] = number(puppet_ports::SERVER, KEEP, 0, 0);
    stage.order_trap(VICTIM, syscall::CALL, &[0; 8], &[port, keep]);
    pause(100);
    check_state(VICTIM, StateCode::InReply, tasks::SERVER);
    kernel::restart(tasks::SERVER);
    check_eq!(stage.answer(VICTIM)[0], syscall::DEAD);
    for _ in 0..3 {
        for port in [ports::SERVER, ports::IMPATIENT, ports::NARROW] {
            check_eq!(call(port, ECHO, &WORDS).status, syscall::DEAD, "{:?}", port);
        }
        check_eq!(stage.trap(VICTIM, syscall::CALL, &[port, echo])[0], syscall::DEAD);
        check!(!userlib::post(crate::posts::server::GO));
    }
    // Neither a restart nor a start brings it back, and it says so.
    for _ in 0..2 {
        let status = kernel::status(tasks::SERVER);
        check_eq!(status.generation, last);
        check!(status.state & STATUS_DISABLED != 0, "state {:#x}", status.state);
        kernel::start(tasks::SERVER);
        kernel::restart(tasks::SERVER);
        pause(1000);
    }
    let begun = kernel::status(tasks::SERVER);
    check_eq!(begun.pc, kernel::status(tasks::SERVER).pc);
    check!(kernel::status(VICTIM).state & STATUS_DISABLED == 0);
    stage.does(VICTIM, Command::Nothing);
}
