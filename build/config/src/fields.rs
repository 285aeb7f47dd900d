//! Fields: reading a table of known keys, reporting all that is wrong in it.
//!
//! A table is opened with the description of its keys ([`crate::keys`]); then each
//! key is taken, and held against its shape. A key that is wrong is reported and
//! reads as absent, so that reading goes on.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Table, Value};
use crate::keys::{Absent, Keys, Shape};
use crate::source::{Span, Spanned};
use crate::suggest;

/// Where broken rules are collected.
pub type Out = Vec<Diagnostic>;

/// What a table that is not there holds.
static EMPTY: Table = Table { entries: Vec::new() };

/// An open table.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    table: &'a Table,
    /// Place that stands for the whole table.
    pub span: Span,
    keys: &'static Keys,
}

impl<'a> Fields<'a> {
    /// Opens a value that must be a table; `span` stands for it where something is missing.
    pub fn open(node: &'a Node, span: Span, keys: &'static Keys, out: &mut Out) -> Option<Self> {
        match &node.value {
            Value::Table(table) => Some(Self::root(table, span, keys, out)),
            other => {
                out.push(wrong_type(keys.what, "a table", other.kind(), node.span));
                None
            }
        }
    }

    /// Opens a table: reports keys that are unknown, and those that are missing.
    pub fn root(table: &'a Table, span: Span, keys: &'static Keys, out: &mut Out) -> Self {
        for (key, _) in &table.entries {
            let name = key.value.as_str();
            if keys.get(name).is_some() {
                continue;
            }
            out.push(if keys.later.contains(&name) {
                not_supported(name, key.span)
            } else {
                let help = suggest::nearest(name, keys.later.iter().copied())
                    .filter(|_| suggest::nearest(name, keys.names()).is_none())
                    .map(|near| format!("did you mean `{near}`, which is not supported yet?"))
                    .or_else(|| suggest::did_you_mean(name, keys.names()));
                Diagnostic::new(Code::UnknownKey, format!("unknown key `{name}` in {}", keys.what))
                    .at(key.span, "not a key here")
                    .maybe_help(help)
            });
        }
        let fields = Fields { table, span, keys };
        for key in keys.now {
            if let Absent::Refused(example) = key.absent {
                fields.require(key.name, example, out);
            }
        }
        fields
    }

