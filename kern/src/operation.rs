//! Kernel operations: what the supervisor may ask, and what it is told.
//!
//! Each is granted per target in `app.toml`. There is no operation that every
//! task may use, and no task that may use every operation by being special.

use crate::arch::{Arch, Frame, Words};
use crate::deadline::Owner;
use crate::kernel::Kernel;
use crate::memory::{Use, UserSlice};
use crate::syscall::Outcome;
use crate::task::{Begin, State, TaskIndex};
use abi::boot::ResetReason;
use abi::fault::{Fault, FaultKind};
use abi::kernel_op::{self, KernelOp, StateCode, Status};
use abi::syscall as nr;
use zerocopy::IntoBytes;

impl<A: Arch> Kernel<A> {
    /// `kernel_op`.
    pub(crate) fn kernel_op(&mut self, me: TaskIndex) -> Outcome {
        let frame = &self.task(me).frame;
        let (number, target, argument) = (frame.register(0), frame.register(1), frame.register(2));
        let denied = Fault::new(FaultKind::BadKernelOp, number & 0xffff_ffff | target << 32);
        let operation = KernelOp::from_u64(number).ok_or(denied)?;
        let desc = self.desc(me).ok_or(denied)?;
        let granted = desc.ops.get(operation as usize).copied().unwrap_or(0);
        let target = match operation {
            KernelOp::FindFaulted | KernelOp::Reset | KernelOp::Exit => {
                if granted == 0 {
                    return Err(denied);
                }
                return self.global_op(me, operation, target, argument);
            }
            _ => TaskIndex::new(target, self.count())
                .filter(|target| granted & target.bit() != 0)
                .ok_or(denied)?,
        };
        if operation == KernelOp::SoftwareIrq {
            // Before any result is written: it may have to be made again.
            let bits = self.desc(target).map_or(0, |desc| desc.irq_bits);
            if argument == 0 || argument & !u64::from(bits) != 0 {
                return Err(Fault::new(FaultKind::BadBits, argument));
            }
            return self.each_irq(me, target, argument as u32, |arch, irq| {
                arch.pend_interrupt(irq);
            });
        }
        // First the caller's result: the operation may end the caller's life.
        self.finish(me, nr::OK)?;
        self.task_mut(me).frame.set_words(&Words::default());
        match operation {
            KernelOp::Status => {
                let words = self.status(target).words();
                self.task_mut(me).frame.set_words(&words);
            }
            KernelOp::PanicMessage => return self.panic_message(me, target, argument),
            KernelOp::Restart if argument == kernel_op::RESTART_HOLD => {
                self.restart(target, Begin::Held);
            }
            KernelOp::Restart => self.restart(target, Begin::Running),
            KernelOp::Start => self.start(target),
            KernelOp::Hold => self.hold(target),
            // A release grants it to nobody; its kernel could not.
            KernelOp::Fault if cfg!(feature = "release") => {}
            KernelOp::Fault => {
                let mut fault = Fault::new(FaultKind::Injected, 0);
                fault.who = me.position() as u8;
                self.fault_task(target, fault, 0);
            }
            KernelOp::Dump => return self.read_out(me, target, argument, 64),
            KernelOp::SoftwareIrq | KernelOp::FindFaulted | KernelOp::Reset | KernelOp::Exit => {}
        }
        Ok(())
    }

    fn global_op(
        &mut self,
        me: TaskIndex,
        operation: KernelOp,
        from: u64,
        argument: u64,
    ) -> Outcome {
        match operation {
            KernelOp::FindFaulted => {
                let found = self.indices().find(|task| {
                    task.position() as u64 >= from && self.task(*task).fault.is_some()
                });
                let mut words = Words::default();
                words[0] = found.map_or(0, |task| task.position() as u64);
                self.task_mut(me).frame.set_words(&words);
                if found.is_none() && me == self.supervisor() {
                    self.storage.deadlines.cancel(Owner::Acknowledge);
                }
                self.finish(me, if found.is_some() { nr::OK } else { nr::NONE })
            }
            KernelOp::Reset => {
                self.reset_machine(ResetReason::Requested, None, argument);
                Ok(())
            }
            _ => {
                self.arch.exit(argument as u8);
                Ok(())
            }
        }
    }

    /// Keeps a task from running and receiving.
    fn hold(&mut self, target: TaskIndex) {
        self.task_mut(target).held = true;
        self.update_ready(target);
    }

    /// Lets a held task go; what has come in the meantime, it receives.
    fn start(&mut self, target: TaskIndex) {
        self.task_mut(target).held = false;
        self.update_ready(target);
        let task = self.task(target);
        if let (true, State::InRecv { open, mask }) = (task.is_live(), task.state)
            && self.take_what_waits(target, open, mask)
        {
            self.clear_wait(target);
            self.set_state(target, State::Runnable);
        }
    }

    fn status(&self, target: TaskIndex) -> Status {
        let task = self.task(target);
        let (code, peer) = match task.state {
            _ if task.held && task.fault.is_none() => (StateCode::Stopped, None),
            State::Runnable => (StateCode::Runnable, None),
            State::InCall(server) => (StateCode::InCall, Some(server)),
            State::InReply(server) => (StateCode::InReply, Some(server)),
            State::InRecv { .. } => (StateCode::InRecv, None),
        };
        let mut state = code as u64 | peer.map_or(0, |peer| (peer.position() as u64) << 16);
        if task.fault.is_some() {
            state |= kernel_op::STATUS_FAULTED;
        }
        if task.disabled {
            state |= kernel_op::STATUS_DISABLED;
        }
        Status {
            state,
            generation: u64::from(task.generation),
            fault: task.fault.map_or(0, |record| record.fault.pack()),
            detail: task.fault.map_or(0, |record| record.fault.detail),
            pc: task.frame.pc(),
            sp: task.frame.sp(),
            syndrome: task.fault.map_or(0, |record| record.syndrome),
            count: task.fault.map_or(0, |record| u64::from(record.count)),
        }
    }

    fn panic_message(&mut self, me: TaskIndex, target: TaskIndex, offset: u64) -> Outcome {
        let task = self.task(target);
        let panicked = task.fault.is_some_and(|record| record.fault.kind == FaultKind::Panic);
        let message = task.panic;
        let Some(left) = message.length.checked_sub(offset).filter(|_| panicked) else {
            return self.finish(me, nr::NONE);
        };
        self.read_out(me, target, message.address.wrapping_add(offset), left.min(64))?;
        self.finish(me, message.length)
    }

    /// Bytes of a task's memory into the caller's message words.
    fn read_out(&mut self, me: TaskIndex, target: TaskIndex, address: u64, length: u64) -> Outcome {
        let regions = self.regions(target);
        let slice = UserSlice::alleged(address, length);
        if !slice.is_valid(regions, Use::Read) {
            return self.finish(me, nr::NONE);
        }
        let mut words = Words::default();
        self.read_user(regions, slice, words.as_mut_bytes());
        self.task_mut(me).frame.set_words(&words);
        Ok(())
    }
}
