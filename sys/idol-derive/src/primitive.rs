//! `FromPrimitive`: from an integer to the variant with that discriminant.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Ident};

const INTEGERS: [&str; 12] =
    ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize"];

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(name.span(), "only an enumeration is made from an integer"));
    };
    if let Some(variant) =
        data.variants.iter().find(|variant| !matches!(variant.fields, Fields::Unit))
    {
        return Err(Error::new(
            variant.ident.span(),
            "an integer says nothing about the fields of this variant",
        ));
    }
    let integer = integer(input)?;
    let idents = data.variants.iter().map(|variant| &variant.ident);
    Ok(quote! {
        #[automatically_derived]
        impl ::core::convert::TryFrom<#integer> for #name {
            /// The integer that means nothing.
            type Error = #integer;

            fn try_from(integer_: #integer) -> ::core::result::Result<Self, #integer> {
                #(if integer_ == #name::#idents as #integer {
                    return ::core::result::Result::Ok(Self::#idents);
                })*
                ::core::result::Result::Err(integer_)
            }
        }
    })
}

/// The integer in `#[repr(…)]`.
fn integer(input: &DeriveInput) -> syn::Result<Ident> {
    let mut integer = None;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("repr")) {
        attribute.parse_nested_meta(|meta| {
            if let Some(ident) = meta.path.get_ident()
                && INTEGERS.iter().any(|name| ident == name)
            {
                integer = Some(ident.clone());
            }
            Ok(())
        })?;
    }
    integer.ok_or_else(|| {
        Error::new(input.ident.span(), "say which integer this is: #[repr(u8)], for one byte")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        expand(&syn::parse_str(text).unwrap()).expect_err(text).to_string()
    }

    #[test]
    fn only_an_enumeration_of_known_width_without_fields_will_do() {
        assert_eq!(refusal("enum E { A }"), "say which integer this is: #[repr(u8)], for one byte");
        assert_eq!(refusal("struct E;"), "only an enumeration is made from an integer");
        assert_eq!(
            refusal("#[repr(u8)] enum E { A(u8) }"),
            "an integer says nothing about the fields of this variant"
        );
    }
}
