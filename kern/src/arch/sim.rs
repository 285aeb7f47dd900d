//! Sim: a machine of plain memory, to run the kernel on the host.
//!
//! Physical memory is one vector, time moves when told to, and sleeping jumps to
//! the next deadline. Whatever the kernel asks of a machine can be looked at, and
//! what it must not ask for panics: with a [`Map`], it copies within tasks' memory
//! only, and writes nothing but its records.

use super::{Arch, Frame, Interrupt, IrqId, Physical, Ticks, Words};
use crate::task::TaskIndex;
use abi::desc;
use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::resume_unwind;
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
    /// Everything else: the kernel has no names for these, and must not change them.
    pub others: [u64; 4],
}

impl Frame for Registers {
    const NEW: Self = Registers { words: [0; 8], arguments: [0; 5], pc: 0, sp: 0, others: [0; 4] };

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

/// Which physical memory is whose.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// Memory of tasks, without devices: what the kernel may copy and read.
    pub tasks: Vec<Range<u64>>,
    /// Records that the kernel may read and write.
    pub records: Vec<Range<u64>>,
    /// Records that it may read.
    pub told: Vec<Range<u64>>,
}

/// Payload of the panic that ends [`Sim::wait`] when nothing can wake the machine.
#[derive(Debug)]
pub struct Asleep;

/// The machine.
#[derive(Default)]
pub struct Sim {
    /// What the kernel may touch; `None`: everything.
    pub map: Option<Map>,
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
    fn range(at: Physical, length: usize) -> Range<usize> {
        let start = usize::try_from(at.0).expect("address within simulated memory");
        start..start + length
    }

    /// Panics unless a range lies in one of those that the map chooses.
    fn must(
        &self,
        what: &str,
        at: Physical,
        length: usize,
        choose: impl Fn(&Map) -> Vec<&[Range<u64>]>,
    ) {
        let Some(map) = &self.map else { return };
        let end = at.0.checked_add(length as u64).expect("the kernel's ranges do not wrap");
        let inside = |range: &Range<u64>| range.start <= at.0 && end <= range.end;
        assert!(
            choose(map).into_iter().flatten().any(inside),
            "the kernel must not {what} {:#x}..{end:#x}",
            at.0
        );
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
            let Some(deadline) = self.deadline else { resume_unwind(Box::new(Asleep)) };
            self.now = self.now.max(deadline);
        }
    }

    fn copy(&mut self, to: Physical, from: Physical, length: usize) {
        self.must("copy to", to, length, |map| vec![&map.tasks]);
        self.must("copy from", from, length, |map| vec![&map.tasks]);
        let to = Self::range(to, length).start;
        self.memory.copy_within(Self::range(from, length), to);
    }

    fn read(&self, from: Physical, into: &mut [u8]) {
        self.must("read", from, into.len(), |map| vec![&map.tasks, &map.records, &map.told]);
        into.copy_from_slice(&self.memory[Self::range(from, into.len())]);
    }

    fn write(&mut self, to: Physical, bytes: &[u8]) {
        self.must("write", to, bytes.len(), |map| vec![&map.records]);
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
