//! Dice: steps that mean something, and steps that must not, drawn at random.
//!
//! A throw says what kind of step and gives a seed; who acts, and with which handles,
//! bits and addresses, depends on the machine as it is. So a shorter list of throws is
//! a shorter story of the same kind, which is what shrinking needs.

use super::bench::{Bench, Cast};
use super::numbers::Numbers;
use crate::task::State;
use abi::fault::FaultKind;
use abi::kernel_op::KernelOp;
use abi::syscall as nr;
use exov6_test_replay::{Act, Lend, Place, Step, Value};

/// What to do, and a seed for the rest.
pub type Throw = (u8, u16);

const N: fn(u64) -> Value = Value::Number;

/// The step that a throw means now.
pub fn step(bench: &Bench, (kind, seed): Throw, cast: Cast) -> Step {
    let mut n = Numbers(u64::from(seed) << 8 | u64::from(kind));
    let task = bench.current();
    if cast == Cast::All {
        match kind {
            0..=17 => return Step::Pass(time(bench, &mut n)),
            18..=25 => {
                let irqs = bench.image.tables.irqs;
                let irq = irqs[n.below(irqs.len() as u64) as usize].number;
                return Step::Interrupt(n.pick(&[irq, irq, irq, 39, 0, u32::MAX]));
            }
            _ => {}
        }
    } else if kind <= 25 {
        // On the target, time passes for somebody.
        let until = bench.now() + 1000 * (1 + n.below(4));
        return Step::Task { task, act: Act::Work(until) };
    }
    let act = match kind {
        26..=33 => memory(&mut n),
        34..=35 => Act::Except(n.pick(&[
            FaultKind::IllegalInstruction,
            FaultKind::Privileged,
            FaultKind::Debug,
        ])),
        _ => call(bench, task, kind, &mut n),
    };
    let restless = restless(bench, task, act);
    let act = match restless {
        Some(act) => act,
        None if kind % 16 == 15 => spoil(act, &mut n),
        None => act,
    };
    Step::Task { task, act }
}

/// What the least urgent task does instead: it waits with a deadline only, and does not
/// risk a fault, so that somebody always runs.
fn restless(bench: &Bench, task: usize, act: Act) -> Option<Act> {
    let ranks = bench.image.tables.tasks.iter().map(|desc| desc.rank);
    if ranks.max() != Some(bench.image.tables.tasks[task].rank) {
        return None;
    }
    let until = |mask| plain(nr::RECV_UNTIL, [N(0), mask, N(0), Value::After(700), N(0)]);
    Some(match act {
        Act::Call { number: nr::RECV, arguments, .. } => until(arguments[1]),
        Act::Call { number: nr::REPLY_RECV | nr::CALL | nr::PANIC, .. } => until(N(1)),
        Act::Call { number: nr::RECV_UNTIL, .. } => until(N(1)),
        Act::Call { .. } | Act::Work(_) => act,
        _ => plain(nr::SELF_INFO, [N(0); 5]),
    })
}

fn plain(number: u16, arguments: [Value; 5]) -> Act {
    Act::Call { number, words: [0; 8], arguments, lends: [None; 4] }
}

/// How long to let pass: often to the next deadline exactly, or next to it.
fn time(bench: &Bench, n: &mut Numbers) -> u64 {
    let next = bench.kernel.arch.deadline.map_or(0, |at| at.0.saturating_sub(bench.now()));
    n.pick(&[next, next, next, next.saturating_sub(1), next.saturating_add(1), 1, 300, 7000])
        .min(1 << 40)
}

fn address(n: &mut Numbers) -> Value {
    let place = n.pick(&Place::ALL).0;
    match n.below(8) {
        0 => N(n.pick(&[0, 1, 0xfff, 1 << 25, 1 << 47, u64::MAX, u64::MAX - 7, 0xa000])),
        1 => Value::At(place, n.pick(&[-1, 0, 1, 0xfff, 0x1000])),
        2 => Value::At(Place::End, -(1 + n.below(64) as i64)),
        // The middle of the buffer, where two regions meet.
        3..=5 => Value::At(Place::Buffer, 0x1000 - n.below(40) as i64),
        _ => Value::At(Place::Buffer, n.below(0x1800) as i64),
    }
}

fn memory(n: &mut Numbers) -> Act {
    let at = address(n);
    match n.below(5) {
        0 | 1 => Act::Read(at),
        2 | 3 => Act::Write(at, n.next() as u8),
        _ => Act::Execute(at),
    }
}

