//! `cargo xtask check`: everything that can be known without building.

use crate::out::say;
use crate::place;
use anyhow::Result;
use exov6_config::Variant;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `check`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The app.toml, or its directory [default: the workspace's]
    app: Option<PathBuf>,
    /// Check for this board instead of the one that app.toml names
    #[arg(long)]
    board: Option<String>,
    /// Print JSON: the checked model, or the list of errors
    #[arg(long)]
    json: bool,
}

/// Checks and says so.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let root = place::root()?;
    let app = place::app(arguments.app.as_deref(), &root)?;
    let variant = Variant { board: arguments.board.as_deref(), ..Variant::default() };
    let loaded = exov6_image::load(&app, &variant, &root).map(|(model, _)| model);
    match (loaded, arguments.json) {
        (Ok(model), true) => say!("{}", serde_json::to_string_pretty(&model)?),
        (Ok(model), false) => {
            say!("{}: {} tasks on {}, no errors", model.name, model.tasks.len(), model.board.name);
        }
        (Err(errors), true) => {
            say!("{}", serde_json::to_string_pretty(&errors)?);
            return Ok(ExitCode::FAILURE);
        }
        (Err(errors), false) => {
            eprint!("{}", errors.render(std::io::stderr().is_terminal()));
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
