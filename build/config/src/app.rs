//! app.toml as it is written: every key with its type and place, no name resolved.
//!
//! This is the first arrow of the build: text becomes typed config. What a single
//! value can be wrong in (its type, its range, the form of a name) is reported
//! here; what needs a second value to be wrong is for [`crate::check`].

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Table, Value};
use crate::fields::{
    self, Fields, Keys, Out, check_count, check_name, check_repeats, check_unique,
};
use crate::model::{CrateRef, Level, Policy, Restart, RestartPolicy, TaskLog};
use crate::source::{Span, Spanned};
use abi::limits;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Stack of a task that does not say, in bytes.
pub const STACK_DEFAULT: u64 = 8192;
/// Smallest stack, in bytes: below, not even a panic message fits.
pub const STACK_MIN: u64 = 1024;
/// Acknowledgement time of a supervisor that does not say, in milliseconds.
pub const ACK_DEFAULT_MS: u64 = 20;
/// Longest time a port's timeout may be, in microseconds: one hour.
pub const TIMEOUT_MAX_US: u64 = 3_600_000_000;

/// An `app.toml`.
#[derive(Debug)]
pub struct App {
    pub name: Option<Spanned<String>>,
    pub board: Option<Spanned<String>>,
    pub bands: Vec<Band>,
    pub supervisor: Option<Supervisor>,
    pub log: Option<Spanned<String>>,
    pub log_span: Option<Span>,
    /// `kernel = { checks = … }`.
    pub checks: bool,
    pub tasks: Vec<Task>,
}

/// An entry of `bands`.
#[derive(Debug)]
pub struct Band {
    pub name: Spanned<String>,
    pub policy: Policy,
}

/// `supervisor = { … }`.
#[derive(Debug)]
pub struct Supervisor {
    pub span: Span,
    pub task: Option<Spanned<String>>,
    pub ack_ms: u64,
}

/// A table of `tasks`.
#[derive(Debug)]
pub struct Task {
    pub name: Spanned<String>,
    pub span: Span,
    pub crate_ref: Option<Spanned<CrateRef>>,
    pub band: Option<Spanned<String>>,
    pub priority: Option<Spanned<u64>>,
    pub fp: bool,
    pub thread_pointer: bool,
    pub start: bool,
    pub start_span: Option<Span>,
    pub passive: Option<Span>,
    /// Where it says `debug-only = true`, if it does.
    pub debug_only: Option<Span>,
    pub stack: u64,
    pub uses: Vec<Spanned<String>>,
    pub interrupts: Vec<(Spanned<String>, Spanned<String>)>,
    pub notifications: Vec<Spanned<String>>,
    pub timers: Vec<Spanned<String>>,
    pub channels: Vec<Channel>,
    pub posts: Vec<Posts>,
    pub kernel: Vec<(Spanned<String>, Spanned<Targets>)>,
    pub restart: Restart,
    pub log: TaskLog,
    pub summary: Vec<Spanned<String>>,
    pub config: serde_json::Value,
    pub config_spans: BTreeMap<String, Span>,
}

/// An entry of `channels`.
#[derive(Debug)]
pub struct Channel {
    pub name: Spanned<String>,
    pub to: Option<Spanned<String>>,
    pub ops: Option<Vec<Spanned<String>>>,
    pub timeout_us: u64,
}

/// An entry of `posts`.
#[derive(Debug)]
pub struct Posts {
    pub target: Spanned<String>,
    pub bits: Vec<Spanned<String>>,
}

/// Whom a kernel operation may be used on.
#[derive(Debug)]
pub enum Targets {
    /// `"*"`
    Everybody,
    /// `true` or `false`
    Whole(bool),
    /// A list of tasks.
    Tasks(Vec<Spanned<String>>),
}

