//! Binaries of a crate, as cargo finds them.
//!
//! ```text
//!   [[bin]] name = "a"        as written, with its path
//!   src/main.rs               the package's name     ┐ unless `autobins = false`, or a
//!   src/bin/b.rs              b                      │ [[bin]] has that name or path
//!   src/bin/c/main.rs         c                      ┘
//! ```

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Table, Value};
use crate::fields::Out;
use crate::model::Task;
use crate::source::Spanned;
use crate::suggest;
use std::fs;
use std::path::{Path, PathBuf};

/// Names of the binaries, sorted; empty if there are none to be seen.
pub fn of(manifest: &Table, package: &Table, name: &str, directory: &Path) -> Vec<String> {
    let text = |table: &Table, key: &str| match table.get(key)?.1.value {
        Value::String(ref text) => Some(text.clone()),
        _ => None,
    };
    let mut found: Vec<(String, PathBuf)> = vec![];
    if let Some((_, node)) = manifest.get("bin")
        && let Value::Array(items) = &node.value
    {
        for item in items {
            let Value::Table(item) = &item.value else { continue };
            let Some(own) = text(item, "name") else { continue };
            let usual =
                if own == name { "src/main.rs".into() } else { format!("src/bin/{own}.rs") };
            let path = text(item, "path").unwrap_or(usual);
            found.push((own, directory.join(path)));
        }
    }
    let auto = package.get("autobins").is_none_or(|(_, n)| !matches!(n.value, Value::Bool(false)));
    if auto {
        for (own, path) in inferred(name, directory) {
            if found.iter().all(|(other, taken)| *other != own && *taken != path) {
                found.push((own, path));
            }
        }
    }
    let mut names: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
    names.sort();
    names
}

fn inferred(name: &str, directory: &Path) -> Vec<(String, PathBuf)> {
    let main = directory.join("src/main.rs");
    let mut found = vec![];
    if main.is_file() {
        found.push((name.to_owned(), main));
    }
    let entries = fs::read_dir(directory.join("src/bin"));
    for path in entries.into_iter().flatten().flatten().map(|entry| entry.path()) {
        let Some(stem) = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()) else {
            continue;
        };
        if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((stem, path));
        } else if path.join("main.rs").is_file() {
            found.push((stem, path.join("main.rs")));
        }
    }
    found
}

/// The binary that a task is, of those of its crate; what is wrong is reported.
pub fn choose(task: &Task, package: &str, binaries: &[String], out: &mut Out) -> Option<String> {
    let names = || binaries.iter().map(String::as_str);
    match (&task.bin, task.bin_span) {
        (Some(wanted), Some(span)) => {
            if binaries.contains(wanted) || binaries.is_empty() {
                return Some(wanted.clone());
            }
            let title = format!("crate `{package}` has no binary `{wanted}`");
            out.push(
                Diagnostic::new(Code::UnknownBinary, title)
                    .at(span, "not a binary of the crate")
                    .also(task.crate_span, "this crate")
                    .maybe_help(suggest::did_you_mean(wanted, names())),
            );
            None
        }
        _ => {
            if let [only] = binaries {
                return Some(only.clone());
            }
            if let Some(first) = binaries.first() {
                let title = format!(
                    "crate `{package}` has {} binaries, and task `{}` does not say which it is",
                    binaries.len(),
                    task.name
                );
                let all = suggest::list(&names().collect::<Vec<_>>());
                out.push(
                    Diagnostic::new(Code::UnknownBinary, title)
                        .at(task.crate_span, format!("has {all}"))
                        .help(format!("add for example `bin = \"{first}\"` to the task")),
                );
            }
            None
        }
    }
}

/// Reports metadata about binaries that the crate does not have.
pub fn check_named(named: &[Spanned<String>], package: &str, binaries: &[String], out: &mut Out) {
    for name in named.iter().filter(|name| !binaries.contains(&name.value)) {
        if binaries.is_empty() {
            return;
        }
        let title = format!("crate `{package}` has no binary `{}`", name.value);
        out.push(
            Diagnostic::new(Code::UnknownBinary, title)
                .at(name.span, "says something about it")
                .maybe_help(suggest::did_you_mean(
                    &name.value,
                    binaries.iter().map(String::as_str),
                )),
        );
    }
}
