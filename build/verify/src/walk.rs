//! Walk: reads translation tables as the hardware does, but every entry of them.
//!
//! A walk begins at a root, in the level and with the number of entries that TxSZ
//! implies (Arm ARM D8.2), and looks at each descriptor of each table that it reaches,
//! whatever address it is for. What it finds goes to a [`Visitor`]: pages and blocks,
//! and everything that is odd. A table is entered once: whoever leads to it again is
//! odd, and so a walk ends, whatever the tables hold.

use crate::descriptor::{Decoded, Field, Inherited, Meaning, decode, leaf_size, not_zero};

/// Physical memory that tables are read from.
pub trait Memory {
    /// The eight bytes at this address, little-endian; `None` where nothing is known.
    fn word(&self, physical: u64) -> Option<u64>;
}

/// The addresses that a root serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Regime {
    /// The first address.
    pub base: u64,
    /// Bits of an address below that: 64 − TxSZ, 25–48.
    pub bits: u32,
}

impl Regime {
    /// A task's: TTBR0_EL1 with T0SZ = 39.
    pub const TASK: Regime = Regime { base: 0, bits: 64 - 39 };
    /// The kernel's: TTBR1_EL1 with T1SZ = 25.
    pub const KERNEL: Regime = Regime { base: !0 << (64 - 25), bits: 64 - 25 };
    /// That of the boot: TTBR0_EL1 with T0SZ = 25.
    pub const BOOT: Regime = Regime { base: 0, bits: 64 - 25 };

    /// The level of the root: 3 less one for each 9 bits beyond the first 9 + 12.
    #[must_use]
    pub const fn level(self) -> u8 {
        (3 - (self.bits - 12 - 1) / 9) as u8
    }

    /// Descriptors in the root.
    #[must_use]
    pub const fn entries(self) -> u64 {
        1 << self.bits >> (12 + 9 * (3 - self.level() as u32))
    }
}

/// A descriptor: where it is and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its physical address.
    pub physical: u64,
    /// Its value.
    pub value: u64,
    /// The level of its table, 0–3.
    pub level: u8,
}

/// A descriptor's place in an address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// First address that it translates.
    pub address: u64,
    /// Its physical address.
    pub physical: u64,
    /// The level of its table, 0–3.
    pub level: u8,
    /// What the tables above take away.
    pub inherited: Inherited,
    /// The last of the entries above that takes anything away.
    pub taken_by: Option<Entry>,
}

impl Slot {
    /// Bytes that it translates.
    #[must_use]
    pub const fn size(&self) -> u64 {
        leaf_size(self.level)
    }
}

/// A mapped page or block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// First address.
    pub address: u64,
    /// First physical address.
    pub physical: u64,
    /// Bytes.
    pub size: u64,
    /// What it means.
    pub meaning: Meaning,
    /// The descriptor.
    pub entry: Entry,
    /// The last of the entries above that takes rights away, if one does.
    pub taken_by: Option<Entry>,
}

/// What is odd about a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// It maps nothing, and is not zero.
    FreeNotZero,
    /// A field that must be zero is not.
    NotZero(Field),
    /// It leads beyond the physical addresses: each use faults.
    TooFar(u64),
    /// Its access flag is clear: each use faults.
    NotAccessed,
    /// It leads to a table at this address, where none is.
    NoTable(u64),
    /// It leads to a table at this address that another entry leads to already.
    TableTwice(u64),
}

/// Told what a walk finds.
pub trait Visitor {
    /// An entry leads to a table: whether to look into it.
    fn table(&mut self, slot: &Slot, below: u64) -> Result<(), Oddity>;
    /// A mapped page or block.
    fn leaf(&mut self, leaf: Leaf);
    /// A descriptor that is odd.
    fn odd(&mut self, slot: &Slot, entry: Entry, oddity: Oddity);
    /// Every descriptor, before anything else is told of it.
    fn entry(&mut self, _slot: &Slot) {}
}

/// Walks everything below a root; `false` if the root is not in memory.
pub fn walk(memory: &impl Memory, regime: Regime, root: u64, visitor: &mut impl Visitor) -> bool {
    let slot = Slot {
        address: regime.base,
        physical: root,
        level: regime.level(),
        inherited: Inherited::default(),
        taken_by: None,
    };
    table(memory, slot, regime.entries(), visitor)
}

/// Walks a table: `slot` is its first descriptor.
fn table(memory: &impl Memory, first: Slot, entries: u64, visitor: &mut impl Visitor) -> bool {
    for index in 0..entries {
        let physical = first.physical.wrapping_add(index * 8);
        let Some(value) = memory.word(physical) else { return false };
        let address = first.address.wrapping_add(index * first.size());
        step(memory, &Slot { address, physical, ..first }, value, visitor);
    }
    true
}

/// Walks a descriptor with this value and everything below it.
pub fn step(memory: &impl Memory, slot: &Slot, value: u64, visitor: &mut impl Visitor) {
    visitor.entry(slot);
    if value == 0 {
        return;
    }
    let entry = Entry { physical: slot.physical, value, level: slot.level };
    let decoded = decode(value, slot.level, slot.inherited);
    not_zero(value, &decoded, |field| visitor.odd(slot, entry, Oddity::NotZero(field)));
    match decoded {
        Decoded::Invalid => visitor.odd(slot, entry, Oddity::FreeNotZero),
        Decoded::TooFar(to) => visitor.odd(slot, entry, Oddity::TooFar(to)),
        Decoded::NotAccessed => visitor.odd(slot, entry, Oddity::NotAccessed),
        Decoded::Leaf { physical, meaning, .. } => {
            let (address, size) = (slot.address, slot.size());
            let taken_by = slot.taken_by;
            visitor.leaf(Leaf { address, physical, size, meaning, entry, taken_by });
        }
        Decoded::Table { below, inherited } => match visitor.table(slot, below) {
            Err(oddity) => visitor.odd(slot, entry, oddity),
            Ok(()) => {
                let level = slot.level + 1;
                let taken_by =
                    if inherited == slot.inherited { slot.taken_by } else { Some(entry) };
                let first =
                    Slot { address: slot.address, physical: below, level, inherited, taken_by };
                if !table(memory, first, 512, visitor) {
                    visitor.odd(slot, entry, Oddity::NoTable(below));
                }
            }
        },
    }
}

/// The descriptors that a translation of this address looks at, from the root on.
pub fn translate(memory: &impl Memory, regime: Regime, root: u64, address: u64) -> Vec<Entry> {
    let mut path = vec![];
    let offset = address.wrapping_sub(regime.base);
    if offset >> regime.bits != 0 {
        return path;
    }
    let (mut table, mut entries) = (root, regime.entries());
    for level in regime.level()..=3 {
        let index = (offset / leaf_size(level)) & (entries - 1);
        let physical = table.wrapping_add(index * 8);
        let Some(value) = memory.word(physical) else { break };
        path.push(Entry { physical, value, level });
        match decode(value, level, Inherited::default()) {
            Decoded::Table { below, .. } => (table, entries) = (below, 512),
            _ => break,
        }
    }
    path
}
