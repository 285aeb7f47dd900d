//! Corruption: flips every bit of an image's tables, one at a time, and looks again.
//!
//! Every bit of every page-table descriptor, in use or free, and of every record of the
//! kernel's tables. The image id and the ELF file, which would tell of any flip, are left
//! aside: the statements about meaning have to do it. A descriptor is judged by itself
//! and by what is below it (see `spaces.rs`); of the flips, some thousands, spread evenly,
//! are judged by a full verification too, which must say the same.

use crate::finding::{Finding, Findings, Place};
use crate::image::Image;
use crate::model::Model;
use crate::records;
use crate::spaces::Remember;
use crate::walk::Memory;
use crate::{Report, Subject, blob::Counts, open};
use exov6_archive::Archive;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// Flips that are judged by a full verification too, at least.
pub const SAMPLE: usize = 2000;
/// Flips that went wrong, of which this many are told.
const TOLD: usize = 20;

/// What became of the flips of one kind of bits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Bits that were flipped.
    pub flips: u64,
    /// Flips that change what a machine does, and were refused with page, owners and entry.
    pub caught: u64,
    /// Flips that change nothing that a machine does, and were refused all the same: how
    /// many, by reason.
    pub harmless: BTreeMap<&'static str, u64>,
    /// Flips by the statement that caught them.
    pub by: BTreeMap<&'static str, u64>,
}

/// What became of all flips.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Corruption {
    /// Of descriptors that map a page or lead to a table.
    pub used: Tally,
    /// Of free descriptors: those of an address space, and those of none.
    pub free: Tally,
    /// Of the kernel's tables.
    pub records: Tally,
    /// Flips that were judged by a full verification too.
    pub sampled: u64,
    /// What went wrong: flips that nobody noticed, were told of without page, owners or
    /// entry, or of which the two ways to look disagree. The first twenty.
    pub wrong: Vec<String>,
    /// How many.
    pub wrong_count: u64,
}

impl Corruption {
    /// Whether each flip was noticed as it should be.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.wrong_count == 0
    }

    fn wrong(&mut self, what: String) {
        self.wrong_count += 1;
        if self.wrong.len() < TOLD {
            self.wrong.push(what);
        }
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            ("descriptors that map", &self.used),
            ("free descriptors", &self.free),
            ("kernel's tables", &self.records),
        ];
        for (name, tally) in kinds {
            let harmless: u64 = tally.harmless.values().sum();
            writeln!(
                f,
                "{name}: {} bits flipped, {} change something and are refused, {harmless} change \
                 nothing and are refused",
                tally.flips, tally.caught
            )?;
            for (statement, count) in &tally.by {
                writeln!(f, "    {count:>8}  by {statement}")?;
            }
            for (reason, count) in &tally.harmless {
                writeln!(f, "    {count:>8}  change nothing: {reason}")?;
            }
        }
        writeln!(f, "{} of them judged by a full verification too", self.sampled)?;
        for wrong in &self.wrong {
            writeln!(f, "WRONG  {wrong}")?;
        }
        match self.wrong_count {
            0 => writeln!(f, "every flip was noticed"),
            count => writeln!(f, "{count} flips were not noticed as they should be"),
        }
    }
}

/// Flips every bit of the page tables and of the kernel's tables of an archive's image;
/// at least `sample` flips are judged by a full verification too.
///
/// # Errors
/// The report, if the archive does not verify as it is.
pub fn run(archive: &Archive, sample: usize) -> Result<Corruption, Box<Report>> {
    let report = crate::archive(archive);
    if !report.passed {
        return Err(Box::new(report));
    }
    let mut findings = Findings::default();
    let Some(mut subject) = open(archive, Remember::Yes, &mut findings) else {
        return Err(Box::new(report));
    };
    let mut corruption = Corruption::default();
    let mut whole = archive.clone();
    let places = places(&subject);
    let bits: u64 = places.iter().map(|(_, bytes)| bytes * 8).sum();
    // Odd, so that it is not the same bit of each descriptor.
    let every = ((bits / sample.max(1) as u64).max(2) - 1) | 1;
    let mut number = 0_u64;
    for (position, (start, bytes)) in places.into_iter().enumerate() {
        for byte in start..start + bytes {
            for bit in 0..8 {
                number += 1;
                let full = number.is_multiple_of(every).then_some(&mut whole);
                flip(&mut subject, byte, bit, position == 0, full, &mut corruption);
            }
        }
    }
    Ok(corruption)
}

/// The page tables and the kernel's tables: physical address and bytes.
fn places(subject: &Subject) -> [(u64, u64); 2] {
    let tables = subject.model.tables.map_or((0, 0), |(start, end)| (start, end - start));
    let counts = subject.expected.as_ref().map(|blob| Counts::of(&blob.header));
    let records = counts.unwrap_or_default().bytes() as u64;
    [tables, (subject.image.load + subject.model.blob as u64, records)]
}