    /// The key and its value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<(&'a Spanned<String>, &'a Node)> {
        debug_assert!(
            self.keys.get(key).is_some(),
            "`{key}` of {} is not described",
            self.keys.what
        );
        self.table.get(key)
    }

    /// What the value of a key is.
    fn shape(&self, key: &str) -> Shape {
        self.keys.get(key).map_or(Shape::Any, |key| key.shape)
    }

    /// What holds without a key.
    fn absent(&self, key: &str) -> Absent {
        self.keys.get(key).map_or(Absent::Means(""), |key| key.absent)
    }

    /// As [`Fields::get`]; that it is missing is reported, with an example.
    pub fn require(
        &self,
        key: &str,
        example: &str,
        out: &mut Out,
    ) -> Option<(&'a Spanned<String>, &'a Node)> {
        let found = self.get(key);
        if found.is_none() && !self.misspelt(key) {
            out.push(
                Diagnostic::new(Code::MissingKey, format!("{} needs `{key}`", self.keys.what))
                    .at(self.span, format!("`{key}` is missing"))
                    .help(format!("for example `{key} = {example}`")),
            );
        }
        found
    }

    /// Whether an unknown key looks like this one: then that is what to report.
    fn misspelt(&self, key: &str) -> bool {
        let names = self.table.entries.iter().map(|(name, _)| name.value.as_str());
        names
            .filter(|name| self.keys.get(name).is_none() && !self.keys.later.contains(name))
            .any(|name| suggest::nearest(name, self.keys.names()) == Some(key))
    }

    /// A string; a name, or a label, is held against the rules of such.
    pub fn string(&self, key: &str, out: &mut Out) -> Option<Spanned<String>> {
        let found = self.get(key).and_then(|(_, node)| string(key, node, out))?;
        check_text(self.shape(key), &found, out);
        Some(found)
    }

    /// A boolean, or its default.
    pub fn bool(&self, key: &str, out: &mut Out) -> bool {
        let default = matches!(self.absent(key), Absent::Flag(true));
        match self.get(key) {
            None => default,
            Some((_, Node { value: Value::Bool(value), .. })) => *value,
            Some((_, node)) => {
                let (what, found) = (format!("`{key}`"), node.value.kind());
                out.push(wrong_type(&what, "`true` or `false`", found, node.span));
                default
            }
        }
    }

    /// A number, an address or a size within its limits.
    pub fn number(&self, key: &str, out: &mut Out) -> Option<Spanned<u64>> {
        let shape = self.shape(key);
        self.get(key).and_then(|(_, node)| number(&format!("`{key}`"), shape, node, out))
    }

    /// As [`Fields::number`], or its default.
    pub fn number_or_default(&self, key: &str, out: &mut Out) -> u64 {
        let default = match self.absent(key) {
            Absent::Number(default) => default,
            _ => 0,
        };
        self.number(key, out).map_or(default, |found| found.value)
    }

    /// A list of strings; absent is empty.
    pub fn strings(&self, key: &str, out: &mut Out) -> Vec<Spanned<String>> {
        let Some((at, node)) = self.get(key) else { return Vec::new() };
        if let Value::Array(items) = &node.value {
            self.check_length(key, items.len(), at.span, out);
        }
        texts(&format!("`{key}`"), self.shape(key), node, out)
    }

    /// The items of a list; absent is empty.
    pub fn items(&self, key: &str, out: &mut Out) -> &'a [Node] {
        match self.get(key) {
            None => &[],
            Some((at, Node { value: Value::Array(items), .. })) => {
                self.check_length(key, items.len(), at.span, out);
                items
            }
            Some((_, node)) => {
                let (what, found) = (format!("`{key}`"), node.value.kind());
                out.push(wrong_type(&what, "a list of tables", found, node.span));
                &[]
            }
        }
    }

    /// Reports less or more entries than a key can have.
    fn check_length(&self, key: &str, count: usize, at: Span, out: &mut Out) {
        let without = match self.absent(key) {
            Absent::Refused(example) => format!("for example `{key} = {example}`"),
            Absent::Means(words) => format!("name at least one, or leave it out: {words}"),
            _ => "name at least one".to_string(),
        };
        check_length(&format!("`{key}`"), self.shape(key), count, &without, at, out);
    }

    /// A table whose keys are names; absent is empty.
    pub fn entries(&self, key: &str, out: &mut Out) -> &'a [(Spanned<String>, Node)] {
        let (at, table) = match self.get(key) {
            None => return &[],
            Some((at, Node { value: Value::Table(table), .. })) => (at, table),
            Some((_, node)) => {
                out.push(wrong_type(&format!("`{key}`"), "a table", node.value.kind(), node.span));
                return &[];
            }
        };
        self.check_length(key, table.entries.len(), at.span, out);
        if let Shape::Map { name: Some(what), .. } = self.shape(key) {
            for (name, _) in &table.entries {
                check_name(what, name, out);
            }
            let bare = what.split_once(' ').map_or(what, |(_, bare)| bare);
            check_unique(bare, table.entries.iter().map(|(name, _)| name), out);
        }
        &table.entries
    }

    /// The table of a key that has one; `None` if it is absent, or no table.
    pub fn table(&self, key: &str, out: &mut Out) -> Option<Fields<'a>> {
        let keys = self.shape(key).keys()?;
        let (_, node) = self.get(key)?;
        Fields::open(node, node.span, keys, out)
    }

    /// As [`Fields::table`], or a table in which all keys are absent.
    pub fn table_or_default(&self, key: &str, out: &mut Out) -> Fields<'a> {
        let keys = self.shape(key).keys().unwrap_or(self.keys);
        let empty = Fields { table: &EMPTY, span: self.span, keys };
        self.table(key, out).unwrap_or(empty)
    }

    /// One of a few words, or its default.
    pub fn word<T: Copy, const N: usize>(
        &self,
        key: &str,
        words: &[(&'static str, T); N],
        out: &mut Out,
    ) -> Option<T> {
        let of = |word: &str| words.iter().find(|(w, _)| *w == word).map(|(_, value)| *value);
        let found = match self.get(key) {
            None => None,
            Some((_, node)) => string(key, node, out),
        };
        let given = found.and_then(|found| {
            let value = of(&found.value);
            if value.is_none() {
                let title = format!("`{key}` cannot be `{}`", found.value);
                let known = words.iter().map(|(word, _)| *word);
                out.push(
                    Diagnostic::new(Code::UnknownWord, title)
                        .at(found.span, "not known here")
                        .maybe_help(suggest::did_you_mean(&found.value, known)),
                );
            }
            value
        });
        given.or_else(|| match self.absent(key) {
            Absent::Word(default) => of(default),
            _ => None,
        })
    }
}

/// "`X` is not supported yet".
pub fn not_supported(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::NotSupported, format!("`{name}` is not supported yet"))
        .at(span, "means something in a later version")
        .help("remove it")
}

/// "X must be Y, not Z".
pub fn wrong_type(what: &str, wanted: &str, found: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::WrongType, format!("{what} must be {wanted}, not {found}"))
        .at(span, format!("this is {found}"))
}

