//! The client: a port with a method for each operation.

use super::{conversion, error_tokens, operation_docs, right};
use crate::model::{Encoding, ErrorType, Interface, Operation, Right};
use crate::types::Type;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

/// `pub struct NAME(Port)` and its methods.
pub(super) fn tokens(interface: &Interface) -> TokenStream {
    let name = format_ident!("{}", interface.name);
    let methods = interface.operations.iter().map(method);
    let doc = format!(" Calls a server of interface `{name}` through a port.");
    quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug)]
        pub struct #name(::idol_runtime::Port);

        impl #name {
            /// The server behind `port`.
            #[must_use]
            pub const fn new(port: ::idol_runtime::Port) -> Self {
                Self(port)
            }
            #(#methods)*
        }
    }
}

fn method(operation: &Operation) -> TokenStream {
    let name = format_ident!("{}", operation.name);
    let doc = operation_docs(operation, &promise(operation));
    let wire = quote!(wire::#name);
    let args = operation.args.iter().map(|arg| {
        let (name, ty) = (format_ident!("{}", arg.name), arg.value.ty.tokens());
        quote!(#name: #ty)
    });
    let leases = operation.leases.iter().map(|lease| {
        let (name, ty) = (format_ident!("{}", lease.name), lease.ty.tokens());
        if lease.right == Right::Read { quote!(#name: &#ty) } else { quote!(#name: &mut #ty) }
    });
    let checks = operation.leases.iter().filter_map(|lease| {
        let max = Literal::usize_unsuffixed(usize::try_from(lease.max_len?).ok()?);
        let (ident, name) = (format_ident!("{}", lease.name), &lease.name);
        Some(quote!(::idol_runtime::client::check_length::<#wire>(#name, #ident.len(), #max);))
    });
    let names: Vec<_> = operation.args.iter().map(|arg| format_ident!("{}", arg.name)).collect();
    let exact = operation.encoding == Encoding::Zerocopy;
    let pack = if operation.args.is_empty() {
        quote!(let args_ = [];)
    } else if exact {
        quote! {
            let mut args_ = [0; <#wire as ::idol_runtime::Operation>::ARGS];
            ::idol_runtime::Packer::new(&mut args_)#(.put(&#names))*;
        }
    } else {
        quote! {
            let mut args_ = [0; <#wire as ::idol_runtime::Operation>::ARGS];
            let mut encoder_ = ::idol_runtime::wire::Encoder::new(&mut args_);
            #(encoder_.put(&#names);)*
            let length_ = encoder_.length();
        }
    };
    let (call, length) = if exact || operation.args.is_empty() {
        (quote!(call), None)
    } else {
        (quote!(call_with), Some(quote!(length_,)))
    };
    let lent = operation.leases.iter().map(|lease| {
        let name = format_ident!("{}", lease.name);
        let (_, constructor) = right(lease.right);
        quote!(::idol_runtime::lease::#constructor(#name))
    });
    let reply = &operation.reply;
    let ok = reply.ok.ty.tokens();
    let output = match error_tokens(reply) {
        None if reply.ok.ty == Type::Unit => quote!(),
        None => quote!(-> #ok),
        Some(err) => quote!(-> ::core::result::Result<#ok, #err>),
    };
    let decode = match (&reply.error, conversion(&reply.ok, operation.encoding)) {
        (None, None) => quote!(value(&reply_)),
        (None, Some(convert)) => quote!(value_as(&reply_, #convert)),
        (Some(ErrorType::ServerDeath), None) => quote!(value_or_death(&reply_)),
        (Some(ErrorType::ServerDeath), Some(convert)) => {
            quote!(value_or_death_as(&reply_, #convert))
        }
        (Some(ErrorType::CLike(_)), None) => quote!(result(&reply_)),
        (Some(ErrorType::CLike(_)), Some(convert)) => quote!(result_as(&reply_, #convert)),
        (Some(ErrorType::Complex(_)), _) => quote!(complex(&reply_)),
    };
    let is_empty = reply.ok.ty == Type::Unit && !matches!(reply.error, Some(ErrorType::Complex(_)));
    let reply = if is_empty {
        quote!(let mut reply_ = [];)
    } else {
        quote!(let mut reply_ = [0; <#wire as ::idol_runtime::Operation>::REPLY];)
    };
    quote! {
        #doc
        #[inline]
        pub fn #name(&self, #(#args,)* #(#leases,)*) #output {
            #(#checks)*
            #pack
            #reply
            let outcome_ = ::idol_runtime::client::#call::<#wire, _, _, _>(
                self.0, &args_, #length &mut reply_, [#(#lent),*],
            );
            outcome_.#decode
        }
    }
}

/// What the caller can rely on and must expect, as paragraphs.
fn promise(operation: &Operation) -> String {
    let mut paragraphs = Vec::new();
    if operation.idempotent {
        paragraphs.push("Idempotent: repeated by itself if the server was restarted.".to_owned());
    }
    for lease in &operation.leases {
        if let Some(max) = lease.max_len {
            paragraphs.push(format!("`{}` has at most {max} elements.", lease.name));
        }
    }
    paragraphs.push(match &operation.reply.error {
        None => "# Panics\nIf the server dies again and again on it, or the port's timeout passes."
            .into(),
        Some(ErrorType::ServerDeath) => {
            "# Errors\nIf the server died or the port's timeout passed.".into()
        }
        Some(ErrorType::CLike(ty) | ErrorType::Complex(ty)) => format!(
            "# Errors\nThe server's own, or what [`{}`] calls the server's death.",
            ty.tokens().to_string().replace(' ', "")
        ),
    });
    paragraphs.join("\n\n")
}
