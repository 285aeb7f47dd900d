//! `manifest.json`: the system, completely, as it was built.
//!
//! Whoever holds an archive needs nothing else: the emulator finds its command
//! line here, the decoder the ELF of each task, the debugger every region with its
//! physical address. Addresses and sizes are strings in hexadecimal, because
//! numbers in JSON are not exact beyond 2^53 and unreadable as addresses anyway.
//! Lists have no optional order: tasks are in index order, regions in address order.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `format` of every manifest that this crate writes, and the only one it reads.
pub const FORMAT: &str = "exov6-archive/1";

/// An address or a size in bytes; in JSON a string such as `"0x40200000"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex(pub u64);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.strip_prefix("0x")
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .map(Hex)
            .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no 0x… number")))
    }
}

/// A built system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// `name` of app.toml.
    pub name: String,
    /// `board` of app.toml.
    pub board: String,
    /// `chip` of the board.
    #[serde(default)]
    pub chip: String,
    /// `debug`, or `release`: without what only a developer needs.
    #[serde(default)]
    pub profile: String,
    /// What a release leaves out of what app.toml says, such as `task agent`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// SHA-256 of the image, as the kernel holds it, in hexadecimal.
    pub image_id: String,
    /// Physical address of the first instruction.
    pub entry: Hex,
    /// Physical address where the raw image is loaded.
    pub load: Hex,
    /// Bytes of memory that the image occupies from `load` on, zeroed parts included.
    #[serde(default)]
    pub size: Hex,
    /// Physical address of the boot-info page.
    pub boot_info: Hex,
    /// Physical address of the boot-record page.
    #[serde(default)]
    pub boot_record: Hex,
    /// Physical address of the reset-record page.
    #[serde(default)]
    pub reset_record: Hex,
    /// What the kernel adds to a physical address of the image to reach it.
    #[serde(default)]
    pub kernel_offset: Hex,
    /// Size of every task's address space.
    #[serde(default)]
    pub span: Hex,
    /// Counter frequency, if the board fixes it, in ticks per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticks_per_second: Option<u64>,
    /// Version of the interrupt controller: 2 = GICv2, 3 = GICv3.
    #[serde(default)]
    pub interrupt_controller: u32,
    /// How to run the image in an emulator; absent for boards without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qemu: Option<Qemu>,
    /// Index of the supervisor.
    pub supervisor: u32,
    /// Index of the log task, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<u32>,
    /// What the kernel has of the image, in address order: `text`, `rodata`, `desc` (its
    /// tables), `tables` (page tables), `bss`, `stack`, `fatal-stack`, `boot-info`,
    /// `boot-record`, `reset-record`. Devices that it drives are not in it.
    #[serde(default)]
    pub kernel: Vec<Region>,
    /// Page tables of the kernel and of the boot: pages of 4 KiB.
    #[serde(default)]
    pub kernel_table_pages: u32,
    /// The machine, as far as the image depends on it.
    #[serde(default)]
    pub machine: Machine,
    /// Time within which the supervisor must acknowledge a fault, in microseconds.
    #[serde(default)]
    pub ack_us: u64,
    /// Scheduling bands, most urgent first.
    #[serde(default)]
    pub bands: Vec<Band>,
    /// Tasks, in index order.
    pub tasks: Vec<Task>,
    /// What built it, such as `rustc` to `1.96.0`.
    #[serde(default)]
    pub tools: BTreeMap<String, String>,
}

impl Manifest {
    /// The task with this name.
    #[must_use]
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|t| t.name == name)
    }
}

/// What an image is built for, and the devices that its kernel drives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Physical address of main memory.
    #[serde(default)]
    pub ram: Hex,
    /// Its size in bytes.
    #[serde(default)]
    pub ram_size: Hex,
    /// Interrupt number of the timer.
    #[serde(default)]
    pub timer_irq: u32,
    /// Physical address of the interrupt distributor.
    #[serde(default)]
    pub distributor: Hex,
    /// Its size in bytes.
    #[serde(default)]
    pub distributor_size: Hex,
    /// Physical address of the CPU interface (GICv2) or the redistributor (GICv3).
    #[serde(default)]
    pub gic_cpu: Hex,
    /// Its size in bytes.
    #[serde(default)]
    pub gic_cpu_size: Hex,
    /// Physical address of the register that sends the kernel's last words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_console: Option<Hex>,
    /// How firmware is called, as in the kernel's tables: 0 = not, 1 = HVC, 2 = SMC.
    #[serde(default)]
    pub psci: u32,
    /// How an emulator is left, as in the kernel's tables: 0 = not, 1 = semihosting.
    #[serde(default)]
    pub exit: u32,
}

impl Machine {
    /// The devices that the kernel maps: physical address, bytes (whole pages), name.
    #[must_use]
    pub fn kernel_devices(&self) -> Vec<(u64, u64, &'static str)> {
        let mut devices = vec![
            (self.distributor.0, self.distributor_size.0, "interrupt distributor"),
            (self.gic_cpu.0, self.gic_cpu_size.0, "interrupt controller"),
        ];
        devices.extend(self.early_console.map(|at| (at.0 & !4095, 4096, "early console")));
        devices
    }
}

