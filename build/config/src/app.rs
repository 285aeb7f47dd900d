//! app.toml as it is written: every key with its type and place, no name resolved.
//!
//! This is the first arrow of the build: text becomes typed config. What a single
//! value can be wrong in (its type, its range, the form of a name) is reported
//! here; what needs a second value to be wrong is for [`crate::check`].

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Table, Value};
use crate::fields::{self, Fields, Out, check_name, check_repeats, check_unique};
use crate::keys::app as keys;
use crate::keys::{BAND_POLICY, BAND_POLICY_LATER, LEVEL, RESTART_POLICY, SOME_TEXTS, TEXTS};
use crate::model::{CrateRef, Level, Policy, Restart, RestartPolicy, TaskLog};
use crate::source::{Span, Spanned};
use crate::suggest;
use std::collections::BTreeMap;
use std::path::PathBuf;

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
    /// Tasks that were inherited and removed.
    pub removed: Vec<Spanned<String>>,
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
    pub memory: crate::memory::Memory,
    pub bin: Option<Spanned<String>>,
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
    pub timeout: Option<Spanned<u64>>,
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

/// Reads the whole file; `end` stands for it where something is missing.
pub fn read(table: &Table, end: Span, out: &mut Out) -> App {
    let fields = Fields::root(table, end, &keys::APP, out);
    let supervisor = fields.get("supervisor").and_then(|(key, _)| {
        let inner = fields.table("supervisor", out)?;
        Some(Supervisor {
            span: key.span,
            task: inner.string("task", out),
            ack_ms: inner.number_or_default("ack_ms", out),
        })
    });
    let entries = fields.entries("tasks", out);
    App {
        name: fields.string("name", out),
        board: fields.string("board", out),
        bands: bands(&fields, out),
        supervisor,
        log: fields.table("log", out).and_then(|inner| inner.string("task", out)),
        checks: fields.table_or_default("kernel", out).bool("checks", out),
        log_span: fields.get("log").map(|(key, _)| key.span),
        tasks: entries
            .iter()
            .filter_map(|(name, node)| {
                let from = out.len();
                let task = task(name, node, out);
                meant_another(name, entries, out.get_mut(from..).unwrap_or_default());
                task
            })
            .collect(),
        removed: Vec::new(),
    }
}

/// A task that lacks its crate is perhaps a misspelt name of one that another file has.
fn meant_another(name: &Spanned<String>, all: &[(Spanned<String>, Node)], out: &mut [Diagnostic]) {
    let elsewhere = all.iter().filter(|(other, _)| other.span.file != name.span.file);
    let elsewhere = elsewhere.map(|(other, _)| other.value.as_str());
    let Some(near) = suggest::nearest(&name.value, elsewhere) else { return };
    for found in out.iter_mut().filter(|found| found.code == Code::MissingKey) {
        if found.primary.as_ref().is_some_and(|label| label.span == name.span) {
            let example = found.help.take().unwrap_or_default();
            found.help = Some(format!("did you mean task `{near}`? Else, {example}"));
        }
    }
}

fn bands(fields: &Fields<'_>, out: &mut Out) -> Vec<Band> {
    let items = fields.items("bands", out);
    let all: Vec<Band> = items.iter().filter_map(|item| band(item, out)).collect();
    check_unique("band", all.iter().map(|band| &band.name), out);
    all
}

fn band(node: &Node, out: &mut Out) -> Option<Band> {
    let fields = Fields::open(node, node.span, &keys::BAND, out)?;
    let policy = match fields.get("policy") {
        Some((_, Node { value: Value::String(policy), span }))
            if BAND_POLICY_LATER.contains(&policy.as_str()) =>
        {
            let name = format!("policy = \"{policy}\"");
            out.push(fields::not_supported(&name, *span).help("use \"strict\""));
            None
        }
        _ => fields.word("policy", &BAND_POLICY, out),
    };
    // A band without a policy still is a band that tasks can name.
    Some(Band { name: fields.string("name", out)?, policy: policy.unwrap_or(Policy::Strict) })
}

