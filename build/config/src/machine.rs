//! The machine: board and chip files become the facts of the model.
//!
//! A board is what surrounds a chip (memory, firmware, how to emulate it); a chip
//! is what one writes drivers for. Both are checked as strictly as `app.toml`:
//! a wrong address here is found by nobody later.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Table, Value};
use crate::fields::{self, Fields, Keys, Out, check_name, check_unique};
use crate::model::{
    Board, Chip, Entry, Exit, Gic, Memory, Peripheral, PeripheralInterrupt, Psci, Qemu,
};
use crate::source::{Span, Spanned};
use crate::suggest;
use abi::limits::PAGE;

/// Lowest and highest number of a shared peripheral interrupt of a GIC
/// (Arm IHI 0048B, 2.2.1).
const SPI: (u64, u64) = (32, 1019);
/// Private peripheral interrupts: the timer's.
const PPI: (u64, u64) = (16, 31);
/// Bytes of a GICv2's distributor and CPU interface (IHI 0048B, 4.1.1 and 4.1.3).
const GICV2_BYTES: (u64, u64) = (0x1000, 0x2000);
/// Bytes of a GICv3's distributor, and of the least that a redistributor has: two
/// frames (IHI 0069H, 12.8 and 12.10).
const GICV3_BYTES: (u64, u64) = (0x1_0000, 0x2_0000);
/// Most that the kernel maps of redistributors: those of 64 cores with four frames.
const REDISTRIBUTORS_MAX: u64 = 64 * 0x4_0000;

const BOARD: Keys = Keys {
    what: "a board",
    now: &["chip", "load", "psci", "exit", "console", "early-console", "ram", "qemu"],
    later: &["debugger", "flash", "uboot"],
};
const RAM: Keys = Keys { what: "`ram`", now: &["base", "size"], later: &[] };
const QEMU: Keys = Keys {
    what: "`qemu`",
    now: &["binary", "machine", "cpu", "args", "entries"],
    later: &["version"],
};
const ENTRIES: Keys = Keys { what: "`entries`", now: &["el1", "el2"], later: &["el3"] };
const CHIP: Keys = Keys {
    what: "a chip",
    now: &["interrupt-controller", "timer", "peripherals"],
    later: &["cores", "smmu"],
};
const CONTROLLER: Keys = Keys {
    what: "`interrupt-controller`",
    now: &["kind", "distributor", "cpu", "redistributor"],
    later: &["its"],
};
const REDISTRIBUTOR: Keys =
    Keys { what: "`redistributor`", now: &["address", "size"], later: &["stride"] };
const TIMER: Keys = Keys { what: "`timer`", now: &["irq"], later: &["frequency"] };
const PERIPHERAL: Keys = Keys {
    what: "a peripheral",
    now: &["address", "size", "interrupts"],
    later: &["dma", "clock"],
};
const INTERRUPT: Keys =
    Keys { what: "an interrupt", now: &["number", "trigger"], later: &["priority"] };

/// The name of the chip that a board names.
pub fn chip_name(table: &Table, top: Span, out: &mut Out) -> Option<Spanned<String>> {
    // Unknown keys are reported by `board`, which looks at the same table.
    let fields = Fields::root(table, top, BOARD, &mut Vec::new());
    fields.require("chip", "\"qemu-virt\"", out);
    fields.string("chip", out)
}

