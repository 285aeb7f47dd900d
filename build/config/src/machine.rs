//! The machine: board and chip files become the facts of the model.
//!
//! A board is what surrounds a chip (memory, firmware, how to emulate it); a chip
//! is what one writes drivers for. Both are checked as strictly as `app.toml`:
//! a wrong address here is found by nobody later.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Table, Value};
use crate::fields::{self, Fields, Out};
use crate::keys::machine::{self as keys, MAX_PHYSICAL, SPI};
use crate::keys::{CONTROLLER_KIND, EXIT, PSCI, TRIGGER};
use crate::model::{
    Board, Chip, Entry, Exit, Gic, Memory, Peripheral, PeripheralInterrupt, Psci, Qemu,
};
use crate::source::{Span, Spanned};
use crate::suggest;

/// Bytes of a GICv2's distributor and CPU interface (IHI 0048B, 4.1.1 and 4.1.3).
const GICV2_BYTES: (u64, u64) = (0x1000, 0x2000);
/// Bytes of a GICv3's distributor (IHI 0069H, 12.8).
const GICV3_DISTRIBUTOR: u64 = 0x1_0000;

/// The name of the chip that a board names.
pub fn chip_name(table: &Table, top: Span, out: &mut Out) -> Option<Spanned<String>> {
    // What is wrong with the other keys is reported by `board`, which a board without a
    // chip does not reach.
    let mut found = Out::new();
    let fields = Fields::root(table, top, &keys::BOARD, &mut found);
    if fields.get("chip").is_none() {
        out.append(&mut found);
    }
    fields.string("chip", out)
}

/// Reads a chip.
pub fn chip(name: &str, table: &Table, top: Span, out: &mut Out) -> Option<Chip> {
    let fields = Fields::root(table, top, &keys::CHIP, out);
    let timer_irq = fields.table("timer", out).and_then(|timer| timer.number("irq", out));
    let gic =
        fields.table("interrupt-controller", out).and_then(|controller| gic(&controller, out));
    let mut peripherals = Vec::new();
    for (name, node) in fields.entries("peripherals", out) {
        peripherals.extend(peripheral(name, node, out));
    }
    interrupts_once(&peripherals, out);
    let gic = gic?;
    let controller = fields.get("interrupt-controller").map_or(top, |(key, _)| key.span);
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
                    .at(peripheral.span, format!("{memory} meets {}", range(base, size)))
                    .also(controller, "the interrupt controller")
                    .help("compare both addresses with the manual of the chip"),
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
    let version = fields.word("kind", &CONTROLLER_KIND, out);
    let distributor = fields.number("distributor", out).map(|found| found.value);
    // Without a version, nothing is said of what depends on it.
    let version = version?;
    let (cpu, size) = if version == 2 {
        fields.require("cpu", "0x0801_0000", out);
        foreign(fields, "redistributor", "a GICv2 has a `cpu` interface instead", out);
        let cpu = fields.number("cpu", out).map(|found| found.value);
        (cpu.map(|address| Memory { address, size: GICV2_BYTES.1 }), GICV2_BYTES.0)
    } else {
        let example = "{ address = 0x080a_0000, size = \"128 KiB\" }";
        let found = fields.require("redistributor", example, out);
        foreign(fields, "cpu", "the kernel reaches a GICv3's by system registers", out);
        let memory = found.and_then(|(key, _)| {
            let inner = fields.table("redistributor", out)?;
            memory(key, &inner, out)
        });
        (memory, GICV3_DISTRIBUTOR)
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

fn peripheral(name: &Spanned<String>, node: &Node, out: &mut Out) -> Option<Peripheral> {
    let fields = Fields::open(node, name.span, &keys::PERIPHERAL, out)?;
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
        _ => {
            fields.require("address", "0x0900_0000", out);
            fields.require("size", "0x1000", out);
            memory(name, &fields, out)
        }
    };
    let mut interrupts = Vec::new();
    for (key, node) in fields.entries("interrupts", out) {
        interrupts.extend(interrupt(key, node, out));
    }
    Some(Peripheral { name: name.value.clone(), memory, interrupts, span: name.span })
}

fn memory(name: &Spanned<String>, fields: &Fields<'_>, out: &mut Out) -> Option<Memory> {
    let (address, size) = (fields.number("address", out), fields.number("size", out));
    let (address, size) = (address?.value, size?);
    let memory = Memory { address, size: size.value };
    if address.checked_add(size.value).is_none_or(|end| end > MAX_PHYSICAL) {
        out.push(past_the_end(&format!("`{}`", name.value), address, &size));
        return None;
    }
    Some(memory)
}

fn past_the_end(what: &str, base: u64, size: &Spanned<u64>) -> Diagnostic {
    Diagnostic::new(Code::DoesNotFit, format!("{what} ends past the address space"))
        .at(size.span, format!("{base:#x} + {:#x}", size.value))
        .help(format!("physical addresses end at {MAX_PHYSICAL:#x}"))
}

fn interrupt(key: &Spanned<String>, node: &Node, out: &mut Out) -> Option<PeripheralInterrupt> {
    let (number, edge) = match &node.value {
        Value::Table(_) => {
            let fields = Fields::open(node, node.span, &keys::INTERRUPT, out)?;
            let edge = fields.word("trigger", &TRIGGER, out).unwrap_or(false);
            (fields.get("number")?.1, edge)
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
                    .also(first.span, "first here")
                    .help("a number is one line into the controller: correct one of the two"),
                );
            } else {
                seen.push((peripheral, interrupt));
            }
        }
    }
}

