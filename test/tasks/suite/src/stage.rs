//! Stage: where puppets stand, and the strings to pull them with.
//!
//! A puppet below the suite waits in a call to it (`HELLO` or `DONE`); answering that
//! call with a command sets it going, and its next call brings the answer. The server
//! takes a command as a call of the suite's, through a port with a timeout, so that a
//! command that faults it comes back too.

use crate::check::{check, check_eq, differs, failed};
use crate::{notifications, ports, tasks, timers};
use abi::fault::Fault;
use abi::kernel_op::{STATUS_FAULTED, StateCode, Status};
use abi::limits::MAX_TASKS;
use abi::syscall::{self, header};
use core::fmt;
use exov6_test_suite::Command;
use exov6_test_suite::command::{COMMAND, DONE, ECHO, HELLO, Place, Words};
use userlib::sys::CallReturn;
use userlib::time::{now, sleep_for};
use userlib::{Bits, Message, Mode, Port, Received, Ticks, kernel, sys};

/// How long a puppet may take, in milliseconds of virtual time.
const PATIENCE_MS: u64 = 100;

/// The runner's bits: somebody has faulted.
pub const FAULTS: Bits = Bits(
    notifications::SERVER_FAULTED.0
        | notifications::VICTIM_FAULTED.0
        | notifications::LOW_FAULTED.0
        | notifications::FP_A_FAULTED.0
        | notifications::FP_B_FAULTED.0
        | notifications::HELD_FAULTED.0,
);

/// Ports of every puppet below the suite, in the order of app.toml.
pub mod puppet_ports {
    /// To the suite.
    pub const SUITE: u64 = 0;
    /// To the server.
    pub const SERVER: u64 = 1;
    /// To the server, with a timeout of [`super::TIMEOUT_US`].
    pub const IMPATIENT: u64 = 2;
    /// To the server, for `echo` only.
    pub const NARROW: u64 = 3;
    /// To the server with generated code.
    pub const EVERY: u64 = 4;
    /// The first that they do not have.
    pub const ABSENT: u64 = 5;
}

/// Timeout of the ports named `impatient`, in microseconds.
pub const TIMEOUT_US: u64 = 5000;

/// How a puppet's command ended.
#[derive(Clone, Copy, Debug)]
enum Ended {
    Called(Message),
    Faulted(Status),
}

/// What the suite knows of its puppets.
pub struct Stage {
    /// Calls that were received and not answered, by task index.
    waiting: [Option<Message>; MAX_TASKS],
    /// Bits of the runner's that came.
    pub faults: Bits,
}

impl Stage {
    /// Before anything has happened.
    pub const fn new() -> Self {
        Stage { waiting: [None; MAX_TASKS], faults: Bits::NONE }
    }

    /// Gives a puppet below the suite a command, and does not wait for it.
    #[track_caller]
    pub fn order(&mut self, who: u32, command: Command) {
        let message = self.message(who);
        sys::reply(message.caller, 0, 64, &command.encode());
    }

    /// The next call of a puppet below the suite, to be answered by the case.
    #[track_caller]
    pub fn message(&mut self, who: u32) -> Message {
        match self.wait(who) {
            Ended::Called(message) => {
                self.waiting[who as usize] = None;
                message
            }
            Ended::Faulted(status) => unexpected_fault(who, &status),
        }
    }

    /// The answer to the command that a puppet was given.
    #[track_caller]
    pub fn answer(&mut self, who: u32) -> Words {
        match self.wait(who) {
            Ended::Called(message) => {
                check_eq!(message.operation, DONE, "by {}", name(who));
                message.words
            }
            Ended::Faulted(status) => unexpected_fault(who, &status),
        }
    }

    /// The fault that a puppet's command ended in.
    #[track_caller]
    pub fn fault(&mut self, who: u32) -> Status {
        match self.wait(who) {
            Ended::Faulted(status) => status,
            Ended::Called(message) => failed(format_args!(
                "{} did not fault: operation {}, words {:x?}",
                name(who),
                message.operation,
                message.words
            )),
        }
    }

    /// Lets a puppet do a command; the answer.
    #[track_caller]
    pub fn does(&mut self, who: u32, command: Command) -> Words {
        if who == tasks::SERVER {
            let answer = command_server(&command);
            if answer.status != syscall::OK {
                unexpected_fault(who, &kernel::status(who));
            }
            return answer.words;
        }
        self.order(who, command);
        self.answer(who)
    }

    /// Lets a puppet do a command that must fault it; its status.
    #[track_caller]
    pub fn faults(&mut self, who: u32, command: Command) -> Status {
        if who == tasks::SERVER {
            let answer = command_server(&command);
            check_eq!(answer.status, syscall::TIMEOUT, "the server should fault");
            let status = kernel::status(who);
            check!(status.state & STATUS_FAULTED != 0, "by the server: {:x?}", status);
            return status;
        }
        self.order(who, command);
        self.fault(who)
    }

