//! Programs: the ELF files of an archive against the bytes of the image.
//!
//! ```text
//!   tasks/plant.elf   text, rodata ──────────────► the same addresses, where the tables map them
//!                     data ──► the rodata region behind the data: what start code copies from
//!   image.elf         all of it ─────────────────► image.img
//! ```

use crate::descriptor::PAGE;
use crate::finding::{Finding, Findings, Statement};
use crate::image::Image;
use crate::model::{Model, Space};
use crate::walk::Regime;
use abi::desc;
use exov6_archive::Archive;
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{Endianness, Object, ObjectSegment};

/// A loaded piece of a program.
struct Segment<'a> {
    address: u64,
    physical: u64,
    bytes: &'a [u8],
}

fn load(bytes: &[u8]) -> Result<(u64, Vec<Segment<'_>>), String> {
    let file: ElfFile64<'_, Endianness> =
        ElfFile64::parse(bytes).map_err(|error| error.to_string())?;
    let mut segments = vec![];
    for segment in file.segments() {
        let physical = segment.elf_program_header().p_paddr(file.endian());
        let bytes = segment.data().map_err(|error| error.to_string())?;
        segments.push(Segment { address: segment.address(), physical, bytes });
    }
    Ok((file.entry(), segments))
}

/// Compares ELF and raw image, and every task's program with what is mapped for it.
pub fn compare(archive: &Archive, model: &Model, image: &Image, findings: &mut Findings) {
    let mut found = |statement, message: String| findings.push(Finding::new(statement, message));
    match archive.entry("image.elf") {
        None => found(Statement::Elf, "the archive has no image.elf".into()),
        Some(bytes) => match load(bytes) {
            Err(error) => found(Statement::Elf, format!("image.elf: {error}")),
            Ok((entry, segments)) => {
                if let Err(message) = same(entry, &segments, image) {
                    found(Statement::Elf, message);
                }
            }
        },
    }
    for (task, space) in archive.manifest.tasks.iter().zip(&model.spaces) {
        let result = match archive.entry(&task.elf) {
            None => Err("is not in the archive".to_owned()),
            Some(bytes) => load(bytes).and_then(|(entry, segments)| {
                if entry != task.entry.0 {
                    return Err(format!(
                        "begins at {entry:#x}, and {} must at {}",
                        task.name, task.entry
                    ));
                }
                place(&segments, space, image)
            }),
        };
        if let Err(message) = result {
            let message = format!("{} {message}", task.elf);
            findings.push(Finding::new(Statement::Programs, message).owners([task.name.as_str()]));
        }
    }
}

/// Whether the ELF file of an image has the bytes of the raw image, at its place.
fn same(entry: u64, segments: &[Segment<'_>], image: &Image) -> Result<(), String> {
    if entry != image.load {
        return Err(format!("image.elf begins at {entry:#x}, and the image at {:#x}", image.load));
    }
    let mut covered = vec![0_u8; image.bytes.len()];
    for segment in segments {
        let (address, physical) = (segment.address, segment.physical);
        if address != physical.wrapping_add(Regime::KERNEL.base) {
            return Err(format!("image.elf loads {address:#x} at {physical:#x}"));
        }
        let at = physical.checked_sub(image.load).and_then(|at| usize::try_from(at).ok());
        let place = at.and_then(|at| covered.get_mut(at..at.checked_add(segment.bytes.len())?));
        let place = place.ok_or_else(|| {
            format!(
                "image.elf loads {:#x} bytes at {physical:#x}, beyond image.img",
                segment.bytes.len()
            )
        })?;
        place.copy_from_slice(segment.bytes);
    }
    match covered.iter().zip(&image.bytes).position(|(elf, raw)| elf != raw) {
        None => Ok(()),
        Some(at) => Err(format!(
            "image.elf and image.img differ at {:#x}",
            image.load.wrapping_add(at as u64)
        )),
    }
}

/// Whether the pages that a task's text and constants are mapped to hold its program, and
/// nothing else.
fn place(segments: &[Segment<'_>], space: &Space, image: &Image) -> Result<(), String> {
    // Bytes of each region that is in the file.
    let mut regions: Vec<(&desc::Region, Vec<u8>)> = space
        .regions
        .iter()
        .filter(|r| matches!(r.kind, desc::KIND_TEXT | desc::KIND_RODATA))
        .map(|region| (region, vec![0; region.size as usize]))
        .collect();
    for segment in segments.iter().filter(|segment| !segment.bytes.is_empty()) {
        let (address, length) = (segment.address, segment.bytes.len() as u64);
        let region = space
            .region(address)
            .ok_or_else(|| format!("has bytes at {address:#x}, where the task has nothing"))?;
        // Where its bytes lie: initial data begins at the region that follows the data,
        // with the first byte of the segment.
        let (home, offset) = match region.kind {
            desc::KIND_DATA => (region.base.wrapping_add(region.size), 0),
            _ => (region.base, address - region.base),
        };
        let bytes = regions.iter_mut().find(|(region, _)| region.base == home);
        let bytes = bytes.and_then(|(_, bytes)| {
            let start = usize::try_from(offset).ok()?;
            bytes.get_mut(start..start.checked_add(length as usize)?)
        });
        let bytes = bytes.ok_or_else(|| {
            format!("has {length:#x} bytes at {address:#x}, more than its region can hold")
        })?;
        bytes.copy_from_slice(segment.bytes);
    }
    for (region, bytes) in regions {
        for (number, page) in bytes.chunks(PAGE as usize).enumerate() {
            let at = number as u64 * PAGE;
            let physical = region.physical.wrapping_add(at);
            if image.range(physical, page.len() as u64) != Some(page) {
                return Err(format!(
                    "has other bytes for {:#x} than the image has at {physical:#x}",
                    region.base.wrapping_add(at)
                ));
            }
        }
    }
    Ok(())
}
