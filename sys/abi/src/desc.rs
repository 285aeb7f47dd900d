//! Kernel tables: the checked and placed model of an image, as the kernel reads it.
//!
//! `xtask` writes one blob into the image's read-only memory: a [`Header`], then
//! one array per kind of object, in the order of the header's counts. Objects of a
//! task are a contiguous range of an array. There are no pointers, only indices,
//! so the blob is the same wherever it lies.

use crate::kernel_op;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// First word of the blob: "xv6D".
pub const MAGIC: u32 = 0x4436_7678;
/// Format of the blob; the kernel refuses any other.
pub const VERSION: u32 = 2;
/// In a `u32` field that may name a task: no task.
pub const NO_TASK: u32 = u32::MAX;

/// Start of the blob.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: u32,
    /// [`VERSION`].
    pub version: u32,
    /// Number of [`Task`]s, 1–64, in app.toml order.
    pub tasks: u32,
    /// Number of [`Region`]s.
    pub regions: u32,
    /// Number of [`Port`]s.
    pub ports: u32,
    /// Number of [`Post`]s.
    pub posts: u32,
    /// Number of [`Irq`]s, sorted by interrupt number.
    pub irqs: u32,
    /// Number of [`Client`]s.
    pub clients: u32,
    /// Task index of the supervisor.
    pub supervisor: u32,
    /// Task index of the log task, or [`NO_TASK`].
    pub log: u32,
    /// Time within which the supervisor must acknowledge a fault, in microseconds.
    pub ack_us: u64,
    /// Notification mask of the supervisor's implicit bit `fault`.
    pub fault_bits: u32,
    /// Notification mask of the supervisor's implicit bit `stop` (`run_until` has passed).
    pub stop_bits: u32,
    /// Physical address of the boot-info page.
    pub boot_info: u64,
    /// Physical address of the boot-record page.
    pub boot_record: u64,
    /// Physical address of the reset-record page.
    pub reset_record: u64,
    /// SHA-256 of the image with this field zero.
    pub image_id: [u8; 32],
    /// The machine.
    pub board: Board,
}

/// What the kernel must know of the machine.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Board {
    /// Interrupt controller: 2 = GICv2, 3 = GICv3.
    pub gic: u32,
    /// Interrupt number of the EL1 virtual timer (27).
    pub timer_irq: u32,
    /// Physical address of the distributor.
    pub gic_distributor: u64,
    /// Physical address of the CPU interface (v2) or redistributors (v3).
    pub gic_cpu: u64,
    /// Bytes from there on that are mapped for the kernel.
    pub gic_cpu_size: u64,
    /// How a kernel that was entered at EL1 reaches firmware for a reset: 0 = none,
    /// 1 = HVC, 2 = SMC (PSCI 1.x). One that was entered at EL2 took the place of
    /// whoever serves HVC, and uses SMC.
    pub psci: u32,
    /// How to leave an emulator: 0 = not, 1 = semihosting.
    pub exit: u32,
}

/// A task, as built.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Task {
    /// Table root and ASID as they go into TTBR0_EL1 (`pa | asid << 48`).
    pub table_root: u64,
    /// First instruction, in the task's span.
    pub entry: u64,
    /// Initial stack pointer, in the task's span.
    pub stack_top: u64,
    /// [`TASK_FP`], [`TASK_HELD`], [`TASK_THREAD_POINTER`].
    pub flags: u32,
    /// Urgency: position among all tasks, 0 = most urgent; unique.
    pub rank: u32,
    /// First of this task's regions, sorted by base address.
    pub region_first: u32,
    /// Number of regions.
    pub region_count: u32,
    /// First of this task's ports.
    pub port_first: u32,
    /// Number of ports.
    pub port_count: u32,
    /// First of this task's post grants.
    pub post_first: u32,
    /// Number of post grants.
    pub post_count: u32,
    /// First of this task's clients.
    pub client_first: u32,
    /// Number of clients.
    pub client_count: u32,
    /// Number of timers.
    pub timer_count: u32,
    /// Zero.
    pub reserved: u32,
    /// Notification bits that exist in this task.
    pub bits: u32,
    /// Notification bits that are interrupts of this task.
    pub irq_bits: u32,
    /// For each kernel operation, the tasks it may be used on (bit = task index;
    /// for *find-faulted*, *reset* and *exit* any bit grants it).
    pub ops: [u64; kernel_op::COUNT],
}

/// Task flag: uses floating point.
pub const TASK_FP: u32 = 1;
/// Task flag: is held at boot until started.
pub const TASK_HELD: u32 = 2;
/// Task flag: has a thread pointer (`TPIDR_EL0`) of its own.
pub const TASK_THREAD_POINTER: u32 = 4;

/// A piece of a task's span, page-granular, or its guard page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Region {
    /// First byte, in the span.
    pub base: u64,
    /// Length in bytes.
    pub size: u64,
    /// Physical address of the first byte; 0 for a guard.
    pub physical: u64,
    /// [`R`], [`W`], [`X`], [`DEVICE`]; none of them for a guard.
    pub rights: u32,
    /// One of the `KIND_` constants.
    pub kind: u32,
}

