//! Linking: every task's crate held against the model, and clients against servers.
//!
//! ```text
//!   app.toml                         Cargo.toml of the crate
//!   [tasks.control.channels]  ◄────►  ports = { sense = "sense.idol" }
//!        │ to = "sense"                              │ must be equal
//!   [tasks.sense] crate ────────────►  serves = "sense.idol"
//! ```
//!
//! Both directions: what the code asks for and nobody grants would fault at run
//! time; what is granted and nobody asks for is authority lying about.

use crate::codes::Code;
use crate::crate_info::CrateInfo;
use crate::diagnostic::{Diagnostic, Errors};
use crate::fields::Out;
use crate::hardware::{BOOT_INFO, BOOT_RECORD};
use crate::model::{Model, NotificationKind, Port, Task};
use crate::source::{FileId, Span, Spanned};
use crate::suggest;
use abi::limits;
use serde::Serialize;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// What must be known of an interface to join client and server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InterfaceFacts {
    /// The `.idol` file.
    pub path: PathBuf,
    /// Hash of the canonical interface, in hexadecimal: equal iff both sides agree.
    pub hash: String,
    /// Operations by name, with their numbers, 1–63.
    pub ops: Vec<(String, u16)>,
    /// Names of those whose reply cannot say that the server did not answer.
    pub infallible: Vec<String>,
}

/// Finds interface files and reads them.
pub trait Interfaces {
    /// The facts of an interface file.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as text for people.
    fn facts(&self, file: &Path) -> Result<InterfaceFacts, String>;

    /// The file of this name, for a crate and an application: beside the crate's
    /// `Cargo.toml`, then in `idl/` of the application, then in `idl/` of the
    /// directories above the crate, then in [`Interfaces::last`].
    ///
    /// # Errors
    ///
    /// The paths that were tried.
    fn find(&self, krate: &Path, app: &Path, name: &str) -> Result<PathBuf, Vec<PathBuf>> {
        let above = krate.ancestors().map(|directory| directory.join("idl").join(name));
        let mut tried = Vec::new();
        let first = [krate.join(name), app.join("idl").join(name)].into_iter();
        for path in first.chain(above).chain(self.last().map(|last| last.join(name))) {
            if path.is_file() {
                return Ok(path);
            }
            tried.push(path);
        }
        Err(tried)
    }

    /// Where to look when it is nowhere near: what an application outside of the
    /// repository may use of it.
    fn last(&self) -> Option<PathBuf> {
        None
    }
}

/// A model with its crates and interfaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Linked {
    /// One entry for each task of the model, in its order.
    pub tasks: Vec<LinkedTask>,
}

/// A task's crate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkedTask {
    /// Name of the package.
    pub package: String,
    /// Directory of the crate.
    pub directory: PathBuf,
    /// The binary of the package, if it could be seen.
    pub bin: Option<String>,
    /// The interface it serves.
    pub serves: Option<InterfaceFacts>,
    /// Its ports, in the order of the model.
    pub ports: Vec<LinkedPort>,
}

/// A port with its interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkedPort {
    /// Name of the port.
    pub name: String,
    /// The interface, as the client's crate found it.
    pub interface: InterfaceFacts,
    /// Permitted operations with their numbers, in the order of the interface.
    pub ops: Vec<(String, u16)>,
    /// The same as a mask: bit *n* is operation *n*.
    pub mask: u64,
}

