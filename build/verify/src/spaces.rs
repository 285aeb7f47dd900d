//! Spaces: what the page tables map, against what must be mapped.
//!
//! [`Reading`] walks all address spaces of an image once and remembers, for each
//! descriptor of the page tables, which addresses it is for. So a single descriptor can
//! be judged again, with another value, by looking at that descriptor and what it leads
//! to: [`Reading::judge`] says of one what [`Reading::new`] says of all, with the same
//! code. Whoever flips bits by the million uses that.

use crate::descriptor::{Meaning, PAGE, Rights};
use crate::finding::{Finding, Findings, Place, Statement};
use crate::model::{Model, Of, Page, Space};
use crate::walk::{Entry, Leaf, Memory, Oddity, Regime, Slot, Visitor, step, translate, walk};
use abi::desc;
use std::collections::BTreeMap;

/// Who a descriptor of a table belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Index of the space.
    pub space: usize,
    /// Where in it.
    pub slot: Slot,
}

/// All address spaces of an image, walked.
pub struct Reading {
    /// Everything mapped, by space, in address order.
    pub leaves: Vec<Vec<Leaf>>,
    /// Physical address of each table below a root, and of the descriptor that leads to it.
    tables: BTreeMap<u64, u64>,
    /// Who uses each descriptor of the area of page tables, if that was to be remembered.
    uses: Vec<Option<Use>>,
    /// Where that is.
    area: (u64, u64),
    /// Descriptors that were looked at.
    pub descriptors: usize,
}

/// Whether the users of all descriptors are remembered, for [`Reading::judge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remember {
    /// They are.
    Yes,
    /// They are not: that takes half of the time.
    No,
}

/// What a walk has seen.
struct Seen<'a> {
    leaves: Vec<Leaf>,
    odd: Vec<(Slot, Entry, Oddity)>,
    tables: &'a mut BTreeMap<u64, u64>,
    uses: &'a mut [Option<Use>],
    /// Which descriptors of the area were looked at.
    visited: &'a mut [bool],
    count: usize,
    area: (u64, u64),
    known: bool,
    space: usize,
    /// Tables that were entered already stay so: a single descriptor is looked at again.
    again: bool,
}

impl Visitor for Seen<'_> {
    fn table(&mut self, slot: &Slot, below: u64) -> Result<(), Oddity> {
        if self.known && !(self.area.0..self.area.1).contains(&below) {
            return Err(Oddity::NoTable(below));
        }
        match self.tables.get(&below) {
            Some(leader) if self.again && *leader == slot.physical => Ok(()),
            Some(_) => Err(Oddity::TableTwice(below)),
            None if self.again => Ok(()),
            None => {
                self.tables.insert(below, slot.physical);
                Ok(())
            }
        }
    }

    fn leaf(&mut self, leaf: Leaf) {
        self.leaves.push(leaf);
    }

    fn odd(&mut self, slot: &Slot, entry: Entry, oddity: Oddity) {
        self.odd.push((*slot, entry, oddity));
    }

    fn entry(&mut self, slot: &Slot) {
        if self.again {
            return;
        }
        self.count += 1;
        let Ok(index) = usize::try_from(slot.physical.wrapping_sub(self.area.0) / 8) else {
            return;
        };
        if let Some(visited) = self.visited.get_mut(index) {
            *visited = true;
        }
        if let Some(user) = self.uses.get_mut(index) {
            *user = Some(Use { space: self.space, slot: *slot });
        }
    }
}

impl Reading {
    /// Walks all spaces of a model and compares each with what it must map.
    pub fn new(
        model: &Model,
        memory: &impl Memory,
        remember: Remember,
        findings: &mut Findings,
    ) -> Reading {
        // Tables may lie anywhere in the image if nobody says where.
        let (known, area) = (model.tables.is_some(), model.tables.unwrap_or(model.image));
        let words = if known { (area.1.saturating_sub(area.0) / 8) as usize } else { 0 };
        let uses = if remember == Remember::Yes { vec![None; words] } else { vec![] };
        let mut reading =
            Reading { leaves: vec![], tables: BTreeMap::new(), uses, area, descriptors: 0 };
        let mut visited = vec![false; words];
        // Roots first: no other table may be one of them.
        for space in &model.spaces {
            let page = space.root & !(PAGE - 1);
            let whole = space.regime != Regime::TASK;
            let bytes = space.regime.entries() * 8;
            let inside = space.root >= area.0
                && space.root.checked_add(bytes).is_some_and(|end| end <= area.1);
            let shared = model.spaces.iter().filter(|other| {
                let page = other.root & !(PAGE - 1) == page;
                other.root == space.root || page && whole
            });
            if !inside || space.root % bytes != 0 || shared.count() != 1 {
                let message = format!(
                    "the root table of {} is at {:#x}: it must be one of its own in the page tables",
                    space.name, space.root
                );
                findings.push(
                    Finding::new(Statement::Exact, message)
                        .page(None, page)
                        .owners([space.name.as_str(), model.owner(page).1]),
                );
            }
            reading.tables.insert(page, 0);
        }
        for (index, space) in model.spaces.iter().enumerate() {
            let mut seen = reading.seen(index, known, false, &mut visited);
            walk(memory, space.regime, space.root, &mut seen);
            let (leaves, odd) = (seen.leaves, seen.odd);
            let last = (1 << space.regime.bits) - 1;
            let range = (space.regime.base, last);
            tell(model, memory, space, range, (&leaves, &odd), findings);
            reading.leaves.push(leaves);
        }
        for (index, _) in visited.iter().enumerate().filter(|(_, visited)| !**visited) {
            let physical = area.0 + index as u64 * 8;
            match memory.word(physical) {
                Some(0) => {}
                Some(value) => findings.push(free(physical, value)),
                None => {
                    let message = format!("the page tables end at {physical:#x}, before their end");
                    findings.push(Finding::new(Statement::Header, message).page(None, physical));
                    break;
                }
            }
        }
        reading
    }