const APP: Keys = Keys {
    what: "app.toml",
    now: &["name", "board", "bands", "supervisor", "log", "kernel", "tasks"],
    later: &["inherit", "lattice", "dag", "target"],
};
const KERNEL: Keys = Keys { what: "`kernel`", now: &["checks"], later: &["trace"] };
const BAND: Keys =
    Keys { what: "a band", now: &["name", "policy"], later: &["slot_us", "frame", "gas", "share"] };
const SUPERVISOR: Keys = Keys { what: "`supervisor`", now: &["task", "ack_ms"], later: &[] };
const LOG: Keys = Keys { what: "`log`", now: &["task"], later: &[] };
const TASK: Keys = Keys {
    what: "a task",
    now: &[
        "crate",
        "band",
        "priority",
        "fp",
        "thread-pointer",
        "start",
        "passive",
        "debug-only",
        "stack",
        "uses",
        "interrupts",
        "notifications",
        "timers",
        "channels",
        "posts",
        "kernel",
        "restart",
        "log",
        "summary",
        "config",
    ],
    later: &["gas", "rt", "ops", "label", "heap", "yields", "share", "features", "windows"],
};
const CHANNEL: Keys = Keys {
    what: "a channel",
    now: &["to", "ops", "timeout_us"],
    later: &["window", "label", "gas", "price"],
};
const RESTART: Keys = Keys {
    what: "`restart`",
    now: &["policy", "min_interval_ms", "max_per_s"],
    later: &["backoff", "escalate"],
};
const TASK_LOG: Keys = Keys { what: "`log`", now: &["level", "ring"], later: &[] };

/// Reads the whole file; `end` stands for it where something is missing.
pub fn read(table: &Table, end: Span, out: &mut Out) -> App {
    let fields = Fields::root(table, end, APP, out);
    fields.require("name", "\"control-loop\"", out);
    let name = fields.string("name", out);
    if let Some(name) = &name {
        check_name("an application", name, out);
    }
    fields.require("board", "\"qemu-virt\"", out);
    fields.require("bands", "[{ name = \"rt\", policy = \"strict\" }]", out);
    fields.require("supervisor", "{ task = \"supervisor\", ack_ms = 20 }", out);
    let supervisor = fields.get("supervisor").and_then(|(key, node)| {
        let inner = Fields::open(node, SUPERVISOR, out)?;
        inner.require("task", "\"supervisor\"", out);
        let ack = inner.integer("ack_ms", 1, 60_000, out);
        Some(Supervisor {
            span: key.span,
            task: inner.string("task", out),
            ack_ms: ack.map_or(ACK_DEFAULT_MS, |ack| ack.value),
        })
    });
    let log = fields.get("log").and_then(|(_, node)| {
        let inner = Fields::open(node, LOG, out)?;
        inner.require("task", "\"log\"", out);
        inner.string("task", out)
    });
    let checks = fields
        .get("kernel")
        .and_then(|(_, node)| Fields::open(node, KERNEL, out))
        .is_some_and(|kernel| kernel.bool("checks", false, out));
    let bands = bands(&fields, out);
    let entries = fields.entries("tasks", out);
    if fields.get("tasks").is_none() {
        out.push(
            Diagnostic::new(Code::MissingKey, "app.toml needs `tasks`")
                .at(end, "`tasks` is missing")
                .help("begin with `[tasks.supervisor]`"),
        );
    }
    if let Some((key, node)) = fields.get("tasks") {
        if entries.is_empty() && matches!(node.value, Value::Table(_)) {
            out.push(
                Diagnostic::new(Code::Empty, "there are no tasks")
                    .at(key.span, "empty")
                    .help("begin with `[tasks.supervisor]`"),
            );
        }
        check_count("tasks", entries.len(), limits::MAX_TASKS, key.span, out);
    }
    check_unique("task", entries.iter().map(|(name, _)| name), out);
    let tasks = entries.iter().filter_map(|(name, node)| task(name, node, out)).collect();
    App {
        name,
        board: fields.string("board", out),
        bands,
        supervisor,
        log,
        checks,
        log_span: fields.get("log").map(|(key, _)| key.span),
        tasks,
    }
}

