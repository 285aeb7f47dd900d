//! Puppet: does what commands say, one after the other, and thinks nothing of it.

use crate::command::{Command, DONE, HELLO, KEEP_THREAD_POINTER, NO_TRAP, Place, Words};
use crate::hostile::{self, Context};
use crate::instructions;
use crate::machine::{self, FpRegisters, Registers};
use abi::syscall;
use userlib::time::now;
use userlib::{Bits, Port, sys};

/// State of a puppet.
#[derive(Clone, Copy, Debug)]
pub struct Puppet {
    registers: Registers,
    commands: u64,
}

impl Default for Puppet {
    fn default() -> Self {
        Puppet::new()
    }
}

impl Puppet {
    /// One that has done nothing.
    #[must_use]
    pub const fn new() -> Self {
        Puppet { registers: [0; 31], commands: 0 }
    }

    /// How many commands it has done.
    #[must_use]
    pub const fn commands(&self) -> u64 {
        self.commands
    }

    /// Does a command; its answer.
    pub fn obey(&mut self, command: Command) -> Words {
        self.commands += 1;
        let one = |word| [word, 0, 0, 0, 0, 0, 0, 0];
        match command {
            Command::Set { first, values } => {
                let registers = self.registers.iter_mut().skip(first as usize);
                for (register, value) in registers.zip(values) {
                    *register = value;
                }
                [0; 8]
            }
            // SAFETY: the suite makes traps write to `Place::Buffer`, or where they must not.
            Command::Trap { number } => match unsafe { machine::trap(number, &mut self.registers) }
            {
                Some(()) => self.words(8),
                None => [u64::MAX; 8],
            },
            Command::Get { first } => self.words(first as usize),
            // SAFETY: here and below, the suite aims at the places made for it, at memory that is
            // of no more use, or at what must stop this task.
            Command::Read { address } => one(unsafe { machine::read(address) }),
            Command::Write { address, value } => {
                // SAFETY: as above.
                unsafe { machine::write(address, value) };
                [0; 8]
            }
            Command::Execute { address } => {
                // SAFETY: as above.
                unsafe { machine::execute(address) };
                [0; 8]
            }
            Command::Instruction { number, x0 } => {
                // SAFETY: one instruction that must stop this task.
                let run = |code: unsafe extern "C" fn(u64) -> u64| unsafe { code(x0) };
                one(instructions::code(number).map_or(u64::MAX, run))
            }
            Command::InstructionAt { number } => {
                one(instructions::code(number).map_or(0, |code| code as *const () as u64))
            }
            Command::Places { first } => {
                core::array::from_fn(|at| machine::place(first + at as u64))
            }
            Command::Peek { address } => {
                // SAFETY: as for one word.
                core::array::from_fn(|at| unsafe { machine::read(address + at as u64 * 8) })
            }
            Command::Poke { address, count, words } => {
                for (word, at) in words.iter().zip(0..count) {
                    // SAFETY: as for one word.
                    unsafe { machine::write(address + at * 8, *word) };
                }
                [0; 8]
            }
            Command::Panic { length } => panics(length),
            Command::Push => {
                // SAFETY: the build puts a guard page below every stack.
                unsafe { machine::push() };
                [0; 8]
            }
            Command::Frame => {
                let bottom = machine::place(Place::StackBottom as u64);
                // SAFETY: as above.
                unsafe { machine::frame(bottom - 64) };
                [0; 8]
            }
            Command::Spin { until } => {
                while now().0 < until {}
                one(now().0)
            }
            Command::SpinRegisters { until } => {
                let mut registers: Registers =
                    core::array::from_fn(|at| 0x5a5a_0000_a5a5_0000 | (at as u64 + 1) << 32);
                let before = registers;
                machine::spin_registers(&mut registers, until);
                one(differences(&before[2..], &registers[2..]))
            }
            Command::SpinFp { until, seed } => {
                let mut registers = fp_pattern(seed);
                let before = registers;
                machine::spin_fp(&mut registers, until);
                one(differences(&before, &registers))
            }
            Command::CountFp { seed } => {
                let mut registers: FpRegisters = [0; 66];
                machine::read_fp(&mut registers);
                let same = registers[..64].iter().zip(fp_pattern(seed)).filter(|(a, b)| **a == *b);
                one(same.count() as u64)
            }
            Command::Exclusive { number: NO_TRAP } => one(u64::from(machine::exclusive())),
            Command::Exclusive { number } => {
                // SAFETY: as for a trap alone.
                let failed = unsafe { machine::trap_exclusive(number, &mut self.registers) };
                one(failed.map_or(u64::MAX, u64::from))
            }
            Command::ThreadPointer { number, value } => {
                if value != KEEP_THREAD_POINTER {
                    machine::set_thread_pointer(value);
                }
                // SAFETY: as for a trap alone.
                let done = unsafe { machine::trap(number, &mut self.registers) };
                one(done.map_or(u64::MAX, |()| machine::thread_pointer()))
            }
            Command::Hostile { until, stack_pointer } => {
                let (flags, index) = machine::hostile(until, stack_pointer);
                [flags, index, 0, 0, 0, 0, 0, 0]
            }
            Command::Enter { how, stack_pointer, flags, thread_pointer, fp } => {
                let x = self.registers;
                let mut context = Context { x, stack_pointer, flags, thread_pointer, fp };
                // SAFETY: as for a trap alone.
                let Some(changed) = (unsafe { hostile::enter(how, &mut context) }) else {
                    return [u64::MAX; 8];
                };
                self.registers = context.x;
                let [.., a, b, c, d, e] = context.x[..13] else { return [u64::MAX; 8] };
                [context.stack_pointer, context.flags, changed, a, b, c, d, e]
            }
            Command::Canary { rounds, seed } => hostile::canary(rounds, seed),
            Command::Timed { number } => {
                let before = now();
                // SAFETY: as for a trap alone.
                let done = unsafe { machine::trap(number, &mut self.registers) };
                let ticks = done.map_or(u64::MAX, |()| (now() - before).0);
                let [a, b, c, d, e, f, g, _] = self.words(8);
                [ticks, a, b, c, d, e, f, g]
            }
            Command::Storm { until, bits } => {
                let mut count = 0;
                while now().0 < until {
                    sys::post(0, Bits(bits as u32));
                    count += 1;
                }
                one(count)
            }
            Command::Recurse => one(hostile::recurse(self.commands)),
            Command::BigFrame => one(hostile::big_frame(self.commands)),
            Command::Scorch { value } => {
                let at = |place| machine::place(place as u64);
                let data = [at(Place::ConstantsEnd), at(Place::WritableEnd)];
                let stack = [at(Place::StackBottom), at(Place::StackTop)];
                // SAFETY: nothing in this life reads that memory again: the loop uses none, and
                // ends in a fault.
                unsafe { hostile::scorch(data, stack, value) };
                [0; 8]
            }
            Command::Count => one(self.commands),
            Command::Nothing | Command::Kept { .. } | Command::Forget => [0; 8],
        }
    }

