//! `cargo xtask schema`: JSON Schemas of the files that people write, for editors.

use crate::out::say;
use anyhow::Result;
use exov6_config::Document;
use std::process::ExitCode;

/// Arguments of `schema`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Which kind of file
    #[arg(value_enum, default_value = "app")]
    kind: Kind,
}

/// A kind of file.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// app.toml
    App,
    /// boards/NAME.toml
    Board,
    /// chips/NAME.toml
    Chip,
}

/// Prints the schema.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let document = match arguments.kind {
        Kind::App => Document::App,
        Kind::Board => Document::Board,
        Kind::Chip => Document::Chip,
    };
    say!("{}", serde_json::to_string_pretty(&exov6_config::schema(document))?);
    Ok(ExitCode::SUCCESS)
}
