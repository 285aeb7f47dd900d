//! From the tree of a file to a checked interface: every rule of the language.
//!
//! Interfaces, operations and leases are read here; types, encodings, replies and
//! errors in `values`. All mistakes of a file are collected; only a syntax error ends
//! the reading.

use crate::error::Located;
use crate::fields::Reader;
use crate::model::{Argument, Encoding, Interface, Lease, Operation, Right, Transport};
use crate::ron::{Entry, Kind, Node};
use crate::types::Type;
use abi::limits::{MAX_LEASES, MAX_OPERATION, MESSAGE_BYTES};

/// Names that the generated code needs for itself, beside the language's.
const TAKEN_OPERATIONS: [&str; 3] = ["new", "notified", "mask"];

/// Reads the tree of a file; errors are in no particular order.
pub(crate) fn interface(root: &Node) -> Result<Interface, Vec<Located>> {
    let mut reader = Reader::default();
    let interface = reader.interface(root);
    if reader.errors.is_empty() {
        for (name, at) in reader.imports.unused() {
            reader.errors.push(Located::new(at, format!("nothing uses the import `{name}`")));
        }
    }
    match interface {
        Some(interface) if reader.errors.is_empty() => Ok(interface),
        _ => Err(reader.errors),
    }
}

impl Reader {
    /// Turns a nested error into one of this file.
    pub(crate) fn keep<T>(&mut self, result: Result<T, Located>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }

    fn interface(&mut self, root: &Node) -> Option<Interface> {
        let fields = match &root.kind {
            Kind::Struct { name: Some(name), fields } if name == "Interface" => fields.as_slice(),
            Kind::Struct { name: None, fields } => fields.as_slice(),
            other => {
                self.error_help(
                    root.at,
                    format!("expected an interface, found {}", other.describe()),
                    "begin with `Interface(name: \"…\", ops: {…})`",
                );
                return None;
            }
        };
        let fields = self.fields(
            "an interface",
            root.at,
            fields,
            &["name", "doc", "description", "imports", "ops"],
            &["name", "ops"],
        );
        if let Some(imports) = fields.get("imports") {
            self.read_imports(imports);
        }
        let name = fields.get("name").and_then(|node| {
            let name = self.text(node, "the interface's name")?;
            self.check_interface_name(&name, node.at);
            Some(name)
        });
        let doc = self.doc(&fields);
        let name = name?;
        let mut operations = Vec::new();
        let entries = match fields.get("ops") {
            Some(node) => self.map(node, "the operations", "operation")?,
            None => return None,
        };
        if entries.is_empty() {
            self.error(root.at, format!("interface `{name}` has no operations"));
        }
        for (i, entry) in entries.iter().enumerate() {
            let number = i + 1;
            if number > usize::from(MAX_OPERATION) {
                self.error_help(
                    entry.at,
                    format!(
                        "`{}` is operation {number}; an interface has at most {MAX_OPERATION}",
                        entry.key
                    ),
                    "a port's permissions are a 64-bit mask: split the interface",
                );
                break;
            }
            let number = u16::try_from(number).unwrap_or(MAX_OPERATION);
            operations.extend(self.operation(entry, number));
        }
        Some(Interface { name, doc, operations })
    }

    fn read_imports(&mut self, node: &Node) {
        let Kind::List(items) = &node.kind else {
            self.error(
                node.at,
                format!("expected a list of paths, found {}", node.kind.describe()),
            );
            return;
        };
        for item in items {
            if let Kind::Text { text, content, .. } = &item.kind {
                let added = self.imports.add(text, *content);
                self.keep(added);
            } else {
                self.error(
                    item.at,
                    format!("expected a path in quotes, found {}", item.kind.describe()),
                );
            }
        }
    }

    fn check_interface_name(&mut self, name: &str, at: usize) {
        let camel = name.chars().next().is_some_and(|c| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric());
        if !camel {
            self.error_help(
                at,
                format!("`{name}` is no name for an interface"),
                "it names a type: letters and digits in `CamelCase`",
            );
            return;
        }
        let module = Interface { name: name.into(), doc: None, operations: vec![] }.module();
        if syn::parse_str::<syn::Ident>(&module).is_err()
            || syn::parse_str::<syn::Ident>(name).is_err()
        {
            self.error(at, format!("the module of interface `{name}` would be called `{module}`, a word of the language"));
        }
    }

    fn operation(&mut self, entry: &Entry, number: u16) -> Option<Operation> {
        let name = entry.key.clone();
        self.check_name(&name, entry.at, "operation", &TAKEN_OPERATIONS);
        let Kind::Struct { name: None, fields } = &entry.value.kind else {
            self.error_help(
                entry.value.at,
                format!(
                    "operation `{name}`: expected `(…)`, found {}",
                    entry.value.kind.describe()
                ),
                "an operation is at least `(reply: Result(ok: \"()\", err: ServerDeath))`",
            );
            return None;
        };
        let known = ["doc", "description", "args", "leases", "reply", "idempotent", "encoding"];
        let what = format!("operation `{name}`");
        let fields = self.fields(&what, entry.at, fields, &known, &["reply"]);
        let doc = self.doc(&fields);
        // An encoding that is none has been reported; Hubpack refuses least.
        let encoding = match fields.get("encoding") {
            Some(node) => self.encoding(node).unwrap_or(Encoding::Hubpack),
            None => Encoding::Zerocopy,
        };
        let idempotent = match fields.get("idempotent") {
            Some(node) => self.boolean(node)?,
            None => false,
        };
        let args = match fields.get("args") {
            Some(node) => self.arguments(node, encoding)?,
            None => Vec::new(),
        };
        let leases = match fields.get("leases") {
            Some(node) => self.leases(node, idempotent)?,
            None => Vec::new(),
        };
        if let Some(lease) = leases.iter().find(|l| args.iter().any(|a| a.name == l.name)) {
            self.error(
                entry.at,
                format!("{what}: `{}` is both an argument and a lease", lease.name),
            );
        }
        let reply_node = fields.get("reply")?;
        let reply = self.reply(reply_node, encoding)?;
        if reply.error.is_none() && !idempotent {
            self.error_help(
                reply_node.at,
                format!("{what} cannot say that its server died while carrying it out"),
                "reply with `Result(ok: …, err: ServerDeath)` or an error type, or mark it \
                 `idempotent: true` if doing it twice is the same as once",
            );
        }
        let operation = Operation { name, number, doc, args, leases, reply, encoding, idempotent };
        self.count_leases(&operation, entry.at);
        Some(operation)
    }

