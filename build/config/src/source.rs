//! Sources: the files a model was read from, and places in them.
//!
//! Every checked thing remembers where it was written, because a rule may be
//! found broken long after the text was parsed (a task crate that does not serve
//! what is called, an image that does not fit). A place is three small numbers;
//! the text itself is kept once, in [`Sources`].

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// One file as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Path as it is shown in errors: relative wherever the caller's was.
    pub path: String,
    /// Contents. Bytes that are not UTF-8 appear as U+FFFD.
    pub text: String,
}

/// Index of a file in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FileId(pub u16);

/// A place: bytes `start..end` of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A value and where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

/// All files of one load, in the order they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Sources {
    files: Vec<Source>,
    /// The place that inherits a file.
    #[serde(skip)]
    inherited: BTreeMap<FileId, Span>,
    /// Places, each with that of what it replaced.
    #[serde(skip)]
    replaced: Vec<(Span, Span)>,
}

impl Sources {
    /// Adds a file and names it.
    pub fn add(&mut self, source: Source) -> FileId {
        let id = FileId(u16::try_from(self.files.len()).unwrap_or(u16::MAX));
        self.files.push(source);
        id
    }

    /// Remembers which place inherits a file.
    pub(crate) fn inherited_by(&mut self, file: FileId, by: Option<Span>) {
        self.inherited.extend(by.map(|by| (file, by)));
    }

    /// Remembers that what is at one place replaced what is at another.
    pub(crate) fn replaces(&mut self, new: Span, old: Span) {
        self.replaced.push((new, old));
    }

    /// The place that inherits a file, if it is inherited.
    #[must_use]
    pub fn inheritor(&self, file: FileId) -> Option<Span> {
        self.inherited.get(&file).copied()
    }

    /// What was inherited, and is replaced by what is at this place or around it.
    #[must_use]
    pub fn replaced_by(&self, span: Span) -> Option<Span> {
        let around =
            |new: &Span| new.file == span.file && new.start <= span.start && span.end <= new.end;
        self.replaced.iter().rev().find(|(new, _)| around(new)).map(|(_, old)| *old)
    }

    /// The file, if there is one with this index.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.files.get(usize::from(id.0))
    }

    /// All files.
    #[must_use]
    pub fn files(&self) -> &[Source] {
        &self.files
    }

    /// Where a span starts, for a sentence: `path:line:column`.
    #[must_use]
    pub fn position(&self, span: Span) -> Position<'_> {
        let Some(source) = self.get(span.file) else {
            return Position { path: "?", line: 0, column: 0 };
        };
        let start = (span.start as usize).min(source.text.len());
        let before = &source.text.as_bytes()[..start];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
        Position { path: &source.path, line, column }
    }
}

/// A place as people write it; lines and columns (in characters) count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position<'a> {
    /// Path as shown.
    pub path: &'a str,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl fmt::Display for Position<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}
