//! Crates: what a task's code needs and offers, as its own Cargo.toml says it.
//!
//! ```toml
//! [package.metadata.exov6]
//! serves        = "control.idol"                # the interface it serves
//! ports         = { sense = "sense.idol" }      # what it calls, by port
//! notifications = ["sample"]                    # bits it waits for, interrupts' too
//! timers        = ["release"]                   # timers it arms
//! posts         = { act = ["command"] }         # whom it notifies
//! optional-posts = { console = ["input"] }      # … and whom if there is somebody
//! uses          = ["uart0"]                     # peripherals it touches
//! summary       = ["loops"]                     # counters it keeps
//! counters      = false                         # no counts of calls (on by default)
//! config        = { gain = 3.0 }                # configuration, with example values
//! debug-only    = true                          # whether releases must leave the task out
//! heap          = true                          # whether it allocates
//!
//! [package.metadata.exov6.bin.logger]           # the same for one of several binaries,
//! timers        = ["flush"]                     # in place of all of the above
//! ```
//!
//! Code and `app.toml` are written by different people at different times; that
//! both say it lets a build find which of them is out of date. A crate that makes no
//! calls of its own but those that somebody else asks it for says `ports = "*"`: it
//! takes whatever channels `app.toml` gives it.

use crate::app;
use crate::binaries;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Errors};
use crate::document::{self, Node, Table, Value};
use crate::fields::{self, Fields, Out, check_unique};
use crate::keys::TEXTS;
use crate::keys::krate::{BINARY, METADATA};
use crate::model::{CrateRef, Model, Task};
use crate::source::{FileId, Source, Sources, Span, Spanned};
use crate::suggest;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What one crate declares. Places are in its own `Cargo.toml`.
#[derive(Clone, Debug, PartialEq)]
pub struct CrateInfo {
    /// Name of the package.
    pub package: String,
    /// Directory of the crate.
    pub directory: PathBuf,
    /// Its `Cargo.toml`.
    pub source: Source,
    /// Where the declarations begin, or where the package does.
    pub span: Span,
    /// File name of the interface it serves.
    pub serves: Option<Spanned<String>>,
    /// Ports: name, and file name of the interface it expects.
    pub ports: Vec<(Spanned<String>, Spanned<String>)>,
    /// Whether it takes any channels instead (`ports = "*"`).
    pub any_ports: bool,
    /// Notifications, those of interrupts among them.
    pub notifications: Vec<Spanned<String>>,
    /// Timers.
    pub timers: Vec<Spanned<String>>,
    /// Posts: target, and its bits.
    pub posts: Vec<(Spanned<String>, Vec<Spanned<String>>)>,
    /// Posts that an application may leave out.
    pub optional_posts: Vec<(Spanned<String>, Vec<Spanned<String>>)>,
    /// Peripherals and `boot-info`.
    pub uses: Vec<Spanned<String>>,
    /// Summary counters.
    pub summary: Vec<Spanned<String>>,
    /// Where it says that it allocates, if it does.
    pub heap: Option<Span>,
    /// Where it says that releases must leave the task out, if it does.
    pub debug_only: Option<Span>,
    /// Names of its binaries, sorted; empty if there are none to be seen.
    pub binaries: Vec<String>,
    /// The one that the task is.
    pub bin: Option<String>,
    /// Configuration: name, and a value of the right type.
    pub config: Vec<(Spanned<String>, serde_json::Value)>,
}

impl CrateInfo {
    /// Reads a crate's `Cargo.toml`.
    ///
    /// # Errors
    ///
    /// That it cannot be read, or what is wrong in it.
    pub fn read(cargo_toml: &Path) -> Result<Self, Errors> {
        Self::read_shown(cargo_toml, &cargo_toml.display().to_string(), None)
    }

    /// As [`CrateInfo::read`], with the path that errors show, for the binary that a task
    /// names.
    fn read_shown(cargo_toml: &Path, shown: &str, task: Option<&Task>) -> Result<Self, Errors> {
        let bytes = fs::read(cargo_toml).map_err(|error| {
            let found =
                Diagnostic::new(Code::Unreadable, format!("cannot read `{shown}`: {error}"));
            Errors::new(vec![found], Sources::default())
        })?;
        Self::parse_for(shown, bytes, cargo_toml.parent().unwrap_or(Path::new("")), task)
    }

    /// Reads the text of a `Cargo.toml`.
    ///
    /// # Errors
    ///
    /// What is wrong in it.
    pub fn parse(shown: &str, bytes: Vec<u8>, directory: &Path) -> Result<Self, Errors> {
        Self::parse_for(shown, bytes, directory, None)
    }