    fn seen<'a>(
        &'a mut self,
        space: usize,
        known: bool,
        again: bool,
        visited: &'a mut [bool],
    ) -> Seen<'a> {
        Seen {
            visited,
            count: 0,
            leaves: vec![],
            odd: vec![],
            tables: &mut self.tables,
            uses: &mut self.uses,
            area: self.area,
            known,
            space,
            again,
        }
    }

    /// Who uses the descriptor at a physical address of the area of page tables.
    #[must_use]
    pub fn used(&self, physical: u64) -> Option<Use> {
        let index = usize::try_from(physical.checked_sub(self.area.0)? / 8).ok()?;
        self.uses.get(index).copied().flatten()
    }

    /// Judges the descriptor at a physical address again, after it has changed, and what
    /// is below it. What is not below it is as it was when this was read.
    pub fn judge(
        &mut self,
        model: &Model,
        memory: &impl Memory,
        physical: u64,
        findings: &mut Findings,
    ) {
        let Some(value) = memory.word(physical) else { return };
        let Some(Use { space: index, slot }) = self.used(physical) else {
            if value != 0 {
                findings.push(free(physical, value));
            }
            return;
        };
        let Some(space) = model.spaces.get(index) else { return };
        let mut seen = self.seen(index, model.tables.is_some(), true, &mut []);
        step(memory, &slot, value, &mut seen);
        let (leaves, odd) = (seen.leaves, seen.odd);
        let range = (slot.address, slot.size() - 1);
        tell(model, memory, space, range, (&leaves, &odd), findings);
    }
}

/// What a walk has found, in words: first what leads to tables, since the rest may follow
/// from it.
fn tell(
    model: &Model,
    memory: &impl Memory,
    space: &Space,
    range: (u64, u64),
    (leaves, odd): (&[Leaf], &[(Slot, Entry, Oddity)]),
    findings: &mut Findings,
) {
    let (above, last): (Vec<_>, Vec<_>) = odd.iter().partition(|(slot, ..)| slot.level < 3);
    above.into_iter().for_each(|odd| findings.push(oddity(model, space, odd)));
    compare(model, memory, space, range, leaves, findings);
    last.into_iter().for_each(|odd| findings.push(oddity(model, space, odd)));
}

/// A descriptor that nobody uses and that is not zero.
fn free(physical: u64, value: u64) -> Finding {
    let message =
        format!("the descriptor at {physical:#x} belongs to no address space, and is not zero");
    let finding = Finding::new(Statement::Free, message)
        .page(None, physical & !(PAGE - 1))
        .owners(["page tables of the kernel"])
        .entry(Entry { physical, value, level: 3 });
    Finding { harmless: Some("spare descriptors: no walk gets to them"), ..finding }
}

/// Why a descriptor that maps nothing may hold anything, for a machine.
fn maps_nothing(value: u64) -> &'static str {
    if value & 1 == 0 {
        "bits 1-63 of a free descriptor: ignored while bit 0 is zero"
    } else {
        "bit 0 without bit 1 at level 3: the reserved type, which maps nothing"
    }
}