    /// Prepares the registers of a puppet's next trap: words in `x0`–`x7`, `x` in
    /// `x8`–`x12`, zeros up to `x17`.
    #[track_caller]
    pub fn prepare(&mut self, who: u32, words: &Words, x: &[u64]) {
        let x: [u64; 5] = core::array::from_fn(|at| x.get(at).copied().unwrap_or(0));
        let [a, b, c, d, e, f, g, h] = *words;
        self.does(who, Command::Set { first: 0, values: [a, b, c, d, e, f] });
        self.does(who, Command::Set { first: 6, values: [g, h, x[0], x[1], x[2], x[3]] });
        self.does(who, Command::Set { first: 12, values: [x[4], 0, 0, 0, 0, 0] });
    }

    /// Lets a puppet trap without words; `x8`–`x15` afterwards.
    #[track_caller]
    pub fn trap(&mut self, who: u32, number: u16, x: &[u64]) -> Words {
        self.trap_words(who, number, &[0; 8], x)
    }

    /// Lets a puppet trap; `x8`–`x15` afterwards.
    #[track_caller]
    pub fn trap_words(&mut self, who: u32, number: u16, words: &Words, x: &[u64]) -> Words {
        self.prepare(who, words, x);
        self.does(who, Command::Trap { number: u64::from(number) })
    }

    /// Lets a puppet below the suite trap, and does not wait for it.
    #[track_caller]
    pub fn order_trap(&mut self, who: u32, number: u16, words: &Words, x: &[u64]) {
        self.prepare(who, words, x);
        self.order(who, Command::Trap { number: u64::from(number) });
    }

    /// Lets a puppet make a system call that must fault it, checks the fault, and
    /// restarts it.
    #[track_caller]
    pub fn trap_faults(&mut self, who: u32, number: u16, x: &[u64], expected: Fault) {
        self.prepare(who, &[0; 8], x);
        let status = self.faults(who, Command::Trap { number: u64::from(number) });
        check_fault(&status, expected);
        self.restart(who);
    }

    /// `x0`–`x7` of a puppet after its last trap.
    #[track_caller]
    pub fn words(&mut self, who: u32) -> Words {
        self.does(who, Command::Get { first: 0 })
    }

    /// Address of a place in a puppet's span.
    #[track_caller]
    pub fn place(&mut self, who: u32, place: Place) -> u64 {
        self.does(who, Command::Places { first: place as u64 })[0]
    }

    /// A puppet's writable memory: its data, and its stack, each with its end.
    #[track_caller]
    pub fn writable(&mut self, who: u32) -> [[u64; 2]; 2] {
        let [_, _, data, bottom, top, end, ..] = self.does(who, Command::Places { first: 0 });
        [[data, end], [bottom, top]]
    }

    /// Sets all registers of a puppet's next trap.
    #[track_caller]
    pub fn load(&mut self, who: u32, x: &[u64; 31]) {
        for (values, first) in x.chunks(6).zip((0..).step_by(6)) {
            let mut six = [0; 6];
            six[..values.len()].copy_from_slice(values);
            self.does(who, Command::Set { first, values: six });
        }
    }

    /// All registers of a puppet after its last trap.
    #[track_caller]
    pub fn registers(&mut self, who: u32) -> [u64; 31] {
        let mut all = [0; 31];
        for (part, first) in all.chunks_mut(8).zip((0..).step_by(8)) {
            part.copy_from_slice(&self.does(who, Command::Get { first })[..part.len()]);
        }
        all
    }

    /// Writes words into a puppet's memory.
    #[track_caller]
    pub fn poke(&mut self, who: u32, address: u64, words: &[u64]) {
        for (part, at) in words.chunks(5).zip(0..) {
            let mut five = [0; 5];
            five[..part.len()].copy_from_slice(part);
            let address = address + at * 40;
            self.does(who, Command::Poke { address, count: part.len() as u64, words: five });
        }
    }

    /// Restarts a puppet and waits until it is there again.
    #[track_caller]
    pub fn restart(&mut self, who: u32) {
        let generation = kernel::status(who).generation;
        kernel::restart(who);
        self.comes_back(who, generation + 1);
    }

    /// Waits until a puppet that was restarted is there again.
    #[track_caller]
    pub fn comes_back(&mut self, who: u32, generation: u64) {
        if who == tasks::SERVER {
            // The suite learns it at each port, once.
            for port in [ports::SERVER, ports::IMPATIENT, ports::NARROW] {
                check_eq!(call(port, ECHO, &[0; 8]).status, syscall::DEAD, "{:?}", port);
            }
            check_eq!(kernel::status(who).generation, generation);
            return;
        }
        self.waiting[who as usize] = None;
        match self.wait(who) {
            Ended::Called(message) => {
                check_eq!(message.operation, HELLO, "by {}", name(who));
                check_eq!(message.words[0], generation, "of {}", name(who));
                check_eq!(u64::from(message.caller.generation), generation, "{}", name(who));
                check_eq!(message.words[1], 0, "FP registers of {}", name(who));
            }
            Ended::Faulted(status) => unexpected_fault(who, &status),
        }
    }

    /// Waits until a puppet is there, started or done.
    #[track_caller]
    pub fn is_there(&mut self, who: u32) {
        if let Ended::Faulted(status) = self.wait(who) {
            unexpected_fault(who, &status);
        }
    }

