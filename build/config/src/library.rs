//! Library: where the texts of boards and chips come from.
//!
//! [`Search`] looks on disk, first beside `app.toml`, then in the repository, so
//! that an application can bring its own board. A file that is inherited is looked for
//! beside the one that inherits it, then in the repository. [`Memory`] is for tests.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Errors};
use crate::source::Sources;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// A file as read, with the path that errors show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path as shown; the same for the same file.
    pub path: String,
    /// Contents.
    pub bytes: Vec<u8>,
    /// Where relative paths in it begin.
    pub directory: PathBuf,
}

impl File {
    /// A file whose relative paths begin where it is shown to be.
    #[must_use]
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let path = path.into();
        let directory = Path::new(&path).parent().unwrap_or(Path::new("")).to_path_buf();
        File { path, bytes: bytes.into(), directory }
    }
}

/// What a library holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A board: `boards/NAME.toml`.
    Board,
    /// A chip: `chips/NAME.toml`.
    Chip,
}

impl Kind {
    /// The word for one.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Board => "board",
            Kind::Chip => "chip",
        }
    }

    /// The directory they are in.
    #[must_use]
    pub fn directory(self) -> &'static str {
        match self {
            Kind::Board => "boards",
            Kind::Chip => "chips",
        }
    }
}

/// A file that a library does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Paths that were looked at, as shown.
    pub tried: Vec<String>,
    /// Names that there are.
    pub known: Vec<String>,
}

/// Gives the texts of boards and chips, and of files that are inherited.
pub trait Library {
    /// The file of this name, or at this path if the name ends in `.toml`; named by a
    /// file whose relative paths begin at `beside`.
    ///
    /// # Errors
    ///
    /// What was tried, and what there is instead.
    fn open(&self, kind: Kind, name: &str, beside: &Path) -> Result<File, Missing>;

    /// The file at this path, inherited by a file whose relative paths begin at `beside`.
    ///
    /// # Errors
    ///
    /// What was tried, and which paths there are instead.
    fn inherit(&self, beside: &Path, path: &str) -> Result<File, Missing>;
}

/// Boards and chips given as text, by name.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Files by kind and name.
    pub files: BTreeMap<(Kind, String), File>,
    /// Files that can only be inherited.
    pub others: Vec<File>,
}

impl Memory {
    /// Adds a text under `boards/NAME.toml` or `chips/NAME.toml`.
    #[must_use]
    pub fn with(mut self, kind: Kind, name: &str, text: &str) -> Self {
        let path = format!("{}/{name}.toml", kind.directory());
        self.files.insert((kind, name.to_string()), File::new(path, text));
        self
    }
}

impl Library for Memory {
    fn open(&self, kind: Kind, name: &str, _: &Path) -> Result<File, Missing> {
        let path = if is_path(name) {
            name.to_string()
        } else {
            format!("{}/{name}.toml", kind.directory())
        };
        let found =
            self.files.iter().find(|((other, _), file)| *other == kind && file.path == path);
        found.map(|(_, file)| file.clone()).ok_or_else(|| Missing {
            tried: vec![path],
            known: self
                .files
                .keys()
                .filter(|(other, _)| *other == kind)
                .map(|(_, name)| name.clone())
                .collect(),
        })
    }

    fn inherit(&self, beside: &Path, path: &str) -> Result<File, Missing> {
        let wanted = normal(&beside.join(path)).display().to_string();
        let all = || self.files.values().chain(&self.others);
        all().find(|file| file.path == wanted).cloned().ok_or_else(|| Missing {
            tried: vec![wanted],
            known: all().map(|file| file.path.clone()).collect(),
        })
    }
}

/// Where to look on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Root of the repository: has `boards/` and `chips/`.
    pub root: PathBuf,
    /// Paths in errors are shown relative to this directory if they are below it.
    pub shown_from: PathBuf,
}

impl Search {
    /// Looks in a repository and shows paths relative to it.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Search { shown_from: root.clone(), root }
    }

    /// A path as errors show it.
    #[must_use]
    pub fn show(&self, path: &Path) -> String {
        let path = normal(path);
        path.strip_prefix(&self.shown_from).unwrap_or(&path).display().to_string()
    }

    /// Reads the file that all begins with.
    ///
    /// # Errors
    ///
    /// That it cannot be read, and why.
    pub fn read(&self, path: &Path) -> Result<File, Errors> {
        let shown = self.show(path);
        match fs::read(path) {
            Ok(bytes) => Ok(File { path: shown, bytes, directory: directory_of(path) }),
            Err(error) => {
                let found =
                    Diagnostic::new(Code::Unreadable, format!("cannot read `{shown}`: {error}"))
                        .help("give the path of an app.toml");
                Err(Errors::new(vec![found], Sources::default()))
            }
        }
    }
}

/// A [`Search`] on behalf of one application.
#[derive(Clone, Debug)]
pub(crate) struct Disk<'a> {
    pub search: &'a Search,
    pub directory: &'a Path,
}

impl Library for Disk<'_> {
    fn open(&self, kind: Kind, name: &str, beside: &Path) -> Result<File, Missing> {
        let path = if is_path(name) {
            PathBuf::from(name)
        } else {
            Path::new(kind.directory()).join(format!("{name}.toml"))
        };
        let mut missing = Missing::default();
        for root in [beside, self.directory, &self.search.root] {
            match self.read(&root.join(&path)) {
                Ok(file) => return Ok(file),
                Err(tried) => missing.tried.push(tried),
            }
            missing.known.extend(tables(&root.join(kind.directory())).into_iter().filter_map(
                |path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
            ));
        }
        Err(missing.sorted())
    }

    fn inherit(&self, beside: &Path, path: &str) -> Result<File, Missing> {
        let mut missing = Missing::default();
        for root in [beside, &self.search.root] {
            let whole = root.join(path);
            match self.read(&whole) {
                Ok(file) => return Ok(file),
                Err(tried) => missing.tried.push(tried),
            }
            let there = Path::new(path).parent().unwrap_or(Path::new(""));
            missing.known.extend(tables(&directory_of(&whole)).into_iter().filter_map(|found| {
                Some(there.join(found.file_name()?).to_string_lossy().into_owned())
            }));
        }
        Err(missing.sorted())
    }
}

impl Disk<'_> {
    /// Reads a file; or its path as shown, with the reason unless it just is not there.
    fn read(&self, whole: &Path) -> Result<File, String> {
        let shown = self.search.show(whole);
        match fs::read(whole) {
            Ok(bytes) => Ok(File { path: shown, bytes, directory: directory_of(whole) }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(shown),
            Err(error) => Err(format!("{shown} ({error})")),
        }
    }
}

impl Missing {
    /// Each path and each name once, names in alphabetical order.
    fn sorted(mut self) -> Self {
        let mut seen = Vec::new();
        self.tried.retain(|path| {
            let new = !seen.contains(path);
            seen.push(path.clone());
            new
        });
        self.known.sort();
        self.known.dedup();
        self
    }
}

/// Files in a directory that end in `.toml`.
fn tables(directory: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(directory).into_iter().flatten().flatten();
    let named = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml");
    listed.map(|entry| entry.path()).filter(named).collect()
}

/// The directory that a file is in.
fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// A path without `.` and, as far as that can be told from its text, without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut all = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(all.components().next_back(), Some(Component::Normal(_))) =>
            {
                all.pop();
            }
            _ => all.push(part),
        }
    }
    all
}

/// Whether a name of a board or chip is the path of its file.
pub(crate) fn is_path(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "toml")
}