/// Holds crates (one for each task, in task order: see [`CrateInfo::read_all`])
/// against a model.
///
/// # Errors
///
/// Everything that is declared on one side only, interfaces that cannot be read or
/// are not the same on both ends, and operations that an interface does not have.
pub fn link_crates(
    model: &Model,
    crates: &[CrateInfo],
    interfaces: &dyn Interfaces,
) -> Result<Linked, Errors> {
    let mut sources = model.sources.clone();
    let mut out = Out::new();
    if crates.len() != model.tasks.len() {
        let title = format!("{} tasks but {} crates", model.tasks.len(), crates.len());
        let found = Diagnostic::new(Code::UnknownCrate, title);
        return Err(Errors::new(vec![found], sources));
    }
    let mut files: Vec<(&str, FileId)> = Vec::new();
    let crates: Vec<CrateInfo> = crates
        .iter()
        .map(|info| {
            let path = info.source.path.as_str();
            let known = files.iter().find(|(other, _)| *other == path).map(|(_, file)| *file);
            let file = known.unwrap_or_else(|| {
                let file = sources.add(info.source.clone());
                files.push((path, file));
                file
            });
            info.in_file(file)
        })
        .collect();
    for (task, info) in model.tasks.iter().zip(&crates) {
        declarations(model, task, info, &mut out);
    }
    let linker = Linker { model, crates: &crates, interfaces };
    let serves: Vec<Option<InterfaceFacts>> =
        crates.iter().map(|info| linker.facts(info, info.serves.as_ref()?, &mut out)).collect();
    let mut tasks = Vec::new();
    for (task, info) in model.tasks.iter().zip(&crates) {
        let ports = task.ports.iter().filter_map(|port| linker.port(task, port, &serves, &mut out));
        tasks.push(LinkedTask {
            package: info.package.clone(),
            directory: info.directory.clone(),
            bin: info.bin.clone(),
            serves: serves[task.index].clone(),
            ports: ports.collect(),
        });
    }
    if out.is_empty() { Ok(Linked { tasks }) } else { Err(Errors::new(out, sources)) }
}

/// One side's list of a kind of thing.
type Names<'a> = Vec<(&'a str, Span)>;

fn declarations(model: &Model, task: &Task, info: &CrateInfo, out: &mut Out) {
    let of = |names: &'_ [Spanned<String>]| -> Vec<(String, Span)> {
        names.iter().map(|name| (name.value.clone(), name.span)).collect()
    };
    let ports: Vec<_> = info.ports.iter().map(|(name, _)| name.clone()).collect();
    let app_ports = task.ports.iter().map(|port| (port.name.as_str(), port.span)).collect();
    if !info.any_ports {
        both(task, info, "port", &of(&ports), &app_ports, out);
    }

    let awaited = |kind: NotificationKind| {
        matches!(kind, NotificationKind::Declared | NotificationKind::Interrupt(_))
    };
    let app_bits = task
        .notifications
        .iter()
        .filter(|bit| awaited(bit.kind))
        .map(|bit| (bit.name.as_str(), bit.span));
    // The supervisor may list the bits that it has anyway.
    let implicit = |name: &str| {
        let kind = NotificationKind::Implicit;
        task.notifications.iter().any(|bit| bit.name == name && bit.kind == kind)
    };
    let bits: Vec<_> = of(&info.notifications).into_iter().filter(|(n, _)| !implicit(n)).collect();
    both(task, info, "notification", &bits, &app_bits.collect(), out);

    let app_timers = task.timers.iter().map(|timer| (timer.name.as_str(), timer.span)).collect();
    both(task, info, "timer", &of(&info.timers), &app_timers, out);

    let each = |(target, bits): &(Spanned<String>, Vec<Spanned<String>>)| -> Vec<_> {
        bits.iter().map(|bit| (format!("{}.{}", target.value, bit.value), bit.span)).collect()
    };
    let posts: Vec<_> = info.posts.iter().flat_map(each).collect();
    let optional = info.optional_posts.iter().flat_map(each);
    let app_posts: Vec<_> = task
        .posts
        .iter()
        .filter(|post| !post.implicit)
        .flat_map(|post| post.bits.iter().map(move |bit| (post.target, bit)))
        .map(|(target, bit)| (format!("{}.{}", model.tasks[target].name, bit.name), bit.span))
        .collect();
    let app_posts: Names<'_> =
        app_posts.iter().map(|(name, span)| (name.as_str(), *span)).collect();
    let granted = |name: &str| app_posts.iter().any(|(other, _)| *other == name);
    let posts: Vec<_> =
        posts.into_iter().chain(optional.filter(|(name, _)| granted(name))).collect();
    both(task, info, "post", &posts, &app_posts, out);

    let mut app_uses: Names<'_> =
        task.devices.iter().map(|device| (device.name.as_str(), device.span)).collect();
    if task.boot_info {
        app_uses.push((BOOT_INFO, task.span));
    }
    if task.boot_record {
        app_uses.push((BOOT_RECORD, task.span));
    }
    let memoryless = |name: &str| {
        model.chip.peripherals.iter().any(|item| item.name == name && item.memory.is_none())
    };
    let uses: Vec<_> = of(&info.uses).into_iter().filter(|(name, _)| !memoryless(name)).collect();
    both(task, info, "peripheral", &uses, &app_uses, out);

    let app_summary =
        task.summary.iter().map(String::as_str).zip(task.summary_spans.iter().copied()).collect();
    both(task, info, "counter", &of(&info.summary), &app_summary, out);
    heap(task, info, out);
    debug_only(task, info, out);
    config(task, info, out);
}

