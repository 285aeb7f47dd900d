//! Bench: tasks of an image on the simulated machine, played step by step.
//!
//! The image is `test/replay/app.toml`, so that a script means the same here and on
//! the target. Every task has an MMU's view of memory: what it reads, writes or
//! executes goes through its region table, and a miss is a fault. Whatever belongs to
//! no task holds a pattern. After every step the kernel's invariants are checked, and
//! its promises (`promises.rs`).
//!
//! ```text
//!   span      1000    2000       3000   4000     5000     7000   8000   9000
//!             text  │ constants │ guard │ stack │ buffer │ table │ data │ (hole) │ device
//!   physical  each region of its own, with the pattern between them
//! ```

use super::promises::{Event, Promises};
use crate::arch::sim::{Asleep, Map, Registers, Sim};
use crate::arch::{Frame, IrqId, Ticks};
use crate::kernel::{Kernel, Storage};
use crate::task::{State, Task, TaskIndex};
use abi::boot::{BootInfo, ResetRecord};
use abi::desc::{self, Board, Header, Irq, Port, Post, Region, Tables};
use abi::fault::Access;
use abi::kernel_op::KernelOp;
use abi::syscall as nr;
use exov6_test_replay::{Act, Lend, Line, Outcome, Place, Script, Step, Value};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::OnceLock;
use zerocopy::{FromZeros, IntoBytes};

const BOOT_INFO: u64 = 0x1000;
const BOOT_RECORD: u64 = 0x2000;
const RESET_RECORD: u64 = 0x3000;
/// Physical memory of each task, its first region at the start.
const EACH: u64 = 0x1_0000;

/// Where a place is in the span of every simulated task.
#[must_use]
pub fn place(place: Place) -> u64 {
    match place {
        Place::Text => 0x1000,
        Place::Constants => 0x2000,
        Place::Guard => 0x3000,
        Place::Stack => 0x4000,
        Place::Buffer => 0x5000,
        Place::Table => 0x7000,
        Place::End => 0x8000,
    }
}

/// An image as the simulated machine has it.
pub struct Image {
    /// Names of the tasks.
    pub names: Vec<String>,
    /// The kernel's tables.
    pub tables: Tables<'static>,
    /// Tasks that scripts do not play, because they have programs on the target.
    pub automatic: Vec<bool>,
}

fn regions(task: u64, device: bool) -> Vec<Region> {
    let base = EACH * (task + 1);
    let (r, w, x) = (desc::R, desc::W, desc::X);
    let region = |base, size, physical, rights, kind| Region { base, size, physical, rights, kind };
    let mut all = vec![
        region(0x1000, 0x1000, base, r | x, desc::KIND_TEXT),
        region(0x2000, 0x1000, base + 0x2000, r, desc::KIND_RODATA),
        region(0x3000, 0x1000, 0, 0, desc::KIND_GUARD),
        region(0x4000, 0x2000, base + 0x8000, r | w, desc::KIND_DATA),
        region(0x6000, 0x2000, base + 0x4000, r | w, desc::KIND_DATA),
        region(0x8000, 0x1000, base + 0xc000, r, desc::KIND_RODATA),
    ];
    if device {
        all.push(region(0xa000, 0x1000, base + 0xe000, r | w | desc::DEVICE, desc::KIND_DEVICE));
    }
    all
}

