//! The checked model: a whole system as plain data, every name resolved.
//!
//! What comes out of [`crate::load`] obeys all rules of `app.toml`, so later
//! stages (task models, placement, kernel tables) read it and check nothing
//! twice. Names stay for people; whatever a stage must follow is an index: tasks,
//! bands and peripherals by position in their lists, notifications by bit, ports,
//! post grants and timers by number. Nothing here has an address in a task's span
//! yet: that is placement.
//!
//! ```text
//!   Model ─ tasks[i] ─┬─ ports[n]    ──server──► tasks
//!                     ├─ posts[n]    ──target──► tasks, mask of their bits
//!                     ├─ devices[n]  ──peripheral──► chip.peripherals
//!                     ├─ interrupts  ──intid──► bit of this task
//!                     └─ notifications: declared, interrupts, timers, implicit
//! ```

use crate::source::{FileId, Source, Sources, Span};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A whole system: one `app.toml`, its board and its chip.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Model {
    /// Name of the application: letters, digits, `-` and `_`.
    pub name: String,
    /// Directory of `app.toml`; paths of crates are relative to it.
    pub directory: PathBuf,
    /// The machine.
    pub board: Board,
    /// Whether it is the one that `app.toml` names, and not another that was asked for.
    pub own_board: bool,
    /// With or without what only a developer needs.
    pub profile: Profile,
    /// What this profile leaves out of what `app.toml` says.
    pub left_out: LeftOut,
    /// The chip on it.
    pub chip: Chip,
    /// Scheduling bands, most urgent first; 1–32.
    pub bands: Vec<Band>,
    /// Whether the kernel tries all its invariants before each return to a task.
    pub checks: bool,
    /// Who is told of faults.
    pub supervisor: Supervisor,
    /// Who collects the logs, if anybody.
    pub log: Option<Log>,
    /// Tasks in the order of `app.toml`, which is their index; 1–64.
    pub tasks: Vec<Task>,
    /// Text of all files, which spans point into.
    pub sources: Sources,
    /// `app.toml` among the sources.
    pub app_file: FileId,
    /// The board's file among the sources.
    pub board_file: FileId,
    /// The chip's file among the sources.
    pub chip_file: FileId,
    /// The files that `app.toml` inherits, directly or not, in the order they were read.
    pub inherited: Vec<FileId>,
    /// Those that the board's file inherits.
    pub board_inherited: Vec<FileId>,
    /// Those that the chip's file inherits.
    pub chip_inherited: Vec<FileId>,
}

impl Model {
    /// The task with this name.
    #[must_use]
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }

    /// Ports of all tasks that lead to this one, with their holders, in task order:
    /// the clients that its server code may meet.
    pub fn clients(&self, server: usize) -> impl Iterator<Item = (&Task, &Port)> {
        self.tasks
            .iter()
            .flat_map(|task| task.ports.iter().map(move |port| (task, port)))
            .filter(move |(_, port)| port.server == server)
    }

    /// Name of what is built: the application's, then the board's if it is not its own,
    /// then the profile if it is not the usual one.
    #[must_use]
    pub fn build_name(&self) -> String {
        let mut name = self.name.clone();
        if !self.own_board {
            name = format!("{name}-{}", self.board.name);
        }
        match self.profile {
            Profile::Debug => name,
            Profile::Release => name + "-release",
        }
    }

    /// All files that it was read from, each with its name in an archive: `app.toml`,
    /// `board.toml`, `chip.toml`, and what they inherit, in the order of reading, as
    /// `app.inherits/1-NAME` and so on. Names do not depend on where the files were.
    #[must_use]
    pub fn files(&self) -> Vec<(String, &Source)> {
        let mut all = Vec::new();
        for (what, own, inherited) in [
            ("app", self.app_file, &self.inherited),
            ("board", self.board_file, &self.board_inherited),
            ("chip", self.chip_file, &self.chip_inherited),
        ] {
            all.extend(self.sources.get(own).map(|source| (format!("{what}.toml"), source)));
            for (number, file) in (1..).zip(inherited) {
                let Some(source) = self.sources.get(*file) else { continue };
                let name = source.path.rsplit(['/', '\\']).next().unwrap_or_default();
                all.push((format!("{what}.inherits/{number}-{name}"), source));
            }
        }
        all
    }

    /// Task indices by urgency, most urgent first.
    #[must_use]
    pub fn by_rank(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.tasks.len()).collect();
        order.sort_by_key(|&task| self.tasks[task].rank);
        order
    }
}

/// Whom an image is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// A developer: it can be left, faults can be injected, a debugger's tasks are there.
    #[default]
    Debug,
    /// The field: nothing of that is there.
    Release,
}

