//! `Wire`: bound, encoding and decoding of a type from those of its fields.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Data, DataEnum, DeriveInput, Error, Fields, Ident, Type, parse_quote};

/// Most variants whose number fits a byte.
const MAX_VARIANTS: usize = 256;

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    if let Some(lifetime) = input.generics.lifetimes().next() {
        return Err(Error::new(
            lifetime.span(),
            "a type that borrows cannot cross between tasks: lend the memory",
        ));
    }
    let name = &input.ident;
    let (encode, decode, types, max) = match &input.data {
        Data::Struct(data) => of_struct(&data.fields),
        Data::Enum(data) => of_enum(name, data)?,
        Data::Union(data) => {
            return Err(Error::new(
                data.union_token.span(),
                "nobody can tell what a union holds: use an enumeration",
            ));
        }
    };
    let mut generics = input.generics.clone();
    let parameters: Vec<Ident> =
        generics.type_params().map(|parameter| parameter.ident.clone()).collect();
    for parameter in parameters {
        generics
            .make_where_clause()
            .predicates
            .push(parse_quote!(#parameter: ::idol_runtime::Wire));
    }
    let (implement, arguments, bounds) = generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #implement ::idol_runtime::Wire for #name #arguments #bounds {
            const MAX: usize = #max;
            const HUBPACK: bool = true #(&& <#types as ::idol_runtime::Wire>::HUBPACK)*;
            const SSMARSHAL: bool = true #(&& <#types as ::idol_runtime::Wire>::SSMARSHAL)*;

            #[inline]
            fn encode(&self, to_: &mut ::idol_runtime::wire::Encoder<'_>) {
                let _ = &to_;
                #encode
            }

            #[inline]
            fn decode(from_: &mut ::idol_runtime::wire::Decoder<'_>) -> Self {
                let _ = &from_;
                #decode
            }
        }
    })
}

/// Encoding, decoding, types of all fields, and the bound.
type Parts<'a> = (TokenStream, TokenStream, Vec<&'a Type>, TokenStream);

fn of_struct(fields: &Fields) -> Parts<'_> {
    let (pattern, names) = bind(fields);
    let decode = construct(fields);
    let types: Vec<&Type> = fields.iter().map(|field| &field.ty).collect();
    let max = sum(&types);
    let encode = quote!(let Self #pattern = self; #(to_.put(#names);)*);
    (encode, quote!(Self #decode), types, max)
}

fn of_enum<'a>(name: &Ident, data: &'a DataEnum) -> syn::Result<Parts<'a>> {
    let count = data.variants.len();
    if count == 0 {
        return Err(Error::new(name.span(), "there is no value of this type to send"));
    }
    if let Some(variant) = data.variants.iter().nth(MAX_VARIANTS) {
        return Err(Error::new(
            variant.ident.span(),
            format!(
                "variant {} of {count}: the number of a variant is one byte, so there are at most {MAX_VARIANTS}",
                MAX_VARIANTS + 1
            ),
        ));
    }
    let mut encoders = TokenStream::new();
    let mut decoders = TokenStream::new();
    let mut types = Vec::new();
    let mut sizes = Vec::new();
    for (i, variant) in data.variants.iter().enumerate() {
        // The count has been checked above.
        let number = u8::try_from(i).unwrap_or(u8::MAX);
        let ident = &variant.ident;
        let (pattern, names) = bind(&variant.fields);
        encoders
            .extend(quote!(Self::#ident #pattern => { to_.put(&#number); #(to_.put(#names);)* }));
        let value = construct(&variant.fields);
        // The first variant also stands for numbers that mean nothing.
        if i > 0 {
            decoders.extend(quote!(#number => Self::#ident #value,));
        }
        let own: Vec<&Type> = variant.fields.iter().map(|field| &field.ty).collect();
        sizes.push(sum(&own));
        types.extend(own);
    }
    let (first, value) = match data.variants.first() {
        Some(variant) => (&variant.ident, construct(&variant.fields)),
        None => (name, TokenStream::new()),
    };
    let encode = quote!(match self { #encoders });
    let decode = quote! {
        match from_.variant() {
            #decoders
            number => {
                if number != 0 {
                    from_.refuse();
                }
                Self::#first #value
            }
        }
    };
    Ok((encode, decode, types, quote!(1 + ::idol_runtime::wire::longest(&[#(#sizes),*]))))
}

fn sum(types: &[&Type]) -> TokenStream {
    quote!(0 #(+ <#types as ::idol_runtime::Wire>::MAX)*)
}

/// A pattern that binds each field to a name of its own, and the names.
fn bind(fields: &Fields) -> (TokenStream, Vec<Ident>) {
    let names: Vec<Ident> = (0..fields.len()).map(|i| format_ident!("field_{i}_")).collect();
    let pattern = match fields {
        Fields::Named(named) => {
            let fields = named.named.iter().map(|field| &field.ident);
            quote!({ #(#fields: #names),* })
        }
        Fields::Unnamed(_) => quote!((#(#names),*)),
        Fields::Unit => quote!(),
    };
    (pattern, names)
}

/// The fields of a value, taken from the decoder in their order.
fn construct(fields: &Fields) -> TokenStream {
    match fields {
        Fields::Named(named) => {
            let fields = named.named.iter().map(|field| &field.ident);
            quote!({ #(#fields: from_.take()),* })
        }
        Fields::Unnamed(unnamed) => {
            let takes = unnamed.unnamed.iter().map(|_| quote!(from_.take()));
            quote!((#(#takes),*))
        }
        Fields::Unit => quote!(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        expand(&syn::parse_str(text).unwrap()).expect_err(text).to_string()
    }

    #[test]
    fn types_without_a_bound_on_variants_or_without_values_are_refused() {
        let variants = |count: usize| -> String {
            let names: Vec<String> = (0..count).map(|i| format!("V{i}")).collect();
            format!("enum Large {{ {} }}", names.join(", "))
        };
        assert!(expand(&syn::parse_str(&variants(256)).unwrap()).is_ok());
        assert_eq!(
            refusal(&variants(257)),
            "variant 257 of 257: the number of a variant is one byte, so there are at most 256"
        );
        assert_eq!(refusal("enum Never {}"), "there is no value of this type to send");
        assert_eq!(
            refusal("union Either { a: u8, b: i8 }"),
            "nobody can tell what a union holds: use an enumeration"
        );
        assert_eq!(
            refusal("struct Text<'a>(&'a str);"),
            "a type that borrows cannot cross between tasks: lend the memory"
        );
    }
}
