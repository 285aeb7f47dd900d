//! Manifest: everything the archive says about an image, and the archive itself.

use crate::place::LinkedTask;
use crate::{Artifacts, Error, Packed, Region, Request, place, task_model};
use abi::desc;
use exov6_archive as m;
use exov6_archive::{Hex, Manifest};
use exov6_config::Linked;
use exov6_config::model::{Model, NotificationKind, Policy, Stack, Task};
use exov6_pagetable::{LINEAR, Tables};
use std::collections::BTreeMap;
use std::path::Path;

/// Writes image and archive into the request's directory.
pub(crate) fn write(
    request: &Request<'_>,
    model: &Model,
    linked: &Linked,
    tasks: &[LinkedTask],
    packed: Packed,
    compiled: Vec<String>,
) -> Result<Artifacts, Error> {
    let manifest = describe(request, model, linked, tasks, &packed)?;
    let path = |kind: &str| request.out.join(format!("{}.{kind}", model.build_name()));
    let (archive, elf, image) = (path("zip"), path("elf"), path("img"));
    let put = |path: &Path, bytes: &[u8]| {
        std::fs::write(path, bytes).map_err(|source| Error::Write { path: path.to_owned(), source })
    };
    put(&elf, &packed.kernel.bytes)?;
    put(&image, &packed.raw)?;
    let json = exov6_archive::to_json(&manifest).unwrap_or_default();
    put(&request.out.join("manifest.json"), json.as_bytes())?;

    let files = model.files().into_iter();
    let mut entries: Vec<(String, &[u8])> =
        files.map(|(name, source)| (name, source.text.as_bytes())).collect();
    entries.push(("image.elf".into(), &packed.kernel.bytes));
    entries.push(("image.img".into(), &packed.raw));
    for (task, program) in model.tasks.iter().zip(tasks) {
        entries.push((elf_entry(task), &program.program.bytes));
    }
    let interfaces = crate::interfaces::entries(linked)?;
    entries.extend(interfaces.iter().map(|(name, bytes)| (name.clone(), bytes.as_slice())));
    let entries = entries.iter().map(|(name, bytes)| (name.as_str(), *bytes));
    exov6_archive::write(&archive, &manifest, entries)?;
    Ok(Artifacts { manifest, archive, elf, image, library: packed.library, compiled })
}

fn elf_entry(task: &Task) -> String {
    format!("tasks/{}.elf", task.name)
}

fn describe(
    request: &Request<'_>,
    model: &Model,
    linked: &Linked,
    tasks: &[LinkedTask],
    packed: &Packed,
) -> Result<Manifest, Error> {
    let start = packed.kernel.symbol("__image_start")?;
    let shared = packed.placement.shared;
    let qemu = model.board.qemu.as_ref().map(|qemu| m::Qemu {
        binary: qemu.binary.clone(),
        args: qemu.arguments(model.board.ram_size),
        entries: qemu
            .entries
            .iter()
            .map(|entry| m::QemuEntry { level: entry.level, machine: entry.machine.clone() })
            .collect(),
    });
    let mut tools = BTreeMap::new();
    tools.insert("rustc".to_owned(), request.toolchain.version.to_string());
    let bands = model.bands.iter().map(|band| m::Band {
        name: band.name.clone(),
        policy: match band.policy {
            Policy::Strict => "strict".to_owned(),
        },
    });
    Ok(Manifest {
        format: m::FORMAT.to_owned(),
        name: model.name.clone(),
        board: model.board.name.clone(),
        chip: model.chip.name.clone(),
        profile: model.profile.name().to_owned(),
        left_out: left_out(model),
        image_id: packed.image_id.iter().map(|byte| format!("{byte:02x}")).collect(),
        entry: Hex(model.board.load),
        load: Hex(model.board.load),
        size: Hex(packed.kernel.symbol("__image_end")? - start),
        boot_info: Hex(shared.boot_info),
        boot_record: Hex(shared.boot_record),
        reset_record: Hex(shared.reset_record),
        kernel_offset: Hex(LINEAR),
        span: Hex(abi::limits::SPAN),
        ticks_per_second: None,
        interrupt_controller: model.chip.gic.version,
        qemu,
        kernel: kernel(packed)?,
        kernel_table_pages: packed.kernel_table_pages as u32,
        machine: machine(model),
        ack_us: model.supervisor.ack_us,
        supervisor: model.supervisor.task as u32,
        log: model.log.map(|log| log.task as u32),
        bands: bands.collect(),
        tasks: model
            .tasks
            .iter()
            .zip(tasks)
            .map(|(task, program)| of_task(model, linked, task, program, packed))
            .collect(),
        tools,
    })
}