/// A string.
pub fn string(key: &str, node: &Node, out: &mut Out) -> Option<Spanned<String>> {
    match &node.value {
        Value::String(text) => Some(Spanned { value: text.clone(), span: node.span }),
        other => {
            out.push(wrong_type(&format!("`{key}`"), "a string", other.kind(), node.span));
            None
        }
    }
}

/// A list of strings; what is not one is reported and left out. `without` is what to
/// do instead of naming nothing.
pub fn strings(
    what: &str,
    shape: Shape,
    without: &str,
    node: &Node,
    out: &mut Out,
) -> Vec<Spanned<String>> {
    if let Value::Array(items) = &node.value {
        check_length(what, shape, items.len(), without, node.span, out);
    }
    texts(what, shape, node, out)
}

fn texts(what: &str, shape: Shape, node: &Node, out: &mut Out) -> Vec<Spanned<String>> {
    let Value::Array(items) = &node.value else {
        out.push(wrong_type(what, "a list of strings", node.value.kind(), node.span));
        return Vec::new();
    };
    let mut all = Vec::new();
    for item in items {
        match &item.value {
            Value::String(text) => {
                let found = Spanned { value: text.clone(), span: item.span };
                check_text(shape.inner().copied().unwrap_or(Shape::Text), &found, out);
                all.push(found);
            }
            other => {
                let what = format!("what is in {what}");
                out.push(wrong_type(&what, "a string", other.kind(), item.span));
            }
        }
    }
    all
}

/// Reports less or more entries than there can be.
fn check_length(what: &str, shape: Shape, count: usize, without: &str, at: Span, out: &mut Out) {
    let (Shape::List { low, high, .. } | Shape::Map { low, high, .. }) = shape else { return };
    if count < low {
        out.push(
            Diagnostic::new(Code::Empty, format!("{what} has nothing in it"))
                .at(at, "empty")
                .help(without),
        );
    }
    check_count(what, count, high, at, out);
}

/// Reports a string that is not what it should name.
fn check_text(shape: Shape, found: &Spanned<String>, out: &mut Out) {
    match shape {
        Shape::Name(what) => check_name(what, found, out),
        Shape::Label => check_label(found, out),
        _ => {}
    }
}

/// A number, an address or a size within the limits of its shape.
pub fn number(what: &str, shape: Shape, node: &Node, out: &mut Out) -> Option<Spanned<u64>> {
    let (found, low, high, multiple) = match shape {
        Shape::Size { low, high, multiple } => (size(what, node, out)?, low, high, multiple),
        _ => {
            let Value::Integer(found) = node.value else {
                out.push(wrong_type(what, "an integer", node.value.kind(), node.span));
                return None;
            };
            match shape {
                Shape::Address { multiple, high } => (found, 0, high, multiple),
                Shape::Number { low, high, .. } => (found, low, high, 1),
                _ => (found, 0, u64::MAX, 1),
            }
        }
    };
    let show = |value: i128| match shape {
        Shape::Address { .. } => format!("{value:#x}"),
        Shape::Size { .. } => bytes(value),
        _ => value.to_string(),
    };
    let value = u64::try_from(found).ok().filter(|value| (low..=high).contains(value));
    let Some(value) = value else {
        let range = match high {
            u64::MAX => format!("at least {low}"),
            _ => match shape {
                Shape::Address { .. } => format!("at most {high:#x}"),
                Shape::Size { .. } => {
                    format!("between {} and {}", show(low.into()), show(high.into()))
                }
                _ => format!("between {low} and {high}"),
            },
        };
        // What is negative is shown as it was written.
        let shown = if found < 0 { found.to_string() } else { show(found) };
        out.push(
            Diagnostic::new(Code::OutOfRange, format!("{what} is {shown}"))
                .at(node.span, format!("must be {range}")),
        );
        return None;
    };
    if value % multiple != 0 {
        let up = value.next_multiple_of(multiple);
        let near = if up <= high { up } else { up - multiple };
        out.push(
            Diagnostic::new(Code::Unaligned, format!("{what} is {}", show(found)))
                .at(node.span, format!("not a multiple of {}", show(i128::from(multiple))))
                .help(format!("the next is {}", show(i128::from(near)))),
        );
        return None;
    }
    Some(Spanned { value, span: node.span })
}

/// Bytes as an integer, or as a string such as "8 KiB".
fn size(what: &str, node: &Node, out: &mut Out) -> Option<i128> {
    match &node.value {
        Value::Integer(number) => Some(*number),
        Value::String(text) => {
            let size = parse_size(text);
            if size.is_none() {
                out.push(
                    Diagnostic::new(
                        Code::OutOfRange,
                        format!("{what} is `{text}`, which is no size"),
                    )
                    .at(node.span, "not understood")
                    .help("write bytes as an integer, or \"8 KiB\", \"1 MiB\", \"2 GiB\""),
                );
            }
            size.map(i128::from)
        }
        other => {
            let wanted = "bytes as an integer, or a size such as \"8 KiB\"";
            out.push(wrong_type(what, wanted, other.kind(), node.span));
            None
        }
    }
}