fn bands(fields: &Fields<'_>, out: &mut Out) -> Vec<Band> {
    let Some((key, node)) = fields.get("bands") else { return Vec::new() };
    let Value::Array(items) = &node.value else {
        out.push(fields::wrong_type("`bands`", "a list of tables", node.value.kind(), node.span));
        return Vec::new();
    };
    if items.is_empty() {
        out.push(
            Diagnostic::new(Code::Empty, "there are no bands")
                .at(node.span, "empty")
                .help("for example `bands = [{ name = \"rt\", policy = \"strict\" }]`"),
        );
    }
    check_count("bands", items.len(), limits::MAX_BANDS, key.span, out);
    let all: Vec<Band> = items.iter().filter_map(|item| band(item, out)).collect();
    check_unique("band", all.iter().map(|band| &band.name), out);
    all
}

fn band(node: &Node, out: &mut Out) -> Option<Band> {
    let fields = Fields::open(node, BAND, out)?;
    fields.require("name", "\"rt\"", out);
    fields.require("policy", "\"strict\"", out);
    if let Some(policy) = fields.string("policy", out) {
        match policy.value.as_str() {
            "strict" => {}
            "beatty" | "frame" => {
                let name = format!("policy = \"{}\"", policy.value);
                out.push(fields::not_supported(&name, policy.span).help("use \"strict\""));
            }
            _ => {
                fields::word(
                    "policy",
                    &policy,
                    &[("strict", ()), ("beatty", ()), ("frame", ())],
                    out,
                );
            }
        }
    }
    let name = fields.string("name", out)?;
    check_name("a band", &name, out);
    Some(Band { name, policy: Policy::Strict })
}

fn task(name: &Spanned<String>, node: &Node, out: &mut Out) -> Option<Task> {
    check_name("a task", name, out);
    let mut fields = Fields::open(node, TASK, out)?;
    fields.span = name.span;
    fields.require("crate", &format!("\"task-{}\"", name.value), out);
    fields.require("band", "\"rt\"", out);
    fields.require("priority", "0", out);
    let passive = fields.bool("passive", false, out);
    let debug_only = fields.bool("debug-only", false, out);
    Some(Task {
        name: name.clone(),
        span: name.span,
        crate_ref: fields.get("crate").and_then(|(_, node)| crate_ref(node, out)),
        band: fields.string("band", out),
        priority: fields.integer("priority", 0, u64::from(u32::MAX), out),
        fp: fields.bool("fp", false, out),
        thread_pointer: fields.bool("thread-pointer", false, out),
        start: fields.bool("start", true, out),
        start_span: fields.get("start").map(|(key, _)| key.span),
        passive: fields.get("passive").filter(|_| passive).map(|(key, _)| key.span),
        debug_only: fields.get("debug-only").filter(|_| debug_only).map(|(key, _)| key.span),
        stack: stack(&fields, out),
        uses: uses(&fields, out),
        interrupts: interrupts(&fields, out),
        notifications: names(&fields, "notifications", "a notification", out),
        timers: names(&fields, "timers", "a timer", out),
        channels: channels(&fields, out),
        posts: posts(&fields, out),
        kernel: kernel(&fields, out),
        restart: restart(&fields, out),
        log: task_log(&fields, out),
        summary: summary(&fields, out),
        config: config(&fields, out),
        config_spans: fields
            .entries("config", &mut Out::new())
            .iter()
            .map(|(key, node)| (key.value.clone(), node.span))
            .collect(),
    })
}

