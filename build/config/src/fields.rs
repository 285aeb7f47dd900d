//! Fields: reading a table of known keys, reporting all that is wrong in it.
//!
//! A table is opened with the keys it may have and the keys that a later version
//! will have; then each key is taken with its type. A key that is wrong is
//! reported and reads as absent, so that reading goes on.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Table, Value};
use crate::source::{Span, Spanned};
use crate::suggest;

/// The keys of one kind of table.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// What the table is, for a sentence: "a task".
    pub what: &'static str,
    /// Keys that mean something now.
    pub now: &'static [&'static str],
    /// Keys that will mean something in a later version.
    pub later: &'static [&'static str],
}

/// Where broken rules are collected.
pub type Out = Vec<Diagnostic>;

/// An open table.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    table: &'a Table,
    /// Place that stands for the whole table.
    pub span: Span,
    keys: Keys,
}

impl<'a> Fields<'a> {
    /// Opens a value that must be a table.
    pub fn open(node: &'a Node, keys: Keys, out: &mut Out) -> Option<Self> {
        match &node.value {
            Value::Table(table) => Some(Self::root(table, node.span, keys, out)),
            other => {
                out.push(wrong_type(keys.what, "a table", other.kind(), node.span));
                None
            }
        }
    }

    /// Opens a table.
    pub fn root(table: &'a Table, span: Span, keys: Keys, out: &mut Out) -> Self {
        for (key, _) in &table.entries {
            let name = key.value.as_str();
            if keys.now.contains(&name) {
                continue;
            }
            out.push(if keys.later.contains(&name) {
                not_supported(name, key.span)
            } else {
                let help = suggest::nearest(name, keys.later.iter().copied())
                    .filter(|_| suggest::nearest(name, keys.now.iter().copied()).is_none())
                    .map(|near| format!("did you mean `{near}`, which is not supported yet?"))
                    .or_else(|| suggest::did_you_mean(name, keys.now.iter().copied()));
                Diagnostic::new(Code::UnknownKey, format!("unknown key `{name}` in {}", keys.what))
                    .at(key.span, "not a key here")
                    .maybe_help(help)
            });
        }
        Fields { table, span, keys }
    }

    /// The key and its value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<(&'a Spanned<String>, &'a Node)> {
        self.table.get(key)
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
            .filter(|name| !self.keys.now.contains(name) && !self.keys.later.contains(name))
            .any(|name| suggest::nearest(name, self.keys.now.iter().copied()) == Some(key))
    }

    /// A string.
    pub fn string(&self, key: &str, out: &mut Out) -> Option<Spanned<String>> {
        self.get(key).and_then(|(_, node)| string(key, node, out))
    }

    /// A boolean, or its default.
    pub fn bool(&self, key: &str, default: bool, out: &mut Out) -> bool {
        match self.get(key) {
            None => default,
            Some((_, Node { value: Value::Bool(value), .. })) => *value,
            Some((_, node)) => {
                out.push(wrong_type(
                    &format!("`{key}`"),
                    "`true` or `false`",
                    node.value.kind(),
                    node.span,
                ));
                default
            }
        }
    }

    /// An integer within `low..=high`.
    pub fn integer(&self, key: &str, low: u64, high: u64, out: &mut Out) -> Option<Spanned<u64>> {
        self.get(key).and_then(|(_, node)| integer(&format!("`{key}`"), node, low, high, out))
    }

    /// A size: bytes as an integer, or a string such as "8 KiB".
    pub fn size(&self, key: &str, out: &mut Out) -> Option<Spanned<u64>> {
        self.get(key).and_then(|(_, node)| size(key, node, out))
    }

    /// A list of strings; absent is empty.
    pub fn strings(&self, key: &str, out: &mut Out) -> Vec<Spanned<String>> {
        self.get(key).map_or_else(Vec::new, |(_, node)| strings(&format!("`{key}`"), node, out))
    }

    /// A table whose keys are names; absent is empty.
    pub fn entries(&self, key: &str, out: &mut Out) -> &'a [(Spanned<String>, Node)] {
        match self.get(key) {
            None => &[],
            Some((_, Node { value: Value::Table(table), .. })) => &table.entries,
            Some((_, node)) => {
                out.push(wrong_type(&format!("`{key}`"), "a table", node.value.kind(), node.span));
                &[]
            }
        }
    }

    /// One of a few words.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], out: &mut Out) -> Option<T> {
        let found = self.string(key, out)?;
        word(key, &found, words, out)
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

/// A list of strings; what is not one is reported and left out.
pub fn strings(what: &str, node: &Node, out: &mut Out) -> Vec<Spanned<String>> {
    let Value::Array(items) = &node.value else {
        out.push(wrong_type(what, "a list of strings", node.value.kind(), node.span));
        return Vec::new();
    };
    let mut all = Vec::new();
    for item in items {
        match &item.value {
            Value::String(text) => all.push(Spanned { value: text.clone(), span: item.span }),
            other => {
                let what = format!("what is in {what}");
                out.push(wrong_type(&what, "a string", other.kind(), item.span));
            }
        }
    }
    all
}

/// An integer within `low..=high`.
pub fn integer(
    what: &str,
    node: &Node,
    low: u64,
    high: u64,
    out: &mut Out,
) -> Option<Spanned<u64>> {
    let Value::Integer(number) = node.value else {
        out.push(wrong_type(what, "an integer", node.value.kind(), node.span));
        return None;
    };
    if let Ok(value) = u64::try_from(number)
        && (low..=high).contains(&value)
    {
        return Some(Spanned { value, span: node.span });
    }
    let range = if high == u64::MAX {
        format!("at least {low}")
    } else {
        format!("between {low} and {high}")
    };
    out.push(
        Diagnostic::new(Code::OutOfRange, format!("{what} is {number}"))
            .at(node.span, format!("must be {range}")),
    );
    None
}

/// A size: bytes as an integer, or a string such as "8 KiB".
pub fn size(key: &str, node: &Node, out: &mut Out) -> Option<Spanned<u64>> {
    match &node.value {
        Value::Integer(_) => integer(&format!("`{key}`"), node, 0, u64::MAX, out),
        Value::String(text) => {
            let Some(value) = parse_size(text) else {
                out.push(
                    Diagnostic::new(Code::OutOfRange, format!("`{text}` is not a size"))
                        .at(node.span, "not understood")
                        .help("write bytes as an integer, or \"8 KiB\", \"1 MiB\", \"2 GiB\""),
                );
                return None;
            };
            Some(Spanned { value, span: node.span })
        }
        other => {
            let found = other.kind();
            out.push(wrong_type(&format!("`{key}`"), "a size", found, node.span));
            None
        }
    }
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

/// One of a few words.
pub fn word<T: Copy>(
    key: &str,
    found: &Spanned<String>,
    words: &[(&str, T)],
    out: &mut Out,
) -> Option<T> {
    let hit = words.iter().find(|(word, _)| *word == found.value).map(|(_, value)| *value);
    if hit.is_none() {
        let title = format!("`{key}` cannot be `{}`", found.value);
        out.push(
            Diagnostic::new(Code::UnknownWord, title)
                .at(found.span, "not known here")
                .maybe_help(suggest::did_you_mean(&found.value, words.iter().map(|(w, _)| *w))),
        );
    }
    hit
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
                .at(at, format!("{} too many", count - limit)),
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