/// The image of `test/replay/app.toml`, read and checked once.
pub fn image() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let loaded =
            exov6_image::load(&root.join("test/replay/app.toml"), &Default::default(), root);
        let (model, linked) = loaded.unwrap_or_else(|errors| panic!("{}", errors.render(false)));
        let (mut tasks, mut all, mut ports, mut posts) = (vec![], vec![], vec![], vec![]);
        let (mut irqs, mut clients) = (vec![], vec![]);
        for task in &model.tasks {
            let own = regions(task.index as u64, !task.devices.is_empty());
            let held = if task.held { desc::TASK_HELD } else { 0 };
            tasks.push(desc::Task {
                table_root: task.index as u64,
                entry: place(Place::Text),
                stack_top: place(Place::Buffer),
                flags: held | if task.fp { desc::TASK_FP } else { 0 },
                rank: task.rank,
                region_first: all.len() as u32,
                region_count: own.len() as u32,
                port_first: ports.len() as u32,
                port_count: task.ports.len() as u32,
                post_first: posts.len() as u32,
                post_count: task.posts.len() as u32,
                client_first: 0,
                client_count: 0,
                timer_count: task.timers.len() as u32,
                reserved: 0,
                bits: task.bits(),
                irq_bits: task.irq_bits(),
                ops: task.kernel_ops,
            });
            all.extend(own);
            ports.extend(task.ports.iter().zip(&linked.tasks[task.index].ports).map(
                |(port, linked)| Port {
                    ops: linked.mask,
                    badge: port.badge,
                    timeout_us: port.timeout_us,
                    server: port.server as u32,
                    price: 0,
                },
            ));
            posts.extend(task.posts.iter().map(|p| Post { target: p.target as u32, mask: p.mask }));
            irqs.extend(task.interrupts.iter().map(|interrupt| Irq {
                number: interrupt.intid,
                owner: task.index as u32,
                bits: 1 << interrupt.bit,
                edge: u32::from(interrupt.edge),
            }));
        }
        irqs.sort_by_key(|irq| irq.number);
        for server in 0..tasks.len() {
            tasks[server].client_first = clients.len() as u32;
            for (number, task) in tasks.clone().iter().enumerate() {
                let ports: &[Port] = &ports[task.port_first as usize..][..task.port_count as usize];
                let posts: &[Post] = &posts[task.post_first as usize..][..task.post_count as usize];
                clients.extend(desc::client(number as u32, ports, posts, server as u32));
            }
            tasks[server].client_count = clients.len() as u32 - tasks[server].client_first;
        }
        let mut header = Header::new_zeroed();
        header.magic = desc::MAGIC;
        header.version = desc::VERSION;
        header.tasks = tasks.len() as u32;
        header.supervisor = model.supervisor.task as u32;
        header.fault_bits = 1 << model.supervisor.fault_bit;
        header.stop_bits = 1 << model.supervisor.stop_bit;
        header.ack_us = model.supervisor.ack_us;
        header.boot_info = BOOT_INFO;
        header.boot_record = BOOT_RECORD;
        header.reset_record = RESET_RECORD;
        header.board = Board { timer_irq: 27, ..Board::default() };
        let played =
            |name: &str| ["server", "middle", "client", "worker", "held", "idle"].contains(&name);
        Image {
            automatic: model.tasks.iter().map(|task| !played(&task.name)).collect(),
            names: model.tasks.iter().map(|task| task.name.clone()).collect(),
            tables: Tables {
                header: Box::leak(Box::new(header)),
                tasks: tasks.leak(),
                regions: all.leak(),
                ports: ports.leak(),
                posts: posts.leak(),
                irqs: irqs.leak(),
                clients: clients.leak(),
            },
        }
    })
}

/// Who plays the tasks that have programs of their own on the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    /// The script: every task may do anything.
    All,
    /// Their programs, which only wait (and the supervisor, which looks at faults).
    Players,
}

/// A machine, a kernel, and what has been done so far.
pub struct Bench {
    /// The kernel.
    pub kernel: Kernel<Sim>,
    /// The image.
    pub image: &'static Image,
    /// Steps so far.
    pub script: Script,
    /// The machine was reset, left, or sleeps for ever.
    pub ended: bool,
    cast: Cast,
    start: u64,
    promises: Promises,
    /// The line that each task is in.
    open: Vec<Option<usize>>,
}

