//! Placement: where the pages of linked tasks lie in memory, and what the kernel
//! and the hardware are told about it.
//!
//! ```text
//!   load   kernel text        ┐
//!          kernel rodata      │
//!          kernel tables      │ read-only, in the file
//!          page tables        │
//!          tasks' text, rodata, initial data
//!          kernel bss         ┐
//!          guard, stack       │
//!          guard, fatal stack │ writable, not in the file
//!          boot info, boot record, reset record
//!          tasks' data + bss, stacks, heaps, rings
//! ```

use crate::elf::{Error as ElfError, Program};
use crate::script;
use crate::span::{self, Piece, Placed};
use abi::desc;
use abi::limits::PAGE;
use exov6_callgraph::task::{Obstacle, Worst};
use exov6_config::model::{Memory, Model, Task};
use exov6_pagetable::{Access, LINEAR, Mapping};

/// A task after its link, before it has a place in memory.
pub struct LinkedTask {
    /// The program.
    pub program: Program,
    /// Fixed pieces of its span.
    pub fixed: Vec<Placed>,
    text: (u64, u64),
    rodata: (u64, u64),
    writable: (u64, u64),
    data_load: (u64, u64),
    /// Addresses of the stack; its end is the initial stack pointer.
    pub stack: (u64, u64),
    /// Its worst path in bytes, or what stands in the way of one.
    pub worst: Result<Worst, Vec<Obstacle>>,
}

/// Bytes, up to whole pages.
pub(crate) fn pages(bytes: u64) -> u64 {
    bytes.next_multiple_of(PAGE)
}

impl LinkedTask {
    /// Reads where the linker put what, and gives the program a stack of `size` bytes,
    /// which are whole pages.
    ///
    /// # Errors
    /// A program that was not linked with this build's script, or that does not
    /// leave its span's upper part free.
    pub fn new(
        mut program: Program,
        fixed: Vec<Placed>,
        size: u64,
        worst: Result<Worst, Vec<Obstacle>>,
    ) -> Result<Self, ElfError> {
        let stack = span::stack(&fixed, size);
        program.put(script::STACK_WORD, stack.0)?;
        let at = |name: &str| program.symbol(name);
        let text = (at("__text_start")?, at("__text_end")?);
        let rodata = (text.1, at("__rodata_end")?);
        let writable = (at("__rw_start")?, at("__rw_end")?);
        let load = at("__data_load")?;
        let data = at("__data_end")? - at("__data_start")?;
        let data_load = (load, load + pages(data));
        let free = stack.0.saturating_sub(PAGE);
        if data_load.1 > free {
            let what = format!(
                "code and data end at {:#x}, but the guard page of its stack of {size:#x} bytes, \
                 below devices, rings and heap, is at {free:#x}: it is {:#x} bytes too large",
                data_load.1,
                data_load.1 - free
            );
            return Err(ElfError::Shape { path: program.path.clone(), what });
        }
        Ok(LinkedTask { program, fixed, text, rodata, writable, data_load, stack, worst })
    }

    /// Bytes of read-only pages: text, rodata, initial data.
    #[must_use]
    pub fn ro_size(&self) -> u64 {
        self.data_load.1 - self.data_load.0 + self.rodata.1 - self.text.0
    }

    /// Bytes of writable pages, without the ring.
    #[must_use]
    pub fn rw_size(&self) -> u64 {
        self.data_size() + self.stack_size() + self.heap_size()
    }

    fn data_size(&self) -> u64 {
        self.writable.1 - self.writable.0
    }

    /// Bytes of the stack.
    #[must_use]
    pub fn stack_size(&self) -> u64 {
        self.stack.1 - self.stack.0
    }

    /// Bytes of the heap.
    #[must_use]
    pub fn heap_size(&self) -> u64 {
        span::find(&self.fixed, Piece::Heap).map_or(0, |heap| heap.size)
    }