/// A size as people write it: in the largest unit of which it is a whole number.
pub fn bytes(size: i128) -> String {
    [(30, "GiB"), (20, "MiB"), (10, "KiB")]
        .iter()
        .find(|(shift, _)| size != 0 && size % (1 << shift) == 0)
        .map_or_else(
            || format!("{size} bytes"),
            |(shift, unit)| format!("{} {unit}", size >> shift),
        )
}

/// `NUMBER [B|KiB|MiB|GiB]`.
fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let shift = match unit.trim_start() {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// Reports a name that is not a letter followed by letters, digits, `-` and `_`.
pub fn check_name(what: &str, name: &Spanned<String>, out: &mut Out) {
    let text = &name.value;
    let good = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && text.len() <= MAX_NAME;
    if !good {
        out.push(
            Diagnostic::new(Code::BadName, format!("`{text}` is no name for {what}"))
                .at(name.span, "not a name")
                .help(format!(
                    "a name is a letter, then letters, digits, `-` and `_`; at most {MAX_NAME} \
                     characters"
                )),
        );
    }
}

/// Longest name, in bytes.
pub const MAX_NAME: usize = 32;
/// Longest label, in bytes.
pub const MAX_LABEL: usize = 64;

/// Reports a label that is not letters, digits, spaces and a few signs.
fn check_label(name: &Spanned<String>, out: &mut Out) {
    let bad = |c: char| !(c.is_ascii_alphanumeric() || " -_/".contains(c));
    if !name.value.starts_with(|c: char| c.is_ascii_alphabetic())
        || name.value.contains(bad)
        || name.value.len() > MAX_LABEL
    {
        out.push(
            Diagnostic::new(Code::BadName, format!("`{}` is no name for a counter", name.value))
                .at(name.span, "not a name")
                .help(format!(
                    "a letter, then letters, digits, spaces, `-`, `_` and `/`; at most \
                     {MAX_LABEL} characters"
                )),
        );
    }
}

/// Reports every name that was used before. Names that become the same constant in a
/// task (`a-b`, `a_b` and `A_B`) are the same name.
pub fn check_unique<'a>(
    what: &str,
    names: impl IntoIterator<Item = &'a Spanned<String>>,
    out: &mut Out,
) {
    let mut seen: Vec<(String, &Spanned<String>)> = Vec::new();
    for name in names {
        let constant = name.value.to_ascii_uppercase().replace('-', "_");
        if let Some((_, first)) = seen.iter().find(|(other, _)| *other == constant) {
            let mut title = format!("{what} `{}` is there twice", name.value);
            if first.value != name.value {
                title = format!(
                    "{what}s `{}` and `{}` would be the same constant `{constant}`",
                    first.value, name.value
                );
            }
            out.push(
                Diagnostic::new(Code::NameTwice, title)
                    .at(name.span, "again here")
                    .also(first.span, "first here")
                    .help("give it another name, or remove it"),
            );
        } else {
            seen.push((constant, name));
        }
    }
}

/// Reports every name in a list that is there before: a list of references, in which
/// repetition changes nothing, and so was not meant.
pub fn check_repeats(what: &str, names: &[Spanned<String>], out: &mut Out) {
    for (index, name) in names.iter().enumerate() {
        if let Some(first) = names[..index].iter().find(|first| first.value == name.value) {
            let title = format!("{what} `{}` is in the list twice", name.value);
            out.push(
                Diagnostic::new(Code::NameTwice, title)
                    .at(name.span, "again here")
                    .also(first.span, "first here")
                    .help("remove one of them"),
            );
        }
    }
}

/// Reports more of a thing than there can be.
pub fn check_count(what: &str, count: usize, limit: usize, at: Span, out: &mut Out) {
    if count > limit {
        out.push(
            Diagnostic::new(Code::TooMany, format!("{what}: {count}, and {limit} is the limit"))
                .at(at, format!("{} too many", count - limit))
                .help("tables of an image have this many places: do with fewer"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes_are_bytes_or_binary_units() {
        assert_eq!(parse_size("4096"), Some(4096));
        assert_eq!(parse_size("8 KiB"), Some(8192));
        assert_eq!(parse_size("128MiB"), Some(128 << 20));
        assert_eq!(parse_size("8 kB"), None);
        assert_eq!(parse_size("KiB"), None);
        assert_eq!(parse_size("99999999999 GiB"), None);
    }
}
