//! Documents: TOML text as a tree in which every key and value has its place.
//!
//! The tree is ours, not the parser's, so that later stages see one small set of
//! types, owned, with spans that know their file. Tables keep the order in which
//! keys appear in the text: it is the index of tasks and the number of ports.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Source, Sources, Span, Spanned};
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string.
    String(String),
    /// An integer; those beyond 128 bits are refused by the parser of this crate.
    Integer(i128),
    /// A number with a fraction.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A date or time, as written. No key takes one.
    Datetime,
    /// A list.
    Array(Vec<Node>),
    /// A table, inline or not.
    Table(Table),
}

impl Value {
    /// Its type, for a sentence.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Value::String(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Bool(_) => "a boolean",
            Value::Datetime => "a date or time",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

/// A value in its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its place; of a table with a header, the header.
    pub span: Span,
}

/// Keys and values in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Each key once.
    pub entries: Vec<(Spanned<String>, Node)>,
}

impl Table {
    /// The key and the value, if the key is there.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<(&Spanned<String>, &Node)> {
        self.entries.iter().find(|(name, _)| name.value == key).map(|(name, node)| (name, node))
    }
}

/// Adds a file to the sources and parses it. `None` if it is not UTF-8 or not TOML;
/// all that the parser could find wrong is in `out` then.
pub fn parse(
    path: &str,
    bytes: Vec<u8>,
    sources: &mut Sources,
    out: &mut Vec<Diagnostic>,
) -> (FileId, Option<Table>) {
    let (text, invalid) = match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let byte = error.as_bytes().get(at).copied().unwrap_or_default();
            (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some((at, byte)))
        }
    };
    let file = sources.add(Source { path: path.to_string(), text });
    let text = sources.get(file).map_or("", |source| source.text.as_str());
    if let Some((at, byte)) = invalid {
        out.push(
            Diagnostic::new(Code::NotUtf8, format!("`{path}` is not UTF-8"))
                .at(span(file, at..at + '\u{fffd}'.len_utf8()), format!("byte 0x{byte:02x}"))
                .help("save the file as UTF-8"),
        );
        return (file, None);
    }
    if u32::try_from(text.len()).is_err() {
        out.push(Diagnostic::new(Code::Syntax, format!("`{path}` is longer than 4 GiB")));
        return (file, None);
    }
    let (tree, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { file, out, whole: span(file, 0..text.len()) };
    let table = reader.table(tree.get_ref());
    if errors.is_empty() {
        return (file, Some(table));
    }
    let mut syntax = false;
    let mut repeated: Option<Range<usize>> = None;
    for error in errors {
        let range = error.span().unwrap_or(0..0);
        let message = error.message().trim();
        if message == "duplicate key" {
            // All keys of a table that is there twice would follow.
            if repeated.as_ref().is_some_and(|table| table.contains(&range.start)) {
                continue;
            }
            let (second, first) = if let Some((header, body)) = header(text, range.start) {
                repeated = Some(body);
                let first = text[..header.start].find(&text[header.clone()]);
                (header.clone(), first.map(|at| at..at + header.len()))
            } else {
                let key = text.get(range.clone()).unwrap_or("").trim_matches(['"', '\'']);
                (range.clone(), first_use(&table, key, &range))
            };
            let name = text.get(second.clone()).unwrap_or("");
            let mut found = Diagnostic::new(Code::DuplicateKey, format!("`{name}` is given twice"))
                .at(span(file, second), "again here")
                .help("remove one of them, or rename it");
            if let Some(first) = first {
                found = found.also(span(file, first), "first given here");
            }
            out.push(found);
        } else if !syntax {
            // What comes after the first is mostly its consequence.
            syntax = true;
            let mut lines = message.lines();
            let first = lines.next().unwrap_or("it cannot be read");
            let rest = lines.collect::<Vec<_>>().join("; ");
            out.push(
                Diagnostic::new(Code::Syntax, format!("this is not TOML: {first}"))
                    .at(span(file, range), "")
                    .maybe_help((!rest.is_empty()).then_some(rest)),
            );
        }
    }
    (file, None)
}

/// A span of a file.
fn span(file: FileId, range: Range<usize>) -> Span {
    let clip = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { file, start: clip(range.start), end: clip(range.end) }
}

/// If a place is in a table's header: the header, and the place up to the next one.
fn header(text: &str, at: usize) -> Option<(Range<usize>, Range<usize>)> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(start..)?.lines().next()?;
    let open = line.find(|c: char| !c.is_whitespace())?;
    let length = line.get(open..)?.strip_prefix('[')?.find(']')? + 2;
    let header = start + open..start + open + length;
    let end = text.get(header.end..)?.find("\n[").map_or(text.len(), |next| header.end + next);
    (!line.get(open..)?.starts_with("[[")).then_some((header.clone(), header.end..end))
}

/// The parser tells only of the second use. The first is the last equal key before it.
fn first_use(table: &Table, key: &str, second: &Range<usize>) -> Option<Range<usize>> {
    let mut best: Option<Span> = None;
    let mut nodes: Vec<&Node> = Vec::new();
    let mut tables = vec![table];
    while let Some(table) = tables.pop() {
        for (name, node) in &table.entries {
            if name.value == key
                && (name.span.start as usize) < second.start
                && best.is_none_or(|best| best.start < name.span.start)
            {
                best = Some(name.span);
            }
            nodes.push(node);
        }
        while let Some(node) = nodes.pop() {
            match &node.value {
                Value::Table(inner) => tables.push(inner),
                Value::Array(items) => nodes.extend(items),
                _ => {}
            }
        }
    }
    best.map(|best| best.start as usize..best.end as usize)
}

/// Copies the parser's tree. Depth is bounded by the parser.
struct Reader<'a> {
    file: FileId,
    out: &'a mut Vec<Diagnostic>,
    whole: Span,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>) -> Table {
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, value)| {
                let name = key.get_ref().to_string();
                let at = span(self.file, key.span());
                (Spanned { value: name, span: at }, self.node(value))
            })
            .collect();
        entries.sort_by_key(|(key, _)| key.span);
        Table { entries }
    }

    fn node(&mut self, value: &toml::Spanned<DeValue<'_>>) -> Node {
        let mut at = span(self.file, value.span());
        if at.start >= at.end {
            at = Span { start: at.start.min(self.whole.end), end: at.start, ..at };
        }
        let value = match value.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Integer(number) => {
                match i128::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Value::Integer(number),
                    Err(_) => {
                        self.out.push(
                            Diagnostic::new(Code::OutOfRange, "this number is too large")
                                .at(at, "more than 128 bits")
                                .help("no key takes a number of more than 64 bits"),
                        );
                        Value::Integer(0)
                    }
                }
            }
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Datetime(_) => Value::Datetime,
            DeValue::Array(items) => {
                Value::Array(items.iter().map(|item| self.node(item)).collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Node { value, span: at }
    }
}