/// Reads a chip.
pub fn chip(name: &str, table: &Table, top: Span, out: &mut Out) -> Option<Chip> {
    let fields = Fields::root(table, top, CHIP, out);
    let timer_irq = fields
        .require("timer", "{ irq = 27 }", out)
        .and_then(|(_, node)| Fields::open(node, TIMER, out))
        .and_then(|timer| {
            timer.require("irq", "27", out)?;
            timer.integer("irq", PPI.0, PPI.1, out)
        });
    let example = "{ kind = \"gicv2\", distributor = 0x0800_0000, cpu = 0x0801_0000 }";
    let gic = fields
        .require("interrupt-controller", example, out)
        .and_then(|(_, node)| Fields::open(node, CONTROLLER, out))
        .and_then(|controller| gic(&controller, out));
    let entries = fields.entries("peripherals", out);
    check_unique("peripheral", entries.iter().map(|(name, _)| name), out);
    let mut peripherals = Vec::new();
    for (name, node) in entries {
        check_name("a peripheral", name, out);
        peripherals.extend(peripheral(name, node, out));
    }
    interrupts_once(&peripherals, out);
    let gic = gic?;
    let cpu = if gic.version == 2 { "CPU interface" } else { "redistributor" };
    for (what, Memory { address: base, size }) in [("distributor", gic.distributor), (cpu, gic.cpu)]
    {
        for peripheral in &peripherals {
            if peripheral.memory.is_some_and(|memory| meets(memory, base, size)) {
                let (name, memory) = (&peripheral.name, range_of(peripheral));
                out.push(
                    Diagnostic::new(
                        Code::Overlap,
                        format!("`{name}` overlaps the interrupt controller's {what}"),
                    )
                    .at(peripheral.span, format!("{memory} meets {}", range(base, size))),
                );
            }
        }
    }
    Some(Chip {
        name: name.to_string(),
        gic,
        timer_irq: u32::try_from(timer_irq?.value).ok()?,
        peripherals,
    })
}

fn gic(fields: &Fields<'_>, out: &mut Out) -> Option<Gic> {
    fields.require("kind", "\"gicv2\"", out);
    fields.require("distributor", "0x0800_0000", out);
    let version = fields.word("kind", &[("gicv2", 2), ("gicv3", 3)], out);
    let distributor = page_aligned(fields, "distributor", out);
    // Without a version, nothing is said of what depends on it.
    let version = version?;
    let (cpu, size) = if version == 2 {
        fields.require("cpu", "0x0801_0000", out);
        foreign(fields, "redistributor", "a GICv2 has a `cpu` interface instead", out);
        let cpu = page_aligned(fields, "cpu", out);
        (cpu.map(|address| Memory { address, size: GICV2_BYTES.1 }), GICV2_BYTES.0)
    } else {
        let example = "{ address = 0x080a_0000, size = \"128 KiB\" }";
        let found = fields.require("redistributor", example, out);
        foreign(fields, "cpu", "the kernel reaches a GICv3's by system registers", out);
        (found.and_then(|(key, node)| redistributor(key, node, out)), GICV3_BYTES.0)
    };
    Some(Gic { version, distributor: Memory { address: distributor?, size }, cpu: cpu? })
}

/// A key of the other kind of controller.
fn foreign(fields: &Fields<'_>, key: &str, help: &str, out: &mut Out) {
    if let Some((found, _)) = fields.get(key) {
        out.push(
            Diagnostic::new(Code::UnknownKey, format!("unknown key `{key}` in this controller"))
                .at(found.span, "not a key of this `kind`")
                .help(help),
        );
    }
}

fn redistributor(key: &Spanned<String>, node: &Node, out: &mut Out) -> Option<Memory> {
    let mut fields = Fields::open(node, REDISTRIBUTOR, out)?;
    fields.span = key.span;
    let memory = memory(key, &fields, out)?;
    let each = GICV3_BYTES.1;
    if memory.size % each != 0 || memory.size > REDISTRIBUTORS_MAX {
        let title = format!("`redistributor` is {:#x} bytes long", memory.size);
        let most = REDISTRIBUTORS_MAX >> 20;
        out.push(
            Diagnostic::new(Code::Unaligned, title)
                .at(key.span, format!("must be a multiple of {each:#x}, at most {most} MiB"))
                .help("each core has 128 KiB of them, or 256 KiB with a GICv4"),
        );
        return None;
    }
    Some(memory)
}

