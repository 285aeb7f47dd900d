//! Where things are: the workspace, the application, the results.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Root of the workspace with the kernel: `cargo run` says where this package is;
/// else it is looked for upwards from this program and from here.
pub fn root() -> Result<PathBuf> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let program = std::env::current_exe().ok();
    let here = std::env::current_dir().ok();
    [package, program, here]
        .iter()
        .flatten()
        .flat_map(|start| start.ancestors())
        .find(|d| d.join("kern/Cargo.toml").is_file() && d.join("xtask/Cargo.toml").is_file())
        .map(Path::to_owned)
        .context("cannot find the exov6 workspace; run this as `cargo xtask` inside it")
}

/// The app.toml that is meant: the one given (a file, or a directory that has one),
/// else the nearest in this directory or above, else the workspace's own.
pub fn app(given: Option<&Path>, root: &Path) -> Result<PathBuf> {
    let path = match given {
        Some(given) => std::path::absolute(given).with_context(|| given.display().to_string())?,
        None => {
            let here = std::env::current_dir().unwrap_or_default();
            let mut above = here.ancestors().filter(|d| d.join("app.toml").is_file());
            above.next().unwrap_or(root).to_owned()
        }
    };
    Ok(if path.is_dir() { path.join("app.toml") } else { path })
}

/// Where the results of a build of `app` with this name go: into the target directory
/// of the workspace, or of the application's own.
pub fn out(root: &Path, app: &Path, name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.and_then(|t| std::path::absolute(t).ok());
    let home = || exov6_image::home(app, root).unwrap_or_else(|| root.to_owned());
    target.unwrap_or_else(|| home().join("target")).join("dist").join(name)
}

/// A path from here, without `.` and `..` in it.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    let whole = std::path::absolute(path).with_context(|| path.display().to_string())?;
    let mut plain = PathBuf::new();
    for part in whole.components() {
        match part {
            std::path::Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    Ok(plain)
}

/// A path as a person here would type it.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
