//! The pages about this boot: what an emulator tells the run, and what the kernel
//! found (see `abi::boot`).

use crate::Device;
use abi::boot::{BOOT_MAGIC, BootInfo, BootRecord, INFO_MAGIC, SCRIPT_BYTES};
use zerocopy::FromBytes;

/// The boot-info page of a task with `uses = ["boot-info"]`, or `None` if nobody
/// filled it.
#[must_use]
pub fn boot_info(page: Device) -> Option<&'static BootInfo> {
    parse(bytes(page)?)
}

/// The boot record, where the build tools have mapped it, or `None` if the kernel
/// left none.
#[must_use]
pub fn boot_record(page: Device) -> Option<&'static BootRecord> {
    let (record, _) = BootRecord::ref_from_prefix(bytes(page)?).ok()?;
    (record.magic == BOOT_MAGIC).then_some(record)
}

/// A read-only page of the task.
fn bytes(page: Device) -> Option<&'static [u8]> {
    if !cfg!(target_os = "none") || page.address == 0 {
        return None;
    }
    let start = core::ptr::with_exposed_provenance::<u8>(page.address);
    // SAFETY: the address comes from the build tools, which map this page read-only
    // into this task; nobody writes it once tasks run.
    Some(unsafe { core::slice::from_raw_parts(start, page.size) })
}

/// The console script of a page: its used bytes.
#[must_use]
pub fn script(info: &BootInfo) -> &[u8] {
    &info.script[..(info.script_len as usize).min(SCRIPT_BYTES)]
}

/// A filled page, or `None`.
fn parse(page: &[u8]) -> Option<&BootInfo> {
    let (info, _) = BootInfo::ref_from_prefix(page).ok()?;
    (info.magic == INFO_MAGIC && info.script_len <= SCRIPT_BYTES as u64).then_some(info)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zerocopy::IntoBytes;

    #[repr(align(8))]
    struct Page([u8; 4096]);

    fn page(info: &BootInfo) -> Page {
        let mut page = Page([0; 4096]);
        page.0[..size_of::<BootInfo>()].copy_from_slice(info.as_bytes());
        page
    }

    fn filled() -> BootInfo {
        let mut info = BootInfo {
            generation: 0,
            magic: INFO_MAGIC,
            run_until_us: 5,
            test: 7,
            machine: 0,
            script_len: 4,
            script: [0; SCRIPT_BYTES],
        };
        info.script[..4].copy_from_slice(b"1 x\n");
        info
    }

    #[test]
    fn a_filled_page_is_read() {
        let page = page(&filled());
        let info = parse(&page.0).unwrap();
        assert_eq!((info.run_until_us, info.test), (5, 7));
        assert_eq!(script(info), b"1 x\n");
    }

    #[test]
    fn a_page_without_magic_a_short_page_and_an_overlong_script_are_not() {
        assert!(parse(&page(&BootInfo { magic: INFO_MAGIC ^ 1, ..filled() }).0).is_none());
        assert!(parse(&page(&filled()).0[..1000]).is_none());
        assert!(parse(&page(&BootInfo { script_len: 1025, ..filled() }).0).is_none());
    }
}
