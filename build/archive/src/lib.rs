//! The archive: one file that describes a built system completely.
//!
//! ```text
//!   NAME.zip
//!     manifest.json      always first; see [`Manifest`]
//!     app.toml  chip.toml  board.toml        as they were
//!     kernel.elf  image.elf  image.img       what runs
//!     tasks/NAME.elf                         with symbols, log strings, line numbers
//!     interfaces/NAME.idol  NAME.json        as they were, and described
//! ```
//!
//! Writing the same contents twice gives the same bytes: entries keep the order in
//! which they are given, and carry neither times nor owners.
#![forbid(unsafe_code)]

mod manifest;
pub mod map;

pub use manifest::{
    Band, FORMAT, Hex, Irq, Machine, Manifest, Notification, Port, Post, Qemu, QemuEntry, Region,
    Task, Timer,
};

use std::fs::File;
use std::io::{BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;

/// Name of the first entry.
pub const MANIFEST: &str = "manifest.json";
/// Name of the entry with an interface: `file` as `serves` and `interface` in the manifest
/// name it.
#[must_use]
pub fn interface_entry(file: &str) -> String {
    format!("interfaces/{file}")
}

/// Largest entry that is read, in bytes.
pub const ENTRY_MAX: u64 = 256 << 20;
/// Most entries that are read.
pub const ENTRIES_MAX: usize = 4096;

/// Why an archive could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be used.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Path of the archive.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The container is damaged, or no zip file at all.
    #[error("{path}: {source}", path = path.display())]
    Container {
        /// Path of the archive.
        path: PathBuf,
        /// What went wrong.
        source: zip::result::ZipError,
    },
    /// The manifest is damaged.
    #[error("{path}: manifest.json: {source}", path = path.display())]
    Json {
        /// Path of the archive.
        path: PathBuf,
        /// What went wrong.
        source: serde_json::Error,
    },
    /// A zip file, and not one of ours.
    #[error("{path}: {what}", path = path.display())]
    Contents {
        /// Path of the archive.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// An archive in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// The system.
    pub manifest: Manifest,
    /// The other entries, in order: name and contents.
    pub entries: Vec<(String, Vec<u8>)>,
}

impl Archive {
    /// Contents of an entry.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&[u8]> {
        self.entries.iter().find(|(n, _)| n == name).map(|(_, bytes)| bytes.as_slice())
    }
}

/// The manifest as it is stored: indented JSON with a final line feed.
///
/// # Errors
/// Not for any manifest made from this crate's types.
pub fn to_json(manifest: &Manifest) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(manifest)?;
    text.push('\n');
    Ok(text)
}

/// Writes an archive: the manifest, then `entries` (name with `/`, contents) in
/// their order. The file appears under its name only when it is complete.
///
/// # Errors
/// [`Error`] if the file cannot be written or two entries have the same name.
pub fn write<'a>(
    path: &Path,
    manifest: &Manifest,
    entries: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), Error> {
    let file = |source| Error::File { path: path.to_owned(), source };
    let container = |source| Error::Container { path: path.to_owned(), source };
    let json = to_json(manifest).map_err(|source| Error::Json { path: path.to_owned(), source })?;
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = tempfile::NamedTempFile::new_in(directory).map_err(file)?;
    let mut zip = zip::ZipWriter::new(BufWriter::new(temporary));
    // The time is the format's zero, 1980-01-01.
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    let mut add = |name: &str, bytes: &[u8]| {
        zip.start_file(name, options).map_err(container)?;
        zip.write_all(bytes).map_err(file)
    };
    add(MANIFEST, json.as_bytes())?;
    for (name, bytes) in entries {
        add(name, bytes)?;
    }
    let buffer = zip.finish().map_err(container)?;
    let temporary = buffer.into_inner().map_err(|e| file(e.into_error()))?;
    // A temporary file is private; an archive is as readable as its directory.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o644);
        temporary.as_file().set_permissions(mode).map_err(file)?;
    }
    temporary.persist(path).map_err(|e| file(e.error))?;
    Ok(())
}

/// Reads an archive.
///
/// # Errors
/// [`Error`] if the file is no archive of [`FORMAT`], is damaged, or has entries
/// beyond [`ENTRY_MAX`] or [`ENTRIES_MAX`].
pub fn read(path: &Path) -> Result<Archive, Error> {
    let file = File::open(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    read_from(file, path)
}

/// Reads an archive from anything that can seek; `path` is for errors only.
///
/// # Errors
/// As [`read`].
pub fn read_from(reader: impl Read + Seek, path: &Path) -> Result<Archive, Error> {
    let container = |source| Error::Container { path: path.to_owned(), source };
    let contents = |what: String| Error::Contents { path: path.to_owned(), what };
    let mut zip = zip::ZipArchive::new(reader).map_err(container)?;
    if zip.len() > ENTRIES_MAX {
        return Err(contents(format!("{} entries, more than {ENTRIES_MAX}", zip.len())));
    }
    let mut manifest = None;
    let mut entries = vec![];
    for index in 0..zip.len() {
        let entry = zip.by_index(index).map_err(container)?;
        let name = entry.name().map_err(container)?.into_owned();
        let mut bytes = vec![];
        let count = entry.take(ENTRY_MAX + 1).read_to_end(&mut bytes);
        let count = count.map_err(|source| Error::File { path: path.to_owned(), source })?;
        if count as u64 > ENTRY_MAX {
            return Err(contents(format!("{name} has more than {ENTRY_MAX} bytes")));
        }
        match (index, name == MANIFEST) {
            (0, true) => manifest = Some(parse(&bytes, path)?),
            (0, false) => {
                return Err(contents(format!("starts with {name}, not with {MANIFEST}")));
            }
            _ => entries.push((name, bytes)),
        }
    }
    let manifest = manifest.ok_or_else(|| contents("is empty".to_owned()))?;
    Ok(Archive { manifest, entries })
}

fn parse(bytes: &[u8], path: &Path) -> Result<Manifest, Error> {
    let json = |source| Error::Json { path: path.to_owned(), source };
    // The format first: another one is told by name, not by a missing field.
    #[derive(serde::Deserialize)]
    struct Format {
        format: String,
    }
    let format: Format = serde_json::from_slice(bytes).map_err(json)?;
    if format.format != FORMAT {
        let what = format!(
            "has format {:?}; this program reads {FORMAT:?}: rebuild the image or use the program \
             that built it",
            format.format
        );
        return Err(Error::Contents { path: path.to_owned(), what });
    }
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(json)?;
    for (position, task) in manifest.tasks.iter().enumerate() {
        if task.index as usize != position {
            let what =
                format!("task {} has index {} at position {position}", task.name, task.index);
            return Err(Error::Contents { path: path.to_owned(), what });
        }
    }
    Ok(manifest)
}
