//! exov6-idol: the compiler for `.idol` interface files.
//!
//! ```text
//!  plant.idol ──ron──► tree ──read──► Interface ──generate──► Rust (client, server)
//!              positions     rules        │
//!                                         └──canonical──► SHA-256
//! ```
//!
//! An interface file says what one task can ask of another: operations with
//! arguments, memory that is lent, and what comes back. The notation is that of
//! Hubris' Idol (RON); `doc`, `description` and `imports` are additions.
//!
//! ```ron
//! Interface(
//!     name: "Store",
//!     doc: "Keeps the last samples.",
//!     imports: ["demo_types::Sample", "demo_types::StoreError"],
//!     ops: {
//!         "append": (
//!             doc: "Files one sample; returns how many are kept.",
//!             args: {"sample": "Sample"},
//!             reply: Result(ok: "u32", err: CLike("StoreError")),
//!         ),
//!         "read": (
//!             doc: "Copies samples, oldest first, into `into`.",
//!             args: {"skip": "u32"},
//!             leases: {"into": (type: "[Sample]", write: true, max_len: Some(64))},
//!             reply: Simple("u32"),
//!             idempotent: true,
//!         ),
//!         "clear": (reply: Result(ok: "()", err: ServerDeath)),
//!     },
//! )
//! ```
//!
//! # Rules
//!
//! * Operations are numbered from 1 in file order, up to 63.
//! * A type is built in (`u8`…`u128`, `i8`…`i128`, `usize`, `isize`, `bool`, `char`,
//!   `f32`, `f64`, `()`), an array `[T; N]`, a path that begins with a crate, or a name
//!   from `imports`. A file without `imports` may use any name; it is looked up at the
//!   root of the crate that the code is compiled into. Leases may be `[T]`. With the
//!   encodings Hubpack and Ssmarshal there are also tuples, `Option` and `Result`.
//! * An operation that is not idempotent must reply with a `Result`, so that it
//!   can say that its server died half-way. An idempotent one is repeated.
//! * An idempotent operation has no lease that is both read and written: a second
//!   attempt would read what the first one wrote.
//! * `max_len` counts elements, and belongs to slices only.
//! * At most 8 leases, counting the hidden ones.
//! * A field or key that is unknown, or there twice, is an error.
//!
//! # On the wire
//!
//! Arguments are encoded in order, without padding. If the longest arguments and the
//! longest reply both have at most 64 bytes, they travel in the message words. Else
//! both are lent, arguments to read and reply to write, as hidden leases after the
//! declared ones (none for zero bytes), and the message is empty. Sizes of users'
//! types are known only to the Rust compiler, so the generated code states this
//! choice as a constant.
#![forbid(unsafe_code)]

mod canonical;
mod describe;
mod error;
mod fields;
mod generate;
mod model;
mod read;
mod ron;
mod types;
mod values;

pub use canonical::{canonical, hash};
pub use describe::{Row, client_symbol, describe, rows, server_symbol};
pub use error::{Error, Errors};
pub use generate::{Options, Sides, generate};
pub use model::{
    Argument, Encoding, ErrorType, Interface, Lease, Operation, Recv, Reply, Right, Transport,
    Value,
};
pub use types::{Length, Parameter, Type};

/// Reads and checks an interface. `file` is how errors name the file.
///
/// # Errors
/// Everything that is wrong with the file, in file order; after a syntax error,
/// that alone.
pub fn parse(file: &str, text: &str) -> Result<Interface, Errors> {
    let located = match ron::parse(text) {
        Ok(tree) => match read::interface(&tree) {
            Ok(interface) => return Ok(interface),
            Err(errors) => errors,
        },
        Err(error) => vec![error],
    };
    let mut located = located;
    located.sort_by_key(|error| error.at);
    Err(Errors(located.into_iter().map(|error| error.in_file(file, text)).collect()))
}