/// Reads a board that has this chip.
pub fn board(name: &str, table: &Table, top: Span, chip: &Chip, out: &mut Out) -> Option<Board> {
    let fields = Fields::root(table, top, &keys::BOARD, out);
    let ram = fields.table("ram", out).and_then(|ram| memory_range(&ram, out));
    let load = fields.number("load", out);
    let psci = fields.word("psci", &PSCI, out);
    let exit = fields.word("exit", &EXIT, out);
    let console = fields.string("console", out).and_then(|console| {
        let found = chip.peripherals.iter().position(|item| item.name == console.value);
        if found.is_none() {
            out.push(unknown_peripheral(&console, chip));
        }
        found
    });
    let early_console = fields.number("early-console", out).map(|found| found.value);
    let qemu = fields.table("qemu", out).and_then(|inner| qemu(&inner, out));
    let (base, size) = ram?;
    let load = load?;
    if !(base..base + size).contains(&load.value) {
        let ram = fields.get("ram").map_or(top, |(key, _)| key.span);
        out.push(
            Diagnostic::new(Code::DoesNotFit, format!("`load` is {:#x}", load.value))
                .at(load.span, "outside of memory")
                .also(ram, format!("memory is {}", range(base, size)))
                .help("an image is loaded into memory: choose an address in it"),
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
                .also(item.span, format!("`{}` is {}", item.name, range_of(item)))
                .help("compare `ram` of the board with the manual of the chip"),
            );
        }
    }
    Some(Board {
        name: name.to_string(),
        ram_base: base,
        ram_size: size,
        load: load.value,
        psci: psci.unwrap_or(Psci::None),
        exit: exit.unwrap_or(Exit::None),
        console,
        early_console,
        qemu,
    })
}

fn memory_range(ram: &Fields<'_>, out: &mut Out) -> Option<(u64, u64)> {
    let (base, size) = (ram.number("base", out), ram.number("size", out));
    let (base, size) = (base?.value, size?);
    if base.checked_add(size.value).is_none_or(|end| end > MAX_PHYSICAL) {
        out.push(past_the_end("memory", base, &size));
        return None;
    }
    Some((base, size.value))
}

fn qemu(fields: &Fields<'_>, out: &mut Out) -> Option<Qemu> {
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
    let Some(inner) = fields.table("entries", out) else { return vec![] };
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
