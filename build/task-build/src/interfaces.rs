//! Interfaces: finds `.idol` files and generates a module for each interface.

use crate::error::Error;
use crate::metadata::Metadata;
use crate::model::TaskModel;
use exov6_idol::{Interface, Options, Sides};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The repository's interfaces, for crates that are not inside it.
const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../idl");

/// The file of an interface that a crate names: beside the crate's `Cargo.toml`,
/// then in `idl/` of each directory above, the nearest first, then in the repository's.
///
/// # Errors
/// The paths that were tried.
pub fn find(directory: &Path, name: &str) -> Result<PathBuf, Vec<PathBuf>> {
    let tried: Vec<PathBuf> = [directory.join(name)]
        .into_iter()
        .chain(directory.ancestors().map(|above| above.join("idl").join(name)))
        .chain([Path::new(REPOSITORY).join(name)])
        .collect();
    tried.iter().find(|path| path.is_file()).cloned().ok_or(tried)
}

/// Generates the modules of all interfaces of a task; also the files they are from.
pub(crate) fn modules(
    model: &TaskModel,
    declared: &Metadata,
) -> Result<(Vec<String>, Vec<PathBuf>), Error> {
    let served = model.serves.iter().map(|serves| (&serves.interface, Sides::Server));
    let ports = if model.any_ports { &[][..] } else { &model.ports };
    let called = ports.iter().map(|port| (&port.interface, Sides::Client));
    let mut files: BTreeMap<&PathBuf, Sides> = BTreeMap::new();
    for (file, side) in served.chain(called) {
        files.entry(file).and_modify(|sides| *sides = both(*sides, side)).or_insert(side);
    }
    let mut interfaces: BTreeMap<String, (Interface, Sides, &Path)> = BTreeMap::new();
    for (&file, &sides) in &files {
        let interface = load(file).map_err(|error| all_inputs(error, &files))?;
        match interfaces.get_mut(&interface.module()) {
            None => {
                interfaces.insert(interface.module(), (interface, sides, file));
            }
            Some((known, known_sides, _))
                if exov6_idol::hash(known) == exov6_idol::hash(&interface) =>
            {
                *known_sides = both(*known_sides, sides);
            }
            Some((known, _, other)) => {
                let error = Error::new(format!(
                    "{} uses two different interfaces named `{}`: {} and {}",
                    declared.package,
                    known.name,
                    other.display(),
                    file.display()
                ));
                return Err(all_inputs(error, &files));
            }
        }
    }
    let counters = declared.counters.unwrap_or(true).then_some(model.tasks.len());
    let modules = interfaces
        .values()
        .map(|(interface, sides, _)| {
            exov6_idol::generate(interface, Options { sides: *sides, counters })
        })
        .collect();
    Ok((modules, files.into_keys().cloned().collect()))
}

fn both(one: Sides, other: Sides) -> Sides {
    if one == other { one } else { Sides::Both }
}

fn all_inputs(error: Error, files: &BTreeMap<&PathBuf, Sides>) -> Error {
    files.keys().fold(error, |error, file| error.with_input(file))
}

fn load(file: &Path) -> Result<Interface, Error> {
    let text = fs::read_to_string(file)
        .map_err(|error| Error::new(format!("cannot read {}: {error}", file.display())))?;
    exov6_idol::parse(&file.display().to_string(), &text)
        .map_err(|errors| Error::new(errors.to_string()))
}
