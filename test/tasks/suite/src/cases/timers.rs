//! Timers, and who runs when they fire.

use crate::check::{check, check_eq};
use crate::stage::{Stage, check_state, nobody_calls, pause};
use crate::{notifications, posts, tasks, timers};
use abi::fault::{Fault, FaultKind};
use abi::kernel_op::StateCode;
use abi::limits::MAX_TIMERS;
use abi::syscall;
use exov6_test_suite::Command;
use userlib::time::now;
use userlib::{Bits, Mode, Received, Ticks, sys};

/// A puppet's first timer bit; the others follow. The server has its interrupt there.
const PUPPET_T0: u64 = 1 << 2;
const SERVER_T0: u64 = 1 << 2;
const ALL_TIMERS: u64 = 0xff * PUPPET_T0;
const GO: u64 = 1;

const ALARM: userlib::Timer = timers::ALARM;
const SECOND: userlib::Timer = timers::SECOND;

/// Bits of the mask that come until `deadline`.
fn receive(mask: Bits, deadline: Ticks) -> Bits {
    match sys::recv_until(Mode::Notifications, mask, deadline) {
        Received::Notified(bits) => bits,
        _ => Bits::NONE,
    }
}

fn set(timer: userlib::Timer, deadline: Ticks) {
    sys::timer_set(timer.number, deadline, timer.bits);
}

pub fn timer_fires(stage: &mut Stage) {
    for us in [1, 10, 100, 1500, 20_000] {
        let deadline = now() + Ticks::from_us(us);
        set(ALARM, deadline);
        check_eq!(receive(ALARM.bits, deadline + Ticks::from_ms(1)), ALARM.bits, "{} us", us);
        let late = (now() - deadline).to_us();
        check!(now() >= deadline && late < 20, "{} us after {} us", late, us);
    }
    // It interrupts a task that works, too.
    let deadline = now() + Ticks::from_us(500);
    stage.order(tasks::VICTIM, Command::Spin { until: (deadline + Ticks::from_us(500)).0 });
    set(ALARM, deadline);
    check_eq!(receive(ALARM.bits, deadline + Ticks::from_ms(1)), ALARM.bits);
    let late = (now() - deadline).to_us();
    check!(now() >= deadline && late < 20, "{} us late", late);
    check_state(tasks::VICTIM, StateCode::Runnable, 0);
    stage.answer(tasks::VICTIM);
}

pub fn timer_past(stage: &mut Stage) {
    for deadline in [Ticks(0), Ticks(1), now() - Ticks(1), now()] {
        set(ALARM, deadline);
        check_eq!(receive(ALARM.bits, Ticks(0)), ALARM.bits, "{:?}", deadline);
        check_eq!(receive(ALARM.bits, now() + Ticks::from_us(500)), Bits::NONE, "fired twice");
    }
    let _ = stage;
}

pub fn timer_replace_cancel(stage: &mut Stage) {
    let begin = now();
    let at = |us| begin + Ticks::from_us(us);
    set(ALARM, at(1000));
    set(ALARM, at(3000));
    check_eq!(receive(ALARM.bits, at(2500)), Bits::NONE, "the first deadline was replaced");
    check_eq!(receive(ALARM.bits, at(3500)), ALARM.bits);

    set(ALARM, at(8000));
    set(ALARM, at(5000));
    check_eq!(receive(ALARM.bits, at(6000)), ALARM.bits);
    check_eq!(receive(ALARM.bits, at(9000)), Bits::NONE, "the later deadline was replaced");

    set(ALARM, at(10_000));
    set(SECOND, at(10_000));
    sys::timer_cancel(ALARM.number);
    check_eq!(receive(ALARM.bits | SECOND.bits, at(12_000)), SECOND.bits);
    check_eq!(receive(ALARM.bits, at(13_000)), Bits::NONE, "cancelled");
    // Cancelling what is not set is nothing; a bit that was set stays.
    sys::timer_cancel(ALARM.number);
    set(ALARM, Ticks(0));
    sys::timer_cancel(ALARM.number);
    check_eq!(receive(ALARM.bits, Ticks(0)), ALARM.bits);

    let deadline = u64::MAX;
    for timer in [8, 0xff, 0x100, 1 << 32, u64::MAX] {
        let fault = Fault::new(FaultKind::BadTimer, timer);
        stage.trap_faults(tasks::VICTIM, syscall::TIMER_SET, &[timer, deadline, PUPPET_T0], fault);
        stage.trap_faults(tasks::VICTIM, syscall::TIMER_CANCEL, &[timer], fault);
    }
    for bits in [1 << 10, 1 << 31, 1 << 32 | 1] {
        let fault = Fault::new(FaultKind::BadBits, bits);
        stage.trap_faults(tasks::VICTIM, syscall::TIMER_SET, &[0, deadline, bits], fault);
    }
}

