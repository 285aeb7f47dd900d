//! Wiring: bits, ports, post grants and kernel operations, with names resolved.
//!
//! Bits of a task are numbered in one row:
//!
//! ```text
//!   notifications …  │ interrupts … │ timers … │ implicit (fault, stop)
//!   0                                                            ≤ 31
//! ```

use crate::app::{App, Targets, Task};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Label};
use crate::fields::{Out, check_count, check_unique};
use crate::hardware::Owned;
use crate::keys::granted_as_a_whole;
use crate::model::{
    Exit, Interrupt, Notification, NotificationKind, Port, PortOp, Post, PostBit, Timer,
};
use crate::order::Edge;
use crate::source::{Span, Spanned};
use crate::suggest;
use abi::kernel_op::{COUNT, KernelOp};
use abi::limits;

/// Implicit bits of the supervisor.
pub const SUPERVISOR_BITS: [&str; 2] = ["fault", "stop"];
/// Bit that the log task must declare.
pub const RECORDS: &str = "records";

/// The task with this name; that there is none is reported.
pub fn find_task(app: &App, name: &Spanned<String>, out: &mut Out) -> Option<usize> {
    let found = app.tasks.iter().position(|task| task.name.value == name.value);
    if found.is_none() {
        let names = app.tasks.iter().map(|task| task.name.value.as_str());
        let found =
            Diagnostic::new(Code::UnknownTask, format!("there is no task `{}`", name.value))
                .at(name.span, "not a task");
        let removed = app.removed.iter().find(|removed| removed.value == name.value);
        out.push(match removed {
            Some(removed) => found
                .also(removed.span, "removed here")
                .help("remove what refers to it as well, or give another task that name"),
            None => found.help(
                suggest::did_you_mean(&name.value, names)
                    .unwrap_or_else(|| format!("add a table `[tasks.{}]`", name.value)),
            ),
        });
    }
    found
}

/// All bits of a task; `supervisor` is where it is named as one, if it is.
pub fn notifications(
    task: &Task,
    owned: &Owned,
    supervisor: Option<Span>,
    out: &mut Out,
) -> Vec<Notification> {
    let implicit: Vec<Spanned<String>> = supervisor
        .iter()
        .flat_map(|&span| {
            SUPERVISOR_BITS.map(|name| Spanned { value: name.to_string(), span }).into_iter()
        })
        .collect();
    let interrupts = owned.claims.iter().map(|claim| &claim.notification);
    let own = task.notifications.iter().chain(interrupts.clone()).chain(&task.timers);
    check_unique("notification", own.clone(), out);
    for name in own.filter(|_| supervisor.is_some()) {
        if SUPERVISOR_BITS.contains(&name.value.to_ascii_lowercase().as_str()) {
            let title = format!("every supervisor has a notification `{}`", name.value);
            let mut found = Diagnostic::new(Code::NameTwice, title)
                .at(name.span, "there already")
                .help("remove it, or give it another name");
            found.secondary.extend(
                supervisor.map(|span| Label { span, text: "makes this the supervisor".into() }),
            );
            out.push(found);
        }
    }
    let declared = task.notifications.iter().map(|name| (name, NotificationKind::Declared));
    let interrupts = interrupts.zip(0..).map(|(name, n)| (name, NotificationKind::Interrupt(n)));
    let timers = task.timers.iter().zip(0..).map(|(name, n)| (name, NotificationKind::Timer(n)));
    let kernel = implicit.iter().map(|name| (name, NotificationKind::Implicit));
    let all: Vec<_> = declared.chain(interrupts).chain(timers).chain(kernel).collect();
    check_count(
        "notifications of a task, with those of interrupts and timers",
        all.len(),
        limits::MAX_NOTIFICATIONS,
        task.span,
        out,
    );
    if let (Some(passive), Some((name, kind))) = (task.passive, all.first()) {
        let what = match kind {
            NotificationKind::Declared => "notification",
            NotificationKind::Interrupt(_) => "interrupt",
            NotificationKind::Timer(_) => "timer",
            NotificationKind::Implicit => "supervisor's bit",
        };
        out.push(
            Diagnostic::new(
                Code::PassiveWoken,
                format!("`{}` is passive but has the {what} `{}`", task.name.value, name.value),
            )
            .at(name.span, "would wake it without a caller to pay for it")
            .also(passive, "passive: only calls may wake it")
            .help("remove one of the two"),
        );
    }
    all.into_iter()
        .zip(0..=u8::MAX)
        .map(|((name, kind), bit)| Notification {
            name: name.value.clone(),
            bit: bit % 32,
            kind,
            span: name.span,
        })
        .collect()
}