    /// As [`CrateInfo::parse`], for the binary that a task names.
    fn parse_for(
        shown: &str,
        bytes: Vec<u8>,
        directory: &Path,
        task: Option<&Task>,
    ) -> Result<Self, Errors> {
        let mut sources = Sources::default();
        let mut out = Out::new();
        let (file, table) = document::parse(shown, bytes, &mut sources, &mut out);
        let mut info =
            table.and_then(|table| declarations(&table, file, directory, task, &mut out));
        match (&mut info, sources.get(file), out.is_empty()) {
            (Some(info), Some(source), true) => info.source = source.clone(),
            _ => return Err(Errors::new(out, sources)),
        }
        info.ok_or_else(|| Errors::new(Vec::new(), sources))
    }

    /// The crate of each task, in task order. `members` are the directories of the
    /// workspace's packages, by name; `shown_from` is the directory that paths in errors are
    /// relative to.
    ///
    /// # Errors
    ///
    /// Crates that are not there, and what is wrong in those that are.
    pub fn read_all(
        model: &Model,
        members: &BTreeMap<String, PathBuf>,
        shown_from: &Path,
    ) -> Result<Vec<Self>, Errors> {
        let mut sources = model.sources.clone();
        let mut out = Out::new();
        let mut all = Vec::new();
        for task in &model.tasks {
            let directory = match &task.crate_ref {
                CrateRef::Path(path) => model.directory.join(path),
                CrateRef::Member(name) => match members.get(name) {
                    Some(directory) => directory.clone(),
                    None => {
                        let names = members.keys().map(String::as_str);
                        let title = format!("the workspace has no package `{name}`");
                        out.push(
                            Diagnostic::new(Code::UnknownCrate, title)
                                .at(task.crate_span, format!("needed by task `{}`", task.name))
                                .maybe_help(suggest::did_you_mean(name, names)),
                        );
                        continue;
                    }
                },
            };
            let manifest = directory.join("Cargo.toml");
            let shown = manifest.strip_prefix(shown_from).unwrap_or(&manifest);
            if !manifest.is_file() {
                out.push(
                    Diagnostic::new(
                        Code::UnknownCrate,
                        format!("there is no crate for task `{}`", task.name),
                    )
                    .at(task.crate_span, format!("looked for `{}`", shown.display()))
                    .maybe_help(crate_beside(&directory)),
                );
                continue;
            }
            match Self::read_shown(&manifest, &shown.display().to_string(), Some(task)) {
                Ok(mut info) => {
                    info.bin = binaries::choose(task, &info.package, &info.binaries, &mut out);
                    all.push(info);
                }
                Err(errors) => adopt(&errors, &mut sources, &mut out),
            }
        }
        if out.is_empty() { Ok(all) } else { Err(Errors::new(out, sources)) }
    }

    /// Moves all places to another file.
    pub(crate) fn in_file(&self, file: FileId) -> Self {
        let mut info = self.clone();
        info.span.file = file;
        let pairs = info.ports.iter_mut().flat_map(|(name, interface)| [name, interface]);
        let posts = info
            .posts
            .iter_mut()
            .chain(&mut info.optional_posts)
            .flat_map(|(name, bits)| std::iter::once(name).chain(bits));
        pairs
            .chain(posts)
            .chain(&mut info.serves)
            .chain(&mut info.notifications)
            .chain(&mut info.timers)
            .chain(&mut info.uses)
            .chain(&mut info.summary)
            .chain(info.config.iter_mut().map(|(name, _)| name))
            .for_each(|name| name.span.file = file);
        info.heap.iter_mut().for_each(|span| span.file = file);
        info.debug_only.iter_mut().for_each(|span| span.file = file);
        info
    }
}

/// The directory with a crate that was probably meant.
fn crate_beside(directory: &Path) -> Option<String> {
    let entries = fs::read_dir(directory.parent()?).ok()?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let wanted = directory.file_name()?.to_string_lossy();
    suggest::did_you_mean(&wanted, names.iter().map(String::as_str))
}

/// Takes over errors that were found among other sources.
fn adopt(errors: &Errors, sources: &mut Sources, out: &mut Out) {
    let base: Vec<FileId> =
        errors.sources().files().iter().map(|source| sources.add(source.clone())).collect();
    for diagnostic in errors.diagnostics() {
        let mut diagnostic = diagnostic.clone();
        for label in diagnostic.primary.iter_mut().chain(&mut diagnostic.secondary) {
            if let Some(file) = base.get(usize::from(label.span.file.0)) {
                label.span.file = *file;
            }
        }
        out.push(diagnostic);
    }
}

