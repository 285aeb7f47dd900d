//! `cargo xtask check`: everything that can be known without building.

use crate::out::say;
use crate::place;
use anyhow::Result;
use exov6_config::{Errors, Model, Variant, warnings};
use serde::Serialize;
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
    /// Print errors and warnings as JSON
    #[arg(long)]
    json: bool,
    /// Print the checked model as JSON, if there is no error
    #[arg(long, conflicts_with = "json")]
    model: bool,
}

/// What `--json` prints; the book's chapter on app.toml describes it. Fields may become
/// more.
#[derive(Serialize)]
struct Report<'a> {
    format: &'static str,
    ok: bool,
    name: Option<&'a str>,
    board: Option<&'a str>,
    tasks: Option<usize>,
    errors: &'a Errors,
    warnings: &'a Errors,
}

/// Checks and says so.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let root = place::root()?;
    let app = place::app(arguments.app.as_deref(), &root)?;
    let variant = Variant { board: arguments.board.as_deref(), ..Variant::default() };
    let loaded = exov6_image::load(&app, &variant, &root).map(|(model, _)| model);
    let none = Errors::none();
    let useless = loaded.as_ref().map_or_else(|_| Errors::none(), warnings);
    if arguments.json {
        let model = loaded.as_ref().ok();
        let report = Report {
            format: "exov6-check/1",
            ok: loaded.is_ok(),
            name: model.map(|model| model.name.as_str()),
            board: model.map(|model| model.board.name.as_str()),
            tasks: model.map(|model| model.tasks.len()),
            errors: loaded.as_ref().err().unwrap_or(&none),
            warnings: &useless,
        };
        say!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let color = std::io::stderr().is_terminal();
    match &loaded {
        Ok(model) if arguments.model => say!("{}", serde_json::to_string_pretty(model)?),
        Ok(model) => {
            eprint!("{}", useless.render(color));
            say!("{}", verdict(model, useless.diagnostics().len()));
        }
        Err(errors) => {
            eprint!("{}", errors.render(color));
            eprintln!("\n`cargo xtask explain CODE` says more about each");
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn verdict(model: &Model, warnings: usize) -> String {
    let useless = match warnings {
        0 => String::new(),
        1 => ", 1 warning".to_string(),
        n => format!(", {n} warnings"),
    };
    let (name, tasks, board) = (&model.name, model.tasks.len(), &model.board.name);
    format!("{name}: {tasks} tasks on {board}, no errors{useless}")
}
