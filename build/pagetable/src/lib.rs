//! Page tables: AArch64 stage-1 translation tables, computed on the host.
//!
//! A running image never changes a table: all of them are written here, into
//! read-only memory of the image. Tables are pages of 512 descriptors (Arm ARM
//! DDI 0487, D8.3); a task's span is small enough (25 bits) that its walk starts
//! at level 2 with 16 descriptors, 128 bytes.
//!
//! ```text
//!   task (TTBR0, T0SZ = 39)          kernel (TTBR1, T1SZ = 25)
//!   L2 ×16 ──► L3 page ──► 4 KiB     L1 page ──► L2 page ──► L3 page ──► 4 KiB
//! ```
//!
//! [`Tables`] hands out its own pages in the order in which they are first needed,
//! so how many there are depends only on which addresses are mapped, not on where
//! anything lies: [`Tables::span_pages`] and [`Tables::kernel_pages`] count first,
//! the same code then fills.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

/// Bytes of a page and of a table.
pub const PAGE: u64 = 4096;
/// Where physical address 0 appears in the kernel's half.
pub const LINEAR: u64 = 0xffff_ff80_0000_0000;
/// Bytes of the root table of a span: 16 descriptors.
pub const SPAN_ROOT: u64 = 128;

/// Whose pages, and what may be done with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Task: read and execute.
    TaskText,
    /// Task: read.
    TaskRead,
    /// Task: read and write.
    TaskWrite,
    /// Task: device registers, read and write.
    TaskDevice,
    /// Kernel: read and execute.
    KernelText,
    /// Kernel: read.
    KernelRead,
    /// Kernel: read and write.
    KernelWrite,
    /// Kernel: device registers, read and write.
    KernelDevice,
}

const VALID: u64 = 1;
const TABLE_OR_PAGE: u64 = 1 << 1;
const ATTRIBUTE_DEVICE: u64 = 1 << 2; // MAIR attribute 1
const EL0: u64 = 1 << 6; // AP[1]
const READ_ONLY: u64 = 1 << 7; // AP[2]
const INNER_SHAREABLE: u64 = 0b11 << 8;
const ACCESSED: u64 = 1 << 10;
const NOT_GLOBAL: u64 = 1 << 11;
const PXN: u64 = 1 << 53;
const UXN: u64 = 1 << 54;

impl Access {
    /// Lower and upper attributes of a page descriptor (D8.3.1).
    #[must_use]
    pub const fn attributes(self) -> u64 {
        let memory = INNER_SHAREABLE | ACCESSED;
        let device = ATTRIBUTE_DEVICE | ACCESSED;
        match self {
            Access::TaskText => memory | EL0 | READ_ONLY | NOT_GLOBAL | PXN,
            Access::TaskRead => memory | EL0 | READ_ONLY | NOT_GLOBAL | PXN | UXN,
            Access::TaskWrite => memory | EL0 | NOT_GLOBAL | PXN | UXN,
            Access::TaskDevice => device | EL0 | NOT_GLOBAL | PXN | UXN,
            Access::KernelText => memory | READ_ONLY | UXN,
            Access::KernelRead => memory | READ_ONLY | PXN | UXN,
            Access::KernelWrite => memory | PXN | UXN,
            Access::KernelDevice => device | PXN | UXN,
        }
    }
}

/// A contiguous mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// First virtual address; page-aligned.
    pub address: u64,
    /// First physical address; page-aligned.
    pub physical: u64,
    /// Bytes; whole pages.
    pub size: u64,
    /// What for.
    pub access: Access,
}

impl Mapping {
    /// The pages: (virtual, physical).
    fn pages(&self) -> impl Iterator<Item = (u64, u64)> + use<> {
        let (address, physical) = (self.address, self.physical);
        (0..self.size / PAGE).map(move |n| (address + n * PAGE, physical + n * PAGE))
    }
}

/// What is wrong with a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not page-aligned, empty, or beyond the address range.
    #[error("mapping {0:#x}..{1:#x} to {2:#x} is not whole pages within the address space")]
    Shape(u64, u64, u64),
    /// Mapped twice.
    #[error("page {0:#x} is mapped twice, to {1:#x} and to {2:#x}")]
    Twice(u64, u64, u64),
    /// More tables than were counted.
    #[error("the tables need more than the {0} pages set aside for them")]
    Full(usize),
}

