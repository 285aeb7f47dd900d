//! Findings: what is not as it must be, with the page, its owners and the entry.

use crate::walk::Entry;
use serde::Serialize;
use std::fmt;

/// What `verify` proves, a sentence each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Statement {
    /// The archive can be read and does not contradict itself.
    Archive,
    /// The image is one, and its header says what the archive says.
    Header,
    /// The image id is the SHA-256 of the image.
    ImageId,
    /// The boot code sets the registers that the walk assumes.
    Registers,
    /// ELF and raw image are the same bytes.
    Elf,
    /// The tasks' programs lie where the tables map them.
    Programs,
    /// Page tables and regions say the same, page by page.
    Exact,
    /// No page is writable by two tasks.
    OneWriter,
    /// No page is readable by a second task.
    OneReader,
    /// No page is writable and executable.
    WriteOrExecute,
    /// No task maps what is not its own.
    OwnMemory,
    /// The kernel maps the image and its devices.
    KernelMemory,
    /// Guard pages are not mapped.
    Guard,
    /// Nobody can write page tables.
    TablesReadOnly,
    /// Nothing is in a free descriptor.
    Free,
    /// Bits without meaning are zero.
    Canonical,
    /// The kernel's tables say what the archive says.
    Records,
    /// The kernel's tables do not contradict themselves.
    Sound,
    /// Calls go to more urgent tasks only.
    Uphill,
    /// Every interrupt has one owner.
    IrqOnce,
    /// A release has nothing that only a developer needs.
    Release,
}

impl Statement {
    /// All, in the order in which they are told.
    pub const ALL: [Statement; 21] = [
        Statement::Archive,
        Statement::Header,
        Statement::ImageId,
        Statement::Registers,
        Statement::Elf,
        Statement::Programs,
        Statement::Exact,
        Statement::OneWriter,
        Statement::OneReader,
        Statement::WriteOrExecute,
        Statement::OwnMemory,
        Statement::KernelMemory,
        Statement::Guard,
        Statement::TablesReadOnly,
        Statement::Free,
        Statement::Canonical,
        Statement::Records,
        Statement::Sound,
        Statement::Uphill,
        Statement::IrqOnce,
        Statement::Release,
    ];

    /// Its name, as in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Statement::Archive => "archive",
            Statement::Header => "header",
            Statement::ImageId => "image-id",
            Statement::Registers => "registers",
            Statement::Elf => "elf",
            Statement::Programs => "programs",
            Statement::Exact => "exact",
            Statement::OneWriter => "one-writer",
            Statement::OneReader => "one-reader",
            Statement::WriteOrExecute => "write-or-execute",
            Statement::OwnMemory => "own-memory",
            Statement::KernelMemory => "kernel-memory",
            Statement::Guard => "guard",
            Statement::TablesReadOnly => "tables-read-only",
            Statement::Free => "free",
            Statement::Canonical => "canonical",
            Statement::Records => "records",
            Statement::Sound => "sound",
            Statement::Uphill => "uphill",
            Statement::IrqOnce => "irq-once",
            Statement::Release => "release",
        }
    }

    /// The sentence.
    #[must_use]
    pub const fn holds(self) -> &'static str {
        match self {
            Statement::Archive => "the archive can be read and does not contradict itself",
            Statement::Header => {
                "the image begins with the header of an image of this size and place"
            }
            Statement::ImageId => "the image id is the SHA-256 of the image with the id zero",
            Statement::Registers => {
                "the boot code sets the translation registers that are assumed here"
            }
            Statement::Elf => "ELF and raw image are the same bytes at the same place",
            Statement::Programs => {
                "each task's program lies, byte for byte, where its tables map it"
            }
            Statement::Exact => {
                "page tables map what the regions say, page by page, and nothing else"
            }
            Statement::OneWriter => "no page is writable by two tasks but the ends of one window",
            Statement::OneReader => {
                "no page is readable by a second task but windows, log rings and boot pages"
            }
            Statement::WriteOrExecute => {
                "no page is writable and executable, in any space, through any alias"
            }
            Statement::OwnMemory => {
                "no task maps page 0, the kernel's memory, another task's, or a foreign device"
            }
            Statement::KernelMemory => "the kernel maps pages of the image and its devices only",
            Statement::Guard => "no guard page is mapped",
            Statement::TablesReadOnly => "nobody can write a page table",
            Statement::Free => "nothing is in a free descriptor",
            Statement::Canonical => "bits of descriptors that mean nothing are zero",
            Statement::Records => {
                "ports, posts, interrupts, grants, regions and tasks are those of the archive"
            }
            Statement::Sound => "the kernel's tables do not contradict themselves or the limits",
            Statement::Uphill => "calls go to more urgent tasks only: the call graph has no cycle",
            Statement::IrqOnce => "every interrupt has one owner",
            Statement::Release => {
                "a release cannot be left, injects no fault, and calls no emulator"
            }
        }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The place in the image that is to blame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// A descriptor of a page table.
    Entry {
        /// Physical address.
        physical: u64,
        /// Value.
        value: u64,
        /// Level of its table, 0–3.
        level: u8,
    },
    /// A field of the kernel's tables.
    Record {
        /// Which table, and which record of it: `ports[2]`.
        record: String,
        /// Which field.
        field: String,
        /// Physical address of the field.
        physical: u64,
        /// Its value.
        value: u64,
    },
}

