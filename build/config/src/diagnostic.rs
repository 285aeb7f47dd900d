//! Diagnostics: what is wrong, where, who else is concerned, and what to do.
//!
//! ```text
//!   error[E0031]: `sense` may not call `control`: ...      title
//!     --> app.toml:62:1                                     primary place
//!      |
//!   61 | priority = 2
//!      |            - `sense` has priority 2 here            secondary places
//!   62 | control = { to = "control" }
//!      | ^^^^^^^ this call                                  label
//!      |
//!      = help: post a notification instead                  what to do
//! ```
//!
//! Rules add diagnostics to a list and go on, so that one run shows all that is
//! wrong; a stage begins only if the one before found nothing.

use crate::codes::Code;
use crate::source::{Sources, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;
use serde::ser::Serializer;
use std::fmt;
use std::ops::Range;
use std::panic::Location;

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words; may be empty.
    pub text: String,
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule.
    pub code: Code,
    /// One sentence that names the parties.
    pub title: String,
    /// Where it shows; absent when there is no text to point into.
    pub primary: Option<Label>,
    /// Other places that are concerned.
    pub secondary: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
    /// The line of this crate that found it, so that a test can tell which lines nothing
    /// reaches.
    #[doc(hidden)]
    pub site: &'static Location<'static>,
}

impl Diagnostic {
    /// A diagnostic without a place.
    #[must_use]
    #[track_caller]
    pub fn new(code: Code, title: impl Into<String>) -> Self {
        let (title, site) = (title.into(), Location::caller());
        Diagnostic { code, title, primary: None, secondary: Vec::new(), help: None, site }
    }

    /// Sets the place where it shows.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.primary = Some(Label { span, text: text.into() });
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Says what to do, if there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, text: Option<String>) -> Self {
        if text.is_some() {
            self.help = text;
        }
        self
    }

    /// Adds what the place replaced, and through which lines each file came in.
    fn show_inheritance(&mut self, sources: &Sources) {
        let replaced = self.primary.as_ref().and_then(|label| sources.replaced_by(label.span));
        if let Some(span) = replaced
            && self.secondary.iter().all(|label| label.span != span)
        {
            self.secondary
                .push(Label { span, text: "replaces what is inherited from here".into() });
        }
        // Labels that are added may be in inherited files themselves.
        let mut next = 0;
        while let Some(label) = self.primary.iter().chain(&self.secondary).nth(next) {
            next += 1;
            let Some(by) = sources.inheritor(label.span.file) else { continue };
            if self.primary.iter().chain(&self.secondary).all(|other| other.span.file != by.file) {
                self.secondary.push(Label { span: by, text: "inherited here".into() });
            }
        }
    }

    fn group<'a>(&'a self, sources: &'a Sources) -> Group<'a> {
        let level = if self.code.is_warning() { Level::WARNING } else { Level::ERROR };
        let title = level.primary_title(printable(&self.title)).id(self.code.to_string());
        let mut group = Group::with_title(title);
        let mut files: Vec<_> = Vec::new();
        for label in self.primary.iter().chain(&self.secondary) {
            if !files.contains(&label.span.file) {
                files.push(label.span.file);
            }
        }
        for file in files {
            let Some(source) = sources.get(file) else { continue };
            let mut snippet = Snippet::source(source.text.as_str()).path(source.path.as_str());
            for (label, kind) in self
                .primary
                .iter()
                .map(|label| (label, AnnotationKind::Primary))
                .chain(self.secondary.iter().map(|label| (label, AnnotationKind::Context)))
                .filter(|(label, _)| label.span.file == file)
            {
                let range = within(&source.text, label.span);
                let mut annotation = kind.span(range);
                if !label.text.is_empty() {
                    annotation = annotation.label(printable(&label.text));
                }
                snippet = snippet.annotation(annotation);
            }
            group = group.element(snippet);
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(printable(help)));
        }
        group
    }
}

/// Everything found in one go, in reading order. As an error, at least one diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errors {
    list: Vec<Diagnostic>,
    sources: Sources,
}

impl Errors {
    /// Sorts diagnostics into reading order; those without a place come first.
    #[must_use]
    pub fn new(mut list: Vec<Diagnostic>, sources: Sources) -> Self {
        for diagnostic in &mut list {
            diagnostic.show_inheritance(&sources);
        }
        list.sort_by_key(|diagnostic| diagnostic.primary.as_ref().map(|label| label.span));
        Errors { list, sources }
    }

    /// Nothing.
    #[must_use]
    pub fn none() -> Self {
        Errors { list: Vec::new(), sources: Sources::default() }
    }

    /// The diagnostics.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.list
    }

    /// The texts that the diagnostics point into.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// As text for people, with colours for a terminal if wanted. Ends with a newline.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for diagnostic in &self.list {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&renderer.render(&[diagnostic.group(&self.sources)]));
            text.push('\n');
        }
        text
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Errors {}

/// As a list of objects `{code, rule, message, file, line, …, notes, help}`, which the
/// book's chapter on `app.toml` describes.
impl Serialize for Errors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_seq(self.list.iter().map(|item| JsonDiagnostic::new(item, &self.sources)))
    }
}

/// A diagnostic as tools read it. Fields may become more.
#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    code: Code,
    rule: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: JsonPlace<'a>,
    notes: Vec<JsonPlace<'a>>,
    help: Option<&'a str>,
}

impl<'a> JsonDiagnostic<'a> {
    fn new(item: &'a Diagnostic, sources: &'a Sources) -> Self {
        JsonDiagnostic {
            code: item.code,
            rule: item.code.rule(),
            message: &item.title,
            place: JsonPlace::new(item.primary.as_ref(), sources),
            notes: item.secondary.iter().map(|at| JsonPlace::new(Some(at), sources)).collect(),
            help: item.help.as_deref(),
        }
    }
}

/// A place; all of it is `null` where there is no text to point into.
#[derive(Serialize)]
struct JsonPlace<'a> {
    file: Option<&'a str>,
    line: Option<usize>,
    col: Option<usize>,
    end_line: Option<usize>,
    end_col: Option<usize>,
    start: Option<u32>,
    end: Option<u32>,
    label: Option<&'a str>,
}

impl<'a> JsonPlace<'a> {
    fn new(label: Option<&'a Label>, sources: &'a Sources) -> Self {
        let from = label.map(|label| sources.position(label.span));
        let to = label.map(|label| {
            sources.position(Span { start: label.span.end.max(label.span.start), ..label.span })
        });
        JsonPlace {
            file: from.map(|at| at.path),
            line: from.map(|at| at.line),
            col: from.map(|at| at.column),
            end_line: to.map(|at| at.line),
            end_col: to.map(|at| at.column),
            start: label.map(|label| label.span.start),
            end: label.map(|label| label.span.end),
            label: label.map(|label| label.text.as_str()),
        }
    }
}

/// The span as a range that surely lies in the text, on character boundaries.
fn within(text: &str, span: Span) -> Range<usize> {
    let mut start = (span.start as usize).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = (span.end as usize).clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// Names come out of files and may hold anything; a terminal must not act on them.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let plain = c == '\n' || !c.is_control();
            let escaped = (!plain).then(|| c.escape_default());
            plain.then_some(c).into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}
