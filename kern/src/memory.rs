//! User memory: looked up in the region table, never dereferenced.
//!
//! A task *alleges* memory by address and length. [`UserSlice`] is that
//! allegation; only the task's region table, sorted by address, turns it into
//! [`Segment`]s of physical memory. The kernel reaches those through its linear
//! map. It is the only place in the kernel where an address meets a length.

use crate::arch::Physical;
use abi::desc::{self, Region};

/// What a task claims to own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserSlice {
    address: u64,
    length: u64,
}

/// What the slice is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The kernel, or a server through a lease, reads it.
    Read,
    /// It is written.
    Write,
    /// Both.
    ReadWrite,
}

impl Use {
    fn rights(self) -> u32 {
        match self {
            Use::Read => desc::R,
            Use::Write => desc::W,
            Use::ReadWrite => desc::R | desc::W,
        }
    }
}

/// A piece of a slice that is contiguous in physical memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its first byte.
    pub physical: Physical,
    /// Its length in bytes.
    pub length: u64,
}

impl UserSlice {
    /// Notes down a claim; nothing is checked yet.
    #[must_use]
    pub fn alleged(address: u64, length: u64) -> Self {
        UserSlice { address, length }
    }

    /// Whether every byte lies in regions of the table that grant the use, none
    /// of them device memory. Adjacent regions may be spanned; an empty slice is
    /// valid wherever it points; one that wraps is not valid.
    #[must_use]
    pub fn is_valid(self, regions: &[Region], usage: Use) -> bool {
        let Some(end) = self.address.checked_add(self.length) else {
            return self.length == 0;
        };
        let mut cursor = self.address;
        for region in regions {
            if cursor >= end {
                break;
            }
            if grants(region, usage) && contains(region, cursor) {
                cursor = region.base.wrapping_add(region.size);
            }
        }
        cursor >= end
    }

    /// The physical memory at `offset` into the slice, up to the end of its
    /// region or of the slice. `None` at the end, or outside the regions.
    #[must_use]
    pub fn segment(self, regions: &[Region], offset: u64) -> Option<Segment> {
        let left = self.length.checked_sub(offset)?;
        let address = self.address.checked_add(offset)?;
        if left == 0 {
            return None;
        }
        let region = regions.iter().find(|region| {
            region.rights & desc::DEVICE == 0 && region.rights != 0 && contains(region, address)
        })?;
        let into = address.wrapping_sub(region.base);
        Some(Segment {
            physical: Physical(region.physical).offset(into),
            length: left.min(region.size.wrapping_sub(into)),
        })
    }
}

fn grants(region: &Region, usage: Use) -> bool {
    region.rights & desc::DEVICE == 0 && region.rights & usage.rights() == usage.rights()
}

fn contains(region: &Region, address: u64) -> bool {
    address.checked_sub(region.base).is_some_and(|into| into < region.size)
}

/// The kind of the region that contains an address, if one does.
#[must_use]
pub fn kind_at(regions: &[Region], address: u64) -> Option<u32> {
    regions.iter().find(|region| contains(region, address)).map(|region| region.kind)
}