/// Flips one bit of the byte at a physical address, judges, and flips it back.
fn flip(
    subject: &mut Subject,
    byte: u64,
    bit: u8,
    tables: bool,
    full: Option<&mut Archive>,
    corruption: &mut Corruption,
) {
    let at = (byte - subject.image.load) as usize;
    let descriptor = byte & !7;
    let free = subject.image.word(descriptor) == Some(0);
    let Some(value) = subject.image.bytes.get_mut(at) else { return };
    *value ^= 1 << bit;
    let mut findings = Findings::default();
    if tables {
        subject.reading.judge(&subject.model, &subject.image, descriptor, &mut findings);
    } else {
        judge_records(&subject.image, subject, &mut findings);
    }
    if let Some(value) = subject.image.bytes.get_mut(at) {
        *value ^= 1 << bit;
    }
    let tally = match (tables, free) {
        (true, false) => &mut corruption.used,
        (true, true) => &mut corruption.free,
        (false, _) => &mut corruption.records,
    };
    tally.flips += 1;
    let what = || format!("bit {bit} of the byte at {byte:#x}");
    let harmless = harmless(&findings);
    if let Some(first) = findings.all.iter().find(|f| f.harmless.is_none()).or(findings.all.first())
    {
        match harmless {
            Some(reason) => *tally.harmless.entry(reason).or_default() += 1,
            None => tally.caught += 1,
        }
        *tally.by.entry(first.statement.name()).or_default() += 1;
        if let Some(lacks) = lacks(&subject.model, first, descriptor, byte) {
            corruption.wrong(format!("{}: the message has no {lacks}:\n{first}", what()));
        }
    } else {
        corruption.wrong(format!("{}: nobody noticed", what()));
    }
    if let Some(archive) = full {
        corruption.sampled += 1;
        let mut all = Findings::default();
        toggle(archive, at, bit);
        open(archive, Remember::No, &mut all);
        toggle(archive, at, bit);
        if all.count == 0 || self::harmless(&all) != harmless {
            corruption.wrong(format!(
                "{}: a full verification says otherwise: {} findings, {:?}; one descriptor: {:?}",
                what(),
                all.count,
                self::harmless(&all),
                harmless
            ));
        }
    }
}

/// Why a flip changes nothing, if all that is wrong is harmless.
fn harmless(findings: &Findings) -> Option<&'static str> {
    let all = findings.all.iter().all(|finding| finding.harmless.is_some());
    findings.all.first().filter(|_| all).and_then(|finding| finding.harmless)
}

fn toggle(archive: &mut Archive, at: usize, bit: u8) {
    let image = archive.entries.iter_mut().find(|(name, _)| name == "image.img");
    if let Some(byte) = image.and_then(|(_, bytes)| bytes.get_mut(at)) {
        *byte ^= 1 << bit;
    }
}

fn judge_records(image: &Image, subject: &Subject, findings: &mut Findings) {
    let Some(expected) = &subject.expected else { return };
    let bytes = image.bytes.get(subject.model.blob..).unwrap_or(&[]);
    let at = image.load.wrapping_add(subject.model.blob as u64);
    if let Some(is) = crate::blob::Blob::read(bytes, &Counts::of(&expected.header)) {
        records::compare(&subject.model, &is, expected, at, findings);
    }
}

/// What the message of a finding lacks, if anything: the page or record, its owners, or
/// the entry that was flipped.
fn lacks(model: &Model, finding: &Finding, descriptor: u64, byte: u64) -> Option<&'static str> {
    let text = finding.to_string();
    let named = |place: &Place| match place {
        // The entry that was flipped, with its value.
        Place::Entry { physical, value, level } => {
            let words = format!("{physical:#x} = {value:#018x}, level {level}");
            *physical == descriptor && text.contains(&words)
        }
        Place::Record { physical, value, field, record } => {
            let words = format!("{physical:#x} = {value:#x}, field `{field}` of {record}");
            (*physical..*physical + 8).contains(&byte) && text.contains(&words)
        }
    };
    if ![&finding.entry, &finding.above].into_iter().flatten().any(named) {
        return Some("entry");
    }
    let told = |at: Option<u64>| at.is_some_and(|at| text.contains(&format!("{at:#x}")));
    let mut least = 1;
    if let Some(Place::Record { record, .. }) = &finding.entry {
        // Ports, posts and clients are about two tasks.
        least += usize::from(["ports", "posts", "clients"].iter().any(|t| record.starts_with(t)));
    } else if !told(finding.page) && !told(finding.address) {
        return Some("page");
    }
    // Whoever has the page is one of those that are named.
    let owner = finding.page.map(|page| model.owner(page).1);
    let owned = owner.is_none_or(|owner| finding.owners.iter().any(|name| name == owner));
    let names = finding.owners.iter().all(|name| text.contains(name.as_str()));
    (finding.owners.len() < least || !owned || !names).then_some("owner")
}