fn page_aligned(fields: &Fields<'_>, key: &str, out: &mut Out) -> Option<u64> {
    let found = fields.integer(key, 0, u64::MAX, out)?;
    if found.value % PAGE != 0 {
        out.push(
            Diagnostic::new(Code::Unaligned, format!("`{key}` is {:#x}", found.value))
                .at(found.span, format!("not a multiple of a page, {PAGE:#x}")),
        );
        return None;
    }
    Some(found.value)
}

fn peripheral(name: &Spanned<String>, node: &Node, out: &mut Out) -> Option<Peripheral> {
    let mut fields = Fields::open(node, PERIPHERAL, out)?;
    fields.span = name.span;
    if crate::hardware::PAGES.contains(&name.value.as_str()) {
        let title = format!("`{}` is not a peripheral of a chip", name.value);
        out.push(
            Diagnostic::new(Code::NameTwice, title)
                .at(name.span, format!("means the {} page in `uses`", name.value))
                .help("give it another name"),
        );
    }
    let memory = match (fields.get("address"), fields.get("size")) {
        (None, None) => {
            if fields.get("interrupts").is_none() {
                out.push(
                    Diagnostic::new(
                        Code::MissingKey,
                        format!("`{}` has neither memory nor interrupts", name.value),
                    )
                    .at(name.span, "nothing to use")
                    .help("give it `address` and `size`, or `interrupts`"),
                );
            }
            None
        }
        _ => memory(name, &fields, out),
    };
    let mut interrupts = Vec::new();
    for (key, node) in fields.entries("interrupts", out) {
        check_name("an interrupt", key, out);
        interrupts.extend(interrupt(key, node, out));
    }
    Some(Peripheral { name: name.value.clone(), memory, interrupts, span: name.span })
}

fn memory(name: &Spanned<String>, fields: &Fields<'_>, out: &mut Out) -> Option<Memory> {
    fields.require("address", "0x0900_0000", out);
    fields.require("size", "0x1000", out);
    let address = page_aligned(fields, "address", out);
    let size = fields.size("size", out)?;
    if size.value == 0 || size.value % PAGE != 0 {
        out.push(
            Diagnostic::new(
                Code::Unaligned,
                format!("`{}` is {:#x} bytes long", name.value, size.value),
            )
            .at(size.span, format!("must be whole pages of {PAGE:#x} bytes"))
            .help("memory is mapped page by page"),
        );
        return None;
    }
    let memory = Memory { address: address?, size: size.value };
    if memory.address.checked_add(memory.size).is_none_or(|end| end > MAX_PHYSICAL) {
        out.push(
            Diagnostic::new(
                Code::DoesNotFit,
                format!("`{}` ends past the address space", name.value),
            )
            .at(size.span, format!("{:#x} + {:#x}", memory.address, memory.size))
            .help(format!("physical addresses end at {MAX_PHYSICAL:#x}")),
        );
        return None;
    }
    Some(memory)
}

/// End of the physical addresses that the kernel's half of the address space holds.
const MAX_PHYSICAL: u64 = 1 << 39;

fn interrupt(key: &Spanned<String>, node: &Node, out: &mut Out) -> Option<PeripheralInterrupt> {
    let (number, edge) = match &node.value {
        Value::Table(_) => {
            let fields = Fields::open(node, INTERRUPT, out)?;
            let (_, number) = fields.require("number", "33", out)?;
            let words = [("level", false), ("edge", true)];
            let edge = fields.word("trigger", &words, out).unwrap_or(false);
            (number, edge)
        }
        _ => (node, false),
    };
    let Value::Integer(found) = number.value else {
        let what = format!("interrupt `{}`", key.value);
        out.push(fields::wrong_type(&what, "a number", number.value.kind(), number.span));
        return None;
    };
    match u32::try_from(found) {
        Ok(intid) if (SPI.0..=SPI.1).contains(&u64::from(intid)) => {
            Some(PeripheralInterrupt { name: key.value.clone(), intid, edge, span: number.span })
        }
        _ => {
            out.push(
                Diagnostic::new(
                    Code::BadInterruptNumber,
                    format!("`{}` cannot be interrupt {found}", key.value),
                )
                .at(number.span, format!("must be between {} and {}", SPI.0, SPI.1))
                .help("a device tree's `<0 N …>` is number N + 32"),
            );
            None
        }
    }
}