    /// Declared and hidden leases together must fit the table.
    fn count_leases(&mut self, operation: &Operation, at: usize) {
        let hidden = if operation.transport() == Some(Transport::Leases) {
            usize::from(operation.args_size() != Some(0))
                + usize::from(operation.reply_size() != Some(0))
        } else {
            0
        };
        let declared = operation.leases.len();
        if declared + hidden > MAX_LEASES {
            let message = format!(
                "operation `{}` lends {} pieces of memory; a call lends at most {MAX_LEASES}",
                operation.name,
                declared + hidden
            );
            if hidden > 0 {
                self.error_help(
                    at,
                    message,
                    format!("{declared} are declared and {hidden} carry arguments and reply, one of which exceeds {MESSAGE_BYTES} bytes"),
                );
            } else {
                self.error(at, message);
            }
        }
    }

    fn arguments(&mut self, node: &Node, encoding: Encoding) -> Option<Vec<Argument>> {
        let entries = self.map(node, "arguments", "argument")?;
        let mut args = Vec::new();
        for entry in entries {
            self.check_name(&entry.key, entry.at, "argument", &[]);
            if let Some((value, doc)) = self.value(&entry.value, encoding, "an argument") {
                args.push(Argument { name: entry.key.clone(), doc, value });
            }
        }
        Some(args)
    }

    fn leases(&mut self, node: &Node, idempotent: bool) -> Option<Vec<Lease>> {
        let entries = self.map(node, "leases", "lease")?;
        let mut leases = Vec::new();
        for entry in entries {
            self.check_name(&entry.key, entry.at, "lease", &[]);
            leases.extend(self.lease(entry, idempotent));
        }
        Some(leases)
    }

    fn lease(&mut self, entry: &Entry, idempotent: bool) -> Option<Lease> {
        let name = entry.key.clone();
        let Kind::Struct { name: None, fields } = &entry.value.kind else {
            self.error_help(
                entry.value.at,
                format!("lease `{name}`: expected `(…)`, found {}", entry.value.kind.describe()),
                "a lease is `(type: \"[u8]\", read: true)`",
            );
            return None;
        };
        let what = format!("lease `{name}`");
        let known = ["doc", "description", "type", "read", "write", "max_len"];
        let fields = self.fields(&what, entry.at, fields, &known, &["type"]);
        let doc = self.doc(&fields);
        let read = fields.get("read").map_or(Some(false), |node| self.boolean(node))?;
        let write = fields.get("write").map_or(Some(false), |node| self.boolean(node))?;
        let right = match (read, write) {
            (true, false) => Right::Read,
            (false, true) => Right::Write,
            (true, true) => Right::ReadWrite,
            (false, false) => {
                self.error_help(
                    entry.at,
                    format!("{what} may be neither read nor written"),
                    "add `read: true` or `write: true`",
                );
                return None;
            }
        };
        if right == Right::ReadWrite && idempotent {
            self.error_help(
                entry.at,
                format!("{what} is read and written by an idempotent operation"),
                "a second attempt would read what the first one wrote: lend two pieces of \
                 memory, or leave `idempotent` out",
            );
        }
        let ty = self.read_type(fields.get("type")?, Encoding::Zerocopy)?;
        let element = match &ty {
            Type::Slice(element) => {
                if matches!(**element, Type::Slice(_)) {
                    self.error(fields.get("type")?.at, format!("{what}: a slice of slices"));
                    return None;
                }
                &**element
            }
            sized => sized,
        };
        if element.size() == Some(0) {
            self.error(fields.get("type")?.at, format!("{what} lends no bytes"));
        }
        let max_len = fields.entry("max_len").and_then(|entry| self.max_len(entry, &ty, &what));
        Some(Lease { name, doc, ty, right, max_len })
    }

    fn max_len(&mut self, entry: &Entry, ty: &Type, what: &str) -> Option<u32> {
        let number = match &entry.value.kind {
            Kind::Name(name) if name == "None" => return None,
            Kind::Tuple { name: Some(name), items } if name == "Some" && items.len() == 1 => {
                items.first()?
            }
            _ => &entry.value,
        };
        let Kind::Number(value) = number.kind else {
            self.error(
                number.at,
                format!("expected `Some(number)`, found {}", number.kind.describe()),
            );
            return None;
        };
        if !matches!(ty, Type::Slice(_)) {
            self.error_help(
                entry.at,
                format!("{what} is one `{ty}`: `max_len` says nothing about it"),
                format!("leave `max_len` out, or lend a slice: `[{ty}]`"),
            );
            return None;
        }
        match u32::try_from(value) {
            Ok(max) if max > 0 => Some(max),
            _ => {
                self.error(number.at, format!("`max_len` must be from 1 to {}", u32::MAX));
                None
            }
        }
    }
}
