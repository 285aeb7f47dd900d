//! Values: types, encodings, how a value is received, replies and errors.

use crate::error::did_you_mean;
use crate::fields::Reader;
use crate::model::{Encoding, ErrorType, Recv, Reply, Value};
use crate::ron::{Kind, Node};
use crate::types::{self, Type};

const ENCODINGS: [Encoding; 3] = [Encoding::Zerocopy, Encoding::Ssmarshal, Encoding::Hubpack];

impl Reader {
    pub(crate) fn encoding(&mut self, node: &Node) -> Option<Encoding> {
        let mut help = None;
        if let Kind::Name(name) = &node.kind {
            let names = ENCODINGS.map(|encoding| encoding.to_string());
            if let Some(i) = names.iter().position(|known| known == name) {
                return ENCODINGS.get(i).copied();
            }
            help = did_you_mean(name, names.iter().map(String::as_str));
        }
        self.error_help(
            node.at,
            format!("expected an encoding, found {}", node.kind.describe()),
            help.unwrap_or_else(|| "one of Zerocopy, Ssmarshal, Hubpack".into()),
        );
        None
    }

    /// `Simple(T)` or `Result(ok: T, err: E)`.
    pub(crate) fn reply(&mut self, node: &Node, encoding: Encoding) -> Option<Reply> {
        match &node.kind {
            Kind::Tuple { name: Some(name), items } if name == "Simple" && items.len() == 1 => {
                let (ok, _) = self.value(items.first()?, encoding, "a reply")?;
                Some(Reply { ok, error: None })
            }
            // `Simple(type: "T", recv: …)`, the form without inner brackets.
            Kind::Struct { name: Some(name), fields } if name == "Simple" => {
                let inner =
                    Node { at: node.at, kind: Kind::Struct { name: None, fields: fields.clone() } };
                let (ok, _) = self.value(&inner, encoding, "a reply")?;
                Some(Reply { ok, error: None })
            }
            Kind::Struct { name: Some(name), fields } if name == "Result" => {
                let fields =
                    self.fields("`Result`", node.at, fields, &["ok", "err"], &["ok", "err"]);
                let ok = fields.get("ok").and_then(|node| self.value(node, encoding, "a reply"));
                let err = fields.get("err").and_then(|node| self.error_type(node, encoding));
                Some(Reply { ok: ok?.0, error: Some(err?) })
            }
            other => {
                let help = match other {
                    Kind::Tuple { name: Some(name), .. }
                    | Kind::Struct { name: Some(name), .. } => {
                        did_you_mean(name, ["Simple", "Result"])
                    }
                    _ => None,
                };
                self.error_help(
                    node.at,
                    format!("expected a reply, found {}", other.describe()),
                    help.unwrap_or_else(|| {
                        "`Simple(\"T\")` or `Result(ok: \"T\", err: CLike(\"some_crate::E\"))`"
                            .into()
                    }),
                );
                None
            }
        }
    }

    fn error_type(&mut self, node: &Node, encoding: Encoding) -> Option<ErrorType> {
        let (name, item) = match &node.kind {
            Kind::Name(name) if name == "ServerDeath" => return Some(ErrorType::ServerDeath),
            Kind::Tuple { name: Some(name), items } if items.len() == 1 => {
                (name.as_str(), items.first())
            }
            Kind::Tuple { name: Some(name), .. } | Kind::Name(name) => (name.as_str(), None),
            _ => ("", None),
        };
        match (name, item) {
            ("CLike", Some(item)) => {
                let ty = self.read_type(item, Encoding::Zerocopy)?;
                if matches!(ty, Type::Path(..)) {
                    return Some(ErrorType::CLike(ty));
                }
                self.error_help(
                    item.at,
                    format!("`{ty}` is no error type"),
                    "an error is an enumeration made with `idol_runtime::error!`",
                );
            }
            ("Complex", Some(_)) if encoding == Encoding::Zerocopy => self.error_help(
                node.at,
                "an error with a payload has no fixed layout",
                "add `encoding: Hubpack` to the operation, or use `CLike`",
            ),
            ("Complex", Some(item)) => {
                let ty = self.read_type(item, encoding)?;
                if matches!(ty, Type::Path(..)) {
                    return Some(ErrorType::Complex(ty));
                }
                self.error_help(
                    item.at,
                    format!("`{ty}` is no error type"),
                    "an error with a payload is a type that derives `idol_runtime::Wire` and \
                     `idol_runtime::IdolError`",
                );
            }
            (name, _) => {
                let help = did_you_mean(name, ["CLike", "ServerDeath", "Complex"])
                    .filter(|_| !["CLike", "Complex"].contains(&name));
                self.error_help(
                    node.at,
                    format!("expected an error, found {}", node.kind.describe()),
                    help.unwrap_or_else(|| {
                        "`CLike(\"some_crate::E\")`, `Complex(\"some_crate::E\")` or `ServerDeath`"
                            .into()
                    }),
                );
            }
        }
        None
    }

