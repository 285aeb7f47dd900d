//! Restart: the end of one life of a task and the beginning of the next.
//!
//! What others know of the old life ends with it: waiting callers wake with
//! `DEAD`, other holders of a port or a post grant learn it once, at their next
//! use; leases, timers and notifications are gone, interrupts masked. The task's
//! memory is put back by its own read-only start code, on its own time.
//!
//! The new life begins at once. What touches many (clients, timers, interrupts) is
//! left for [`Kernel::dispatch`], which undoes it a batch at a time before the task
//! runs: see [`Teardown`]. Until then the task is in nobody's way: it has received
//! nothing, and whoever reaches for it is told first.

use crate::arch::{Arch, Frame, IrqId};
use crate::kernel::Kernel;
use crate::ranks::Ranks;
use crate::syscall::Outcome;
use crate::task::{Begin, PanicMessage, State, TaskIndex, Teardown};
use abi::desc::{self, Client};
use abi::limits::BATCH;
use abi::syscall as nr;

impl<A: Arch> Kernel<A> {
    /// Restarts a task.
    pub(crate) fn restart(&mut self, index: TaskIndex, begin: Begin) {
        let Some(desc) = self.desc(index) else { return };
        let rank = self.rank(index);
        if let State::InCall(server) = self.task(index).state {
            self.task_mut(server).callers.remove(rank);
        }
        self.clear_wait(index);
        self.arch.forget_fp(index);
        if self.current == Some(index) {
            // Restarted by itself: dispatch must load the new life's FP state.
            self.current = None;
        }
        match self.task(index).generation.checked_add(1) {
            Some(generation) => self.task_mut(index).generation = generation,
            None => self.task_mut(index).disabled = true,
        }
        self.births = self.births.wrapping_add(1);
        self.task_mut(index).born = self.births;
        let clients = u64::MAX.checked_shr(64 - desc.client_count.min(64)).unwrap_or(0);
        self.task_mut(index).teardown = Some(Teardown { irq: 0, timer: 0, clients });
        self.begin_task(index, desc, begin);
    }

    /// A task at its entry, with nothing pending and nothing to learn of others.
    /// Generation, `disabled` and what is to be undone stay.
    pub(crate) fn begin_task(&mut self, index: TaskIndex, desc: &desc::Task, begin: Begin) {
        let task = self.task_mut(index);
        task.frame = A::Frame::begin(desc);
        task.state = State::Runnable;
        task.fault = None;
        task.held = begin == Begin::Held;
        task.posted = 0;
        task.callers = Ranks::NONE;
        task.stale_ports = 0;
        task.stale_posts = 0;
        task.lease_count = 0;
        task.panic = PanicMessage::default();
        task.done = 0;
        self.update_ready(index);
    }

    /// Undoes a batch of a task's former life.
    pub(crate) fn tear_down(&mut self, index: TaskIndex) {
        let Some(mut left) = self.task(index).teardown else { return };
        let timers = self.desc(index).map_or(0, |desc| desc.timer_count);
        for _ in 0..BATCH {
            if let Some((position, irq)) = self.irq_from(index, left.irq) {
                self.arch.disable_interrupt(irq);
                self.arch.clear_interrupt(irq);
                left.irq = position.wrapping_add(1);
                continue;
            }
            left.irq = u16::MAX;
            if u32::from(left.timer) < timers {
                self.cancel_timer(index, u32::from(left.timer));
                left.timer = left.timer.wrapping_add(1);
            } else if left.clients != 0 {
                let number = left.clients.trailing_zeros();
                left.clients &= left.clients.wrapping_sub(1);
                if let Some(client) = self.clients_of(index).get(number as usize) {
                    self.tell(client, index);
                }
            } else {
                self.task_mut(index).teardown = None;
                self.update_ready(index);
                return;
            }
        }
        self.task_mut(index).teardown = Some(left);
    }

    /// Tells a client of a restart before its turn, because it is about to use what
    /// it holds. Nothing, if the other task has no former life.
    pub(crate) fn tell_now(&mut self, me: TaskIndex, restarted: TaskIndex) {
        let Some(mut left) = self.task(restarted).teardown else { return };
        for (number, client) in self.clients_of(restarted).iter().enumerate().take(64) {
            let bit = 1 << (number & 63);
            if client.task == me.position() as u32 && left.clients & bit != 0 {
                left.clients &= !bit;
                self.task_mut(restarted).teardown = Some(left);
                return self.tell(client, restarted);
            }
        }
    }

    /// Wakes a client that waits for a restarted task; marks its other grants.
    fn tell(&mut self, client: &Client, restarted: TaskIndex) {
        let Some(index) = TaskIndex::new(u64::from(client.task), self.count()) else { return };
        let since = self.task(restarted).born;
        let task = self.task_mut(index);
        if task.born > since {
            return; // it began after the restart and knows only the new life
        }
        task.stale_posts |= client.posts;
        let waits =
            task.state == State::InCall(restarted) || task.state == State::InReply(restarted);
        if waits && task.fault.is_none() {
            task.stale_ports &= !client.ports;
            let told: Outcome = self.end_call(index, nr::DEAD);
            debug_assert!(told.is_ok());
        } else {
            task.stale_ports |= client.ports;
        }
    }

    /// The first interrupt of a task at or behind a position of the table.
    fn irq_from(&self, owner: TaskIndex, mut position: u16) -> Option<(u16, IrqId)> {
        let owner = owner.position() as u32;
        while let Some(irq) = self.tables.irqs.get(usize::from(position)) {
            if irq.owner == owner {
                return Some((position, IrqId(irq.number)));
            }
            position = position.wrapping_add(1);
        }
        None
    }

    /// Who may call or notify a task.
    pub(crate) fn clients_of(&self, task: TaskIndex) -> &'static [Client] {
        self.desc(task).map_or(&[], |desc| {
            Self::slice(self.tables.clients, desc.client_first, desc.client_count)
        })
    }
}
