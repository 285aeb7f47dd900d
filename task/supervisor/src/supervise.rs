//! What the supervisor knows and does, told apart from how it asks the kernel.
//!
//! ```text
//!   fault bit ──► scan until the kernel says "none" (that acknowledges)
//!                   └► each new fault: look, say, restart now or later
//!   timer     ──► restart what is due
//! ```
//!
//! A faulted task stays faulted, and is found by every scan, until it is restarted;
//! its generation tells a fault that was dealt with from a new one.

use crate::policy::{Backoff, Decision};
use crate::sentence::{Outcome, Sentence};
use abi::fault::{Fault, FaultKind};
use abi::kernel_op::{STATUS_DISABLED, Status};
use abi::limits::{MAX_TASKS, PANIC_BYTES};
use core::fmt;
use heapless::HistoryBuf;
use supervisor_api::{HISTORY, PastFault, SupervisorError, TaskState};
use userlib::{RestartPolicy, RestartRule};

/// What the supervisor asks of the world.
pub trait Machine {
    /// Microseconds since boot.
    fn now_us(&self) -> u64;
    /// The first faulted task with an index of at least `from`.
    fn find_faulted(&mut self, from: u32) -> Option<u32>;
    /// State of a task.
    fn status(&mut self, task: u32) -> Status;
    /// The message of a task that panicked.
    fn panic_message<'b>(
        &mut self,
        task: u32,
        buffer: &'b mut [u8; PANIC_BYTES],
    ) -> Option<&'b [u8]>;
    /// Begins a new generation of a task.
    fn restart(&mut self, task: u32);
    /// Faults a task.
    fn fault(&mut self, task: u32);
    /// Logs a sentence about a fault.
    fn say(&mut self, sentence: fmt::Arguments<'_>);
}

/// What is remembered of one task.
#[derive(Clone, Copy, Debug)]
struct Record {
    backoff: Backoff,
    faults: u32,
    /// Generation whose fault has been dealt with.
    seen: Option<u64>,
    /// When to restart it.
    due_us: Option<u64>,
    /// Who had a fault injected, until the fault is seen.
    injected_by: Option<u8>,
}

/// The rule for a task that has none.
const DEFAULT_RULE: RestartRule =
    RestartRule { policy: RestartPolicy::Always, min_interval_ms: 50, max_per_s: 20 };

/// The supervisor's memory.
#[derive(Debug)]
pub struct Supervisor {
    names: &'static [&'static str],
    rules: &'static [RestartRule],
    own_index: u32,
    tasks: [Record; MAX_TASKS],
    history: HistoryBuf<PastFault, HISTORY>,
    faults: u64,
    restarts: u64,
}