    /// `"T"`, or `(type: "T", recv: FromBytes, doc: "…")`.
    pub(crate) fn value(
        &mut self,
        node: &Node,
        encoding: Encoding,
        what: &str,
    ) -> Option<(Value, Option<String>)> {
        let (ty_node, recv, doc) = match &node.kind {
            Kind::Struct { name: None, fields } => {
                let known = ["doc", "description", "type", "recv"];
                let fields = self.fields(what, node.at, fields, &known, &["type"]);
                let doc = self.doc(&fields);
                let recv = match fields.get("recv") {
                    Some(node) => self.recv(node)?,
                    None => Recv::FromBytes,
                };
                (fields.get("type")?, recv, doc)
            }
            _ => (node, Recv::FromBytes, None),
        };
        let ty = self.read_type(ty_node, encoding)?;
        if let Type::Slice(_) = ty {
            self.error_help(
                ty_node.at,
                format!("`{ty}` has no fixed size: it cannot be {what}"),
                "lend it: `leases: {\"data\": (type: \"[u8]\", read: true)}`",
            );
            return None;
        }
        Some((Value { ty, recv }, doc))
    }

    /// What a receiver makes a value from.
    fn recv(&mut self, node: &Node) -> Option<Recv> {
        match &node.kind {
            Kind::Name(name) if name == "FromBytes" => return Some(Recv::FromBytes),
            Kind::Tuple { name: Some(name), items }
                if name == "FromPrimitive" && items.len() == 1 =>
            {
                let item = items.first()?;
                let ty = self.read_type(item, Encoding::Zerocopy)?;
                if matches!(&ty, Type::Builtin(name, _) if name.starts_with(['u', 'i'])) {
                    return Some(Recv::FromPrimitive(ty));
                }
                self.error_help(
                    item.at,
                    format!("`{ty}` is no integer"),
                    format!("use `recv: From(\"{ty}\", None)` for other types"),
                );
                return None;
            }
            Kind::Tuple { name: Some(name), items }
                if name == "From" && (items.len() == 1 || items.len() == 2) =>
            {
                let ty = self.read_type(items.first()?, Encoding::Zerocopy)?;
                let function = match items.get(1) {
                    Some(node) => self.function(node)?,
                    None => None,
                };
                return Some(Recv::From(ty, function));
            }
            _ => {}
        }
        let help = match &node.kind {
            Kind::Name(name) | Kind::Tuple { name: Some(name), .. } => {
                did_you_mean(name, ["FromBytes", "FromPrimitive", "From"])
                    .filter(|_| !["FromPrimitive", "From"].contains(&name.as_str()))
            }
            _ => None,
        };
        self.error_help(
            node.at,
            format!("expected how to receive the value, found {}", node.kind.describe()),
            help.unwrap_or_else(|| {
                "`FromBytes`, `FromPrimitive(\"u8\")`, `From(\"u8\", None)` or `From(\"u8\", Some(\"function\"))`"
                    .into()
            }),
        );
        None
    }

    /// `None` or `Some("function")`.
    fn function(&mut self, node: &Node) -> Option<Option<Vec<String>>> {
        if matches!(&node.kind, Kind::Name(name) if name == "None") {
            return Some(None);
        }
        if let Kind::Tuple { name: Some(name), items } = &node.kind
            && name == "Some"
            && let [Node { kind: Kind::Text { text, content, .. }, .. }] = items.as_slice()
        {
            let path = types::parse_path(text, *content, &mut self.imports);
            return self.keep(path).map(Some);
        }
        self.error(
            node.at,
            format!("expected `None` or `Some(\"function\")`, found {}", node.kind.describe()),
        );
        None
    }

    pub(crate) fn read_type(&mut self, node: &Node, encoding: Encoding) -> Option<Type> {
        let Kind::Text { text, content, plain } = &node.kind else {
            self.error(
                node.at,
                format!("expected a type in quotes, found {}", node.kind.describe()),
            );
            return None;
        };
        let base = if *plain { *content } else { node.at };
        let ty = types::parse(text, base, encoding, &mut self.imports);
        let ty = self.keep(ty)?;
        if has_inner_slice(&ty, true) {
            self.error(node.at, format!("`{ty}` has no fixed size"));
            return None;
        }
        if !matches!(ty, Type::Slice(_))
            && !ty.depends_on_user()
            && ty.size().is_none_or(|size| size > u64::from(u32::MAX))
        {
            self.error(node.at, format!("`{ty}` is larger than any task's memory"));
            return None;
        }
        Some(ty)
    }
}

/// Whether a slice lies within another type; slices of slices are a lease's error.
fn has_inner_slice(ty: &Type, outermost: bool) -> bool {
    match ty {
        Type::Slice(element) => !outermost || has_inner_slice(element, true),
        Type::Array(inner, _) | Type::Option(inner) => has_inner_slice(inner, false),
        Type::Result(ok, err) => has_inner_slice(ok, false) || has_inner_slice(err, false),
        Type::Tuple(parts) => parts.iter().any(|part| has_inner_slice(part, false)),
        Type::Path(..) | Type::Unit | Type::Builtin(..) => false,
    }
}