/// The interrupts of a task, with their bits.
pub fn interrupts(owned: &Owned, notifications: &[Notification]) -> Vec<Interrupt> {
    let bits = notifications.iter().filter(|n| matches!(n.kind, NotificationKind::Interrupt(_)));
    owned
        .claims
        .iter()
        .zip(bits)
        .map(|(claim, notification)| Interrupt {
            name: claim.name.clone(),
            intid: claim.intid,
            edge: claim.edge,
            bit: notification.bit,
            span: claim.span,
        })
        .collect()
}

/// The timers of a task, with their bits.
pub fn timers(notifications: &[Notification]) -> Vec<Timer> {
    notifications
        .iter()
        .filter_map(|notification| match notification.kind {
            NotificationKind::Timer(number) => Some(Timer {
                name: notification.name.clone(),
                number,
                bit: notification.bit,
                span: notification.span,
            }),
            _ => None,
        })
        .collect()
}

/// The ports of a task, and its calls as edges.
pub fn ports(app: &App, index: usize, edges: &mut Vec<Edge>, out: &mut Out) -> Vec<Port> {
    let mut all = Vec::new();
    for channel in &app.tasks[index].channels {
        let Some(server) = channel.to.as_ref().and_then(|to| find_task(app, to, out)) else {
            continue;
        };
        edges.push(Edge { client: index, server, span: channel.name.span });
        let ops = channel.ops.as_ref().map(|ops| {
            ops.iter().map(|op| PortOp { name: op.value.clone(), span: op.span }).collect()
        });
        all.push(Port {
            name: channel.name.value.clone(),
            number: u8::try_from(all.len()).unwrap_or(u8::MAX),
            server,
            ops,
            badge: index as u64 + 1,
            timeout_us: channel.timeout.as_ref().map_or(0, |timeout| timeout.value),
            timeout_span: channel.timeout.as_ref().map(|timeout| timeout.span),
            span: channel.name.span,
        });
    }
    all
}

/// The post grants of a task. `log` is the log task and where it is named.
pub fn posts(
    app: &App,
    index: usize,
    bits: &[Vec<Notification>],
    log: Option<(usize, Span)>,
    out: &mut Out,
) -> Vec<Post> {
    let mut all: Vec<Post> = Vec::new();
    let number = |all: &Vec<Post>| u8::try_from(all.len()).unwrap_or(u8::MAX);
    for posts in &app.tasks[index].posts {
        let Some(target) = find_task(app, &posts.target, out) else { continue };
        let granted: Vec<PostBit> = posts
            .bits
            .iter()
            .filter_map(|name| post_bit(app, target, &bits[target], name, out))
            .collect();
        all.push(Post {
            number: number(&all),
            target,
            mask: granted.iter().fold(0, |mask, bit| mask | 1 << bit.bit),
            bits: granted,
            implicit: false,
            span: posts.target.span,
        });
    }
    if let Some((target, span)) = log
        && target != index
        && let Some(records) = records(&bits[target])
    {
        all.push(Post {
            number: number(&all),
            target,
            bits: vec![PostBit { name: RECORDS.to_string(), bit: records.bit, span }],
            mask: records.mask(),
            implicit: true,
            span,
        });
    }
    check_count(
        "post grants of a task, with that of the log",
        all.len(),
        limits::MAX_POSTS,
        app.tasks[index].span,
        out,
    );
    all
}

/// The declared bit `records`.
pub fn records(bits: &[Notification]) -> Option<&Notification> {
    bits.iter().find(|bit| bit.name == RECORDS && bit.kind == NotificationKind::Declared)
}