/// What is odd about a descriptor, in words.
fn oddity(model: &Model, space: &Space, (slot, entry, oddity): &(Slot, Entry, Oddity)) -> Finding {
    let (at, size) = (slot.address, slot.size());
    let range = format!("{at:#x}..{:#x} of {}", at.wrapping_add(size), space.name);
    let table = |to: u64| format!("{} ({to:#x})", model.owner(to).1);
    let finding = match *oddity {
        Oddity::FreeNotZero => {
            let message = format!("the descriptor for {range} maps nothing, and is not zero");
            let harmless = Some(maps_nothing(entry.value));
            Finding { harmless, ..Finding::new(Statement::Free, message) }
        }
        Oddity::NotZero(field) => {
            let statement =
                if field.harmless.is_some() { Statement::Canonical } else { Statement::Exact };
            let message = format!("the descriptor for {range} has {} set", field.name);
            Finding { harmless: field.harmless, ..Finding::new(statement, message) }
        }
        Oddity::TooFar(to) => Finding::new(
            Statement::Exact,
            format!("the descriptor for {range} leads to {to:#x}, beyond 40 bits: each use faults"),
        ),
        Oddity::NotAccessed => Finding::new(
            Statement::Exact,
            format!("the descriptor for {range} has its access flag clear: each use faults"),
        ),
        Oddity::NoTable(to) => Finding::new(
            Statement::Exact,
            format!("the descriptor for {range} leads to a table in {}", table(to)),
        ),
        Oddity::TableTwice(to) => Finding::new(
            Statement::Exact,
            format!("the descriptor for {range} leads to a table at {to:#x}, which another has"),
        ),
    };
    let to = match *oddity {
        Oddity::TooFar(to) | Oddity::NoTable(to) | Oddity::TableTwice(to) => Some(to & !(PAGE - 1)),
        _ => None,
    };
    let owners = [Some(space.name.clone()), to.map(|to| model.owner(to).1.to_owned())];
    finding.page(at, to).owners(owners.into_iter().flatten()).entry(*entry)
}

/// Compares what is mapped in a range (first address, last offset from there) of a space
/// with what must be.
fn compare(
    model: &Model,
    memory: &impl Memory,
    space: &Space,
    (first, last): (u64, u64),
    leaves: &[Leaf],
    findings: &mut Findings,
) {
    let Some(pages) = &space.pages else {
        for leaf in leaves {
            unknown(model, space, leaf, findings);
        }
        return;
    };
    let begin = pages.partition_point(|page| page.address < first);
    let pages = pages.get(begin..).unwrap_or(&[]);
    let end = pages.partition_point(|page| page.address.wrapping_sub(first) <= last);
    let mut pages = pages.get(..end).unwrap_or(&[]).iter().peekable();
    let mut leaves = leaves.iter().peekable();
    while !findings.full() {
        match (pages.peek(), leaves.peek()) {
            (None, None) => break,
            (Some(page), Some(leaf)) if page.address == leaf.address => {
                differ(model, space, page, leaf, findings);
                pages.next();
                leaves.next();
            }
            (Some(page), leaf) if leaf.is_none_or(|leaf| page.address < leaf.address) => {
                missing(model, memory, space, page, findings);
                pages.next();
            }
            (_, Some(leaf)) => {
                unexpected(model, space, leaf, findings);
                leaves.next();
            }
            (Some(_), None) => break,
        }
    }
}

/// The statement that a wrong mapping breaks first.
fn broken(model: &Model, space: &Space, leaf: &Leaf) -> Statement {
    let owner = model.owner(leaf.physical).2;
    let in_tables = model.tables.is_some_and(|(start, end)| {
        leaf.physical < end && leaf.physical.saturating_add(leaf.size) > start
    });
    let rights = leaf.meaning.rights;
    if in_tables && rights.writable() {
        return Statement::TablesReadOnly;
    }
    if rights.writable() && rights.executable() {
        return Statement::WriteOrExecute;
    }
    match space.of {
        Of::Task(index) if owner != Some(index) => Statement::OwnMemory,
        Of::Task(_) => Statement::Exact,
        Of::Kernel | Of::Boot if rights.of_tasks() => Statement::OwnMemory,
        Of::Kernel | Of::Boot => Statement::KernelMemory,
    }
}

fn blame(
    model: &Model,
    space: &Space,
    leaf: &Leaf,
    statement: Statement,
    message: String,
) -> Finding {
    Finding::new(statement, message)
        .page(leaf.address, leaf.physical)
        .owners([space.name.as_str(), model.owner(leaf.physical).1])
        .entry(leaf.entry)
}

