//! Types as an interface names them.
//!
//! A type must mean the same, byte for byte, in two tasks that are compiled
//! apart. So it is one of Rust's types of fixed width, an array of such, or a
//! path that begins with a crate both sides depend on. The compiler does not see
//! that crate: it knows the size of a built-in type, and leaves that of a user's
//! type to a constant in the generated code. Tuples, `Option` and `Result` have no
//! layout that two compilers must agree on; they need an encoding that says, byte
//! by byte, what they become.
//!
//! A file without `imports` may name types and constants without a crate, as files
//! written for Hubris do. They are then looked up at the root of the crate that the
//! generated code is compiled into.

use crate::error::{Located, did_you_mean};
use crate::model::Encoding;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;
use std::fmt;

/// Built-in types and their sizes in bytes.
const BUILTIN: [(&str, u64); 16] = [
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
    // Tasks have 64-bit addresses.
    ("usize", 8),
    ("isize", 8),
];

/// A type that crosses between tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `()`: no bytes.
    Unit,
    /// A type of the language with a fixed width: its name and size in bytes.
    Builtin(&'static str, u64),
    /// `[T; N]`.
    Array(Box<Type>, Length),
    /// `[T]`, in leases only.
    Slice(Box<Type>),
    /// `(A, B)`.
    Tuple(Vec<Type>),
    /// `Option<T>`.
    Option(Box<Type>),
    /// `Result<T, E>`.
    Result(Box<Type>, Box<Type>),
    /// `some_crate::module::Type`, in full, or a single name to be found at the root of
    /// the crate; and what stands between `<` and `>`.
    Path(Vec<String>, Vec<Parameter>),
}

/// The length of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Length {
    /// A number.
    Number(u64),
    /// A constant: a path like that of a type.
    Constant(Vec<String>),
}

/// What a type of the user's takes between `<` and `>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// A type, or a constant of the user's.
    Type(Type),
    /// A number.
    Number(u64),
}

