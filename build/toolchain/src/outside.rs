//! Packages of other workspaces: applications that live outside of this repository.
//!
//! ```text
//!   …/blinky/                   the application's own workspace: becomes /app
//!   …/exov6/                    this one:                        becomes /exov6
//!   …/exov6/target/exov6/       what both are built into
//! ```
//!
//! Where an application lies must not reach its image. The prefix cannot be one of
//! the compiler flags: they are part of what `core` was built with, and it would be
//! built anew for every directory. Cargo runs the members of a workspace through a
//! wrapper, though, and that one adds the prefix for them alone.
//!
//! Cargo names what it builds by package, version and place *within* the workspace, so
//! two applications with a package of one name take each other's place in the shared
//! directory, without cargo noticing. [`Toolchain::claim`] notes whose they are.

use crate::{TARGETS, Toolchain};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands for the root of an application's workspace in symbols and messages.
pub const PREFIX: &str = "/app";

/// Tells the wrapper which directory becomes [`PREFIX`].
const VARIABLE: &str = "EXOV6_APPLICATION";

/// The wrapper. Its name is part of what cargo names results by, so it is the same
/// for every application.
const WRAPPER: &str = "#!/bin/sh
# Written by the build: the compiler, for the members of an application's workspace.
exec \"$@\" \"--remap-path-prefix=$EXOV6_APPLICATION=/app\"
";

impl Toolchain {
    /// As [`Toolchain::cargo`], for a package in `directory`, which may belong to
    /// another workspace than ours.
    ///
    /// # Errors
    /// If the wrapper cannot be written below the target directory.
    pub fn cargo_in(&self, target: &str, directory: &Path) -> io::Result<Command> {
        let mut command = self.cargo(target);
        if let Some(workspace) = self.other_workspace(directory) {
            command.env("RUSTC_WORKSPACE_WRAPPER", self.wrapper()?).env(VARIABLE, workspace);
        }
        Ok(command)
    }

    /// The root of the workspace that holds a package, unless that is ours; as the
    /// compiler sees it, without links.
    #[must_use]
    pub fn other_workspace(&self, directory: &Path) -> Option<PathBuf> {
        let directory = directory.canonicalize().ok()?;
        let workspace = workspace_of(&directory)?;
        (Some(&workspace) != self.root.canonicalize().ok().as_ref()).then_some(workspace)
    }

