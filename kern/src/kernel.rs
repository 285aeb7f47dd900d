//! Kernel: its whole memory, and the choice of who runs next.
//!
//! Tasks are chosen by *rank*, their position in the order of urgency that the
//! build computed: the ready set is one mask by rank, so the choice is one count
//! of trailing zeros and does not depend on how many tasks there are.

use crate::arch::{Arch, Physical, Ticks};
use crate::deadline::Deadlines;
use crate::ranks::{Rank, Ranks};
use crate::task::{Begin, Task, TaskId, TaskIndex};
use abi::boot::{self, BootInfo, ResetReason, ResetRecord};
use abi::desc::{self, Tables};
use abi::limits::{MAX_TASKS, MAX_TIMERS};
use zerocopy::{FromZeros, IntoBytes};

/// The large part of the kernel's memory; all zero before boot.
pub struct Storage<F> {
    pub(crate) tasks: [Task<F>; MAX_TASKS],
    pub(crate) deadlines: Deadlines,
    pub(crate) timer_bits: [u32; MAX_TASKS * MAX_TIMERS],
}

impl<F: crate::arch::Frame> Storage<F> {
    /// Before boot.
    pub const NEW: Self = Storage {
        tasks: [Task::NEW; MAX_TASKS],
        deadlines: Deadlines::NEW,
        timer_bits: [0; MAX_TASKS * MAX_TIMERS],
    };
}

/// The kernel of one core.
pub struct Kernel<A: Arch + 'static> {
    pub(crate) arch: A,
    pub(crate) tables: Tables<'static>,
    pub(crate) storage: &'static mut Storage<A::Frame>,
    /// Tasks that could run, or that have a former life to be undone.
    pub(crate) ready: Ranks,
    /// Restarts so far, of all tasks.
    pub(crate) births: u64,
    /// Task of each rank.
    pub(crate) by_rank: [u8; MAX_TASKS],
    /// The task whose address space is active, once there is one.
    pub(crate) current: Option<TaskIndex>,
    /// Why the machine was reset before this boot.
    pub(crate) reset: ResetRecord,
    /// Counter value at boot.
    pub(crate) boot_ticks: Ticks,
}

impl<A: Arch> Kernel<A> {
    /// Boots: every task that is not held begins at its entry.
    ///
    /// `None` if the tables contradict themselves or the limits, which `verify`
    /// and the build exclude.
    #[must_use]
    pub fn boot(
        arch: A,
        tables: Tables<'static>,
        storage: &'static mut Storage<A::Frame>,
        boot_ticks: Ticks,
    ) -> Option<Self> {
        let count = tables.tasks.len();
        if count == 0 || count > MAX_TASKS || tables.header.supervisor as usize >= count {
            return None;
        }
        let mut kernel = Kernel {
            arch,
            tables,
            storage,
            ready: Ranks::NONE,
            births: 0,
            by_rank: [0; MAX_TASKS],
            current: None,
            reset: ResetRecord::new_zeroed(),
            boot_ticks,
        };
        kernel.read_reset_record();
        let first = kernel.read_boot_info();
        let mut ranks = Ranks::NONE;
        for (position, desc) in tables.tasks.iter().enumerate() {
            if desc.rank as usize >= MAX_TASKS || ranks.contains(Rank::new(desc.rank)) {
                return None;
            }
            ranks.insert(Rank::new(desc.rank));
            let index = TaskIndex::new(position as u64, count)?;
            *kernel.by_rank.get_mut(desc.rank as usize)? = position as u8;
            kernel.task_mut(index).generation = first;
            let held = desc.flags & desc::TASK_HELD != 0;
            kernel.begin_task(index, desc, if held { Begin::Held } else { Begin::Running });
        }
        Some(kernel)
    }

    /// The task to run, by rank; `None` when all wait.
    #[must_use]
    pub fn next(&self) -> Option<TaskIndex> {
        self.ready.first().map(|rank| self.task_of(rank))
    }

    /// Ends a stay in the kernel: undoes former lives and waits for work, as long as
    /// nobody more urgent can run; activates the task to run and returns its
    /// registers. `None` if the machine is to stop (only a simulated one gets that
    /// far).
    pub fn dispatch(&mut self) -> Option<&mut A::Frame> {
        let next = loop {
            self.sync_deadline();
            match self.next() {
                Some(next) if self.task(next).teardown.is_some() => {
                    self.tear_down(next);
                    if self.arch.interrupt_pending() {
                        self.interrupt();
                    }
                }
                Some(next) => break next,
                None => {
                    self.arch.wait();
                    self.interrupt();
                }
            }
        };
        if self.current != Some(next) {
            self.current = Some(next);
            let desc = self.desc(next)?;
            self.arch.activate(next, desc);
        }
        #[cfg(any(feature = "checks", test))]
        if let Err(broken) = self.check_all() {
            self.reset_machine(ResetReason::BrokenInvariant, Some(next), broken as u64);
        }
        Some(&mut self.task_mut(next).frame)
    }

