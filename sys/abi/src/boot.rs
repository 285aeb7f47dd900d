//! Boot: what the emulator tells the image, and what the kernel leaves behind.
//!
//! *Boot info* is a page outside every loaded segment that an emulator (or a
//! debugger) may fill before the image starts: it chooses a test or says when to
//! stop, without rebuilding. Without the magic word it is ignored.
//!
//! The *boot record* tells the log task what the kernel found; the *reset record*
//! survives a warm reset and tells the next boot why the last one ended.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Magic of a filled boot-info page: "exov6inf".
pub const INFO_MAGIC: u64 = 0x666e_6936_766f_7865;
/// Longest script, in bytes.
pub const SCRIPT_BYTES: usize = 1024;

/// Boot-info page. Start of the page; the rest is zero.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct BootInfo {
    /// [`INFO_MAGIC`], or the page is not there.
    pub magic: u64,
    /// Stop this long after boot, in microseconds; 0 = never.
    pub run_until_us: u64,
    /// Number of the test to run; meaning belongs to the test suite.
    pub test: u64,
    /// Generation that every task begins with, at most 2^32 - 1: a test of the last
    /// one need not wait for four billion restarts.
    pub generation: u64,
    /// What the emulator promises, for tests: [`machine`], or 0.
    pub machine: u64,
    /// Bytes used of `script`.
    pub script_len: u64,
    /// Console input with times: lines of `MICROSECONDS COMMAND`, in order.
    pub script: [u8; SCRIPT_BYTES],
}

/// A machine in one word: the exception level at which the image is entered and the
/// version of the interrupt controller.
#[must_use]
pub const fn machine(entry_level: u64, interrupt_controller: u64) -> u64 {
    entry_level & 0xff | (interrupt_controller & 0xff) << 8
}

/// Why the machine was reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum ResetReason {
    /// Power-on, or no readable record.
    Cold = 0,
    /// A task asked for it.
    Requested = 1,
    /// The supervisor faulted.
    SupervisorFault = 2,
    /// The supervisor did not acknowledge a fault in time.
    SupervisorSilent = 3,
    /// An exception in the kernel itself.
    KernelException = 4,
    /// A kernel built with checks found [`crate::invariant::Invariant`] number `fault`
    /// broken.
    BrokenInvariant = 5,
}

impl ResetReason {
    /// The reason with this number; anything unknown is `Cold`.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        match number {
            1 => ResetReason::Requested,
            2 => ResetReason::SupervisorFault,
            3 => ResetReason::SupervisorSilent,
            4 => ResetReason::KernelException,
            5 => ResetReason::BrokenInvariant,
            _ => ResetReason::Cold,
        }
    }
}

/// Magic of a written reset record: "exov6rst".
pub const RESET_MAGIC: u64 = 0x7473_7236_766f_7865;

/// Reset record: own page, outside every loaded segment.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct ResetRecord {
    /// [`RESET_MAGIC`].
    pub magic: u64,
    /// [`ResetReason`].
    pub reason: u64,
    /// Task index concerned, or `u64::MAX`.
    pub task: u64,
    /// Fault word of that task ([`crate::fault::Fault::pack`]), the argument of `reset`, or
    /// the number of the [`crate::invariant::Invariant`].
    pub fault: u64,
    /// Fault detail, or FAR_EL1.
    pub detail: u64,
    /// Program counter concerned.
    pub pc: u64,
    /// Exception syndrome, or zero.
    pub syndrome: u64,
    /// Counter value at the reset, in ticks.
    pub ticks: u64,
    /// [`ResetRecord::sum`] of the fields above.
    pub checksum: u64,
}

impl ResetRecord {
    /// FNV-1a over the fields before the checksum, word by word.
    #[must_use]
    pub const fn sum(&self) -> u64 {
        let words = [
            self.magic,
            self.reason,
            self.task,
            self.fault,
            self.detail,
            self.pc,
            self.syndrome,
            self.ticks,
        ];
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut i = 0;
        while i < words.len() {
            hash = (hash ^ words[i]).wrapping_mul(0x0000_0100_0000_01b3);
            i += 1;
        }
        hash
    }

    /// Whether the record was written and not damaged.
    #[must_use]
    pub const fn valid(&self) -> bool {
        self.magic == RESET_MAGIC && self.checksum == self.sum()
    }
}

/// Magic of a boot record: "exov6bot".
pub const BOOT_MAGIC: u64 = 0x746f_6236_766f_7865;

/// Boot record: page written by the kernel at boot, mapped read-only into the log task.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct BootRecord {
    /// [`BOOT_MAGIC`].
    pub magic: u64,
    /// MIDR_EL1 (AArch64) of the boot core.
    pub core: u64,
    /// Exception level at entry: 1 or 2.
    pub entry_level: u64,
    /// Interrupt controller in use: 2 = GICv2, 3 = GICv3.
    pub interrupt_controller: u64,
    /// Counter frequency, in ticks per second.
    pub ticks_per_second: u64,
    /// Counter at kernel entry, in ticks.
    pub boot_ticks: u64,
    /// Counter when the first task was dispatched, in ticks.
    pub start_ticks: u64,
    /// First eight bytes of the image id.
    pub image: u64,
    /// What ended the boot before this one (all zero when nothing is known).
    pub reset: ResetRecord,
}
