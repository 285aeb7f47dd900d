//! Library: where the texts of boards and chips come from.
//!
//! [`Search`] looks on disk, first beside `app.toml`, then in the repository, so
//! that an application can bring its own board. [`Memory`] is for tests.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Errors};
use crate::source::Sources;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A file as read, with the path that errors show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path as shown.
    pub path: String,
    /// Contents.
    pub bytes: Vec<u8>,
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

/// Gives the texts of boards and chips.
pub trait Library {
    /// The file of this name, or at this path if the name ends in `.toml`.
    ///
    /// # Errors
    ///
    /// What was tried, and what there is instead.
    fn open(&self, kind: Kind, name: &str) -> Result<File, Missing>;
}

/// Boards and chips given as text, by name.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Files by kind and name.
    pub files: BTreeMap<(Kind, String), File>,
}

impl Memory {
    /// Adds a text under `boards/NAME.toml` or `chips/NAME.toml`.
    #[must_use]
    pub fn with(mut self, kind: Kind, name: &str, text: &str) -> Self {
        let path = format!("{}/{name}.toml", kind.directory());
        self.files.insert((kind, name.to_string()), File { path, bytes: text.into() });
        self
    }
}

impl Library for Memory {
    fn open(&self, kind: Kind, name: &str) -> Result<File, Missing> {
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
        path.strip_prefix(&self.shown_from).unwrap_or(path).display().to_string()
    }

    /// Reads the file that all begins with.
    ///
    /// # Errors
    ///
    /// That it cannot be read, and why.
    pub fn read(&self, path: &Path) -> Result<File, Errors> {
        let shown = self.show(path);
        match fs::read(path) {
            Ok(bytes) => Ok(File { path: shown, bytes }),
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
    fn open(&self, kind: Kind, name: &str) -> Result<File, Missing> {
        let path = if is_path(name) {
            PathBuf::from(name)
        } else {
            Path::new(kind.directory()).join(name).with_extension("toml")
        };
        let mut missing = Missing::default();
        for root in [self.directory, &self.search.root] {
            // Without `./`, which says nothing in an error.
            let whole: PathBuf = root.join(&path).components().collect();
            match fs::read(&whole) {
                Ok(bytes) => return Ok(File { path: self.search.show(&whole), bytes }),
                Err(_) => missing.tried.push(self.search.show(&whole)),
            }
            let listed = fs::read_dir(root.join(kind.directory())).into_iter().flatten().flatten();
            missing.known.extend(listed.filter_map(|entry| {
                let path = PathBuf::from(entry.file_name());
                let named = path.extension().is_some_and(|extension| extension == "toml");
                named.then(|| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))?
            }));
        }
        missing.tried.dedup();
        missing.known.sort();
        missing.known.dedup();
        Err(missing)
    }
}

/// Whether a name of a board or chip is the path of its file.
pub(crate) fn is_path(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "toml")
}
