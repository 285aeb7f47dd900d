//! Model: what must be, page by page, and who owns what.
//!
//! Of an archive, it is drawn from the manifest alone. Of a raw image it is drawn from
//! the regions in the kernel's tables; what the kernel itself has is not known then.

use crate::blob::Blob;
use crate::descriptor::{Meaning, PAGE, PHYSICAL_END};
use crate::finding::{Finding, Findings, Statement};
use crate::image::{Boot, Image};
use crate::walk::Regime;
use abi::desc;
use abi::limits::{MAX_TASKS, SPAN};
use exov6_archive::{Manifest, Region as Stored};
use std::collections::BTreeMap;

/// Most memory that an image may need; what is larger is no image of ours.
const IMAGE_MOST: u64 = 1 << 30;

/// Whose address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// A task's: its index.
    Task(usize),
    /// The kernel's half.
    Kernel,
    /// The identity map of the boot.
    Boot,
}

/// A page that must be mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Address in the space.
    pub address: u64,
    /// Physical address.
    pub physical: u64,
    /// How.
    pub meaning: Meaning,
}

/// An address space.
#[derive(Clone, Debug)]
pub struct Space {
    /// Of whom.
    pub of: Of,
    /// Name of the owner, as in messages.
    pub name: String,
    /// Which addresses it has.
    pub regime: Regime,
    /// Physical address of its root table.
    pub root: u64,
    /// All pages that must be mapped, in address order; `None` if that is not known.
    pub pages: Option<Vec<Page>>,
    /// A task's regions, in address order.
    pub regions: Vec<desc::Region>,
}

impl Space {
    /// The region that holds an address.
    #[must_use]
    pub fn region(&self, address: u64) -> Option<&desc::Region> {
        self.regions.iter().find(|r| address.checked_sub(r.base).is_some_and(|at| at < r.size))
    }
}

/// A piece of memory and its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// First physical address.
    pub start: u64,
    /// First one behind it.
    pub end: u64,
    /// Who: a task, `the kernel`, or `nobody`.
    pub who: String,
    /// What of whom: `data of plant`.
    pub what: String,
    /// The task, if it is one's.
    pub task: Option<usize>,
}

/// What must be.
#[derive(Clone, Debug)]
pub struct Model {
    /// The tasks' spaces in task order, then the kernel's, then that of the boot.
    pub spaces: Vec<Space>,
    /// Where page tables are, if that is known: physical, half-open.
    pub tables: Option<(u64, u64)>,
    /// Offset in the image of the kernel's tables.
    pub blob: usize,
    /// Owners of memory and devices. Tasks' come first.
    pub owners: Vec<Owner>,
    /// The log task.
    pub log: Option<usize>,
    /// The physical range of the image.
    pub image: (u64, u64),
}

/// Number of a region's kind.
#[must_use]
pub fn kind(name: &str) -> Option<u32> {
    Some(match name {
        "text" => desc::KIND_TEXT,
        "rodata" => desc::KIND_RODATA,
        "data" => desc::KIND_DATA,
        "guard" => desc::KIND_GUARD,
        "device" => desc::KIND_DEVICE,
        "ring" => desc::KIND_RING,
        "boot" => desc::KIND_BOOT,
        "window" => desc::KIND_WINDOW,
        _ => return None,
    })
}

/// Name of a region's kind.
#[must_use]
pub fn kind_name(kind: u32) -> &'static str {
    match kind {
        desc::KIND_TEXT => "text",
        desc::KIND_RODATA => "rodata",
        desc::KIND_DATA => "data",
        desc::KIND_GUARD => "guard",
        desc::KIND_DEVICE => "device",
        desc::KIND_RING => "ring",
        desc::KIND_BOOT => "boot",
        desc::KIND_WINDOW => "window",
        _ => "unknown",
    }
}

/// A region of the archive as the kernel's tables must have it; `None` if it is none.
#[must_use]
pub fn region(stored: &Stored) -> Option<desc::Region> {
    let kind = kind(&stored.kind)?;
    let mut rights = if kind == desc::KIND_DEVICE { desc::DEVICE } else { 0 };
    for letter in stored.rights.chars() {
        rights |= match letter {
            'r' => desc::R,
            'w' => desc::W,
            'x' => desc::X,
            _ => return None,
        };
    }
    let (base, size, physical) = (stored.base.0, stored.size.0, stored.physical.0);
    Some(desc::Region { base, size, physical, rights, kind })
}