impl Bench {
    /// A machine that has just booted, its counter at `start`.
    pub fn new(cast: Cast, start: u64) -> Self {
        let image = image();
        let count = image.names.len();
        let mut memory: Vec<u8> =
            (0..EACH as usize * (count + 1)).map(|at| 0xa5 ^ (at >> 4) as u8).collect();
        let mut map = Map::default();
        for region in image.tables.regions.iter().filter(|r| r.rights & desc::R != 0) {
            if region.rights & desc::DEVICE == 0 {
                map.tasks.push(region.physical..region.physical + region.size);
            }
            if region.rights & desc::W != 0 {
                memory[region.physical as usize..][..region.size as usize].fill(0);
            }
        }
        map.told.push(BOOT_INFO..BOOT_INFO + size_of::<BootInfo>() as u64);
        let record = RESET_RECORD..RESET_RECORD + size_of::<ResetRecord>() as u64;
        memory[record.start as usize..record.end as usize].fill(0);
        map.records.push(record);
        let sim = Sim { memory, map: Some(map), now: Ticks(start), ..Sim::default() };
        let storage = Box::leak(Box::new(Storage::<Registers>::NEW));
        let kernel = Kernel::boot(sim, image.tables, storage, Ticks(start)).expect("good tables");
        let mut bench = Bench {
            kernel,
            image,
            script: Script::default(),
            ended: false,
            cast,
            start,
            promises: Promises::new(count, start),
            open: vec![None; count],
        };
        for index in 0..count {
            // What the kernel has no names for: different in each task.
            let frame = &mut bench.kernel.task_mut(bench.index(index)).frame;
            frame.others = [index as u64 + 1; 4];
        }
        bench.dispatch();
        bench.settle();
        bench
    }

    /// The index of a task.
    pub fn index(&self, task: usize) -> TaskIndex {
        TaskIndex::new(task as u64, self.image.names.len()).expect("a task of the image")
    }

    /// What the kernel knows of a task.
    pub fn task(&self, task: usize) -> &Task<Registers> {
        self.kernel.task(self.index(task))
    }

    /// Every task.
    pub fn tasks(&self) -> Vec<Task<Registers>> {
        (0..self.image.names.len()).map(|task| *self.task(task)).collect()
    }

    /// The task whose turn it is.
    pub fn current(&self) -> usize {
        self.kernel.current.expect("somebody runs").position()
    }

    /// The counter.
    pub fn now(&self) -> u64 {
        self.kernel.arch.now.0
    }

    /// The physical address of a byte for an access, or whether anything is mapped there.
    pub fn translate(&self, task: usize, address: u64, right: u32) -> Result<u64, bool> {
        translate(self.image, task, address, right)
    }

    /// A value as a register of the current task holds it.
    pub fn resolve(&self, value: Value) -> u64 {
        value.resolve(place, |us| self.now().saturating_add(us))
    }

    /// Everything so far, as text.
    pub fn text(&self) -> String {
        self.script.show(&self.image.names)
    }

    /// Makes a step.
    ///
    /// # Errors
    /// What went wrong: an invariant, a promise, or a step of a task that does not run.
    pub fn step(&mut self, step: Step) -> Result<(), String> {
        if self.ended {
            return Err("the machine was reset, left, or sleeps".into());
        }
        if let Step::Task { task, .. } = step
            && task != self.current()
        {
            let (names, current) = (&self.image.names, self.current());
            return Err(format!("`{}` is to act, but `{}` runs", names[task], names[current]));
        }
        self.script.lines.push(Line { step, outcome: None });
        self.make(step)?;
        self.settle();
        self.note();
        Ok(())
    }

