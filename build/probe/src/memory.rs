//! Physical memory of a target, however it is reached.

use crate::gdb;
use exov6_archive::Archive;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why memory could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no memory at these addresses.
    #[error("{address:#x}..{end:#x} is not in the target's memory, which is {base:#x}..{top:#x}", end = address.saturating_add(*length))]
    Outside {
        /// First address wanted.
        address: u64,
        /// Bytes wanted.
        length: u64,
        /// First address that there is.
        base: u64,
        /// Address behind the last.
        top: u64,
    },
    /// The file that holds the memory cannot be used.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The connection to the target does not work.
    #[error(transparent)]
    Link(#[from] gdb::Error),
}

/// The physical memory of a target.
pub trait Memory {
    /// Reads from a physical address.
    ///
    /// # Errors
    /// [`Error`] if there is no such memory, or no target any more.
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Error>;

    /// Writes to a physical address. Of two calls, the second takes effect after the first.
    ///
    /// # Errors
    /// As [`Memory::read`].
    fn write(&mut self, address: u64, from: &[u8]) -> Result<(), Error>;

    /// Lets the target run for about this long, in the host's time.
    ///
    /// # Errors
    /// If there is no target any more.
    fn run(&mut self, time: Duration) -> Result<(), Error>;

    /// How long [`Memory::run`] should be at least for the target to get anywhere.
    fn quantum(&self) -> Duration {
        Duration::from_micros(200)
    }
}

impl<M: Memory + ?Sized> Memory for &mut M {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Error> {
        (**self).read(address, into)
    }
    fn write(&mut self, address: u64, from: &[u8]) -> Result<(), Error> {
        (**self).write(address, from)
    }
    fn run(&mut self, time: Duration) -> Result<(), Error> {
        (**self).run(time)
    }
    fn quantum(&self) -> Duration {
        (**self).quantum()
    }
}

/// Memory that an emulator keeps in a file (`Options::memory` of `exov6-emulate`). The
/// target runs on while it is read and written.
#[derive(Debug)]
pub struct FileMemory {
    path: PathBuf,
    file: File,
    base: u64,
    length: u64,
}

impl FileMemory {
    /// Opens the file; its first byte is at physical address `base`.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(path: &Path, base: u64) -> Result<Self, Error> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let file = File::options().read(true).write(true).open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        Ok(FileMemory { path: path.to_owned(), file, base, length })
    }

    fn seek(&mut self, address: u64, length: usize) -> Result<(), Error> {
        let length = length as u64;
        let offset = address
            .checked_sub(self.base)
            .filter(|offset| offset.checked_add(length).is_some_and(|end| end <= self.length));
        let Some(offset) = offset else {
            let top = self.base.saturating_add(self.length);
            return Err(Error::Outside { address, length, base: self.base, top });
        };
        let done = self.file.seek(SeekFrom::Start(offset));
        done.map(|_| ()).map_err(|source| Error::File { path: self.path.clone(), source })
    }
}

impl Memory for FileMemory {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Error> {
        self.seek(address, into.len())?;
        let done = self.file.read_exact(into);
        done.map_err(|source| Error::File { path: self.path.clone(), source })
    }

    fn write(&mut self, address: u64, from: &[u8]) -> Result<(), Error> {
        self.seek(address, from.len())?;
        let done = self.file.write_all(from);
        done.map_err(|source| Error::File { path: self.path.clone(), source })
    }

    fn run(&mut self, time: Duration) -> Result<(), Error> {
        std::thread::sleep(time);
        Ok(())
    }
}

/// Where the memory of an image's board begins, as its board file says.
#[must_use]
pub fn ram_base(archive: &Archive) -> Option<u64> {
    let text = std::str::from_utf8(archive.entry("board.toml")?).ok()?;
    let board: toml::Table = text.parse().ok()?;
    let base = board.get("ram")?.get("base")?.as_integer()?;
    u64::try_from(base).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_memory_from_its_base_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("memory");
        std::fs::write(&path, [1, 2, 3, 4]).unwrap();
        let mut memory = FileMemory::open(&path, 0x1000).unwrap();
        let mut two = [0; 2];
        memory.read(0x1001, &mut two).unwrap();
        assert_eq!(two, [2, 3]);
        memory.write(0x1003, &[9]).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), [1, 2, 3, 9]);
        for (address, length) in [(0xfff, 1), (0x1004, 1), (0x1003, 2), (u64::MAX, 1)] {
            let error = memory.read(address, &mut vec![0; length]).unwrap_err();
            assert!(matches!(error, Error::Outside { .. }), "{error}");
        }
        let error = memory.write(0x1003, &[1, 2]).unwrap_err().to_string();
        assert_eq!(error, "0x1003..0x1005 is not in the target's memory, which is 0x1000..0x1004");
    }

    #[test]
    fn the_board_says_where_memory_begins() {
        let entries = vec![("board.toml".to_owned(), b"[ram]\nbase = 0x4000_0000\n".to_vec())];
        let mut archive = Archive { manifest: exov6_archive::Manifest::default(), entries };
        assert_eq!(ram_base(&archive), Some(0x4000_0000));
        archive.entries[0].1 = b"[ram".to_vec();
        assert_eq!(ram_base(&archive), None);
    }
}