/// The log task must declare its bit.
pub fn log_has_records(app: &App, log: usize, at: Span, bits: &[Notification], out: &mut Out) {
    if records(bits).is_none() {
        let task = &app.tasks[log];
        out.push(
            Diagnostic::new(
                Code::LogWithoutRecords,
                format!("the log task, `{}`, has no notification `{RECORDS}`", task.name.value),
            )
            .at(task.span, format!("`notifications` must list \"{RECORDS}\""))
            .also(at, "named as log task here")
            .help("every task posts it after writing to its log ring"),
        );
    }
}

fn post_bit(
    app: &App,
    target: usize,
    bits: &[Notification],
    name: &Spanned<String>,
    out: &mut Out,
) -> Option<PostBit> {
    let task = &app.tasks[target];
    let owner = &task.name.value;
    let Some(found) = bits.iter().find(|bit| bit.name == name.value) else {
        let declared = task.notifications.iter().map(|name| name.value.as_str());
        let help = suggest::did_you_mean(&name.value, declared)
            .unwrap_or_else(|| format!("add `notifications = [\"{}\"]` to `{owner}`", name.value));
        out.push(
            Diagnostic::new(
                Code::UnknownBit,
                format!("`{owner}` has no notification `{}`", name.value),
            )
            .at(name.span, "not a notification of the target")
            .also(task.span, "the target")
            .help(help),
        );
        return None;
    };
    let by = match found.kind {
        NotificationKind::Declared => {
            return Some(PostBit { name: name.value.clone(), bit: found.bit, span: name.span });
        }
        NotificationKind::Interrupt(_) => "an interrupt",
        NotificationKind::Timer(_) => "a timer",
        NotificationKind::Implicit => "the kernel",
    };
    out.push(
        Diagnostic::new(
            Code::BitNotDeclared,
            format!("`{}` of `{owner}` is set by {by}, not by tasks", name.value),
        )
        .at(name.span, "cannot be posted")
        .also(found.span, "comes from here")
        .help(format!("declare another bit in `notifications` of `{owner}`")),
    );
    None
}

/// For each kernel operation, the tasks that a task may use it on.
pub fn kernel_ops(
    app: &App,
    task: &Task,
    board: Option<(&str, Exit)>,
    out: &mut Out,
) -> [u64; COUNT] {
    let everybody = (0..app.tasks.len().min(64)).fold(0, |mask, index| mask | 1_u64 << index);
    let mut masks = [0; COUNT];
    for (name, targets) in &task.kernel {
        let Some((operation, _)) = KernelOp::ALL.iter().find(|(_, text)| *text == name.value)
        else {
            let names = KernelOp::ALL.iter().map(|(_, text)| *text);
            out.push(
                Diagnostic::new(
                    Code::UnknownKernelOperation,
                    format!("there is no kernel operation `{}`", name.value),
                )
                .at(name.span, "not a kernel operation")
                .maybe_help(suggest::did_you_mean(&name.value, names)),
            );
            continue;
        };
        let whole = granted_as_a_whole(*operation);
        let form = |wanted: &str, help: &str| {
            let title = format!("`{}` is granted {wanted}", name.value);
            Diagnostic::new(Code::KernelGrantForm, title)
                .at(targets.span, "not in this form")
                .help(help)
        };
        masks[*operation as usize] = match &targets.value {
            Targets::Whole(granted) if whole => u64::from(*granted) * everybody,
            Targets::Everybody if !whole => everybody,
            Targets::Tasks(names) if !whole => names
                .iter()
                .filter_map(|name| find_task(app, name, out))
                .filter(|&index| index < 64)
                .fold(0, |mask, index| mask | 1 << index),
            _ if whole => {
                let help = format!("write `{} = true`", name.value);
                out.push(form("as a whole, not for single tasks", &help));
                0
            }
            _ => {
                out.push(form("for certain tasks", "write \"*\" or a list of tasks"));
                0
            }
        };
        if let Some((board, Exit::None)) = board
            && *operation == KernelOp::Exit
            && masks[*operation as usize] != 0
        {
            out.push(
                Diagnostic::new(
                    Code::BoardCannot,
                    format!(
                        "`{}` is granted `exit`, and board `{board}` has none",
                        task.name.value
                    ),
                )
                .at(name.span, "cannot be done there")
                .help("remove the grant, or give the board an `exit`"),
            );
        }
    }
    masks
}