/// A growing set of tables at a known physical place.
pub struct Tables {
    base: u64,
    pages: Vec<[u64; 512]>,
    capacity: usize,
}

impl Tables {
    /// No tables yet; page *n* will lie at `base + n × PAGE`.
    #[must_use]
    pub fn new(base: u64, capacity: usize) -> Self {
        Tables { base, pages: Vec::new(), capacity }
    }

    /// Number of L3 pages that a span with these mappings needs.
    #[must_use]
    pub fn span_pages(mappings: &[Mapping]) -> usize {
        let mut blocks: Vec<u64> =
            mappings.iter().flat_map(Mapping::pages).map(|(at, _)| at >> 21).collect();
        blocks.sort_unstable();
        blocks.dedup();
        blocks.len()
    }

    /// Number of L2 and L3 pages that kernel mappings need, without the root.
    #[must_use]
    pub fn kernel_pages(mappings: &[Mapping]) -> usize {
        let mut tables: Vec<(u8, u64)> = mappings
            .iter()
            .flat_map(Mapping::pages)
            .flat_map(|(at, _)| [(2, at >> 30), (3, at >> 21)])
            .collect();
        tables.sort_unstable();
        tables.dedup();
        tables.len()
    }

    /// Sets a page aside; its physical address.
    ///
    /// # Errors
    /// [`Error::Full`].
    pub fn allocate(&mut self) -> Result<u64, Error> {
        if self.pages.len() == self.capacity {
            return Err(Error::Full(self.capacity));
        }
        self.pages.push([0; 512]);
        Ok(self.base + (self.pages.len() as u64 - 1) * PAGE)
    }

    /// Fills the identity map of the boot: `size` bytes from `physical` on, whole pages,
    /// read-only and executable for the kernel. The physical address of its root.
    ///
    /// # Errors
    /// Any.
    pub fn identity(&mut self, physical: u64, size: u64) -> Result<u64, Error> {
        let root = self.allocate()?;
        let mapping = Self::identity_mapping(physical, size);
        check(&mapping, 0, (1 << 39) - 1)?;
        self.below(root, &mapping)?;
        Ok(root)
    }

    /// What [`Tables::identity`] maps.
    #[must_use]
    pub fn identity_mapping(physical: u64, size: u64) -> Mapping {
        Mapping { address: physical, physical, size, access: Access::KernelText }
    }

    /// Fills the kernel's tables below an allocated root.
    ///
    /// # Errors
    /// Any.
    pub fn kernel(&mut self, root: u64, mappings: &[Mapping]) -> Result<(), Error> {
        for mapping in mappings {
            check(mapping, LINEAR, u64::MAX)?;
            self.below(root, mapping)?;
        }
        Ok(())
    }

    /// Fills the tables of a 39-bit half below an allocated root.
    fn below(&mut self, root: u64, mapping: &Mapping) -> Result<(), Error> {
        for (at, physical) in mapping.pages() {
            let l2 = self.table_below(root, (at >> 30 & 511) as usize)?;
            let l3 = self.table_below(l2, (at >> 21 & 511) as usize)?;
            self.leaf(l3, at, physical, mapping.access)?;
        }
        Ok(())
    }

    /// Fills a span's tables; the 16 descriptors of its root.
    ///
    /// # Errors
    /// Any.
    pub fn span(&mut self, span: u64, mappings: &[Mapping]) -> Result<[u64; 16], Error> {
        let mut root = [0_u64; 16];
        let mut blocks: BTreeMap<u64, u64> = BTreeMap::new();
        for mapping in mappings {
            check(mapping, PAGE, span - 1)?;
            for (at, physical) in mapping.pages() {
                let l3 = match blocks.get(&(at >> 21)) {
                    Some(&l3) => l3,
                    None => {
                        let l3 = self.allocate()?;
                        blocks.insert(at >> 21, l3);
                        l3
                    }
                };
                self.leaf(l3, at, physical, mapping.access)?;
            }
        }
        for (block, l3) in blocks {
            root[(block & 15) as usize] = l3 | TABLE_OR_PAGE | VALID;
        }
        Ok(root)
    }

