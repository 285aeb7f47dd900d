//! A small image: three tasks, a device, log rings; made by hand but for its page tables.
//!
//! ```text
//!   0x40200000   boot code │ kernel's tables │ page tables │ text, rodata, initial data ×3
//!                bss │ - │ stack │ - │ fatal stack │ 3 boot pages │ (data, ring) ×3
//! ```

use abi::desc::{self, Client, Header, Irq, Port, Post, Region};
use exov6_archive as m;
use exov6_archive::{Archive, Hex, Manifest};
use exov6_pagetable::{Access, LINEAR, Mapping, PAGE, SPAN_ROOT, Tables};
use exov6_verify::walk::{Entry, Memory, Regime, translate};
use sha2::{Digest, Sha256};
use zerocopy::IntoBytes;

/// Where the image lies.
pub const LOAD: u64 = 0x4020_0000;
/// Where the kernel's tables lie.
pub const DESC: u64 = LOAD + PAGE;
/// The device.
pub const UART: u64 = 0x0900_0000;
/// The tasks, by index.
pub const TASKS: [&str; 3] = ["supervisor", "log", "worker"];

const TABLES: u64 = LOAD + 2 * PAGE;
const SPAN: u64 = 32 << 20;

/// Physical memory of an archive's image.
pub struct Ram<'a>(pub &'a [u8]);

impl Memory for Ram<'_> {
    fn word(&self, physical: u64) -> Option<u64> {
        let at = physical.checked_sub(LOAD)? as usize;
        Some(u64::from_le_bytes(self.0.get(at..at + 8)?.try_into().ok()?))
    }
}

/// The descriptor that translates an address of a task.
pub fn entry(archive: &Archive, task: usize, address: u64) -> Entry {
    let root = archive.manifest.tasks[task].table_root.0;
    let image = archive.entry("image.img").unwrap();
    *translate(&Ram(image), Regime::TASK, root, address).last().unwrap()
}

/// The descriptor that translates an address of the kernel.
pub fn kernel_entry(archive: &Archive, physical: u64) -> Entry {
    let image = archive.entry("image.img").unwrap();
    *translate(&Ram(image), Regime::KERNEL, TABLES, LINEAR + physical).last().unwrap()
}

/// Where a piece of a task lies, by its address.
pub fn physical(archive: &Archive, task: usize, address: u64) -> u64 {
    let regions = &archive.manifest.tasks[task].regions;
    regions.iter().find(|region| region.base.0 == address).unwrap().physical.0
}

/// Changes a file of the archive.
pub fn edit(archive: &mut Archive, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    change(&mut archive.entries.iter_mut().find(|(entry, _)| entry == name).unwrap().1);
}

/// Overwrites bytes of the image.
pub fn poke(archive: &mut Archive, physical: u64, bytes: &[u8]) {
    let at = (physical - LOAD) as usize;
    edit(archive, "image.img", |image| image[at..at + bytes.len()].copy_from_slice(bytes));
}

/// Makes ELF file and image id those of the image again.
pub fn seal(archive: &mut Archive) {
    let mut image = archive.entry("image.img").unwrap().to_vec();
    let at = (DESC - LOAD) as usize + std::mem::offset_of!(Header, image_id);
    image[at..at + 32].fill(0);
    let id: [u8; 32] = Sha256::digest(&image).into();
    archive.manifest.image_id = id.iter().map(|byte| format!("{byte:02x}")).collect();
    image[at..at + 32].copy_from_slice(&id);
    edit(archive, "image.elf", |elf| *elf = make_elf(LOAD, &[(LOAD + LINEAR, LOAD, &image)]));
    edit(archive, "image.img", |raw| *raw = image);
}

