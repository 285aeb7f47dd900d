//! Schema: the description of all keys as JSON Schema, for editors.
//!
//! Written from [`crate::keys`], which the reader uses too, so that an editor offers and
//! refuses what the build does. What needs a second value to be wrong (a task that is not
//! there, a call that is not up) is for `check` alone; so is a size in a string, of which
//! a schema can only tell the form.
//!
//! A file without `inherit` must be complete; one with it may lack any key. So a part
//! that is only inherited by others says `inherit = []`.

use crate::fields::{MAX_LABEL, MAX_NAME, bytes};
use crate::keys::{Absent, Key, Keys, MANY, Shape, granted_as_a_whole};
use abi::kernel_op::KernelOp;
use serde_json::{Map, Value, json};

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// `app.toml`
    App,
    /// `boards/NAME.toml`
    Board,
    /// `chips/NAME.toml`
    Chip,
}

impl Document {
    /// All kinds, each with its word.
    pub const ALL: [(Document, &'static str); 3] =
        [(Document::App, "app"), (Document::Board, "board"), (Document::Chip, "chip")];

    /// The keys of the whole file.
    pub(crate) fn keys(self) -> &'static Keys {
        match self {
            Document::App => &crate::keys::app::APP,
            Document::Board => &crate::keys::machine::BOARD,
            Document::Chip => &crate::keys::machine::CHIP,
        }
    }
}

/// The JSON Schema (draft 2020-12) of a kind of file.
#[must_use]
pub fn schema(document: Document) -> Value {
    let keys = document.keys();
    let title = match document {
        Document::App => "app.toml of exov6",
        Document::Board => "A board of exov6",
        Document::Chip => "A chip of exov6",
    };
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
    });
    if let (Value::Object(schema), Value::Object(table)) = (&mut schema, table(keys)) {
        schema.extend(table);
        if let Some(required) = required(&Shape::Table(keys)) {
            schema.insert("if".into(), json!({ "not": { "required": ["inherit"] } }));
            schema.insert("then".into(), required);
        }
    }
    schema
}

