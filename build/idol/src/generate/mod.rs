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
use crate::describe::{client_symbol, server_symbol};
use crate::model::{Encoding, ErrorType, Interface, Operation, Recv, Reply, Right, Value};
use crate::types::{Type, path_tokens};
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

/// What to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Client, server, or both.
    pub sides: Sides,
    /// For how many tasks a server keeps counters; `None` for no counters at all, on
    /// either side.
    pub counters: Option<usize>,
}

impl From<Sides> for Options {
    /// Without counters.
    fn from(sides: Sides) -> Self {
        Options { sides, counters: None }
    }
}

/// Generates `pub mod NAME { … }`, formatted, ending in a newline.
///
/// The text needs the crate `idol_runtime` and those that the interface names; what it
/// names without a crate must be at the root of the crate that it becomes part of.
#[must_use]
pub fn generate(interface: &Interface, options: impl Into<Options>) -> String {
    let Options { sides, counters } = options.into();
    let has_client = sides != Sides::Server;
    let client = has_client.then(|| client::tokens(interface));
    let server = (sides != Sides::Client).then(|| server::tokens(interface, counters.is_some()));
    let tables = counters.map(|tasks| tables(interface, sides, tasks));
    let count_calls = has_client && counters.is_some();
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
    let wire = interface.operations.iter().map(|operation| wire(interface, operation, count_calls));
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
            #tables
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

/// The statics that calls are counted in.
fn tables(interface: &Interface, sides: Sides, tasks: usize) -> TokenStream {
    let operations = Literal::usize_unsuffixed(interface.operations.len());
    let tasks = Literal::usize_unsuffixed(tasks);
    let client = (sides != Sides::Server).then(|| {
        let symbol = format_ident!("{}", client_symbol(interface));
        let ty = quote!(::idol_runtime::counters::ClientCounters::<#operations>);
        quote! {
            /// What came of this task's calls: ok, err and dead of each operation.
            #[allow(unsafe_code, reason = "a debugger finds it by this name")]
            #[unsafe(no_mangle)]
            pub static #symbol: #ty = #ty::new();
        }
    });
    let server = (sides != Sides::Client).then(|| {
        let symbol = format_ident!("{}", server_symbol(interface));
        let ty = quote!(::idol_runtime::counters::ServerCounters::<#operations, #tasks>);
        quote! {
            /// What became of the calls to this task: ok, err and refused of each
            /// operation, then of each client by the index of its task.
            #[allow(unsafe_code, reason = "a debugger finds it by this name")]
            #[unsafe(no_mangle)]
            pub static #symbol: #ty = #ty::new();
        }
    });
    quote! {
        /// Counters of this task.
        pub mod counters { #client #server }
    }
}

/// `struct op; impl Operation for op`: what the runtime must know.
fn wire(interface: &Interface, operation: &Operation, count: bool) -> TokenStream {
    let name = format_ident!("{}", operation.name);
    let number = Literal::u16_unsuffixed(operation.number);
    let label = format!("{}.{}", interface.name, operation.name);
    let args = size(operation.encoding, operation.args.iter().map(|arg| &arg.value));
    let ok = size(operation.encoding, [&operation.reply.ok]);
    let reply = match &operation.reply.error {
        Some(ErrorType::Complex(error)) => {
            let error = error.tokens();
            quote!(::idol_runtime::wire::longest(&[#ok, <#error as ::idol_runtime::Wire>::MAX]))
        }
        _ => ok,
    };
    let leases = Literal::usize_unsuffixed(operation.leases.len());
    let idempotent = operation.idempotent;
    let encoding = if operation.encoding == Encoding::Zerocopy {
        quote!(::idol_runtime::encoding::Zerocopy)
    } else {
        quote!(::idol_runtime::encoding::Serial)
    };
    let counts = count.then(|| {
        let symbol = format_ident!("{}", client_symbol(interface));
        quote! {
            #[inline(always)]
            fn counts() -> ::core::option::Option<&'static ::idol_runtime::counters::Counts> {
                super::counters::#symbol.operation(Self::NUMBER)
            }
        }
    });
    let checks = checks(&label, operation);
    quote! {
        pub struct #name;
        impl ::idol_runtime::Operation for #name {
            type Encoding = #encoding;
            const NUMBER: u16 = #number;
            const LABEL: &'static str = #label;
            const ARGS: usize = #args;
            const REPLY: usize = #reply;
            const LEASES: usize = #leases;
            const IDEMPOTENT: bool = #idempotent;
            #counts
        }
        #checks
    }
}

/// What the Rust compiler must check about users' types.
fn checks(label: &str, operation: &Operation) -> TokenStream {
    let args = operation.args.iter().map(|arg| (arg.name.as_str(), &arg.value));
    let values: Vec<(&str, &Value)> = args.chain([("the reply", &operation.reply.ok)]).collect();
    if operation.encoding == Encoding::Zerocopy {
        let checks = values.iter().filter(|(_, value)| value.recv != Recv::FromBytes).map(
            |(what, value)| {
                let wire = value.wire(operation.encoding);
                let message = format!(
                    "{label}: {what} is sent as `{}` and received as `{wire}`, which differ in size",
                    value.ty
                );
                let (ty, wire) = (value.ty.tokens(), wire.tokens());
                quote! {
                    const _: () = assert!(
                        ::core::mem::size_of::<#ty>() == ::core::mem::size_of::<#wire>(), #message
                    );
                }
            },
        );
        return quote!(#(#checks)*);
    }
    let errors = match &operation.reply.error {
        Some(ErrorType::Complex(error)) => Some(("the error", error)),
        _ => None,
    };
    let types = values.iter().map(|(what, value)| (*what, &value.ty)).chain(errors);
    let known = format_ident!("{}", operation.encoding.to_string().to_uppercase());
    let checks = types.filter(|(_, ty)| ty.depends_on_user()).map(|(what, ty)| {
        let message = format!(
            "{label}: the encoding {} does not know all types within `{ty}`, of {what}",
            operation.encoding
        );
        let ty = ty.tokens();
        quote!(
            const _: () = assert!(<#ty as ::idol_runtime::Wire>::#known, #message);
        )
    });
    quote!(#(#checks)*)
}

/// Sum of the sizes of values, as a constant expression.
fn size<'a>(encoding: Encoding, values: impl IntoIterator<Item = &'a Value>) -> TokenStream {
    let sizes: Vec<_> = values
        .into_iter()
        .map(|value| value.wire(encoding))
        .filter(|ty| **ty != Type::Unit)
        .map(|ty| {
            let ty = ty.tokens();
            if encoding == Encoding::Zerocopy {
                quote!(::core::mem::size_of::<#ty>())
            } else {
                quote!(<#ty as ::idol_runtime::Wire>::MAX)
            }
        })
        .collect();
    if sizes.is_empty() { quote!(0) } else { quote!(#(#sizes)+*) }
}

/// How a receiver converts what it received, as a function; `None` if it need not.
fn conversion(value: &Value, encoding: Encoding) -> Option<TokenStream> {
    let ty = value.ty.tokens();
    let wire = value.wire(encoding).tokens();
    match &value.recv {
        _ if encoding != Encoding::Zerocopy => None,
        Recv::FromBytes => None,
        Recv::FromPrimitive(_) => Some(quote! {
            |raw_: #wire| <#ty as ::core::convert::TryFrom<#wire>>::try_from(raw_).ok()
        }),
        Recv::From(_, None) => Some(quote! {
            |raw_: #wire| ::core::option::Option::Some(
                <#ty as ::core::convert::From<#wire>>::from(raw_)
            )
        }),
        Recv::From(_, Some(function)) => {
            let function = path_tokens(function);
            Some(quote! {
                |raw_: #wire| ::idol_runtime::encoding::Converted::<#ty>::converted(
                    #function(raw_)
                )
            })
        }
    }
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
    let parts = parts_docs(operation);
    docs([doc].into_iter().chain(parts.as_deref()).chain((!more.is_empty()).then_some(more)))
}

/// The error type of a reply, as tokens.
fn error_tokens(reply: &Reply) -> Option<TokenStream> {
    reply.error.as_ref().map(|error| match error {
        ErrorType::CLike(ty) | ErrorType::Complex(ty) => ty.tokens(),
        ErrorType::ServerDeath => quote!(::idol_runtime::ServerDeath),
    })
}

/// Documentation of arguments and leases that have any, as a list.
fn parts_docs(operation: &Operation) -> Option<String> {
    let args = operation.args.iter().map(|arg| (&arg.name, &arg.doc));
    let leases = operation.leases.iter().map(|lease| (&lease.name, &lease.doc));
    let lines: Vec<String> = args
        .chain(leases)
        .filter_map(|(name, doc)| {
            let words: Vec<&str> = doc.as_ref()?.split_whitespace().collect();
            Some(format!("* `{name}`: {}", words.join(" ")))
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
