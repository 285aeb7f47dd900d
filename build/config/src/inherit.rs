//! Inheritance: a file and those that it inherits become one table.
//!
//! ```text
//!   base.toml ──► tables merge, scalars and lists replace ◄── app.toml
//!      │               ▲                                        │
//!      │               └── what `remove` names is left out ◄────┤
//!      └──◄────────────── inherit = "base.toml" ────────────────┘
//! ```
//!
//! * Tables merge, key by key. Everything else (a number, a string, a list) replaces
//!   what was inherited, as a whole.
//! * What was inherited keeps its place; what is new comes after it. (The order of tasks
//!   is their index, that of channels their port number.)
//! * `remove` is applied to what is inherited, before this file's own keys are.
//! * Of several files, a later one comes over an earlier one. A file can be reached in
//!   one way only: in a diamond, it would not be clear whose word is last.
//!
//! Every key and value keeps its own place, so an error points into the file that it
//! came from; [`Sources`] remembers who inherited which file, and what was replaced.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{self, Node, Table, Value};
use crate::fields::{self, Out};
use crate::keys::TEXTS;
use crate::library::{File, Library};
use crate::source::{FileId, Sources, Span, Spanned};
use crate::suggest;
use std::path::PathBuf;

/// Most files on the way from a file to one that it inherits, both counted.
pub const DEPTH_MAX: usize = 8;
/// Most files that one file can inherit, directly or not.
pub const FILES_MAX: usize = 32;

/// A file with all that it inherits.
#[derive(Debug)]
pub struct Whole {
    /// All of it.
    pub table: Table,
    /// The files that are inherited, in the order in which they were read.
    pub inherited: Vec<FileId>,
    /// Where relative paths begin, for each of them and for the file itself.
    pub directories: Vec<(FileId, PathBuf)>,
    /// What was removed, and where that is said.
    pub removed: Vec<(Vec<String>, Span)>,
}

/// Parses a file, and what it inherits. `None` if anything is wrong with any of them:
/// what follows would be about half a file.
pub fn load(
    file: File,
    library: &dyn Library,
    sources: &mut Sources,
    out: &mut Out,
) -> (FileId, Option<Whole>) {
    let mut reader = Reader {
        library,
        sources,
        out,
        open: Vec::new(),
        files: Vec::new(),
        directories: Vec::new(),
        removed: Vec::new(),
    };
    let (id, table) = reader.read(file, None);
    let Reader { directories, removed, .. } = reader;
    let inherited = directories.iter().skip(1).map(|(id, _)| *id).collect();
    (id, table.map(|table| Whole { table, inherited, directories, removed }))
}

/// A file on the way, and the place that inherits it.
#[derive(Clone, Debug)]
struct Step {
    path: String,
    by: Option<Span>,
}

struct Reader<'a> {
    library: &'a dyn Library,
    sources: &'a mut Sources,
    out: &'a mut Out,
    /// From the first file to the one that is read.
    open: Vec<Step>,
    /// All that were read.
    files: Vec<Step>,
    directories: Vec<(FileId, PathBuf)>,
    removed: Vec<(Vec<String>, Span)>,
}

