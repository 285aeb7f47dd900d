//! Verify: re-reads a finished image and proves what it isolates from what.
//!
//! ```text
//!   image.img ─► boot code ─► roots ─► walk ─► leaves ─┬─► spaces: as the model, page by page
//!             └► kernel's tables ─► sound, records     └─► aliases: page by page, all spaces
//!   manifest.json ─► model: what must be ───────────────┘
//! ```
//!
//! Nothing here was used to make the image: the descriptors are decoded by the manual,
//! the roots are read from the instructions that write them into the CPU, and what must
//! be is drawn from the manifest again. Shared with the build are the formats only:
//! [`abi::desc`] and the archive.
//!
//! An image is refused for every bit that is not as it must be, also for those that no
//! machine looks at; [`Finding::harmless`] says which they are. [`corrupt`] flips all bits
//! of page tables and kernel's tables, one at a time, and counts.
#![forbid(unsafe_code)]

mod aliases;
mod blob;
pub mod corrupt;
pub mod descriptor;
mod finding;
mod image;
mod model;
mod programs;
mod records;
mod release;
mod report;
mod sound;
mod spaces;
pub mod walk;

pub use finding::{Finding, Findings, Place, Statement};
pub use report::{Range, Report, SpaceReport};

use blob::{Blob, Counts};
use exov6_archive::Archive;
use image::Image;
use model::Model;
use sha2::{Digest, Sha256};
use spaces::{Reading, Remember};

/// An image with everything that is known of it.
struct Subject {
    image: Image,
    model: Model,
    reading: Reading,
    /// What the kernel's tables must be, of an archive.
    expected: Option<Blob>,
}

/// Statements that need an archive.
const NEED_ARCHIVE: [Statement; 5] = [
    Statement::Archive,
    Statement::Elf,
    Statement::Programs,
    Statement::Records,
    Statement::Release,
];

/// Verifies the image in an archive against its manifest.
#[must_use]
pub fn archive(archive: &Archive) -> Report {
    let mut findings = Findings::default();
    let subject = open(archive, Remember::No, &mut findings);
    if let Some(subject) = &subject {
        id(&subject.image, &subject.model, &mut findings);
        programs::compare(archive, &subject.model, &subject.image, &mut findings);
    }
    let manifest = &archive.manifest;
    Report::new(&manifest.name, &manifest.image_id, subject.as_ref(), &[], findings)
}

/// Verifies only what page tables and kernel's tables of an archive say, not the programs
/// and not the image id: a fraction of the time.
#[must_use]
pub fn tables(archive: &Archive) -> Report {
    let mut findings = Findings::default();
    let subject = open(archive, Remember::No, &mut findings);
    let manifest = &archive.manifest;
    let not_tried = [Statement::ImageId, Statement::Elf, Statement::Programs];
    Report::new(&manifest.name, &manifest.image_id, subject.as_ref(), &not_tried, findings)
}

/// Everything but the image id and the programs: what the bits of tables and grants say.
fn open(archive: &Archive, remember: Remember, findings: &mut Findings) -> Option<Subject> {
    let manifest = &archive.manifest;
    let Some(bytes) = archive.entry("image.img") else {
        findings.push(Finding::new(Statement::Archive, "the archive has no image.img"));
        return None;
    };
    let Some(image) = Image::new(bytes, manifest.load.0) else {
        findings.push(Finding::new(Statement::Header, "image.img has no arm64 Image header"));
        return None;
    };
    let text = manifest.kernel.iter().find(|region| region.kind == "text");
    let boot = image.boot(text.map(|text| text.size.0), findings);
    let (size, offset) = (image.size, image.text_offset());
    let (must, ram) = (manifest.size.0, manifest.machine.ram.0);
    if size != must || ram.checked_add(offset) != Some(image.load) || boot.load != Some(image.load)
    {
        let message = format!(
            "the header asks for {size:#x} bytes at {offset:#x} from the start of memory, and the boot \
             code for {:#x}; the archive says {must:#x} bytes at {:#x}",
            boot.load.unwrap_or(0),
            image.load
        );
        findings.push(Finding::new(Statement::Header, message));
    }
    let model = Model::of_archive(manifest, &image, &boot, findings)?;
    let roots: Vec<u64> = manifest.tasks.iter().map(|task| task.table_root.0).collect();
    let expected = match records::expected(manifest, &roots) {
        Ok(expected) => expected,
        Err(message) => {
            findings.push(Finding::new(Statement::Archive, message));
            return None;
        }
    };
    let reading = Reading::new(&model, &image, remember, findings);
    aliases::judge(&model, &reading.leaves, findings);
    release::judge(manifest, &image, findings);
    kernel_tables(&image, &model, &expected, findings);
    Some(Subject { image, model, reading, expected: Some(expected) })
}

