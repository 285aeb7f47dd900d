//! Posts: bits that one task sets in another.

use crate::check::{check, check_eq};
use crate::stage::{Stage, check_state, nobody_calls};
use crate::{notifications, posts, tasks};
use abi::fault::{Fault, FaultKind};
use abi::kernel_op::StateCode;
use abi::syscall;
use exov6_test_suite::Command;
use userlib::time::now;
use userlib::{Bits, Mode, Received, Ticks, kernel, sys};

const POSTED: u64 = notifications::POSTED.0 as u64;
/// A puppet's bits.
const GO: u64 = 1;
const EXTRA: u64 = 2;

/// Takes posted bits that are there already.
fn take(mask: Bits) -> Bits {
    match sys::recv_until(Mode::Notifications, mask, Ticks(0)) {
        Received::Notified(bits) => bits,
        _ => Bits::NONE,
    }
}

/// What a puppet's receive of bits gives, if it does not wait beyond `us`.
fn receive(stage: &mut Stage, who: u32, mask: u64, us: u64) -> [u64; 3] {
    let deadline = now() + Ticks::from_us(us);
    let x = [syscall::RECV_NOTIFICATIONS, mask, 0, deadline.0];
    let results = stage.trap(who, syscall::RECV_UNTIL, &x);
    [results[0], results[1], results[2]]
}

pub fn post_bits(stage: &mut Stage) {
    let all = notifications::POSTED | notifications::EXTRA;
    check_eq!(stage.trap(tasks::VICTIM, syscall::POST, &[0, POSTED])[0], syscall::OK);
    check_eq!(take(notifications::EXTRA), Bits::NONE);
    check_eq!(take(all), notifications::POSTED);
    check_eq!(take(all), Bits::NONE, "taken twice");
    check_eq!(stage.trap(tasks::VICTIM, syscall::POST, &[0, 0])[0], syscall::OK);
    check_eq!(take(all), Bits::NONE);

    check!(userlib::post(posts::victim::GO));
    check_eq!(receive(stage, tasks::VICTIM, GO | EXTRA, 100), [syscall::NOTIFIED, 0, GO]);

    for bits in [POSTED << 1, POSTED | 1, POSTED | 1 << 32, 1 << 31, u64::MAX] {
        let fault = Fault::new(FaultKind::BadBits, bits);
        stage.trap_faults(tasks::VICTIM, syscall::POST, &[0, bits], fault);
        check_eq!(take(all), Bits::NONE, "by {:#x}", bits);
    }
    // Grant 0 is to the suite, 1 to the log.
    for grant in [2, 63, 64, 0x100, 1 << 32, u64::MAX] {
        let fault = Fault::new(FaultKind::BadPost, grant);
        stage.trap_faults(tasks::VICTIM, syscall::POST, &[grant, POSTED], fault);
    }
}

pub fn post_wakes_more_urgent(stage: &mut Stage) {
    stage.order_trap(tasks::VICTIM, syscall::POST, &[0; 8], &[0, POSTED]);
    match sys::recv_until(Mode::Open, notifications::POSTED, now() + Ticks::from_ms(10)) {
        Received::Notified(bits) => check_eq!(bits, notifications::POSTED),
        other => check!(false, "instead of the bit: {:?}", other),
    }
    // The poster has not had the time to call.
    check_state(tasks::VICTIM, StateCode::Runnable, 0);
    check!(nobody_calls(stage), "the poster went on");
    check_eq!(stage.answer(tasks::VICTIM)[0], syscall::OK);

    // And one that is less urgent waits, although it is ready now.
    stage.order_trap(tasks::LOW, syscall::RECV, &[0; 8], &[syscall::RECV_NOTIFICATIONS, GO]);
    crate::stage::pause(500);
    check_state(tasks::LOW, StateCode::InRecv, 0);
    check!(userlib::post(posts::low::GO));
    check_state(tasks::LOW, StateCode::Runnable, 0);
    check!(nobody_calls(stage), "a less urgent task has run");
    check_eq!(stage.answer(tasks::LOW)[..3], [syscall::NOTIFIED, 0, GO]);
}

pub fn post_while_calling(stage: &mut Stage) {
    stage.does(tasks::VICTIM, Command::Nothing);
    check_state(tasks::VICTIM, StateCode::InReply, tasks::SUITE);
    check!(userlib::post(posts::victim::GO));
    check_state(tasks::VICTIM, StateCode::InReply, tasks::SUITE);
    stage.does(tasks::VICTIM, Command::Nothing);
    check_eq!(receive(stage, tasks::VICTIM, EXTRA, 100)[0], syscall::TIMED_OUT);
    check_eq!(receive(stage, tasks::VICTIM, GO, 100), [syscall::NOTIFIED, 0, GO]);
}

pub fn post_to_restarted(stage: &mut Stage) {
    stage.is_there(tasks::VICTIM);
    check!(userlib::post(posts::victim::GO));
    stage.restart(tasks::VICTIM);
    check_eq!(receive(stage, tasks::VICTIM, GO, 100)[0], syscall::TIMED_OUT);

    // The poster learns of the new generation once, and that post sets nothing.
    let post = || sys::post(posts::victim::GO.number, posts::victim::GO.bits);
    check_eq!(post(), syscall::DEAD);
    check_eq!(receive(stage, tasks::VICTIM, GO, 100)[0], syscall::TIMED_OUT);
    check_eq!(post(), syscall::OK);
    check_eq!(receive(stage, tasks::VICTIM, GO, 100), [syscall::NOTIFIED, 0, GO]);
    check_eq!(kernel::status(tasks::VICTIM).generation, 1);
}