/// What a release does not have although `app.toml` says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Names of tasks.
    pub tasks: Vec<String>,
    /// Kernel operations that were granted: names of the task and of the operation.
    pub grants: Vec<(String, String)>,
}

impl Profile {
    /// `debug` or `release`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Debug => "debug",
            Profile::Release => "release",
        }
    }
}

/// A board: where memory is, how the image starts and stops, how to emulate it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Board {
    /// Name, as `board = ` in `app.toml` gave it, without directory and `.toml`.
    pub name: String,
    /// Physical address of main memory; page-aligned.
    pub ram_base: u64,
    /// Size of main memory in bytes; whole pages.
    pub ram_size: u64,
    /// Physical address the image is loaded at and entered; page-aligned, in RAM.
    pub load: u64,
    /// How to reach firmware.
    pub psci: Psci,
    /// How to leave an emulator.
    pub exit: Exit,
    /// Peripheral that carries text and logs: index into [`Chip::peripherals`].
    pub console: Option<usize>,
    /// Physical address of a register that sends a byte when it is written, for the
    /// one line that the kernel says itself: why it does not start.
    pub early_console: Option<u64>,
    /// How to emulate it, if an emulator can.
    pub qemu: Option<Qemu>,
}

/// How PSCI firmware is called by a kernel that was entered at EL1. One that was
/// entered at EL2 took the place of whoever serves `HVC`, and uses `SMC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Psci {
    /// There is none.
    None,
    /// By `HVC`.
    Hvc,
    /// By `SMC`.
    Smc,
}

impl Psci {
    /// Number in [`abi::desc::Board::psci`].
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Psci::None => 0,
            Psci::Hvc => 1,
            Psci::Smc => 2,
        }
    }
}

/// How an emulator is left with an exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Exit {
    /// Not at all.
    None,
    /// Semihosting `SYS_EXIT_EXTENDED`.
    Semihosting,
}

impl Exit {
    /// Number in [`abi::desc::Board::exit`].
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Exit::None => 0,
            Exit::Semihosting => 1,
        }
    }
}

/// Command line of the emulator, without the image and what a run adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Qemu {
    /// Program, looked up in `PATH`.
    pub binary: String,
    /// Argument of `-M`, options included.
    pub machine: String,
    /// Argument of `-cpu`.
    pub cpu: String,
    /// Further arguments.
    pub args: Vec<String>,
    /// The ways in which it can enter an image, the usual one first; not empty.
    pub entries: Vec<Entry>,
}

/// A way in which an emulator can enter an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The exception level: 1 or 2.
    pub level: u32,
    /// Options that [`Qemu::machine`] needs for it, possibly none.
    pub machine: String,
}

impl Qemu {
    /// All arguments: machine, processor, memory, then the board's own.
    #[must_use]
    pub fn arguments(&self, ram_size: u64) -> Vec<String> {
        let memory = format!("{}M", ram_size >> 20);
        let mut all: Vec<String> =
            ["-M", &self.machine, "-cpu", &self.cpu, "-m", &memory].map(String::from).to_vec();
        all.extend(self.args.iter().cloned());
        all
    }
}

/// A chip: interrupt controller, timer, peripherals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chip {
    /// Name, as `chip = ` in the board's file gave it.
    pub name: String,
    /// The interrupt controller.
    pub gic: Gic,
    /// Interrupt number (INTID) of the EL1 virtual timer, 16–31.
    pub timer_irq: u32,
    /// Peripherals, in file order.
    pub peripherals: Vec<Peripheral>,
}

/// A generic interrupt controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gic {
    /// 2 = GICv2, 3 = GICv3.
    pub version: u32,
    /// The distributor.
    pub distributor: Memory,
    /// The CPU interface (v2) or the redistributors (v3).
    pub cpu: Memory,
}

/// A peripheral of a chip, owned by one task at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Peripheral {
    /// Name.
    pub name: String,
    /// Its registers; `None` for one that has interrupts only.
    pub memory: Option<Memory>,
    /// Its interrupts, in file order.
    pub interrupts: Vec<PeripheralInterrupt>,
    /// Where it is defined.
    pub span: Span,
}

/// A physical range, half-open: `address..address + size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// First byte; page-aligned.
    pub address: u64,
    /// Length in bytes; whole pages, not 0.
    pub size: u64,
}

/// An interrupt line of a peripheral.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PeripheralInterrupt {
    /// Name within the peripheral: `irq` in `uart0.irq`.
    pub name: String,
    /// Interrupt number (GIC INTID, shared peripheral: 32–1019).
    pub intid: u32,
    /// Triggered by an edge instead of a level.
    pub edge: bool,
    /// Where it is defined.
    pub span: Span,
}

