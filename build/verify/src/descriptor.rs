//! Descriptors: what one means to the hardware, bit by bit.
//!
//! Written from the Arm ARM (DDI 0487, D8.3: VMSAv8-64 descriptor formats, 4 KiB
//! granule, stage 1, no LPA2) for the registers as `boot.s` sets them: TCR_EL1 without
//! HA, HD, HPD, HWU, TBI and DS; IPS = 40 bits; MAIR_EL1 = 0xff.
//!
//! ```text
//!          63 62 61 60 59 58  55 54  53  52 51 50 49 48 47          12 11 10 9 8 7  6 5  4  2 1 0
//!   table  NS  AP  UX PX  ignored                RES0   next table     ignored              1 1
//!   block  ign  PBHA      soft  UXN PXN C DBM GP RES0   output, RES0  nG AF  SH  AP NS Attr  0 1
//!   page   ign  PBHA      soft  UXN PXN C DBM GP RES0   output        nG AF  SH  AP NS Attr  1 1
//! ```

/// Bytes of a page, and of a table.
pub const PAGE: u64 = 4096;
/// First physical address that the CPU cannot put out: TCR_EL1.IPS = 0b010.
pub const PHYSICAL_END: u64 = 1 << 40;
/// MAIR_EL1: attribute 0 = normal memory, write-back; all others device-nGnRnE.
pub const MAIR: u64 = 0x00ff;

const ADDRESS: u64 = 0x0000_ffff_ffff_f000;
const VALID: u64 = 1 << 0;
const TABLE_OR_PAGE: u64 = 1 << 1;
const AP_EL0: u64 = 1 << 6;
const AP_READ_ONLY: u64 = 1 << 7;
const ACCESSED: u64 = 1 << 10;
const NOT_GLOBAL: u64 = 1 << 11;
const GUARDED: u64 = 1 << 50;
const CONTIGUOUS: u64 = 1 << 52;
const PXN: u64 = 1 << 53;
const UXN: u64 = 1 << 54;
const PXN_TABLE: u64 = 1 << 59;
const UXN_TABLE: u64 = 1 << 60;
const AP_TABLE_NO_EL0: u64 = 1 << 61;
const AP_TABLE_READ_ONLY: u64 = 1 << 62;

/// A set of rights: who may do what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rights(pub u8);

impl Rights {
    /// Tasks may read.
    pub const TASK_READ: Rights = Rights(1);
    /// Tasks may write.
    pub const TASK_WRITE: Rights = Rights(2);
    /// Tasks may execute.
    pub const TASK_EXECUTE: Rights = Rights(4);
    /// The kernel may read.
    pub const KERNEL_READ: Rights = Rights(8);
    /// The kernel may write.
    pub const KERNEL_WRITE: Rights = Rights(16);
    /// The kernel may execute.
    pub const KERNEL_EXECUTE: Rights = Rights(32);

    /// Both sets.
    #[must_use]
    pub const fn and(self, other: Rights) -> Rights {
        Rights(self.0 | other.0)
    }

    /// Whether all of `other` are in it.
    #[must_use]
    pub const fn has(self, other: Rights) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether anybody may write.
    #[must_use]
    pub const fn writable(self) -> bool {
        self.0 & (Self::TASK_WRITE.0 | Self::KERNEL_WRITE.0) != 0
    }

    /// Whether anybody may execute.
    #[must_use]
    pub const fn executable(self) -> bool {
        self.0 & (Self::TASK_EXECUTE.0 | Self::KERNEL_EXECUTE.0) != 0
    }

    /// Whether tasks may do anything.
    #[must_use]
    pub const fn of_tasks(self) -> bool {
        self.0 & 7 != 0
    }
}

impl std::fmt::Display for Rights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let letters = |bits: u8| -> String {
            let letter = |bit: u8, letter| if bits & bit != 0 { letter } else { '-' };
            [letter(1, 'r'), letter(2, 'w'), letter(4, 'x')].iter().collect()
        };
        write!(f, "{} for tasks, {} for the kernel", letters(self.0), letters(self.0 >> 3))
    }
}

/// All that a mapped page or block means, but where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// Who may do what, by these bits and those of the tables above. SCTLR_EL1.WXN and
    /// the rule that memory writable by tasks is not executed by the kernel are not
    /// counted on: they are a second fence.
    pub rights: Rights,
    /// Attribute byte of MAIR_EL1: 0xff = normal memory, 0 = device-nGnRnE.
    pub memory: u8,
    /// Shareability as it takes effect: 0 = none, 1 = reserved, 2 = outer, 3 = inner.
    pub shareable: u8,
    /// The same in all address spaces.
    pub global: bool,
    /// May be cached together with its neighbours.
    pub contiguous: bool,
    /// Indirect branches must land on a BTI instruction.
    pub guarded: bool,
}