impl Reader<'_> {
    fn read(&mut self, file: File, by: Option<Span>) -> (FileId, Option<Table>) {
        let step = Step { path: file.path.clone(), by };
        let (id, table) = document::parse(&file.path, file.bytes, self.sources, self.out);
        self.sources.inherited_by(id, by);
        self.directories.push((id, file.directory.clone()));
        self.files.push(step.clone());
        let Some(mut own) = table else { return (id, None) };
        let parents = take(&mut own, "inherit").map_or_else(Vec::new, |(_, node)| {
            if let Value::String(path) = node.value {
                return vec![Spanned { value: path, span: node.span }];
            }
            if !matches!(node.value, Value::Array(_)) {
                let wanted = "the path of a file, or a list of such";
                let found = node.value.kind();
                self.out.push(fields::wrong_type("`inherit`", wanted, found, node.span));
                return Vec::new();
            }
            fields::strings("`inherit`", TEXTS, "", &node, self.out)
        });
        let remove = take(&mut own, "remove").map_or_else(Vec::new, |(_, node)| {
            fields::strings("`remove`", crate::keys::SOME_TEXTS, "remove the line", &node, self.out)
        });
        let mut all = Table::default();
        let mut good = true;
        self.open.push(step);
        for parent in &parents {
            match self.parent(&file.directory, parent) {
                Some(table) => merge(&mut all, table, self.sources),
                None => good = false,
            }
        }
        self.open.pop();
        if !good {
            return (id, None);
        }
        for path in &remove {
            self.remove(&mut all, path, parents.is_empty());
        }
        merge(&mut all, own, self.sources);
        (id, Some(all))
    }

    fn parent(&mut self, directory: &std::path::Path, wanted: &Spanned<String>) -> Option<Table> {
        let file = match self.library.inherit(directory, &wanted.value) {
            Ok(file) => file,
            Err(missing) => {
                let known = missing.known.iter().map(String::as_str);
                self.out.push(
                    Diagnostic::new(
                        Code::UnknownFile,
                        format!("there is no file `{}` to inherit", wanted.value),
                    )
                    .at(wanted.span, format!("looked for `{}`", missing.tried.join("` and `")))
                    .maybe_help(suggest::did_you_mean(&wanted.value, known)),
                );
                return None;
            }
        };
        if let Some(first) = self.open.iter().position(|step| step.path == file.path) {
            let mut path: Vec<String> =
                self.open[first..].iter().map(|step| format!("`{}`", step.path)).collect();
            path.push(format!("`{}`", file.path));
            let title = format!("files inherit one another: {}", path.join(" -> "));
            let found = Diagnostic::new(Code::InheritCycle, title)
                .at(wanted.span, format!("inherits `{}` again", file.path))
                .help("remove one of these lines: a file cannot come before itself");
            self.out.push(steps(found, &self.open[first + 1..]));
            return None;
        }
        if let Some(other) = self.files.iter().find(|step| step.path == file.path) {
            let mut found = Diagnostic::new(
                Code::InheritTwice,
                format!("`{}` is inherited in two ways", file.path),
            )
            .at(wanted.span, "again here")
            .help("remove one of the two: it would not be clear whose word is the last");
            if let Some(by) = other.by {
                found = found.also(by, "first here");
            }
            self.out.push(found);
            return None;
        }
        if self.open.len() >= DEPTH_MAX || self.files.len() > FILES_MAX {
            let (what, limit) = if self.open.len() >= DEPTH_MAX {
                ("one after the other", DEPTH_MAX)
            } else {
                ("in all, besides the first", FILES_MAX)
            };
            let found = Diagnostic::new(
                Code::InheritTooDeep,
                format!("more than {limit} files {what}, because of inheritance"),
            )
            .at(wanted.span, format!("`{}` would be one too many", file.path))
            .help("put what two of them say into one");
            self.out.push(steps(found, self.open.get(1..).unwrap_or_default()));
            return None;
        }
        self.read(file, Some(wanted.span)).1
    }

    /// Takes a key out of what is inherited; that there is none is reported.
    fn remove(&mut self, all: &mut Table, wanted: &Spanned<String>, alone: bool) {
        let nothing = |title: String, help: Option<String>| {
            Diagnostic::new(Code::NothingToRemove, title)
                .at(wanted.span, "nothing to remove")
                .maybe_help(help)
        };
        let Some(path) = parse_path(&wanted.value).filter(|_| !alone) else {
            let title = format!("`{}` cannot be removed", wanted.value);
            let help = if alone {
                "only what is inherited can be removed; this file inherits nothing"
            } else {
                "write a path, such as \"tasks.console\"; quote a key that has dots in it"
            };
            self.out.push(nothing(title, Some(help.into())));
            return;
        };
        let mut table = all;
        let (last, way) = path.split_last().map_or(("", &[][..]), |(last, way)| (last, way));
        for (depth, key) in way.iter().enumerate() {
            let names: Vec<String> = names(table);
            let found = table.entries.iter_mut().find(|(name, _)| name.value == *key);
            match found.map(|(_, node)| &mut node.value) {
                Some(Value::Table(inner)) => table = inner,
                Some(other) => {
                    let shown = path[..=depth].join(".");
                    let title = format!("`{shown}` is {}, and has no keys", other.kind());
                    let help = format!("remove the whole of it: \"{shown}\"");
                    self.out.push(nothing(title, Some(help)));
                    return;
                }
                None => {
                    self.out
                        .push(nothing(missing(&path[..=depth]), near(&path[..depth], key, &names)));
                    return;
                }
            }
        }
        let known = names(table);
        match table.entries.iter().position(|(name, _)| name.value == last) {
            Some(at) => {
                table.entries.remove(at);
                self.removed.push((path.clone(), wanted.span));
            }
            None => self.out.push(nothing(missing(&path), near(way, last, &known))),
        }
    }
}

