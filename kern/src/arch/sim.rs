//! Sim: a machine of plain memory, to run the kernel on the host.
//!
//! Physical memory is one vector, time moves when told to, and sleeping jumps to
//! the next deadline. Whatever the kernel asks of a machine can be looked at.

use super::{Arch, Frame, Interrupt, Physical, Words};
use crate::task::TaskIndex;
use abi::desc;
use std::collections::BTreeSet;
use std::vec::Vec;

/// Registers of a simulated task: exactly those of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers {
    /// Message words.
    pub words: Words,
    /// Arguments and results.
    pub arguments: [u64; 5],
    /// Program counter.
    pub pc: u64,
    /// Stack pointer.
    pub sp: u64,
}

impl Frame for Registers {
    const NEW: Self = Registers { words: [0; 8], arguments: [0; 5], pc: 0, sp: 0 };

    fn words(&self) -> Words {
        self.words
    }

    fn set_words(&mut self, words: &Words) {
        self.words = *words;
    }

    fn register(&self, n: usize) -> u64 {
        self.arguments.get(n).copied().unwrap_or(0)
    }

    fn set_register(&mut self, n: usize, value: u64) {
        if let Some(register) = self.arguments.get_mut(n) {
            *register = value;
        }
    }

    fn pc(&self) -> u64 {
        self.pc
    }

    fn sp(&self) -> u64 {
        self.sp
    }

    fn begin(entry: u64, stack_top: u64) -> Self {
        Registers { pc: entry, sp: stack_top, ..Self::NEW }
    }
}

/// The machine.
#[derive(Default)]
pub struct Sim {
    /// Physical memory from address 0.
    pub memory: Vec<u8>,
    /// The counter; one tick is a microsecond.
    pub now: u64,
    /// The comparator.
    pub deadline: Option<u64>,
    /// Interrupts let through.
    pub enabled: BTreeSet<u32>,
    /// Interrupts pending.
    pub pending: BTreeSet<u32>,
    /// The active task.
    pub active: Option<TaskIndex>,
    /// Tasks whose FP state was forgotten, in order.
    pub forgotten: Vec<TaskIndex>,
    /// The machine was reset.
    pub resets: u32,
    /// The machine was left with this status.
    pub exited: Option<u8>,
}

impl Sim {
    fn range(at: Physical, length: usize) -> std::ops::Range<usize> {
        let start = usize::try_from(at.0).expect("address within simulated memory");
        start..start + length
    }
}

impl Arch for Sim {
    type Frame = Registers;

    fn now(&self) -> u64 {
        self.now
    }

    fn ticks(&self, microseconds: u64) -> u64 {
        microseconds
    }

    fn set_deadline(&mut self, deadline: Option<u64>) {
        self.deadline = deadline;
    }

    fn take_interrupt(&mut self) -> Option<Interrupt> {
        if self.deadline.is_some_and(|deadline| deadline <= self.now) {
            self.deadline = None;
            return Some(Interrupt::Deadline);
        }
        let number = self.pending.intersection(&self.enabled).next().copied()?;
        self.pending.remove(&number);
        self.enabled.remove(&number);
        Some(Interrupt::Device(number))
    }

    fn enable_interrupt(&mut self, number: u32) {
        self.enabled.insert(number);
    }

    fn disable_interrupt(&mut self, number: u32) {
        self.enabled.remove(&number);
    }

    fn clear_interrupt(&mut self, number: u32) {
        self.pending.remove(&number);
    }

    fn pend_interrupt(&mut self, number: u32) {
        self.pending.insert(number);
    }

    fn interrupt_status(&self, number: u32) -> (bool, bool) {
        (self.enabled.contains(&number), self.pending.contains(&number))
    }

    fn wait(&mut self) {
        if self.pending.intersection(&self.enabled).next().is_none() {
            let deadline = self.deadline.expect("the machine would sleep for ever");
            self.now = self.now.max(deadline);
        }
    }

    fn copy(&mut self, to: Physical, from: Physical, length: usize) {
        let to = Self::range(to, length).start;
        self.memory.copy_within(Self::range(from, length), to);
    }

    fn read(&self, from: Physical, into: &mut [u8]) {
        into.copy_from_slice(&self.memory[Self::range(from, into.len())]);
    }

    fn write(&mut self, to: Physical, bytes: &[u8]) {
        self.memory[Self::range(to, bytes.len())].copy_from_slice(bytes);
    }

    fn activate(&mut self, task: TaskIndex, _: &desc::Task) {
        self.active = Some(task);
    }

    fn forget_fp(&mut self, task: TaskIndex) {
        self.forgotten.push(task);
    }

    fn reset(&mut self) {
        self.resets += 1;
    }

    fn exit(&mut self, code: u8) {
        self.exited = Some(code);
    }
}
