//! test-canary: a neighbour. It holds patterns in its memory and in all of its registers,
//! looks at them every millisecond, and notes how late that is.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use exov6_test_suite::machine::{FpRegisters, Registers, spin_fp, spin_registers};
use userlib::time::now;
use userlib::{Counter, Ticks, sys};

const ROUNDS: Counter = Counter(0);
const WORST: Counter = Counter(1);
const PERIOD_US: u64 = 1000;

/// What nobody else may change.
static MEMORY: [AtomicU64; 1024] = [const { AtomicU64::new(0) }; 1024];

fn pattern(round: u64, at: u64) -> u64 {
    ((round << 32) | (at + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Works with a value of its own in every register.
fn hold(round: u64, until: u64) {
    let mut registers: Registers = core::array::from_fn(|at| pattern(round, at as u64));
    let before = registers;
    spin_registers(&mut registers, until);
    assert!(registers[2..] == before[2..], "a register has changed");
}

/// The same with FP registers; FPCR and FPSR stay what they are at a start.
fn hold_fp(round: u64, until: u64) {
    let mut registers: FpRegisters = core::array::from_fn(|at| pattern(round, at as u64));
    registers[64..].fill(0);
    let before = registers;
    spin_fp(&mut registers, until);
    assert!(registers == before, "an FP register has changed");
}

fn main() -> ! {
    assert!(userlib::generation() == 0, "restarted");
    for (word, at) in MEMORY.iter().zip(0..) {
        word.store(pattern(0, at), Relaxed);
    }
    let (work_us, bound_us) = (config::WORK_US as u64, config::BOUND_US as u64);
    let mut deadline = now() + Ticks::from_us(PERIOD_US);
    for round in 0.. {
        sys::timer_set(timers::TICK.number, deadline, timers::TICK.bits);
        let begin = now();
        let half = Ticks::from_us(work_us / 2);
        hold(round, (begin + half).0);
        if cfg!(target_feature = "neon") {
            hold_fp(round, (begin + half + half).0);
        }
        for (word, at) in MEMORY.iter().zip(0..) {
            assert!(word.load(Relaxed) == pattern(round, at), "memory has changed");
            word.store(pattern(round + 1, at), Relaxed);
        }
        userlib::wait(timers::TICK.bits);
        let late_us = (now() - deadline).to_us();
        WORST.max(late_us);
        assert!(bound_us == 0 || late_us <= bound_us, "late by {late_us} us");
        ROUNDS.set(round + 1);
        deadline += Ticks::from_us(PERIOD_US);
        if bound_us == 0 && deadline < now() {
            deadline = now() + Ticks::from_us(PERIOD_US);
        }
    }
    unreachable!()
}
