//! An interface as JSON: for the archive, the debugger and whoever asks.
//!
//! ```json
//! { "format": "exov6-interface/1", "name": "Plant", "module": "plant", "hash": "…",
//!   "operations": [
//!     { "number": 2, "name": "drive", "doc": "…", "idempotent": true,
//!       "encoding": "Zerocopy", "transport": "registers",
//!       "args": [ { "name": "force", "type": "f64", "recv": "FromBytes", "offset": 0, "size": 8 } ],
//!       "args_size": 8, "leases": [],
//!       "reply": { "type": "()", "recv": "FromBytes", "size": 0 }, "error": null, "reply_size": 0 } ],
//!   "counters": { … } }
//! ```
//!
//! Sizes and offsets are in bytes. With the encoding Zerocopy a size is exact, else it
//! is the largest. What depends on a user's type is `null`: only the Rust compiler
//! knows it, and the type is named beside it.

use crate::canonical;
use crate::model::{Encoding, ErrorType, Interface, Lease, Operation, Transport, Value};
use crate::types::Type;
use serde_json::{Value as Json, json};

/// Name of the symbol of a task's counters for an interface that it calls.
#[must_use]
pub fn client_symbol(interface: &Interface) -> String {
    format!("EXOV6_IDOL_CLIENT_{}", interface.module().to_uppercase())
}

/// Name of the symbol of a task's counters for the interface that it serves.
#[must_use]
pub fn server_symbol(interface: &Interface) -> String {
    format!("EXOV6_IDOL_SERVER_{}", interface.module().to_uppercase())
}

/// An operation in words, for a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Number, 1–63.
    pub number: u16,
    /// Name.
    pub name: String,
    /// Bytes of the encoded arguments: `8`, `≤ 12`, `4 + Sample`; types without their
    /// crates.
    pub args: String,
    /// Bytes of the encoded reply, likewise; with a payload of errors, also theirs.
    pub reply: String,
    /// Encoding.
    pub encoding: Encoding,
    /// `registers`, `leases`, or what it depends on.
    pub transport: String,
    /// `into: [u8] w ≤ 64`, one a line.
    pub leases: String,
    /// The error type, or why there is none.
    pub error: String,
    /// Whether the client repeats it by itself.
    pub idempotent: bool,
}

/// The operations of an interface, one row each. Sizes that depend on users' types name
/// these.
#[must_use]
pub fn rows(interface: &Interface) -> Vec<Row> {
    interface.operations.iter().map(row).collect()
}

fn row(operation: &Operation) -> Row {
    let encoding = operation.encoding;
    let args: Vec<&Type> = operation.args.iter().map(|arg| arg.value.wire(encoding)).collect();
    let ok = bytes(encoding, &[operation.reply.ok.wire(encoding)]);
    let (reply, error) = match &operation.reply.error {
        None => (ok, "none: panics if the server is dead".to_owned()),
        Some(ErrorType::ServerDeath) => (ok, "ServerDeath".to_owned()),
        Some(ErrorType::CLike(ty)) => (ok, short(ty)),
        Some(ErrorType::Complex(ty)) => (
            format!("{ok} or {}", bytes(encoding, &[ty])),
            format!("{}, with a payload", short(ty)),
        ),
    };
    let leases: Vec<String> = operation
        .leases
        .iter()
        .map(|lease| {
            let limit = lease.max_len.map(|max| format!(" ≤ {max}")).unwrap_or_default();
            format!("{}: {} {}{limit}", lease.name, short(&lease.ty), lease.right.as_str())
        })
        .collect();
    Row {
        number: operation.number,
        name: operation.name.clone(),
        args: bytes(encoding, &args),
        reply,
        encoding,
        transport: operation.transport().map_or("by size", Transport::as_str).to_owned(),
        leases: leases.join("\n"),
        error,
        idempotent: operation.idempotent,
    }
}

/// How many bytes values have: what is known, and the names of the types that are not.
fn bytes(encoding: Encoding, types: &[&Type]) -> String {
    let known: u64 = types.iter().filter_map(|ty| ty.size()).sum();
    let unknown = types.iter().filter(|ty| ty.size().is_none());
    let mut parts: Vec<String> = unknown.map(|ty| short(ty)).collect();
    if known > 0 || parts.is_empty() {
        parts.insert(0, known.to_string());
    }
    let varies = encoding != Encoding::Zerocopy && types.iter().any(|ty| ty.varies());
    format!("{}{}", if varies { "≤ " } else { "" }, parts.join(" + "))
}

/// The type, with the last word of each path alone.
fn short(ty: &Type) -> String {
    let text = ty.to_string();
    let mut short = String::new();
    for part in text.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}

/// Describes an interface, completely.
#[must_use]
pub fn describe(interface: &Interface) -> Json {
    let operations: Vec<Json> = interface.operations.iter().map(operation).collect();
    let count = operations.len();
    json!({
        "format": "exov6-interface/1",
        "name": interface.name,
        "module": interface.module(),
        "doc": interface.doc,
        "hash": canonical::hash(interface),
        "operations": operations,
        // Where a task keeps its counts, unless they are switched off for its crate:
        // three little-endian `u32` a row. A server's rows of operations are followed
        // by one for each task of the image, in index order.
        "counters": {
            "cell": "u32",
            "client": {
                "symbol": client_symbol(interface),
                "columns": ["ok", "err", "dead"],
                "operations": count,
            },
            "server": {
                "symbol": server_symbol(interface),
                "columns": ["ok", "err", "refused"],
                "operations": count,
                "then": "tasks",
            },
        },
    })
}

fn operation(operation: &Operation) -> Json {
    let encoding = operation.encoding;
    let mut offset = Some(0);
    let args: Vec<Json> = operation
        .args
        .iter()
        .map(|arg| {
            let mut json = value(&arg.value, encoding);
            json["name"] = json!(arg.name);
            json["doc"] = json!(arg.doc);
            json["offset"] = json!(offset);
            // What follows a value of varying length has no offset of its own.
            offset = offset.zip(fixed(&arg.value, encoding)).map(|(at, size)| at + size);
            json
        })
        .collect();
    let error = operation.reply.error.as_ref().map(|error| match error {
        ErrorType::CLike(ty) => json!({ "kind": "CLike", "type": ty.to_string() }),
        ErrorType::Complex(ty) => json!({
            "kind": "Complex", "type": ty.to_string(), "size": ty.size(),
        }),
        ErrorType::ServerDeath => json!({ "kind": "ServerDeath" }),
    });
    json!({
        "number": operation.number,
        "name": operation.name,
        "doc": operation.doc,
        "idempotent": operation.idempotent,
        "encoding": encoding.to_string(),
        "transport": operation.transport().map(Transport::as_str),
        "args": args,
        "args_size": operation.args_size(),
        "leases": operation.leases.iter().map(lease).collect::<Vec<Json>>(),
        "reply": value(&operation.reply.ok, encoding),
        "error": error,
        "reply_size": operation.reply_size(),
    })
}

fn value(value: &Value, encoding: Encoding) -> Json {
    json!({
        "type": value.ty.to_string(),
        "recv": value.recv.to_string(),
        "size": value.size(encoding),
    })
}

/// Size of a value that always has the same one.
fn fixed(value: &Value, encoding: Encoding) -> Option<u64> {
    if encoding != Encoding::Zerocopy && value.ty.varies() {
        return None;
    }
    value.size(encoding)
}

fn lease(lease: &Lease) -> Json {
    json!({
        "name": lease.name,
        "doc": lease.doc,
        "type": lease.ty.to_string(),
        "rights": lease.right.as_str(),
        "max_len": lease.max_len,
    })
}
