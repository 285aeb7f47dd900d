//! Time: what happens when a deadline passes.
//!
//! There is no tick. The earliest deadline of the heap is what the machine's one
//! comparator is set to; without a deadline it is off, and an idle machine sleeps.

use crate::arch::{Arch, Frame, Ticks, Words};
use crate::deadline::Owner;
use crate::kernel::Kernel;
use crate::syscall::Outcome;
use crate::task::{State, TaskIndex};
use abi::boot::ResetReason;
use abi::fault::{Fault, FaultKind};
use abi::syscall as nr;

impl<A: Arch> Kernel<A> {
    /// `timer_set`: replaces what was set before; a deadline that has passed
    /// fires at once.
    pub(crate) fn timer_set(&mut self, me: TaskIndex) -> Outcome {
        let frame = &self.task(me).frame;
        let (number, bits) = (frame.register(0), frame.register(2));
        let deadline = Ticks(frame.register(1));
        let owner = self.own_timer(me, number)?;
        let own = self.desc(me).map_or(0, |desc| desc.bits);
        if bits & !u64::from(own) != 0 {
            return Err(Fault::new(FaultKind::BadBits, bits));
        }
        if deadline <= self.arch.now() {
            self.storage.deadlines.cancel(owner);
            self.notify(me, bits as u32);
        } else {
            *self.timer_bits(owner) = bits as u32;
            self.storage.deadlines.set(owner, deadline);
        }
        Ok(())
    }

    /// `timer_cancel`.
    pub(crate) fn timer_cancel(&mut self, me: TaskIndex) -> Outcome {
        let owner = self.own_timer(me, self.task(me).frame.register(0))?;
        self.storage.deadlines.cancel(owner);
        Ok(())
    }

    /// Acts on deadlines that have passed, at most `most` of them, the earliest and
    /// most urgent first; how many there were. If some are left, the comparator
    /// fires again.
    pub(crate) fn fire_due(&mut self, most: usize) -> usize {
        let now = self.arch.now();
        let mut fired = 0_usize;
        while fired < most
            && let Some(owner) = self.storage.deadlines.take_due(now)
        {
            fired = fired.wrapping_add(1);
            match owner {
                Owner::Timer { rank, .. } => {
                    let task = self.task_of(rank);
                    // A timer of a former life, not cancelled yet, is nobody's.
                    if self.task(task).teardown.is_none() {
                        let bits = *self.timer_bits(owner);
                        self.notify(task, bits);
                    }
                }
                Owner::Wait { rank } => self.end_wait(self.task_of(rank)),
                Owner::Acknowledge => {
                    self.reset_machine(ResetReason::SupervisorSilent, Some(self.supervisor()), 0);
                }
                Owner::RunUntil => self.notify(self.supervisor(), self.tables.header.stop_bits),
            }
        }
        self.sync_deadline();
        fired
    }

    /// Sets the machine's comparator to the earliest deadline.
    pub(crate) fn sync_deadline(&mut self) {
        self.arch.set_deadline(self.storage.deadlines.head());
    }

    /// Sets the end of the run.
    pub(crate) fn set_run_until(&mut self, deadline: Ticks) {
        self.storage.deadlines.set(Owner::RunUntil, deadline);
    }

    /// Cancels a timer of a task.
    pub(crate) fn cancel_timer(&mut self, task: TaskIndex, timer: u32) {
        self.storage.deadlines.cancel(Owner::Timer { rank: self.rank(task), timer });
    }

    /// Ends a receive whose deadline has passed.
    pub(crate) fn time_out_receive(&mut self, task: TaskIndex) -> Outcome {
        let frame = &mut self.task_mut(task).frame;
        frame.set_words(&Words::default());
        frame.set_register(1, 0);
        frame.set_register(2, 0);
        self.finish(task, nr::TIMED_OUT)
    }

    /// A task's wait has passed its deadline. A faulted task keeps its state.
    fn end_wait(&mut self, task: TaskIndex) {
        if self.task(task).fault.is_some() {
            return;
        }
        let ended = match self.task(task).state {
            State::InRecv { .. } => {
                let ended = self.time_out_receive(task);
                self.set_state(task, State::Runnable);
                ended
            }
            State::InCall(server) => {
                let rank = self.rank(task);
                self.task_mut(server).callers.remove(rank);
                self.end_call(task, nr::TIMEOUT)
            }
            State::InReply(_) => self.end_call(task, nr::TIMEOUT),
            State::Runnable => Ok(()),
        };
        debug_assert!(ended.is_ok());
    }

    fn own_timer(&self, me: TaskIndex, number: u64) -> Result<Owner, Fault> {
        let desc = self.desc(me).filter(|desc| number < u64::from(desc.timer_count));
        match desc {
            Some(_) => Ok(Owner::Timer { rank: self.rank(me), timer: number as u32 }),
            None => Err(Fault::new(FaultKind::BadTimer, number)),
        }
    }

    fn timer_bits(&mut self, owner: Owner) -> &mut u32 {
        let at = match owner {
            Owner::Timer { rank, timer } => {
                rank.position() * abi::limits::MAX_TIMERS + timer as usize
            }
            _ => 0,
        };
        let mask = self.storage.timer_bits.len() - 1;
        &mut self.storage.timer_bits[at & mask]
    }
}
