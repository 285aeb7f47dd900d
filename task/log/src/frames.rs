//! Frames about the run: its beginning, its counters, its end.

use abi::boot::BootRecord;
use abi::limits::MAX_SUMMARY;
use abi::log::{LINE_BOOT, LINE_END, LINE_SUMMARY};
use exov6_log::line::Frame;
use zerocopy::IntoBytes;

/// The boot record.
#[must_use]
pub fn boot(record: &BootRecord) -> Frame {
    let mut frame = Frame::new(LINE_BOOT);
    frame.write(record.as_bytes());
    frame
}

/// The summary counters of a task; only the first eight count.
#[must_use]
pub fn summary(task: u8, values: impl Iterator<Item = u64> + Clone) -> Frame {
    let values = values.take(MAX_SUMMARY);
    let mut frame = Frame::new(LINE_SUMMARY);
    frame.write(&[task, values.clone().count() as u8]);
    for value in values {
        frame.write(&value.to_le_bytes());
    }
    frame
}

/// The end of the run.
#[must_use]
pub const fn end() -> Frame {
    Frame::new(LINE_END)
}

#[cfg(test)]
mod tests {
    use super::*;
    use abi::boot::{BOOT_MAGIC, ResetRecord};
    use exov6_log::line::decode;
    use std::vec::Vec;
    use zerocopy::FromBytes;

    fn body(mut frame: Frame, kind: u8) -> Vec<u8> {
        let bytes = frame.finish().unwrap();
        assert_eq!(bytes[1], kind);
        let mut body = [0; 600];
        decode(&bytes[2..bytes.len() - 1], &mut body).unwrap().to_vec()
    }

    #[test]
    fn a_summary_says_whose_how_many_and_the_values() {
        let body = body(summary(6, [1, 0x0203].into_iter()), LINE_SUMMARY);
        assert_eq!(body, [6, 2, 1, 0, 0, 0, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn a_boot_record_arrives_whole_and_the_end_is_empty() {
        let record = BootRecord {
            magic: BOOT_MAGIC,
            core: 1,
            entry_level: 2,
            interrupt_controller: 3,
            ticks_per_second: 3,
            boot_ticks: 4,
            start_ticks: 5,
            image: 6,
            reset: ResetRecord::default(),
        };
        let body_bytes = body(boot(&record), LINE_BOOT);
        assert_eq!(BootRecord::read_from_bytes(&body_bytes).unwrap().start_ticks, 5);
        assert_eq!(body(end(), LINE_END), []);
    }
}
