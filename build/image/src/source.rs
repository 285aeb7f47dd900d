//! Source: the description of a system with its crates and interfaces.

use crate::outside::{members, search, workspace_of};
use exov6_config::{CrateInfo, Errors, InterfaceFacts, Interfaces, Linked, Model, Variant};
use std::path::{Path, PathBuf};

/// Reads and checks an `app.toml` and everything it names, short of compiling.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(app: &Path, variant: &Variant<'_>, root: &Path) -> Result<(Model, Linked), Errors> {
    let search = search(app, root);
    let mut model = exov6_config::load_for(app, variant, &search)?;
    // Build scripts run elsewhere: from here on, paths are absolute.
    if let Ok(absolute) = std::path::absolute(&model.directory) {
        model.directory = absolute;
    }
    // A name means a member of the repository's workspace, of that of an inherited file,
    // or, before all others, of the application's own.
    let mut packages = members(root);
    let inherited = model.inherited.iter().filter_map(|file| model.sources.get(*file));
    let inherited = inherited.map(|source| search.shown_from.join(&source.path));
    let app = model.directory.join("app.toml");
    for file in inherited.chain([app]) {
        if let Some(own) = file.parent().and_then(workspace_of) {
            packages.extend(members(&own));
        }
    }
    let crates = CrateInfo::read_all(&model, &packages, &search.shown_from)?;
    let idol = Idol { shown_from: search.shown_from, root: root.to_owned() };
    let linked = exov6_config::link_crates(&model, &crates, &idol)?;
    Ok((model, linked))
}

/// Interfaces from disk.
struct Idol {
    shown_from: PathBuf,
    root: PathBuf,
}

impl Interfaces for Idol {
    fn facts(&self, file: &Path) -> Result<InterfaceFacts, String> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let shown = file.strip_prefix(&self.shown_from).unwrap_or(file).display().to_string();
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

    fn last(&self) -> Option<PathBuf> {
        Some(self.root.join("idl"))
    }
}
