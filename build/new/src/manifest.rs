//! Manifests: what cargo must be told, in the words of the workspace that it is told in.

use crate::Error;
use crate::files::{read, relative};
use std::fs;
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, InlineTable, Item, Value};

/// Crates of exov6 that tasks are made with, by the name they are used under: package and
/// directory.
pub const OURS: [(&str, &str, &str); 6] = [
    ("abi", "exov6-abi", "sys/abi"),
    ("exov6-task-build", "exov6-task-build", "build/task-build"),
    ("exov6-test", "exov6-test", "sys/test"),
    ("idol-runtime", "exov6-idol-runtime", "sys/idol-runtime"),
    ("task-supervisor-api", "task-supervisor-api", "task/supervisor-api"),
    ("userlib", "exov6-userlib", "sys/userlib"),
];
/// Crates from elsewhere, of which the same versions are used.
const REGISTRY: [&str; 2] = ["defmt", "zerocopy"];

/// Keys of a package that a workspace may say for all of them, and what a package says
/// alone.
const PACKAGE: [(&str, &str); 5] = [
    ("version", "\"0.1.0\""),
    ("edition", "\"2024\""),
    ("rust-version", ""),
    ("license", ""),
    ("publish", "false"),
];

/// A workspace's `Cargo.toml`.
pub struct Workspace {
    /// Where it is.
    pub directory: PathBuf,
    document: DocumentMut,
}

impl Workspace {
    /// Reads the one in `directory`.
    pub fn read(directory: &Path) -> Result<Workspace, Error> {
        let path = directory.join("Cargo.toml");
        let document = read(&path)?.parse().map_err(|source| Error::Toml { path, source })?;
        Ok(Workspace { directory: directory.to_owned(), document })
    }

    /// The nearest one above a directory.
    pub fn above(directory: &Path) -> Result<Workspace, Error> {
        let missing = || Error::Place {
            path: directory.to_owned(),
            why: "there is no Cargo.toml with a `[workspace]` here or above, for the new task to \
                  be a member of; `cargo xtask new app` makes one"
                .to_owned(),
        };
        for above in directory.ancestors().filter(|above| above.join("Cargo.toml").is_file()) {
            let found = Workspace::read(above)?;
            if found.document.contains_key("workspace") {
                return Ok(found);
            }
        }
        Err(missing())
    }

    /// Path of the file.
    pub fn path(&self) -> PathBuf {
        self.directory.join("Cargo.toml")
    }

    fn workspace(&self, key: &str) -> Option<&Item> {
        self.document.get("workspace")?.get(key)
    }

    fn members(&self) -> impl Iterator<Item = &str> {
        let members = self.workspace("members").and_then(Item::as_array);
        members.into_iter().flatten().filter_map(Value::as_str)
    }

    /// The pattern that makes a directory a member, if one does: a path, or `PATH/*`.
    pub fn pattern(&self, directory: &Path) -> Option<&str> {
        self.members().find(|pattern| match pattern.strip_suffix("/*") {
            Some(parent) => directory.parent() == Some(&*self.directory.join(parent)),
            None => directory == self.directory.join(pattern),
        })
    }

    /// The file's text with a directory among the members; `None` if it is one already.
    pub fn with_member(&self, directory: &Path) -> Option<String> {
        if self.pattern(directory).is_some() {
            return None;
        }
        let mut document = self.document.clone();
        let way = relative(&self.directory, directory).display().to_string();
        let members = document.get_mut("workspace")?.as_table_like_mut()?;
        let members = members.entry("members").or_insert(Item::Value(Value::Array(<_>::default())));
        let members = members.as_array_mut()?;
        // As the last one is written.
        let decor = members.iter().last().map(|last| last.decor().clone());
        members.push(way);
        if let (Some(decor), Some(last)) = (decor, members.iter_mut().last()) {
            *last.decor_mut() = decor;
        }
        Some(document.to_string())
    }

    /// The lines of a member's `[package]` below its description.
    pub fn package_lines(&self) -> String {
        let shared = self.workspace("package");
        let mut lines = String::new();
        for (key, alone) in PACKAGE {
            if shared.is_some_and(|shared| shared.get(key).is_some()) {
                lines.push_str(&format!("{key}.workspace = true\n"));
            } else if !alone.is_empty() {
                lines.push_str(&format!("{key} = {alone}\n"));
            }
        }
        lines
    }

