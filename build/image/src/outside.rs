//! Outside: applications that live in a workspace of their own, somewhere else.
//!
//! Nothing in a build assumes that an application is inside this repository. What is
//! found from its directory (its workspace, whose member a name is) is found here; how
//! its packages are compiled is [`Toolchain::cargo_in`].

use crate::Error;
use exov6_config::{Linked, Search};
use exov6_toolchain::Toolchain;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where the files of an application are looked for, and which directory paths in
/// errors are relative to: the application's workspace for somebody who is in it, as cargo
/// does it, else that of the kernel at `root`.
#[must_use]
pub fn search(app: &Path, root: &Path) -> Search {
    let mut search = Search::new(root);
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    if let (Some(home), Ok(here)) = (home(app, root), here)
        && home.canonicalize().is_ok_and(|home| here.starts_with(home))
    {
        search.shown_from = home;
    }
    search
}

/// The directory that an application outside of the workspace at `root` lives in: that
/// of its own workspace, or of its `app.toml` if it has none. `None` for one inside.
#[must_use]
pub fn home(app: &Path, root: &Path) -> Option<PathBuf> {
    let app = std::path::absolute(app).ok()?;
    let directory = app.parent()?;
    let own = workspace_of(directory);
    let same = |a: &Path, b: &Path| a.canonicalize().ok() == b.canonicalize().ok();
    match own {
        Some(own) if same(&own, root) => None,
        // As it was given, links and all.
        Some(own) => Some(
            directory
                .ancestors()
                .find(|above| same(above, &own))
                .map_or(own.clone(), Path::to_owned),
        ),
        None => Some(directory.to_owned()),
    }
}

/// Notes in the shared target directory whose the packages of these tasks are.
///
/// # Errors
/// If that cannot be written.
pub fn claim(toolchain: &Toolchain, linked: &Linked) -> Result<(), Error> {
    let others: BTreeSet<PathBuf> =
        linked.tasks.iter().filter_map(|task| toolchain.other_workspace(&task.directory)).collect();
    for workspace in others {
        let mut packages = members(&workspace);
        if let Some(own) = package(&workspace) {
            packages.insert(own, workspace.clone());
        }
        // Dependencies by path below a workspace are its members without being listed.
        for task in &linked.tasks {
            if toolchain.other_workspace(&task.directory).as_ref() == Some(&workspace) {
                packages.insert(task.package.clone(), task.directory.clone());
            }
        }
        toolchain
            .claim(&workspace, packages.keys().map(String::as_str))
            .map_err(|source| Error::Write { path: toolchain.target_dir.clone(), source })?;
    }
    Ok(())
}

/// The nearest directory above that holds a workspace.
pub(crate) fn workspace_of(directory: &Path) -> Option<PathBuf> {
    let directory = directory.canonicalize().ok()?;
    directory
        .ancestors()
        .find(|dir| manifest(dir).is_some_and(|m| m.get("workspace").is_some()))
        .map(Path::to_owned)
}

fn manifest(directory: &Path) -> Option<toml::Table> {
    std::fs::read_to_string(directory.join("Cargo.toml")).ok()?.parse().ok()
}

fn package(directory: &Path) -> Option<String> {
    Some(manifest(directory)?.get("package")?.get("name")?.as_str()?.to_owned())
}

/// Directories of a workspace's packages, by name.
pub(crate) fn members(root: &Path) -> BTreeMap<String, PathBuf> {
    let mut packages = BTreeMap::new();
    let workspace = manifest(root);
    let patterns = workspace
        .as_ref()
        .and_then(|m| m.get("workspace")?.get("members")?.as_array())
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_str);
    for pattern in patterns {
        for directory in expand(root, pattern) {
            if let Some(name) = package(&directory) {
                packages.insert(name, directory);
            }
        }
    }
    packages
}

/// The directories that a member pattern names: a path, or `PATH/*`.
fn expand(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let Some(parent) = pattern.strip_suffix("/*") else { return vec![root.join(pattern)] };
    let entries = std::fs::read_dir(root.join(parent));
    let mut found: Vec<PathBuf> =
        entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}