/// A scheduling band.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Band {
    /// Name.
    pub name: String,
    /// How it chooses among its tasks.
    pub policy: Policy,
    /// Where it is declared.
    pub span: Span,
}

/// How a band chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// The most urgent runnable task runs until it waits.
    Strict,
}

/// Who is told of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Supervisor {
    /// Task index.
    pub task: usize,
    /// Time within which it must acknowledge a fault, in microseconds.
    pub ack_us: u64,
    /// Its implicit bit `fault`, 0–31.
    pub fault_bit: u8,
    /// Its implicit bit `stop`, 0–31.
    pub stop_bit: u8,
}

/// Who collects the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Log {
    /// Task index.
    pub task: usize,
    /// Its declared bit `records`, 0–31, that every other task may post.
    pub records_bit: u8,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Task {
    /// Name: a letter, then letters, digits, `-` and `_`.
    pub name: String,
    /// Position in [`Model::tasks`].
    pub index: usize,
    /// The crate it is built from.
    pub crate_ref: CrateRef,
    /// Index of its band.
    pub band: usize,
    /// Priority within the band, 0 = most urgent; unique there.
    pub priority: u32,
    /// Urgency among all tasks, 0 = most urgent: bands in order, then priorities;
    /// unique and without gaps.
    pub rank: u32,
    /// Uses floating point.
    pub fp: bool,
    /// Has a thread pointer of its own.
    pub thread_pointer: bool,
    /// Held at boot until the supervisor starts it (`start = false`).
    pub held: bool,
    /// Its stack.
    pub stack: Stack,
    /// Where `stack = ` is, or where the task begins.
    pub stack_span: Span,
    /// What is known of functions that its worst path goes through, by their names.
    pub stack_bounds: BTreeMap<String, StackBound>,
    /// Whether releases leave it out.
    pub debug_only: bool,
    /// Bytes of its heap, if it has one; whole pages.
    pub heap: Option<u64>,
    /// Where `heap = ` is, if it is there.
    pub heap_span: Option<Span>,
    /// The binary of its crate, if it is named.
    pub bin: Option<String>,
    /// Where `bin = ` is, if it is there.
    pub bin_span: Option<Span>,
    /// What it may call; port number = position.
    pub ports: Vec<Port>,
    /// Whom it may notify; post grant number = position. The implicit grant for the
    /// log task's `records` comes last.
    pub posts: Vec<Post>,
    /// Peripherals with memory, in the order of `uses`.
    pub devices: Vec<Device>,
    /// May read the boot-info page; true for one task at most.
    pub boot_info: bool,
    /// May read the boot-record page, as the log task always may.
    pub boot_record: bool,
    /// Interrupts, in the order of `interrupts`.
    pub interrupts: Vec<Interrupt>,
    /// Notification bits; bit = position. Declared, interrupts, timers, implicit.
    pub notifications: Vec<Notification>,
    /// Timers; timer number = position.
    pub timers: Vec<Timer>,
    /// For each kernel operation ([`abi::kernel_op::KernelOp`]), the tasks it may be
    /// used on: bit = task index. `find-faulted`, `reset` and `exit`: all or nothing.
    pub kernel_ops: [u64; abi::kernel_op::COUNT],
    /// What the supervisor shall do when it faults.
    pub restart: Restart,
    /// Its log.
    pub log: TaskLog,
    /// Names of the counters shown at the end of a run; 0–8.
    pub summary: Vec<String>,
    /// Where the counters are named, in the same order.
    pub summary_spans: Vec<Span>,
    /// Its configuration: always a JSON object.
    pub config: serde_json::Value,
    /// Where the configuration's values are, by name.
    pub config_spans: BTreeMap<String, Span>,
    /// Where its table begins: its name there.
    pub span: Span,
    /// Where `crate = ` is.
    pub crate_span: Span,
}

impl Task {
    /// Passive: nothing but a call can wake it.
    #[must_use]
    pub fn passive(&self) -> bool {
        self.notifications.is_empty()
    }

    /// Mask of all its notification bits.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.notifications.iter().fold(0, |mask, notification| mask | notification.mask())
    }

    /// Mask of the notification bits that are interrupts.
    #[must_use]
    pub fn irq_bits(&self) -> u32 {
        self.interrupts.iter().fold(0, |mask, interrupt| mask | 1 << interrupt.bit)
    }

    /// What servers see of a call by this task: index + 1.
    #[must_use]
    pub fn badge(&self) -> u64 {
        self.index as u64 + 1
    }
}

/// How large a task's stack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stack {
    /// As its worst path wants it.
    Auto,
    /// So many bytes, a multiple of 16; the image rounds up to whole pages.
    #[serde(untagged)]
    Bytes(u64),
}

