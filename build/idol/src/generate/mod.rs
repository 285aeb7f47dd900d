//! From an interface to Rust: one module with a client, a server, or both.
//!
//! Generated code is small and dull on purpose. What is the same for every
//! operation (packing, transports, retrying, validation) lives in `idol_runtime`,
//! where it is written and tested once; the generated code says names, types and
//! order. It names everything by absolute paths, so that no interface can clash
//! with it, and contains no `unsafe`.

mod client;
mod server;

use crate::canonical;
use crate::model::{ErrorType, Interface, Operation, Reply, Right};
use crate::types::Type;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

/// Which side of an interface to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// What a task needs that calls.
    Client,
    /// What a task needs that is called.
    Server,
    /// Both.
    Both,
}

/// Generates `pub mod NAME { … }`, formatted, ending in a newline.
///
/// The text needs the crate `idol_runtime` and those that the interface names.
#[must_use]
pub fn generate(interface: &Interface, sides: Sides) -> String {
    let client = (sides != Sides::Server).then(|| client::tokens(interface));
    let server = (sides != Sides::Client).then(|| server::tokens(interface));
    let module = format_ident!("{}", interface.module());
    let name = &interface.name;
    let hash = canonical::hash(interface);
    let title = format!("Interface `{name}`.");
    let doc = docs([title.as_str()].into_iter().chain(interface.doc.as_deref()));
    let numbers = interface.operations.iter().map(|operation| {
        let constant = format_ident!("{}", operation.name.to_uppercase());
        let number = Literal::u16_unsuffixed(operation.number);
        let doc = docs([format!("Number of `{}`.", operation.name).as_str()]);
        quote!(#doc pub const #constant: u16 = #number;)
    });
    let wire = interface.operations.iter().map(|operation| wire(interface, operation));
    let tokens = quote! {
        #doc
        #[allow(
            dead_code,
            clippy::len_without_is_empty,
            clippy::should_implement_trait,
            clippy::too_many_arguments,
            clippy::wrong_self_convention,
            reason = "names and arguments are the interface's, and a task rarely uses all of it"
        )]
        pub mod #module {
            /// Name of the interface.
            pub const NAME: &str = #name;
            /// SHA-256 of the canonical form: equal for a client and its server.
            pub const HASH: &str = #hash;
            /// Numbers of the operations.
            pub mod operations { #(#numbers)* }
            #[allow(non_camel_case_types, reason = "named after the operations")]
            mod wire { #(#wire)* }
            #client
            #server
        }
    };
    match syn::parse2(tokens.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        // Cannot happen with checked names; unformatted text then shows why.
        Err(_) => format!("{tokens}\n"),
    }
}

/// `struct op; impl Operation for op`: what the runtime must know.
fn wire(interface: &Interface, operation: &Operation) -> TokenStream {
    let name = format_ident!("{}", operation.name);
    let number = Literal::u16_unsuffixed(operation.number);
    let label = format!("{}.{}", interface.name, operation.name);
    let args = size(operation.args.iter().map(|arg| &arg.ty));
    let reply = size([operation.reply.ok()]);
    let leases = Literal::usize_unsuffixed(operation.leases.len());
    let idempotent = operation.idempotent;
    quote! {
        pub struct #name;
        impl ::idol_runtime::Operation for #name {
            const NUMBER: u16 = #number;
            const LABEL: &'static str = #label;
            const ARGS: usize = #args;
            const REPLY: usize = #reply;
            const LEASES: usize = #leases;
            const IDEMPOTENT: bool = #idempotent;
        }
    }
}

/// Sum of the sizes of types, as a constant expression.
fn size<'a>(types: impl IntoIterator<Item = &'a Type>) -> TokenStream {
    let sizes: Vec<_> = types
        .into_iter()
        .filter(|ty| **ty != Type::Unit)
        .map(|ty| {
            let ty = ty.tokens();
            quote!(::core::mem::size_of::<#ty>())
        })
        .collect();
    if sizes.is_empty() { quote!(0) } else { quote!(#(#sizes)+*) }
}

/// `/// …` for each line; paragraphs are separated by an empty line.
fn docs<'a>(paragraphs: impl IntoIterator<Item = &'a str>) -> TokenStream {
    let mut lines = Vec::new();
    for paragraph in paragraphs {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(paragraph.trim().lines().map(|line| {
            let line = line.trim();
            if line.is_empty() { String::new() } else { format!(" {line}") }
        }));
    }
    quote!(#(#[doc = #lines])*)
}

/// A lease's right as a type of the runtime, and as the constructor of a `Lease`.
fn right(right: Right) -> (TokenStream, Ident) {
    let (marker, constructor) = match right {
        Right::Read => ("R", "read"),
        Right::Write => ("W", "write"),
        Right::ReadWrite => ("RW", "read_write"),
    };
    let marker = format_ident!("{marker}");
    (quote!(::idol_runtime::#marker), format_ident!("{constructor}"))
}

/// The documentation of an operation; without any, its name must do.
fn operation_docs(operation: &Operation, more: &str) -> TokenStream {
    let fallback = format!("Operation `{}`.", operation.name);
    let doc = operation.doc.as_deref().unwrap_or(&fallback);
    docs([doc].into_iter().chain((!more.is_empty()).then_some(more)))
}

/// The error type of a reply, as tokens.
fn error_tokens(reply: &Reply) -> Option<TokenStream> {
    match reply {
        Reply::Simple(_) => None,
        Reply::Result { err: ErrorType::CLike(ty), .. } => Some(ty.tokens()),
        Reply::Result { err: ErrorType::ServerDeath, .. } => {
            Some(quote!(::idol_runtime::ServerDeath))
        }
    }
}