/// Why a region cannot be one of a task, if so.
fn shape(region: &desc::Region, after: u64) -> Option<&'static str> {
    let desc::Region { base, size, physical, rights, kind } = *region;
    let whole = (base | size | physical) % PAGE == 0 && size != 0;
    let within = base.checked_add(size).is_some_and(|end| end <= SPAN);
    let in_memory = physical.checked_add(size).is_some_and(|end| end <= PHYSICAL_END);
    let guard = kind == desc::KIND_GUARD;
    if !whole {
        Some("it is not of whole pages")
    } else if !within || !in_memory {
        Some("it ends beyond the span or the memory")
    } else if base < PAGE {
        Some("it has page 0")
    } else if base < after {
        Some("it overlaps the region before it, or lies below it")
    } else if guard != (rights == 0) {
        Some("guards have no rights, and all others have some")
    } else if rights & desc::R == 0 && !guard {
        Some("it cannot be read")
    } else if rights & desc::W != 0 && rights & desc::X != 0 {
        Some("it is writable and executable")
    } else if (rights & desc::DEVICE != 0) != (kind == desc::KIND_DEVICE) {
        Some("devices are device memory, and nothing else is")
    } else {
        None
    }
}

/// The pages of a task's regions; what cannot be a region is told.
fn task_pages(name: &str, regions: &[desc::Region], findings: &mut Findings) -> Vec<Page> {
    let mut pages = vec![];
    let mut after = 0;
    for region in regions {
        if let Some(why) = shape(region, after) {
            let (base, size) = (region.base, region.size);
            let what = kind_name(region.kind);
            let message =
                format!("{name}'s region {what} at {base:#x}, {size:#x} bytes, cannot be: {why}");
            findings.push(Finding::new(Statement::Sound, message).owners([name]));
            continue;
        }
        after = region.base + region.size;
        let has = |right| region.rights & right != 0;
        if region.rights == 0 {
            continue;
        }
        let meaning = Meaning::expected(true, has(desc::W), has(desc::X), has(desc::DEVICE));
        pages.extend((0..region.size).step_by(PAGE as usize).map(|at| Page {
            address: region.base + at,
            physical: region.physical + at,
            meaning,
        }));
    }
    pages
}

fn task_space(
    index: usize,
    name: &str,
    root: u64,
    pages: Vec<Page>,
    regions: Vec<desc::Region>,
) -> Space {
    Space {
        of: Of::Task(index),
        name: name.to_owned(),
        regime: Regime::TASK,
        root,
        pages: Some(pages),
        regions,
    }
}

/// The spaces that are no task's.
fn kernel_spaces(image: &Image, boot: &Boot, maps: [Option<Vec<Page>>; 2]) -> [Space; 2] {
    let root = |offset: Option<u64>| offset.map_or(u64::MAX, |at| image.load.wrapping_add(at));
    let [kernel, identity] = maps;
    [
        Space {
            of: Of::Kernel,
            name: "the kernel".to_owned(),
            regime: Regime::KERNEL,
            root: root(boot.kernel_root),
            pages: kernel,
            regions: vec![],
        },
        Space {
            of: Of::Boot,
            name: "the boot map".to_owned(),
            regime: Regime::BOOT,
            root: root(boot.boot_root),
            pages: identity,
            regions: vec![],
        },
    ]
}

fn owner(start: u64, size: u64, who: &str, what: String, task: Option<usize>) -> Owner {
    Owner { start, end: start.saturating_add(size), who: who.to_owned(), what, task }
}

/// Who has the memory of a task's regions; what it only reads is another's.
fn task_owners(index: usize, name: &str, space: &Space, names: &[Option<String>]) -> Vec<Owner> {
    let mut owners = vec![];
    for (position, region) in space.regions.iter().enumerate() {
        let own = match region.kind {
            desc::KIND_GUARD | desc::KIND_BOOT => false,
            desc::KIND_RING => region.rights & desc::W != 0,
            _ => true,
        };
        if own {
            let label = names.get(position).cloned().flatten();
            let what = match (region.kind, label) {
                (desc::KIND_DEVICE | desc::KIND_WINDOW, Some(label)) => {
                    format!("{} {label} of {name}", kind_name(region.kind))
                }
                (desc::KIND_DATA, Some(label)) => format!("{label} of {name}"),
                _ => format!("{} of {name}", kind_name(region.kind)),
            };
            owners.push(owner(region.physical, region.size, name, what, Some(index)));
        }
    }
    owners
}

