//! ELF: what the linker made of a task or of the kernel.

use object::read::elf::ElfFile64;
use object::{Object, ObjectSection, ObjectSegment, ObjectSymbol};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Why an ELF file is not what the image needs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not a 64-bit ELF file.
    #[error("{}: {source}", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: object::Error,
    },
    /// A symbol of the linker script is missing: linked without it.
    #[error("{} has no symbol {name}: it was not linked with the script of this build", path.display())]
    Symbol {
        /// Which file.
        path: PathBuf,
        /// Which symbol.
        name: String,
    },
    /// A part that the script places is missing or has an unexpected size.
    #[error("{}: {what}", path.display())]
    Shape {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// Whether a symbol is of a function that begins a panic, or of the one that ends it.
#[must_use]
pub fn begins_panic(symbol: &str) -> bool {
    // Parts of either of the compiler's manglings: all of `core::panicking`, what
    // `core` puts in front of it, and the handler.
    const PARTS: [&str; 6] = [
        "9panicking",
        "13unwrap_failed",
        "13expect_failed",
        "16slice_index_fail",
        "20len_mismatch_fail",
        "rust_begin_unwind",
    ];
    PARTS.iter().any(|part| symbol.contains(part))
}

/// A linked program.
pub struct Program {
    /// Where it was read from.
    pub path: PathBuf,
    /// The whole file.
    pub bytes: Vec<u8>,
    /// First instruction.
    pub entry: u64,
    symbols: BTreeMap<String, u64>,
    segments: Vec<(u64, Vec<u8>)>,
    sections: BTreeMap<String, (u64, u64, u64)>,
}

impl Program {
    /// Reads a program.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Format`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes =
            std::fs::read(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        let format = |source| Error::Format { path: path.to_owned(), source };
        let file: ElfFile64 = ElfFile64::parse(bytes.as_slice()).map_err(format)?;
        let mut symbols = BTreeMap::new();
        for symbol in file.symbols() {
            if let Ok(name) = symbol.name() {
                symbols.insert(name.to_owned(), symbol.address());
            }
        }
        let mut segments = vec![];
        for segment in file.segments() {
            segments.push((segment.address(), segment.data().map_err(format)?.to_vec()));
        }
        let mut sections = BTreeMap::new();
        for section in file.sections() {
            if let (Ok(name), Some((offset, size))) = (section.name(), section.file_range()) {
                sections.insert(name.to_owned(), (section.address(), offset, size));
            }
        }
        let entry = file.entry();
        Ok(Program { path: path.to_owned(), entry, symbols, segments, sections, bytes })
    }

    /// The value of a symbol.
    ///
    /// # Errors
    /// [`Error::Symbol`].
    pub fn symbol(&self, name: &str) -> Result<u64, Error> {
        self.symbols
            .get(name)
            .copied()
            .ok_or_else(|| Error::Symbol { path: self.path.clone(), name: name.to_owned() })
    }

    /// The names of functions that begin a panic, if the program has any.
    #[must_use]
    pub fn panics(&self) -> Vec<&str> {
        self.symbols.keys().map(String::as_str).filter(|name| begins_panic(name)).collect()
    }

    /// The initialised bytes of a range of addresses; what no segment covers is zero.
    #[must_use]
    pub fn image_of(&self, start: u64, end: u64) -> Vec<u8> {
        let mut image = vec![0; end.saturating_sub(start) as usize];
        for (address, bytes) in &self.segments {
            let from = start.max(*address);
            let to = end.min(address + bytes.len() as u64);
            if from < to {
                image[(from - start) as usize..(to - start) as usize]
                    .copy_from_slice(&bytes[(from - address) as usize..(to - address) as usize]);
            }
        }
        image
    }

    /// Overwrites the 8 bytes at a symbol, in the file.
    ///
    /// # Errors
    /// [`Error::Symbol`], or [`Error::Shape`] if it lies in no section of the file.
    pub fn put(&mut self, symbol: &str, value: u64) -> Result<(), Error> {
        let at = self.symbol(symbol)?;
        let holds = |(start, _, size): &&(u64, u64, u64)| {
            // Sections that are not loaded begin at 0, as log strings do.
            *start >= abi::limits::PAGE && *start <= at && at + 8 <= start + size
        };
        let Some(&(start, offset, _)) = self.sections.values().find(holds) else {
            let what = format!("{symbol} lies in no section");
            return Err(Error::Shape { path: self.path.clone(), what });
        };
        let place = (offset + at - start) as usize;
        let bytes = value.to_le_bytes();
        let file = self.bytes.get_mut(place..place + 8);
        file.into_iter().for_each(|file| file.copy_from_slice(&bytes));
        for (start, content) in &mut self.segments {
            if *start <= at && at + 8 <= *start + content.len() as u64 {
                let place = (at - *start) as usize;
                content[place..place + 8].copy_from_slice(&bytes);
            }
        }
        Ok(())
    }

    /// Overwrites the bytes of a section in the file.
    ///
    /// # Errors
    /// [`Error::Shape`] if the section is missing or has another size.
    pub fn fill(&mut self, section: &str, with: &[u8]) -> Result<(), Error> {
        let shape = |what: String| Error::Shape { path: self.path.clone(), what };
        if with.is_empty() && !self.sections.contains_key(section) {
            return Ok(());
        }
        let Some(&(address, offset, size)) = self.sections.get(section) else {
            return Err(shape(format!("section {section} is missing")));
        };
        if size != with.len() as u64 {
            return Err(shape(format!(
                "section {section} has {size} bytes, {} were to be filled in",
                with.len()
            )));
        }
        self.bytes[offset as usize..(offset + size) as usize].copy_from_slice(with);
        for (start, bytes) in &mut self.segments {
            let end = *start + bytes.len() as u64;
            if *start <= address && address + size <= end {
                let at = (address - *start) as usize;
                bytes[at..at + with.len()].copy_from_slice(with);
            }
        }
        Ok(())
    }
}