    /// Puts bytes into an allocated page, as 8-byte descriptors.
    pub fn put(&mut self, page: u64, offset: u64, descriptors: &[u64]) {
        for (n, descriptor) in descriptors.iter().enumerate() {
            *self.entry(page, (offset / 8) as usize + n) = *descriptor;
        }
    }

    /// All pages as bytes, padded to the capacity with pages of invalid descriptors.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes: Vec<u8> =
            self.pages.iter().flatten().flat_map(|entry| entry.to_le_bytes()).collect();
        bytes.resize(self.capacity * PAGE as usize, 0);
        bytes
    }

    /// A descriptor of a table that this set allocated.
    fn entry(&mut self, table: u64, index: usize) -> &mut u64 {
        &mut self.pages[((table - self.base) / PAGE) as usize][index]
    }

    fn table_below(&mut self, table: u64, index: usize) -> Result<u64, Error> {
        let entry = *self.entry(table, index);
        if entry & VALID != 0 {
            return Ok(entry & 0x0000_ffff_ffff_f000);
        }
        let below = self.allocate()?;
        *self.entry(table, index) = below | TABLE_OR_PAGE | VALID;
        Ok(below)
    }

    fn leaf(&mut self, l3: u64, at: u64, physical: u64, access: Access) -> Result<(), Error> {
        let entry = self.entry(l3, (at >> 12 & 511) as usize);
        if *entry & VALID != 0 {
            return Err(Error::Twice(at, *entry & 0x0000_ffff_ffff_f000, physical));
        }
        *entry = physical | access.attributes() | TABLE_OR_PAGE | VALID;
        Ok(())
    }
}