fn names(table: &Table) -> Vec<String> {
    table.entries.iter().map(|(name, _)| name.value.clone()).collect()
}

fn missing(path: &[String]) -> String {
    format!("nothing that is inherited is called `{}`", path.join("."))
}

/// The whole path that was probably meant.
fn near(way: &[String], key: &str, known: &[String]) -> Option<String> {
    let names = known.iter().map(String::as_str);
    match suggest::nearest(key, names.clone()) {
        Some(near) => {
            let whole: Vec<&str> = way.iter().map(String::as_str).chain([near]).collect();
            Some(format!("did you mean `{}`?", whole.join(".")))
        }
        None => suggest::did_you_mean(key, names),
    }
}

/// Adds who inherits each file.
fn steps(mut found: Diagnostic, steps: &[Step]) -> Diagnostic {
    for step in steps {
        if let Some(by) = step.by {
            found = found.also(by, format!("inherits `{}`", step.path));
        }
    }
    found
}

fn take(table: &mut Table, key: &str) -> Option<(Spanned<String>, Node)> {
    let at = table.entries.iter().position(|(name, _)| name.value == key)?;
    Some(table.entries.remove(at))
}

/// Lays a table over another.
fn merge(base: &mut Table, over: Table, sources: &mut Sources) {
    for (key, node) in over.entries {
        let Some((name, under)) = base.entries.iter_mut().find(|(name, _)| name.value == key.value)
        else {
            base.entries.push((key, node));
            continue;
        };
        match (&mut under.value, node) {
            (Value::Table(under), Node { value: Value::Table(over), .. }) => {
                merge(under, over, sources);
            }
            (_, node) => {
                sources.replaces(key.span, name.span);
                sources.replaces(node.span, under.span);
                (*name, *under) = (key, node);
            }
        }
    }
}

/// The keys of a dotted path; those with dots in them are quoted.
fn parse_path(text: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    let mut rest = text;
    loop {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (key, after) = match quote {
            Some(quote) => rest[1..].split_once(quote)?,
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        if quote.is_none() && (key.is_empty() || key.contains(['"', '\'', ' '])) {
            return None;
        }
        keys.push(key.to_string());
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None => return after.is_empty().then_some(keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse_path;

    #[test]
    fn a_path_is_keys_between_dots() {
        let keys = |text| parse_path(text).map(|keys| keys.join("|"));
        assert_eq!(keys("tasks.a").as_deref(), Some("tasks|a"));
        assert_eq!(keys("a.\"b.c\".'d'").as_deref(), Some("a|b.c|d"));
        assert_eq!(keys("a"), Some("a".into()));
        for bad in ["", ".", "a.", ".a", "a..b", "a.\"b", "a b", "\"a\"b"] {
            assert_eq!(keys(bad), None, "{bad}");
        }
    }
}