    fn wrapper(&self) -> io::Result<PathBuf> {
        let path = self.target_dir.join("application-rustc");
        if fs::read(&path).is_ok_and(|text| text == WRAPPER.as_bytes()) {
            return Ok(path);
        }
        fs::create_dir_all(&self.target_dir)?;
        // Complete and executable before it has its name: somebody else may build, too.
        let new = self.target_dir.join(format!("application-rustc.{}", std::process::id()));
        fs::write(&new, WRAPPER)?;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755))?;
        fs::rename(&new, &path)?;
        Ok(path)
    }

    /// Notes that these packages are those of the workspace at `workspace`. What was
    /// built of a package with the same name of another workspace is forgotten.
    ///
    /// # Errors
    /// If the note cannot be written, or the old results cannot be removed.
    pub fn claim<'a>(
        &self,
        workspace: &Path,
        packages: impl IntoIterator<Item = &'a str>,
    ) -> io::Result<()> {
        let owners = self.target_dir.join("applications");
        let claimed = workspace.as_os_str().as_encoded_bytes();
        for package in packages {
            let note = owners.join(package);
            let owner = fs::read(&note);
            if owner.as_deref().is_ok_and(|owner| owner == claimed) {
                continue;
            }
            if owner.is_ok() {
                self.forget(package)?;
            }
            fs::create_dir_all(&owners)?;
            fs::write(note, claimed)?;
        }
        Ok(())
    }

    /// Makes cargo build a package anew, by taking away what it remembers of it.
    fn forget(&self, package: &str) -> io::Result<()> {
        for target in TARGETS.iter().map(|target| target.to_string()).chain([String::new()]) {
            for profile in ["release", "debug"] {
                let memory = self.target_dir.join(&target).join(profile).join(".fingerprint");
                for entry in fs::read_dir(memory).into_iter().flatten().flatten() {
                    let name = entry.file_name();
                    let hash =
                        name.to_str().and_then(|n| n.strip_prefix(package)?.strip_prefix('-'));
                    if hash.is_some_and(|hash| hash.bytes().all(|b| b.is_ascii_hexdigit())) {
                        fs::remove_dir_all(entry.path())?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The nearest directory above whose Cargo.toml is a workspace's; else the package's own.
fn workspace_of(directory: &Path) -> Option<PathBuf> {
    let manifests = || {
        directory.ancestors().filter(|above| above.join("Cargo.toml").is_file()).map(Path::to_owned)
    };
    let is_workspace = |above: &PathBuf| {
        let text = fs::read_to_string(above.join("Cargo.toml")).unwrap_or_default();
        let mut lines = text.lines().map(str::trim_start);
        lines.any(|line| line.starts_with("[workspace]") || line.starts_with("[workspace."))
    };
    manifests().find(is_workspace).or_else(|| manifests().next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Route, Version};

    fn toolchain(at: &Path) -> Toolchain {
        Toolchain {
            route: Route::Precompiled,
            sysroot: at.join("sysroot"),
            cargo: at.join("cargo"),
            rustc: at.join("rustc"),
            rustdoc: at.join("rustdoc"),
            clippy: None,
            linker: at.join("lld"),
            version: Version { major: 1, minor: 95, patch: 0 },
            root: at.join("exov6"),
            target_dir: at.join("exov6/target/exov6"),
            remap: vec![],
            environment: vec![],
        }
    }

    fn manifest(directory: PathBuf, text: &str) {
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("Cargo.toml"), text).unwrap();
    }

    fn wrapper_of(command: &Command) -> Option<PathBuf> {
        let (_, value) = command.get_envs().find(|(name, _)| *name == "RUSTC_WORKSPACE_WRAPPER")?;
        value.map(PathBuf::from)
    }

    #[test]
    fn only_packages_of_other_workspaces_are_built_through_the_wrapper() {
        let t = tempfile::tempdir().unwrap();
        let at = t.path().canonicalize().unwrap();
        manifest(at.join("exov6"), "[workspace]\n");
        manifest(at.join("exov6/task/log"), "[package]\n");
        manifest(at.join("blinky"), "[workspace]\n");
        manifest(at.join("blinky/task/led"), "[package]\n");
        manifest(at.join("alone"), "[package]\n");
        let toolchain = toolchain(&at);
        let ours = toolchain.cargo_in("t", &at.join("exov6/task/log")).unwrap();
        assert_eq!(wrapper_of(&ours), None);
        let other = toolchain.cargo_in("t", &at.join("blinky/task/led")).unwrap();
        let wrapper = wrapper_of(&other).unwrap();
        let root = other.get_envs().find(|(name, _)| *name == VARIABLE).unwrap().1.unwrap();
        assert_eq!(root, at.join("blinky"));
        let alone = toolchain.other_workspace(&at.join("alone"));
        assert_eq!(alone, Some(at.join("alone")));

        let said = Command::new(wrapper).args(["echo", "-vV"]).env(VARIABLE, "/x y").output();
        let said = String::from_utf8(said.unwrap().stdout).unwrap();
        assert_eq!(said.trim(), "-vV --remap-path-prefix=/x y=/app");
    }

    #[test]
    fn what_was_built_of_another_package_with_the_same_name_is_forgotten() {
        let t = tempfile::tempdir().unwrap();
        let toolchain = toolchain(t.path());
        let memory = toolchain.target_dir.join(crate::SOFT).join("release/.fingerprint");
        let built = |name: &str| memory.join(name);
        for name in ["led-0123456789abcdef", "led-api-0123456789abcdef", "log-0123456789abcdef"] {
            fs::create_dir_all(built(name)).unwrap();
        }
        let there = || {
            let mut names: Vec<_> =
                fs::read_dir(&memory).unwrap().map(|e| e.unwrap().file_name()).collect();
            names.sort();
            names
        };
        // Nobody had claimed it: it is as good as this one's.
        toolchain.claim(Path::new("/one"), ["led"]).unwrap();
        toolchain.claim(Path::new("/one"), ["led"]).unwrap();
        assert_eq!(there().len(), 3);
        toolchain.claim(Path::new("/two"), ["led"]).unwrap();
        assert_eq!(there(), ["led-api-0123456789abcdef", "log-0123456789abcdef"]);
    }
}