fn crate_ref(node: &Node, out: &mut Out) -> Option<Spanned<CrateRef>> {
    let value = match &node.value {
        Value::String(name) => CrateRef::Member(name.clone()),
        Value::Table(_) => {
            let keys = Keys { what: "`crate`", now: &["path"], later: &["git", "version"] };
            let fields = Fields::open(node, keys, out)?;
            fields.require("path", "\"tasks/mine\"", out);
            CrateRef::Path(PathBuf::from(fields.string("path", out)?.value))
        }
        other => {
            let wanted = "the name of a workspace member or `{ path = … }`";
            out.push(fields::wrong_type("`crate`", wanted, other.kind(), node.span));
            return None;
        }
    };
    Some(Spanned { value, span: node.span })
}

fn stack(fields: &Fields<'_>, out: &mut Out) -> u64 {
    let Some((_, node)) = fields.get("stack") else { return STACK_DEFAULT };
    if matches!(&node.value, Value::String(text) if text == "auto") {
        out.push(
            fields::not_supported("stack = \"auto\"", node.span)
                .help("give a size, such as \"4 KiB\""),
        );
        return STACK_DEFAULT;
    }
    let Some(size) = fields::size("stack", node, out) else { return STACK_DEFAULT };
    if !(STACK_MIN..limits::SPAN).contains(&size.value) {
        out.push(Diagnostic::new(Code::OutOfRange, format!("a stack of {} bytes", size.value)).at(
            size.span,
            format!("must be at least {STACK_MIN} and less than {} bytes", limits::SPAN),
        ));
    } else if size.value % 16 != 0 {
        out.push(
            Diagnostic::new(Code::Unaligned, format!("a stack of {} bytes", size.value))
                .at(size.span, "not a multiple of 16")
                .help(format!("use {}", size.value.next_multiple_of(16))),
        );
    }
    size.value
}

fn uses(fields: &Fields<'_>, out: &mut Out) -> Vec<Spanned<String>> {
    let all = fields.strings("uses", out);
    check_repeats("peripheral", &all, out);
    all
}

fn interrupts(fields: &Fields<'_>, out: &mut Out) -> Vec<(Spanned<String>, Spanned<String>)> {
    let mut all = Vec::new();
    for (key, node) in fields.entries("interrupts", out) {
        if let Value::Table(inner) = &node.value {
            let first = inner.entries.first();
            let sub = first.map_or("irq", |(sub, _)| sub.value.as_str());
            let bit = match first.map(|(_, node)| &node.value) {
                Some(Value::String(bit)) => bit,
                _ => sub,
            };
            let name = format!("{}.{sub}", key.value);
            out.push(
                fields::wrong_type(
                    &format!("interrupt `{name}`"),
                    "the name of a notification",
                    "a table",
                    key.span,
                )
                .help(format!("put the name in quotes: `\"{name}\" = \"{bit}\"`")),
            );
        } else if let Some(bit) = fields::string(&key.value, node, out) {
            check_name("a notification", &bit, out);
            all.push((key.clone(), bit));
        }
    }
    all
}

fn names(fields: &Fields<'_>, key: &str, what: &str, out: &mut Out) -> Vec<Spanned<String>> {
    let all = fields.strings(key, out);
    for name in &all {
        check_name(what, name, out);
    }
    all
}

fn channels(fields: &Fields<'_>, out: &mut Out) -> Vec<Channel> {
    let entries = fields.entries("channels", out);
    if let Some((key, _)) = fields.get("channels") {
        check_count("channels of a task", entries.len(), limits::MAX_PORTS, key.span, out);
    }
    check_unique("channel", entries.iter().map(|(name, _)| name), out);
    let mut all = Vec::new();
    for (name, node) in entries {
        check_name("a channel", name, out);
        let Some(mut inner) = Fields::open(node, CHANNEL, out) else { continue };
        inner.span = name.span;
        inner.require("to", &format!("\"{}\"", name.value), out);
        let ops = inner.get("ops").map(|(_, node)| {
            let ops = fields::strings("`ops`", node, out);
            if matches!(&node.value, Value::Array(items) if items.is_empty()) {
                out.push(
                    Diagnostic::new(
                        Code::Empty,
                        format!("channel `{}` permits no operation", name.value),
                    )
                    .at(node.span, "empty")
                    .help("list operations, or leave `ops` out to permit all"),
                );
            }
            check_repeats("operation", &ops, out);
            ops
        });
        let timeout = inner.integer("timeout_us", 1, TIMEOUT_MAX_US, out);
        all.push(Channel {
            name: name.clone(),
            to: inner.string("to", out),
            ops,
            timeout_us: timeout.map_or(0, |timeout| timeout.value),
        });
    }
    all
}