/// A system call as a program would make it.
fn call(bench: &Bench, task: usize, kind: u8, n: &mut Numbers) -> Act {
    let tables = &bench.image.tables;
    let desc = &tables.tasks[task];
    let bits = u64::from(desc.bits);
    let callers: Vec<usize> = (0..tables.tasks.len())
        .filter(|other| bench.task(*other).state == State::InReply(bench.index(task)))
        .collect();
    let faulted: Vec<usize> =
        (0..tables.tasks.len()).filter(|other| bench.task(*other).fault.is_some()).collect();
    let handle = match callers.get(n.below(3) as usize) {
        Some(caller) => Value::Handle(*caller as u32, bench.task(*caller).generation),
        None => match callers.first() {
            Some(caller) => Value::Handle(*caller as u32, bench.task(*caller).generation),
            None => {
                let other = n.below(tables.tasks.len() as u64) as u32;
                Value::Handle(other, n.pick(&[0, 1, 2, u32::MAX]))
            }
        },
    };
    let mode = N(n.pick(&[nr::RECV_OPEN, nr::RECV_OPEN, nr::RECV_NOTIFICATIONS]));
    let some = n.next();
    let mask = N(n.pick(&[bits, bits & 1, bits & 2, 0, bits & some]));
    let words = std::array::from_fn(|_| if n.below(2) == 0 { 0 } else { n.next() });
    let length = n.pick(&[0, 1, 7, 8, 9, 16, 63, 64]);
    let code = N(n.pick(&[0, 1, 7, 1 << 31, (1 << 63) - 1]));
    let with = |number, arguments| Act::Call { number, words, arguments, lends: [None; 4] };

    // The supervisor looks after its own: otherwise all runs end with a reset.
    if desc.ops[KernelOp::Restart as usize] != 0 && !faulted.is_empty() && n.below(2) == 0 {
        let target = faulted[n.below(faulted.len() as u64) as usize] as u64;
        if desc.ops[KernelOp::Restart as usize] & 1 << target != 0 {
            return plain(
                nr::KERNEL_OP,
                [N(KernelOp::Restart as u64), N(target), N(n.below(4).min(1)), N(0), N(0)],
            );
        }
    }
    // What was lent is used, mostly as it may be.
    if let Some(lender) = callers.iter().copied().find(|c| bench.task(*c).lease_count != 0)
        && n.below(3) == 0
    {
        let lent = bench.task(lender);
        let index = n.below(u64::from(lent.lease_count));
        let lease = lent.leases[index as usize];
        let reads = lease.rights & nr::LEASE_R != 0 && (lease.rights == 1 || n.below(2) == 0);
        let number = if reads { nr::LEASE_READ } else { nr::LEASE_WRITE };
        let offset = n.below(u64::from(lease.length) + 1);
        let own = Value::At(Place::Buffer, n.below(0x1000) as i64 + 0x800);
        let own = if n.below(6) == 0 { address(n) } else { own };
        let length = n.pick(&[0, 1, 8, 63, 64, 1024, 2000, u64::MAX]);
        let caller = Value::Handle(lender as u32, lent.generation);
        return plain(number, [caller, N(index), N(offset), own, N(length)]);
    }
    let supervisor = task == tables.header.supervisor as usize;
    if supervisor && n.below(4) == 0 {
        return plain(nr::KERNEL_OP, [N(KernelOp::FindFaulted as u64), N(64), N(0), N(0), N(0)]);
    }
    match kind {
        36..=79 if desc.port_count > 0 => {
            let port = n.below(u64::from(desc.port_count));
            let ops = tables.ports[desc.port_first as usize + port as usize].ops;
            let operation = if ops & 2 != 0 { n.pick(&[1, 1, 2, 3]) } else { 2 };
            let operation =
                if ops & 1 << operation != 0 { operation } else { ops.trailing_zeros() as u16 };
            let mut lends = [None; 4];
            let count = n.below(4) as usize;
            for lend in lends.iter_mut().take(count) {
                let length = n.pick(&[0, 1, 8, 40, 64, 1024, 1500]);
                let at = Value::At(Place::Buffer, n.below(0x900) as i64 + 0x200);
                let (at, rights) = match n.below(4) {
                    0 => (Value::At(Place::Constants, n.below(64) as i64), nr::LEASE_R),
                    _ => (at, n.pick(&[1, 2, 3])),
                };
                *lend = Some(Lend { address: at, length, rights });
            }
            let header = Value::Header(operation, length, count as u8);
            let table = Value::At(Place::Table, 0);
            Act::Call {
                number: nr::CALL,
                words,
                arguments: [N(port), header, table, N(0), N(0)],
                lends,
            }
        }
        80..=99 => plain(nr::RECV, [mode, mask, N(0), N(0), N(0)]),
        100..=131 => {
            let until = Value::After(n.pick(&[0, 1, 100, 2000, u64::MAX]));
            plain(nr::RECV_UNTIL, [mode, mask, N(0), until, N(0)])
        }
        132..=151 => with(nr::REPLY, [handle, code, N(u64::from(length)), N(0), N(0)]),
        152..=167 => with(nr::REPLY_RECV, [handle, code, N(u64::from(length)), mode, mask]),
        168..=170 => plain(nr::REPLY_FAULT, [handle, N(n.below(6)), N(0), N(0), N(0)]),
        171..=199 => {
            let number = n.pick(&[nr::LEASE_READ, nr::LEASE_READ, nr::LEASE_WRITE, nr::LEASE_INFO]);
            let at = Value::At(Place::Buffer, n.below(0x1000) as i64);
            let offset = n.pick(&[0, 0, 1, 8, 40]);
            let length = n.pick(&[0, 1, 8, 63, 64, 1024, 2000, u64::MAX]);
            plain(number, [handle, N(n.below(2)), N(offset), at, N(length)])
        }
        200..=209 if desc.post_count > 0 => {
            let grant = n.below(u64::from(desc.post_count));
            let all = tables.posts[desc.post_first as usize + grant as usize].mask;
            plain(nr::POST, [N(grant), N(u64::from(all) & n.next()), N(0), N(0), N(0)])
        }
        210..=221 if desc.timer_count > 0 => {
            let timer = N(n.below(u64::from(desc.timer_count)));
            let at = match n.below(6) {
                0 => N(n.pick(&[0, u64::MAX, u64::MAX - 1])),
                1 => return plain(nr::TIMER_CANCEL, [timer, N(0), N(0), N(0), N(0)]),
                _ => Value::After(n.pick(&[0, 1, 200, 5000])),
            };
            plain(nr::TIMER_SET, [timer, at, N(bits & n.next()), N(0), N(0)])
        }
        222..=230 => {
            let some = n.next();
            let own = u64::from(desc.irq_bits) & n.pick(&[u64::MAX, some]);
            let number = n.pick(&[nr::IRQ_CONTROL, nr::IRQ_CONTROL, nr::IRQ_STATUS]);
            plain(number, [N(own), N(n.below(4)), N(0), N(0), N(0)])
        }
        231..=248 => {
            // Not the end of the run; and many restarts, in all states.
            let all = [0, 1, 2, 3, 3, 3, 3, 4, 5, 6, 8, 9];
            let granted: Vec<usize> = all.into_iter().filter(|op| desc.ops[*op] != 0).collect();
            let Some(op) = granted.get(n.below(1 + granted.len() as u64) as usize) else {
                return plain(nr::SELF_INFO, [N(0); 5]);
            };
            let targets: Vec<u64> = (0..64).filter(|t| desc.ops[*op] & 1 << t != 0).collect();
            let count = bench.image.names.len() as u64;
            let any = n.below(count);
            let target = if n.below(6) == 0 { any } else { n.pick(&targets).min(count - 1) };
            let argument = match op {
                8 => address(n),
                9 => N(u64::from(tables.tasks[target as usize].irq_bits) & n.next()),
                _ => N(n.below(2)),
            };
            plain(nr::KERNEL_OP, [N(*op as u64), N(target), argument, N(0), N(0)])
        }
        249 => plain(nr::PANIC, [address(n), N(n.pick(&[0, 1, 64, 128])), N(0), N(0), N(0)]),
        250..=251 => plain(n.pick(&[nr::YIELD, nr::SELF_INFO]), [N(0); 5]),
        _ => plain(nr::RECV, [N(0), mask, N(0), N(0), N(0)]),
    }
}