impl Type {
    /// Size in bytes on the wire, or the largest where it varies; `None` if only the
    /// Rust compiler can tell (a user's type), or if there is no one size (a slice) or it
    /// exceeds 64 bits.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self {
            Type::Unit => Some(0),
            Type::Builtin(_, size) => Some(*size),
            Type::Array(element, Length::Number(count)) => element.size()?.checked_mul(*count),
            Type::Tuple(parts) => {
                parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(part.size()?))
            }
            Type::Option(value) => value.size()?.checked_add(1),
            Type::Result(ok, err) => ok.size()?.max(err.size()?).checked_add(1),
            Type::Array(_, Length::Constant(_)) | Type::Slice(_) | Type::Path(..) => None,
        }
    }

    /// Whether values have encodings of different lengths, other than with Zerocopy; of
    /// a user's type, nothing is known.
    #[must_use]
    pub fn varies(&self) -> bool {
        match self {
            Type::Option(_) | Type::Result(..) | Type::Path(..) | Type::Slice(_) => true,
            Type::Builtin(name, _) => *name == "char",
            Type::Array(inner, _) => inner.varies(),
            Type::Tuple(parts) => parts.iter().any(Type::varies),
            Type::Unit => false,
        }
    }

    /// Whether a user's type or constant occurs in it.
    #[must_use]
    pub fn depends_on_user(&self) -> bool {
        match self {
            Type::Path(..) | Type::Array(_, Length::Constant(_)) => true,
            Type::Array(inner, _) | Type::Slice(inner) | Type::Option(inner) => {
                inner.depends_on_user()
            }
            Type::Result(ok, err) => ok.depends_on_user() || err.depends_on_user(),
            Type::Tuple(parts) => parts.iter().any(Type::depends_on_user),
            Type::Unit | Type::Builtin(..) => false,
        }
    }

    /// The type as Rust tokens; independent of what is in scope, but for the root of the
    /// crate.
    pub(crate) fn tokens(&self) -> TokenStream {
        match self {
            Type::Unit => quote!(()),
            Type::Builtin(name, _) => {
                let name = format_ident!("{name}");
                quote!(#name)
            }
            Type::Array(element, length) => {
                let element = element.tokens();
                let count = match length {
                    Length::Number(count) => {
                        let count = Literal::u64_unsuffixed(*count);
                        quote!(#count)
                    }
                    Length::Constant(path) => path_tokens(path),
                };
                quote!([#element; #count])
            }
            Type::Slice(element) => {
                let element = element.tokens();
                quote!([#element])
            }
            Type::Tuple(parts) => {
                let parts = parts.iter().map(Type::tokens);
                quote!((#(#parts,)*))
            }
            Type::Option(value) => {
                let value = value.tokens();
                quote!(::core::option::Option<#value>)
            }
            Type::Result(ok, err) => {
                let (ok, err) = (ok.tokens(), err.tokens());
                quote!(::core::result::Result<#ok, #err>)
            }
            Type::Path(path, parameters) => {
                let path = path_tokens(path);
                let parameters = parameters.iter().map(|parameter| match parameter {
                    Parameter::Type(ty) => ty.tokens(),
                    Parameter::Number(number) => {
                        let number = Literal::u64_unsuffixed(*number);
                        quote!(#number)
                    }
                });
                let mut parameters = parameters.peekable();
                if parameters.peek().is_some() { quote!(#path<#(#parameters),*>) } else { path }
            }
        }
    }
}

/// A full path as it is, a single name from the root of the crate.
pub(crate) fn path_tokens(path: &[String]) -> TokenStream {
    let segments = path.iter().map(|segment| format_ident!("{segment}"));
    if path.len() == 1 { quote!(crate #(::#segments)*) } else { quote!(#(::#segments)*) }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Unit => f.write_str("()"),
            Type::Builtin(name, _) => f.write_str(name),
            Type::Array(element, Length::Number(count)) => write!(f, "[{element}; {count}]"),
            Type::Array(element, Length::Constant(path)) => {
                write!(f, "[{element}; {}]", path.join("::"))
            }
            Type::Slice(element) => write!(f, "[{element}]"),
            Type::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                match parts.as_slice() {
                    [one] => write!(f, "({one},)"),
                    parts => write!(f, "({})", parts.join(", ")),
                }
            }
            Type::Option(value) => write!(f, "Option<{value}>"),
            Type::Result(ok, err) => write!(f, "Result<{ok}, {err}>"),
            Type::Path(path, parameters) => {
                f.write_str(&path.join("::"))?;
                if parameters.is_empty() {
                    return Ok(());
                }
                let parameters: Vec<String> = parameters
                    .iter()
                    .map(|parameter| match parameter {
                        Parameter::Type(ty) => ty.to_string(),
                        Parameter::Number(number) => number.to_string(),
                    })
                    .collect();
                write!(f, "<{}>", parameters.join(", "))
            }
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
    /// Whether the file imports anything: then every short name must be imported.
    pub(crate) fn any(&self) -> bool {
        !self.names.is_empty()
    }

    /// Adds a full path, such as `demo_types::Sample`.
    pub(crate) fn add(&mut self, text: &str, at: usize) -> Result<(), Located> {
        let mut parser = Parser { text, at: 0, base: at, encoding: Encoding::Zerocopy };
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

/// Reads a type that is to travel with an encoding. `base` is the offset of `text` in
/// the file.
pub(crate) fn parse(
    text: &str,
    base: usize,
    encoding: Encoding,
    imports: &mut Imports,
) -> Result<Type, Located> {
    let mut parser = Parser { text, at: 0, base, encoding };
    let ty = parser.ty(imports, 0)?;
    parser.end()?;
    Ok(ty)
}

/// Reads the path of a function; a single name is imported, or at the root of the crate.
pub(crate) fn parse_path(
    text: &str,
    base: usize,
    imports: &mut Imports,
) -> Result<Vec<String>, Located> {
    let mut parser = Parser { text, at: 0, base, encoding: Encoding::Zerocopy };
    let path = parser.path()?;
    parser.end()?;
    if let [name] = path.as_slice() {
        if let Some((full, _, used)) = imports.names.get_mut(name) {
            *used = true;
            return Ok(full.clone());
        }
        return Ok(path);
    }
    check_crate(&path, base)?;
    Ok(path)
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
    encoding: Encoding,
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
            self.needs_serial(at, "a tuple", "give several arguments")?;
            return self.tuple(imports, depth);
        }
        if self.take("[") {
            let element = Box::new(self.ty(imports, depth + 1)?);
            if self.take(";") {
                let count = self.length(imports)?;
                self.expect("]")?;
                return Ok(Type::Array(element, count));
            }
            self.expect("]")?;
            return Ok(Type::Slice(element));
        }
        let path = self.path()?;
        let [name] = path.as_slice() else {
            check_crate(&path, self.base + at)?;
            let parameters = self.parameters(imports, depth)?;
            return Ok(Type::Path(path, parameters));
        };
        if let Some((builtin, size)) = BUILTIN.iter().find(|(builtin, _)| builtin == name) {
            if self.encoding == Encoding::Ssmarshal && *size == 16
                || self.encoding == Encoding::Hubpack && *builtin == "char"
            {
                let message = format!("the encoding {} has no `{builtin}`", self.encoding);
                return Err(self.error(at, message));
            }
            return Ok(Type::Builtin(builtin, *size));
        }
        if (name == "Option" || name == "Result") && !imports.names.contains_key(name) {
            return self.option_or_result(name, at, imports, depth);
        }
        let path = self.short_path(name, at, imports)?;
        let parameters = self.parameters(imports, depth)?;
        Ok(Type::Path(path, parameters))
    }

    /// Refuses what has no layout of its own, unless the encoding gives it one.
    fn needs_serial(&self, at: usize, what: &str, other: &str) -> Result<(), Located> {
        if self.encoding != Encoding::Zerocopy {
            return Ok(());
        }
        let help = format!(
            "add `encoding: Hubpack` to the operation, name a `#[repr(C)]` struct, or {other}"
        );
        Err(self.error(at, format!("{what} has no fixed layout")).help(help))
    }

    /// The rest of `(A, B)`, after the bracket.
    fn tuple(&mut self, imports: &mut Imports, depth: usize) -> Result<Type, Located> {
        let mut parts = Vec::new();
        loop {
            parts.push(self.ty(imports, depth + 1)?);
            let comma = self.take(",");
            if self.take(")") {
                // As in Rust: brackets around one type are only brackets.
                return match parts.pop() {
                    Some(one) if parts.is_empty() && !comma => Ok(one),
                    last => {
                        parts.extend(last);
                        Ok(Type::Tuple(parts))
                    }
                };
            }
            if !comma {
                return Err(
                    self.error(self.at, format!("expected `)` in the type `{}`", self.text))
                );
            }
        }
    }

    /// `Option<T>` or `Result<T, E>`, after the name.
    fn option_or_result(
        &mut self,
        name: &str,
        at: usize,
        imports: &mut Imports,
        depth: usize,
    ) -> Result<Type, Located> {
        self.needs_serial(at, &format!("`{name}`"), "reply with a `Result(…)`")?;
        self.expect("<")?;
        let first = Box::new(self.ty(imports, depth + 1)?);
        let ty = if name == "Option" {
            Type::Option(first)
        } else {
            self.expect(",")?;
            Type::Result(first, Box::new(self.ty(imports, depth + 1)?))
        };
        self.take(",");
        self.expect(">")?;
        Ok(ty)
    }

    /// `<A, 4>`, if there is any.
    fn parameters(
        &mut self,
        imports: &mut Imports,
        depth: usize,
    ) -> Result<Vec<Parameter>, Located> {
        let mut parameters = Vec::new();
        if !self.take("<") {
            return Ok(parameters);
        }
        while !self.take(">") {
            self.skip();
            parameters.push(if self.rest().starts_with(|c: char| c.is_ascii_digit()) {
                Parameter::Number(self.number()?)
            } else {
                Parameter::Type(self.ty(imports, depth + 1)?)
            });
            if !self.take(",") {
                self.expect(">")?;
                break;
            }
        }
        Ok(parameters)
    }

    fn number(&mut self) -> Result<u64, Located> {
        self.skip();
        let at = self.at;
        let word = self.word();
        word.replace('_', "")
            .parse()
            .map_err(|_| self.error(at, format!("expected a number, found `{word}`")))
    }

    /// The length of an array: a number, or the name of a constant.
    fn length(&mut self, imports: &mut Imports) -> Result<Length, Located> {
        self.skip();
        let at = self.at;
        if !self.rest().starts_with(is_name_start) {
            return Ok(Length::Number(self.number()?));
        }
        let path = self.path()?;
        let name = path.last().map_or("", String::as_str);
        if !name.starts_with(|c: char| c.is_uppercase()) {
            return Err(self.error(at, format!("expected a number, found `{name}`")));
        }
        if let [name] = path.as_slice() {
            return Ok(Length::Constant(self.short_path(name, at, imports)?));
        }
        check_crate(&path, self.base + at)?;
        Ok(Length::Constant(path))
    }

    /// The path of a single word that is not built in: imported, or to be found at the
    /// root of the crate.
    fn short_path(
        &self,
        name: &str,
        at: usize,
        imports: &mut Imports,
    ) -> Result<Vec<String>, Located> {
        if let Some((path, _, used)) = imports.names.get_mut(name) {
            *used = true;
            return Ok(path.clone());
        }
        if name == "str" || name == "String" {
            return Err(self
                .error(at, format!("`{name}` cannot cross between tasks"))
                .help("lend the bytes: `leases: {\"text\": (type: \"[u8]\", read: true)}`"));
        }
        if ["crate", "self", "super", "Self"].contains(&name) {
            return Err(self.error(at, format!("`{name}` is not a type")));
        }
        let known: Vec<&str> = BUILTIN
            .iter()
            .map(|(name, _)| *name)
            .chain(imports.names.keys().map(String::as_str))
            .collect();
        let is_type = name.starts_with(|c: char| c.is_uppercase());
        if !imports.any() && is_type {
            return Ok(vec![name.to_owned()]);
        }
        let help = did_you_mean(name, known).unwrap_or_else(|| {
            format!("write its full path, or import it: `imports: [\"some_crate::{name}\"]`")
        });
        Err(self.error(at, format!("`{name}` is neither built in nor imported")).help(help))
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}
