//! Configuration: app.toml, its board and its chip become one checked model.
//!
//! Everything that a system may do is declared in `app.toml`; this crate reads it,
//! holds it against every rule, and hands on a [`Model`] in which all names are
//! resolved. What is wrong comes back as [`Errors`]: all of it at once, each with
//! a number, both parties, their lines, and what to do.
//!
//! ```text
//!   text ─► document ─► inherit ─► app, machine ─► check ─► Model ─► link_crates ─► Linked
//!   (one file, one arrow; no stage looks back)
//! ```
//!
//! * [`load`] reads files, [`check`] does not.
//! * [`CrateInfo`] is what a task's crate declares in its own `Cargo.toml`;
//!   [`link_crates`] holds it against the model.
//!
//! This crate neither prints nor exits, and does not panic on any input.
#![forbid(unsafe_code)]

mod app;
mod binaries;
mod check;
mod codes;
mod crate_info;
mod diagnostic;
mod document;
mod explain;
mod fields;
mod hardware;
mod inherit;
mod keys;
mod library;
mod link;
mod machine;
mod memory;
pub mod model;
mod order;
mod room;
mod schema;
mod source;
mod suggest;
mod variant;
mod warn;
mod wiring;

pub use check::{check, check_for};
pub use codes::Code;
pub use crate_info::CrateInfo;
pub use diagnostic::{Diagnostic, Errors, Label};
pub use explain::{EXAMPLE_HEAD, examples, explain};
pub use keys::app::{STACK_DEFAULT, STACK_MIN};
pub use library::{File, Kind, Library, Memory, Missing, Search};
pub use link::{InterfaceFacts, Interfaces, Linked, LinkedPort, LinkedTask, link_crates};
pub use model::Model;
pub use schema::{Document, reference, schema};
pub use source::{FileId, Position, Source, Sources, Span, Spanned};
pub use suggest::did_you_mean;
pub use variant::{NOT_IN_RELEASE, Variant};
pub use warn::warnings;

use std::path::Path;

/// Reads and checks an `app.toml`, with the board and the chip it names.
///
/// # Errors
///
/// All rules that are broken; see [`Code`].
pub fn load(app: &Path, search: &Search) -> Result<Model, Errors> {
    load_for(app, &Variant::default(), search)
}

/// As [`load`], for a build that differs from what `app.toml` says.
///
/// # Errors
///
/// As [`load`].
pub fn load_for(app: &Path, variant: &Variant<'_>, search: &Search) -> Result<Model, Errors> {
    let file = search.read(app)?;
    let directory = file.directory.clone();
    check_for(file, variant, &directory, &library::Disk { search, directory: &directory })
}