    /// Eight registers from `first` on; zero beyond the last.
    fn words(&self, first: usize) -> Words {
        core::array::from_fn(|at| self.registers.get(first + at).copied().unwrap_or(0))
    }
}

/// Asks the suite what to do, for ever.
pub fn follow(suite: Port) -> ! {
    let mut puppet = Puppet::new();
    let mut operation = HELLO;
    let mut words = [u64::from(userlib::generation()), fp_at_start(), 0, 0, 0, 0, 0, 0];
    loop {
        let header = syscall::header(operation, 64, 0);
        let answer = sys::call(suite, header, &words, &[]);
        words = puppet.obey(Command::decode(&answer.words));
        operation = DONE;
    }
}

/// How many words of `q16`–`q31`, which no code has used yet, are not zero. Zero also for a
/// task without floating point.
fn fp_at_start() -> u64 {
    if !cfg!(target_feature = "neon") {
        return 0;
    }
    let mut registers: FpRegisters = [0; 66];
    machine::read_fp(&mut registers);
    registers[32..64].iter().filter(|word| **word != 0).count() as u64
}

/// A value for each FP register and for FPCR (rounding upwards, flush to zero) and
/// FPSR (every cumulative flag), different for each seed.
fn fp_pattern(seed: u64) -> FpRegisters {
    let mut pattern: FpRegisters =
        core::array::from_fn(|at| seed.rotate_left(at as u32) ^ (at as u64 + 1) << 48);
    pattern[64] = 1 << 22 | 1 << 24;
    pattern[65] = 0x9f & seed;
    pattern
}

fn differences(before: &[u64], after: &[u64]) -> u64 {
    before.iter().zip(after).filter(|(before, after)| before != after).count() as u64
}

/// Panics with a message of `length` bytes: letters in order, from `a` again after `z`.
fn panics(length: u64) -> ! {
    let mut text = [0; 256];
    for (byte, letter) in text.iter_mut().zip((b'a'..=b'z').cycle()) {
        *byte = letter;
    }
    let text = &text[..(length as usize).min(256)];
    panic!("{}", core::str::from_utf8(text).unwrap_or("?"))
}