impl Model {
    /// What an archive says of an image.
    pub fn of_archive(
        manifest: &Manifest,
        image: &Image,
        boot: &Boot,
        findings: &mut Findings,
    ) -> Option<Model> {
        let mut wrong = |message: String| {
            findings.push(Finding::new(Statement::Archive, message));
            None
        };
        let count = manifest.tasks.len();
        if count == 0 || count > MAX_TASKS {
            return wrong(format!("the archive has {count} tasks; an image has 1 to {MAX_TASKS}"));
        }
        let (load, size) = (manifest.load.0, manifest.size.0);
        let end = load.saturating_add(size);
        if size == 0 || size > IMAGE_MOST || end > PHYSICAL_END || (load | size) % PAGE != 0 {
            return wrong(format!("the archive has an image of {size:#x} bytes at {load:#x}"));
        }
        if manifest.kernel_offset.0 != Regime::KERNEL.base || manifest.span.0 != SPAN {
            return wrong("the archive has another kernel offset, or spans of another size".into());
        }
        let piece = |kind: &str| manifest.kernel.iter().find(|region| region.kind == kind);
        let (Some(text), Some(tables), Some(records)) =
            (piece("text"), piece("tables"), piece("desc"))
        else {
            return wrong(
                "the archive does not say where the kernel has its text, its tables (`desc`) and \
                 the page tables (`tables`); build the image again"
                    .into(),
            );
        };
        for region in &manifest.kernel {
            let (start, bytes) = (region.physical.0, region.size.0);
            let inside = start >= load && start.checked_add(bytes).is_some_and(|last| last <= end);
            if !inside || region.base.0 != start.wrapping_add(Regime::KERNEL.base) {
                return wrong(format!(
                    "the archive has {} of the kernel at {start:#x}, {bytes:#x} bytes, which is not \
                     in the image",
                    region.kind
                ));
            }
        }
        let tables = (tables.physical.0, tables.physical.0 + tables.size.0);
        if (tables.0 | tables.1) % PAGE != 0 {
            return wrong("the page tables of the archive are not whole pages".into());
        }
        let blob = usize::try_from(records.physical.0 - load).ok()?;
        let mut spaces = vec![];
        let mut owners = vec![];
        for (index, task) in manifest.tasks.iter().enumerate() {
            let regions: Option<Vec<_>> = task.regions.iter().map(region).collect();
            let Some(regions) = regions else {
                return wrong(format!("{} has a region of an unknown kind or right", task.name));
            };
            let mut inner = Findings::default();
            let pages = task_pages(&task.name, &regions, &mut inner);
            if let Some(first) = inner.all.into_iter().next() {
                return wrong(first.message);
            }
            let space = task_space(index, &task.name, task.table_root.0, pages, regions);
            let names: Vec<_> = task.regions.iter().map(|region| region.name.clone()).collect();
            owners.extend(task_owners(index, &task.name, &space, &names));
            spaces.push(space);
        }
        let machine = &manifest.machine;
        for region in &manifest.kernel {
            let (start, bytes) = (region.physical.0, region.size.0);
            let what = match region.kind.as_str() {
                "tables" => "page tables of the kernel".to_owned(),
                kind => format!("{kind} of the kernel"),
            };
            owners.push(owner(start, bytes, "the kernel", what, None));
        }
        let devices = machine.kernel_devices();
        for (address, bytes, what) in &devices {
            let what = format!("{what} of the kernel");
            owners.push(owner(*address, *bytes, "the kernel", what, None));
        }
        let kernel = match kernel_pages(manifest, &spaces, &devices) {
            Ok(pages) => pages,
            Err(message) => return wrong(message),
        };
        let identity = (0..text.size.0).step_by(PAGE as usize).map(|at| Page {
            address: load + at,
            physical: load + at,
            meaning: Meaning::expected(false, false, true, false),
        });
        let maps = [Some(kernel), Some(identity.collect())];
        spaces.extend(kernel_spaces(image, boot, maps));
        let log = manifest.log.map(|log| log as usize);
        Some(Model { spaces, tables: Some(tables), blob, owners, log, image: (load, end) })
    }

