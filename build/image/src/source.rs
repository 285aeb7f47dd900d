//! Source: the description of a system with its crates and interfaces.

use exov6_config::{CrateInfo, Errors, InterfaceFacts, Interfaces, Linked, Model, Search, Variant};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Reads and checks an `app.toml` and everything it names, short of compiling.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(app: &Path, variant: &Variant<'_>, root: &Path) -> Result<(Model, Linked), Errors> {
    let mut model = exov6_config::load_for(app, variant, &Search::new(root))?;
    // Build scripts run elsewhere: from here on, paths are absolute.
    if let Ok(absolute) = std::path::absolute(&model.directory) {
        model.directory = absolute;
    }
    let mut packages = members(root);
    if let Some(own) = workspace_of(&model.directory) {
        packages.extend(members(&own));
    }
    let crates = CrateInfo::read_all(&model, &packages, root)?;
    let linked = exov6_config::link_crates(&model, &crates, &Idol { root: root.to_owned() })?;
    Ok((model, linked))
}

/// Interfaces from disk.
struct Idol {
    root: PathBuf,
}

impl Interfaces for Idol {
    fn facts(&self, file: &Path) -> Result<InterfaceFacts, String> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let shown = file.strip_prefix(&self.root).unwrap_or(file).display().to_string();
        let interface = exov6_idol::parse(&shown, &text).map_err(|errors| errors.to_string())?;
        Ok(InterfaceFacts {
            path: file.to_owned(),
            hash: exov6_idol::hash(&interface),
            ops: interface.operations.iter().map(|op| (op.name.clone(), op.number)).collect(),
            infallible: interface
                .operations
                .iter()
                .filter(|op| !op.can_fail())
                .map(|op| op.name.clone())
                .collect(),
        })
    }
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

/// Directories of a workspace's packages, by name.
fn members(root: &Path) -> BTreeMap<String, PathBuf> {
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
            let name = manifest(&directory)
                .and_then(|m| Some(m.get("package")?.get("name")?.as_str()?.to_owned()));
            if let Some(name) = name {
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