    /// The read-only pages as they lie in the image.
    ///
    /// # Errors
    /// A symbol is missing.
    pub fn ro_bytes(&self) -> Result<Vec<u8>, ElfError> {
        let mut bytes = self.program.image_of(self.text.0, self.rodata.1);
        let data = (self.program.symbol("__data_start")?, self.program.symbol("__data_end")?);
        let mut initial = self.program.image_of(data.0, data.1);
        initial.resize((self.data_load.1 - self.data_load.0) as usize, 0);
        bytes.extend(initial);
        Ok(bytes)
    }
}

/// A piece of a task's span with its memory.
#[derive(Clone, Debug)]
pub struct Region {
    /// As the kernel sees it.
    pub desc: desc::Region,
    /// What it is more precisely: device, owner of a ring, stack or heap.
    pub name: Option<String>,
}

/// Physical addresses of what is not a task's alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shared {
    /// The boot-info page.
    pub boot_info: u64,
    /// The boot-record page.
    pub boot_record: u64,
    /// The reset-record page.
    pub reset_record: u64,
}

/// Pages of the writable area that belong to no task.
pub const SHARED_PAGES: u64 = 3;

/// All tasks, placed.
pub struct Placement {
    /// Pages of no task's.
    pub shared: Shared,
    /// Regions of each task, sorted by address.
    pub regions: Vec<Vec<Region>>,
}

/// Bytes of the tasks' read-only and writable areas.
#[must_use]
pub fn sizes(model: &Model, tasks: &[LinkedTask]) -> (u64, u64) {
    let ro = tasks.iter().map(LinkedTask::ro_size).sum();
    let rw: u64 = tasks.iter().map(LinkedTask::rw_size).sum();
    let rings: u64 = model.tasks.iter().map(|task| task.log.ring).sum();
    (ro, SHARED_PAGES * PAGE + rw + rings)
}

/// Gives every page of every task its physical address.
///
/// `ro` and `rw` are the physical addresses of the two areas of [`sizes`].
#[must_use]
pub fn place(model: &Model, tasks: &[LinkedTask], ro: u64, rw: u64) -> Placement {
    let shared = Shared { boot_info: rw, boot_record: rw + PAGE, reset_record: rw + 2 * PAGE };
    let mut next_rw = rw + SHARED_PAGES * PAGE;
    let mut rings = vec![];
    let mut writable = vec![];
    for (task, linked) in model.tasks.iter().zip(tasks) {
        writable.push(next_rw);
        next_rw += linked.rw_size();
        rings.push(next_rw);
        next_rw += task.log.ring;
    }
    let mut next_ro = ro;
    let mut regions = vec![];
    for (index, (task, linked)) in model.tasks.iter().zip(tasks).enumerate() {
        regions.push(of_task(model, task, linked, next_ro, writable[index], &rings, &shared));
        next_ro += linked.ro_size();
    }
    Placement { shared, regions }
}