/// A table of known keys; none is required.
fn table(keys: &Keys) -> Value {
    let properties: Map<String, Value> =
        keys.now.iter().map(|key| (key.name.to_string(), property(key))).collect();
    json!({
        "type": "object",
        "description": keys.doc,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn property(key: &Key) -> Value {
    let mut value = shape(&key.shape);
    let Value::Object(object) = &mut value else { return value };
    let mut text = key.doc.to_string();
    if let Shape::Number { unit, .. } = key.shape
        && !unit.is_empty()
    {
        text += &format!(" In {unit}.");
    }
    if let Absent::Means(words) = key.absent {
        text += &format!(" Without it: {words}.");
    }
    object.insert("description".into(), text.into());
    let default = match key.absent {
        Absent::Number(number) => Some(Value::from(number)),
        Absent::Flag(flag) => Some(Value::from(flag)),
        Absent::Word(word) => Some(Value::from(word)),
        Absent::Refused(_) | Absent::Means(_) => None,
    };
    object.extend(default.map(|default| ("default".to_string(), default)));
    value
}

/// What a value must be, however it is needed.
fn shape(of: &Shape) -> Value {
    match of {
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Number { low, high, .. } => integer(*low, *high, 1),
        Shape::Address { multiple, high } => integer(0, *high, *multiple),
        Shape::Size { low, high, multiple } => json!({
            "anyOf": [
                integer(*low, *high, *multiple),
                { "type": "string", "pattern": "^\\s*[0-9]+\\s*(B|KiB|MiB|GiB)?\\s*$" },
            ],
        }),
        Shape::Text => json!({ "type": "string" }),
        Shape::Name(_) => name(),
        Shape::Label => json!({
            "type": "string",
            "pattern": "^[A-Za-z][A-Za-z0-9 _/-]*$",
            "maxLength": MAX_LABEL,
        }),
        Shape::Word(words) => json!({ "enum": words.words() }),
        Shape::List { of, low, high } => {
            let mut list = json!({ "type": "array", "items": shape(of) });
            limits(&mut list, "Items", *low, *high);
            list
        }
        Shape::Table(keys) => table(keys),
        Shape::Map { name: named, of, low, high } => {
            let mut map = json!({ "type": "object", "additionalProperties": shape(of) });
            if named.is_some() {
                map["propertyNames"] = name();
            }
            limits(&mut map, "Properties", *low, *high);
            map
        }
        Shape::Grants => grants(),
        Shape::Any => json!({}),
        Shape::Either(shapes) => {
            json!({ "anyOf": shapes.iter().map(shape).collect::<Vec<_>>() })
        }
    }
}

fn name() -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]*$", "maxLength": MAX_NAME })
}

fn integer(low: u64, high: u64, multiple: u64) -> Value {
    let mut integer = json!({ "type": "integer", "minimum": low, "maximum": high });
    if multiple > 1 {
        integer["multipleOf"] = multiple.into();
    }
    integer
}

fn limits(value: &mut Value, of: &str, low: usize, high: usize) {
    if low > 0 {
        value[format!("min{of}")] = low.into();
    }
    if high != MANY {
        value[format!("max{of}")] = high.into();
    }
}

fn grants() -> Value {
    let operations: Map<String, Value> = KernelOp::ALL
        .iter()
        .map(|(operation, name)| {
            let form = if granted_as_a_whole(*operation) {
                json!({ "type": "boolean" })
            } else {
                let tasks = json!({ "type": "array", "items": { "type": "string" } });
                json!({ "anyOf": [{ "const": "*" }, tasks] })
            };
            ((*name).to_string(), form)
        })
        .collect();
    json!({ "type": "object", "properties": operations, "additionalProperties": false })
}

/// What must be there, as a schema that says nothing else. `None` if nothing must.
fn required(of: &Shape) -> Option<Value> {
    match of {
        Shape::Table(keys) => {
            let needed = |key: &&Key| matches!(key.absent, Absent::Refused(_));
            let names: Vec<&str> = keys.now.iter().filter(needed).map(|key| key.name).collect();
            let inner: Map<String, Value> = keys
                .now
                .iter()
                .filter_map(|key| Some((key.name.to_string(), required(&key.shape)?)))
                .collect();
            let mut schema = Map::new();
            if !names.is_empty() {
                schema.insert("required".into(), names.into());
            }
            if !inner.is_empty() {
                schema.insert("properties".into(), inner.into());
            }
            (!schema.is_empty()).then_some(Value::Object(schema))
        }
        Shape::List { of, .. } => Some(json!({ "items": required(of)? })),
        Shape::Map { of, .. } => Some(json!({ "additionalProperties": required(of)? })),
        // Only a table has keys that could be missing.
        Shape::Either(shapes) => shapes.iter().find_map(required),
        _ => None,
    }
}

/// The tables of the book's chapter about a kind of file, in Markdown: one for each
/// table, with every key, its value, its default and its meaning.
#[must_use]
pub fn reference(document: Document) -> String {
    let mut text = String::new();
    section("", document.keys(), &mut text);
    text
}

fn section(path: &str, keys: &Keys, text: &mut String) {
    let heading = if path.is_empty() { "The whole file".into() } else { format!("`{path}`") };
    text.push_str(&format!("### {heading}\n\n{}\n\n", keys.doc));
    text.push_str("| key | value | without it | |\n| --- | --- | --- | --- |\n");
    for key in keys.now {
        let absent = match key.absent {
            Absent::Refused(_) => "an error".to_string(),
            Absent::Number(number) if matches!(key.shape, Shape::Size { .. }) => {
                bytes(number.into())
            }
            Absent::Number(number) => number.to_string(),
            Absent::Flag(flag) => format!("`{flag}`"),
            Absent::Word(word) => format!("`\"{word}\"`"),
            Absent::Means(words) => words.to_string(),
        };
        let value = words(&key.shape).replace('|', "\\|");
        text.push_str(&format!("| `{}` | {value} | {absent} | {} |\n", key.name, key.doc));
    }
    if !keys.later.is_empty() {
        let later: Vec<String> = keys.later.iter().map(|key| format!("`{key}`")).collect();
        text.push_str(&format!("\nNot supported yet, and refused: {}.\n", later.join(", ")));
    }
    text.push('\n');
    for key in keys.now {
        let base = if path.is_empty() { key.name.into() } else { format!("{path}.{}", key.name) };
        below(&base, &key.shape, text);
    }
}

/// The sections of tables that are below a key.
fn below(path: &str, shape: &Shape, text: &mut String) {
    match shape {
        Shape::Table(keys) => section(path, keys, text),
        Shape::List { of, .. } => below(&format!("{path}[]"), of, text),
        Shape::Map { of, .. } => below(&format!("{path}.NAME"), of, text),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| below(path, shape, text)),
        _ => {}
    }
}

/// A shape in words.
fn words(shape: &Shape) -> String {
    let count = |low: usize, high: usize| match (low, high) {
        (0, MANY) => String::new(),
        (low, MANY) => format!(", at least {low}"),
        (0, high) => format!(", at most {high}"),
        (low, high) => format!(", {low} to {high}"),
    };
    match shape {
        Shape::Flag => "`true` or `false`".into(),
        Shape::Number { low, high, unit } => {
            format!("integer, {low} to {high} {unit}").trim_end().to_string()
        }
        Shape::Address { multiple, high } => {
            format!("address, at most {high:#x}, a multiple of {multiple:#x}")
        }
        Shape::Size { low, high, multiple } => format!(
            "size (bytes, or \"8 KiB\"), {} to {}, a multiple of {}",
            bytes((*low).into()),
            bytes((*high).into()),
            bytes((*multiple).into())
        ),
        Shape::Text => "string".into(),
        Shape::Name(_) => "name".into(),
        Shape::Label => "label".into(),
        Shape::Word(words) => {
            words.words().iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", ")
        }
        Shape::List { of, low, high } => format!("list of {}{}", plural(of), count(*low, *high)),
        Shape::Table(_) => "table".into(),
        Shape::Map { name: Some(_), of, low, high } => {
            format!("table: name = {}{}", words(of), count(*low, *high))
        }
        Shape::Map { of, low, high, .. } => {
            format!("table: string = {}{}", words(of), count(*low, *high))
        }
        Shape::Grants => "table: operation = `\"*\"`, list of tasks, or `true`".into(),
        Shape::Any => "string, number, `true`, `false`, list or table".into(),
        Shape::Either(shapes) => shapes.iter().map(words).collect::<Vec<_>>().join(", or "),
    }
}

fn plural(shape: &Shape) -> String {
    match shape {
        Shape::Text | Shape::Name(_) | Shape::Label | Shape::Table(_) => words(shape) + "s",
        _ => words(shape),
    }
}