fn code(boot_root: u64, kernel_root: u64, size: u64) -> Vec<u8> {
    let adrp = |to: u64, at: u64| {
        let pages = ((to >> 12) - ((LOAD + at) >> 12)) as u32;
        0x9000_0000 | (pages & 3) << 29 | (pages >> 2) << 5
    };
    // The literals begin at 0x100.
    let load = |literal: u32, at: u64| 0x5800_0000 | ((0x100 + literal * 8 - at as u32) / 4) << 5;
    let words: [u32; 16] = [
        0xd280_1fe0, // mov x0, #0xff
        0xd518_a200, // msr mair_el1, x0
        adrp(boot_root, 0x48),
        0xd518_2000, // msr ttbr0_el1, x0
        adrp(kernel_root, 0x50),
        0xd518_2020, // msr ttbr1_el1, x0
        load(0, 0x58),
        0xd518_2040, // msr tcr_el1, x0
        load(1, 0x60),
        0xd518_1000, // msr sctlr_el1, x0
        load(2, 0x68),
        0xd61f_0000, // br x0
        load(3, 0x70),
        0xd518_2040, // msr tcr_el1, x0
        0xd518_201f, // msr ttbr0_el1, xzr
        0x1400_0000, // b .
    ];
    let literals = [0x12_b519_3519, 0x30d8_181d, LINEAR + LOAD + 0x70, 0x12_b519_35a7];
    let mut text = vec![0; PAGE as usize];
    let mut put = |at: usize, bytes: &[u8]| text[at..at + bytes.len()].copy_from_slice(bytes);
    put(8, &(LOAD - 0x4000_0000).to_le_bytes());
    put(16, &size.to_le_bytes());
    put(56, b"ARM\x64");
    words.iter().enumerate().for_each(|(n, word)| put(0x40 + 4 * n, &word.to_le_bytes()));
    literals.iter().enumerate().for_each(|(n, word)| put(0x100 + 8 * n, &word.to_le_bytes()));
    text
}

/// An ELF file with these segments: address, physical address, bytes.
fn make_elf(entry: u64, segments: &[(u64, u64, &[u8])]) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    let half = |file: &mut Vec<u8>, value: u16| file.extend(value.to_le_bytes());
    half(&mut file, 2); // executable
    half(&mut file, 183); // AArch64
    file.extend(1_u32.to_le_bytes());
    [entry, 64, 0].iter().for_each(|word| file.extend(word.to_le_bytes()));
    file.extend(0_u32.to_le_bytes());
    [64, 56, segments.len() as u16, 64, 0, 0].iter().for_each(|value| half(&mut file, *value));
    let mut offset = 64 + 56 * segments.len() as u64;
    for (address, physical, bytes) in segments {
        file.extend(1_u32.to_le_bytes()); // PT_LOAD
        file.extend(5_u32.to_le_bytes());
        let size = bytes.len() as u64;
        let words = [offset, *address, *physical, size, size, 8];
        words.iter().for_each(|word| file.extend(word.to_le_bytes()));
        offset += size;
    }
    segments.iter().for_each(|(_, _, bytes)| file.extend_from_slice(bytes));
    file
}

/// Pages of each task: text, rodata, initial data; data and ring.
fn places(tables: u64) -> (Vec<u64>, u64, Vec<u64>) {
    let ro = TABLES + tables * PAGE;
    let bss = ro + 9 * PAGE;
    let rw = bss + 9 * PAGE;
    ((0..3).map(|n| ro + n * 3 * PAGE).collect(), bss, (0..3).map(|n| rw + n * 3 * PAGE).collect())
}

fn stored(
    kind: &str,
    name: Option<&str>,
    base: u64,
    size: u64,
    physical: u64,
    rights: &str,
) -> m::Region {
    m::Region {
        kind: kind.into(),
        name: name.map(Into::into),
        base: Hex(base),
        size: Hex(size * PAGE),
        physical: Hex(physical),
        rights: rights.into(),
    }
}

fn regions(task: usize, ro: &[u64], boot: u64, rw: &[u64]) -> Vec<m::Region> {
    let (text, data) = (ro[task], rw[task]);
    let mut regions = vec![
        stored("text", None, 0x1000, 1, text, "rx"),
        stored("rodata", None, 0x2000, 1, text + PAGE, "r"),
        stored("guard", None, 0x3000, 1, 0, ""),
        stored("data", None, 0x4000, 2, data, "rw"),
        stored("rodata", None, 0x6000, 1, text + 2 * PAGE, "r"),
    ];
    if task == 1 {
        regions.push(stored("ring", Some("worker"), 0x1ff_8000, 1, rw[2] + 2 * PAGE, "r"));
        regions.push(stored("ring", Some("supervisor"), 0x1ff_a000, 1, rw[0] + 2 * PAGE, "r"));
        regions.push(stored("boot", Some("boot-record"), 0x1ff_c000, 1, boot + PAGE, "r"));
    }
    if task == 2 {
        regions.push(stored("boot", Some("boot-record"), 0x1ff_a000, 1, boot + PAGE, "r"));
        regions.push(stored("device", Some("uart"), 0x1ff_c000, 1, UART, "rw"));
    }
    regions.push(stored("ring", Some(TASKS[task]), 0x1ff_e000, 1, data + 2 * PAGE, "rw"));
    regions
}

