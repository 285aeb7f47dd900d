//! Restart: the end of one life of a task and the beginning of the next.
//!
//! What others know of the old life ends with it: waiting callers wake with
//! `DEAD`, other holders of a port or a post grant learn it once, at their next
//! use; leases, timers and notifications are gone, interrupts masked. The task's
//! memory is put back by its own read-only start code, on its own time.

use crate::arch::{Arch, Frame, IrqId};
use crate::kernel::Kernel;
use crate::syscall::Outcome;
use crate::task::{PanicMessage, State, TaskIndex};
use abi::desc;
use abi::syscall as nr;

impl<A: Arch> Kernel<A> {
    /// Restarts a task, and starts it unless `held`.
    pub(crate) fn restart(&mut self, index: TaskIndex, held: bool) {
        let Some(desc) = self.desc(index) else { return };
        let rank = self.rank_bit(index);
        if let State::InCall(server) = self.task(index).state {
            self.task_mut(server).callers &= !rank;
        }
        self.clear_wait(index);
        self.cancel_timers(index);
        for irq in self.irqs_of(index, u32::MAX) {
            self.arch.disable_interrupt(IrqId(irq.number));
            self.arch.clear_interrupt(IrqId(irq.number));
        }
        self.arch.forget_fp(index);
        if self.current == Some(index) {
            // Restarted by itself: dispatch must load the new life's FP state.
            self.current = None;
        }

        match self.task(index).generation.checked_add(1) {
            Some(generation) => self.task_mut(index).generation = generation,
            None => self.task_mut(index).disabled = true,
        }
        self.tell_clients(index);
        self.begin_task(index, desc, held);
    }

    /// A task at its entry, with nothing pending and nothing to learn of others.
    /// Generation and `disabled` stay.
    pub(crate) fn begin_task(&mut self, index: TaskIndex, desc: &desc::Task, held: bool) {
        let task = self.task_mut(index);
        task.frame = A::Frame::begin(desc);
        task.state = State::Runnable;
        task.fault = None;
        task.held = held;
        task.posted = 0;
        task.callers = 0;
        task.stale_ports = 0;
        task.stale_posts = 0;
        task.lease_count = 0;
        task.panic = PanicMessage::default();
        self.update_ready(index);
    }

    /// Wakes whoever waits for the task; marks the grants of everyone else.
    fn tell_clients(&mut self, restarted: TaskIndex) {
        let number = restarted.position() as u32;
        for client in self.indices() {
            if client == restarted {
                continue;
            }
            let Some(desc) = self.desc(client) else { continue };
            let ports = Self::slice(self.tables.ports, desc.port_first, desc.port_count);
            let posts = Self::slice(self.tables.posts, desc.post_first, desc.post_count);
            let stale_ports = mask_where(ports, |port| port.server == number);
            let stale_posts = mask_where(posts, |post| post.target == number);
            let task = self.task_mut(client);
            task.stale_posts |= stale_posts;
            let waits =
                task.state == State::InCall(restarted) || task.state == State::InReply(restarted);
            if waits && task.fault.is_none() {
                task.stale_ports &= !stale_ports;
                let told: Outcome = self.end_call(client, nr::DEAD);
                debug_assert!(told.is_ok());
            } else {
                task.stale_ports |= stale_ports;
            }
        }
    }
}

/// The positions, as bits, of the entries that satisfy a condition.
fn mask_where<T>(table: &[T], condition: impl Fn(&T) -> bool) -> u64 {
    table
        .iter()
        .take(64)
        .enumerate()
        .fold(0, |mask, (at, entry)| if condition(entry) { mask | 1 << (at & 63) } else { mask })
}
