//! Image: from a checked model to bytes that boot.
//!
//! ```text
//!   Model ─► span ─► task_model + script ─► cargo ─► LinkedTask ─┐
//!                                 kernel ─► cargo ─► libkern.a   │    (or kept: unchanged)
//!                                                       │        ▼
//!            image.elf, image.img ◄─ fill ◄─ link ◄── script ◄─ place
//!                     │                blob, page tables
//!                     ▼
//!                  archive
//! ```
//!
//! Tasks are linked first and know nothing of each other. The kernel is linked
//! around gaps of known size; what goes into the gaps (its tables, everybody's
//! page tables, the tasks' read-only pages) is computed from its symbols and
//! filled in. Data flows one way, and the same input gives the same bytes.
#![forbid(unsafe_code)]

mod blob;
mod cargo;
mod elf;
mod environment;
mod interfaces;
mod kept;
mod manifest;
mod outside;
mod place;
mod programs;
mod script;
mod source;
mod span;
mod stack;
mod task_model;

use exov6_archive::Manifest;
use exov6_config::{Linked, Model};
use exov6_pagetable::{LINEAR, PAGE, SPAN_ROOT, Tables};
use exov6_toolchain::Toolchain;
use programs::Programs;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

pub use cargo::Error as CargoError;
pub use elf::{Error as ElfError, begins_panic};
pub use environment::{Environment, NoEnvironment, environment};
pub use outside::{home, search};
pub use place::{LinkedTask, Placement, Region};
pub use source::load;
pub use stack::{Error as StackError, MARGIN as STACK_MARGIN};

/// Counters that every supervisor has before those of its `summary`.
pub const SUPERVISOR_SUMMARY: [&str; 2] = ["faults", "restarts"];

/// What to build.
pub struct Request<'a> {
    /// The checked system.
    pub model: &'a Model,
    /// Its crates and interfaces.
    pub linked: &'a Linked,
    /// Root of the workspace that holds the kernel.
    pub root: &'a Path,
    /// Where the results go; created if missing.
    pub out: &'a Path,
    /// How to build for the target.
    pub toolchain: &'a Toolchain,
}

/// How far a build is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A task's crate is being built: which of how many.
    Task {
        /// Name of the task.
        name: String,
        /// Its number, from 1.
        number: usize,
        /// Number of tasks.
        of: usize,
    },
    /// The kernel is being built.
    Kernel,
    /// Another build has to end first.
    Waiting,
    /// A line of cargo's.
    Cargo(String),
    /// Placing, drawing tables, linking.
    Packing,
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Progress::Task { name, number, of } => write!(f, "task {number}/{of} {name}"),
            Progress::Kernel => f.write_str("kernel"),
            Progress::Waiting => f.write_str("after another build, which is waited for"),
            Progress::Cargo(line) => f.write_str(line),
            Progress::Packing => f.write_str("packing"),
        }
    }
}

/// What was built.
#[derive(Clone, Debug)]
pub struct Artifacts {
    /// The system, as the archive describes it.
    pub manifest: Manifest,
    /// The archive.
    pub archive: PathBuf,
    /// The image as ELF, with the kernel's symbols.
    pub elf: PathBuf,
    /// The image as a raw arm64 Image.
    pub image: PathBuf,
    /// The objects that the kernel was linked from.
    pub library: PathBuf,
    /// What had to be compiled: names of tasks, `kernel`. Everything else was there.
    pub compiled: Vec<String>,
}

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `app.toml` or a file that it names breaks rules.
    #[error("{}", .0.render(false))]
    Config(Box<exov6_config::Errors>),
    /// An interface file changed while the image was built.
    #[error("{0}")]
    Interface(String),
    /// A crate does not build.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// A linked program is not what was expected.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// A task's stack is to follow from its code, and the code does not say.
    #[error(transparent)]
    Stack(#[from] Box<StackError>),
    /// Page tables cannot be drawn.
    #[error("page tables of {0}: {1}")]
    Tables(String, exov6_pagetable::Error),
    /// The image does not fit into the board's memory.
    #[error(
        "the image needs {needed} KiB from {load:#x} on, but the memory of {board} ends after \
         {available} KiB; give tasks smaller stacks or log rings, or use fewer"
    )]
    TooLarge {
        /// KiB that the image needs.
        needed: u64,
        /// KiB from the load address to the end of RAM.
        available: u64,
        /// Load address.
        load: u64,
        /// The board.
        board: String,
    },
    /// The kernel alone is larger than what its page tables were sized for.
    #[error("the kernel needs {0:#x} bytes, more than {limit:#x}", limit = script::KERNEL_MOST)]
    KernelTooLarge(u64),
    /// The kernel can panic.
    #[error(
        "the kernel must not panic, but {0} is linked into it; use `get`, `checked_` or \
         `wrapping_` operations instead"
    )]
    KernelPanics(String),
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The archive cannot be written.
    #[error(transparent)]
    Archive(#[from] exov6_archive::Error),
}

impl From<exov6_config::Errors> for Error {
    fn from(errors: exov6_config::Errors) -> Self {
        Error::Config(Box::new(errors))
    }
}

