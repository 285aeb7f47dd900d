//! What the test files share: fixtures that hold several files in one.
//!
//! A fixture is an `app.toml`, followed by any number of other files, each after a
//! line `# --- PATH`: boards, chips, crates, interfaces.
#![allow(dead_code, reason = "each test file uses its part of this one")]

use exov6_config::{
    CrateInfo, Errors, File, InterfaceFacts, Interfaces, Kind, Linked, Memory, Model, check,
    link_crates, warnings,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const MARK: &[u8] = b"# --- ";

/// Root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The app and the other files of a fixture.
pub fn split(bytes: &[u8]) -> (Vec<u8>, Vec<(String, Vec<u8>)>) {
    let mut app = Vec::new();
    let mut others: Vec<(String, Vec<u8>)> = Vec::new();
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if let Some(path) = line.strip_prefix(MARK) {
            let path = String::from_utf8_lossy(path).trim().to_string();
            others.push((path, Vec::new()));
        } else {
            others.last_mut().map_or(&mut app, |(_, text)| text).extend_from_slice(line);
        }
    }
    (app, others)
}

/// The boards and chips of the repository, and those of a fixture.
pub fn library(others: &[(String, Vec<u8>)]) -> Memory {
    let mut library = Memory::default();
    for (kind, text) in [
        (Kind::Board, include_str!("../../../../boards/qemu-virt.toml")),
        (Kind::Chip, include_str!("../../../../chips/qemu-virt.toml")),
    ] {
        library = library.with(kind, "qemu-virt", text);
    }
    for (path, bytes) in others {
        if !["boards/", "chips/", "crates/", "idl/"].iter().any(|place| path.starts_with(place)) {
            library.others.push(File::new(path, bytes.clone()));
        }
        for kind in [Kind::Board, Kind::Chip] {
            let name = path.strip_prefix(kind.directory()).and_then(|p| p.strip_prefix('/'));
            if let Some(name) = name.and_then(|name| name.strip_suffix(".toml")) {
                let file = File::new(path, bytes.clone());
                library.files.insert((kind, name.to_string()), file);
            }
        }
    }
    library
}

/// Checks a fixture without its crates.
pub fn check_fixture(name: &str, bytes: &[u8], directory: &Path) -> Result<Model, Errors> {
    let (app, others) = split(bytes);
    let mut library = library(&others);
    let app = File::new(format!("{name}.toml"), app);
    library.others.push(app.clone());
    check(app, directory, &library)
}

/// Interfaces that are lines of `operation = number`, and `simple` behind it if the
/// operation cannot fail; their text is their hash.
pub struct Lines;

impl Interfaces for Lines {
    fn facts(&self, file: &Path) -> Result<InterfaceFacts, String> {
        let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
        let (mut ops, mut infallible) = (Vec::new(), Vec::new());
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (name, number) = line.split_once(" = ").ok_or(format!("what is `{line}`?"))?;
            let (number, simple) = match number.strip_suffix(" simple") {
                Some(number) => (number, true),
                None => (number, false),
            };
            ops.push((name.to_string(), number.parse().map_err(|_| "no number".to_string())?));
            infallible.extend(simple.then(|| name.to_string()));
        }
        let hash = text.replace('\n', ";");
        Ok(InterfaceFacts { path: file.to_path_buf(), hash, ops, infallible })
    }
}

/// Checks a fixture, and links it if it has crates. The crates are written to a
/// directory of their own.
pub fn link_fixture(
    name: &str,
    bytes: &[u8],
    directory: &Path,
) -> Result<(Model, Option<Linked>), Errors> {
    let model = check_fixture(name, bytes, directory)?;
    let (_, others) = split(bytes);
    if !others.iter().any(|(path, _)| path.starts_with("crates/")) {
        return Ok((model, None));
    }
    let mut members = BTreeMap::new();
    for (path, bytes) in &others {
        let file = directory.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, bytes).unwrap();
        if let Some(member) =
            path.strip_prefix("crates/").and_then(|p| p.strip_suffix("/Cargo.toml"))
        {
            members.insert(member.to_string(), directory.join("crates").join(member));
        }
    }
    let crates = CrateInfo::read_all(&model, &members, directory)?;
    let linked = link_crates(&model, &crates, &Lines)?;
    Ok((model, Some(linked)))
}

/// As [`link_fixture`], with errors as text that does not show the directory.
pub fn run_fixture(name: &str, bytes: &[u8]) -> Result<(Model, Option<Linked>), String> {
    let own = tempfile::tempdir().unwrap();
    let directory = own.path().join("fixture");
    link_fixture(name, bytes, &directory)
        .map_err(|errors| errors.render(false).replace(&format!("{}/", directory.display()), ""))
}

/// As [`run_fixture`], and what is found useless is an error.
pub fn run_strictly(name: &str, bytes: &[u8]) -> Result<Model, String> {
    let (model, _) = run_fixture(name, bytes)?;
    let warnings = warnings(&model);
    if warnings.diagnostics().is_empty() { Ok(model) } else { Err(warnings.render(false)) }
}

/// All that is found in a fixture, warnings as well.
pub fn findings(name: &str, bytes: &[u8]) -> Errors {
    let own = tempfile::tempdir().unwrap();
    match link_fixture(name, bytes, own.path()) {
        Ok((model, _)) => warnings(&model),
        Err(errors) => errors,
    }
}