impl Meaning {
    /// What a page of the task's, or of the kernel's if `task` is false, must mean.
    #[must_use]
    pub const fn expected(task: bool, write: bool, execute: bool, device: bool) -> Meaning {
        let mut rights = Rights::KERNEL_READ;
        if task {
            rights = rights.and(Rights::TASK_READ);
        }
        if write {
            rights = rights.and(Rights::KERNEL_WRITE);
        }
        if write && task {
            rights = rights.and(Rights::TASK_WRITE);
        }
        if execute {
            rights = rights.and(if task { Rights::TASK_EXECUTE } else { Rights::KERNEL_EXECUTE });
        }
        let (memory, shareable) = if device { (0x00, 2) } else { (0xff, 3) };
        Meaning { rights, memory, shareable, global: !task, contiguous: false, guarded: false }
    }

    /// Whether it is device memory.
    #[must_use]
    pub const fn device(&self) -> bool {
        self.memory & 0xf0 == 0
    }

    /// How this differs from what it must be, in words.
    #[must_use]
    pub fn difference(&self, expected: &Meaning) -> String {
        let mut parts = vec![];
        if self.rights != expected.rights {
            parts.push(format!("it is {}, and must be {}", self.rights, expected.rights));
        }
        if self.memory != expected.memory {
            let kind = |m: &Meaning| if m.device() { "device memory" } else { "normal memory" };
            let (is, must) = (kind(self), kind(expected));
            let (a, b) = (self.memory, expected.memory);
            parts.push(format!("it is {is} (MAIR {a:#04x}), and must be {must} ({b:#04x})"));
        }
        if self.shareable != expected.shareable {
            let name =
                |s| ["not shareable", "reserved", "outer-shareable", "inner-shareable"][s & 3];
            parts.push(format!(
                "its shareability is {}, and must be {}",
                name(self.shareable as usize),
                name(expected.shareable as usize)
            ));
        }
        if self.global != expected.global {
            let what = |global| if global { "global: valid in all spaces" } else { "one space's" };
            parts.push(format!(
                "it is {}, and must be {}",
                what(self.global),
                what(expected.global)
            ));
        }
        if self.contiguous != expected.contiguous {
            parts.push("it claims to be contiguous with its neighbours".to_owned());
        }
        if self.guarded != expected.guarded {
            parts.push("indirect branches into it are guarded".to_owned());
        }
        parts.join("; ")
    }
}

/// What the tables above take away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inherited(u64);

/// A field of a descriptor whose bits must be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its bits.
    pub mask: u64,
    /// Its name.
    pub name: &'static str,
    /// Why its value changes nothing; `None` if it may change something.
    pub harmless: Option<&'static str>,
}

const fn field(mask: u64, name: &'static str, harmless: Option<&'static str>) -> Field {
    Field { mask, name, harmless }
}

/// Bits `low..=high`.
const fn bits(low: u32, high: u32) -> u64 {
    (!0 << low) & (!0 >> (63 - high))
}

/// Fields of pages and blocks that must be zero, though the hardware ignores them or
/// will: the rest is in [`Meaning`].
pub const LEAF_ZERO: &[Field] = &[
    field(bits(5, 5), "NS", Some("NS: read in Secure state only, and the kernel is not in it")),
    field(bits(48, 49), "bits 48-49 (RES0)", None),
    field(bits(51, 51), "DBM", Some("DBM: read only if TCR_EL1.HD is set, and it is not")),
    field(bits(55, 58), "bits 55-58", Some("bits 55-58: left to software, and ours has no use")),
    field(bits(59, 62), "PBHA", Some("PBHA: read only if TCR_EL1.HWU is set, and it is not")),
    field(bits(63, 63), "bit 63", Some("bit 63: ignored")),
];

/// Fields of table descriptors that must be zero.
pub const TABLE_ZERO: &[Field] = &[
    field(bits(2, 11), "bits 2-11", Some("bits 2-11 of a table descriptor: ignored")),
    field(bits(48, 51), "bits 48-51 (RES0)", None),
    field(bits(52, 58), "bits 52-58", Some("bits 52-58 of a table descriptor: ignored")),
    field(PXN_TABLE, "PXNTable", Some(BELOW)),
    field(UXN_TABLE, "UXNTable", Some(BELOW)),
    field(AP_TABLE_NO_EL0 | AP_TABLE_READ_ONLY, "APTable", Some(BELOW)),
    field(bits(63, 63), "NSTable", Some("NSTable: read in Secure state only")),
];

/// Why a hierarchical attribute is harmless when it is: if it is not, the pages below
/// differ from what they must be, which is told of them.
const BELOW: &str = "PXNTable, UXNTable, APTable: no page below had the right that they take";
/// Why shareability of device memory is harmless.
pub const DEVICE_SHAREABLE: Field =
    field(bits(8, 9), "SH of device memory", Some("SH of device memory: always outer-shareable"));