    /// What a raw image says of itself.
    pub fn of_image(
        image: &Image,
        boot: &Boot,
        blob: &Blob,
        at: usize,
        findings: &mut Findings,
    ) -> Model {
        let mut spaces = vec![];
        let mut owners = vec![];
        for (index, task) in blob.tasks.iter().enumerate() {
            let name = format!("task {index}");
            let regions = blob.regions_of(task).to_vec();
            let pages = task_pages(&name, &regions, findings);
            let root = task.table_root & ((1 << 48) - 1);
            let space = task_space(index, &name, root, pages, regions);
            owners.extend(task_owners(index, &name, &space, &[]));
            spaces.push(space);
        }
        let header = &blob.header;
        for (start, what) in [
            (header.boot_info, "boot-info"),
            (header.boot_record, "boot-record"),
            (header.reset_record, "reset-record"),
        ] {
            owners.push(owner(start, PAGE, "the kernel", format!("{what} of the kernel"), None));
        }
        let board = &header.board;
        let (cpu, size) = (board.gic_cpu, board.gic_cpu_size);
        let gic = |what: &str| format!("{what} of the kernel");
        owners.push(owner(board.gic_distributor, PAGE, "the kernel", gic("distributor"), None));
        owners.push(owner(cpu, size, "the kernel", gic("interrupt controller"), None));
        spaces.extend(kernel_spaces(image, boot, [None, None]));
        let log = (header.log != desc::NO_TASK).then_some(header.log as usize);
        Model { spaces, tables: None, blob: at, owners, log, image: (image.load, image.end()) }
    }

    /// Who has a physical address: the owner, and what it is.
    #[must_use]
    pub fn owner(&self, physical: u64) -> (&str, &str, Option<usize>) {
        match self.owners.iter().find(|o| (o.start..o.end).contains(&physical)) {
            Some(owner) => (&owner.who, &owner.what, owner.task),
            None if !(self.image.0..self.image.1).contains(&physical) => {
                ("nobody", "no memory of the image and no device of anybody", None)
            }
            None if self.tables.is_none() => ("the kernel", "memory of the kernel", None),
            None => ("the kernel", "a guard page or unused rest of the image", None),
        }
    }

    /// The name of a task.
    #[must_use]
    pub fn task_name(&self, index: usize) -> &str {
        match self.spaces.get(index) {
            Some(Space { of: Of::Task(_), name, .. }) => name,
            _ => "a task that is not there",
        }
    }
}

/// The pages that the kernel must map: its own, the tasks', its devices.
fn kernel_pages(
    manifest: &Manifest,
    tasks: &[Space],
    devices: &[(u64, u64, &'static str)],
) -> Result<Vec<Page>, String> {
    let mut pages: BTreeMap<u64, Meaning> = BTreeMap::new();
    let mut add = |start: u64, size: u64, meaning: Meaning, who: &str| {
        let first = start & !(PAGE - 1);
        let end = start.saturating_add(size);
        for at in (first..end).step_by(PAGE as usize) {
            match pages.insert(at, meaning) {
                Some(other) if other != meaning => {
                    return Err(format!(
                        "the archive gives page {at:#x} to {who} and to somebody else, who has \
                         other rights"
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    };
    for region in &manifest.kernel {
        let has = |letter| region.rights.contains(letter);
        let meaning = Meaning::expected(false, has('w'), has('x'), false);
        add(region.physical.0, region.size.0, meaning, &region.kind)?;
    }
    for space in tasks {
        for region in &space.regions {
            let others = region.kind == desc::KIND_BOOT
                || region.kind == desc::KIND_RING && region.rights & desc::W == 0;
            if region.rights == 0 || region.kind == desc::KIND_DEVICE || others {
                continue;
            }
            let (load, size) = (manifest.load.0, manifest.size.0);
            if region.physical < load || region.physical + region.size > load + size {
                return Err(format!(
                    "the archive has {} of {} at {:#x}, which is not in the image",
                    kind_name(region.kind),
                    space.name,
                    region.physical
                ));
            }
            let meaning = Meaning::expected(false, region.rights & desc::W != 0, false, false);
            add(region.physical, region.size, meaning, &space.name)?;
        }
    }
    for (address, size, name) in devices {
        let fits = address.checked_add(*size).is_some_and(|end| end <= PHYSICAL_END);
        if (address | size) % PAGE != 0 || *size > IMAGE_MOST || !fits {
            return Err(format!("the archive has {name} at {address:#x}, {size:#x} bytes"));
        }
        add(*address, *size, Meaning::expected(false, true, false, true), name)?;
    }
    let base = Regime::KERNEL.base;
    if pages.keys().next_back().is_some_and(|last| *last >> Regime::KERNEL.bits != 0) {
        return Err("the kernel's half does not reach all of the memory".to_owned());
    }
    Ok(pages
        .into_iter()
        .map(|(physical, meaning)| Page { address: base + physical, physical, meaning })
        .collect())
}