fn interrupts_once(peripherals: &[Peripheral], out: &mut Out) {
    let mut seen: Vec<(&Peripheral, &PeripheralInterrupt)> = Vec::new();
    for peripheral in peripherals {
        for interrupt in &peripheral.interrupts {
            if let Some((other, first)) = seen.iter().find(|(_, i)| i.intid == interrupt.intid) {
                out.push(
                    Diagnostic::new(
                        Code::InterruptTwice,
                        format!(
                            "`{}.{}` and `{}.{}` are both interrupt {}",
                            other.name, first.name, peripheral.name, interrupt.name, first.intid
                        ),
                    )
                    .at(interrupt.span, "again here")
                    .also(first.span, "first here"),
                );
            } else {
                seen.push((peripheral, interrupt));
            }
        }
    }
}

/// Reads a board that has this chip.
pub fn board(name: &str, table: &Table, top: Span, chip: &Chip, out: &mut Out) -> Option<Board> {
    let fields = Fields::root(table, top, BOARD, out);
    let ram = fields
        .require("ram", "{ base = 0x4000_0000, size = \"128 MiB\" }", out)
        .and_then(|(_, node)| Fields::open(node, RAM, out))
        .and_then(|ram| memory_range(&ram, out));
    fields.require("load", "0x4020_0000", out);
    let load =
        fields.get("load").map(|(_, node)| node.span).zip(page_aligned(&fields, "load", out));
    let psci =
        fields.word("psci", &[("none", Psci::None), ("hvc", Psci::Hvc), ("smc", Psci::Smc)], out);
    let exit =
        fields.word("exit", &[("none", Exit::None), ("semihosting", Exit::Semihosting)], out);
    let console = fields.string("console", out).and_then(|console| {
        let found = chip.peripherals.iter().position(|item| item.name == console.value);
        if found.is_none() {
            out.push(unknown_peripheral(&console, chip));
        }
        found
    });
    let early_console = early_console(&fields, out);
    let qemu = fields
        .get("qemu")
        .and_then(|(_, node)| Fields::open(node, QEMU, out))
        .and_then(|inner| qemu(&inner, out));
    let (base, size) = ram?;
    let (load_span, load) = load?;
    if !(base..base + size).contains(&load) {
        out.push(
            Diagnostic::new(Code::DoesNotFit, format!("`load` is {load:#x}"))
                .at(load_span, format!("outside of memory, {}", range(base, size))),
        );
    }
    for item in &chip.peripherals {
        if item.memory.is_some_and(|memory| meets(memory, base, size)) {
            let at = fields.get("ram").map_or(top, |(key, _)| key.span);
            out.push(
                Diagnostic::new(
                    Code::Overlap,
                    format!("memory overlaps peripheral `{}`", item.name),
                )
                .at(at, format!("memory is {}", range(base, size)))
                .also(item.span, format!("`{}` is {}", item.name, range_of(item))),
            );
        }
    }
    Some(Board {
        name: name.to_string(),
        ram_base: base,
        ram_size: size,
        load,
        psci: psci.unwrap_or(Psci::None),
        exit: exit.unwrap_or(Exit::None),
        console,
        early_console,
        qemu,
    })
}

/// A register within the physical addresses that code can reach before there are
/// page tables, and after.
fn early_console(fields: &Fields<'_>, out: &mut Out) -> Option<u64> {
    let found = fields.integer("early-console", 0, MAX_PHYSICAL - 1, out)?;
    if found.value % 4 != 0 {
        out.push(
            Diagnostic::new(Code::Unaligned, format!("`early-console` is {:#x}", found.value))
                .at(found.span, "not a multiple of a register, 4 bytes"),
        );
        return None;
    }
    Some(found.value)
}

