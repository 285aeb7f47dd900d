//! Sim: a machine of plain memory, to run the kernel on the host.
//!
//! Physical memory is one vector, time moves when told to, and sleeping jumps to
//! the next deadline. Whatever the kernel asks of a machine can be looked at.

use super::{Arch, Frame, Interrupt, IrqId, Physical, Ticks, Words};
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

    fn repeat_call(&mut self) {
        self.pc = self.pc.wrapping_sub(4);
    }

    fn begin(task: &desc::Task) -> Self {
        Registers { pc: task.entry, sp: task.stack_top, ..Self::NEW }
    }
}

/// The machine.
#[derive(Default)]
pub struct Sim {
    /// Physical memory from address 0.
    pub memory: Vec<u8>,
    /// The counter; one tick is a microsecond.
    pub now: Ticks,
    /// The comparator.
    pub deadline: Option<Ticks>,
    /// Interrupts let through.
    pub enabled: BTreeSet<IrqId>,
    /// Interrupts pending.
    pub pending: BTreeSet<IrqId>,
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

    fn now(&self) -> Ticks {
        self.now
    }

    fn ticks(&self, microseconds: u64) -> Ticks {
        Ticks(microseconds)
    }

    fn set_deadline(&mut self, deadline: Option<Ticks>) {
        self.deadline = deadline;
    }

    fn interrupt_pending(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= self.now)
            || self.pending.intersection(&self.enabled).next().is_some()
    }

    fn take_interrupt(&mut self) -> Option<Interrupt> {
        if self.deadline.is_some_and(|deadline| deadline <= self.now) {
            self.deadline = None;
            return Some(Interrupt::Deadline);
        }
        let irq = self.pending.intersection(&self.enabled).next().copied()?;
        self.pending.remove(&irq);
        self.enabled.remove(&irq);
        Some(Interrupt::Device(irq))
    }

    fn enable_interrupt(&mut self, irq: IrqId) {
        self.enabled.insert(irq);
    }

    fn disable_interrupt(&mut self, irq: IrqId) {
        self.enabled.remove(&irq);
    }

    fn clear_interrupt(&mut self, irq: IrqId) {
        self.pending.remove(&irq);
    }

    fn pend_interrupt(&mut self, irq: IrqId) {
        self.pending.insert(irq);
    }

    fn interrupt_status(&self, irq: IrqId) -> (bool, bool) {
        (self.enabled.contains(&irq), self.pending.contains(&irq))
    }

    fn wait(&mut self) {
        if !self.interrupt_pending() {
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