fn declarations(
    table: &Table,
    file: FileId,
    directory: &Path,
    task: Option<&Task>,
    out: &mut Out,
) -> Option<CrateInfo> {
    let top = Span { file, start: 0, end: 0 };
    let Some((key, package)) = table.get("package") else {
        out.push(
            Diagnostic::new(Code::MissingKey, "a crate needs `[package]`")
                .at(top, "`package` is missing")
                .help("begin with `[package]` and a `name`, as every crate does"),
        );
        return None;
    };
    let Value::Table(package) = &package.value else {
        out.push(fields::wrong_type("`package`", "a table", package.value.kind(), package.span));
        return None;
    };
    let name = match package.get("name") {
        Some((_, node)) => fields::string("name", node, out)?,
        None => {
            out.push(
                Diagnostic::new(Code::MissingKey, "a package needs `name`")
                    .at(key.span, "`name` is missing")
                    .help("for example `name = \"task-hello\"`"),
            );
            return None;
        }
    };
    let mut info = CrateInfo {
        package: name.value,
        directory: directory.to_path_buf(),
        source: Source { path: String::new(), text: String::new() },
        span: name.span,
        serves: None,
        ports: Vec::new(),
        any_ports: false,
        notifications: Vec::new(),
        timers: Vec::new(),
        posts: Vec::new(),
        optional_posts: Vec::new(),
        uses: Vec::new(),
        summary: Vec::new(),
        config: Vec::new(),
        heap: None,
        debug_only: None,
        binaries: Vec::new(),
        bin: None,
    };
    info.binaries = binaries::of(table, package, &info.package, directory);
    let ours = package.get("metadata").and_then(|(_, node)| match &node.value {
        Value::Table(metadata) => metadata.get("exov6"),
        _ => None,
    });
    let Some((key, node)) = ours else { return Some(info) };
    info.span = key.span;
    let mut fields = Fields::open(node, node.span, &METADATA, out)?;
    let named: Vec<_> = fields.entries("bin", out).iter().map(|(name, _)| name.clone()).collect();
    binaries::check_named(&named, &info.package, &info.binaries, out);
    let only = || info.binaries.first().filter(|_| info.binaries.len() == 1);
    let bin = task.and_then(|task| task.bin.as_ref().or_else(only));
    for (name, node) in fields.entries("bin", out) {
        // All are read, so that what is wrong in any of them is told.
        let own = Fields::open(node, name.span, &BINARY, out)?;
        if bin == Some(&name.value) {
            info.span = name.span;
            fields = own;
        }
    }
    info.serves = fields.string("serves", out);
    match fields.get("ports") {
        Some((_, Node { value: Value::String(text), .. })) if text == "*" => info.any_ports = true,
        Some((_, Node { value: Value::Table(_), .. })) | None => {
            for (name, node) in fields.entries("ports", out) {
                let file = fields::string(&name.value, node, out);
                info.ports.extend(file.map(|file| (name.clone(), file)));
            }
        }
        Some((_, node)) => out.push(
            fields::wrong_type(
                "`ports`",
                "a table of interfaces, or `\"*\"`",
                node.value.kind(),
                node.span,
            )
            .help(
                "name each port and its interface, such as `ports = { store = \"store.idol\" }`; \
                 `\"*\"` takes whatever channels app.toml gives the task",
            ),
        ),
    }
    info.notifications = fields.strings("notifications", out);
    info.notifications.extend(interrupts(&fields, out));
    info.timers = fields.strings("timers", out);
    for (name, node) in fields.entries("posts", out) {
        info.posts.push((name.clone(), fields::strings("`posts`", TEXTS, "", node, out)));
    }
    for (name, node) in fields.entries("optional-posts", out) {
        let bits = fields::strings("`optional-posts`", TEXTS, "", node, out);
        info.optional_posts.push((name.clone(), bits));
    }
    info.uses = fields.strings("uses", out);
    info.summary = fields.strings("summary", out);
    let heap = fields.bool("heap", out);
    info.heap = fields.get("heap").filter(|_| heap).map(|(key, _)| key.span);
    let debug_only = fields.bool("debug-only", out);
    info.debug_only = fields.get("debug-only").filter(|_| debug_only).map(|(key, _)| key.span);
    for (name, node) in fields.entries("config", out) {
        info.config.push((name.clone(), app::json(node, out)));
    }
    // Concerns the crate's build script alone; here only that it is a flag.
    let _ = fields.bool("counters", out);
    check_unique("notification", info.notifications.iter().chain(&info.timers), out);
    Some(info)
}

/// Notifications of interrupts: a list of names, or a table as in `app.toml`.
fn interrupts(fields: &Fields<'_>, out: &mut Out) -> Vec<Spanned<String>> {
    match fields.get("interrupts") {
        None => Vec::new(),
        Some((_, Node { value: Value::Table(table), .. })) => table
            .entries
            .iter()
            .filter_map(|(name, node)| fields::string(&name.value, node, out))
            .collect(),
        Some((_, node)) => fields::strings("`interrupts`", TEXTS, "", node, out),
    }
}