    /// Number of tasks.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tables.tasks.len()
    }

    /// What changes about a task.
    #[must_use]
    pub fn task(&self, index: TaskIndex) -> &Task<A::Frame> {
        &self.storage.tasks[index.position()]
    }

    pub(crate) fn task_mut(&mut self, index: TaskIndex) -> &mut Task<A::Frame> {
        &mut self.storage.tasks[index.position()]
    }

    /// What does not change about a task. `None` cannot be: an index is checked
    /// when it is made; saying so in the type keeps panics out of the image.
    pub(crate) fn desc(&self, index: TaskIndex) -> Option<&'static desc::Task> {
        self.tables.tasks.get(index.position())
    }

    /// A task in its present life.
    pub(crate) fn id(&self, index: TaskIndex) -> TaskId {
        TaskId { index, generation: self.task(index).generation }
    }

    /// The rank of a task.
    pub(crate) fn rank(&self, index: TaskIndex) -> Rank {
        Rank::new(self.desc(index).map_or(0, |desc| desc.rank))
    }

    /// The task of a rank.
    pub(crate) fn task_of(&self, rank: Rank) -> TaskIndex {
        let position = self.by_rank[rank.position()];
        TaskIndex::new(u64::from(position), MAX_TASKS).unwrap_or(self.supervisor())
    }

    /// The supervisor.
    pub(crate) fn supervisor(&self) -> TaskIndex {
        TaskIndex::new(u64::from(self.tables.header.supervisor), MAX_TASKS)
            .unwrap_or(TaskIndex::FIRST)
    }

    /// Every task index.
    pub(crate) fn indices(&self) -> impl Iterator<Item = TaskIndex> + use<A> {
        let count = self.count();
        (0..count as u64).filter_map(move |index| TaskIndex::new(index, count))
    }

    /// Makes the ready set say what the task's state says. Called by whoever
    /// changes a state.
    pub(crate) fn update_ready(&mut self, index: TaskIndex) {
        let rank = self.rank(index);
        if self.task(index).is_ready() {
            self.ready.insert(rank);
        } else {
            self.ready.remove(rank);
        }
    }

    /// The tail of a table from `first`, `count` entries long.
    pub(crate) fn slice<T>(table: &'static [T], first: u32, count: u32) -> &'static [T] {
        let first = first as usize;
        first.checked_add(count as usize).and_then(|end| table.get(first..end)).unwrap_or(&[])
    }

    /// Writes why, then resets the machine.
    pub(crate) fn reset_machine(
        &mut self,
        reason: ResetReason,
        task: Option<TaskIndex>,
        argument: u64,
    ) {
        let mut record = ResetRecord {
            magic: boot::RESET_MAGIC,
            reason: reason as u64,
            task: u64::MAX,
            fault: argument,
            ticks: self.arch.now().0,
            ..ResetRecord::default()
        };
        if let Some(index) = task {
            let task = self.task(index);
            record.task = index.position() as u64;
            record.pc = task.frame.pc();
            if let Some(fault) = task.fault
                && reason != ResetReason::BrokenInvariant
            {
                record.fault = fault.fault.pack();
                record.detail = fault.fault.detail;
                record.syndrome = fault.syndrome;
            }
        }
        record.checksum = record.sum();
        self.arch.write(Physical(self.tables.header.reset_record), record.as_bytes());
        self.arch.reset();
    }

    /// Takes the last boot's record, so that it is told once.
    fn read_reset_record(&mut self) {
        let at = Physical(self.tables.header.reset_record);
        let mut record = ResetRecord::default();
        self.arch.read(at, record.as_mut_bytes());
        if record.valid() {
            self.reset = record;
        }
        self.arch.write(at, ResetRecord::default().as_bytes());
    }

    /// Takes what the emulator wrote, if it did: the moment to stop, and the
    /// generation of every task, which is returned. A release wipes the page, so that
    /// no task obeys it either.
    fn read_boot_info(&mut self) -> u32 {
        if cfg!(feature = "release") {
            self.arch.write(Physical(self.tables.header.boot_info), &[0; 8]);
            return 0;
        }
        let mut words = [0_u64; 4];
        self.arch.read(Physical(self.tables.header.boot_info), words.as_mut_bytes());
        let [magic, run_until_us, _, generation] = words;
        const { assert!(core::mem::offset_of!(BootInfo, run_until_us) == 8) };
        const { assert!(core::mem::offset_of!(BootInfo, generation) == 24) };
        if magic != boot::INFO_MAGIC {
            return 0;
        }
        if run_until_us != 0 {
            let deadline = self.boot_ticks.after(self.arch.ticks(run_until_us));
            self.set_run_until(deadline);
        }
        generation as u32
    }
}

use crate::arch::Frame as _;
