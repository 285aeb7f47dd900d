//! System calls: from registers to operations.
//!
//! An operation returns `Err(fault)` for misuse, and the caller is stopped with
//! it; what can happen without anybody's mistake is a status in a register. The
//! order is always: authority, then lengths, then effects.

use crate::arch::{Arch, Frame, Ticks};
use crate::kernel::Kernel;
use crate::task::TaskIndex;
use abi::fault::{Fault, FaultKind};
use abi::syscall as nr;

/// How a system call ends: done, or its caller is to blame.
pub(crate) type Outcome = Result<(), Fault>;

impl<A: Arch> Kernel<A> {
    /// Carries out system call `number` of the current task, whose registers
    /// have been saved.
    pub fn system_call(&mut self, number: u16) {
        let Some(me) = self.current else { return };
        let outcome = match number {
            nr::CALL => self.call(me),
            nr::RECV => self.receive(me, None),
            nr::RECV_UNTIL => {
                let deadline = Ticks(self.task(me).frame.register(3));
                self.receive(me, Some(deadline))
            }
            nr::REPLY => self.reply(me),
            nr::REPLY_RECV => self.reply_receive(me),
            nr::REPLY_FAULT => self.reply_fault(me),
            nr::LEASE_READ => self.lease_copy(me, crate::lease::Direction::FromLender),
            nr::LEASE_WRITE => self.lease_copy(me, crate::lease::Direction::ToLender),
            nr::LEASE_INFO => self.lease_info(me),
            nr::POST => self.post(me),
            nr::TIMER_SET => self.timer_set(me),
            nr::TIMER_CANCEL => self.timer_cancel(me),
            nr::IRQ_CONTROL => self.irq_control(me),
            nr::IRQ_STATUS => self.irq_status(me),
            // In a strict band no two tasks are equal: there is nobody to yield to.
            nr::YIELD => Ok(()),
            nr::KERNEL_OP => self.kernel_op(me),
            nr::PANIC => Err(self.panic(me)),
            nr::SELF_INFO => self.self_info(me),
            _ => Err(Fault::new(FaultKind::BadSyscall, u64::from(number))),
        };
        if let Err(fault) = outcome {
            self.fault_task(me, fault, 0);
        }
    }

    /// Puts a status into the first result register.
    pub(crate) fn finish(&mut self, task: TaskIndex, status: u64) -> Outcome {
        self.task_mut(task).frame.set_register(0, status);
        Ok(())
    }

    /// Index, generation, reset reason, gas left and boot time of the caller.
    fn self_info(&mut self, me: TaskIndex) -> Outcome {
        let words = [
            me.position() as u64,
            u64::from(self.task(me).generation),
            self.reset.reason,
            u64::MAX,
            self.boot_ticks.0,
            0,
            0,
            0,
        ];
        self.task_mut(me).frame.set_words(&words);
        Ok(())
    }
}