/// What is known of a function, for the worst path of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StackBound {
    /// It is on the stack at most so many times at once; not 0.
    Depth(u64),
    /// What it calls through registers needs at most so many bytes.
    #[serde(untagged)]
    Calls(u64),
}

/// Where a task's crate is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CrateRef {
    /// A member of the workspace, by package name.
    Member(String),
    /// A directory, relative to that of `app.toml`.
    Path(PathBuf),
}

/// What a task may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    /// Name of the channel: its key in `[tasks.X.channels]`.
    pub name: String,
    /// Port number, 0–63.
    pub number: u8,
    /// Task index of the server.
    pub server: usize,
    /// Names of the permitted operations; `None` = all. Numbers come with the
    /// interface: see [`crate::link_crates`].
    pub ops: Option<Vec<PortOp>>,
    /// What the server sees: index of the client + 1.
    pub badge: u64,
    /// A call gives up after this many microseconds; 0 = never.
    pub timeout_us: u64,
    /// Where that is said.
    pub timeout_span: Option<Span>,
    /// Where the channel is declared.
    pub span: Span,
}

/// A permitted operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortOp {
    /// Name in the interface.
    pub name: String,
    /// Where it is permitted.
    pub span: Span,
}

/// Whom a task may notify.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Post {
    /// Post grant number, 0–63.
    pub number: u8,
    /// Task index of the target.
    pub target: usize,
    /// Bits of the target that it may set, in the order they were listed.
    pub bits: Vec<PostBit>,
    /// All of them as a mask.
    pub mask: u32,
    /// The grant that comes with having a log.
    pub implicit: bool,
    /// Where it is granted; for the implicit one, where `log = ` is.
    pub span: Span,
}

/// A bit that may be posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PostBit {
    /// Name in the target.
    pub name: String,
    /// Bit number in the target, 0–31.
    pub bit: u8,
    /// Where it is granted.
    pub span: Span,
}

/// A peripheral's registers, to be mapped into the task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Name of the peripheral.
    pub name: String,
    /// Index into [`Chip::peripherals`].
    pub peripheral: usize,
    /// Physical address; page-aligned.
    pub address: u64,
    /// Length in bytes; whole pages.
    pub size: u64,
    /// Where `uses` names it.
    pub span: Span,
}

/// An interrupt that a task handles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interrupt {
    /// As in `app.toml`: `PERIPHERAL.NAME`.
    pub name: String,
    /// Interrupt number (GIC INTID).
    pub intid: u32,
    /// Triggered by an edge instead of a level.
    pub edge: bool,
    /// Bit that it posts, 0–31.
    pub bit: u8,
    /// Where it is claimed.
    pub span: Span,
}

/// A notification bit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notification {
    /// Name.
    pub name: String,
    /// Bit number, 0–31.
    pub bit: u8,
    /// What sets it.
    pub kind: NotificationKind,
    /// Where it is declared; for an implicit one, where `supervisor = ` is.
    pub span: Span,
}

impl Notification {
    /// The bit as a mask.
    #[must_use]
    pub fn mask(&self) -> u32 {
        1 << self.bit
    }
}

/// What sets a notification bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NotificationKind {
    /// Other tasks, as granted.
    Declared,
    /// An interrupt: index into [`Task::interrupts`].
    Interrupt(usize),
    /// A timer: its number.
    Timer(u8),
    /// The kernel: `fault` and `stop` of the supervisor.
    Implicit,
}

/// A timer of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timer {
    /// Name, which is also the name of its notification.
    pub name: String,
    /// Timer number, 0–7.
    pub number: u8,
    /// Bit that it posts, 0–31.
    pub bit: u8,
    /// Where it is declared.
    pub span: Span,
}

/// What the supervisor shall do when a task faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Restart {
    /// Restart or leave it.
    pub policy: RestartPolicy,
    /// Least time between two restarts, in milliseconds.
    pub min_interval_ms: u32,
    /// Most restarts within a second; beyond that it is left faulted.
    pub max_per_s: u32,
}

/// Restart or leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RestartPolicy {
    /// Restart after each fault.
    Always,
    /// Leave it faulted.
    Never,
}

/// Log of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TaskLog {
    /// Records below this level are discarded by the task itself.
    pub level: Level,
    /// Size of the ring in bytes, header included; whole pages.
    pub ring: u64,
}

/// Level of a log record, least important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Everything.
    Trace,
    /// For the author of the task.
    Debug,
    /// For the user of the system.
    Info,
    /// Something unexpected that was dealt with.
    Warn,
    /// Something is broken.
    Error,
    /// No record has this level: as a floor, it silences the task.
    Off,
}