/// A heap that only one side knows of.
fn heap(task: &Task, info: &CrateInfo, out: &mut Out) {
    let (name, package) = (&task.name, &info.package);
    match (task.heap_span, info.heap) {
        (None, Some(wanted)) => {
            let title = format!("crate `{package}` allocates, and task `{name}` has no heap");
            out.push(
                Diagnostic::new(Code::OnlyInCrate, title)
                    .at(wanted, "declared by the crate")
                    .also(task.span, "the task")
                    .help("add for example `heap = \"16 KiB\"` to the task in app.toml"),
            );
        }
        (Some(given), None) => {
            let title =
                format!("task `{name}` has a heap, and crate `{package}` does not allocate");
            out.push(
                Diagnostic::new(Code::OnlyInApp, title)
                    .at(given, "given here")
                    .also(info.span, "not declared here")
                    .help("add `heap = true` to what the crate declares, or remove `heap`"),
            );
        }
        _ => {}
    }
}

/// A task that releases would have, although its crate is for debugging.
fn debug_only(task: &Task, info: &CrateInfo, out: &mut Out) {
    if let (false, Some(wanted)) = (task.debug_only, info.debug_only) {
        let (name, package) = (&task.name, &info.package);
        let title = format!("crate `{package}` is for debugging, and releases have task `{name}`");
        out.push(
            Diagnostic::new(Code::OnlyInCrate, title)
                .at(wanted, "declared by the crate")
                .also(task.span, "the task")
                .help("add `debug-only = true` to the task in app.toml"),
        );
    }
}

/// Names that only one side has.
fn both(
    task: &Task,
    info: &CrateInfo,
    what: &str,
    in_crate: &[(String, Span)],
    in_app: &Names<'_>,
    out: &mut Out,
) {
    let extra: Vec<_> =
        in_crate.iter().filter(|(name, _)| in_app.iter().all(|(other, _)| other != name)).collect();
    let mut unclaimed: Names<'_> = in_app
        .iter()
        .filter(|(name, _)| in_crate.iter().all(|(other, _)| other != name))
        .copied()
        .collect();
    for (name, span) in extra {
        let title = format!(
            "crate `{}` wants {what} `{name}`, which task `{}` has not",
            info.package, task.name
        );
        let found = Diagnostic::new(Code::OnlyInCrate, title).at(*span, "declared by the crate");
        // One slip is one error, though it shows on both sides.
        let near = suggest::nearest(name, unclaimed.iter().map(|(name, _)| *name));
        let near = unclaimed.iter().position(|(name, _)| near == Some(name));
        out.push(if let Some(near) = near {
            let (other, at) = unclaimed.remove(near);
            found
                .also(at, format!("task `{}` has `{other}`", task.name))
                .help(format!("is `{name}` meant to be `{other}`?"))
        } else {
            found
                .also(task.span, "the task")
                .help("add it to the task in app.toml, or remove it from the crate")
        });
    }
    for (name, span) in unclaimed {
        let title = format!(
            "task `{}` has {what} `{name}`, which crate `{}` does not declare",
            task.name, info.package
        );
        out.push(
            Diagnostic::new(Code::OnlyInApp, title)
                .at(span, "in app.toml")
                .also(info.span, "what the crate declares")
                .help("add it to `[package.metadata.exov6]`, or remove it from app.toml"),
        );
    }
}