    fn make(&mut self, step: Step) -> Result<(), String> {
        let (tasks, memory) = (self.tasks(), self.kernel.arch.memory.clone());
        let (resets, actor) = (self.kernel.arch.resets, self.current());
        let mut event = Event { actor: None, call: None, stored: None, raised: None };
        match step {
            Step::Pass(us) => {
                self.kernel.arch.now = self.kernel.arch.now.after(Ticks(us));
                self.kernel.interrupt();
            }
            Step::Interrupt(irq) => {
                self.kernel.arch.pending.insert(IrqId(irq));
                event.raised = Some(irq);
                self.kernel.interrupt();
            }
            Step::Task { task, act } => {
                if !self.image.automatic[task] || self.cast == Cast::All {
                    self.open[task] = Some(self.script.lines.len() - 1);
                }
                event.actor = Some(task);
                self.act(task, act, &mut event);
            }
        }
        let outcome = match step {
            Step::Task { act, .. } if self.task(actor).fault.is_none() => self.immediate(&act),
            _ => None,
        };
        self.dispatch();
        if outcome.is_some()
            && let Some(at) = self.open[actor].take()
        {
            self.script.lines[at].outcome = outcome;
        }
        let kernel = &self.kernel;
        kernel.check_all().map_err(|broken| format!("broken invariant: {broken}"))?;
        let after = self.tasks();
        self.promises.check(self.image, &event, &tasks, &memory, resets, kernel, &after)
    }

    /// What comes of an act that is no system call, if it did not fault.
    fn immediate(&self, act: &Act) -> Option<Outcome> {
        match *act {
            Act::Call { .. } => None,
            Act::Read(at) => {
                let at = self.translate(self.current(), self.resolve(at), desc::R);
                Some(Outcome::Byte(self.kernel.arch.memory[at.unwrap_or(0) as usize]))
            }
            _ => Some(Outcome::Done),
        }
    }

    fn act(&mut self, task: usize, act: Act, event: &mut Event) {
        match act {
            Act::Call { number, words, arguments, lends } => {
                self.write_table(task, &lends);
                let arguments = arguments.map(|value| self.resolve(value));
                let index = self.index(task);
                let frame = &mut self.kernel.task_mut(index).frame;
                frame.words = words;
                frame.arguments = arguments;
                // The step before it, so that nothing of this one is compared with it.
                event.call = Some((number, words, arguments, lends));
                event.stored = None;
                self.promises.before_call(
                    self.image,
                    task,
                    number,
                    words,
                    arguments,
                    &self.kernel.arch,
                );
                self.kernel.system_call(number);
            }
            Act::Read(at) => self.access(task, at, Access::Read, desc::R, event, 0),
            Act::Write(at, byte) => self.access(task, at, Access::Write, desc::W, event, byte),
            Act::Execute(at) => self.access(task, at, Access::Execute, desc::X, event, 0),
            Act::Except(kind) => self.kernel.exception(kind, 0, 0),
            Act::Work(until) => {
                let until = Ticks(self.start.saturating_add(until));
                self.kernel.arch.now = self.kernel.arch.now.max(until);
                self.kernel.interrupt();
            }
        }
    }

    fn access(
        &mut self,
        task: usize,
        at: Value,
        access: Access,
        right: u32,
        event: &mut Event,
        byte: u8,
    ) {
        let address = self.resolve(at);
        match self.translate(task, address, right) {
            Ok(physical) if access == Access::Write => {
                self.kernel.arch.memory[physical as usize] = byte;
                event.stored = Some((physical, byte));
            }
            Ok(_) => {}
            Err(mapped) => self.kernel.memory_fault(access, mapped, address, 0x96),
        }
    }

    /// The lease table of a step, written by the task itself.
    fn write_table(&mut self, task: usize, lends: &[Option<Lend>]) {
        for (at, lend) in lends.iter().flatten().enumerate() {
            let entry = nr::LeaseDesc {
                address: self.resolve(lend.address),
                length: lend.length,
                rights: lend.rights,
            };
            let address = place(Place::Table) + at as u64 * 16;
            let physical = self.translate(task, address, desc::W).expect("tables are writable");
            self.kernel.arch.memory[physical as usize..][..16].copy_from_slice(entry.as_bytes());
        }
    }