impl Supervisor {
    /// A supervisor, itself task `own_index`, of tasks with these names and rules,
    /// both by index.
    #[must_use]
    pub fn new(
        names: &'static [&'static str],
        rules: &'static [RestartRule],
        own_index: u32,
    ) -> Self {
        let record = Record {
            backoff: Backoff::new(),
            faults: 0,
            seen: None,
            due_us: None,
            injected_by: None,
        };
        Supervisor {
            names,
            rules,
            own_index,
            tasks: [record; MAX_TASKS],
            history: HistoryBuf::new(),
            faults: 0,
            restarts: 0,
        }
    }

    /// Faults seen since boot.
    #[must_use]
    pub const fn faults(&self) -> u64 {
        self.faults
    }

    /// Restarts since boot.
    #[must_use]
    pub const fn restarts(&self) -> u64 {
        self.restarts
    }

    /// When the next restart is due, in microseconds since boot.
    #[must_use]
    pub fn next_due_us(&self) -> Option<u64> {
        self.tasks.iter().filter_map(|record| record.due_us).min()
    }

    /// Deals with every fault there is. The scan comes first and alone, because its
    /// end is the acknowledgement that the kernel waits for.
    pub fn deal_with_faults(&mut self, machine: &mut impl Machine) {
        loop {
            let new = self.scan(machine);
            if new == 0 {
                return;
            }
            for task in (0..MAX_TASKS as u32).filter(|task| new >> task & 1 != 0) {
                self.deal_with(machine, task);
            }
        }
    }

    /// Faulted tasks that have not been dealt with, as a set.
    fn scan(&self, machine: &mut impl Machine) -> u64 {
        let mut new = 0;
        let mut from = 0;
        while let Some(task) = machine.find_faulted(from) {
            from = task + 1;
            if let Some(record) = self.tasks.get(task as usize)
                && record.seen != Some(machine.status(task).generation)
            {
                new |= 1 << task;
            }
        }
        new
    }

    fn deal_with(&mut self, machine: &mut impl Machine, task: u32) {
        let status = machine.status(task);
        let now_us = machine.now_us();
        let rule = self.rules.get(task as usize).copied().unwrap_or(DEFAULT_RULE);
        let Some(record) = self.tasks.get_mut(task as usize) else { return };
        let own_index = self.own_index;
        let injected_by = record.injected_by.take();
        let fault = Fault::unpack(status.fault, status.detail).map(|fault| match injected_by {
            // The supervisor only carried it out; the sentence names who asked.
            Some(who) if fault.kind == FaultKind::Injected && u32::from(fault.who) == own_index => {
                Fault { who, ..fault }
            }
            _ => fault,
        });
        record.faults = record.faults.saturating_add(1);
        record.seen = Some(status.generation);
        self.faults += 1;

        let decision = match status.state & STATUS_DISABLED {
            0 => record.backoff.faulted(&rule, now_us),
            _ => Decision::Hold,
        };
        let number = u32::try_from(status.generation).unwrap_or(u32::MAX).saturating_add(1);
        let (outcome, due_us) = match decision {
            Decision::Restart(due_us) => {
                let delay_ms = due_us.saturating_sub(now_us).div_ceil(1000);
                (Outcome::Restart { number, delay_ms }, Some(due_us))
            }
            Decision::Hold if status.state & STATUS_DISABLED != 0 => (Outcome::Disabled, None),
            Decision::Hold => (Outcome::Held, None),
        };
        record.due_us = due_us;

        let mut buffer = [0; PANIC_BYTES];
        let panic = match fault {
            Some(Fault { kind: FaultKind::Panic, .. }) => machine.panic_message(task, &mut buffer),
            _ => None,
        };
        let sentence = Sentence { names: self.names, task, fault, pc: status.pc, panic, outcome };
        machine.say(format_args!("{sentence}"));
        self.history.write(PastFault {
            at_us: now_us,
            due_us: due_us.unwrap_or(0),
            fault: fault.map_or(status.fault, Fault::pack),
            detail: status.detail,
            pc: status.pc,
            task,
            generation: number.saturating_sub(1),
        });
        self.restart_due(machine);
    }

    /// Restarts every task whose time has come.
    pub fn restart_due(&mut self, machine: &mut impl Machine) {
        let now_us = machine.now_us();
        for task in 0..MAX_TASKS as u32 {
            if self.tasks[task as usize].due_us.is_some_and(|due_us| due_us <= now_us) {
                self.restart_now(machine, task);
            }
        }
    }

    fn restart_now(&mut self, machine: &mut impl Machine, task: u32) {
        let now_us = machine.now_us();
        if let Some(record) = self.tasks.get_mut(task as usize) {
            record.due_us = None;
            record.seen = None;
            record.backoff.started(now_us);
            self.restarts += 1;
            machine.restart(task);
        }
    }

    /// How a task is doing.
    ///
    /// # Errors
    /// [`SupervisorError::NoSuchTask`].
    pub fn state(
        &self,
        machine: &mut impl Machine,
        task: u32,
    ) -> Result<TaskState, SupervisorError> {
        let record = self.record(task)?;
        let status = machine.status(task);
        Ok(TaskState {
            state: status.state,
            fault: status.fault,
            detail: status.detail,
            pc: status.pc,
            due_us: record.due_us.unwrap_or(0),
            generation: u32::try_from(status.generation).unwrap_or(u32::MAX),
            faults: record.faults,
        })
    }

    /// Restarts a task at once, whatever its policy.
    ///
    /// # Errors
    /// [`SupervisorError::NoSuchTask`], [`SupervisorError::Itself`].
    pub fn restart(
        &mut self,
        machine: &mut impl Machine,
        task: u32,
    ) -> Result<(), SupervisorError> {
        self.other(task)?;
        self.restart_now(machine, task);
        Ok(())
    }

    /// Faults a task, on behalf of the task `who`.
    ///
    /// # Errors
    /// [`SupervisorError::NoSuchTask`], [`SupervisorError::Itself`].
    pub fn inject(
        &mut self,
        machine: &mut impl Machine,
        task: u32,
        who: u32,
    ) -> Result<(), SupervisorError> {
        self.other(task)?;
        self.tasks[task as usize].injected_by = u8::try_from(who).ok();
        machine.fault(task);
        Ok(())
    }

    /// The fault before `back` others.
    ///
    /// # Errors
    /// [`SupervisorError::NoSuchFault`].
    pub fn past(&self, back: u32) -> Result<PastFault, SupervisorError> {
        (self.history.len())
            .checked_sub(1 + back as usize)
            .and_then(|index| self.history.oldest_ordered().nth(index))
            .copied()
            .ok_or(SupervisorError::NoSuchFault)
    }

    fn record(&self, task: u32) -> Result<&Record, SupervisorError> {
        let exists = (task as usize) < self.names.len();
        self.tasks.get(task as usize).filter(|_| exists).ok_or(SupervisorError::NoSuchTask)
    }

    fn other(&self, task: u32) -> Result<(), SupervisorError> {
        self.record(task)?;
        if task == self.own_index { Err(SupervisorError::Itself) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abi::fault::Access;
    use abi::kernel_op::STATUS_FAULTED;
    use std::string::{String, ToString};
    use std::vec::Vec;

    static NAMES: [&str; 4] = ["supervisor", "uart", "control", "console"];
    const ALWAYS: RestartRule = DEFAULT_RULE;
    const NEVER: RestartRule = RestartRule { policy: RestartPolicy::Never, ..ALWAYS };
    static RULES: [RestartRule; 4] = [ALWAYS, ALWAYS, ALWAYS, NEVER];

    /// A kernel that keeps to the rules of `find-faulted` and `restart`.
    #[derive(Default)]
    struct Fake {
        now_us: u64,
        faults: [Option<Fault>; 4],
        generations: [u64; 4],
        acknowledged: usize,
        said: Vec<String>,
    }

    impl Machine for Fake {
        fn now_us(&self) -> u64 {
            self.now_us
        }
        fn find_faulted(&mut self, from: u32) -> Option<u32> {
            let found = (from as usize..4).find(|task| self.faults[*task].is_some());
            self.acknowledged += usize::from(found.is_none());
            assert!(self.acknowledged < 100, "the same fault is found again and again");
            found.map(|task| task as u32)
        }
        fn status(&mut self, task: u32) -> Status {
            let fault = self.faults[task as usize];
            Status {
                state: 1 | if fault.is_some() { STATUS_FAULTED } else { 0 },
                generation: self.generations[task as usize],
                fault: fault.map_or(0, Fault::pack),
                detail: fault.map_or(0, |fault| fault.detail),
                pc: 0x1000,
                ..Status::default()
            }
        }
        fn panic_message<'b>(
            &mut self,
            _: u32,
            buffer: &'b mut [u8; PANIC_BYTES],
        ) -> Option<&'b [u8]> {
            buffer[..4].copy_from_slice(b"oops");
            Some(&buffer[..4])
        }
        fn restart(&mut self, task: u32) {
            self.faults[task as usize] = None;
            self.generations[task as usize] += 1;
        }
        fn fault(&mut self, task: u32) {
            let injected = Fault::new(FaultKind::Injected, 0);
            self.faults[task as usize] = Some(Fault { who: 0, ..injected });
        }
        fn say(&mut self, sentence: fmt::Arguments<'_>) {
            self.said.push(sentence.to_string());
        }
    }

    fn wrong() -> Option<Fault> {
        Some(Fault::memory(FaultKind::Unmapped, Access::Write, 8))
    }

    fn at(now_us: u64) -> (Supervisor, Fake) {
        (Supervisor::new(&NAMES, &RULES, 0), Fake { now_us, ..Fake::default() })
    }

    #[test]
    fn faults_of_several_tasks_are_found_said_and_dealt_with_together() {
        let (mut supervisor, mut kernel) = at(1_000_000);
        kernel.faults = [None, Some(Fault::new(FaultKind::Panic, 0)), wrong(), wrong()];
        supervisor.deal_with_faults(&mut kernel);
        assert_eq!(
            kernel.said,
            [
                "uart panicked: oops; restart 1 at once",
                "control faulted: write to unmapped address 0x8 at control@0x1000; restart 1 at once",
                "console faulted: write to unmapped address 0x8 at console@0x1000; held (policy never)",
            ]
        );
        assert_eq!(kernel.generations, [0, 1, 1, 0]);
        assert_eq!((supervisor.faults(), supervisor.restarts()), (3, 2));
        assert!(kernel.acknowledged >= 1);
    }

    #[test]
    fn a_held_task_is_said_once_and_every_scan_is_acknowledged() {
        let (mut supervisor, mut kernel) = at(1_000_000);
        kernel.faults[3] = wrong();
        supervisor.deal_with_faults(&mut kernel);
        kernel.acknowledged = 0;
        kernel.faults[2] = wrong();
        supervisor.deal_with_faults(&mut kernel);
        assert_eq!((kernel.said.len(), supervisor.faults()), (2, 2));
        assert!(kernel.acknowledged >= 1);
    }

    #[test]
    fn a_task_that_faults_at_once_again_is_restarted_when_due() {
        let (mut supervisor, mut kernel) = at(1_000_000);
        kernel.faults[2] = wrong();
        supervisor.deal_with_faults(&mut kernel);
        kernel.now_us += 10_000;
        kernel.faults[2] = wrong();
        supervisor.deal_with_faults(&mut kernel);
        assert!(kernel.said[1].ends_with("; restart 2 in 50 ms"), "{}", kernel.said[1]);
        assert_eq!(supervisor.next_due_us(), Some(1_060_000));
        kernel.now_us = 1_059_999;
        supervisor.restart_due(&mut kernel);
        assert_eq!(kernel.generations[2], 1);
        kernel.now_us = 1_060_000;
        supervisor.restart_due(&mut kernel);
        assert_eq!((kernel.generations[2], supervisor.next_due_us()), (2, None));
    }

    #[test]
    fn an_injected_fault_names_who_asked_for_it() {
        let (mut supervisor, mut kernel) = at(1_000_000);
        supervisor.inject(&mut kernel, 2, 3).unwrap();
        supervisor.deal_with_faults(&mut kernel);
        assert_eq!(
            kernel.said,
            ["control was stopped by console at control@0x1000; restart 1 at once"]
        );
        assert_eq!(supervisor.past(0).unwrap().fault().unwrap().who, 3);
    }

    #[test]
    fn a_request_restarts_what_the_policy_holds() {
        let (mut supervisor, mut kernel) = at(1_000_000);
        kernel.faults[3] = wrong();
        supervisor.deal_with_faults(&mut kernel);
        supervisor.restart(&mut kernel, 3).unwrap();
        let state = supervisor.state(&mut kernel, 3).unwrap();
        assert_eq!((state.generation, state.faults, state.is_faulted()), (1, 1, false));
        kernel.faults[3] = wrong();
        supervisor.deal_with_faults(&mut kernel);
        assert_eq!(kernel.said.len(), 2, "the fault of the new generation is a new fault");
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let (mut supervisor, mut kernel) = at(0);
        assert_eq!(supervisor.state(&mut kernel, 4), Err(SupervisorError::NoSuchTask));
        assert_eq!(supervisor.restart(&mut kernel, u32::MAX), Err(SupervisorError::NoSuchTask));
        assert_eq!(supervisor.restart(&mut kernel, 0), Err(SupervisorError::Itself));
        assert_eq!(supervisor.inject(&mut kernel, 0, 3), Err(SupervisorError::Itself));
        assert_eq!(supervisor.past(0), Err(SupervisorError::NoSuchFault));
    }

    #[test]
    fn the_history_keeps_the_newest() {
        let (mut supervisor, mut kernel) = at(1_000_000);
        for _ in 0..HISTORY + 3 {
            kernel.now_us += 1_000_000;
            kernel.faults[2] = wrong();
            supervisor.deal_with_faults(&mut kernel);
        }
        let newest = supervisor.past(0).unwrap();
        assert_eq!((newest.task, newest.generation, newest.at_us), (2, 18, kernel.now_us));
        assert_eq!(supervisor.past(HISTORY as u32 - 1).unwrap().generation, 3);
        assert_eq!(supervisor.past(HISTORY as u32), Err(SupervisorError::NoSuchFault));
        assert_eq!(supervisor.past(u32::MAX), Err(SupervisorError::NoSuchFault));
    }
}
