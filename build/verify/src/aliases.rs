//! Aliases: what all spaces together make of each physical page.
//!
//! Read from the tables alone: every mapping of every space, ordered by physical
//! address, is swept once. Between two places where a mapping begins or ends, the set of
//! mappings is the same, and is judged once.
//!
//! ```text
//!   plant   ────────rw────────
//!   log                  ─────r─────
//!   kernel  ──────────rw────────────
//!           |            |   |     |      each stretch: who may write, read, execute
//! ```

use crate::descriptor::Rights;
use crate::finding::{Finding, Findings, Statement};
use crate::model::{Model, Of};
use crate::walk::Leaf;
use abi::desc;

/// A mapping of a space.
#[derive(Clone, Copy)]
struct Alias<'a> {
    space: usize,
    leaf: &'a Leaf,
}

/// Judges every physical page by all mappings of it.
pub fn judge(model: &Model, leaves: &[Vec<Leaf>], findings: &mut Findings) {
    let mut all: Vec<Alias> = leaves
        .iter()
        .enumerate()
        .flat_map(|(space, leaves)| leaves.iter().map(move |leaf| Alias { space, leaf }))
        .collect();
    all.sort_by_key(|alias| alias.leaf.physical);
    let mut ends: Vec<u64> = all
        .iter()
        .flat_map(|a| [a.leaf.physical, a.leaf.physical.saturating_add(a.leaf.size)])
        .collect();
    ends.sort_unstable();
    ends.dedup();
    let mut active: Vec<Alias> = vec![];
    let mut next = all.into_iter().peekable();
    for at in ends {
        if findings.full() {
            return;
        }
        active.retain(|alias| alias.leaf.physical.saturating_add(alias.leaf.size) > at);
        while let Some(alias) = next.next_if(|alias| alias.leaf.physical <= at) {
            active.push(alias);
        }
        stretch(model, at, &active, findings);
    }
}

fn task(model: &Model, alias: &Alias<'_>) -> Option<usize> {
    match model.spaces.get(alias.space)?.of {
        Of::Task(index) => Some(index),
        _ => None,
    }
}

fn kind(model: &Model, alias: &Alias<'_>) -> u32 {
    let space = model.spaces.get(alias.space);
    space.and_then(|s| s.region(alias.leaf.address)).map_or(0, |region| region.kind)
}

fn stretch(model: &Model, at: u64, active: &[Alias<'_>], findings: &mut Findings) {
    let name = |alias: &Alias<'_>| model.spaces.get(alias.space).map_or("", |s| s.name.as_str());
    let can = |alias: &&Alias<'_>, right| alias.leaf.meaning.rights.has(right);
    let mut found = |statement, message: String, parties: [&Alias<'_>; 2], to_blame: &Alias<'_>| {
        let owner = model.owner(at).1;
        findings.push(
            Finding::new(statement, message)
                .page(to_blame.leaf.address, at)
                .owners(parties.map(name).into_iter().chain([owner]))
                .entry(to_blame.leaf.entry),
        );
    };
    let of_tasks: Vec<&Alias> = active.iter().filter(|a| task(model, a).is_some()).collect();
    for (position, second) in of_tasks.iter().enumerate() {
        for first in of_tasks.iter().take(position) {
            if first.space == second.space {
                continue;
            }
            // The entry of the one who is not the owner is to blame.
            let owner = model.owner(at).2;
            let blame = if owner == task(model, second) { first } else { second };
            let kinds = [kind(model, first), kind(model, second)];
            let window = kinds == [desc::KIND_WINDOW; 2] && of_tasks.len() == 2;
            let writers = [first, second].map(|a| a.leaf.meaning.rights.has(Rights::TASK_WRITE));
            let message =
                |what| format!("{at:#x} is {what} by {} and by {}", name(first), name(second));
            if writers == [true; 2] && !window {
                found(Statement::OneWriter, message("writable"), [first, second], blame);
                return;
            }
            let reader = if writers[0] { task(model, second) } else { task(model, first) };
            let ring = kinds == [desc::KIND_RING; 2]
                && writers != [false; 2]
                && model.log.is_some()
                && reader == model.log;
            let boot = kinds == [desc::KIND_BOOT; 2] && writers == [false; 2];
            if !(window || ring || boot) {
                found(Statement::OneReader, message("readable"), [first, second], blame);
                return;
            }
        }
    }
    let writes = |a: &&Alias<'_>| a.leaf.meaning.rights.writable();
    let runs = |a: &&Alias<'_>| a.leaf.meaning.rights.executable();
    if let (Some(writer), Some(runner)) = (active.iter().find(writes), active.iter().find(runs)) {
        let message = format!(
            "{at:#x} is writable by {} at {:#x} and executable by {} at {:#x}",
            name(writer),
            writer.leaf.address,
            name(runner),
            runner.leaf.address
        );
        found(Statement::WriteOrExecute, message, [writer, runner], writer);
    }
    let kernel_runs =
        active.iter().find(|a| can(a, Rights::KERNEL_EXECUTE) && task(model, a).is_none());
    if let (Some(kernel), Some(user)) = (kernel_runs, of_tasks.first()) {
        let message = format!("{at:#x} is the kernel's text, and {} maps it", name(user));
        found(Statement::OwnMemory, message, [user, kernel], user);
    }
}