/// An emulator's command line, without what a single run adds (serial line, boot
/// info, time).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Qemu {
    /// Program, such as `qemu-system-aarch64`.
    pub binary: String,
    /// Arguments: machine, processor, memory.
    pub args: Vec<String>,
    /// The ways in which it can enter the image, the usual one first.
    #[serde(default)]
    pub entries: Vec<QemuEntry>,
}

/// A way in which an emulator can enter an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QemuEntry {
    /// The exception level.
    pub level: u32,
    /// Further options of the machine, possibly none.
    pub machine: String,
}

/// A scheduling band.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// Its name.
    pub name: String,
    /// Its policy: `strict`.
    pub policy: String,
}

/// A task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its name in app.toml.
    pub name: String,
    /// Its index.
    pub index: u32,
    /// The package that it is built from.
    #[serde(rename = "crate")]
    pub package: String,
    /// Entry of the archive that holds its ELF file.
    pub elf: String,
    /// Its band.
    pub band: String,
    /// Its priority inside the band; 0 is most urgent.
    pub priority: u32,
    /// Its position among all tasks; 0 is most urgent.
    pub rank: u32,
    /// Whether it uses floating point.
    #[serde(default)]
    pub fp: bool,
    /// Whether it has a thread pointer of its own.
    #[serde(default)]
    pub thread_pointer: bool,
    /// Whether it is held at boot until somebody starts it.
    #[serde(default)]
    pub held: bool,
    /// Its address space identifier.
    #[serde(default)]
    pub asid: u32,
    /// Physical address of its table root.
    #[serde(default)]
    pub table_root: Hex,
    /// Pages of 4 KiB below that root.
    #[serde(default)]
    pub table_pages: u32,
    /// First instruction, in its span.
    #[serde(default)]
    pub entry: Hex,
    /// Initial stack pointer, in its span.
    #[serde(default)]
    pub stack_top: Hex,
    /// Bytes of its stack; whole pages.
    #[serde(default)]
    pub stack: Hex,
    /// Bytes that the worst path through its code needs of it, panics included; absent if
    /// recursion or an indirect call stands in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_worst: Option<Hex>,
    /// Whether its size follows from the worst path.
    #[serde(default)]
    pub stack_auto: bool,
    /// Bytes of its heap; 0 without one.
    #[serde(default)]
    pub heap: Hex,
    /// Names of its summary counters, in order.
    #[serde(default)]
    pub summary: Vec<String>,
    /// Interface that it serves, if any: the name of the `.idol` file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serves: Option<String>,
    /// Notification bits, in bit order.
    #[serde(default)]
    pub notifications: Vec<Notification>,
    /// Timers, in number order.
    #[serde(default)]
    pub timers: Vec<Timer>,
    /// Ports, in number order.
    #[serde(default)]
    pub ports: Vec<Port>,
    /// Post grants, in number order.
    #[serde(default)]
    pub posts: Vec<Post>,
    /// Interrupts.
    #[serde(default)]
    pub irqs: Vec<Irq>,
    /// Kernel operations, each with the names of the tasks it may be used on.
    #[serde(default)]
    pub kernel: BTreeMap<String, Vec<String>>,
    /// Memory, in address order.
    pub regions: Vec<Region>,
}

/// A notification bit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Its name.
    pub name: String,
    /// Its number.
    pub bit: u32,
    /// Number of the timer that posts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<u32>,
    /// Name of the interrupt that posts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irq: Option<String>,
}

/// A timer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: u32,
    /// The notification bit that it posts.
    pub bit: u32,
}

/// A port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: u32,
    /// Name of the server.
    pub server: String,
    /// What the server sees.
    pub badge: u64,
    /// Interface of the server: the name of the `.idol` file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// Operations that may be called, by name, in number order.
    pub ops: Vec<String>,
    /// The same as a mask: bit *n* is operation *n*.
    #[serde(default)]
    pub mask: Hex,
    /// A call gives up after this long, in microseconds; 0 = never.
    #[serde(default)]
    pub timeout_us: u64,
}

/// A post grant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Name of the task that is told.
    pub task: String,
    /// Its number.
    pub number: u32,
    /// Names of the bits.
    #[serde(default)]
    pub bits: Vec<String>,
    /// The bits.
    pub mask: u32,
}

/// An interrupt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Irq {
    /// `DEVICE.INTERRUPT` as in app.toml.
    pub name: String,
    /// Number of the interrupt controller.
    pub number: u32,
    /// The notification bit that it posts.
    pub bit: u32,
    /// Whether it is edge-triggered.
    #[serde(default)]
    pub edge: bool,
}

/// A piece of a task's span.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// `text`, `rodata`, `data`, `guard`, `device`, `ring`, `boot` or `window`.
    pub kind: String,
    /// What it is more precisely: device, owner of a ring, `stack` or `heap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// First byte, in the span.
    pub base: Hex,
    /// Length in bytes.
    pub size: Hex,
    /// Physical address of the first byte; 0 for a guard.
    pub physical: Hex,
    /// Some of `r`, `w`, `x`; empty for a guard.
    pub rights: String,
}
