//! Report: who can touch what, which statements hold, and what is wrong.

use crate::Subject;
use crate::descriptor::Rights;
use crate::finding::{Finding, Findings, Statement};
use crate::model::{Of, Space};
use crate::walk::Leaf;
use serde::Serialize;
use std::fmt;

/// A range that is mapped with the same rights to memory of one owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    /// First address in the space.
    pub address: u64,
    /// Bytes.
    pub size: u64,
    /// First physical address.
    pub physical: u64,
    /// Whoever the space is of may do this: some of `r`, `w`, `x`.
    pub rights: String,
    /// Whether it is device memory.
    pub device: bool,
    /// What it is, and whose.
    pub what: String,
}

/// An address space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpaceReport {
    /// A task, `the kernel` or `the boot map`.
    pub name: String,
    /// Everything that is mapped there, in address order.
    pub ranges: Vec<Range>,
}

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Its name.
    pub name: Statement,
    /// The sentence.
    pub statement: &'static str,
    /// Whether it holds; `None` if it needs an archive and there is none.
    pub holds: Option<bool>,
}

/// The result of a verification.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Name of the image.
    pub name: String,
    /// The image id that it has, in hexadecimal.
    pub image_id: String,
    /// Whether all statements hold.
    pub passed: bool,
    /// Every statement.
    pub statements: Vec<Held>,
    /// Who can touch what: tasks, the kernel, the boot.
    pub spaces: Vec<SpaceReport>,
    /// Descriptors of page tables that were looked at.
    pub descriptors: usize,
    /// What is wrong; the first thousand.
    pub findings: Vec<Finding>,
    /// How much is wrong.
    pub count: usize,
}

impl Report {
    pub(crate) fn new(
        name: &str,
        image_id: &str,
        subject: Option<&Subject>,
        not_tried: &[Statement],
        findings: Findings,
    ) -> Report {
        let statements = Statement::ALL.iter().map(|statement| {
            let broken = findings.all.iter().any(|finding| finding.statement == *statement);
            // What could not be opened was not looked at.
            let tried = !not_tried.contains(statement) && subject.is_some();
            let holds = if broken { Some(false) } else { tried.then_some(true) };
            Held { name: *statement, statement: statement.holds(), holds }
        });
        let spaces = subject.map_or(vec![], |subject| {
            let all = subject.model.spaces.iter().zip(&subject.reading.leaves);
            all.map(|(space, leaves)| describe(subject, space, leaves)).collect()
        });
        Report {
            name: name.to_owned(),
            image_id: image_id.to_owned(),
            passed: findings.count == 0,
            statements: statements.collect(),
            spaces,
            descriptors: subject.map_or(0, |subject| subject.reading.descriptors),
            count: findings.count,
            findings: findings.all,
        }
    }

    /// The findings for a person: the first of them, and how many more there are.
    #[must_use]
    pub fn complaint(&self, most: usize) -> String {
        let mut text: Vec<String> =
            self.findings.iter().take(most).map(Finding::to_string).collect();
        if let Some(more) = self.count.checked_sub(most).filter(|more| *more > 0) {
            text.push(format!("and {more} more"));
        }
        text.join("\n")
    }

    /// The archive as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for space in &self.spaces {
            writeln!(f, "{}", space.name)?;
            for range in &space.ranges {
                let Range { address, size, physical, rights, what, .. } = range;
                let end = address.wrapping_add(*size);
                let place = format!("{address:#x}..{end:#x}");
                let kib = format!("{} KiB", size >> 10);
                writeln!(f, "    {place:40} {kib:>10}  {rights:3}  {physical:#12x}  {what}")?;
            }
        }
        for held in &self.statements {
            let verdict = match held.holds {
                Some(true) => "ok",
                Some(false) => "FAILED",
                None => "-",
            };
            writeln!(f, "{verdict:7}{:18}{}", held.name.name(), held.statement)?;
        }
        Ok(())
    }
}

fn rights(space: &Space, leaf: &Leaf) -> String {
    let rights = leaf.meaning.rights;
    let (read, write, execute) = match space.of {
        Of::Task(_) => (Rights::TASK_READ, Rights::TASK_WRITE, Rights::TASK_EXECUTE),
        _ => (Rights::KERNEL_READ, Rights::KERNEL_WRITE, Rights::KERNEL_EXECUTE),
    };
    let letter = |right, letter| if rights.has(right) { letter } else { '-' };
    [letter(read, 'r'), letter(write, 'w'), letter(execute, 'x')].iter().collect()
}

fn describe(subject: &Subject, space: &Space, leaves: &[Leaf]) -> SpaceReport {
    let mut ranges: Vec<Range> = vec![];
    for leaf in leaves {
        let Leaf { address, physical, size, meaning, .. } = *leaf;
        let owner = subject.model.owner(physical).1;
        // What a task has of its own is called without its name.
        let what = owner.strip_suffix(&format!(" of {}", space.name)).unwrap_or(owner).to_owned();
        let (rights, device) = (rights(space, leaf), meaning.device());
        if let Some(last) = ranges.last_mut() {
            let next = last.address.wrapping_add(last.size) == address
                && last.physical.wrapping_add(last.size) == physical;
            if next && last.rights == rights && last.device == device && last.what == what {
                last.size += size;
                continue;
            }
        }
        ranges.push(Range { address, size, physical, rights, device, what });
    }
    SpaceReport { name: space.name.clone(), ranges }
}
