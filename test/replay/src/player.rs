//! Player: a task that does its steps, in order, and says what came of each.
//!
//! Its list and how far it has come lie in memory that survives restarts: the step in
//! which a task was restarted is over, and its next life goes on with the next one.

use crate::code;
use crate::step::{Act, Outcome, Place, Value};
use abi::limits::PAGE;
use abi::syscall::{self, LeaseDesc};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use exov6_test_suite::command::{Command, Place as Spot};
use exov6_test_suite::puppet::Puppet;
use exov6_test_suite::{instructions, machine};
use userlib::time::now;
use userlib::{Bits, Mode, Port, Ticks, sys};

/// Operation of `home.idol`.
pub const FETCH: u16 = 1;
/// In place of a position in the list: asks for the moment when the script starts.
pub const START: u64 = u64::MAX;

#[cfg_attr(target_os = "none", unsafe(link_section = ".uninit"))]
static LIST: [AtomicU64; code::ROOM] = [const { AtomicU64::new(0) }; code::ROOM];
/// Words of the list done; line of the step in progress + 1; start of the script.
#[cfg_attr(target_os = "none", unsafe(link_section = ".uninit"))]
static KEPT: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];

#[repr(C, align(16))]
struct Table([AtomicU64; 8]);
static TABLE: Table = Table([const { AtomicU64::new(0) }; 8]);

/// Does the steps that `home` hands out, then waits for ever.
pub fn play(home: Port) -> ! {
    let [done, open, start] = &KEPT;
    if userlib::generation() == 0 {
        fetch(home);
    } else if let Some(line) = open.load(Relaxed).checked_sub(1) {
        report(line as u16, Outcome::Ended);
    }
    open.store(0, Relaxed);
    wait_until(Ticks(start.load(Relaxed)));
    loop {
        let at = done.load(Relaxed) as usize;
        let words: [u64; 24] =
            core::array::from_fn(|n| LIST.get(at + n).map_or(0, |word| word.load(Relaxed)));
        let Some((line, act, used)) = code::decode(&words) else { break };
        done.store((at + used) as u64, Relaxed);
        open.store(u64::from(line) + 1, Relaxed);
        let outcome = perform(act, Ticks(start.load(Relaxed)));
        if !matches!(act, Act::Work(_)) {
            report(line, outcome);
        }
        open.store(0, Relaxed);
    }
    loop {
        sys::recv(Mode::Notifications, Bits::NONE);
    }
}

fn fetch(home: Port) {
    let get = |position| {
        let words = [position, 0, 0, 0, 0, 0, 0, 0];
        sys::call(home, syscall::header(FETCH, 8, 0), &words, &[]).words
    };
    let [done, open, start] = &KEPT;
    for (eight, part) in LIST.chunks(8).enumerate() {
        let words = get(eight as u64 * 8);
        part.iter().zip(words).for_each(|(to, word)| to.store(word, Relaxed));
        if words == [0; 8] {
            break;
        }
    }
    done.store(0, Relaxed);
    open.store(0, Relaxed);
    start.store(get(START)[0], Relaxed);
}

fn wait_until(moment: Ticks) {
    while now() < moment {}
}

fn place(place: Place) -> u64 {
    let spot = match place {
        Place::Text => Spot::TextStart,
        Place::Constants => Spot::TextEnd,
        Place::Guard => return machine::place(Spot::StackBottom as u64) - PAGE,
        Place::Stack => Spot::StackBottom,
        Place::Buffer => Spot::Buffer,
        Place::Table => return core::ptr::from_ref(&TABLE).expose_provenance() as u64,
        Place::End => Spot::WritableEnd,
    };
    machine::place(spot as u64)
}

fn resolve(value: Value) -> u64 {
    value.resolve(place, |us| now().0.saturating_add(Ticks::from_us(us).0))
}

fn perform(act: Act, start: Ticks) -> Outcome {
    match act {
        Act::Work(until) => {
            wait_until(start + Ticks::from_us(until));
            Outcome::Done
        }
        Act::Read(at) => {
            let at = core::ptr::with_exposed_provenance::<u8>(resolve(at) as usize);
            // SAFETY: the script reads its own memory, or what must stop this task.
            Outcome::Byte(unsafe { at.read_volatile() })
        }
        Act::Write(at, byte) => {
            let at = core::ptr::with_exposed_provenance_mut::<u8>(resolve(at) as usize);
            // SAFETY: the script writes the buffer, or what must stop this task.
            unsafe { at.write_volatile(byte) };
            Outcome::Done
        }
        Act::Execute(at) => {
            // SAFETY: the host sends only what must stop this task.
            unsafe { machine::execute(resolve(at)) };
            Outcome::Done
        }
        Act::Except(kind) => {
            let number = instructions::ALL.iter().position(|code| code.fault == kind);
            let number = number.unwrap_or(0) as u64;
            Puppet::new().obey(Command::Instruction { number, x0: 0 });
            Outcome::Done
        }
        Act::Call { number, words, arguments, lends } => {
            for (at, lend) in lends.into_iter().flatten().enumerate() {
                let address = resolve(lend.address);
                let LeaseDesc { address, length, rights } =
                    LeaseDesc { address, length: lend.length, rights: lend.rights };
                TABLE.0[at * 2].store(address, Relaxed);
                TABLE.0[at * 2 + 1].store(u64::from(length) | u64::from(rights) << 32, Relaxed);
            }
            let mut registers: machine::Registers = [0; 31];
            registers[..8].copy_from_slice(&words);
            for (to, argument) in registers[8..13].iter_mut().zip(arguments) {
                *to = resolve(argument);
            }
            let operation = registers[8];
            // SAFETY: a copy's target is the buffer, or what must stop this task.
            let known = unsafe { machine::trap(u64::from(number), &mut registers) };
            if known.is_none() {
                defmt::error!("no trap {=u16} is built in", number);
            }
            let [a, b, c] = [registers[8], registers[9], registers[10]];
            let words = core::array::from_fn(|at| registers[at]);
            Outcome::returned(number, operation, [a, b, c], words)
        }
    }
}

/// Tells an outcome, for the host to compare: line, kind, results, words.
fn report(line: u16, outcome: Outcome) {
    let (kind, [a, b, c], w) = match outcome {
        Outcome::Returned { results, words } => (0, results, words),
        Outcome::Byte(byte) => (1, [u64::from(byte), 0, 0], [0; 8]),
        Outcome::Done => (2, [0; 3], [0; 8]),
        Outcome::Ended => (3, [0; 3], [0; 8]),
        Outcome::Fault(_) | Outcome::Waits => (4, [0; 3], [0; 8]),
    };
    let [d, e, f, g, h, i, j, k] = w;
    defmt::info!(
        "step {=u16} {=u8} {=u64} {=u64} {=u64} {=u64} {=u64} {=u64} {=u64} {=u64} {=u64} {=u64} {=u64}",
        line,
        kind,
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        h,
        i,
        j,
        k
    );
}
