//! Fields and maps: what is there, once, and nothing else.
//!
//! The mechanical half of reading an interface: it knows how structs, maps, strings
//! and names are checked, and nothing of interfaces.

use crate::error::{Located, did_you_mean};
use crate::ron::{Entry, Kind, Node};
use crate::types::Imports;

/// Reads nodes and collects what is wrong with them.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) errors: Vec<Located>,
    pub(crate) imports: Imports,
}

/// The fields of a struct: known, and each at most once.
pub(crate) struct Fields<'a>(Vec<&'a Entry>);

impl<'a> Fields<'a> {
    pub(crate) fn get(&self, key: &str) -> Option<&'a Node> {
        self.0.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.0.iter().find(|entry| entry.key == key).copied()
    }
}

impl Reader {
    pub(crate) fn error(&mut self, at: usize, message: impl Into<String>) {
        self.errors.push(Located::new(at, message));
    }

    pub(crate) fn error_help(
        &mut self,
        at: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.errors.push(Located::new(at, message).help(help));
    }

    pub(crate) fn doc(&mut self, fields: &Fields<'_>) -> Option<String> {
        let (doc, description) = (fields.get("doc"), fields.get("description"));
        if let (Some(_), Some(second)) = (doc, description) {
            self.error(second.at, "`doc` and `description` are the same thing: keep one");
        }
        let text = self.text(doc.or(description)?, "the documentation")?;
        Some(text)
    }

    pub(crate) fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.kind {
            Kind::Text { text, .. } => Some(text.clone()),
            other => {
                self.error(
                    node.at,
                    format!("expected {what} in quotes, found {}", other.describe()),
                );
                None
            }
        }
    }

    pub(crate) fn boolean(&mut self, node: &Node) -> Option<bool> {
        if let Kind::Bool(value) = node.kind {
            return Some(value);
        }
        self.error(node.at, format!("expected `true` or `false`, found {}", node.kind.describe()));
        None
    }

    /// The entries of a map, each key once.
    pub(crate) fn map<'n>(&mut self, node: &'n Node, what: &str, one: &str) -> Option<&'n [Entry]> {
        let entries = match &node.kind {
            Kind::Map(entries) => entries.as_slice(),
            other => {
                self.error(
                    node.at,
                    format!("expected {what} as a map `{{…}}`, found {}", other.describe()),
                );
                return None;
            }
        };
        for (i, entry) in entries.iter().enumerate() {
            if entries[..i].iter().any(|earlier| earlier.key == entry.key) {
                self.error(entry.at, format!("{one} `{}` is there twice", entry.key));
            }
        }
        Some(entries)
    }

    /// The fields of a struct: known ones only, each once, the required ones present.
    pub(crate) fn fields<'n>(
        &mut self,
        what: &str,
        at: usize,
        fields: &'n [Entry],
        known: &[&str],
        required: &[&str],
    ) -> Fields<'n> {
        let mut kept: Vec<&Entry> = Vec::new();
        for field in fields {
            if !known.contains(&field.key.as_str()) {
                let help = did_you_mean(&field.key, known.iter().copied())
                    .unwrap_or_else(|| format!("known are {}", known.join(", ")));
                self.error_help(field.at, format!("{what} has no field `{}`", field.key), help);
            } else if kept.iter().any(|earlier| earlier.key == field.key) {
                self.error(field.at, format!("field `{}` of {what} is there twice", field.key));
            } else {
                kept.push(field);
            }
        }
        for name in required {
            // A misspelt field has been reported already.
            if !kept.iter().any(|field| field.key == *name) && kept.len() == fields.len() {
                self.error(at, format!("{what} needs the field `{name}`"));
            }
        }
        Fields(kept)
    }

    pub(crate) fn check_name(&mut self, name: &str, at: usize, what: &str, taken: &[&str]) {
        let snake = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && !name.ends_with('_')
            && !name.contains("__");
        if !snake {
            self.error_help(
                at,
                format!(
                    "`{name}` is no name for {} {what}",
                    if what == "lease" { "a" } else { "an" }
                ),
                "letters, digits and single `_` between them, in `snake_case`",
            );
        } else if syn::parse_str::<syn::Ident>(name).is_err() {
            self.error(at, format!("{what} `{name}`: a word of the language"));
        } else if taken.contains(&name) {
            self.error(at, format!("{what} `{name}`: the generated code needs this name itself"));
        }
    }
}
