//! Files: templates with their names filled in, and writing what is not there yet.

use crate::{Error, Made};
use std::fs;
use std::path::{Path, PathBuf};

/// Fills in `{{KEY}}`.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (key, value)| {
        text.replace(&format!("{{{{{key}}}}}"), value)
    })
}

/// Files to be written, and changes of files that exist: all of it, or nothing that was
/// not seen to be possible.
#[derive(Default)]
pub struct Plan {
    new: Vec<(PathBuf, String)>,
    changed: Vec<(PathBuf, String)>,
}

impl Plan {
    /// A file that must not be there yet.
    pub fn create(&mut self, path: PathBuf, text: String) {
        self.new.push((path, text));
    }

    /// New contents of a file that is there.
    pub fn change(&mut self, path: PathBuf, text: String) {
        self.changed.push((path, text));
    }

    /// Writes it all. If something goes wrong, what was written is taken back.
    pub fn write(self) -> Result<Made, Error> {
        if let Some((path, _)) = self.new.iter().find(|(path, _)| path.exists()) {
            return Err(Error::Exists { path: path.clone(), help: "choose another name" });
        }
        let mut done = Done::default();
        match self.write_to(&mut done) {
            Ok(()) => Ok(done.made),
            Err(error) => {
                done.undo();
                Err(error)
            }
        }
    }

    fn write_to(self, done: &mut Done) -> Result<(), Error> {
        for (path, text) in self.new {
            let failed = |source| Error::File { path: path.clone(), source };
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(failed)?;
            }
            fs::write(&path, text).map_err(failed)?;
            done.made.files.push(path);
        }
        for (path, text) in self.changed {
            let failed = |source| Error::File { path: path.clone(), source };
            let before = fs::read(&path).map_err(failed)?;
            done.before.push((path.clone(), before));
            fs::write(&path, text).map_err(failed)?;
            done.made.changed.push(path);
        }
        Ok(())
    }
}

/// What was written so far.
#[derive(Default)]
struct Done {
    made: Made,
    before: Vec<(PathBuf, Vec<u8>)>,
}

impl Done {
    /// Takes it back, as far as possible: the error that led here is the one to tell.
    fn undo(self) {
        for (path, before) in self.before {
            let _ = fs::write(path, before);
        }
        for path in self.made.files {
            let _ = fs::remove_file(path);
        }
    }
}

/// Reads a text.
pub fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

/// The way from a directory to a path, where one is inside the other or they have a
/// parent in common; both are absolute.
pub fn relative(from: &Path, to: &Path) -> PathBuf {
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(common).map(|_| "..");
    up.map(PathBuf::from)
        .chain(to.components().skip(common).map(|c| c.as_os_str().into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_from_one_directory_to_another() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
        assert_eq!(way("/a/b", "/a/c/d"), Path::new("../c/d"));
        assert_eq!(way("/a/b", "/a/b/c"), Path::new("c"));
        assert_eq!(way("/a/b/c", "/a"), Path::new("../.."));
    }

    #[test]
    fn what_is_there_is_not_overwritten_and_a_plan_that_fails_leaves_nothing() {
        let t = tempfile::tempdir().unwrap();
        let at = |name: &str| t.path().join(name);
        fs::write(at("old"), "old").unwrap();
        let mut plan = Plan::default();
        plan.create(at("new"), "n".into());
        plan.create(at("old"), "n".into());
        assert!(matches!(plan.write(), Err(Error::Exists { path, .. }) if path == at("old")));
        assert!(!at("new").exists());

        let mut plan = Plan::default();
        plan.create(at("new"), "n".into());
        plan.change(at("old"), "changed".into());
        plan.change(at("missing"), "x".into());
        assert!(matches!(plan.write(), Err(Error::File { path, .. }) if path == at("missing")));
        assert!(!at("new").exists());
        assert_eq!(fs::read_to_string(at("old")).unwrap(), "old");
    }
}
