//! Memory of a task, as `app.toml` gives it: stack, what bounds it, heap.
//!
//! ```toml
//! stack        = "auto"                                  # or a size
//! stack-bounds = { "core::fmt::write" = { depth = 4 },   # is on the stack 4 times at most
//!                  "my::run"          = "512 B" }        # what it calls needs 512 bytes
//! heap         = "64 KiB"
//! ```

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Value};
use crate::fields::{self, Fields, Out};
use crate::keys::app::{STACK, STACK_BOUND, STACK_CALLS, STACK_DEFAULT};
use crate::model::{Stack, StackBound};
use crate::source::{Span, Spanned};
use std::collections::BTreeMap;

/// What a task says about its memory.
#[derive(Clone, Debug)]
pub struct Memory {
    pub stack: Stack,
    pub stack_span: Span,
    pub bounds: BTreeMap<String, StackBound>,
    pub heap: Option<Spanned<u64>>,
}

/// Reads the keys of a task.
pub fn read(fields: &Fields<'_>, out: &mut Out) -> Memory {
    let stack = stack(fields, out);
    let bounds = bounds(fields, out);
    let named = fields.get("stack-bounds").map(|(key, _)| key.span);
    if let Some(span) = named.filter(|_| !matches!(stack, Some(Stack::Auto) | None)) {
        let title = "`stack-bounds` are for `stack = \"auto\"`";
        let mut found = Diagnostic::new(Code::MissingKey, title)
            .at(span, "without effect")
            .help("write `stack = \"auto\"`, or remove `stack-bounds`");
        if let Some((_, node)) = fields.get("stack") {
            found = found.also(node.span, "the stack has this size");
        }
        out.push(found);
    }
    Memory {
        stack: stack.unwrap_or(Stack::Bytes(STACK_DEFAULT)),
        stack_span: fields.get("stack").map_or(fields.span, |(_, node)| node.span),
        bounds,
        heap: fields.number("heap", out),
    }
}

/// `None` if it is wrong, which is reported.
fn stack(fields: &Fields<'_>, out: &mut Out) -> Option<Stack> {
    match fields.get("stack") {
        None => Some(Stack::Bytes(STACK_DEFAULT)),
        Some((_, Node { value: Value::String(text), .. })) if text == "auto" => Some(Stack::Auto),
        Some((_, node)) => {
            fields::number("`stack`", STACK, node, out).map(|size| Stack::Bytes(size.value))
        }
    }
}

fn bounds(fields: &Fields<'_>, out: &mut Out) -> BTreeMap<String, StackBound> {
    let mut all = BTreeMap::new();
    for (name, node) in fields.entries("stack-bounds", out) {
        let bound = match &node.value {
            Value::Table(_) => Fields::open(node, name.span, &STACK_BOUND, out)
                .and_then(|inner| inner.number("depth", out))
                .map(|depth| StackBound::Depth(depth.value)),
            _ => fields::number(&format!("`{}`", name.value), STACK_CALLS, node, out)
                .map(|size| StackBound::Calls(size.value)),
        };
        all.extend(bound.map(|bound| (name.value.clone(), bound)));
    }
    all
}
