//! Types as an interface names them.
//!
//! A type must mean the same, byte for byte, in two tasks that are compiled
//! apart. So it is one of Rust's types of fixed width, an array of such, or a
//! path that begins with a crate both sides depend on. The compiler does not see
//! that crate: it knows the size of a built-in type, and leaves that of a user's
//! type to a constant in the generated code.

use crate::error::{Located, did_you_mean};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::collections::BTreeMap;
use std::fmt;

/// Built-in types and their sizes in bytes.
const BUILTIN: [(&str, u64); 14] = [
    ("u8", 1),
    ("u16", 2),
    ("u32", 4),
    ("u64", 8),
    ("u128", 16),
    ("i8", 1),
    ("i16", 2),
    ("i32", 4),
    ("i64", 8),
    ("i128", 16),
    ("bool", 1),
    ("char", 4),
    ("f32", 4),
    ("f64", 8),
];

/// A type that crosses between tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `()`: no bytes.
    Unit,
    /// A type of the language with a fixed width: its name and size in bytes.
    Builtin(&'static str, u64),
    /// `[T; N]`.
    Array(Box<Type>, u64),
    /// `[T]`, in leases only.
    Slice(Box<Type>),
    /// `some_crate::module::Type`, in full.
    Path(Vec<String>),
}

