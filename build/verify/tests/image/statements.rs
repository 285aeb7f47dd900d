//! Each statement, broken in the smallest way, and what is said of it.

use crate::fixture::{
    self, DESC, LOAD, TASKS, UART, edit, entry, kernel_entry, physical, poke, seal,
};
use abi::desc::{Header, Irq, Port, Region, Task};
use exov6_archive::Archive;
use exov6_verify::{Finding, Report, Statement};
use std::mem::offset_of;

const SUPERVISOR: usize = 0;
const LOG: usize = 1;
const WORKER: usize = 2;

/// Attributes and type of a descriptor: everything but the address.
const NOT_ADDRESS: u64 = !0x0000_ffff_ffff_f000;
const READ_ONLY: u64 = 1 << 7;
const UXN: u64 = 1 << 54;

#[test]
fn a_good_image_is_proved() {
    let archive = fixture::archive();
    let report = exov6_verify::archive(&archive);
    assert!(report.passed, "{}", report.complaint(9));
    assert!(report.statements.iter().all(|held| held.holds == Some(true)));
    // Every descriptor of every table but the spare page and the rest of that of the roots.
    let tables = archive.manifest.kernel.iter().find(|r| r.kind == "tables").unwrap().size.0;
    assert_eq!(report.descriptors as u64, (tables / 4096 - 2) * 512 + 3 * 16);
    let names: Vec<&str> = report.spaces.iter().map(|space| space.name.as_str()).collect();
    assert_eq!(names, ["supervisor", "log", "worker", "the kernel", "the boot map"]);
    let ranges: Vec<String> = report.spaces[LOG]
        .ranges
        .iter()
        .map(|r| format!("{:#x} {} {}", r.address, r.rights, r.what))
        .collect();
    assert_eq!(
        ranges,
        [
            "0x1000 r-x text",
            "0x2000 r-- rodata",
            "0x4000 rw- data",
            "0x6000 r-- rodata",
            "0x1ff8000 r-- ring of worker",
            "0x1ffa000 r-- ring of supervisor",
            "0x1ffc000 r-- boot-record of the kernel",
            "0x1ffe000 rw- ring",
        ]
    );
}

#[test]
fn a_good_raw_image_is_proved_by_itself() {
    let archive = fixture::archive();
    let report = exov6_verify::image(archive.entry("image.img").unwrap());
    assert!(report.passed, "{}", report.complaint(9));
    let not_tried = report.statements.iter().filter(|held| held.holds.is_none()).count();
    assert_eq!(not_tried, 5);
}

/// The first finding about a statement, in an archive that was broken by `change`; image
/// id and ELF file are those of the broken image.
fn broken(statement: Statement, change: impl FnOnce(&mut Archive)) -> Finding {
    let mut archive = fixture::archive();
    change(&mut archive);
    seal(&mut archive);
    first(statement, &exov6_verify::archive(&archive))
}

fn first(statement: Statement, report: &Report) -> Finding {
    let found = report.findings.iter().find(|finding| finding.statement == statement);
    found.unwrap_or_else(|| panic!("not about {statement}:\n{}", report.complaint(9))).clone()
}

/// Changes the descriptor of an address of a task.
fn change(archive: &mut Archive, task: usize, address: u64, with: impl Fn(u64) -> u64) {
    let entry = entry(archive, task, address);
    poke(archive, entry.physical, &with(entry.value).to_le_bytes());
}