/// The kernel's tables in the image against what they must be.
fn kernel_tables(image: &Image, model: &Model, expected: &Blob, findings: &mut Findings) {
    let counts = Counts::of(&expected.header);
    let at = image.load.wrapping_add(model.blob as u64);
    let bytes = image.bytes.get(model.blob..).unwrap_or(&[]);
    let Some(is) = Blob::read(bytes, &counts) else {
        findings.push(Finding::new(Statement::Records, "the kernel's tables end with the image"));
        return;
    };
    records::compare(model, &is, expected, at, findings);
    sound::judge(&is, model, findings);
}

/// Whether the image id is the hash of the image with the id zero.
fn id(image: &Image, model: &Model, findings: &mut Findings) {
    let at = model.blob + std::mem::offset_of!(abi::desc::Header, image_id);
    let mut bytes = image.bytes.clone();
    let Some(id) = bytes.get_mut(at..at + 32) else { return };
    let states = <[u8; 32]>::try_from(&*id).unwrap_or_default();
    id.fill(0);
    let is: [u8; 32] = Sha256::digest(&bytes).into();
    if is != states {
        let hex = |id: [u8; 32]| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let message =
            format!("the image id is {}, but the image's hash is {}", hex(states), hex(is));
        findings.push(Finding::new(Statement::ImageId, message));
    }
}

/// Verifies a raw image by itself: what needs no archive.
#[must_use]
pub fn image(bytes: &[u8]) -> Report {
    let mut findings = Findings::default();
    let subject = open_raw(bytes, &mut findings);
    if let Some(subject) = &subject {
        id(&subject.image, &subject.model, &mut findings);
    }
    let id: String = subject.as_ref().map_or(String::new(), |subject| {
        let at = subject.model.blob + std::mem::offset_of!(abi::desc::Header, image_id);
        let id = subject.image.bytes.get(at..at + 32).unwrap_or(&[]);
        id.iter().map(|byte| format!("{byte:02x}")).collect()
    });
    Report::new("raw image", &id, subject.as_ref(), &NEED_ARCHIVE, findings)
}

fn open_raw(bytes: &[u8], findings: &mut Findings) -> Option<Subject> {
    let mut header = |message: &str| findings.push(Finding::new(Statement::Header, message));
    let Some(image) = Image::new(bytes, 0) else {
        header("this is no arm64 Image: its header is missing");
        return None;
    };
    let boot = image.boot(None, &mut Findings::default());
    let Some(load) = boot.load else {
        header("the boot code does not say where the image lies");
        return None;
    };
    let image = Image { load, ..image };
    if image.size < image.bytes.len() as u64 || image.size > 1 << 30 {
        header("the header asks for less memory than the image has bytes, or for too much");
        return None;
    }
    let Some(at) = Blob::find(&image.bytes) else {
        header("the kernel's tables are missing, or there are two of them");
        return None;
    };
    let bytes = image.bytes.get(at..)?;
    let blob = Blob::read(bytes, &Counts::of(&Blob::header(bytes)?))?;
    let boot = image.boot(None, findings);
    let model = Model::of_image(&image, &boot, &blob, at, findings);
    let reading = Reading::new(&model, &image, Remember::No, findings);
    aliases::judge(&model, &reading.leaves, findings);
    sound::judge(&blob, &model, findings);
    Some(Subject { image, model, reading, expected: None })
}