fn of_task(
    model: &Model,
    linked: &Linked,
    task: &Task,
    program: &LinkedTask,
    packed: &Packed,
) -> m::Task {
    let own = &linked.tasks[task.index];
    let name = |index: usize| model.tasks[index].name.clone();
    let file = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
    m::Task {
        name: task.name.clone(),
        index: task.index as u32,
        package: own.package.clone(),
        elf: elf_entry(task),
        band: model.bands[task.band].name.clone(),
        priority: task.priority,
        rank: task.rank,
        fp: task.fp,
        thread_pointer: task.thread_pointer,
        held: task.held,
        asid: task.index as u32 + 1,
        table_root: Hex(packed.roots[task.index]),
        table_pages: Tables::span_pages(&place::mappings(&packed.placement.regions[task.index]))
            as u32,
        entry: Hex(program.program.entry),
        stack_top: Hex(program.stack.1),
        stack: Hex(program.stack_size()),
        stack_worst: program.worst.as_ref().ok().map(|worst| Hex(worst.bytes)),
        stack_auto: task.stack == Stack::Auto,
        heap: Hex(program.heap_size()),
        summary: task_model::summary(model, task.index),
        serves: own.serves.as_ref().and_then(|facts| file(&facts.path)),
        notifications: task
            .notifications
            .iter()
            .map(|notification| m::Notification {
                name: notification.name.clone(),
                bit: u32::from(notification.bit),
                timer: match notification.kind {
                    NotificationKind::Timer(number) => Some(u32::from(number)),
                    _ => None,
                },
                irq: match notification.kind {
                    NotificationKind::Interrupt(n) => Some(task.interrupts[n].name.clone()),
                    _ => None,
                },
            })
            .collect(),
        timers: task
            .timers
            .iter()
            .map(|timer| m::Timer {
                name: timer.name.clone(),
                number: u32::from(timer.number),
                bit: u32::from(timer.bit),
            })
            .collect(),
        ports: task
            .ports
            .iter()
            .zip(&own.ports)
            .map(|(port, linked)| m::Port {
                name: port.name.clone(),
                number: u32::from(port.number),
                server: name(port.server),
                badge: port.badge,
                interface: file(&linked.interface.path),
                ops: linked.ops.iter().map(|(name, _)| name.clone()).collect(),
                mask: Hex(linked.mask),
                timeout_us: port.timeout_us,
            })
            .collect(),
        posts: task
            .posts
            .iter()
            .map(|post| m::Post {
                task: name(post.target),
                number: u32::from(post.number),
                bits: post.bits.iter().map(|bit| bit.name.clone()).collect(),
                mask: post.mask,
            })
            .collect(),
        irqs: task
            .interrupts
            .iter()
            .map(|interrupt| m::Irq {
                name: interrupt.name.clone(),
                number: interrupt.intid,
                bit: u32::from(interrupt.bit),
                edge: interrupt.edge,
            })
            .collect(),
        kernel: kernel_ops(model, task),
        regions: packed.placement.regions[task.index].iter().map(region).collect(),
    }
}

/// What this image does not have although app.toml says so, in words.
fn left_out(model: &Model) -> Vec<String> {
    let tasks = model.left_out.tasks.iter().map(|task| format!("task {task}"));
    let grants = model.left_out.grants.iter();
    tasks.chain(grants.map(|(task, operation)| format!("{operation} of {task}"))).collect()
}

/// What the kernel has of the image, in address order.
fn kernel(packed: &Packed) -> Result<Vec<m::Region>, Error> {
    let at = |name: &str| packed.kernel.symbol(name);
    let page = exov6_pagetable::PAGE;
    let rw = at("__task_rw")?;
    let regions = [
        ("text", at("__image_start")?, at("__text_end")?, "rx"),
        ("rodata", at("__text_end")?, at("__desc_start")?, "r"),
        ("desc", at("__desc_start")?, at("__tables")?, "r"),
        ("tables", at("__tables")?, at("__task_ro")?, "r"),
        ("bss", at("__bss_start")?, at("__bss_end")?, "rw"),
        ("stack", at("__stack_bottom")?, at("__stack_top")?, "rw"),
        ("fatal-stack", at("__fatal_stack_bottom")?, at("__fatal_stack_top")?, "rw"),
        ("boot-info", rw, rw + page, "rw"),
        ("boot-record", rw + page, rw + 2 * page, "rw"),
        ("reset-record", rw + 2 * page, rw + 3 * page, "rw"),
    ];
    let regions = regions.into_iter().map(|(kind, base, end, rights)| m::Region {
        kind: kind.to_owned(),
        name: None,
        base: Hex(base),
        size: Hex(end - base),
        physical: Hex(base - LINEAR),
        rights: rights.to_owned(),
    });
    Ok(regions.collect())
}

fn machine(model: &Model) -> m::Machine {
    let gic = model.chip.gic;
    m::Machine {
        ram: Hex(model.board.ram_base),
        ram_size: Hex(model.board.ram_size),
        timer_irq: model.chip.timer_irq,
        distributor: Hex(gic.distributor.address),
        distributor_size: Hex(gic.distributor.size),
        gic_cpu: Hex(gic.cpu.address),
        gic_cpu_size: Hex(gic.cpu.size),
        early_console: model.board.early_console.map(Hex),
        psci: model.board.psci.number(),
        exit: model.board.exit.number(),
    }
}

fn kernel_ops(model: &Model, task: &Task) -> BTreeMap<String, Vec<String>> {
    abi::kernel_op::KernelOp::ALL
        .iter()
        .zip(task.kernel_ops)
        .filter(|(_, mask)| *mask != 0)
        .map(|((_, name), mask)| {
            let targets = model
                .tasks
                .iter()
                .filter(|target| mask & 1 << target.index != 0)
                .map(|target| target.name.clone());
            ((*name).to_owned(), targets.collect())
        })
        .collect()
}

fn region(region: &Region) -> m::Region {
    let desc::Region { base, size, physical, rights, kind } = region.desc;
    let kind = match kind {
        desc::KIND_TEXT => "text",
        desc::KIND_RODATA => "rodata",
        desc::KIND_DATA => "data",
        desc::KIND_GUARD => "guard",
        desc::KIND_DEVICE => "device",
        desc::KIND_RING => "ring",
        desc::KIND_BOOT => "boot",
        _ => "window",
    };
    let rights = [(desc::R, 'r'), (desc::W, 'w'), (desc::X, 'x')]
        .iter()
        .filter(|(bit, _)| rights & bit != 0)
        .map(|(_, letter)| letter)
        .collect();
    m::Region {
        kind: kind.to_owned(),
        name: region.name.clone(),
        base: Hex(base),
        size: Hex(size),
        physical: Hex(physical),
        rights,
    }
}