fn says(finding: &Finding, parts: &[&str]) {
    let text = finding.to_string();
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

#[test]
fn two_writers_of_a_page() {
    let data = physical(&fixture::archive(), SUPERVISOR, 0x4000);
    let steal = |archive: &mut Archive| {
        change(archive, WORKER, 0x4000, |value| value & NOT_ADDRESS | data);
    };
    let finding = broken(Statement::OneWriter, steal);
    let page = format!("page    {data:#x}, mapped at 0x4000");
    says(&finding, &["writable by supervisor and by worker", &page, "owners  supervisor; worker"]);
    let finding = broken(Statement::OwnMemory, steal);
    let entry = entry(&fixture::archive(), WORKER, 0x4000).physical;
    let entry = format!("entry   {entry:#x} = 0x00600000{data:08x}, level 3")
        .replace("000, level", "f43, level");
    says(&finding, &["worker maps", "data of supervisor", "data of worker", &page, &entry]);
}

#[test]
fn two_readers_of_a_page() {
    let finding = broken(Statement::OneReader, |archive| {
        // The worker reads the supervisor's ring, as the log task may.
        let ring = physical(archive, SUPERVISOR, 0x1ff_e000);
        change(archive, WORKER, 0x1ff_a000, |value| value & NOT_ADDRESS | ring);
    });
    says(&finding, &["readable by supervisor and by worker", "entry", "level 3"]);
}

#[test]
fn a_writable_page_that_is_executable() {
    let finding =
        broken(Statement::WriteOrExecute, |a| change(a, WORKER, 0x4000, |value| value & !UXN));
    says(&finding, &["worker", "rwx for tasks", "data of worker", "at 0x4000"]);
    // Through an alias: the kernel may write a task's text.
    let text = physical(&fixture::archive(), LOG, 0x1000);
    let mut archive = fixture::archive();
    let entry = kernel_entry(&archive, text);
    poke(&mut archive, entry.physical, &(entry.value & !READ_ONLY).to_le_bytes());
    let finding = first(Statement::WriteOrExecute, &exov6_verify::archive(&archive));
    let what =
        format!("{text:#x} is writable by the kernel at 0xffffff80{text:x} and executable by log");
    says(&finding, &[&what, "text of log", "level 3"]);
}

#[test]
fn a_task_with_what_is_not_its_own() {
    // Its guard page, mapped to a page of the kernel.
    let kernel = fixture::archive().manifest.kernel[3].physical.0;
    let value = |to: u64| entry(&fixture::archive(), WORKER, 0x4000).value & NOT_ADDRESS | to;
    let finding = broken(Statement::Guard, |a| change(a, WORKER, 0x3000, |_| value(kernel)));
    says(&finding, &["worker maps", "bss of the kernel", "at 0x3000, its guard page"]);
    // Page 0.
    let finding = broken(Statement::OwnMemory, |a| change(a, LOG, 0, |_| value(kernel)));
    says(&finding, &["log maps", "at 0, which must never be mapped", "bss of the kernel"]);
    // Somebody else's device, at an address that nobody has.
    let device = entry(&fixture::archive(), WORKER, 0x1ff_c000).value;
    let finding = broken(Statement::OwnMemory, |a| change(a, LOG, 0x10_0000, |_| device));
    let page = format!("page    {UART:#x}, mapped at 0x100000");
    says(&finding, &["log maps", "device uart of worker", "where nothing must be", &page]);
    // A page of the kernel that is for tasks.
    let finding = broken(Statement::OwnMemory, |archive| {
        let entry = kernel_entry(archive, kernel);
        poke(archive, entry.physical, &(entry.value | 1 << 6).to_le_bytes());
    });
    says(&finding, &["the kernel maps", "rw- for tasks", "bss of the kernel"]);
}

#[test]
fn the_kernel_with_memory_that_is_none() {
    let finding = broken(Statement::KernelMemory, |archive| {
        let entry = kernel_entry(archive, LOAD);
        poke(archive, entry.physical + 8 * 300, &(entry.value + (300 << 12)).to_le_bytes());
    });
    says(&finding, &["the kernel maps", "no memory of the image", "where nothing must be"]);
    let finding = broken(Statement::Guard, |archive| {
        let guard = archive.manifest.kernel[3].physical.0 + 4096;
        let entry = kernel_entry(archive, guard - 4096);
        poke(archive, entry.physical + 8, &(entry.value + 4096).to_le_bytes());
    });
    says(&finding, &["the kernel maps", "its guard page"]);
}

#[test]
fn page_tables_that_can_be_written() {
    let finding = broken(Statement::TablesReadOnly, |archive| {
        let tables = archive.manifest.kernel[2].physical.0;
        let entry = kernel_entry(archive, tables);
        poke(archive, entry.physical, &(entry.value & !READ_ONLY).to_le_bytes());
    });
    says(&finding, &["the kernel maps", "page tables of the kernel", "rw- for the kernel"]);
}

#[test]
fn something_in_a_free_descriptor() {
    let finding = broken(Statement::Free, |a| change(a, LOG, 0x7000, |_| 1 << 20));
    says(&finding, &["0x7000..0x8000 of log maps nothing", "it changes nothing on a machine"]);
    // In the spare page of the fixture, which no walk gets to.
    let finding = broken(Statement::Free, |archive| {
        let tables = &archive.manifest.kernel[2];
        let spare = tables.physical.0 + tables.size.0 - 8;
        poke(archive, spare, &1_u64.to_le_bytes());
    });
    says(&finding, &["belongs to no address space", "= 0x0000000000000001"]);
}

#[test]
fn a_table_that_two_entries_lead_to() {
    let mut archive = fixture::archive();
    // The log task's whole lower table becomes the worker's.
    let root = |task: usize| archive.manifest.tasks[task].table_root.0;
    let (from, to) = (root(WORKER), root(LOG));
    let at = (from - LOAD) as usize;
    let value = archive.entry("image.img").unwrap()[at..at + 8].to_vec();
    poke(&mut archive, to, &value);
    let report = exov6_verify::archive(&archive);
    let finding = first(Statement::Exact, &report);
    says(
        &finding,
        &["0x0..0x200000 of", "which another has", "page tables of the kernel", "level 2"],
    );
}

#[test]
fn bits_that_mean_nothing() {
    let finding = broken(Statement::Canonical, |a| change(a, LOG, 0x1000, |v| v | 1 << 57));
    says(&finding, &["0x1000..0x2000 of log has bits 55-58 set", "left to software"]);
    assert!(finding.harmless.is_some());
}

/// Changes a field of a record of the kernel's tables: table (as behind the header), record,
/// offset of the field.
fn record<T>(archive: &mut Archive, table: u64, number: u64, field: usize, bytes: &[u8]) {
    let at = DESC + table + number * size_of::<T>() as u64 + field as u64;
    poke(archive, at, bytes);
}

/// Offsets of the tables: of tasks and of ports.
fn tables(archive: &Archive) -> (u64, u64) {
    let tasks = size_of::<Header>() as u64;
    let regions: usize = archive.manifest.tasks.iter().map(|task| task.regions.len()).sum();
    let ports = tasks + 3 * size_of::<Task>() as u64 + (regions * size_of::<Region>()) as u64;
    (tasks, ports)
}

#[test]
fn a_port_with_more_operations_than_granted() {
    let finding = broken(Statement::Records, |archive| {
        let (_, ports) = tables(archive);
        record::<Port>(archive, ports, 0, offset_of!(Port, ops), &[0b1_0110]);
    });
    says(&finding, &["ports[0] of log (to worker, more operations than granted (mask 0x10))"]);
    says(
        &finding,
        &["`ops` is 0x16, and must be 0x6", "owners  log; worker", "field `ops` of ports[0]"],
    );
}

#[test]
fn a_port_that_leads_elsewhere_and_downhill() {
    let downhill = |archive: &mut Archive| {
        let (_, ports) = tables(archive);
        record::<Port>(archive, ports, 1, offset_of!(Port, server), &[LOG as u8]);
    };
    let finding = broken(Statement::Records, downhill);
    says(&finding, &["ports[1] of worker (to supervisor, but leads to log)"]);
    let finding = broken(Statement::Uphill, downhill);
    says(&finding, &["port 0 of worker (rank 1) leads to log (rank 2), which is not more urgent"]);
    let finding = broken(Statement::Sound, downhill);
    says(&finding, &["clients are not those who hold a port or a post to it"]);
}

#[test]
fn ranks_grants_and_interrupts_of_a_manifest_that_agrees() {
    // What the build itself got wrong: the archive says the same as the image.
    let finding = broken(Statement::Sound, |archive| {
        let (tasks, _) = tables(archive);
        archive.manifest.tasks[WORKER].rank = 0;
        record::<Task>(archive, tasks, WORKER as u64, offset_of!(Task, rank), &[0]);
    });
    says(&finding, &["supervisor and worker both have rank 0"]);
    let irqs = |archive: &Archive| tables(archive).1 + 2 * 32 + 2 * 8;
    let finding = broken(Statement::IrqOnce, |archive| {
        archive.manifest.tasks[WORKER].irqs[0].number = 27;
        record::<Irq>(archive, irqs(archive), 0, offset_of!(Irq, number), &[27]);
    });
    says(&finding, &["interrupt 27 is the kernel's"]);
    let finding = broken(Statement::Records, |archive| {
        record::<Irq>(archive, irqs(archive), 0, offset_of!(Irq, owner), &[LOG as u8]);
    });
    says(&finding, &["irqs[0] of worker (interrupt 33)", "owners  worker; log"]);
    let finding = broken(Statement::Records, |archive| {
        let (tasks, _) = tables(archive);
        record::<Task>(archive, tasks, LOG as u64, offset_of!(Task, ops) + 7 * 8, &[1]);
    });
    says(&finding, &["tasks[1] of log: `reset` is 0x1, and must be 0x0"]);
}

#[test]
fn one_interrupt_and_two_owners() {
    let mut archive = fixture::archive();
    let twice = archive.manifest.tasks[WORKER].irqs[0].clone();
    archive.manifest.tasks[LOG].irqs.push(twice);
    let report = exov6_verify::archive(&archive);
    assert!(!report.passed);
    // The image has it once, and the archive twice.
    says(&first(Statement::Records, &report), &["`irqs` is 0x1, and must be 0x2"]);
}

#[test]
fn a_release_that_can_be_left() {
    let release = |archive: &mut Archive| {
        archive.manifest.profile = "release".into();
        archive.manifest.machine.exit = 0;
        for task in &mut archive.manifest.tasks {
            task.kernel.retain(|name, _| name != "exit" && name != "fault");
        }
    };
    let finding = broken(Statement::Release, |archive| {
        release(archive);
        archive.manifest.machine.exit = 1;
    });
    says(&finding, &["it can leave the emulator, and is a release", "owners  the kernel"]);
    let finding = broken(Statement::Release, |archive| {
        release(archive);
        let everybody = TASKS.map(str::to_owned).to_vec();
        archive.manifest.tasks[WORKER].kernel.insert("fault".into(), everybody);
    });
    says(&finding, &["worker is granted fault in a release", "owners  worker"]);
    let finding = broken(Statement::Release, |archive| {
        release(archive);
        poke(archive, LOAD + 0x800, &0xd45e_0000_u32.to_le_bytes());
    });
    says(&finding, &["the kernel calls the emulator at 0x40200800"]);
}

#[test]
fn a_header_of_another_image() {
    let finding = broken(Statement::Header, |a| poke(a, LOAD + 16, &(1_u64 << 20).to_le_bytes()));
    says(&finding, &["asks for 0x100000 bytes", "the archive says"]);
}

#[test]
fn registers_that_the_walk_does_not_assume() {
    // Hierarchical attributes off in the literal of TCR_EL1.
    let finding = broken(Statement::Registers, |a| poke(a, LOAD + 0x105, &[0x02]));
    says(&finding, &["writes 0x212b5193519 to TCR_EL1; it must be 0x12b5193519"]);
    let finding = broken(Statement::Registers, |a| poke(a, LOAD + 0x78, &[0x1f, 0x20, 0x03, 0xd5]));
    says(&finding, &["the boot code does not write TTBR0_EL1 where it must"]);
    // The root of another: the instruction's page is one further.
    let finding = broken(Statement::Exact, |a| poke(a, LOAD + 0x50, &[0x20, 0x00, 0x00, 0xb0]));
    says(&finding, &["of the kernel leads to a table in text of the kernel", "level 1"]);
    let finding = broken(Statement::Registers, |a| {
        poke(a, LOAD + 0x800, &0xd518_a203_u32.to_le_bytes());
    });
    says(&finding, &["writes MAIR_EL1 after the boot"]);
}

#[test]
fn bytes_that_are_not_the_program_s() {
    let mut archive = fixture::archive();
    let text = physical(&archive, WORKER, 0x1000);
    poke(&mut archive, text + 5, &[0]);
    let report = exov6_verify::archive(&archive);
    let finding = first(Statement::Programs, &report);
    says(&finding, &["tasks/worker.elf has other bytes for 0x1000", &format!("{text:#x}")]);
    says(&first(Statement::Elf, &report), &["image.elf and image.img differ at", "5"]);
    says(&first(Statement::ImageId, &report), &["the image id is", "hash is"]);
    // Something behind the constants, where zeroes must be.
    let finding = broken(Statement::Programs, |archive| {
        let rodata = physical(archive, LOG, 0x2000);
        poke(archive, rodata + 4000, &[1]);
    });
    says(&finding, &["tasks/log.elf has other bytes for 0x2000"]);
    let finding = broken(Statement::Programs, |archive| {
        archive.entries.retain(|(name, _)| name != "tasks/log.elf");
    });
    says(&finding, &["tasks/log.elf is not in the archive"]);
    let finding = broken(Statement::Programs, |archive| {
        edit(archive, "tasks/log.elf", |elf| elf.truncate(70));
    });
    says(&finding, &["tasks/log.elf"]);
}

#[test]
fn an_archive_that_contradicts_itself() {
    let finding = broken(Statement::Archive, |a| a.manifest.tasks[LOG].regions[3].base.0 = 0x2000);
    says(&finding, &["log's region data at 0x2000", "overlaps the region before it"]);
    let finding = broken(Statement::Archive, |archive| {
        let data = archive.manifest.tasks[LOG].regions[3].physical;
        archive.manifest.tasks[WORKER].regions[0].physical = data;
    });
    says(&finding, &["to somebody else, who has other rights"]);
    let finding = broken(Statement::Archive, |a| a.manifest.kernel.clear());
    says(&finding, &["does not say where the kernel has its text"]);
    let finding =
        broken(Statement::Archive, |a| a.manifest.tasks[LOG].ports[0].server = "x".into());
    says(&finding, &["the archive has no task x"]);
}

#[test]
fn regions_of_two_tasks_in_a_build_that_agrees_with_itself() {
    // The tables, the kernel's regions and the archive agree that the worker's data is the
    // supervisor's: only the statement about writers is left to notice.
    let data = physical(&fixture::archive(), SUPERVISOR, 0x4000);
    let finding = broken(Statement::OneWriter, |archive| {
        archive.manifest.tasks[WORKER].regions[3].physical.0 = data;
        for page in 0..2 {
            let at = data + page * 4096;
            change(archive, WORKER, 0x4000 + page * 4096, |value| value & NOT_ADDRESS | at);
        }
    });
    says(&finding, &["writable by supervisor and by worker"]);
    assert_eq!(TASKS[WORKER], "worker");
}

#[test]
fn a_window_is_writable_by_its_two_ends() {
    // As above; what the archive calls the pages decides.
    let data = physical(&fixture::archive(), SUPERVISOR, 0x4000);
    let shared = |kinds: [&str; 2]| {
        let mut archive = fixture::archive();
        for (task, kind) in [SUPERVISOR, WORKER].into_iter().zip(kinds) {
            archive.manifest.tasks[task].regions[3].kind = kind.into();
        }
        archive.manifest.tasks[WORKER].regions[3].physical.0 = data;
        for page in 0..2 {
            let at = data + page * 4096;
            change(&mut archive, WORKER, 0x4000 + page * 4096, |value| value & NOT_ADDRESS | at);
        }
        let report = exov6_verify::tables(&archive);
        report.findings.iter().any(|finding| finding.statement == Statement::OneWriter)
    };
    assert!(!shared(["window", "window"]));
    assert!(shared(["window", "data"]));
    assert!(shared(["data", "data"]));
    assert!(shared(["ring", "ring"]));
}

#[test]
fn raw_images_that_are_none() {
    for bytes in [&[][..], &[0; 64], b"MZ not an image", &[0xff; 5000]] {
        let report = exov6_verify::image(bytes);
        assert!(!report.passed);
        assert!(report.statements.iter().all(|held| held.holds != Some(true)));
    }
    // Without an archive, too: a second writer.
    let mut archive = fixture::archive();
    let data = physical(&archive, SUPERVISOR, 0x4000);
    change(&mut archive, WORKER, 0x4000, |value| value & NOT_ADDRESS | data);
    let report = exov6_verify::image(archive.entry("image.img").unwrap());
    says(&first(Statement::OneWriter, &report), &["writable by task 0 and by task 2"]);
}
