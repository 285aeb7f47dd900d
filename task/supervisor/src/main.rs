//! task-supervisor: the most urgent task. It restarts what faults and says so, and
//! it ends the run.
//!
//! It never calls anybody, so nobody can keep it waiting: the kernel resets the
//! machine if it does not acknowledge a fault in time.
//!
//! ```text
//!   stop ──► say so, tell the log task ──► drained, or 0.5 s later ──► exit
//! ```
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use abi::kernel_op::Status;
use abi::limits::PANIC_BYTES;
use core::fmt;
use core::fmt::Write as _;
use idl::supervisor::SupervisorServer;
use idol_runtime::Message;
use supervisor_api::{PastFault, SupervisorError, TaskState};
use task_supervisor::supervise::{Machine, Supervisor};
use userlib::time::{self, Ticks};
use userlib::{Bits, Counter, kernel, sys};

/// Longest text about a fault; longer ones are cut.
const SENTENCE: usize = 384;
/// How long the log task gets to write everything out at the end.
const DRAIN_US: u64 = 500_000;

/// Summary counters that every supervisor has.
const FAULTS: Counter = Counter(0);
const RESTARTS: Counter = Counter(1);

/// The kernel.
struct Kernel;

impl Machine for Kernel {
    fn now_us(&self) -> u64 {
        time::since_boot().to_us()
    }
    fn find_faulted(&mut self, from: u32) -> Option<u32> {
        kernel::find_faulted(from)
    }
    fn status(&mut self, task: u32) -> Status {
        kernel::status(task)
    }
    fn panic_message<'b>(
        &mut self,
        task: u32,
        buffer: &'b mut [u8; PANIC_BYTES],
    ) -> Option<&'b [u8]> {
        kernel::panic_message(task, buffer)
    }
    fn restart(&mut self, task: u32) {
        kernel::restart(task);
    }
    fn fault(&mut self, task: u32) {
        kernel::fault(task);
    }
    fn say(&mut self, sentence: fmt::Arguments<'_>) {
        let mut text = heapless::String::<SENTENCE>::new();
        // Text that does not fit is left out, piece by piece.
        let _ = text.write_fmt(sentence);
        defmt::error!("{=str}", text.as_str());
    }
}

/// The end of the run, once it is near.
struct Stopping {
    code: u8,
    deadline_us: u64,
}

struct Server {
    supervisor: Supervisor,
    stopping: Option<Stopping>,
}

impl Server {
    /// Shows the counters and arms the timer for what is due next.
    fn settle(&mut self) {
        FAULTS.set(self.supervisor.faults());
        RESTARTS.set(self.supervisor.restarts());
        let stop_us = self.stopping.as_ref().map(|stopping| stopping.deadline_us);
        match [self.supervisor.next_due_us(), stop_us].into_iter().flatten().min() {
            Some(due_us) => {
                let timer = timers::BACKOFF;
                let deadline = time::boot() + Ticks::from_us(due_us);
                sys::timer_set(timer.number, deadline, timer.bits);
            }
            None => sys::timer_cancel(timers::BACKOFF.number),
        }
    }

    fn stop(&mut self, code: u8) {
        if self.stopping.is_some() {
            return;
        }
        let now_us = Kernel.now_us();
        let (faults, restarts) = (self.supervisor.faults(), self.supervisor.restarts());
        defmt::info!(
            "stopping after {=u64} us; faults: {=u64}, restarts: {=u64}",
            now_us,
            faults,
            restarts
        );
        self.stopping = Some(Stopping { code, deadline_us: now_us + DRAIN_US });
        userlib::post(posts::log::STOP);
    }

    fn leave_if_done(&self, drained: bool) {
        if let Some(stopping) = &self.stopping
            && (drained || Kernel.now_us() >= stopping.deadline_us)
        {
            kernel::exit(stopping.code);
        }
    }
}

impl SupervisorServer for Server {
    fn state(&mut self, _: &Message, task: u32) -> Result<TaskState, SupervisorError> {
        self.supervisor.state(&mut Kernel, task)
    }

    fn restart(&mut self, _: &Message, task: u32) -> Result<(), SupervisorError> {
        let result = self.supervisor.restart(&mut Kernel, task);
        self.settle();
        result
    }

    fn inject(&mut self, message: &Message, task: u32) -> Result<(), SupervisorError> {
        if !granted::FAULT {
            return Err(SupervisorError::NotGranted);
        }
        self.supervisor.inject(&mut Kernel, task, message.caller.index)
    }

    fn history(&mut self, _: &Message, back: u32) -> Result<PastFault, SupervisorError> {
        self.supervisor.past(back)
    }

    fn stop(&mut self, _: &Message, code: u8) -> Result<(), SupervisorError> {
        if !granted::EXIT {
            return Err(SupervisorError::NotGranted);
        }
        Server::stop(self, code);
        self.settle();
        Ok(())
    }

    fn mask(&self) -> Bits {
        notifications::ALL
    }

    fn notified(&mut self, bits: Bits) {
        if bits.contains(notifications::FAULT) {
            self.supervisor.deal_with_faults(&mut Kernel);
        }
        self.supervisor.restart_due(&mut Kernel);
        if bits.contains(notifications::STOP) {
            Server::stop(self, 0);
        }
        self.leave_if_done(bits.contains(notifications::DRAINED));
        self.settle();
    }
}

fn main() -> ! {
    let supervisor = Supervisor::new(&tasks::NAMES, restart::ALL, userlib::index());
    let mut server = Server { supervisor, stopping: None };
    // Of what faulted before this life began, the bit may have gone to the last one.
    server.supervisor.deal_with_faults(&mut Kernel);
    server.settle();
    idl::supervisor::serve(&mut server)
}
