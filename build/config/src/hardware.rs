//! Hardware: which task owns which peripheral, interrupt and page.
//!
//! A task that uses a peripheral is the only one that can touch its registers, so
//! ownership is what makes a driver's bugs its own. The unit of protection is the
//! page: two peripherals in one page belong to one task, or to none.

use crate::app::{self, App};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::fields::{Out, check_count};
use crate::machine::{range, unknown_peripheral};
use crate::model::{Chip, Device, Peripheral, PeripheralInterrupt};
use crate::source::{Span, Spanned};
use crate::suggest;
use abi::limits;

/// In `uses`: the boot-info page instead of a peripheral.
pub const BOOT_INFO: &str = "boot-info";
/// In `uses`: the boot-record page, which any number of tasks may read.
pub const BOOT_RECORD: &str = "boot-record";
/// What `uses` can name that is no peripheral.
pub const PAGES: [&str; 2] = [BOOT_INFO, BOOT_RECORD];

/// An interrupt with its owner.
#[derive(Debug)]
pub struct Claim {
    /// As in `app.toml`.
    pub name: String,
    /// Interrupt number.
    pub intid: u32,
    /// Triggered by an edge.
    pub edge: bool,
    /// Name of its notification.
    pub notification: Spanned<String>,
    /// Where it is claimed.
    pub span: Span,
}

/// What one task owns.
#[derive(Debug, Default)]
pub struct Owned {
    /// Peripherals with memory.
    pub devices: Vec<Device>,
    /// Interrupts.
    pub claims: Vec<Claim>,
    /// The boot-info page.
    pub boot_info: bool,
    /// The boot-record page.
    pub boot_record: bool,
}

/// Gives out peripherals and interrupts; one entry a task.
pub fn owners(app: &App, chip: &Chip, out: &mut Out) -> Vec<Owned> {
    let owned = app
        .tasks
        .iter()
        .map(|task| Owned {
            devices: devices(task, chip, out),
            claims: claims(task, chip, out),
            boot_info: task.uses.iter().any(|name| name.value == BOOT_INFO),
            boot_record: task.uses.iter().any(|name| name.value == BOOT_RECORD),
        })
        .collect::<Vec<_>>();
    peripherals_once(app, out);
    interrupts_once(app, &owned, out);
    pages_once(app, &owned, out);
    owned
}

fn devices(task: &app::Task, chip: &Chip, out: &mut Out) -> Vec<Device> {
    let mut all = Vec::new();
    for name in task.uses.iter().filter(|name| !PAGES.contains(&name.value.as_str())) {
        let Some(peripheral) = chip.peripherals.iter().position(|item| item.name == name.value)
        else {
            let mut unknown = unknown_peripheral(name, chip);
            if let Some(page) = suggest::nearest(&name.value, PAGES) {
                unknown = unknown.help(format!("did you mean `{page}`?"));
            }
            out.push(unknown);
            continue;
        };
        if let Some(memory) = chip.peripherals[peripheral].memory {
            all.push(Device {
                name: name.value.clone(),
                peripheral,
                address: memory.address,
                size: memory.size,
                span: name.span,
            });
        }
    }
    all
}

fn claims(task: &app::Task, chip: &Chip, out: &mut Out) -> Vec<Claim> {
    let mut all = Vec::new();
    for (key, notification) in &task.interrupts {
        let Some((peripheral, interrupt)) = find_interrupt(key, chip, out) else { continue };
        let used = task.uses.iter().any(|name| name.value == peripheral.name);
        if !used && peripheral.memory.is_some() {
            out.push(
                Diagnostic::new(
                    Code::InterruptNotUsed,
                    format!(
                        "`{}` handles `{}` but does not use `{}`",
                        task.name.value, key.value, peripheral.name
                    ),
                )
                .at(key.span, format!("an interrupt of `{}`", peripheral.name))
                .also(task.name.span, "this task")
                .help(format!("add \"{}\" to its `uses`", peripheral.name)),
            );
        }
        all.push(Claim {
            name: key.value.clone(),
            intid: interrupt.intid,
            edge: interrupt.edge,
            notification: notification.clone(),
            span: key.span,
        });
    }
    all
}