/// Why a device attribute under another number is harmless.
pub const OTHER_INDEX: Field = field(
    bits(2, 4),
    "AttrIndx beyond 1",
    Some("AttrIndx 2-7: MAIR_EL1 has device memory there, as at 1"),
);

/// What a descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// Bit 0 is zero, or a type that this level has not: nothing is mapped.
    Invalid,
    /// Leads to a table.
    Table {
        /// Its physical address.
        below: u64,
        /// What it takes away, in addition to those above.
        inherited: Inherited,
    },
    /// Maps a page or a block.
    Leaf {
        /// The first physical address.
        physical: u64,
        /// How.
        meaning: Meaning,
        /// Bits of the output address that are below the block's size, and RES0.
        low: u64,
    },
    /// Maps, but each use faults: the access flag is clear.
    NotAccessed,
    /// Each use faults: an output address beyond [`PHYSICAL_END`].
    TooFar(u64),
}

/// What a descriptor at this level (0–3) means below these tables.
#[must_use]
pub fn decode(value: u64, level: u8, inherited: Inherited) -> Decoded {
    if value & VALID == 0 {
        return Decoded::Invalid;
    }
    let leaf = match (level, value & TABLE_OR_PAGE != 0) {
        (3, true) | (1 | 2, false) => true,
        (0..=2, true) => false,
        _ => return Decoded::Invalid, // a block at level 0, or the reserved type at 3
    };
    let address = value & ADDRESS;
    if !leaf {
        if address >= PHYSICAL_END {
            return Decoded::TooFar(address);
        }
        let own = value & (PXN_TABLE | UXN_TABLE | AP_TABLE_NO_EL0 | AP_TABLE_READ_ONLY);
        return Decoded::Table { below: address, inherited: Inherited(inherited.0 | own) };
    }
    let size = leaf_size(level);
    let (physical, low) = (address & !(size - 1), address & (size - 1));
    if physical >= PHYSICAL_END {
        return Decoded::TooFar(physical);
    }
    if value & ACCESSED == 0 {
        return Decoded::NotAccessed;
    }
    Decoded::Leaf { physical, meaning: meaning(value, inherited), low }
}

/// Bytes that a descriptor of this level (0–3) covers.
#[must_use]
pub const fn leaf_size(level: u8) -> u64 {
    PAGE << (9 * (3 - (level & 3) as u32))
}

fn meaning(value: u64, Inherited(above): Inherited) -> Meaning {
    let for_tasks = value & AP_EL0 != 0 && above & AP_TABLE_NO_EL0 == 0;
    let writable = value & AP_READ_ONLY == 0 && above & AP_TABLE_READ_ONLY == 0;
    let mut rights = Rights::KERNEL_READ;
    let mut add = |yes: bool, right| {
        if yes {
            rights = rights.and(right);
        }
    };
    add(writable, Rights::KERNEL_WRITE);
    add(for_tasks, Rights::TASK_READ);
    add(for_tasks && writable, Rights::TASK_WRITE);
    add(value & PXN == 0 && above & PXN_TABLE == 0, Rights::KERNEL_EXECUTE);
    // Also where tasks may not read: that is execute-only memory.
    add(value & UXN == 0 && above & UXN_TABLE == 0, Rights::TASK_EXECUTE);
    let index = value >> 2 & 7;
    let memory = (MAIR >> (8 * index)) as u8;
    let device = memory & 0xf0 == 0;
    Meaning {
        rights,
        memory,
        shareable: if device { 2 } else { (value >> 8 & 3) as u8 },
        global: value & NOT_GLOBAL == 0,
        contiguous: value & CONTIGUOUS != 0,
        guarded: value & GUARDED != 0,
    }
}

/// Calls `found` for each field of a leaf or table descriptor that must be zero and is
/// not.
pub fn not_zero(value: u64, decoded: &Decoded, mut found: impl FnMut(Field)) {
    let fields = match decoded {
        Decoded::Invalid | Decoded::TooFar(_) => return,
        Decoded::Table { .. } => TABLE_ZERO,
        Decoded::Leaf { .. } | Decoded::NotAccessed => LEAF_ZERO,
    };
    for field in fields {
        if value & field.mask != 0 {
            found(*field);
        }
    }
    if let Decoded::Leaf { meaning, low, .. } = decoded {
        if *low != 0 {
            found(field(*low, "the bits below a block's address (RES0)", None));
        }
        if meaning.device() && value & DEVICE_SHAREABLE.mask != 0 {
            found(DEVICE_SHAREABLE);
        }
        if value >> 2 & 7 > 1 {
            found(OTHER_INDEX);
        }
    }
}