fn config(task: &Task, info: &CrateInfo, out: &mut Out) {
    let empty = serde_json::Map::new();
    let given = task.config.as_object().unwrap_or(&empty);
    let in_crate: Vec<_> =
        info.config.iter().map(|(name, _)| (name.value.clone(), name.span)).collect();
    let place = |name: &str| task.config_spans.get(name).copied().unwrap_or(task.span);
    let in_app = given.keys().map(|name| (name.as_str(), place(name))).collect();
    both(task, info, "config value", &in_crate, &in_app, out);
    for (name, example) in &info.config {
        let Some(value) = given.get(&name.value) else { continue };
        let (wanted, found) = (kind(example), kind(value));
        if wanted != found {
            let title = format!(
                "config value `{}` of `{}` is {found}, and crate `{}` wants {wanted}",
                name.value, task.name, info.package
            );
            let help = match (value, wanted.as_str()) {
                (Json::Number(number), "a float") => format!("write `{} = {number}.0`", name.value),
                _ => "change the value in app.toml, or its type in the crate".to_string(),
            };
            out.push(
                Diagnostic::new(Code::BadConfig, title)
                    .at(place(&name.value), format!("this is {found}"))
                    .also(name.span, format!("for example {example}"))
                    .help(help),
            );
        }
    }
}

fn kind(value: &Json) -> String {
    match value {
        Json::Null => "nothing".to_string(),
        Json::Bool(_) => "a boolean".to_string(),
        Json::Number(number) if number.is_f64() => "a float".to_string(),
        Json::Number(_) => "an integer".to_string(),
        Json::String(_) => "a string".to_string(),
        Json::Array(items) => match items.first() {
            None => "a list".to_string(),
            Some(first) => format!("a list, each item {}", kind(first)),
        },
        Json::Object(_) => "a table".to_string(),
    }
}

/// What it takes to resolve one port.
struct Linker<'a> {
    model: &'a Model,
    crates: &'a [CrateInfo],
    interfaces: &'a dyn Interfaces,
}

impl Linker<'_> {
    fn facts(
        &self,
        info: &CrateInfo,
        name: &Spanned<String>,
        out: &mut Out,
    ) -> Option<InterfaceFacts> {
        let missing = |title: String| {
            Diagnostic::new(Code::NoInterface, title)
                .at(name.span, format!("named by crate `{}`", info.package))
        };
        let path = match self.interfaces.find(&info.directory, &self.model.directory, &name.value) {
            Ok(path) => path,
            Err(tried) => {
                let known = interfaces_beside(&tried);
                let near = suggest::nearest(&name.value, known.iter().map(String::as_str));
                let tried: Vec<String> =
                    tried.iter().take(3).map(|path| format!("`{}`", path.display())).collect();
                let mut help = format!("looked for {}, and so on upwards", tried.join(", "));
                if let Some(near) = near {
                    help = format!("did you mean `{near}`? {help}");
                }
                out.push(missing(format!("there is no interface `{}`", name.value)).help(help));
                return None;
            }
        };
        match self.interfaces.facts(&path) {
            Ok(facts) => Some(facts),
            Err(text) => {
                out.push(missing(format!("interface `{}` cannot be used", name.value)).help(text));
                None
            }
        }
    }

    fn port(
        &self,
        task: &Task,
        port: &Port,
        serves: &[Option<InterfaceFacts>],
        out: &mut Out,
    ) -> Option<LinkedPort> {
        let info = &self.crates[task.index];
        let server = &self.model.tasks[port.server];
        let server_info = &self.crates[port.server];
        let wanted = info.ports.iter().find(|(name, _)| name.value == port.name);
        if wanted.is_none() && !info.any_ports {
            return None;
        }
        let Some(served_name) = &server_info.serves else {
            out.push(
                Diagnostic::new(
                    Code::ServesNothing,
                    format!("`{}` calls `{}`, which serves nothing", task.name, server.name),
                )
                .at(port.span, "this channel")
                .also(server_info.span, format!("crate `{}` has no `serves`", server_info.package))
                .help("add `serves = \"NAME.idol\"` to the server's crate, or remove the channel"),
            );
            return None;
        };
        let served = serves[port.server].as_ref()?;
        let Some((_, wanted)) = wanted else {
            // No generated client stands between: a timeout can always be told.
            let ops = self.operations(server, port, served, out);
            return Some(linked(port, served.clone(), ops));
        };
        let facts = self.facts(info, wanted, out)?;
        if facts.hash != served.hash {
            out.push(
                Diagnostic::new(
                    Code::InterfaceMismatch,
                    format!(
                        "`{}` expects another interface than `{}` serves",
                        task.name, server.name
                    ),
                )
                .at(port.span, "this channel")
                .also(wanted.span, format!("expects {}", hashed(&facts)))
                .also(served_name.span, format!("serves {}", hashed(served)))
                .help("use one interface file on both sides"),
            );
            return None;
        }
        let ops = self.operations(server, port, &facts, out);
        timeout_can_be_told(task, server, port, &facts, &ops, out);
        Some(linked(port, facts, ops))
    }

    fn operations(
        &self,
        server: &Task,
        port: &Port,
        facts: &InterfaceFacts,
        out: &mut Out,
    ) -> Vec<(String, u16)> {
        for (name, number) in &facts.ops {
            if !(1..=limits::MAX_OPERATION).contains(number) {
                let title =
                    format!("operation `{name}` of `{}` has number {number}", facts.path.display());
                out.push(
                    Diagnostic::new(Code::TooMany, title)
                        .at(port.span, format!("numbers go from 1 to {}", limits::MAX_OPERATION))
                        .help("make two interfaces of it, each with a server of its own"),
                );
            }
        }
        let Some(permitted) = &port.ops else { return facts.ops.clone() };
        for op in permitted {
            if facts.ops.iter().all(|(name, _)| *name != op.name) {
                let names = facts.ops.iter().map(|(name, _)| name.as_str());
                out.push(
                    Diagnostic::new(
                        Code::UnknownOperation,
                        format!("`{}` has no operation `{}`", server.name, op.name),
                    )
                    .at(op.span, "not an operation of its interface")
                    .maybe_help(suggest::did_you_mean(&op.name, names)),
                );
            }
        }
        let granted = |name: &str| permitted.iter().any(|op| op.name == name);
        facts.ops.iter().filter(|(name, _)| granted(name)).cloned().collect()
    }
}