/// Whole pages within `first..=last`.
fn check(mapping: &Mapping, first: u64, last: u64) -> Result<(), Error> {
    let Mapping { address, physical, size, .. } = *mapping;
    let bad = Error::Shape(address, address.wrapping_add(size), physical);
    let aligned = (address | physical | size) % PAGE == 0 && size != 0;
    let end = address.checked_add(size - u64::from(size != 0)).ok_or(bad)?;
    if aligned && address >= first && end <= last && physical < 1 << 40 { Ok(()) } else { Err(bad) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(address: u64, physical: u64, size: u64, access: Access) -> Mapping {
        Mapping { address, physical, size, access }
    }

    /// Walks like the hardware does, from a root of any size.
    fn walk(tables: &[u8], base: u64, root: &[u64], levels: &[u32], at: u64) -> Option<u64> {
        let mut table = root.to_vec();
        for (n, shift) in levels.iter().enumerate() {
            let entry = table[(at >> shift) as usize & (table.len() - 1)];
            if entry & VALID == 0 {
                return None;
            }
            if n + 1 == levels.len() {
                return Some(entry);
            }
            let below = ((entry & 0x0000_ffff_ffff_f000) - base) as usize;
            table = tables[below..below + 4096]
                .chunks(8)
                .map(|b| u64::from_le_bytes(b.try_into().unwrap()))
                .collect();
        }
        None
    }

    #[test]
    fn a_span_maps_exactly_what_was_asked() {
        let mappings = [
            map(0x1000, 0x4020_0000, 0x2000, Access::TaskText),
            map(0x1f_f000, 0x4030_0000, 0x2000, Access::TaskWrite), // over a 2 MiB edge
            map(0x1ff_e000, 0x0900_0000, 0x1000, Access::TaskDevice),
        ];
        assert_eq!(Tables::span_pages(&mappings), 3);
        let mut tables = Tables::new(0x5000_0000, 3);
        let root = tables.span(32 << 20, &mappings).unwrap();
        let bytes = tables.into_bytes();
        let get = |at| walk(&bytes, 0x5000_0000, &root, &[21, 12], at);
        assert_eq!(get(0), None);
        assert_eq!(get(0x1000), Some(0x4020_0000 | Access::TaskText.attributes() | 3));
        assert_eq!(get(0x2fff), Some(0x4020_1000 | Access::TaskText.attributes() | 3));
        assert_eq!(get(0x3000), None);
        assert_eq!(get(0x20_0000), Some(0x4030_1000 | Access::TaskWrite.attributes() | 3));
        assert_eq!(get(0x1ff_e000), Some(0x0900_0000 | Access::TaskDevice.attributes() | 3));
        assert_eq!(get(0x1ff_f000), None);
    }

    #[test]
    fn the_kernel_half_is_linear() {
        let mappings = [
            map(LINEAR + 0x4020_0000, 0x4020_0000, 0x3000, Access::KernelText),
            map(LINEAR + 0x0800_0000, 0x0800_0000, 0x1000, Access::KernelDevice),
        ];
        let needed = Tables::kernel_pages(&mappings);
        assert_eq!(needed, 4);
        let mut tables = Tables::new(0x5000_0000, needed + 1);
        let root = tables.allocate().unwrap();
        tables.kernel(root, &mappings).unwrap();
        let bytes = tables.into_bytes();
        let root: Vec<u64> =
            bytes[..4096].chunks(8).map(|b| u64::from_le_bytes(b.try_into().unwrap())).collect();
        let get = |at| walk(&bytes, 0x5000_0000, &root, &[30, 21, 12], at);
        assert_eq!(
            get(LINEAR + 0x4020_2000),
            Some(0x4020_2000 | Access::KernelText.attributes() | 3)
        );
        assert_eq!(get(LINEAR + 0x4020_3000), None);
        assert_eq!(get(LINEAR), None);
    }

    #[test]
    fn the_identity_map_has_the_text_and_nothing_else() {
        let mapping = Tables::identity_mapping(0x4020_0000, 0x3000);
        let needed = Tables::kernel_pages(&[mapping]);
        let mut tables = Tables::new(0x5000_0000, needed + 1);
        assert_eq!(tables.identity(0x4020_0000, 0x3000).unwrap(), 0x5000_0000);
        let bytes = tables.into_bytes();
        let root: Vec<u64> =
            bytes[..4096].chunks(8).map(|b| u64::from_le_bytes(b.try_into().unwrap())).collect();
        let get = |at| walk(&bytes, 0x5000_0000, &root, &[30, 21, 12], at);
        let text = Access::KernelText.attributes() | 3;
        assert_eq!(get(0x4020_2fff), Some(0x4020_2000 | text));
        assert_eq!(get(0x401f_f000), None);
        assert_eq!(get(0x4020_3000), None);
    }

    #[test]
    fn nothing_is_writable_and_executable() {
        use Access::*;
        for access in [
            TaskText,
            TaskRead,
            TaskWrite,
            TaskDevice,
            KernelText,
            KernelRead,
            KernelWrite,
            KernelDevice,
        ] {
            let bits = access.attributes();
            let writable = bits & READ_ONLY == 0;
            let executable = bits & PXN == 0 || bits & UXN == 0;
            assert!(!(writable && executable), "{access:?}");
            let both = bits & PXN == 0 && bits & UXN == 0;
            assert!(!both, "{access:?} is executable for kernel and tasks");
        }
    }

    #[test]
    fn bad_mappings_are_refused() {
        let span = |m: Vec<Mapping>| Tables::new(0x5000_0000, 9).span(32 << 20, &m).unwrap_err();
        assert!(matches!(span(vec![map(0, 0, 0x1000, Access::TaskRead)]), Error::Shape(..)));
        assert!(matches!(span(vec![map(0x1000, 4, 0x1000, Access::TaskRead)]), Error::Shape(..)));
        assert!(matches!(span(vec![map(0x1000, 0, 0, Access::TaskRead)]), Error::Shape(..)));
        assert!(matches!(
            span(vec![map(0x1ff_f000, 0, 0x2000, Access::TaskRead)]),
            Error::Shape(..)
        ));
        assert!(matches!(
            span(vec![map(u64::MAX - 0xfff, 0, 0x2000, Access::TaskRead)]),
            Error::Shape(..)
        ));
        let twice = vec![
            map(0x1000, 0x1000, 0x2000, Access::TaskRead),
            map(0x2000, 0x9000, 0x1000, Access::TaskRead),
        ];
        assert_eq!(span(twice), Error::Twice(0x2000, 0x2000, 0x9000));
        let mut full = Tables::new(0x5000_0000, 0);
        let one = [map(0x1000, 0x1000, 0x1000, Access::TaskRead)];
        assert_eq!(full.span(32 << 20, &one).unwrap_err(), Error::Full(0));
    }
}