fn task(name: &Spanned<String>, node: &Node, out: &mut Out) -> Option<Task> {
    let fields = Fields::open(node, name.span, &keys::TASK, out)?;
    let passive = fields.bool("passive", out);
    let debug_only = fields.bool("debug-only", out);
    Some(Task {
        name: name.clone(),
        span: name.span,
        crate_ref: fields.get("crate").and_then(|(_, node)| crate_ref(node, out)),
        band: fields.string("band", out),
        priority: fields.number("priority", out),
        fp: fields.bool("fp", out),
        thread_pointer: fields.bool("thread-pointer", out),
        start: fields.bool("start", out),
        start_span: fields.get("start").map(|(key, _)| key.span),
        passive: fields.get("passive").filter(|_| passive).map(|(key, _)| key.span),
        debug_only: fields.get("debug-only").filter(|_| debug_only).map(|(key, _)| key.span),
        memory: crate::memory::read(&fields, out),
        bin: fields.string("bin", out),
        uses: uses(&fields, out),
        interrupts: interrupts(&fields, out),
        notifications: fields.strings("notifications", out),
        timers: fields.strings("timers", out),
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
            let fields = Fields::open(node, node.span, &keys::CRATE, out)?;
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

fn channels(fields: &Fields<'_>, out: &mut Out) -> Vec<Channel> {
    let mut all = Vec::new();
    for (name, node) in fields.entries("channels", out) {
        let Some(inner) = Fields::open(node, name.span, &keys::CHANNEL, out) else { continue };
        let ops = inner.get("ops").map(|_| inner.strings("ops", out));
        check_repeats("operation", ops.as_deref().unwrap_or_default(), out);
        all.push(Channel {
            name: name.clone(),
            to: inner.string("to", out),
            ops,
            timeout: inner.number("timeout_us", out),
        });
    }
    all
}

fn posts(fields: &Fields<'_>, out: &mut Out) -> Vec<Posts> {
    let mut all = Vec::new();
    for (target, node) in fields.entries("posts", out) {
        let what = format!("the list of bits of `{}`", target.value);
        let help = "list notifications of the target, or remove the line";
        let bits = fields::strings(&what, SOME_TEXTS, help, node, out);
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
                let tasks = fields::strings(&format!("`{}`", name.value), TEXTS, "", node, out);
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
    let inner = fields.table_or_default("restart", out);
    let mut number = |key| u32::try_from(inner.number_or_default(key, out)).unwrap_or(u32::MAX);
    let (min_interval_ms, max_per_s) = (number("min_interval_ms"), number("max_per_s"));
    let policy = inner.word("policy", &RESTART_POLICY, out).unwrap_or(RestartPolicy::Always);
    Restart { policy, min_interval_ms, max_per_s }
}

fn task_log(fields: &Fields<'_>, out: &mut Out) -> TaskLog {
    let inner = fields.table_or_default("log", out);
    TaskLog {
        level: inner.word("level", &LEVEL, out).unwrap_or(Level::Info),
        ring: inner.number_or_default("ring", out),
    }
}

fn summary(fields: &Fields<'_>, out: &mut Out) -> Vec<Spanned<String>> {
    let all = fields.strings("summary", out);
    let constants: Vec<_> = all
        .iter()
        .map(|name| Spanned { value: name.value.replace([' ', '/'], "_"), span: name.span })
        .collect();
    check_unique("counter", &constants, out);
    all
}

fn config(fields: &Fields<'_>, out: &mut Out) -> serde_json::Value {
    let entries = fields.entries("config", out);
    let values = entries.iter().map(|(key, node)| (key.value.clone(), json(node, out)));
    serde_json::Value::Object(values.collect())
}

/// A value that a task can have as a constant.
pub(crate) fn json(node: &Node, out: &mut Out) -> serde_json::Value {
    use serde_json::Value as Json;
    let mut bad = |title: &str, label: &str| {
        out.push(
            Diagnostic::new(Code::BadConfig, title)
                .at(node.span, label)
                .help("a string can carry any other value; the task then has to read it"),
        );
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
                        .also(first.span, format!("this is {}", first.value.kind()))
                        .help("write all items alike, such as `[1.0, 2.5]`, or use a table"),
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
