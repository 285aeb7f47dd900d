//! Canary: a value of its own in every register, over many system calls.

use super::{Context, SPIN, enter};
use crate::command::{ECHO, Words};
use abi::syscall::{self, header};
use userlib::Ticks;
use userlib::time::now;

/// Port to the server, of every puppet.
const SERVER: u64 = 1;
/// A notification bit of every puppet.
const GO: u64 = 1;

/// A system call of a canary's: number, `x8`–`x12`, and which registers it may change, as a
/// set.
fn call(round: u64) -> (u64, [u64; 5], u64) {
    let results = |count: u32| ((1 << count) - 1) << 8;
    let words = 0xff;
    let (number, x, changes) = match round % 8 {
        0 | 5 => (syscall::CALL, [SERVER, header(ECHO, 64, 0), 0, 0, 0], results(2) | words),
        1 => {
            let deadline = now() + Ticks::from_us(3);
            let x = [syscall::RECV_NOTIFICATIONS, GO, 0, deadline.0, 0];
            (syscall::RECV_UNTIL, x, results(3) | words)
        }
        2 => (syscall::POST, [0; 5], results(1)),
        3 => (syscall::REPLY, [63, 0, 0, 0, 0], 0),
        4 => (syscall::YIELD, [0; 5], 0),
        6 => (syscall::TIMER_CANCEL, [0; 5], 0),
        _ if round % 64 == 7 => return (SPIN, [0; 5], 1),
        _ => (syscall::SELF_INFO, [0; 5], words),
    };
    (u64::from(number), x, changes)
}

/// Makes `rounds` system calls. Returns how many registers changed that should not; call,
/// register, value and expected value of the first of them; how many calls there were.
pub fn canary(rounds: u64, seed: u64) -> Words {
    let fp = cfg!(target_feature = "neon");
    let mut answer = [0; 8];
    let mut round = 0;
    let mut again = false;
    while round < rounds {
        let (how, x, changes) = call(round);
        let value = |at: u64| (seed ^ round << 8 ^ at).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut before: [u64; 31] = core::array::from_fn(|at| value(at as u64));
        if how != SPIN {
            before[8..13].copy_from_slice(&x);
        }
        let mut context = Context {
            x: before,
            stack_pointer: value(31) & !15,
            flags: value(32) & 0xf000_0000,
            thread_pointer: value(33),
            fp: if fp { value(34) } else { 0 },
        };
        // SAFETY: no call here writes memory.
        let fp_changed = unsafe { enter(how, &mut context) };
        // An interrupt between the call and the first note takes `x0` with it, because the
        // thread pointer holds it there. It does not do so twice.
        again = context.x[0] == 0 && changes & 1 == 0 && !again;
        if again {
            continue;
        }
        let mut wrong = |at: u64, found: u64, expected: u64| {
            if answer[0] == 0 {
                answer[1..5].copy_from_slice(&[how, at, found, expected]);
            }
            answer[0] += 1;
        };
        for (at, (found, expected)) in context.x.into_iter().zip(before).enumerate() {
            // What is clobbered by contract may be zero instead of the task's own.
            let clobbered = (11..18).contains(&at) && found == 0;
            if found != expected && changes >> at & 1 == 0 && !clobbered {
                wrong(at as u64, found, expected);
            }
        }
        if context.stack_pointer != value(31) & !15 {
            wrong(31, context.stack_pointer, value(31) & !15);
        }
        if context.flags != value(32) & 0xf000_0000 {
            wrong(32, context.flags, value(32) & 0xf000_0000);
        }
        if fp_changed.is_some_and(|changed| changed != 0) {
            wrong(34, fp_changed.unwrap_or(0), 0);
        }
        answer[5] += 1;
        round += 1;
    }
    answer
}
