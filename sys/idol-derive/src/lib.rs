//! exov6-idol-derive: what a type needs to cross between tasks.
//!
//! | derive | for | gives |
//! | --- | --- | --- |
//! | `Wire` | types sent with the encodings Hubpack and Ssmarshal | the bound, encoding, decoding |
//! | `IdolError` | errors of operations | codes, and what the death of a server is |
//! | `FromPrimitive` | enumerations named in `recv: FromPrimitive(…)` | `TryFrom` of their integer |
//!
//! They are used through `idol_runtime`, which also says what they mean; the code
//! that they write names that crate, and nothing else.
#![forbid(unsafe_code)]

mod error;
mod primitive;
mod wire;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `idol_runtime::Wire`: one field after the other, and for an
/// enumeration first the number of the variant, counted from 0 in the order of the
/// source, whatever its discriminant.
///
/// Refused are enumerations without variants or with more than 256, unions, and types
/// that borrow.
#[proc_macro_derive(Wire)]
pub fn wire(input: TokenStream) -> TokenStream {
    expand(wire::expand(&parse_macro_input!(input as DeriveInput)))
}

/// Implements what an error of an operation needs. The variant that stands for the
/// death of the server is marked `#[idol(server_death)]`; without fields it says no
/// more, with one it holds the `idol_runtime::ServerDeath`.
///
/// An enumeration without fields can be used as `CLike("…")`: the code on the wire is
/// the discriminant, which must not be 0. One with fields can be used as
/// `Complex("…")`, and needs `Wire` besides.
#[proc_macro_derive(IdolError, attributes(idol))]
pub fn idol_error(input: TokenStream) -> TokenStream {
    expand(error::expand(&parse_macro_input!(input as DeriveInput)))
}

/// Implements `TryFrom` of the integer in `#[repr(…)]` for an enumeration without
/// fields: the variant with that discriminant, or the integer back.
#[proc_macro_derive(FromPrimitive)]
pub fn from_primitive(input: TokenStream) -> TokenStream {
    expand(primitive::expand(&parse_macro_input!(input as DeriveInput)))
}

fn expand(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(|error| error.into_compile_error()).into()
}
