//! Reads RON into a tree that remembers where everything stood.
//!
//! The `ron` crate deserialises well but forgets positions as soon as a value is
//! read, so that a rule broken later (a lease too many, a name used twice) could
//! not be shown at its place. This reader keeps the byte offset of every node. It
//! covers what an interface file can contain: structs, tuples, maps, lists,
//! strings, whole numbers, booleans and names; a test holds it against `ron`.

use crate::error::Located;

/// Deepest nesting accepted, so that no file can exhaust the stack.
const MAX_DEPTH: usize = 32;

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Byte offset of the first character.
    pub(crate) at: usize,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// `Name(key: value, …)` or `(key: value, …)`.
    Struct { name: Option<String>, fields: Vec<Entry> },
    /// `Name(value, …)`, `(value, …)` or `()`.
    Tuple { name: Option<String>, items: Vec<Node> },
    /// `{key: value, …}`; keys are strings.
    Map(Vec<Entry>),
    /// `[value, …]`.
    List(Vec<Node>),
    /// A string; `content` is the offset of its first character, and offsets into
    /// `text` are offsets into the file iff `plain` (no escapes).
    Text { text: String, content: usize, plain: bool },
    /// A whole number.
    Number(i128),
    /// `true` or `false`.
    Bool(bool),
    /// A bare name, such as an enum variant.
    Name(String),
}

/// `key: value` of a struct or a map.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Byte offset of the key.
    pub(crate) at: usize,
    pub(crate) value: Node,
}

impl Kind {
    /// What the value is, for "expected …, found …".
    pub(crate) fn describe(&self) -> String {
        match self {
            Kind::Struct { name: Some(name), .. } | Kind::Tuple { name: Some(name), .. } => {
                format!("`{name}(…)`")
            }
            Kind::Struct { .. } => "a struct `(…)`".into(),
            Kind::Tuple { items, .. } if items.is_empty() => "`()`".into(),
            Kind::Tuple { .. } => "a tuple `(…)`".into(),
            Kind::Map(_) => "a map `{…}`".into(),
            Kind::List(_) => "a list `[…]`".into(),
            Kind::Text { text, .. } => format!("the string {text:?}"),
            Kind::Number(number) => format!("the number {number}"),
            Kind::Bool(value) => format!("`{value}`"),
            Kind::Name(name) => format!("`{name}`"),
        }
    }
}

