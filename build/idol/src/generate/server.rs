//! The server: a trait to implement, and the code that feeds it.
//!
//! Whatever a client sends is checked here before the trait's method sees it; a
//! client that breaks the interface is stopped by `reply_fault`. None of this can
//! panic: the server outlives its clients' mistakes.

use super::{conversion, error_tokens, operation_docs, right};
use crate::describe::server_symbol;
use crate::model::{Encoding, ErrorType, Interface, Lease, Operation, Reply};
use crate::types::Type;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

/// The trait, `dispatch` and `serve`.
pub(super) fn tokens(interface: &Interface, count: bool) -> TokenStream {
    let name = &interface.name;
    let server = format_ident!("{name}Server");
    let methods = interface.operations.iter().map(method);
    let arms = interface.operations.iter().map(|operation| {
        let constant = format_ident!("{}", operation.name.to_uppercase());
        let function = format_ident!("{}", operation.name);
        quote!(operations::#constant => handle::#function(server, message),)
    });
    let handlers = interface.operations.iter().map(|operation| handler(interface, operation));
    let symbol = format_ident!("{}", server_symbol(interface));
    let answer = quote!(::idol_runtime::Answer::from_result(answer));
    let answer = if count {
        quote! {
            let answer = #answer;
            counters::#symbol.count(message, &answer);
            answer
        }
    } else {
        answer
    };
    let doc = format!(" What a server of interface `{name}` does.");
    quote! {
        #[doc = #doc]
        pub trait #server {
            #(#methods)*
            /// Some of the bits of [`Self::mask`] were set; they are cleared now.
            #[inline]
            fn notified(&mut self, bits: ::idol_runtime::Bits) {
                let _ = bits;
            }
            /// Notification bits that end the wait for the next call; none by default.
            #[inline]
            fn mask(&self) -> ::idol_runtime::Bits {
                ::idol_runtime::Bits(0)
            }
        }

        /// Answers calls and hands on notifications, for ever.
        pub fn serve<S: #server + ?Sized>(server: &mut S) -> ! {
            ::idol_runtime::server::serve(server, S::mask, S::notified, dispatch)
        }

        /// Carries out one call, for a server with a loop of its own: checks it,
        /// calls the method, and says what to answer.
        pub fn dispatch<S: #server + ?Sized>(
            server: &mut S,
            message: &::idol_runtime::Message,
        ) -> ::idol_runtime::Answer {
            let answer = match message.operation {
                #(#arms)*
                _ => ::core::result::Result::Err(::idol_runtime::Refusal::Fault(
                    ::idol_runtime::Reason::UndefinedOperation,
                )),
            };
            #answer
        }

        mod handle {
            use super::wire;
            #(#handlers)*
        }
    }
}