    /// Forgets a call that a case has dealt with by itself.
    pub fn forget(&mut self, who: u32) {
        self.waiting[who as usize] = None;
    }

    /// Notes a call that a case has received by itself.
    pub fn note(&mut self, message: Message) {
        self.waiting[message.caller.index as usize] = Some(message);
    }

    /// Whether a puppet's call has been received and waits for an answer.
    pub fn waits(&self, who: u32) -> bool {
        self.waiting[who as usize].is_some()
    }

    #[track_caller]
    fn wait(&mut self, who: u32) -> Ended {
        let deadline = now() + Ticks::from_ms(PATIENCE_MS);
        loop {
            if let Some(message) = self.waiting[who as usize] {
                return Ended::Called(message);
            }
            let status = kernel::status(who);
            if status.state & STATUS_FAULTED != 0 {
                return Ended::Faulted(status);
            }
            match sys::recv_until(Mode::Open, FAULTS, deadline) {
                Received::Call(message) => self.note(message),
                Received::Notified(bits) => self.faults |= bits,
                Received::TimedOut => failed(format_args!(
                    "{} neither came to an end nor faulted: {:x?}",
                    name(who),
                    kernel::status(who)
                )),
            }
        }
    }
}

/// Calls the server.
pub fn call(port: Port, operation: u16, words: &Words) -> CallReturn {
    sys::call(port, header(operation, 64, 0), words, &[])
}

/// Sleeps, and lets everybody else run; nobody is received meanwhile.
pub fn pause(us: u64) {
    sleep_for(timers::ALARM, Ticks::from_us(us));
}

/// Whether nobody has called: takes the most urgent call if there is one.
pub fn nobody_calls(stage: &mut Stage) -> bool {
    match sys::recv_until(Mode::Open, Bits::NONE, Ticks(0)) {
        Received::Call(message) => {
            stage.note(message);
            false
        }
        _ => true,
    }
}

/// A port's number as the kernel takes it.
pub fn number(port: u64, operation: u16, length: u16, leases: u8) -> [u64; 2] {
    [port, header(operation, length, leases)]
}

/// Ends the case unless a status tells of this fault.
#[track_caller]
pub fn check_fault(status: &Status, expected: Fault) {
    check!(status.state & STATUS_FAULTED != 0, "{:x?}", status);
    check_eq!(Fault::unpack(status.fault, status.detail), Some(expected));
}

/// State code and peer as in a status.
pub fn state(code: StateCode, peer: u32) -> u64 {
    code as u64 | u64::from(peer) << 16
}

/// Ends the case unless a task is in a state, with this peer (0 where there is none).
#[track_caller]
pub fn check_state(who: u32, code: StateCode, peer: u32) {
    let status = kernel::status(who);
    if status.state != state(code, peer) {
        differs("state", &status, &state(code, peer), format_args!("of {}", name(who)));
    }
}

/// What the kernel tells of every task but the suite and those given: for comparison with
/// the same later.
pub fn snapshot(except: &[u32]) -> [Status; tasks::NAMES.len()] {
    let told = |who: usize| {
        let who = who as u32;
        let left_out = who == tasks::SUITE || except.contains(&who);
        if left_out { Status::default() } else { kernel::status(who) }
    };
    core::array::from_fn(told)
}

/// Ends the case unless the kernel tells the same as before of every task but the suite and
/// those given.
#[track_caller]
pub fn same(before: &[Status; tasks::NAMES.len()], except: &[u32], what: fmt::Arguments<'_>) {
    for ((before, after), who) in before.iter().zip(snapshot(except)).zip(0..) {
        if *before != after && !except.contains(&who) {
            differs(name(who), &after, before, what);
        }
    }
}

/// Lets everybody who has something to do at boot do it.
#[track_caller]
pub fn settle(stage: &mut Stage) {
    for who in [tasks::VICTIM, tasks::FP_A, tasks::FP_B, tasks::LOW] {
        stage.is_there(who);
    }
    pause(2000);
}

/// Sum over a task's memory that tells every change of it (FNV-1a by words); 64 bytes at a
/// time, as far as they can be read.
pub fn sum(who: u32, from: u64, to: u64) -> u64 {
    let words = (from..to).step_by(64).filter_map(|at| kernel::dump(who, at)).flatten();
    words.fold(0xcbf2_9ce4_8422_2325, |sum, word| (sum ^ word).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Name of a task.
pub fn name(who: u32) -> &'static str {
    tasks::NAMES.get(who as usize).copied().unwrap_or("?")
}

fn command_server(command: &Command) -> CallReturn {
    call(ports::IMPATIENT, COMMAND, &command.encode())
}

#[track_caller]
fn unexpected_fault(who: u32, status: &Status) -> ! {
    let fault = Fault::unpack(status.fault, status.detail);
    failed(format_args!(
        "{} faulted: {:x?} at {}@{:#x}, state {:#x}",
        name(who),
        fault,
        name(who),
        status.pc,
        status.state
    ))
}
