//! Image: the raw bytes at their physical addresses, and what its boot code says.
//!
//! Nothing but the image says where its page tables are: the instructions that write
//! them into the CPU's registers. They are a short, straight piece of assembly at the
//! start (`kern/src/arch/aarch64/boot.s`), and each register is written right after its
//! value was made, so that it can be read off.
//!
//! ```text
//!   mov  x0, #0x00ff         msr mair_el1, x0
//!   adrp x0, identity root   msr ttbr0_el1, x0
//!   adrp x0, kernel root     msr ttbr1_el1, x0
//!   ldr  x0, =TCR_BOOT       msr tcr_el1, x0
//!   ldr  x0, =SCTLR          msr sctlr_el1, x0     ldr x0, =upper    br x0
//!   ldr  x0, =TCR_NO_TASK    msr tcr_el1, x0       msr ttbr0_el1, xzr
//! ```

use crate::descriptor::{MAIR, PAGE, PHYSICAL_END};
use crate::finding::{Finding, Findings, Statement};
use crate::walk::{Memory, Regime};

/// A raw image at its place.
#[derive(Clone, Debug)]
pub struct Image {
    /// Physical address of the first byte.
    pub load: u64,
    /// What is in the file: everything that is not zero at the start.
    pub bytes: Vec<u8>,
    /// Bytes of memory that it needs, from `load` on: its header says so.
    pub size: u64,
}

impl Memory for Image {
    fn word(&self, physical: u64) -> Option<u64> {
        let at = usize::try_from(physical.checked_sub(self.load)?).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(8)?)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }
}

/// Offset of `image_size` in the header.
const SIZE_AT: u64 = 16;
/// Bytes of the header.
const HEADER: u64 = 64;
/// Bytes from the start within which the boot code is.
const BOOT_CODE: u64 = 4096;
/// TCR_EL1 while the boot map is in use: 4 KiB pages in both halves, 39 bits each,
/// walks inner-shareable and write-back, 40-bit physical addresses, 16-bit ASIDs;
/// neither HA, HD, HPDn, HWUn, TBIn nor DS.
const TCR_BOOT: u64 = 25
    | 1 << 8
    | 1 << 10
    | 3 << 12
    | 25 << 16
    | 1 << 24
    | 1 << 26
    | 3 << 28
    | 2 << 30
    | 2 << 32
    | 1 << 36;
/// TCR_EL1 after it: tasks' halves have 25 bits, and there is none yet (EPD0).
const TCR_NO_TASK: u64 = TCR_BOOT - 25 + 39 + (1 << 7);
/// SCTLR_EL1: RES1 bits; M, C, SA, SA0, I, WXN.
const SCTLR: u64 = 0x30d0_0800 | 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 12 | 1 << 19;

/// System registers that decide about translation: `MSR` with Rt = 0.
const REGISTERS: [(u32, &str); 5] = [
    (0xd518_a200, "MAIR_EL1"),
    (0xd518_2000, "TTBR0_EL1"),
    (0xd518_2020, "TTBR1_EL1"),
    (0xd518_2040, "TCR_EL1"),
    (0xd518_1000, "SCTLR_EL1"),
];

/// What the boot code says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    /// Offset of the kernel's root table.
    pub kernel_root: Option<u64>,
    /// Offset of the root table of the boot map.
    pub boot_root: Option<u64>,
    /// Physical address of the first byte.
    pub load: Option<u64>,
}

/// Where the value of a register came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Constant(u64),
    /// Offset of a page of the image.
    Page(u64),
    Unknown,
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Constant(value) => write!(f, "{value:#x}"),
            Value::Page(offset) => write!(f, "the address of the page at offset {offset:#x}"),
            Value::Unknown => f.write_str("a value that cannot be told"),
        }
    }
}

impl Image {
    /// An image at this place; `None` if there is no arm64 Image header.
    #[must_use]
    pub fn new(bytes: &[u8], load: u64) -> Option<Image> {
        let image = Image { load: 0, bytes: bytes.to_vec(), size: 0 };
        let size = image.word(SIZE_AT)?;
        let magic = image.word(HEADER - 8)? as u32;
        (magic == u32::from_le_bytes(*b"ARM\x64")).then_some(Image { load, size, ..image })
    }

    /// Text offset in the header: from the start of RAM to the image.
    #[must_use]
    pub fn text_offset(&self) -> u64 {
        self.word(self.load.wrapping_add(8)).unwrap_or(0)
    }