impl Type {
    /// Size in bytes on the wire; `None` if only the Rust compiler can tell (a
    /// user's type), or if there is no one size (a slice) or it exceeds 64 bits.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self {
            Type::Unit => Some(0),
            Type::Builtin(_, size) => Some(*size),
            Type::Array(element, count) => element.size()?.checked_mul(*count),
            Type::Slice(_) | Type::Path(_) => None,
        }
    }

    /// The type as Rust tokens, independent of what is in scope.
    pub(crate) fn tokens(&self) -> TokenStream {
        match self {
            Type::Unit => quote!(()),
            Type::Builtin(name, _) => {
                let name = format_ident!("{name}");
                quote!(#name)
            }
            Type::Array(element, count) => {
                let element = element.tokens();
                let count = proc_macro2::Literal::u64_unsuffixed(*count);
                quote!([#element; #count])
            }
            Type::Slice(element) => {
                let element = element.tokens();
                quote!([#element])
            }
            Type::Path(segments) => {
                let segments = segments.iter().map(|segment| format_ident!("{segment}"));
                quote!(#(::#segments)*)
            }
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Unit => f.write_str("()"),
            Type::Builtin(name, _) => f.write_str(name),
            Type::Array(element, count) => write!(f, "[{element}; {count}]"),
            Type::Slice(element) => write!(f, "[{element}]"),
            Type::Path(segments) => f.write_str(&segments.join("::")),
        }
    }
}

/// What `imports:` lets an interface write in short.
#[derive(Default)]
pub(crate) struct Imports {
    /// Short name to full path, offset of the import, and whether it was used.
    names: BTreeMap<String, (Vec<String>, usize, bool)>,
}

impl Imports {
    /// Adds a full path, such as `demo_types::Sample`.
    pub(crate) fn add(&mut self, text: &str, at: usize) -> Result<(), Located> {
        let mut parser = Parser { text, at: 0, base: at };
        let path = parser.path()?;
        parser.end()?;
        check_crate(&path, at)?;
        let short = path.last().cloned().unwrap_or_default();
        if BUILTIN.iter().any(|(name, _)| *name == short) {
            return Err(Located::new(at, format!("`{short}` is a built-in type")));
        }
        if let Some((other, ..)) = self.names.get(&short) {
            return Err(Located::new(
                at,
                format!("`{short}` is imported twice, as `{}` and `{text}`", other.join("::")),
            )
            .help("write one of them in full where it is used"));
        }
        self.names.insert(short, (path, at, false));
        Ok(())
    }

    /// Imports that nothing used, with their offsets.
    pub(crate) fn unused(&self) -> impl Iterator<Item = (&str, usize)> {
        self.names
            .iter()
            .filter(|(_, (_, _, used))| !used)
            .map(|(name, (_, at, _))| (name.as_str(), *at))
    }
}

/// Reads a type. `base` is the offset of `text` in the file.
pub(crate) fn parse(text: &str, base: usize, imports: &mut Imports) -> Result<Type, Located> {
    let mut parser = Parser { text, at: 0, base };
    let ty = parser.ty(imports, 0)?;
    parser.end()?;
    Ok(ty)
}

/// A path must begin with a crate.
fn check_crate(path: &[String], at: usize) -> Result<(), Located> {
    let first = path.first().map_or("", String::as_str);
    if ["crate", "self", "super", "Self"].contains(&first) {
        return Err(Located::new(at, format!("`{first}::` is another place in every task"))
            .help("put the type into a crate that client and server both depend on"));
    }
    if path.len() < 2 {
        return Err(Located::new(at, format!("`{first}` names no crate"))
            .help(format!("write the full path: `some_crate::{first}`")));
    }
    Ok(())
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    base: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn error(&self, at: usize, message: impl Into<String>) -> Located {
        Located::new(self.base + at, message)
    }

    fn take(&mut self, wanted: &str) -> bool {
        self.skip();
        let there = self.rest().starts_with(wanted);
        if there {
            self.at += wanted.len();
        }
        there
    }

    fn expect(&mut self, wanted: &str) -> Result<(), Located> {
        if self.take(wanted) {
            return Ok(());
        }
        Err(self.error(self.at, format!("expected `{wanted}` in the type `{}`", self.text)))
    }

    fn end(&mut self) -> Result<(), Located> {
        self.skip();
        match self.rest().chars().next() {
            None => Ok(()),
            Some('<') => Err(self
                .error(
                    self.at,
                    format!("generic types cannot cross between tasks: `{}`", self.text),
                )
                .help("name a type of your own with a fixed layout")),
            Some(_) => Err(self.error(self.at, format!("`{}` is not a type", self.text))),
        }
    }

    fn word(&mut self) -> &'a str {
        self.skip();
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn path(&mut self) -> Result<Vec<String>, Located> {
        self.take("::");
        let mut segments = Vec::new();
        loop {
            self.skip();
            let at = self.at;
            let word = self.word();
            if word.is_empty() || word.starts_with(|c: char| c.is_numeric()) {
                return Err(self.error(at, format!("`{}` is not a type", self.text)));
            }
            let reserved = syn::parse_str::<syn::Ident>(word).is_err();
            if reserved && !["crate", "self", "super", "Self"].contains(&word) {
                return Err(self.error(at, format!("`{word}` is a word of the language")));
            }
            segments.push(word.to_owned());
            if !self.take("::") {
                return Ok(segments);
            }
        }
    }

    fn ty(&mut self, imports: &mut Imports, depth: usize) -> Result<Type, Located> {
        self.skip();
        let at = self.at;
        if depth > 8 {
            return Err(self.error(at, "a type nested this deep is a mistake"));
        }
        if self.take("&") {
            return Err(self
                .error(at, "a reference cannot cross between tasks")
                .help("lend the memory: `leases: {\"data\": (type: \"[u8]\", read: true)}`"));
        }
        if self.take("(") {
            if self.take(")") {
                return Ok(Type::Unit);
            }
            return Err(self
                .error(at, "a tuple has no fixed layout")
                .help("name a `#[repr(C)]` struct, or give several arguments"));
        }
        if self.take("[") {
            let element = Box::new(self.ty(imports, depth + 1)?);
            if self.take(";") {
                self.skip();
                let at = self.at;
                let word = self.word();
                let count = word
                    .replace('_', "")
                    .parse()
                    .map_err(|_| self.error(at, format!("expected a number, found `{word}`")))?;
                self.expect("]")?;
                return Ok(Type::Array(element, count));
            }
            self.expect("]")?;
            return Ok(Type::Slice(element));
        }
        let path = self.path()?;
        if let [name] = path.as_slice() {
            return self.short(name, at, imports);
        }
        check_crate(&path, self.base + at)?;
        Ok(Type::Path(path))
    }

    /// A single word: built in, or imported.
    fn short(&self, name: &str, at: usize, imports: &mut Imports) -> Result<Type, Located> {
        if let Some((name, size)) = BUILTIN.iter().find(|(builtin, _)| *builtin == name) {
            return Ok(Type::Builtin(name, *size));
        }
        if let Some((path, _, used)) = imports.names.get_mut(name) {
            *used = true;
            return Ok(Type::Path(path.clone()));
        }
        if name == "usize" || name == "isize" {
            return Err(self
                .error(at, format!("`{name}` is not equally wide everywhere"))
                .help(format!("use `{0}32` or `{0}64`", &name[..1])));
        }
        if name == "str" || name == "String" {
            return Err(self
                .error(at, format!("`{name}` cannot cross between tasks"))
                .help("lend the bytes: `leases: {\"text\": (type: \"[u8]\", read: true)}`"));
        }
        let known: Vec<&str> = BUILTIN
            .iter()
            .map(|(name, _)| *name)
            .chain(imports.names.keys().map(String::as_str))
            .collect();
        let help = did_you_mean(name, known).unwrap_or_else(|| {
            format!("write its full path, or import it: `imports: [\"some_crate::{name}\"]`")
        });
        Err(self.error(at, format!("`{name}` is neither built in nor imported")).help(help))
    }
}