/// Reads one value and nothing after it.
pub(crate) fn parse(text: &str) -> Result<Node, Located> {
    let mut reader = Reader { text, at: 0 };
    reader.skip()?;
    while reader.rest().starts_with("#!") {
        // Extensions change what may be left out; nothing here depends on them.
        match reader.rest().find(']') {
            Some(end) => reader.at += end + 1,
            None => return Err(Located::new(reader.at, "`#![…]` has no closing `]`")),
        }
        reader.skip()?;
    }
    let node = reader.value(0)?;
    reader.skip()?;
    if reader.at < text.len() {
        return Err(Located::new(
            reader.at,
            format!("expected the end of the file, found {}", reader.found()),
        ));
    }
    Ok(node)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.at += wanted.len_utf8();
        }
        there
    }

    fn found(&self) -> String {
        match self.peek() {
            Some(c) => format!("`{c}`"),
            None => "the end of the file".into(),
        }
    }

    /// Skips white space and comments.
    fn skip(&mut self) -> Result<(), Located> {
        loop {
            let rest = self.rest();
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.block_comment()?;
            } else if rest.starts_with(|c: char| c.is_whitespace() || c == '\u{feff}') {
                self.bump();
            } else {
                return Ok(());
            }
        }
    }

    fn block_comment(&mut self) -> Result<(), Located> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            let rest = self.rest();
            if rest.starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(());
                }
            } else if self.bump().is_none() {
                return Err(Located::new(start, "this comment has no closing `*/`"));
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Located> {
        let at = self.at;
        if depth > MAX_DEPTH {
            return Err(Located::new(at, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let kind = match self.peek() {
            Some('(') => self.parenthesised(None, at, depth)?,
            Some('{') => self.map(depth)?,
            Some('[') => self.list(depth)?,
            Some('"') => self.string()?,
            Some('r') if self.rest().starts_with("r\"") || self.rest().starts_with("r#") => {
                self.raw_string()?
            }
            Some(c) if c.is_ascii_digit() || c == '-' || c == '+' => self.number()?,
            Some(c) if is_name_start(c) => {
                let name = self.name();
                let after = self.at;
                self.skip()?;
                match (name.as_str(), self.peek()) {
                    (_, Some('(')) => self.parenthesised(Some(name), at, depth)?,
                    (word, _) => {
                        self.at = after;
                        match word {
                            "true" => Kind::Bool(true),
                            "false" => Kind::Bool(false),
                            _ => Kind::Name(name),
                        }
                    }
                }
            }
            _ => return Err(Located::new(at, format!("expected a value, found {}", self.found()))),
        };
        Ok(Node { at, kind })
    }

    fn name(&mut self) -> String {
        let rest = self.rest();
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        self.at += end;
        rest[..end].to_owned()
    }

    /// `(…)`: a struct if it begins with `name:`, else a tuple.
    fn parenthesised(
        &mut self,
        name: Option<String>,
        start: usize,
        depth: usize,
    ) -> Result<Kind, Located> {
        self.take('(');
        self.skip()?;
        let before = self.at;
        let is_struct = self.peek().is_some_and(is_name_start) && {
            self.name();
            self.skip()?;
            self.peek() == Some(':')
        };
        self.at = before;
        let close = |reader: &Self| {
            Located::new(reader.at, format!("expected `,` or `)`, found {}", reader.found())).help(
                format!("the `(` is on line {}", crate::error::line_column(reader.text, start).0),
            )
        };
        if is_struct {
            let mut fields = Vec::new();
            while !self.take(')') {
                let at = self.at;
                if !self.peek().is_some_and(is_name_start) {
                    return Err(Located::new(
                        at,
                        format!("expected a field name or `)`, found {}", self.found()),
                    ));
                }
                let key = self.name();
                self.colon(&key)?;
                let value = self.value(depth + 1)?;
                fields.push(Entry { key, at, value });
                if !self.separator(')')? {
                    return Err(close(self));
                }
            }
            Ok(Kind::Struct { name, fields })
        } else {
            let mut items = Vec::new();
            while !self.take(')') {
                items.push(self.value(depth + 1)?);
                if !self.separator(')')? {
                    return Err(close(self));
                }
            }
            Ok(Kind::Tuple { name, items })
        }
    }

    fn map(&mut self, depth: usize) -> Result<Kind, Located> {
        self.take('{');
        self.skip()?;
        let mut entries = Vec::new();
        while !self.take('}') {
            let key = self.value(depth + 1)?;
            let Kind::Text { text, .. } = key.kind else {
                return Err(Located::new(
                    key.at,
                    format!("expected a name in quotes, found {}", key.kind.describe()),
                ));
            };
            self.colon(&text)?;
            let value = self.value(depth + 1)?;
            entries.push(Entry { key: text, at: key.at, value });
            if !self.separator('}')? {
                return Err(Located::new(
                    self.at,
                    format!("expected `,` or `}}`, found {}", self.found()),
                ));
            }
        }
        Ok(Kind::Map(entries))
    }

    fn list(&mut self, depth: usize) -> Result<Kind, Located> {
        self.take('[');
        self.skip()?;
        let mut items = Vec::new();
        while !self.take(']') {
            items.push(self.value(depth + 1)?);
            if !self.separator(']')? {
                return Err(Located::new(
                    self.at,
                    format!("expected `,` or `]`, found {}", self.found()),
                ));
            }
        }
        Ok(Kind::List(items))
    }

    fn colon(&mut self, key: &str) -> Result<(), Located> {
        self.skip()?;
        if !self.take(':') {
            return Err(Located::new(
                self.at,
                format!("expected `:` after `{key}`, found {}", self.found()),
            ));
        }
        self.skip()
    }

    /// After an element: a comma, or (not taken) the closing bracket.
    fn separator(&mut self, close: char) -> Result<bool, Located> {
        self.skip()?;
        let comma = self.take(',');
        self.skip()?;
        Ok(comma || self.peek() == Some(close))
    }

    fn number(&mut self) -> Result<Kind, Located> {
        let at = self.at;
        let rest = self.rest();
        let end = rest
            .char_indices()
            .find(|&(i, c)| !(is_name(c) || c == '.' || (i == 0 && (c == '-' || c == '+'))))
            .map_or(rest.len(), |(i, _)| i);
        self.at += end;
        let written = &rest[..end];
        let digits = written.replace('_', "");
        let (sign, digits) = match digits.strip_prefix('-') {
            Some(digits) => (-1, digits.to_owned()),
            None => (1, digits.trim_start_matches('+').to_owned()),
        };
        let parsed = match digits.get(..2) {
            Some("0x") => i128::from_str_radix(&digits[2..], 16),
            Some("0o") => i128::from_str_radix(&digits[2..], 8),
            Some("0b") => i128::from_str_radix(&digits[2..], 2),
            _ => digits.parse(),
        };
        match parsed {
            Ok(number) => Ok(Kind::Number(sign * number)),
            Err(_) => Err(Located::new(at, format!("expected a whole number, found `{written}`"))),
        }
    }

    fn string(&mut self) -> Result<Kind, Located> {
        let start = self.at;
        self.take('"');
        let content = self.at;
        let mut text = String::new();
        let mut plain = true;
        loop {
            let at = self.at;
            match self.bump() {
                Some('"') => return Ok(Kind::Text { text, content, plain }),
                Some('\\') => {
                    plain = false;
                    self.escape(at, &mut text)?;
                }
                Some(c) => text.push(c),
                None => return Err(Located::new(start, "this string has no closing `\"`")),
            }
        }
    }

    fn escape(&mut self, at: usize, text: &mut String) -> Result<(), Located> {
        let simple = match self.bump() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('0') => '\0',
            Some(c @ ('\\' | '"' | '\'')) => c,
            Some('x') => {
                let digits = self.rest().get(..2).unwrap_or("");
                let code = u8::from_str_radix(digits, 16)
                    .map_err(|_| Located::new(at, "`\\x` needs two hexadecimal digits"))?;
                self.at += 2;
                char::from(code)
            }
            Some('u') => {
                let rest = self.rest();
                let end = rest.find('}').unwrap_or(0);
                let code = rest
                    .get(..end)
                    .and_then(|part| part.strip_prefix('{'))
                    .and_then(|digits| u32::from_str_radix(digits, 16).ok())
                    .and_then(char::from_u32)
                    .ok_or_else(|| {
                        Located::new(at, "`\\u` needs a character's code: `\\u{2192}`")
                    })?;
                self.at += end + 1;
                code
            }
            _ => {
                return Err(Located::new(at, "unknown escape in a string")
                    .help("write `\\\\` for a backslash"));
            }
        };
        text.push(simple);
        Ok(())
    }

    fn raw_string(&mut self) -> Result<Kind, Located> {
        let start = self.at;
        self.take('r');
        let mut hashes = 0;
        while self.take('#') {
            hashes += 1;
        }
        let close = format!("\"{}", "#".repeat(hashes));
        let content = self.at + 1;
        let body = self.take('"').then(|| self.rest());
        match body.and_then(|body| body.find(&close).map(|end| &body[..end])) {
            Some(body) => {
                self.at += body.len() + close.len();
                Ok(Kind::Text { text: body.to_owned(), content, plain: true })
            }
            None => Err(Located::new(start, format!("this string has no closing `{close}`"))),
        }
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