    /// First physical address behind the memory that it needs.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.load.saturating_add(self.size)
    }

    /// The bytes of a physical range; `None` if one of them is not in the file.
    #[must_use]
    pub fn range(&self, physical: u64, size: u64) -> Option<&[u8]> {
        let at = usize::try_from(physical.checked_sub(self.load)?).ok()?;
        self.bytes.get(at..at.checked_add(usize::try_from(size).ok()?)?)
    }

    fn instruction(&self, offset: u64) -> Option<u32> {
        let at = usize::try_from(offset).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }

    fn literal(&self, offset: u64) -> Option<u64> {
        self.word(self.load.checked_add(offset)?)
    }

    /// The value that the instruction at an offset puts into a register.
    fn value(&self, offset: u64, register: u32) -> Value {
        let Some(word) = self.instruction(offset) else { return Value::Unknown };
        if register == 31 {
            return Value::Constant(0);
        }
        if word & 31 != register {
            return Value::Unknown;
        }
        if word & 0x9f00_0000 == 0x9000_0000 {
            // ADRP: 21-bit signed number of pages.
            let immediate = u64::from(word >> 5 & 0x7_ffff) << 2 | u64::from(word >> 29 & 3);
            let pages = (immediate << 43) as i64 >> 43;
            let base = offset & !(PAGE - 1);
            return Value::Page(base.wrapping_add((pages as u64).wrapping_mul(PAGE)));
        }
        if word & 0xff00_0000 == 0x5800_0000 {
            // LDR Xt, literal: 19-bit signed number of words.
            let words = (u64::from(word >> 5 & 0x7_ffff) << 45) as i64 >> 45;
            let at = offset.wrapping_add((words as u64).wrapping_mul(4));
            return self.literal(at).map_or(Value::Unknown, Value::Constant);
        }
        if word & 0xff80_0000 == 0xd280_0000 {
            // MOVZ Xd.
            let shift = 16 * (word >> 21 & 3);
            return Value::Constant(u64::from(word >> 5 & 0xffff) << shift);
        }
        Value::Unknown
    }

    /// Writes of translation registers, in order, from `from` up to `end`.
    fn writes(&self, from: u64, end: u64) -> impl Iterator<Item = (&'static str, Value, u64)> + '_ {
        (from..end).step_by(4).filter_map(|offset| {
            let word = self.instruction(offset)?;
            let (_, name) = REGISTERS.iter().find(|(code, _)| word & !31 == *code)?;
            Some((*name, self.value(offset.wrapping_sub(4), word & 31), offset))
        })
    }

    /// Reads the boot code, and finds what is not as the walk assumes. `kernel_text` is
    /// the size of what the kernel executes, if it is known.
    pub fn boot(&self, kernel_text: Option<u64>, findings: &mut Findings) -> Boot {
        let mut boot = Boot::default();
        let mut found = |message: String| {
            findings.push(Finding::new(Statement::Registers, message));
        };
        let writes: Vec<_> = self
            .writes(HEADER, BOOT_CODE)
            .skip_while(|(name, ..)| *name != "MAIR_EL1")
            .take(7)
            .collect();
        let expected: [(&str, Option<u64>); 7] = [
            ("MAIR_EL1", Some(MAIR)),
            ("TTBR0_EL1", None),
            ("TTBR1_EL1", None),
            ("TCR_EL1", Some(TCR_BOOT)),
            ("SCTLR_EL1", Some(SCTLR)),
            ("TCR_EL1", Some(TCR_NO_TASK)),
            ("TTBR0_EL1", Some(0)),
        ];
        let mut last = 0;
        for (position, (register, constant)) in expected.into_iter().enumerate() {
            let Some(&(name, value, offset)) = writes.get(position) else {
                found(format!("the boot code does not write {register} where it must"));
                return boot;
            };
            last = offset;
            let at = self.load.wrapping_add(offset);
            match (value, constant) {
                _ if name != register => {
                    found(format!("the instruction at {at:#x} writes {name}, not {register}"));
                }
                (Value::Constant(value), Some(constant)) if value == constant => {}
                (Value::Page(page), None) if position == 1 => boot.boot_root = Some(page),
                (Value::Page(page), None) => boot.kernel_root = Some(page),
                (value, constant) => {
                    let must =
                        constant.map_or("a page of the image".to_owned(), |c| format!("{c:#x}"));
                    found(format!(
                        "the instruction at {at:#x} writes {value} to {register}; it must be {must}"
                    ));
                }
            }
            // `ldr x0, =upper` and `br x0` follow: where the kernel believes to be.
            if name == "SCTLR_EL1" {
                boot.load = self.upper(offset);
            }
        }
        if let Some(text) = kernel_text {
            let later = self.writes(last.wrapping_add(4), text.min(self.bytes.len() as u64));
            for (name, _, offset) in
                later.filter(|w| matches!(w.0, "MAIR_EL1" | "TTBR1_EL1" | "SCTLR_EL1"))
            {
                let at = self.load.wrapping_add(offset);
                found(format!("the instruction at {at:#x} writes {name} after the boot"));
            }
        }
        boot
    }

    /// The load address, from the branch into the upper half after this offset.
    fn upper(&self, offset: u64) -> Option<u64> {
        const BR_X0: u32 = 0xd61f_0000;
        let branch =
            (offset..offset + 32).step_by(4).find(|at| self.instruction(*at) == Some(BR_X0))?;
        let Value::Constant(upper) = self.value(branch - 4, 0) else { return None };
        let load = upper.checked_sub(Regime::KERNEL.base)?.checked_sub(branch + 4)?;
        (load % PAGE == 0 && load < PHYSICAL_END).then_some(load)
    }
}