fn of_task(
    model: &Model,
    task: &Task,
    linked: &LinkedTask,
    ro: u64,
    rw: u64,
    rings: &[u64],
    shared: &Shared,
) -> Vec<Region> {
    let region = |(base, end): (u64, u64), physical, rights, kind| Region {
        desc: desc::Region { base, size: end - base, physical, rights, kind },
        name: None,
    };
    let rodata = ro + linked.text.1 - linked.text.0;
    let initial = rodata + linked.rodata.1 - linked.rodata.0;
    let named = |name: &str, region: Region| Region { name: Some(name.into()), ..region };
    let (stack, heap) = (rw + linked.data_size(), rw + linked.data_size() + linked.stack_size());
    let both = desc::R | desc::W;
    let mut regions = vec![
        region(linked.text, ro, desc::R | desc::X, desc::KIND_TEXT),
        region(linked.rodata, rodata, desc::R, desc::KIND_RODATA),
        region(linked.writable, rw, both, desc::KIND_DATA),
        region(linked.data_load, initial, desc::R, desc::KIND_RODATA),
        region((linked.stack.0 - PAGE, linked.stack.0), 0, 0, desc::KIND_GUARD),
        named("stack", region(linked.stack, stack, both, desc::KIND_DATA)),
    ];
    regions.retain(|region| region.desc.size != 0);
    for placed in &linked.fixed {
        let (physical, rights, kind, name) = match placed.piece {
            Piece::Device(n) => {
                let device = &task.devices[n];
                let rights = desc::R | desc::W | desc::DEVICE;
                (device.address, rights, desc::KIND_DEVICE, Some(device.name.clone()))
            }
            Piece::BootInfo => {
                (shared.boot_info, desc::R, desc::KIND_BOOT, Some("boot-info".into()))
            }
            Piece::BootRecord => {
                (shared.boot_record, desc::R, desc::KIND_BOOT, Some("boot-record".into()))
            }
            Piece::Heap => (heap, both, desc::KIND_DATA, Some("heap".into())),
            Piece::Ring(owner) => {
                let own = owner == task.index;
                let rights = if own { desc::R | desc::W } else { desc::R };
                let name = model.tasks[owner].name.clone();
                (rings[owner], rights, desc::KIND_RING, Some(name))
            }
        };
        let range = (placed.address, placed.address + placed.size);
        regions.push(Region { name, ..region(range, physical, rights, kind) });
    }
    regions.sort_by_key(|region| region.desc.base);
    regions
}

/// What a task's page tables must say.
#[must_use]
pub fn mappings(regions: &[Region]) -> Vec<Mapping> {
    regions
        .iter()
        .filter(|region| region.desc.rights != 0)
        .map(|region| {
            let desc::Region { base, size, physical, rights, .. } = region.desc;
            let access = match rights {
                rights if rights & desc::DEVICE != 0 => Access::TaskDevice,
                rights if rights & desc::X != 0 => Access::TaskText,
                rights if rights & desc::W != 0 => Access::TaskWrite,
                _ => Access::TaskRead,
            };
            Mapping { address: base, physical, size, access }
        })
        .collect()
}

/// What the kernel's page tables must say, from the symbols of its link.
///
/// # Errors
/// A symbol is missing.
pub fn kernel_mappings(model: &Model, kernel: &Program) -> Result<Vec<Mapping>, ElfError> {
    let mut mappings = vec![];
    for (start, end, access) in [
        ("__image_start", "__text_end", Access::KernelText),
        ("__text_end", "__ro_end", Access::KernelRead),
        ("__bss_start", "__bss_end", Access::KernelWrite),
        ("__stack_bottom", "__stack_top", Access::KernelWrite),
        ("__fatal_stack_bottom", "__fatal_stack_top", Access::KernelWrite),
        ("__task_rw", "__image_end", Access::KernelWrite),
    ] {
        let (address, end) = (kernel.symbol(start)?, kernel.symbol(end)?);
        if end > address {
            let physical = address - LINEAR;
            mappings.push(Mapping { address, physical, size: end - address, access });
        }
    }
    mappings.extend(devices(model));
    Ok(mappings)
}

/// Upper bound of the kernel's mappings before its link: everything up to `end`.
#[must_use]
pub fn most_kernel_mappings(model: &Model, end: u64) -> Vec<Mapping> {
    let physical = model.board.load;
    let address = physical + LINEAR;
    let mut most =
        vec![Mapping { address, physical, size: end - physical, access: Access::KernelRead }];
    most.extend(devices(model));
    most
}

/// The devices that the kernel drives: the interrupt controller, and the register by
/// which it says why it does not start.
fn devices(model: &Model) -> Vec<Mapping> {
    let gic = model.chip.gic;
    let console =
        model.board.early_console.map(|at| Memory { address: at - at % PAGE, size: PAGE });
    [Some(gic.distributor), Some(gic.cpu), console]
        .into_iter()
        .flatten()
        .map(|Memory { address: physical, size }| Mapping {
            address: physical + LINEAR,
            physical,
            size,
            access: Access::KernelDevice,
        })
        .collect()
}