fn posts(fields: &Fields<'_>, out: &mut Out) -> Vec<Posts> {
    let mut all = Vec::new();
    for (target, node) in fields.entries("posts", out) {
        let bits = fields::strings("`posts`", node, out);
        if matches!(&node.value, Value::Array(items) if items.is_empty()) {
            let title = format!("no bit of `{}` is named", target.value);
            out.push(
                Diagnostic::new(Code::Empty, title)
                    .at(node.span, "empty")
                    .help("list notifications of the target, or remove the line"),
            );
        }
        check_repeats("bit", &bits, out);
        all.push(Posts { target: target.clone(), bits });
    }
    all
}

fn kernel(fields: &Fields<'_>, out: &mut Out) -> Vec<(Spanned<String>, Spanned<Targets>)> {
    let mut all = Vec::new();
    for (name, node) in fields.entries("kernel", out) {
        let value = match &node.value {
            Value::Bool(value) => Targets::Whole(*value),
            Value::String(text) if text == "*" => Targets::Everybody,
            Value::Array(_) => {
                let tasks = fields::strings(&format!("`{}`", name.value), node, out);
                check_repeats("task", &tasks, out);
                Targets::Tasks(tasks)
            }
            other => {
                let what = format!("`{}`", name.value);
                let wanted = "\"*\", a list of tasks, `true` or `false`";
                out.push(fields::wrong_type(&what, wanted, other.kind(), node.span));
                continue;
            }
        };
        all.push((name.clone(), Spanned { value, span: node.span }));
    }
    all
}

fn restart(fields: &Fields<'_>, out: &mut Out) -> Restart {
    let mut restart = Restart { policy: RestartPolicy::Always, min_interval_ms: 50, max_per_s: 20 };
    let Some((_, node)) = fields.get("restart") else { return restart };
    let Some(inner) = Fields::open(node, RESTART, out) else { return restart };
    let words = [("always", RestartPolicy::Always), ("never", RestartPolicy::Never)];
    if let Some(policy) = inner.word("policy", &words, out) {
        restart.policy = policy;
    }
    let mut number = |key, low, high, default| {
        let value = inner.integer(key, low, high, out).map(|value| value.value);
        value.and_then(|value| u32::try_from(value).ok()).unwrap_or(default)
    };
    restart.min_interval_ms = number("min_interval_ms", 0, 3_600_000, restart.min_interval_ms);
    restart.max_per_s = number("max_per_s", 1, 1000, restart.max_per_s);
    restart
}

fn task_log(fields: &Fields<'_>, out: &mut Out) -> TaskLog {
    let mut log = TaskLog { level: Level::Info, ring: abi::log::RING_DEFAULT };
    let Some((_, node)) = fields.get("log") else { return log };
    let Some(inner) = Fields::open(node, TASK_LOG, out) else { return log };
    let words = [
        ("trace", Level::Trace),
        ("debug", Level::Debug),
        ("info", Level::Info),
        ("warn", Level::Warn),
        ("error", Level::Error),
        ("off", Level::Off),
    ];
    if let Some(level) = inner.word("level", &words, out) {
        log.level = level;
    }
    if let Some(ring) = inner.size("ring", out) {
        if ring.value == 0 || ring.value > RING_MAX {
            out.push(
                Diagnostic::new(Code::OutOfRange, format!("a ring of {} bytes", ring.value))
                    .at(ring.span, format!("must be between {} and {RING_MAX}", limits::PAGE)),
            );
        } else if ring.value % limits::PAGE != 0 {
            out.push(
                Diagnostic::new(Code::Unaligned, format!("a ring of {} bytes", ring.value))
                    .at(ring.span, format!("not a multiple of a page, {} bytes", limits::PAGE))
                    .help(format!("use {}", ring.value.next_multiple_of(limits::PAGE))),
            );
        } else {
            log.ring = ring.value;
        }
    }
    log
}