    /// The end of a member's file.
    pub fn lints(&self) -> &'static str {
        if self.workspace("lints").is_some() { "\n[lints]\nworkspace = true\n" } else { "" }
    }

    /// The line by which a member in `directory` depends on one of [`OURS`] or
    /// [`REGISTRY`]: the workspace's, or the same that exov6's own workspace means.
    pub fn dependency(&self, name: &str, directory: &Path, exov6: &Workspace) -> String {
        if self.workspace("dependencies").is_some_and(|all| all.get(name).is_some()) {
            return format!("{name}.workspace = true\n");
        }
        match OURS.iter().find(|(used_as, ..)| *used_as == name) {
            Some((_, package, place)) => {
                let path = exov6.directory.join(place);
                let path = if directory.starts_with(&exov6.directory) {
                    relative(directory, &path)
                } else {
                    path
                };
                format!("{name} = {}\n", by_path(package, name, &path))
            }
            None => format!("{name} = {}\n", exov6.requirement(name)),
        }
    }

    /// How this workspace asks for a crate from elsewhere.
    fn requirement(&self, name: &str) -> String {
        let item = self.workspace("dependencies").and_then(|all| all.get(name));
        item.map_or_else(|| "\"*\"".to_owned(), |item| item.to_string().trim().to_owned())
    }

    /// The lines of `[workspace.dependencies]` of an application in `directory`, and the
    /// profiles: it is built as exov6 is, and shares what is built with it.
    pub fn for_application(&self, directory: &Path) -> String {
        let mut text = String::new();
        for (name, package, place) in OURS {
            let path = self.directory.join(place);
            let path = if directory.starts_with(&self.directory) {
                relative(directory, &path)
            } else {
                path
            };
            text.push_str(&format!("{name} = {}\n", by_path(package, name, &path)));
        }
        text.push('\n');
        for name in REGISTRY {
            text.push_str(&format!("{name} = {}\n", self.requirement(name)));
        }
        text.push_str("\n# As in exov6: what both are built from is then built once.\n");
        let mut profiles = DocumentMut::new();
        let Some(Item::Table(all)) = self.document.get("profile") else { return text };
        let mut all = all.clone();
        for (_, profile) in all.iter_mut() {
            if let Some(profile) = profile.as_table_like_mut() {
                // Of packages that the application has not.
                profile.remove("package");
            }
        }
        all.set_implicit(true);
        profiles.insert("profile", Item::Table(all));
        text.push_str(profiles.to_string().trim_start());
        text
    }

    /// The dependency by which the crate in `server` reaches the library `library`, for a
    /// crate in `directory`: the name it has there, and the line.
    pub fn imported(
        &self,
        server: &Path,
        library: &str,
        directory: &Path,
    ) -> Option<(String, String)> {
        let text = fs::read_to_string(server.join("Cargo.toml")).ok()?;
        let document: DocumentMut = text.parse().ok()?;
        let own = document.get("dependencies")?.as_table_like()?;
        let home = Workspace::above(server).ok();
        for (name, item) in own.iter() {
            let shared = item.get("workspace").is_some();
            let (item, base) = match &home {
                Some(home) if shared => {
                    (home.workspace("dependencies")?.get(name)?, home.directory.clone())
                }
                _ => (item, server.to_owned()),
            };
            let path = item.get("path").and_then(Item::as_str).map(|path| base.join(path));
            let named = match &path {
                Some(path) => library_of(path),
                None => Some(name.replace('-', "_")),
            };
            if named.as_deref() != Some(library) && name.replace('-', "_") != library {
                continue;
            }
            if self.workspace("dependencies").is_some_and(|all| all.get(name).is_some()) {
                return Some((name.to_owned(), format!("{name}.workspace = true\n")));
            }
            let line = match path.as_ref().map(|path| path.canonicalize()) {
                Some(path) => {
                    let path = path.ok()?;
                    let package = item.get("package").and_then(Item::as_str).unwrap_or(name);
                    let near =
                        directory.starts_with(&self.directory) && path.starts_with(&self.directory);
                    let path = if near { relative(directory, &path) } else { path };
                    format!("{name} = {}\n", by_path(package, name, &path))
                }
                None => format!("{name} = {}\n", item.to_string().trim()),
            };
            return Some((name.to_owned(), line));
        }
        None
    }
}

/// The name of the library of the package in a directory.
fn library_of(directory: &Path) -> Option<String> {
    let document: DocumentMut =
        fs::read_to_string(directory.join("Cargo.toml")).ok()?.parse().ok()?;
    let given = document.get("lib").and_then(|lib| lib.get("name")?.as_str());
    let package = document.get("package").and_then(|package| package.get("name")?.as_str());
    given.or(package).map(|name| name.replace('-', "_"))
}

/// `{ package = …, path = … }`.
fn by_path(package: &str, name: &str, path: &Path) -> InlineTable {
    let mut table = InlineTable::new();
    if package != name {
        table.insert("package", package.into());
    }
    table.insert("path", path.display().to_string().into());
    table
}

#[cfg(test)]
mod tests {
    use super::Workspace;
    use std::path::{Path, PathBuf};

    fn workspace(text: &str) -> Workspace {
        Workspace { directory: PathBuf::from("/w"), document: text.parse().unwrap() }
    }

    #[test]
    fn a_member_is_added_once_and_the_rest_stays_as_it_is() {
        let text = "# kept\n[workspace]\nmembers = [\n    \"task/*\",\n    \"tests\", # here\n]\nx = 1 # kept\n";
        let found = workspace(text);
        assert_eq!(found.with_member(Path::new("/w/task/a")), None);
        assert_eq!(found.with_member(Path::new("/w/tests")), None);
        let more = found.with_member(Path::new("/w/other/a")).unwrap();
        assert!(more.contains("\"tests\"") && more.contains("\n    \"other/a\""), "{more}");
        assert!(more.starts_with("# kept\n") && more.ends_with("x = 1 # kept\n"), "{more}");
        let none = workspace("[workspace]\n").with_member(Path::new("/w/a")).unwrap();
        assert_eq!(none, "[workspace]\nmembers = [\"a\"]\n");
    }

    #[test]
    fn a_package_says_itself_what_its_workspace_does_not() {
        let lines = workspace("[workspace.package]\nedition = \"2024\"\n").package_lines();
        assert_eq!(lines, "version = \"0.1.0\"\nedition.workspace = true\npublish = false\n");
    }
}