/// A page that must be mapped, and is mapped somehow.
fn differ(model: &Model, space: &Space, page: &Page, leaf: &Leaf, findings: &mut Findings) {
    let (at, name) = (page.address, &space.name);
    if leaf.size != PAGE {
        let message = format!(
            "{name} maps a block of {:#x} bytes at {at:#x}, where single pages must be: it begins \
             with {}",
            leaf.size,
            model.owner(leaf.physical).1
        );
        findings.push(blame(model, space, leaf, broken(model, space, leaf), message));
        return;
    }
    if leaf.physical != page.physical {
        let message = format!(
            "{name} maps {:#x} ({}) at {at:#x}, where {:#x} ({}) must be",
            leaf.physical,
            model.owner(leaf.physical).1,
            page.physical,
            model.owner(page.physical).1,
        );
        let statement = broken(model, space, leaf);
        findings.push(blame(model, space, leaf, statement, message));
        return;
    }
    if leaf.meaning != page.meaning {
        let message = format!(
            "{name} maps {:#x} ({}) at {at:#x} otherwise than it must: {}",
            page.physical,
            model.owner(page.physical).1,
            leaf.meaning.difference(&page.meaning)
        );
        let rights = leaf.meaning.rights;
        let statement = match broken(model, space, leaf) {
            Statement::OwnMemory | Statement::KernelMemory
                if !rights.of_tasks() || rights == page.meaning.rights =>
            {
                Statement::Exact
            }
            other => other,
        };
        let mut finding = blame(model, space, leaf, statement, message);
        finding.above = leaf.taken_by.map(Place::from);
        findings.push(finding);
    }
}

/// A page that must be mapped, and is not.
fn missing(
    model: &Model,
    memory: &impl Memory,
    space: &Space,
    page: &Page,
    findings: &mut Findings,
) {
    let what = model.owner(page.physical).1;
    let message = format!(
        "{} does not map {:#x} ({what}) at {:#x}, where it must be",
        space.name, page.physical, page.address
    );
    let mut finding = Finding::new(Statement::Exact, message)
        .page(page.address, page.physical)
        .owners([space.name.as_str(), what]);
    let path = translate(memory, space.regime, space.root, page.address);
    finding.above = path.iter().rev().nth(1).map(|entry| (*entry).into());
    finding.entry = path.last().map(|entry| (*entry).into());
    findings.push(finding);
}

/// Something mapped where nothing must be.
fn unexpected(model: &Model, space: &Space, leaf: &Leaf, findings: &mut Findings) {
    let name = &space.name;
    let (at, what) = (leaf.address, model.owner(leaf.physical).1);
    let how = match leaf.size {
        PAGE => format!("{:#x} ({what})", leaf.physical),
        size => format!("{size:#x} bytes from {:#x} on ({what})", leaf.physical),
    };
    let linear = at.wrapping_sub(Regime::KERNEL.base);
    let guard = match space.of {
        Of::Task(_) => space.region(at).is_some_and(|region| region.kind == desc::KIND_GUARD),
        Of::Kernel => (model.image.0..model.image.1).contains(&linear),
        Of::Boot => false,
    };
    let (statement, message) = if guard {
        (Statement::Guard, format!("{name} maps {how} at {at:#x}, its guard page"))
    } else if at == 0 && matches!(space.of, Of::Task(_)) {
        (Statement::OwnMemory, format!("{name} maps {how} at 0, which must never be mapped"))
    } else {
        let statement = match broken(model, space, leaf) {
            Statement::Exact => Statement::OwnMemory,
            other => other,
        };
        (statement, format!("{name} maps {how} at {at:#x}, where nothing must be"))
    };
    findings.push(blame(model, space, leaf, statement, message));
}

/// A mapping of the kernel's or of the boot in a raw image: nobody says what must be, but
/// not everything may be.
fn unknown(model: &Model, space: &Space, leaf: &Leaf, findings: &mut Findings) {
    let Leaf { address, physical, size, meaning, .. } = *leaf;
    let name = &space.name;
    let mut found = |statement, what: &str| {
        let owner = model.owner(physical).1;
        let message = format!("{name} maps {physical:#x} ({owner}) at {address:#x}: {what}");
        findings.push(blame(model, space, leaf, statement, message));
    };
    let linear = address.wrapping_sub(space.regime.base);
    if linear != physical {
        found(Statement::KernelMemory, "it is not where the linear map has it");
    }
    let inside = physical >= model.image.0 && physical.saturating_add(size) <= model.image.1;
    let allowed: &[Meaning] = match (space.of, inside) {
        (Of::Boot, _) => &[Meaning::expected(false, false, true, false)],
        (_, true) => &[
            Meaning::expected(false, false, true, false),
            Meaning::expected(false, false, false, false),
            Meaning::expected(false, true, false, false),
        ],
        (_, false) => &[Meaning::expected(false, true, false, true)],
    };
    if !allowed.contains(&meaning) {
        let rights = meaning.rights;
        let statement = if rights.writable() && rights.executable() {
            Statement::WriteOrExecute
        } else if rights.has(Rights::TASK_READ) {
            Statement::OwnMemory
        } else {
            Statement::KernelMemory
        };
        found(statement, "no page of the kernel is like that");
    }
    if space.of == Of::Boot && !inside {
        found(Statement::KernelMemory, "the boot needs the image only");
    }
}