fn find_interrupt<'a>(
    key: &Spanned<String>,
    chip: &'a Chip,
    out: &mut Out,
) -> Option<(&'a Peripheral, &'a PeripheralInterrupt)> {
    let unknown = |title: String, help: Option<String>| {
        Diagnostic::new(Code::UnknownInterrupt, title)
            .at(key.span, "not an interrupt")
            .maybe_help(help)
    };
    let Some((owner, name)) = key.value.split_once('.') else {
        let title = format!("`{}` does not say which peripheral's interrupt it is", key.value);
        out.push(unknown(title, Some("write \"PERIPHERAL.INTERRUPT\"".to_string())));
        return None;
    };
    let Some(peripheral) = chip.peripherals.iter().find(|item| item.name == owner) else {
        out.push(unknown_peripheral(&Spanned { value: owner.to_string(), span: key.span }, chip));
        return None;
    };
    let found = peripheral.interrupts.iter().find(|item| item.name == name);
    if found.is_none() {
        let names = peripheral.interrupts.iter().map(|item| item.name.as_str());
        out.push(unknown(
            format!("`{owner}` has no interrupt `{name}`"),
            suggest::did_you_mean(name, names),
        ));
    }
    found.map(|interrupt| (peripheral, interrupt))
}

fn peripherals_once(app: &App, out: &mut Out) {
    let mut seen: Vec<(&app::Task, &Spanned<String>)> = Vec::new();
    for task in &app.tasks {
        for name in task.uses.iter().filter(|name| name.value != BOOT_RECORD) {
            let first = seen.iter().find(|(_, first)| first.value == name.value);
            // Twice in one list is reported where lists are read.
            if let Some((owner, first)) = first
                && owner.name.span != task.name.span
            {
                let (code, what) = if name.value == BOOT_INFO {
                    (Code::BootInfoTwice, "the boot-info page".to_string())
                } else {
                    (Code::PeripheralTwice, format!("peripheral `{}`", name.value))
                };
                out.push(
                    Diagnostic::new(
                        code,
                        format!(
                            "{what} is used by both `{}` and `{}`",
                            owner.name.value, task.name.value
                        ),
                    )
                    .at(name.span, format!("used by `{}`", task.name.value))
                    .also(first.span, format!("already used by `{}`", owner.name.value))
                    .help("let one task own it and serve the other through a channel"),
                );
            } else {
                seen.push((task, name));
            }
        }
    }
}

fn interrupts_once(app: &App, owned: &[Owned], out: &mut Out) {
    let mut all = owned.iter().flat_map(|owned| &owned.claims);
    if let Some(claim) = all.nth(limits::MAX_IRQS) {
        let count = limits::MAX_IRQS + 1 + all.count();
        check_count("interrupts of all tasks", count, limits::MAX_IRQS, claim.span, out);
    }
    let mut seen: Vec<(&app::Task, &Claim)> = Vec::new();
    for (task, owned) in app.tasks.iter().zip(owned) {
        for claim in &owned.claims {
            if let Some((owner, first)) = seen.iter().find(|(_, first)| first.intid == claim.intid)
            {
                out.push(
                    Diagnostic::new(
                        Code::InterruptTwice,
                        format!(
                            "interrupt `{}` ({}) is handled by both `{}` and `{}`",
                            claim.name, claim.intid, owner.name.value, task.name.value
                        ),
                    )
                    .at(claim.span, format!("claimed by `{}`", task.name.value))
                    .also(first.span, format!("already claimed by `{}`", owner.name.value))
                    .help("an interrupt has one owner, who may post to others"),
                );
            } else {
                seen.push((task, claim));
            }
        }
    }
}

fn pages_once(app: &App, owned: &[Owned], out: &mut Out) {
    let mut seen: Vec<(&app::Task, &Device)> = Vec::new();
    for (task, owned) in app.tasks.iter().zip(owned) {
        for device in &owned.devices {
            let shared = seen.iter().find(|(owner, first)| {
                owner.name.span != task.name.span
                    && first.peripheral != device.peripheral
                    && first.address < device.address + device.size
                    && device.address < first.address + first.size
            });
            if let Some((owner, first)) = shared {
                out.push(
                    Diagnostic::new(
                        Code::PageShared,
                        format!(
                            "`{}` of `{}` and `{}` of `{}` share a page",
                            first.name, owner.name.value, device.name, task.name.value
                        ),
                    )
                    .at(
                        device.span,
                        format!("`{}` is {}", device.name, range(device.address, device.size)),
                    )
                    .also(
                        first.span,
                        format!("`{}` is {}", first.name, range(first.address, first.size)),
                    )
                    .help("memory is protected page by page: let one task own both"),
                );
            }
            seen.push((task, device));
        }
    }
}