pub fn timer_many(stage: &mut Stage) {
    let below = [tasks::VICTIM, tasks::FP_A, tasks::FP_B, tasks::LOW];
    let instant = now() + Ticks::from_ms(40);
    for who in below.into_iter().chain([tasks::SERVER]) {
        let first = if who == tasks::SERVER { SERVER_T0 } else { PUPPET_T0 };
        for timer in 0..MAX_TIMERS as u64 {
            let x = [timer, instant.0, first << timer];
            stage.trap(who, syscall::TIMER_SET, &x);
        }
    }
    set(ALARM, instant);
    set(SECOND, instant);
    // The least urgent waits first; their order in waking is not that of waiting.
    for who in below.into_iter().rev() {
        let x = [syscall::RECV_NOTIFICATIONS, ALL_TIMERS];
        stage.order_trap(who, syscall::RECV, &[0; 8], &x);
        pause_until_idle(stage, who);
    }
    check!(now() < instant, "the preparation took too long");
    let both = ALARM.bits | SECOND.bits;
    let mut mine = receive(both, instant + Ticks::from_ms(1));
    check!(now() >= instant);
    mine |= receive(both, Ticks(0));
    check_eq!(mine, both);

    let mut order = [u32::MAX; 4];
    for place in &mut order {
        match sys::recv_until(Mode::Open, Bits::NONE, now() + Ticks::from_ms(5)) {
            Received::Call(message) => {
                *place = message.caller.index;
                check_eq!(message.words[0], syscall::NOTIFIED, "{}", message.caller.index);
                let mut bits = message.words[2];
                let who = message.caller.index;
                stage.note(message);
                // What fired in a later batch.
                let x = [syscall::RECV_NOTIFICATIONS, ALL_TIMERS, 0, 0];
                if bits != ALL_TIMERS {
                    bits |= stage.trap(who, syscall::RECV_UNTIL, &x)[2];
                }
                check_eq!(bits, ALL_TIMERS);
            }
            other => check!(false, "instead of a call: {:?}", other),
        }
    }
    check_eq!(order, below);
    let x = [syscall::RECV_NOTIFICATIONS, 0xff * SERVER_T0, 0, 0];
    let results = stage.trap(tasks::SERVER, syscall::RECV_UNTIL, &x);
    check_eq!(results[..3], [syscall::NOTIFIED, 0, 0xff * SERVER_T0]);
}

/// Lets a puppet below get to its receive.
fn pause_until_idle(_: &mut Stage, who: u32) {
    // By the receive's own deadline: the alarm is in use.
    let until = now() + Ticks::from_us(500);
    check_eq!(receive(notifications::EXTRA, until), Bits::NONE);
    check_state(who, StateCode::InRecv, 0);
}

pub fn timer_restart(stage: &mut Stage) {
    let deadline = now() + Ticks::from_ms(5);
    stage.trap(tasks::VICTIM, syscall::TIMER_SET, &[0, deadline.0, PUPPET_T0]);
    stage.restart(tasks::VICTIM);
    check!(now() < deadline, "the restart took too long");
    let until = deadline + Ticks::from_ms(2);
    let x = [syscall::RECV_NOTIFICATIONS, ALL_TIMERS, 0, until.0];
    check_eq!(stage.trap(tasks::VICTIM, syscall::RECV_UNTIL, &x)[0], syscall::TIMED_OUT);

    // So does a wait with a deadline: the new life is not woken by it.
    let until = now() + Ticks::from_ms(2);
    let x = [syscall::RECV_NOTIFICATIONS, ALL_TIMERS, 0, until.0];
    stage.order_trap(tasks::VICTIM, syscall::RECV_UNTIL, &[0; 8], &x);
    pause(300);
    check_state(tasks::VICTIM, StateCode::InRecv, 0);
    stage.restart(tasks::VICTIM);
    let x = [syscall::RECV_NOTIFICATIONS, GO];
    stage.order_trap(tasks::VICTIM, syscall::RECV, &[0; 8], &x);
    pause(5000);
    check_state(tasks::VICTIM, StateCode::InRecv, 0);
}

