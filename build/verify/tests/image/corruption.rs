//! Every bit of the small image's tables, flipped.

use crate::fixture;
use exov6_verify::corrupt;

#[test]
fn every_flipped_bit_of_a_small_image_is_noticed() {
    let archive = fixture::archive();
    let corruption = corrupt::run(&archive, corrupt::SAMPLE).unwrap();
    assert!(corruption.passed(), "{corruption}");
    assert!(corruption.sampled >= corrupt::SAMPLE as u64);
    // Every bit of every descriptor, in use or not, and of every record.
    let tables = archive.manifest.kernel.iter().find(|region| region.kind == "tables").unwrap();
    assert_eq!(corruption.used.flips + corruption.free.flips, tables.size.0 * 8);
    let tally = &corruption.used;
    assert_eq!(tally.caught + tally.harmless.values().sum::<u64>(), tally.flips);
    // Not all of them by the same two statements.
    for statement in ["exact", "own-memory", "kernel-memory", "write-or-execute", "canonical"] {
        assert!(tally.by.contains_key(statement), "{statement}: {corruption}");
    }
    // The reasons are those of the book, and no more.
    let reasons = [&corruption.used, &corruption.free, &corruption.records]
        .into_iter()
        .flat_map(|tally| tally.harmless.keys());
    let book = include_str!("../../../../doc/verify.md");
    for reason in reasons {
        assert!(book.contains(reason), "doc/verify.md does not say: {reason}");
    }
}

#[test]
fn an_archive_that_does_not_verify_is_not_corrupted_further() {
    let mut archive = fixture::archive();
    archive.manifest.size.0 += 4096;
    let report = corrupt::run(&archive, 1).unwrap_err();
    assert!(!report.passed);
}