/// Region right: the task may read.
pub const R: u32 = 1;
/// Region right: the task may write.
pub const W: u32 = 2;
/// Region right: the task may execute.
pub const X: u32 = 4;
/// Region attribute: device memory; the kernel never copies to or from it.
pub const DEVICE: u32 = 8;

/// Region kind: instructions.
pub const KIND_TEXT: u32 = 1;
/// Region kind: constants and the image of initial data.
pub const KIND_RODATA: u32 = 2;
/// Region kind: stack, data, bss and memory that survives restart.
pub const KIND_DATA: u32 = 3;
/// Region kind: guard page below the stack, not mapped.
pub const KIND_GUARD: u32 = 4;
/// Region kind: a peripheral.
pub const KIND_DEVICE: u32 = 5;
/// Region kind: own log ring, or another task's (read-only) in the log task.
pub const KIND_RING: u32 = 6;
/// Region kind: boot info or boot record, read-only.
pub const KIND_BOOT: u32 = 7;
/// Region kind: a window shared with one other task.
pub const KIND_WINDOW: u32 = 8;

/// A port: what its holder may call, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Port {
    /// Permitted operations; bit *n* is operation *n* (bit 0 is never set).
    pub ops: u64,
    /// What the server sees of this port, whatever the message says.
    pub badge: u64,
    /// A call returns `TIMEOUT` after this long, in microseconds; 0 = never.
    pub timeout_us: u64,
    /// Task index of the server.
    pub server: u32,
    /// Credits a call costs.
    pub price: u32,
}

/// A post grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Post {
    /// Task index of the target.
    pub target: u32,
    /// Bits that may be posted to it.
    pub mask: u32,
}

/// An interrupt and its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Irq {
    /// Interrupt number of the controller (GIC INTID).
    pub number: u32,
    /// Task index of the owner.
    pub owner: u32,
    /// Notification mask to post.
    pub bits: u32,
    /// 1 = edge-triggered, 0 = level.
    pub edge: u32,
}

/// A task that may call or notify another one, seen from that other one: who must
/// learn of its restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Client {
    /// The client's ports to the task; bit *n* is port *n*.
    pub ports: u64,
    /// The client's post grants to the task; bit *n* is grant *n*.
    pub posts: u64,
    /// Task index of the client.
    pub task: u32,
    /// Zero.
    pub reserved: u32,
}

/// The client that the holder of these ports and post grants is to task `server`, or
/// `None` if it is none.
#[must_use]
pub fn client(task: u32, ports: &[Port], posts: &[Post], server: u32) -> Option<Client> {
    let bits = |mask, (at, leads): (usize, bool)| mask | u64::from(leads) << (at & 63);
    let ports = ports.iter().map(|port| port.server == server).enumerate().fold(0, bits);
    let posts = posts.iter().map(|post| post.target == server).enumerate().fold(0, bits);
    let knows = task != server && (ports | posts) != 0;
    knows.then_some(Client { ports, posts, task, reserved: 0 })
}

/// The blob, taken apart: borrowed slices of its arrays.
#[derive(Clone, Copy, Debug)]
pub struct Tables<'a> {
    /// Fixed part.
    pub header: &'a Header,
    /// Tasks, in app.toml order.
    pub tasks: &'a [Task],
    /// Regions of all tasks.
    pub regions: &'a [Region],
    /// Ports of all tasks.
    pub ports: &'a [Port],
    /// Post grants of all tasks.
    pub posts: &'a [Post],
    /// Interrupts, sorted by number.
    pub irqs: &'a [Irq],
    /// Clients of all tasks.
    pub clients: &'a [Client],
}

impl<'a> Tables<'a> {
    /// Takes a blob apart. `None` if it is not one: wrong magic or version, too
    /// short, misaligned (8 bytes needed), or with bytes to spare beyond padding.
    #[must_use]
    pub fn parse(blob: &'a [u8]) -> Option<Self> {
        let (header, rest) = Header::ref_from_prefix(blob).ok()?;
        if header.magic != MAGIC || header.version != VERSION {
            return None;
        }
        let (tasks, rest) =
            <[Task]>::ref_from_prefix_with_elems(rest, header.tasks as usize).ok()?;
        let (regions, rest) =
            <[Region]>::ref_from_prefix_with_elems(rest, header.regions as usize).ok()?;
        let (ports, rest) =
            <[Port]>::ref_from_prefix_with_elems(rest, header.ports as usize).ok()?;
        let (posts, rest) =
            <[Post]>::ref_from_prefix_with_elems(rest, header.posts as usize).ok()?;
        let (irqs, rest) = <[Irq]>::ref_from_prefix_with_elems(rest, header.irqs as usize).ok()?;
        let (clients, rest) =
            <[Client]>::ref_from_prefix_with_elems(rest, header.clients as usize).ok()?;
        if rest.len() >= 8 {
            return None;
        }
        Some(Tables { header, tasks, regions, ports, posts, irqs, clients })
    }
}
