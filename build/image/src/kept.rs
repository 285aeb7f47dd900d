//! Kept: finished programs, each with a fingerprint of everything it was made from.
//!
//! ```text
//!   recipe (flags, compiler, task model, script)  ─┐
//!   trees of the packages it depends on by path   ─┼─► SHA-256 ─► NAME.stamp beside NAME
//!   Cargo.lock, cargo's configuration, interfaces ─┘
//! ```
//!
//! Cargo takes a third of a second to find out that there is nothing to do, and has room
//! for one build of a crate: two tasks of one crate, or two applications that share one,
//! would take turns in undoing each other's work. So cargo is only asked when the
//! fingerprint differs. Which packages count is what cargo said when it built the program;
//! they cannot become more without a change of a `Cargo.toml` that counts already. What
//! comes from a registry cannot change without `Cargo.lock`.
//!
//! A tree is every file of a package's directory but hidden ones, directories that cargo
//! marked as its own, and packages further down.

use crate::Error;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Changed whenever what counts for a fingerprint changes.
const FORMAT: &str = "exov6-kept/1";
/// Deepest directory below a package that counts.
const DEPTH_MAX: usize = 32;

/// Finished programs of one application.
pub(crate) struct Kept {
    directory: PathBuf,
    /// Files and trees that were looked at already.
    seen: BTreeMap<PathBuf, [u8; 32]>,
}

/// What is remembered of a program.
#[derive(Serialize, Deserialize)]
struct Stamp {
    fingerprint: String,
    /// Files, and directories of packages.
    inputs: BTreeSet<PathBuf>,
    /// Bytes of the program: a torn file is none.
    size: u64,
}

impl Kept {
    /// Programs in `directory`, which need not exist.
    pub fn new(directory: PathBuf) -> Kept {
        Kept { directory, seen: BTreeMap::new() }
    }

    /// The program that `recipe` made last, unless what it was made from has changed.
    pub fn find(&mut self, name: &str, recipe: &[String]) -> Option<PathBuf> {
        let stamp = std::fs::read(self.stamp(name)).ok()?;
        let stamp: Stamp = serde_json::from_slice(&stamp).ok()?;
        let file = self.directory.join(name);
        let whole = std::fs::metadata(&file).is_ok_and(|data| data.len() == stamp.size);
        let same = whole && self.fingerprint(recipe, &stamp.inputs) == stamp.fingerprint;
        same.then_some(file)
    }