/// Declaration in the trait.
fn method(operation: &Operation) -> TokenStream {
    let name = format_ident!("{}", operation.name);
    let doc = operation_docs(operation, "");
    let args = operation.args.iter().map(|arg| {
        let (name, ty) = (format_ident!("{}", arg.name), arg.value.ty.tokens());
        quote!(#name: #ty)
    });
    let leases = operation.leases.iter().map(|lease| {
        let (name, ty) = (format_ident!("{}", lease.name), lease.ty.tokens());
        let (marker, _) = right(lease.right);
        quote!(#name: ::idol_runtime::Leased<'_, #marker, #ty>)
    });
    let ok = operation.reply.ok.ty.tokens();
    let fails = own_error(&operation.reply);
    let output = match (operation.leases.is_empty(), fails) {
        (true, None) if operation.reply.ok.ty == Type::Unit => quote!(),
        (true, None) => quote!(-> #ok),
        (true, Some(err)) => quote!(-> ::core::result::Result<#ok, #err>),
        (false, None) => quote!(-> ::core::result::Result<#ok, ::idol_runtime::Refusal>),
        (false, Some(err)) => {
            quote!(-> ::core::result::Result<#ok, ::idol_runtime::RequestError<#err>>)
        }
    };
    // Names of the interface do not end in `_`.
    let taken = operation.args.iter().map(|arg| &arg.name);
    let mut taken = taken.chain(operation.leases.iter().map(|lease| &lease.name));
    let message = if taken.any(|name| name == "message") { "message_" } else { "message" };
    let message = format_ident!("{message}");
    quote! {
        #doc
        fn #name(
            &mut self, #message: &::idol_runtime::Message, #(#args,)* #(#leases,)*
        ) #output;
    }
}

/// The error that the server itself can return.
fn own_error(reply: &Reply) -> Option<TokenStream> {
    match &reply.error {
        Some(ErrorType::CLike(_) | ErrorType::Complex(_)) => error_tokens(reply),
        _ => None,
    }
}

/// Checks a message, unpacks it, calls the method, packs the answer.
fn handler(interface: &Interface, operation: &Operation) -> TokenStream {
    let server = format_ident!("{}Server", interface.name);
    let name = format_ident!("{}", operation.name);
    let wire = quote!(wire::#name);
    let leases = operation.leases.iter().enumerate().map(|(i, lease)| open_lease(i, lease));
    let lease_names = operation.leases.iter().map(|lease| format_ident!("{}", lease.name));
    let arg_names: Vec<_> =
        operation.args.iter().map(|arg| format_ident!("{}", arg.name)).collect();
    let encoding = operation.encoding;
    let takes = operation.args.iter().map(|arg| {
        let (name, ty) = (format_ident!("{}", arg.name), arg.value.ty.tokens());
        match conversion(&arg.value, encoding) {
            Some(convert) => quote!(let #name: #ty = unpacker_.take_as(#convert)?;),
            None if encoding == Encoding::Zerocopy => quote!(let #name: #ty = unpacker_.take()?;),
            None => quote!(let #name: #ty = decoder_.take();),
        }
    });
    let (open, close) = if encoding == Encoding::Zerocopy {
        (quote!(let mut unpacker_ = ::idol_runtime::Unpacker::new(&args_);), None)
    } else {
        (quote!(let mut decoder_ = request_.decoder(&args_);), Some(quote!(decoder_.finish()?;)))
    };
    let unpack = (!operation.args.is_empty()).then(|| {
        quote! {
            let args_: [u8; <#wire as ::idol_runtime::Operation>::ARGS] = request_.args()?;
            #open
            #(#takes)*
            #close
        }
    });
    let request = if encoding == Encoding::Zerocopy {
        quote!(::idol_runtime::server::Request::<#wire>)
    } else {
        quote! {
            ::idol_runtime::server::Request::<
                #wire, { <#wire as ::idol_runtime::Operation>::REPLY }
            >
        }
    };
    let call = quote!(server_.#name(message_, #(#arg_names,)* #(#lease_names,)*));
    let complex = matches!(operation.reply.error, Some(ErrorType::Complex(_)));
    let answer = match (operation.leases.is_empty(), own_error(&operation.reply)) {
        (true, None) if operation.reply.ok.ty == Type::Unit => {
            quote!(#call; request_.reply(&()))
        }
        (true, None) => quote!(let value_ = #call; request_.reply(&value_)),
        (true, Some(_)) if complex => quote!(let result_ = #call; request_.reply_complex(result_)),
        (true, Some(_)) => quote!(let result_ = #call; request_.reply_result(result_)),
        (false, None) => quote!(let result_ = #call; request_.reply_or_refuse(result_)),
        (false, Some(_)) if complex => {
            quote!(let result_ = #call; request_.reply_or_complex(result_))
        }
        (false, Some(_)) => quote!(let result_ = #call; request_.reply_or_fail(result_)),
    };
    quote! {
        pub(super) fn #name<S: super::#server + ?Sized>(
            server_: &mut S,
            message_: &::idol_runtime::Message,
        ) -> ::core::result::Result<::idol_runtime::Answer, ::idol_runtime::Refusal> {
            let request_ = #request::open(message_)?;
            #(#leases)*
            #unpack
            #answer
        }
    }
}

fn open_lease(index: usize, lease: &Lease) -> TokenStream {
    let name = format_ident!("{}", lease.name);
    let index = Literal::usize_unsuffixed(index);
    let (marker, _) = right(lease.right);
    match &lease.ty {
        Type::Slice(element) => {
            let element = element.tokens();
            let max = match lease.max_len {
                Some(max) => {
                    let max = Literal::u32_unsuffixed(max);
                    quote!(::core::option::Option::Some(#max))
                }
                None => quote!(::core::option::Option::None),
            };
            quote!(let #name = request_.lease_slice::<#marker, #element>(#index, #max)?;)
        }
        sized => {
            let ty = sized.tokens();
            quote!(let #name = request_.lease_value::<#marker, #ty>(#index)?;)
        }
    }
}