fn region(stored: &m::Region) -> Region {
    let kinds = [
        ("text", desc::KIND_TEXT),
        ("rodata", desc::KIND_RODATA),
        ("data", desc::KIND_DATA),
        ("guard", desc::KIND_GUARD),
        ("device", desc::KIND_DEVICE),
        ("ring", desc::KIND_RING),
        ("boot", desc::KIND_BOOT),
        ("window", desc::KIND_WINDOW),
    ];
    let kind = kinds.iter().find(|(name, _)| *name == stored.kind).unwrap().1;
    let rights = match stored.rights.as_str() {
        "rx" => desc::R | desc::X,
        "rw" => desc::R | desc::W,
        "r" => desc::R,
        _ => 0,
    };
    let device = if stored.kind == "device" { desc::DEVICE } else { 0 };
    let (base, size, physical) = (stored.base.0, stored.size.0, stored.physical.0);
    Region { base, size, physical, rights: rights | device, kind }
}

fn notification(name: &str, bit: u32) -> m::Notification {
    m::Notification { name: name.into(), bit, ..m::Notification::default() }
}

fn port(server: &str, badge: u64, mask: u64) -> m::Port {
    let server = server.to_owned();
    m::Port {
        name: server.clone(),
        server,
        badge,
        mask: Hex(mask),
        timeout_us: 100,
        ..m::Port::default()
    }
}

fn tasks(ro: &[u64], boot: u64, rw: &[u64]) -> Vec<m::Task> {
    let task = |index: usize, rank: u32| m::Task {
        name: TASKS[index].into(),
        index: index as u32,
        elf: format!("tasks/{}.elf", TASKS[index]),
        rank,
        asid: index as u32 + 1,
        entry: Hex(0x1000),
        stack_top: Hex(0x5000),
        regions: regions(index, ro, boot, rw),
        ..m::Task::default()
    };
    let post = m::Post { task: "log".into(), mask: 1, ..m::Post::default() };
    vec![
        m::Task {
            notifications: vec![notification("fault", 0), notification("stop", 1)],
            posts: vec![post.clone()],
            kernel: [("restart".into(), TASKS.map(Into::into).to_vec())].into(),
            ..task(0, 0)
        },
        m::Task {
            notifications: vec![notification("records", 0)],
            ports: vec![port("worker", 2, 0b110)],
            ..task(1, 2)
        },
        m::Task {
            notifications: vec![notification("irq", 0), notification("tick", 1)],
            timers: vec![m::Timer { name: "tick".into(), number: 0, bit: 1 }],
            ports: vec![port("supervisor", 3, 0b10)],
            posts: vec![post],
            irqs: vec![m::Irq { name: "uart.irq".into(), number: 33, bit: 0, edge: false }],
            fp: true,
            ..task(2, 1)
        },
    ]
}