    /// Ends a stay in the kernel, unless the machine has come to its end.
    fn dispatch(&mut self) {
        let gone = |sim: &Sim| sim.resets > 0 || sim.exited.is_some();
        self.ended |= gone(&self.kernel.arch);
        if self.ended {
            return;
        }
        let kernel = &mut self.kernel;
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| kernel.dispatch().is_some())) {
            match payload.downcast::<Asleep>() {
                Ok(_) => self.ended = true,
                Err(payload) => resume_unwind(payload),
            }
        }
        self.ended |= gone(&self.kernel.arch);
    }

    /// Lets the tasks that have programs of their own come to rest.
    fn settle(&mut self) {
        let faults = self.image.tables.header.fault_bits;
        while self.cast == Cast::Players && !self.ended && self.image.automatic[self.current()] {
            let task = self.current();
            let frame = self.task(task).frame;
            let supervisor = task == self.image.tables.header.supervisor as usize;
            let told = frame.arguments[0] == nr::NOTIFIED && frame.arguments[2] != 0;
            let (number, arguments) = if supervisor && told {
                (nr::KERNEL_OP, [KernelOp::FindFaulted as u64, 64, 0, 0, 0])
            } else if supervisor {
                (nr::RECV, [nr::RECV_NOTIFICATIONS, u64::from(faults), 0, 0, 0])
            } else {
                (nr::RECV, [nr::RECV_NOTIFICATIONS, 0, 0, 0, 0])
            };
            let arguments = arguments.map(Value::Number);
            let act = Act::Call { number, words: [0; 8], arguments, lends: [None; 4] };
            self.make(Step::Task { task, act }).expect("programs do as they may");
        }
    }

    /// Notes what came of steps: of faulted and restarted tasks, and of the current one.
    fn note(&mut self) {
        for task in 0..self.open.len() {
            let Some(at) = self.open[task] else { continue };
            let Step::Task { act, .. } = self.script.lines[at].step else { continue };
            let now = self.task(task);
            let outcome = if let Some(record) = now.fault {
                Outcome::Fault(record.fault.kind)
            } else if self.promises.restarted[task] {
                Outcome::Ended
            } else if !self.ended && task == self.current() {
                let f = &now.frame;
                let Act::Call { number, arguments, .. } = act else { continue };
                let operation = self.resolve(arguments[0]);
                let [a, b, c, ..] = f.arguments;
                Outcome::returned(number, operation, [a, b, c], f.words)
            } else {
                continue;
            };
            self.script.lines[at].outcome = Some(outcome);
            self.open[task] = None;
        }
        self.promises.restarted.fill(false);
    }

    /// Ends a script: every task that comes to run waits for ever, as players on the
    /// target do at the end of their lists.
    pub fn finish(&mut self) {
        let lines = self.script.lines.len();
        while !self.ended {
            let task = self.current();
            let arguments = [nr::RECV_NOTIFICATIONS, 0, 0, 0, 0].map(Value::Number);
            let act = Act::Call { number: nr::RECV, words: [0; 8], arguments, lends: [None; 4] };
            self.open[task] = None;
            if self.make(Step::Task { task, act }).is_err() {
                break;
            }
            self.open[task] = None;
            if !self.ended {
                self.settle();
                self.note();
            }
        }
        self.script.lines.truncate(lines);
        for (task, open) in self.open.clone().into_iter().enumerate() {
            let waits = self.task(task).state != State::Runnable;
            let line = open.and_then(|at| self.script.lines.get_mut(at));
            if let (Some(line), true) = (line, waits) {
                line.outcome = Some(Outcome::Waits);
            }
        }
    }
}

/// The physical address of a byte for an access, or whether anything is mapped there.
pub fn translate(image: &Image, task: usize, address: u64, right: u32) -> Result<u64, bool> {
    let desc = &image.tables.tasks[task];
    let regions = &image.tables.regions[desc.region_first as usize..][..desc.region_count as usize];
    let inside = |r: &&Region| address >= r.base && address - r.base < r.size;
    match regions.iter().find(inside) {
        Some(region) if region.rights & right == right => {
            Ok(region.physical + (address - region.base))
        }
        Some(region) => Err(region.rights != 0),
        None => Err(false),
    }
}

/// The frame of a task that has just begun.
pub fn begun(image: &Image, task: usize) -> Registers {
    Registers::begin(&image.tables.tasks[task])
}