    /// Keeps a program that cargo has just made of these inputs, in a build that began at
    /// `began`; where it is now.
    ///
    /// If an input is younger than that, it may have changed after the compiler read it:
    /// cargo is asked again next time.
    pub fn put(
        &mut self,
        name: &str,
        recipe: &[String],
        inputs: BTreeSet<PathBuf>,
        program: &Path,
        began: SystemTime,
    ) -> Result<PathBuf, Error> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Write { path, source }
        };
        std::fs::create_dir_all(&self.directory).map_err(failed(&self.directory))?;
        let (file, stamp) = (self.directory.join(name), self.stamp(name));
        match std::fs::remove_file(&stamp) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(&stamp)(error));
            }
            _ => {}
        }
        let size = std::fs::copy(program, &file).map_err(failed(&file))?;
        self.seen.clear();
        if !inputs.iter().any(|input| younger(input, began, DEPTH_MAX)) {
            let fingerprint = self.fingerprint(recipe, &inputs);
            let json = serde_json::to_vec(&Stamp { fingerprint, inputs, size }).unwrap_or_default();
            std::fs::write(&stamp, json).map_err(failed(&stamp))?;
        }
        Ok(file)
    }

    fn stamp(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.stamp"))
    }

    fn fingerprint(&mut self, recipe: &[String], inputs: &BTreeSet<PathBuf>) -> String {
        let mut hash = Sha256::new();
        for part in [FORMAT].into_iter().chain(recipe.iter().map(String::as_str)) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        for input in inputs {
            let digest = *self.seen.entry(input.clone()).or_insert_with(|| tree(input));
            hash.update(input.as_os_str().as_encoded_bytes());
            hash.update(digest);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Digest of a file, of a tree, or of there being nothing.
fn tree(path: &Path) -> [u8; 32] {
    let mut hash = Sha256::new();
    walk(path, DEPTH_MAX, &mut |file| {
        hash.update(file.as_os_str().as_encoded_bytes());
        match std::fs::read(file) {
            Ok(bytes) => {
                hash.update((bytes.len() as u64).to_le_bytes());
                hash.update(bytes);
            }
            Err(_) => hash.update(u64::MAX.to_le_bytes()),
        }
        true
    });
    hash.finalize().into()
}

/// Whether a file, or any file of a tree, was written at `moment` or later.
fn younger(path: &Path, moment: SystemTime, depth: usize) -> bool {
    let written = |file: &Path| std::fs::metadata(file).and_then(|data| data.modified());
    !walk(path, depth, &mut |file| {
        written(file).is_ok_and(|written| written < moment) || !file.exists()
    })
}

/// Shows every file of a tree, in the order of their names, until one is not liked.
/// A path that is no directory is shown as it is.
fn walk(path: &Path, depth: usize, show: &mut dyn FnMut(&Path) -> bool) -> bool {
    let Ok(entries) = std::fs::read_dir(path) else { return show(path) };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        let hidden = entry.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        let elsewhere = || entry.join("CACHEDIR.TAG").exists() || entry.join("Cargo.toml").exists();
        let go_on = match () {
            () if hidden => true,
            () if !entry.is_dir() => show(&entry),
            () => depth == 0 || elsewhere() || walk(&entry, depth - 1, show),
        };
        if !go_on {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Kept, walk};
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, SystemTime};

    struct Place {
        _directory: tempfile::TempDir,
        root: PathBuf,
        kept: Kept,
    }

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A package with a nested one, a program made from it, and where programs are kept.
    fn place() -> Place {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().to_owned();
        write(&root.join("task/Cargo.toml"), "[package]");
        write(&root.join("task/src/main.rs"), "fn main() {}");
        write(&root.join("task/nested/Cargo.toml"), "[package]");
        write(&root.join("task/nested/src/lib.rs"), "");
        write(&root.join("task/target/CACHEDIR.TAG"), "");
        write(&root.join("task/target/out"), "");
        write(&root.join("task/.hidden"), "");
        write(&root.join("Cargo.lock"), "");
        write(&root.join("product"), "ELF");
        let kept = Kept::new(root.join("kept"));
        Place { _directory: directory, root, kept }
    }

    fn recipe(flag: &str) -> Vec<String> {
        vec!["rustc 1.96".to_owned(), flag.to_owned()]
    }

    impl Place {
        fn inputs(&self) -> BTreeSet<PathBuf> {
            ["task", "Cargo.lock", "not/there"].map(|name| self.root.join(name)).into()
        }

        fn put(&mut self) {
            let later = SystemTime::now() + Duration::from_secs(1);
            let product = self.root.join("product");
            self.kept.put("a", &recipe("-O"), self.inputs(), &product, later).unwrap();
        }

        /// Whether the program is still good after this file was written.
        fn good_after(&mut self, file: &str, text: &str) -> bool {
            self.put();
            write(&self.root.join(file), text);
            self.kept = Kept::new(self.root.join("kept"));
            self.kept.find("a", &recipe("-O")).is_some()
        }
    }

    #[test]
    fn a_program_is_good_until_something_that_counts_changes() {
        let mut place = place();
        assert_eq!(place.kept.find("a", &recipe("-O")), None);
        place.put();
        let file = place.kept.find("a", &recipe("-O")).unwrap();
        assert_eq!(fs::read(file).unwrap(), b"ELF");
        assert_eq!(place.kept.find("a", &recipe("-g")), None);
        assert_eq!(place.kept.find("b", &recipe("-O")), None);
        assert!(place.good_after("other/file", "x"));
        assert!(place.good_after("task/nested/src/lib.rs", "another package's"));
        assert!(place.good_after("task/target/out", "cargo's"));
        assert!(place.good_after("task/.hidden", "an editor's"));
        assert!(!place.good_after("task/src/main.rs", "fn main() { }"));
        assert!(!place.good_after("task/src/new.rs", ""));
        assert!(!place.good_after("Cargo.lock", "changed"));
        assert!(!place.good_after("kept/a", "torn"));
        assert!(!place.good_after("kept/a.stamp", "{"));
    }

    #[test]
    fn a_file_that_is_gone_counts() {
        let mut place = place();
        place.put();
        fs::remove_file(place.root.join("Cargo.lock")).unwrap();
        place.kept = Kept::new(place.root.join("kept"));
        assert_eq!(place.kept.find("a", &recipe("-O")), None);
    }

    #[test]
    fn what_was_written_while_cargo_ran_is_looked_at_again() {
        let mut place = place();
        let before = SystemTime::now() - Duration::from_secs(3600);
        let product = place.root.join("product");
        place.kept.put("a", &recipe("-O"), place.inputs(), &product, before).unwrap();
        assert_eq!(place.kept.find("a", &recipe("-O")), None);
    }

    #[test]
    fn a_walk_is_in_order_and_can_be_stopped() {
        let place = place();
        let mut shown = vec![];
        assert!(walk(&place.root.join("task"), 9, &mut |file| {
            shown.push(file.strip_prefix(&place.root).unwrap().to_owned());
            true
        }));
        assert_eq!(shown, [Path::new("task/Cargo.toml"), Path::new("task/src/main.rs")]);
        let mut count = 0;
        assert!(!walk(&place.root.join("task"), 9, &mut |_| {
            count += 1;
            false
        }));
        assert_eq!(count, 1);
    }
}