/// The kernel's tables, by hand.
fn blob(manifest: &Manifest, roots: &[u64]) -> Vec<u8> {
    let mut regions: Vec<Region> = vec![];
    let mut tasks = vec![];
    // First port, ports, first post, posts, first client, clients, bits, irq bits, flags.
    let numbers = [
        [0, 0, 0, 1, 0, 1, 0b11, 0, 0],
        [0, 1, 1, 0, 1, 2, 0b1, 0, 0],
        [1, 1, 1, 1, 3, 1, 0b11, 0b1, desc::TASK_FP],
    ];
    for (index, task) in manifest.tasks.iter().enumerate() {
        let [
            port_first,
            port_count,
            post_first,
            post_count,
            client_first,
            client_count,
            bits,
            irq_bits,
            flags,
        ] = numbers[index];
        let mut ops = [0; 11];
        ops[3] = if index == 0 { 0b111 } else { 0 };
        tasks.push(desc::Task {
            table_root: roots[index] | (index as u64 + 1) << 48,
            entry: 0x1000,
            stack_top: 0x5000,
            flags,
            rank: [0, 2, 1][index],
            region_first: regions.len() as u32,
            region_count: task.regions.len() as u32,
            port_first,
            port_count,
            post_first,
            post_count,
            client_first,
            client_count,
            timer_count: u32::from(index == 2),
            reserved: 0,
            bits,
            irq_bits,
            ops,
        });
        regions.extend(task.regions.iter().map(region));
    }
    let ports = [
        Port { ops: 0b110, badge: 2, timeout_us: 100, server: 2, price: 0 },
        Port { ops: 0b10, badge: 3, timeout_us: 100, server: 0, price: 0 },
    ];
    let posts = [Post { target: 1, mask: 1 }, Post { target: 1, mask: 1 }];
    let irqs = [Irq { number: 33, owner: 2, bits: 1, edge: 0 }];
    let client = |task, ports, posts| Client { ports, posts, task, reserved: 0 };
    let clients = [client(2, 1, 0), client(0, 0, 1), client(2, 0, 1), client(1, 1, 0)];
    let header = Header {
        magic: desc::MAGIC,
        version: desc::VERSION,
        tasks: 3,
        regions: regions.len() as u32,
        ports: 2,
        posts: 2,
        irqs: 1,
        clients: 4,
        supervisor: 0,
        log: 1,
        ack_us: 20_000,
        fault_bits: 1,
        stop_bits: 2,
        boot_info: manifest.boot_info.0,
        boot_record: manifest.boot_record.0,
        reset_record: manifest.reset_record.0,
        image_id: [0; 32],
        board: desc::Board {
            gic: 2,
            timer_irq: 27,
            gic_distributor: 0x0800_0000,
            gic_cpu: 0x0801_0000,
            gic_cpu_size: 0x1000,
            psci: 1,
            exit: 0,
        },
    };
    let parts = [header.as_bytes(), tasks.as_bytes(), regions.as_bytes(), ports.as_bytes()];
    [&parts.concat(), posts.as_bytes(), irqs.as_bytes(), clients.as_bytes()].concat()
}

/// What a task's tables must map.
fn mappings(task: &m::Task) -> Vec<Mapping> {
    let all = task.regions.iter().filter(|region| !region.rights.is_empty());
    all.map(|region| {
        let access = match (region.kind.as_str(), region.rights.as_str()) {
            ("device", _) => Access::TaskDevice,
            (_, "rx") => Access::TaskText,
            (_, "rw") => Access::TaskWrite,
            _ => Access::TaskRead,
        };
        let (address, size) = (region.base.0, region.size.0);
        Mapping { address, physical: region.physical.0, size, access }
    })
    .collect()
}

/// What the kernel's tables must map.
fn kernel_mappings(ro: u64, bss: u64, end: u64) -> Vec<Mapping> {
    let map = |physical: u64, end: u64, access| Mapping {
        address: LINEAR + physical,
        physical,
        size: end - physical,
        access,
    };
    vec![
        map(LOAD, DESC, Access::KernelText),
        map(DESC, ro + 9 * PAGE, Access::KernelRead),
        map(bss, bss + PAGE, Access::KernelWrite),
        map(bss + 2 * PAGE, bss + 4 * PAGE, Access::KernelWrite),
        map(bss + 5 * PAGE, end, Access::KernelWrite),
        map(0x0800_0000, 0x0800_1000, Access::KernelDevice),
        map(0x0801_0000, 0x0801_1000, Access::KernelDevice),
        map(UART, UART + PAGE, Access::KernelDevice),
    ]
}