/// Builds an image and its archive.
///
/// # Errors
/// Whatever is wrong with the crates or the machine.
pub fn build(
    request: &Request<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Artifacts, Error> {
    let Programs { tasks, kernel, compiled } = programs::build(request, progress)?;
    progress(Progress::Packing);
    let packed = pack(request, request.model, request.linked, &tasks, &kernel)?;
    manifest::write(request, request.model, request.linked, &tasks, packed, compiled)
}

/// The finished image.
struct Packed {
    kernel: elf::Program,
    library: PathBuf,
    raw: Vec<u8>,
    image_id: [u8; 32],
    placement: Placement,
    roots: Vec<u64>,
    /// Pages of tables that are no task's.
    kernel_table_pages: u64,
}

/// Links the kernel around everything else and fills in the gaps.
fn pack(
    request: &Request<'_>,
    model: &Model,
    linked: &Linked,
    tasks: &[LinkedTask],
    library: &Path,
) -> Result<Packed, Error> {
    // How large the gaps are: depends on the tasks' sizes, not on any place.
    let (task_ro, task_rw) = place::sizes(model, tasks);
    let draft = place::place(model, tasks, PAGE, PAGE);
    let desc = blob::size(model, draft.regions.iter().map(Vec::len).sum());
    let roots = (tasks.len() as u64 * SPAN_ROOT).div_ceil(PAGE);
    let spans: u64 = draft
        .regions
        .iter()
        .map(|regions| Tables::span_pages(&place::mappings(regions)) as u64)
        .sum();
    let identity = Tables::identity_mapping(model.board.load, script::KERNEL_MOST);
    let without_kernel = 2 + Tables::kernel_pages(&[identity]) as u64 + roots + spans;
    let end = |tables: u64| {
        model.board.load + script::KERNEL_MOST + desc + task_ro + task_rw + tables * PAGE
    };
    let kernel_tables = |tables| {
        Tables::kernel_pages(&place::most_kernel_mappings(model, place::pages(end(tables)))) as u64
    };
    let tables = without_kernel + kernel_tables(without_kernel + 64);

    let reserve = script::Reserve {
        early_console: model.board.early_console,
        load: model.board.load,
        ram: model.board.ram_base,
        desc,
        tables: tables * PAGE,
        task_ro,
        task_rw,
    };
    let script = request.out.join("kernel.ld");
    write_if_changed(&script, script::kernel(&reserve).as_bytes())?;
    let elf = request.out.join("kernel.elf");
    cargo::link(request.toolchain, library, &script, &elf)?;
    let mut kernel = elf::Program::read(&elf)?;

    if let Some(function) = kernel.panics().first() {
        return Err(Error::KernelPanics((*function).to_owned()));
    }

    let start = kernel.symbol("__image_start")?;
    let size = kernel.symbol("__image_end")? - start;
    let available = model.board.ram_base + model.board.ram_size - model.board.load;
    if size > available {
        return Err(Error::TooLarge {
            needed: size >> 10,
            available: available >> 10,
            load: model.board.load,
            board: model.board.name.clone(),
        });
    }
    let own = size - desc - tables * PAGE - task_ro - task_rw;
    if own > script::KERNEL_MOST {
        return Err(Error::KernelTooLarge(own));
    }

    let ro = kernel.symbol("__task_ro")? - LINEAR;
    let rw = kernel.symbol("__task_rw")? - LINEAR;
    let placement = place::place(model, tasks, ro, rw);
    let (table_bytes, roots) = draw(model, &kernel, &placement, tables as usize)?;
    kernel.fill(".tables", &table_bytes)?;
    let mut task_bytes = vec![];
    for task in tasks {
        task_bytes.extend(task.ro_bytes()?);
    }
    kernel.fill(".task_ro", &task_bytes)?;
    let mut blob = blob::write(model, linked, tasks, &placement, &roots);
    kernel.fill(".desc", &blob)?;
    let end = kernel.symbol("__ro_end")?;
    let image_id: [u8; 32] = Sha256::digest(kernel.image_of(start, end)).into();
    blob[blob::IMAGE_ID..blob::IMAGE_ID + 32].copy_from_slice(&image_id);
    kernel.fill(".desc", &blob)?;
    let raw = kernel.image_of(start, end);
    let library = library.to_owned();
    let kernel_table_pages = tables - spans;
    Ok(Packed { kernel, library, raw, image_id, placement, roots, kernel_table_pages })
}

/// All page tables, and the physical address of each task's root.
fn draw(
    model: &Model,
    kernel: &elf::Program,
    placement: &Placement,
    capacity: usize,
) -> Result<(Vec<u8>, Vec<u64>), Error> {
    let of = |name: &str| {
        let name = name.to_owned();
        move |error| Error::Tables(name, error)
    };
    let mut tables = Tables::new(kernel.symbol("__tables")? - LINEAR, capacity);
    let root = tables.allocate().map_err(of("the kernel"))?;
    let text = kernel.symbol("__text_end")? - kernel.symbol("__image_start")?;
    tables.identity(model.board.load, text).map_err(of("the boot"))?;
    let mut root_pages = vec![];
    for _ in 0..(placement.regions.len() as u64 * SPAN_ROOT).div_ceil(PAGE) {
        root_pages.push(tables.allocate().map_err(of("the tasks"))?);
    }
    let per_page = (PAGE / SPAN_ROOT) as usize;
    let mut roots = vec![];
    for (index, regions) in placement.regions.iter().enumerate() {
        let name = &model.tasks[index].name;
        let descriptors =
            tables.span(abi::limits::SPAN, &place::mappings(regions)).map_err(of(name))?;
        let page = root_pages[index / per_page];
        let offset = (index % per_page) as u64 * SPAN_ROOT;
        tables.put(page, offset, &descriptors);
        roots.push(page + offset);
    }
    let mappings = place::kernel_mappings(model, kernel)?;
    tables.kernel(root, &mappings).map_err(of("the kernel"))?;
    Ok((tables.into_bytes(), roots))
}

/// Writes a file unless it already has these bytes, so that cargo sees no change
/// where there is none.
fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let failed = |source| Error::Write { path: path.to_owned(), source };
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    std::fs::write(path, bytes).map_err(failed)
}
