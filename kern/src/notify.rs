//! Notifications: bits that somebody sets and a task takes.
//!
//! Bits come from posts of other tasks, from timers and from interrupts; they
//! merge, never queue, and the poster never waits. An interrupt is masked when it
//! is taken, until its owner enables it again: a storm costs its owner's time only.

use crate::arch::{Arch, Frame, Interrupt, IrqId, Words};
use crate::kernel::Kernel;
use crate::syscall::Outcome;
use crate::task::{State, TaskIndex};
use abi::desc::Irq;
use abi::fault::{Fault, FaultKind};
use abi::limits::BATCH;
use abi::syscall as nr;

impl<A: Arch> Kernel<A> {
    /// `post`: sets bits of another task, as granted.
    pub(crate) fn post(&mut self, me: TaskIndex) -> Outcome {
        let frame = &self.task(me).frame;
        let (number, bits) = (frame.register(0), frame.register(1));
        let no_grant = Fault::new(FaultKind::BadPost, number);
        let desc = self.desc(me).ok_or(no_grant)?;
        let grants = Self::slice(self.tables.posts, desc.post_first, desc.post_count);
        let grant =
            usize::try_from(number).ok().and_then(|number| grants.get(number)).ok_or(no_grant)?;
        if bits & !u64::from(grant.mask) != 0 {
            return Err(Fault::new(FaultKind::BadBits, bits));
        }
        let count = self.count();
        let target = TaskIndex::new(u64::from(grant.target), count).ok_or(no_grant)?;
        self.tell_now(me, target);
        let stale = 1 << (number & 63);
        if self.task(me).stale_posts & stale != 0 || self.task(target).disabled {
            self.task_mut(me).stale_posts &= !stale;
            return self.finish(me, nr::DEAD);
        }
        self.notify(target, bits as u32);
        self.finish(me, nr::OK)
    }

    /// Sets bits of a task, and wakes it if it waits for one of them.
    pub(crate) fn notify(&mut self, target: TaskIndex, bits: u32) {
        let task = self.task_mut(target);
        task.posted |= bits;
        let State::InRecv { mask, .. } = task.state else { return };
        if task.is_live() && self.take_notifications(target, mask) {
            self.clear_wait(target);
            self.set_state(target, State::Runnable);
        }
    }

    /// Hands the posted bits of a mask to a task; whether there were any.
    pub(crate) fn take_notifications(&mut self, index: TaskIndex, mask: u32) -> bool {
        let task = self.task_mut(index);
        let bits = task.posted & mask;
        if bits == 0 {
            return false;
        }
        task.posted &= !bits;
        task.frame.set_words(&Words::default());
        task.frame.set_register(0, nr::NOTIFIED);
        task.frame.set_register(1, 0);
        task.frame.set_register(2, u64::from(bits));
        true
    }

    /// Takes pending interrupts and acts on deadlines that have passed, a batch of
    /// them: what is left is still pending, and interrupts whoever runs next.
    pub fn interrupt(&mut self) {
        let mut left = BATCH;
        while left > 0
            && let Some(interrupt) = self.arch.take_interrupt()
        {
            let done = match interrupt {
                Interrupt::Deadline => self.fire_due(left),
                Interrupt::Device(irq) => {
                    self.notify_owner(irq);
                    1
                }
            };
            left = left.saturating_sub(done);
        }
    }

    fn notify_owner(&mut self, irq: IrqId) {
        let irqs = self.tables.irqs;
        let found = irqs.binary_search_by_key(&irq, |entry| IrqId(entry.number));
        let Some(entry) = found.ok().and_then(|at| irqs.get(at)) else { return };
        let Some(owner) = TaskIndex::new(u64::from(entry.owner), self.count()) else { return };
        // One of a former life, not masked yet, is forgotten with it.
        if self.task(owner).teardown.is_none() {
            self.notify(owner, entry.bits);
        }
    }

    /// `irq_control`.
    pub(crate) fn irq_control(&mut self, me: TaskIndex) -> Outcome {
        let frame = &self.task(me).frame;
        let (bits, flags) = (frame.register(0), frame.register(1));
        let bits = self.own_irq_bits(me, bits)?;
        self.each_irq(me, me, bits, |arch, irq| {
            if flags & nr::IRQ_CLEAR_PENDING != 0 {
                arch.clear_interrupt(irq);
            }
            if flags & nr::IRQ_ENABLE != 0 {
                arch.enable_interrupt(irq);
            } else {
                arch.disable_interrupt(irq);
            }
        })
    }

    /// Does something to those interrupts of `owner` whose bits are among `bits`, on
    /// behalf of `me`. After each batch, a pending interrupt is let in: the system
    /// call is then made again, and goes on where it was.
    pub(crate) fn each_irq(
        &mut self,
        me: TaskIndex,
        owner: TaskIndex,
        bits: u32,
        act: impl Fn(&mut A, IrqId),
    ) -> Outcome {
        let before = self.task(me).done;
        let mut done = 0_u16;
        for irq in self.irqs_of(owner, bits) {
            let batch_ends = done > before && usize::from(done.wrapping_sub(before)) % BATCH == 0;
            if batch_ends && self.arch.interrupt_pending() {
                self.task_mut(me).done = done;
                self.task_mut(me).frame.repeat_call();
                return Ok(());
            }
            if done >= before {
                act(&mut self.arch, irq);
            }
            done = done.wrapping_add(1);
        }
        self.task_mut(me).done = 0;
        self.finish(me, nr::OK)
    }

    /// `irq_status`.
    pub(crate) fn irq_status(&mut self, me: TaskIndex) -> Outcome {
        let bits = self.own_irq_bits(me, self.task(me).frame.register(0))?;
        let mut flags = 0;
        for irq in self.irqs_of(me, bits) {
            let (enabled, pending) = self.arch.interrupt_status(irq);
            flags |= if enabled { nr::IRQ_ENABLED } else { 0 };
            flags |= if pending { nr::IRQ_PENDING } else { 0 };
        }
        if self.task(me).posted & bits != 0 {
            flags |= nr::IRQ_POSTED;
        }
        self.finish(me, flags)
    }

    /// The interrupts of a task whose bits are among these.
    pub(crate) fn irqs_of(
        &self,
        owner: TaskIndex,
        bits: u32,
    ) -> impl Iterator<Item = IrqId> + use<A> {
        let owner = owner.position() as u32;
        let is_one = move |irq: &&Irq| irq.owner == owner && irq.bits & bits != 0;
        self.tables.irqs.iter().filter(is_one).map(|irq| IrqId(irq.number))
    }

    fn own_irq_bits(&self, me: TaskIndex, bits: u64) -> Result<u32, Fault> {
        let own = self.desc(me).map_or(0, |desc| desc.irq_bits);
        if bits & !u64::from(own) != 0 {
            return Err(Fault::new(FaultKind::BadBits, bits));
        }
        Ok(bits as u32)
    }
}
