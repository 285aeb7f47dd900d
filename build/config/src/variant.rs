//! Variant: in which way a build differs from what `app.toml` says.
//!
//! ```text
//!                        debug (the default)      release
//!   tasks                all                      without `debug-only = true`
//!   kernel operations    as granted               never `exit`, never `fault`
//!   boot info            obeyed                   not looked at
//! ```
//!
//! What a release leaves out is what only a developer needs: ways to leave an
//! emulator, to inject faults, to choose a test, and tasks that act for a debugger.
//! What is left depends on nothing that is gone: a task that stays may neither call nor
//! notify one that goes. That is held in every build, so that it is no surprise.

use crate::app::{App, Targets, Task};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::fields::Out;
use crate::model::{LeftOut, Profile};
use crate::source::{Span, Spanned};
use abi::kernel_op::KernelOp;

/// In which way a build differs from what `app.toml` says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Variant<'a> {
    /// Another board than `app.toml` names: a name, or the path of a board's file.
    pub board: Option<&'a str>,
    /// With or without what only a developer needs.
    pub profile: Profile,
}

/// Kernel operations that no release grants.
pub const NOT_IN_RELEASE: [KernelOp; 2] = [KernelOp::Exit, KernelOp::Fault];

/// The rules about tasks that releases leave out.
pub(crate) fn check(app: &App, out: &mut Out) {
    let roles = [
        ("supervisor", app.supervisor.as_ref().and_then(|supervisor| supervisor.task.as_ref())),
        ("log task", app.log.as_ref()),
    ];
    for (role, named) in roles {
        if let Some((named, debug_only)) = named.and_then(|n| Some((n, debug_only(app, n)?))) {
            let title = format!("the {role}, `{}`, is left out of releases", named.value);
            out.push(
                Diagnostic::new(Code::NeedsDebugOnly, title)
                    .at(debug_only, "left out by this")
                    .also(named.span, format!("named as {role} here"))
                    .help(format!("every image needs its {role}; remove `debug-only`")),
            );
        }
    }
    for task in app.tasks.iter().filter(|task| task.debug_only.is_none()) {
        let calls =
            task.channels.iter().filter_map(|channel| Some((channel.to.as_ref()?, "calls")));
        let posts = task.posts.iter().map(|posts| (&posts.target, "notifies"));
        for (target, what) in calls.chain(posts) {
            if let Some(debug_only) = debug_only(app, target) {
                needs(task, what, target, debug_only, out);
            }
        }
    }
}

/// Where a task says that it is only for debugging, if it does.
fn debug_only(app: &App, name: &Spanned<String>) -> Option<Span> {
    app.tasks.iter().find(|task| task.name.value == name.value)?.debug_only
}

fn needs(task: &Task, what: &str, target: &Spanned<String>, debug_only: Span, out: &mut Out) {
    let (task, other) = (&task.name.value, &target.value);
    let title = format!("`{task}` {what} `{other}`, which is left out of releases");
    out.push(
        Diagnostic::new(Code::NeedsDebugOnly, title)
            .at(target.span, format!("`{task}` would have nobody there"))
            .also(debug_only, format!("`{other}` is left out by this"))
            .help(format!(
                "remove this, or make `{task}` `debug-only`, or `{other}` part of every image"
            )),
    );
}

/// Takes out what a release leaves out; what that was.
pub(crate) fn leave_out(app: &mut App) -> LeftOut {
    let (gone, kept): (Vec<Task>, Vec<Task>) =
        std::mem::take(&mut app.tasks).into_iter().partition(|task| task.debug_only.is_some());
    app.tasks = kept;
    let mut left_out =
        LeftOut { tasks: gone.into_iter().map(|task| task.name.value).collect(), grants: vec![] };
    let LeftOut { tasks, grants } = &mut left_out;
    for task in &mut app.tasks {
        for (_, targets) in &mut task.kernel {
            if let Targets::Tasks(names) = &mut targets.value {
                names.retain(|name| !tasks.contains(&name.value));
            }
        }
        task.kernel.retain(|(operation, _)| {
            let left = KernelOp::ALL
                .iter()
                .any(|(op, name)| *name == operation.value && NOT_IN_RELEASE.contains(op));
            if left {
                grants.push((task.name.value.clone(), operation.value.clone()));
            }
            !left
        });
    }
    left_out
}
