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
use crate::document::Value;
use crate::fields::{self, Fields, Keys, Out};
use crate::model::{Stack, StackBound};
use crate::source::{Span, Spanned};
use abi::limits;
use std::collections::BTreeMap;

/// Stack of a task that does not say, in bytes.
pub const STACK_DEFAULT: u64 = 8192;
/// Smallest stack, in bytes: below, not even a panic message fits.
pub const STACK_MIN: u64 = 1024;
/// Most times that a function may be said to be on the stack at once.
const DEPTH_MAX: u64 = 1 << 16;

const BOUND: Keys = Keys { what: "a bound", now: &["depth"], later: &[] };

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
        heap: heap(fields, out),
    }
}

/// `None` if it is wrong, which is reported.
fn stack(fields: &Fields<'_>, out: &mut Out) -> Option<Stack> {
    let Some((_, node)) = fields.get("stack") else { return Some(Stack::Bytes(STACK_DEFAULT)) };
    if matches!(&node.value, Value::String(text) if text == "auto") {
        return Some(Stack::Auto);
    }
    let size = fields::size("stack", node, out)?;
    if !(STACK_MIN..limits::SPAN).contains(&size.value) {
        out.push(Diagnostic::new(Code::OutOfRange, format!("a stack of {} bytes", size.value)).at(
            size.span,
            format!("must be at least {STACK_MIN} and less than {} bytes", limits::SPAN),
        ));
        return None;
    }
    if size.value % 16 != 0 {
        out.push(
            Diagnostic::new(Code::Unaligned, format!("a stack of {} bytes", size.value))
                .at(size.span, "not a multiple of 16")
                .help(format!("use {}", size.value.next_multiple_of(16))),
        );
        return None;
    }
    Some(Stack::Bytes(size.value))
}

fn bounds(fields: &Fields<'_>, out: &mut Out) -> BTreeMap<String, StackBound> {
    let mut all = BTreeMap::new();
    for (name, node) in fields.entries("stack-bounds", out) {
        let bound = match &node.value {
            Value::Table(_) => Fields::open(node, BOUND, out).and_then(|inner| {
                inner.require("depth", "4", out);
                let depth = inner.integer("depth", 1, DEPTH_MAX, out)?;
                Some(StackBound::Depth(depth.value))
            }),
            _ => fields::size(&name.value, node, out).and_then(|size| {
                if size.value >= limits::SPAN {
                    let title = format!("a bound of {} bytes", size.value);
                    let label = format!("must be less than {} bytes", limits::SPAN);
                    out.push(Diagnostic::new(Code::OutOfRange, title).at(size.span, label));
                    return None;
                }
                Some(StackBound::Calls(size.value))
            }),
        };
        all.extend(bound.map(|bound| (name.value.clone(), bound)));
    }
    all
}

fn heap(fields: &Fields<'_>, out: &mut Out) -> Option<Spanned<u64>> {
    let size = fields.size("heap", out)?;
    let title = format!("a heap of {} bytes", size.value);
    if size.value == 0 || size.value >= limits::SPAN {
        out.push(Diagnostic::new(Code::OutOfRange, title).at(
            size.span,
            format!("must be between {} and {}", limits::PAGE, limits::SPAN - limits::PAGE),
        ));
        return None;
    }
    if size.value % limits::PAGE != 0 {
        out.push(
            Diagnostic::new(Code::Unaligned, title)
                .at(size.span, format!("not a multiple of a page, {} bytes", limits::PAGE))
                .help(format!("use {}", size.value.next_multiple_of(limits::PAGE))),
        );
        return None;
    }
    Some(size)
}
