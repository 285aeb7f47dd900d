//! `IdolError`: codes of an error, and which of its variants is the server's death.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Variant};

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(name.span(), "an error of an operation is an enumeration"));
    };
    if let Some(parameter) = input.generics.params.first() {
        return Err(Error::new_spanned(parameter, "an error of an operation is one type"));
    }
    let mut death: Option<&Variant> = None;
    for variant in &data.variants {
        if is_marked(variant)? {
            if let Some(first) = death {
                let message = format!(
                    "`{}` and `{}` are both marked as the server's death",
                    first.ident, variant.ident
                );
                return Err(Error::new(variant.ident.span(), message));
            }
            death = Some(variant);
        }
    }
    let Some(death) = death else {
        return Err(Error::new(
            name.span(),
            "no variant says that the server died: mark one with #[idol(server_death)]",
        ));
    };
    let ident = &death.ident;
    let (binding, value) = match &death.fields {
        Fields::Unit => (quote!(_), quote!(Self::#ident)),
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            (quote!(death_), quote!(Self::#ident(death_)))
        }
        _ => {
            return Err(Error::new(
                ident.span(),
                "the server's death has no field, or one `ServerDeath`",
            ));
        }
    };
    let from_death = quote! {
        #[automatically_derived]
        impl ::core::convert::From<::idol_runtime::ServerDeath> for #name {
            fn from(#binding: ::idol_runtime::ServerDeath) -> Self {
                #value
            }
        }
    };
    if data.variants.iter().any(|variant| !matches!(variant.fields, Fields::Unit)) {
        return Ok(from_death);
    }
    let idents: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    Ok(quote! {
        #from_death

        const _: () = {
            #(assert!(#name::#idents as u32 != 0, "code 0 means success: errors begin at 1");)*
        };

        #[automatically_derived]
        impl ::idol_runtime::OpError for #name {
            fn code(self) -> u32 {
                self as u32
            }

            fn from_code(code_: u32) -> ::core::option::Option<Self> {
                #(if code_ == #name::#idents as u32 {
                    return ::core::option::Option::Some(Self::#idents);
                })*
                ::core::option::Option::None
            }
        }

        #[automatically_derived]
        impl ::core::convert::From<#name> for u32 {
            fn from(error_: #name) -> u32 {
                error_ as u32
            }
        }

        #[automatically_derived]
        impl ::core::convert::TryFrom<u32> for #name {
            /// The code that means nothing.
            type Error = u32;

            fn try_from(code_: u32) -> ::core::result::Result<Self, u32> {
                <Self as ::idol_runtime::OpError>::from_code(code_).ok_or(code_)
            }
        }
    })
}

/// Whether a variant is marked `#[idol(server_death)]`.
fn is_marked(variant: &Variant) -> syn::Result<bool> {
    let mut marked = false;
    for attribute in variant.attrs.iter().filter(|attribute| attribute.path().is_ident("idol")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("server_death") {
                marked = true;
                return Ok(());
            }
            Err(meta.error("the only mark is `server_death`"))
        })?;
    }
    Ok(marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        expand(&syn::parse_str(text).unwrap()).expect_err(text).to_string()
    }

    #[test]
    fn exactly_one_variant_is_the_servers_death() {
        assert_eq!(
            refusal("enum E { A = 1 }"),
            "no variant says that the server died: mark one with #[idol(server_death)]"
        );
        assert_eq!(
            refusal("enum E { #[idol(server_death)] A = 1, #[idol(server_death)] B = 2 }"),
            "`A` and `B` are both marked as the server's death"
        );
        assert_eq!(
            refusal("enum E { #[idol(server_dead)] A = 1 }"),
            "the only mark is `server_death`"
        );
        assert_eq!(
            refusal("enum E { #[idol(server_death)] A { x: u8 } }"),
            "the server's death has no field, or one `ServerDeath`"
        );
        assert_eq!(refusal("struct E;"), "an error of an operation is an enumeration");
        assert_eq!(
            refusal("enum E<T> { #[idol(server_death)] A(T) }"),
            "an error of an operation is one type"
        );
    }

    #[test]
    fn only_an_error_without_fields_has_codes() {
        let codes = |text: &str| {
            expand(&syn::parse_str(text).unwrap()).unwrap().to_string().contains("OpError")
        };
        assert!(codes("enum E { #[idol(server_death)] A = 1 }"));
        assert!(!codes("enum E { #[idol(server_death)] A, B(u8) }"));
    }
}