fn memory_range(ram: &Fields<'_>, out: &mut Out) -> Option<(u64, u64)> {
    ram.require("base", "0x4000_0000", out);
    ram.require("size", "\"128 MiB\"", out);
    let base = page_aligned(ram, "base", out);
    let size = ram.size("size", out)?;
    let base = base?;
    if size.value == 0 || size.value % (1 << 20) != 0 {
        out.push(
            Diagnostic::new(Code::Unaligned, format!("memory of {:#x} bytes", size.value))
                .at(size.span, "must be whole MiB, at least one"),
        );
        return None;
    }
    if base.checked_add(size.value).is_none_or(|end| end > MAX_PHYSICAL) {
        out.push(
            Diagnostic::new(Code::DoesNotFit, "memory ends past the address space")
                .at(size.span, format!("{base:#x} + {:#x}", size.value))
                .help(format!("physical addresses end at {MAX_PHYSICAL:#x}")),
        );
        return None;
    }
    Some((base, size.value))
}

fn qemu(fields: &Fields<'_>, out: &mut Out) -> Option<Qemu> {
    fields.require("binary", "\"qemu-system-aarch64\"", out);
    fields.require("machine", "\"virt\"", out);
    fields.require("cpu", "\"cortex-a53\"", out);
    let (binary, machine, cpu) =
        (fields.string("binary", out), fields.string("machine", out), fields.string("cpu", out));
    let args = fields.strings("args", out);
    let entries = entries(fields, out);
    Some(Qemu {
        binary: binary?.value,
        machine: machine?.value,
        cpu: cpu?.value,
        args: args.into_iter().map(|arg| arg.value).collect(),
        entries,
    })
}

/// How the emulator enters an image: at EL1 unless something else is said.
fn entries(fields: &Fields<'_>, out: &mut Out) -> Vec<Entry> {
    let Some((key, node)) = fields.get("entries") else {
        return vec![Entry { level: 1, machine: String::new() }];
    };
    let Some(inner) = Fields::open(node, ENTRIES, out) else { return vec![] };
    if matches!(&node.value, Value::Table(table) if table.entries.is_empty()) {
        out.push(
            Diagnostic::new(Code::Empty, "there is no way to enter an image")
                .at(key.span, "empty")
                .help("for example `entries = { el1 = \"\" }`, or leave it out"),
        );
    }
    let mut all = vec![];
    for (level, (key, node)) in
        [(1, "el1"), (2, "el2")].into_iter().filter_map(|(n, key)| Some((n, inner.get(key)?)))
    {
        if let Some(machine) = fields::string(&key.value, node, out) {
            all.push(Entry { level, machine: machine.value });
        }
    }
    all
}

/// "unknown peripheral", with the nearest one of the chip.
pub fn unknown_peripheral(name: &Spanned<String>, chip: &Chip) -> Diagnostic {
    let title = format!("chip `{}` has no peripheral `{}`", chip.name, name.value);
    Diagnostic::new(Code::UnknownPeripheral, title).at(name.span, "not a peripheral").maybe_help(
        suggest::did_you_mean(&name.value, chip.peripherals.iter().map(|item| item.name.as_str())),
    )
}

fn meets(memory: Memory, base: u64, size: u64) -> bool {
    memory.address < base.saturating_add(size) && base < memory.address + memory.size
}

/// A half-open range, as people read it.
pub fn range(base: u64, size: u64) -> String {
    format!("[{base:#x}..{:#x})", base.saturating_add(size))
}

fn range_of(peripheral: &Peripheral) -> String {
    peripheral.memory.map_or(String::new(), |memory| range(memory.address, memory.size))
}