pub fn timer_extremes(_: &mut Stage) {
    for (name, deadline) in
        [("now - 1", now() - Ticks(1)), ("now", now()), ("now + 1", now() + Ticks(1))]
    {
        set(ALARM, deadline);
        let limit = now() + Ticks::from_us(50);
        check_eq!(receive(ALARM.bits, limit), ALARM.bits, "{}", name);
    }
    for deadline in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, 1 << 56] {
        set(ALARM, Ticks(deadline));
        // Another timer is not kept from firing by it.
        let soon = now() + Ticks::from_ms(1);
        set(SECOND, soon);
        let both = ALARM.bits | SECOND.bits;
        check_eq!(receive(both, soon + Ticks::from_ms(1)), SECOND.bits, "{:#x}", deadline);
        check_eq!(receive(both, now() + Ticks::from_ms(5)), Bits::NONE, "{:#x}", deadline);
        sys::timer_cancel(ALARM.number);
    }
    // A wait with no end in sight ends by a bit.
    set(ALARM, now() + Ticks::from_ms(1));
    check_eq!(receive(ALARM.bits, Ticks(u64::MAX)), ALARM.bits);
}

/// The interrupt is the timer's own; a device that could interrupt an idle core by
/// itself, in virtual time, is not on this board.
pub fn idle_wakes(stage: &mut Stage) {
    let waiting = [tasks::VICTIM, tasks::FP_A, tasks::LOW];
    for who in waiting {
        let x = [syscall::RECV_NOTIFICATIONS, GO];
        stage.order_trap(who, syscall::RECV, &[0; 8], &x);
    }
    pause(500);
    let seen = stage.does(tasks::SERVER, Command::Count)[1];
    for ms in [1, 10, 100] {
        let begin = now();
        pause(ms * 1000);
        let slept = (now() - begin).to_us();
        check!(slept >= ms * 1000 && slept < ms * 1000 + 20, "{} us instead of {} ms", slept, ms);
        for who in waiting {
            check_state(who, StateCode::InRecv, 0);
        }
    }
    check_eq!(stage.does(tasks::SERVER, Command::Count)[1], seen + 1);
    check!(userlib::post(posts::low::GO));
    check_eq!(stage.answer(tasks::LOW)[..3], [syscall::NOTIFIED, 0, GO]);
}

pub fn band_order(stage: &mut Stage) {
    // Two that work for a while: low is ready first, and is given up at once for the
    // victim, and neither keeps the suite from its time.
    let begin = now();
    let at = |us| begin + Ticks::from_us(us);
    stage.is_there(tasks::VICTIM);
    stage.is_there(tasks::LOW);
    let x = [syscall::RECV_NOTIFICATIONS, GO];
    stage.order_trap(tasks::VICTIM, syscall::RECV, &[0; 8], &x);
    stage.order(tasks::LOW, Command::Spin { until: at(6000).0 });
    pause(500);
    check_state(tasks::LOW, StateCode::Runnable, 0);
    check_state(tasks::VICTIM, StateCode::InRecv, 0);
    check!(userlib::post(posts::victim::GO));
    check_eq!(stage.answer(tasks::VICTIM)[..3], [syscall::NOTIFIED, 0, GO]);
    check!(now() < at(6000), "the victim waited for low");
    check!(!stage.waits(tasks::LOW));

    // While the victim works, low does not, whatever its deadline was.
    let until = at(9000);
    stage.order(tasks::VICTIM, Command::Spin { until: until.0 });
    check!(stage.answer(tasks::VICTIM)[0] >= until.0);
    check!(!stage.waits(tasks::LOW) && nobody_calls(stage), "low ran beside the victim");
    check!(stage.answer(tasks::LOW)[0] >= until.0, "low's loop ended while the victim worked");
}
