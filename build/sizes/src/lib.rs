//! Sizes: what each task and the kernel take of the machine's memory.
//!
//! ```text
//!   archive ─► sizes (regions, sections) ─┬─► totals
//!   run     ─► measure (stacks) ──────────┤
//!   older archive ─► compare ─────────────┴─► differences
//! ```
//!
//! Columns that are code and data (`text`, `rodata`, `data`, `bss`) are bytes, exactly;
//! `rom` and `ram` are what the image reserves, whole pages.
#![forbid(unsafe_code)]

mod compare;
mod measure;

pub use compare::{Change, changes};
pub use measure::measure;

use exov6_archive::{Archive, Region, Task};
use exov6_callgraph::Program;
use serde::Serialize;
use std::path::PathBuf;

/// Bytes of a page.
const PAGE: u64 = 4096;
/// The row of the kernel, before those of the tasks.
pub const KERNEL: &str = "kernel";

/// Why there are no sizes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The archive lacks an entry.
    #[error("the archive of {image} has no entry {entry}")]
    NoEntry {
        /// Name of the image.
        image: String,
        /// The entry.
        entry: String,
    },
    /// An entry is no ELF file, or none of ours.
    #[error("{entry}: {what}")]
    Program {
        /// The entry.
        entry: String,
        /// Why.
        what: String,
    },
    /// A temporary file cannot be written or read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The image does not run.
    #[error(transparent)]
    Run(#[from] exov6_emulate::Error),
}

/// A stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stack {
    /// Bytes; whole pages.
    pub size: u64,
    /// Bytes of the worst path; `None` if it is not known.
    pub worst: Option<u64>,
    /// Bytes that a run has used; `None` if nothing was measured.
    pub used: Option<u64>,
}

/// What one program takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Name of the task, or [`KERNEL`].
    pub name: String,
    /// Bytes of code.
    pub text: u64,
    /// Bytes of constants; the kernel's tables are among its own.
    pub rodata: u64,
    /// Bytes of initialised variables.
    pub data: u64,
    /// Bytes of other variables, those that survive restarts among them.
    pub bss: u64,
    /// Its stack; the kernel's other one, for exceptions in itself, is in `ram` alone.
    pub stack: Stack,
    /// Bytes of heap.
    pub heap: u64,
    /// Bytes of its log ring.
    pub ring: u64,
    /// Page tables that are its own, pages of 4 KiB.
    pub table_pages: u64,
    /// Bytes that it takes of read-only memory, its page tables among them.
    pub rom: u64,
    /// Bytes that it takes of writable memory.
    pub ram: u64,
}

/// What an image takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// Name of the image.
    pub name: String,
    /// Its board.
    pub board: String,
    /// The kernel.
    pub kernel: Row,
    /// The tasks, in index order.
    pub tasks: Vec<Row>,
    /// All of them together; of stacks the sizes.
    pub total: Row,
    /// Bytes that the image takes in memory from its first byte to its last, gaps and
    /// guard pages included.
    pub image: u64,
}

impl Sizes {
    /// Kernel and tasks.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        std::iter::once(&self.kernel).chain(&self.tasks)
    }
}

/// Sizes of what an archive holds.
///
/// # Errors
/// A program that is missing or damaged.
pub fn of(archive: &Archive) -> Result<Sizes, Error> {
    let manifest = &archive.manifest;
    let kernel = kernel(archive)?;
    let tasks =
        manifest.tasks.iter().map(|t| task(archive, t)).collect::<Result<Vec<_>, Error>>()?;
    let mut total = Row { name: "total".to_owned(), ..Row::default() };
    for row in std::iter::once(&kernel).chain(&tasks) {
        total.text += row.text;
        total.rodata += row.rodata;
        total.data += row.data;
        total.bss += row.bss;
        total.stack.size += row.stack.size;
        total.heap += row.heap;
        total.ring += row.ring;
        total.table_pages += row.table_pages;
        total.rom += row.rom;
        total.ram += row.ram;
    }
    Ok(Sizes {
        name: manifest.name.clone(),
        board: manifest.board.clone(),
        kernel,
        tasks,
        total,
        image: manifest.size.0,
    })
}

/// A linked program of the archive, by the name of its entry.
///
/// # Errors
/// It is missing or damaged.
pub fn program(archive: &Archive, entry: &str) -> Result<Program, Error> {
    let bytes = archive.entry(entry).ok_or_else(|| Error::NoEntry {
        image: archive.manifest.name.clone(),
        entry: entry.to_owned(),
    })?;
    let damaged = |what: String| Error::Program { entry: entry.to_owned(), what };
    Program::parse(bytes).map_err(|error| damaged(error.to_string()))
}

fn task(archive: &Archive, task: &Task) -> Result<Row, Error> {
    let program = program(archive, &task.elf)?;
    let section = |name: &str| program.sections.get(name).copied().unwrap_or(0);
    let all = || task.regions.iter();
    let own_ring = |region: &&Region| {
        region.kind == "ring" && region.name.as_deref() == Some(task.name.as_str())
    };
    let ring = bytes(all().filter(own_ring));
    let writable = bytes(all().filter(|region| region.kind == "data"));
    let read_only = bytes(all().filter(|region| ["text", "rodata"].contains(&&*region.kind)));
    let table_pages = u64::from(task.table_pages);
    Ok(Row {
        name: task.name.clone(),
        text: section(".text"),
        rodata: section(".rodata"),
        data: section(".data"),
        bss: section(".bss") + section(".uninit"),
        stack: Stack {
            size: task.stack.0,
            worst: task.stack_worst.map(|worst| worst.0),
            used: None,
        },
        heap: task.heap.0,
        ring,
        table_pages,
        rom: read_only + table_pages * PAGE,
        ram: writable + ring,
    })
}

fn kernel(archive: &Archive) -> Result<Row, Error> {
    let program = program(archive, "image.elf")?;
    let section = |name: &str| program.sections.get(name).copied().unwrap_or(0);
    let regions = &archive.manifest.kernel;
    let with = |rights: &str| bytes(regions.iter().filter(|region| region.rights == rights));
    let of = |kind: &str| bytes(regions.iter().filter(|region| region.kind == kind));
    Ok(Row {
        name: KERNEL.to_owned(),
        text: section(".text"),
        rodata: section(".rodata") + section(".desc"),
        data: section(".data"),
        bss: section(".bss"),
        stack: Stack { size: of("stack"), worst: None, used: None },
        table_pages: u64::from(archive.manifest.kernel_table_pages),
        // The tables of the tasks lie among its own, and are theirs.
        rom: with("rx") + with("r") - of("tables")
            + u64::from(archive.manifest.kernel_table_pages) * PAGE,
        ram: with("rw"),
        ..Row::default()
    })
}

fn bytes<'a>(regions: impl Iterator<Item = &'a Region>) -> u64 {
    regions.map(|region| region.size.0).sum()
}