/// Largest log ring, in bytes: the log task's span must hold all of them.
pub const RING_MAX: u64 = 1 << 20;
/// Longest name of a summary counter, in bytes.
pub const SUMMARY_MAX: usize = 64;

fn summary(fields: &Fields<'_>, out: &mut Out) -> Vec<Spanned<String>> {
    let all = fields.strings("summary", out);
    if let Some((key, _)) = fields.get("summary") {
        check_count("summary counters", all.len(), limits::MAX_SUMMARY, key.span, out);
    }
    for name in &all {
        let bad = |c: char| !(c.is_ascii_alphanumeric() || " -_/".contains(c));
        if !name.value.starts_with(|c: char| c.is_ascii_alphabetic())
            || name.value.contains(bad)
            || name.value.len() > SUMMARY_MAX
        {
            out.push(
                Diagnostic::new(
                    Code::BadName,
                    format!("`{}` is no name for a counter", name.value),
                )
                .at(name.span, "not a name")
                .help(format!(
                    "a letter, then letters, digits, spaces, `-`, `_` and `/`; at most \
                     {SUMMARY_MAX} characters"
                )),
            );
        }
    }
    let constants: Vec<_> = all
        .iter()
        .map(|name| Spanned { value: name.value.replace([' ', '/'], "_"), span: name.span })
        .collect();
    check_unique("counter", &constants, out);
    all
}

fn config(fields: &Fields<'_>, out: &mut Out) -> serde_json::Value {
    let entries = fields.entries("config", out);
    for (key, _) in entries {
        check_name("a config value", key, out);
    }
    check_unique("config value", entries.iter().map(|(key, _)| key), out);
    let values = entries.iter().map(|(key, node)| (key.value.clone(), json(node, out)));
    serde_json::Value::Object(values.collect())
}

/// A value that a task can have as a constant.
pub(crate) fn json(node: &Node, out: &mut Out) -> serde_json::Value {
    use serde_json::Value as Json;
    let mut bad = |title: &str, label: &str| {
        out.push(Diagnostic::new(Code::BadConfig, title).at(node.span, label));
        Json::Null
    };
    match &node.value {
        Value::String(text) => Json::from(text.clone()),
        Value::Bool(value) => Json::from(*value),
        Value::Integer(number) => match i64::try_from(*number) {
            Ok(number) => Json::from(number),
            Err(_) => bad(&format!("{number} does not fit 64 bits"), "integers are i64 in a task"),
        },
        Value::Float(number) if number.is_finite() => Json::from(*number),
        Value::Float(_) => bad("a config value must be a finite number", "not finite"),
        Value::Datetime => {
            bad("a config value cannot be a date or time", "no task has such a type")
        }
        Value::Array(items) => {
            let kind = items.first().map(|item| item.value.kind());
            if let Some(other) = items.iter().find(|item| Some(item.value.kind()) != kind) {
                let first = &items[0];
                out.push(
                    Diagnostic::new(Code::BadConfig, "a list in `config` must be of one type")
                        .at(other.span, format!("this is {}", other.value.kind()))
                        .also(first.span, format!("this is {}", first.value.kind())),
                );
                return Json::Null;
            }
            Json::Array(items.iter().map(|item| json(item, out)).collect())
        }
        Value::Table(table) => {
            let values =
                table.entries.iter().map(|(key, node)| (key.value.clone(), json(node, out)));
            Json::Object(values.collect())
        }
    }
}
