//! Warnings: what is useless in a system that is right.
//!
//! Only what surely is: a warning that has to be explained away teaches people not to
//! read them.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Errors};
use crate::model::{Model, NotificationKind, Profile};
use abi::kernel_op::KernelOp;

/// What is useless in a checked model; possibly nothing. Of a release nothing is said:
/// what it leaves out may be what used the rest.
#[must_use]
pub fn warnings(model: &Model) -> Errors {
    let mut out = Vec::new();
    if model.profile == Profile::Debug {
        bits_are_posted(model, &mut out);
        held_tasks_can_start(model, &mut out);
        bands_have_tasks(model, &mut out);
    }
    Errors::new(out, model.sources.clone())
}

fn bits_are_posted(model: &Model, out: &mut Vec<Diagnostic>) {
    for task in &model.tasks {
        let posts = model.tasks.iter().flat_map(|other| &other.posts);
        let posted =
            posts.filter(|post| post.target == task.index).fold(0, |mask, post| mask | post.mask);
        for bit in &task.notifications {
            // The bit that everybody would post, if there were anybody else.
            let of_log =
                model.log.is_some_and(|log| (log.task, log.records_bit) == (task.index, bit.bit));
            if bit.kind == NotificationKind::Declared && posted & bit.mask() == 0 && !of_log {
                let title = format!("nobody posts `{}` of `{}`", bit.name, task.name);
                out.push(
                    Diagnostic::new(Code::NobodyPosts, title)
                        .at(bit.span, "never set")
                        .also(task.span, "this task would wait for it for ever")
                        .help("let a task post it, or remove it here and in the crate"),
                );
            }
        }
    }
}

fn held_tasks_can_start(model: &Model, out: &mut Vec<Diagnostic>) {
    for task in model.tasks.iter().filter(|task| task.held) {
        let started = model.tasks.iter().any(|other| {
            let on = |operation: KernelOp| other.kernel_ops[operation as usize];
            (on(KernelOp::Start) | on(KernelOp::Restart)) & 1 << task.index != 0
        });
        if !started {
            out.push(
                Diagnostic::new(
                    Code::NeverStarted,
                    format!("`{}` is held at boot, and nobody may start it", task.name),
                )
                .at(task.span, "never runs")
                .help("grant `start` or `restart` on it, or remove `start = false`"),
            );
        }
    }
}

fn bands_have_tasks(model: &Model, out: &mut Vec<Diagnostic>) {
    for (index, band) in model.bands.iter().enumerate() {
        if model.tasks.iter().all(|task| task.band != index) {
            out.push(
                Diagnostic::new(Code::BandWithoutTask, format!("band `{}` has no task", band.name))
                    .at(band.span, "nothing is scheduled here")
                    .help("remove it, or put a task into it"),
            );
        }
    }
}