impl From<Entry> for Place {
    fn from(entry: Entry) -> Self {
        Place::Entry { physical: entry.physical, value: entry.value, level: entry.level }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Entry { physical, value, level } => {
                write!(f, "{physical:#x} = {value:#018x}, level {level}")
            }
            Place::Record { record, field, physical, value } => {
                write!(f, "{physical:#x} = {value:#x}, field `{field}` of {record}")
            }
        }
    }
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The statement that does not hold.
    pub statement: Statement,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The address in the space of the first owner, if it is about one.
    pub address: Option<u64>,
    /// The physical page, if it is about one.
    pub page: Option<u64>,
    /// Whom it concerns: who has what, one or two.
    pub owners: Vec<String>,
    /// The entry to blame.
    pub entry: Option<Place>,
    /// The entry of the table above, where that may be to blame instead.
    pub above: Option<Place>,
    /// Why it changes nothing that a machine does, if so. It is refused all the same.
    pub harmless: Option<&'static str>,
}

impl Finding {
    /// A finding without a page.
    pub fn new(statement: Statement, message: impl Into<String>) -> Finding {
        Finding {
            statement,
            message: message.into(),
            address: None,
            page: None,
            owners: vec![],
            entry: None,
            above: None,
            harmless: None,
        }
    }

    /// Adds the page: its address in a space and in memory.
    #[must_use]
    pub fn page(mut self, address: impl Into<Option<u64>>, page: impl Into<Option<u64>>) -> Self {
        (self.address, self.page) = (address.into(), page.into());
        self
    }

    /// Adds owners; repeated ones are left out.
    #[must_use]
    pub fn owners<S: Into<String>>(mut self, owners: impl IntoIterator<Item = S>) -> Self {
        for owner in owners {
            let owner = owner.into();
            if !self.owners.contains(&owner) {
                self.owners.push(owner);
            }
        }
        self
    }

    /// Adds the entry.
    #[must_use]
    pub fn entry(mut self, entry: impl Into<Place>) -> Self {
        self.entry = Some(entry.into());
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.statement, self.message)?;
        match (self.page, self.address) {
            (Some(page), Some(address)) => {
                write!(f, "\n    page    {page:#x}, mapped at {address:#x}")?
            }
            (Some(page), None) => write!(f, "\n    page    {page:#x}")?,
            (None, Some(address)) => write!(f, "\n    page    at {address:#x}, not in memory")?,
            (None, None) => {}
        }
        if !self.owners.is_empty() {
            write!(f, "\n    owners  {}", self.owners.join("; "))?;
        }
        if let Some(entry) = &self.entry {
            write!(f, "\n    entry   {entry}")?;
        }
        if let Some(above) = &self.above {
            write!(f, "\n    above   {above}")?;
        }
        if let Some(reason) = self.harmless {
            write!(f, "\n    note    it changes nothing on a machine: {reason}")?;
        }
        Ok(())
    }
}

/// Most findings that are kept; more are counted.
pub const MOST: usize = 1000;

/// Findings, as they come.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The first [`MOST`].
    pub all: Vec<Finding>,
    /// How many there were.
    pub count: usize,
}

impl Findings {
    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        self.count += 1;
        if self.all.len() < MOST {
            self.all.push(finding);
        }
    }

    /// Whether there is no room for more: looking further is of no use.
    #[must_use]
    pub fn full(&self) -> bool {
        self.count >= MOST
    }
}
