//! The source: the files that belong to the workspace, as git knows them.

use crate::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Its root.
    pub root: PathBuf,
    /// All files, with `/`, from the root on; in order.
    pub files: Vec<String>,
}

impl Tree {
    /// Asks git for every file that is neither ignored nor removed.
    ///
    /// # Errors
    /// [`Error::Git`].
    pub fn read(root: &Path) -> Result<Tree, Error> {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .map_err(|error| Error::Git(error.to_string()))?;
        if !output.status.success() {
            return Err(Error::Git(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let names = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut files: Vec<String> = names
            .split('\0')
            .filter(|name| !name.is_empty() && root.join(name).is_file())
            .map(str::to_owned)
            .collect();
        files.sort();
        files.dedup();
        Ok(Tree { root: root.to_owned(), files })
    }

    /// Files below a directory with one of these extensions.
    pub fn below<'a>(
        &'a self,
        directory: &'a str,
        extensions: &'a [&'a str],
    ) -> impl Iterator<Item = &'a str> + 'a {
        self.files.iter().map(String::as_str).filter(move |name| {
            inside(name, directory)
                && name.rsplit_once('.').is_some_and(|(_, e)| extensions.contains(&e))
        })
    }

    /// Contents of a file.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn contents(&self, name: &str) -> Result<String, Error> {
        let path = self.root.join(name);
        let bytes = std::fs::read(&path).map_err(|source| Error::Read { path, source })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A workspace of these files.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> (Tree, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        for (name, contents) in files {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, contents).unwrap();
        }
        let files = files.iter().map(|(name, _)| (*name).to_owned()).collect();
        (Tree { root: directory.path().to_owned(), files }, directory)
    }
}

/// Whether a file is this one, or below this directory.
#[must_use]
pub fn inside(name: &str, place: &str) -> bool {
    name.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn a_directory_is_not_its_namesake() {
        assert!(inside("kern/src/arch/a.rs", "kern/src/arch"));
        assert!(inside("kern/src/arch.rs", "kern/src/arch.rs"));
        assert!(!inside("kern/src/arch.rs", "kern/src/arch"));
    }
}