/// The same with one argument that a hostile task would choose.
fn spoil(act: Act, n: &mut Numbers) -> Act {
    let Act::Call { number, words, mut arguments, mut lends } = act else { return act };
    let at = n.below(6) as usize;
    let evil = match n.below(4) {
        0 => {
            N(n.pick(&[u64::MAX, u64::MAX - 1, 1 << 63, 1 << 32, (1 << 32) | 1, 64, 65, 128, 129]))
        }
        1 => address(n),
        2 => Value::Header(
            n.pick(&[0, 1, 2, 3, 4, 63, 64, u16::MAX]),
            n.pick(&[0, 64, 65, u16::MAX]),
            n.pick(&[0, 1, 8, 9, 255]),
        ),
        _ => match arguments.get(at) {
            Some(Value::Number(own)) => N(own.wrapping_add(n.pick(&[1, u64::MAX]))),
            Some(Value::Handle(task, generation)) => {
                Value::Handle(*task, generation.wrapping_add(n.pick(&[1, u32::MAX])))
            }
            _ => N(n.next()),
        },
    };
    if let (0 | 3, Some(lend)) = (at, lends.iter_mut().flatten().next()) {
        *lend = Lend {
            address: address(n),
            length: n.pick(&[0, 1, 16, 0x1000, 0x2001, u32::MAX]),
            rights: n.pick(&[0, 1, 2, 3, 4, 1 << 27]),
        };
        return Act::Call { number, words, arguments, lends };
    }
    match arguments.get_mut(at) {
        Some(argument) => *argument = evil,
        None => {
            let number = n.pick(&[nr::YIELD_TO, nr::DAG_DONE, nr::COUNT, 255, 256, u16::MAX]);
            return Act::Call { number, words, arguments, lends };
        }
    }
    Act::Call { number, words, arguments, lends }
}
