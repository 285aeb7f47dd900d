//! Room: what surely does not fit, before anything is compiled.
//!
//! Sizes of code and data are known to the linker only. But stacks, heaps, log rings and
//! registers have sizes in the description, and if these alone are too much for a task's
//! span or for memory, no code can be small enough.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Errors};
use crate::fields::{Out, bytes};
use crate::model::{Model, Stack, Task};
use abi::limits::{PAGE, SPAN};

/// A model in which nothing is surely too large.
///
/// # Errors
///
/// Each span that is too small, and memory if that is.
pub fn fits(model: Model) -> Result<Model, Errors> {
    let mut out = Out::new();
    for task in &model.tasks {
        span_holds(&model, task, &mut out);
    }
    memory_holds(&model, &mut out);
    if out.is_empty() { Ok(model) } else { Err(Errors::new(out, model.sources)) }
}

fn pages(size: u64) -> u64 {
    size.next_multiple_of(PAGE)
}

/// The least that a task's stack can be.
fn stack(task: &Task) -> u64 {
    match task.stack {
        Stack::Auto => PAGE,
        Stack::Bytes(bytes) => pages(bytes),
    }
}

/// Page 0 and the last page are never mapped; there is a page of code, and one of
/// nothing between code, stack, devices and rings.
fn span_holds(model: &Model, task: &Task, out: &mut Out) {
    let own = task.log.ring + PAGE;
    let others = match model.log {
        Some(log) if log.task == task.index => model
            .tasks
            .iter()
            .filter(|other| other.index != task.index)
            .map(|other| other.log.ring + PAGE)
            .sum(),
        _ => 0,
    };
    let devices: u64 = task.devices.iter().map(|device| device.size.saturating_add(PAGE)).sum();
    let parts = [
        ("its stack", stack(task) + PAGE),
        ("its heap", task.heap.map_or(0, |heap| pages(heap).saturating_add(PAGE))),
        ("its log ring", own),
        ("the log rings of the other tasks", others),
        ("registers of peripherals", devices),
    ];
    let left = SPAN - 3 * PAGE;
    let needed = parts.iter().fold(0_u64, |sum, (_, size)| sum.saturating_add(*size));
    if needed <= left {
        return;
    }
    let listed: Vec<String> = parts
        .iter()
        .filter(|(_, size)| *size > 0)
        .map(|(what, size)| format!("{what} {}", bytes(i128::from(*size))))
        .collect();
    out.push(
        Diagnostic::new(
            Code::DoesNotFit,
            format!(
                "`{}` needs {} of its address space, and {} are left besides a page of code",
                task.name,
                bytes(needed.into()),
                bytes(left.into())
            ),
        )
        .at(task.span, format!("{} too much", bytes(i128::from(needed - left))))
        .help(format!("with the unmapped page beside each: {}", listed.join(", "))),
    );
}

fn memory_holds(model: &Model, out: &mut Out) {
    let left = model.board.ram_base + model.board.ram_size - model.board.load;
    let of = |task: &Task| stack(task) + pages(task.heap.unwrap_or(0)) + task.log.ring;
    let needed: u64 = model.tasks.iter().map(of).sum();
    if needed <= left {
        return;
    }
    let Some(largest) = model.tasks.iter().max_by_key(|task| of(task)) else { return };
    out.push(
        Diagnostic::new(
            Code::DoesNotFit,
            format!(
                "stacks, heaps and log rings need {}, and board `{}` has {} from where it loads",
                bytes(needed.into()),
                model.board.name,
                bytes(left.into())
            ),
        )
        .at(largest.span, format!("the most of it, {}", bytes(of(largest).into())))
        .help("make stacks, heaps and rings smaller, or load lower in memory"),
    );
}