/// The archive of the image.
pub fn archive() -> Archive {
    // One table page more than needed: a spare one.
    let (ro, bss, rw) = places(100);
    let identity = Tables::identity_mapping(LOAD, PAGE);
    let end = rw[2] + 3 * PAGE;
    let boot = bss + 6 * PAGE;
    let spans: usize =
        tasks(&ro, boot, &rw).iter().map(|task| Tables::span_pages(&mappings(task))).sum();
    let kernel = Tables::kernel_pages(&kernel_mappings(ro[0], bss, end));
    let count = 3 + Tables::kernel_pages(&[identity]) + spans + kernel + 1;
    // Again, now that the number of tables is known.
    let (ro, bss, rw) = places(count as u64);
    let (end, boot) = (rw[2] + 3 * PAGE, bss + 6 * PAGE);
    let mut manifest = Manifest {
        format: m::FORMAT.into(),
        name: "small".into(),
        load: Hex(LOAD),
        entry: Hex(LOAD),
        size: Hex(end - LOAD),
        boot_info: Hex(boot),
        boot_record: Hex(boot + PAGE),
        reset_record: Hex(boot + 2 * PAGE),
        kernel_offset: Hex(LINEAR),
        span: Hex(SPAN),
        interrupt_controller: 2,
        supervisor: 0,
        log: Some(1),
        ack_us: 20_000,
        machine: m::Machine {
            ram: Hex(0x4000_0000),
            ram_size: Hex(128 << 20),
            timer_irq: 27,
            distributor: Hex(0x0800_0000),
            distributor_size: Hex(0x1000),
            gic_cpu: Hex(0x0801_0000),
            gic_cpu_size: Hex(0x1000),
            early_console: Some(Hex(UART)),
            psci: 1,
            exit: 0,
        },
        tasks: tasks(&ro, boot, &rw),
        ..Manifest::default()
    };
    let piece = |kind, from: u64, to: u64, rights| {
        stored(kind, None, LINEAR + from, (to - from) / PAGE, from, rights)
    };
    manifest.kernel = vec![
        piece("text", LOAD, DESC, "rx"),
        piece("desc", DESC, TABLES, "r"),
        piece("tables", TABLES, ro[0], "r"),
        piece("bss", bss, bss + PAGE, "rw"),
        piece("stack", bss + 2 * PAGE, bss + 4 * PAGE, "rw"),
        piece("fatal-stack", bss + 5 * PAGE, boot, "rw"),
        piece("boot-info", boot, boot + PAGE, "rw"),
        piece("boot-record", boot + PAGE, boot + 2 * PAGE, "rw"),
        piece("reset-record", boot + 2 * PAGE, boot + 3 * PAGE, "rw"),
    ];
    let mut tables = Tables::new(TABLES, count);
    let root = tables.allocate().unwrap();
    let identity = tables.identity(LOAD, PAGE).unwrap();
    let page = tables.allocate().unwrap();
    let mut roots = vec![];
    for (index, task) in manifest.tasks.iter_mut().enumerate() {
        let descriptors = tables.span(SPAN, &mappings(task)).unwrap();
        let offset = index as u64 * SPAN_ROOT;
        tables.put(page, offset, &descriptors);
        roots.push(page + offset);
        task.table_root = Hex(page + offset);
    }
    tables.kernel(root, &kernel_mappings(ro[0], bss, end)).unwrap();

    let mut image = code(identity, root, end - LOAD);
    let mut blob = blob(&manifest, &roots);
    blob.resize(PAGE as usize, 0);
    image.extend(blob);
    image.extend(tables.into_bytes());
    let mut entries = vec![("image.img".to_owned(), vec![]), ("image.elf".to_owned(), vec![])];
    for (index, task) in manifest.tasks.iter().enumerate() {
        let piece = |which: u8, length: usize| vec![0x10 * (index as u8 + 1) + which; length];
        let (text, rodata, data) = (piece(1, 4096), piece(2, 100), piece(3, 48));
        let parts: [(u64, u64, &[u8]); 3] =
            [(0x1000, 0x1000, &text), (0x2000, 0x2000, &rodata), (0x5000, 0x5000, &data)];
        entries.push((task.elf.clone(), make_elf(0x1000, &parts)));
        for mut part in [text, rodata, data] {
            part.resize(PAGE as usize, 0);
            image.extend(part);
        }
    }
    entries[0].1 = image;
    let mut archive = Archive { manifest, entries };
    seal(&mut archive);
    archive
}