/// Names of the interface files in the directories of these paths.
fn interfaces_beside(tried: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<String> = tried
        .iter()
        .filter_map(|path| std::fs::read_dir(path.parent()?).ok())
        .flat_map(|entries| entries.flatten())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".idol"))
        .collect();
    names.sort();
    names
}

fn linked(port: &Port, interface: InterfaceFacts, ops: Vec<(String, u16)>) -> LinkedPort {
    let mask = ops.iter().fold(0, |mask, (_, number)| mask | 1_u64 << (number % 64));
    LinkedPort { name: port.name.clone(), interface, ops, mask }
}

/// A call that gives up must be able to return that it did.
fn timeout_can_be_told(
    task: &Task,
    server: &Task,
    port: &Port,
    facts: &InterfaceFacts,
    ops: &[(String, u16)],
    out: &mut Out,
) {
    let Some(timeout) = port.timeout_span else { return };
    let cannot: Vec<&str> = ops
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| facts.infallible.iter().any(|other| other == name))
        .collect();
    if cannot.is_empty() {
        return;
    }
    let (names, file) = (suggest::list(&cannot), facts.path.file_name().unwrap_or_default());
    let (noun, them) = if cannot.len() == 1 { ("", "it") } else { ("s", "them") };
    let mut found = Diagnostic::new(
        Code::TimeoutCannotFail,
        format!(
            "`{}` calls `{}` with a timeout, but operation{noun} {names} cannot fail",
            task.name, server.name
        ),
    )
    .at(timeout, format!("gives up after {} us", port.timeout_us))
    .help(format!(
        "remove the timeout, or leave the operation{noun} out of `ops`, or let {them} in `{}` \
         reply with a `Result`",
        file.to_string_lossy(),
    ));
    let permitted = port.ops.iter().flatten().filter(|op| cannot.contains(&op.name.as_str()));
    let mut places = permitted.map(|op| (op.span, "always replies with a value")).peekable();
    if places.peek().is_none() {
        found = found.also(port.span, "permits all operations");
    }
    for (span, text) in places {
        found = found.also(span, text);
    }
    out.push(found);
}

fn hashed(facts: &InterfaceFacts) -> String {
    let name =
        facts.path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    format!("`{name}` ({})", facts.hash.get(..12).unwrap_or(&facts.hash))
}
