//! `cargo xtask map`: where everything lies, in memory and in a task's span.

use crate::dist;
use crate::out::say;
use crate::table::Table;
use anyhow::{Result, bail};
use exov6_archive::{Manifest, map};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `map`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The app.toml, its directory, or an archive that was built [default: the workspace's app]
    app: Option<PathBuf>,
    /// Build for this board instead of the one that app.toml names
    #[arg(long)]
    board: Option<String>,
    /// Show the address space of this task instead of the memory
    #[arg(long)]
    task: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows a map.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let built = dist::archive(arguments.app.as_deref(), arguments.board.as_deref())?;
    let manifest = built.manifest;
    match (&arguments.task, arguments.json) {
        (None, false) => physical(&manifest),
        (None, true) => say!("{}", serde_json::to_string_pretty(&map::physical(&manifest))?),
        (Some(task), json) => {
            let Some(found) = manifest.task(task) else {
                let names: Vec<&str> = manifest.tasks.iter().map(|t| t.name.as_str()).collect();
                bail!("no task `{task}` in {}; it has {}", manifest.name, names.join(", "));
            };
            if json {
                say!("{}", serde_json::to_string_pretty(&found.regions)?);
            } else {
                span(&manifest, found);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn physical(manifest: &Manifest) {
    let mut rows = Table::new(&["physical", ">size", "what", "who"]);
    for piece in map::physical(manifest) {
        let who: Vec<String> =
            piece.who.iter().map(|access| format!("{} {}", access.who, access.rights)).collect();
        let end = piece.physical.0 + piece.size.0;
        rows.row([
            format!("{:#010x}..{end:#010x}", piece.physical.0),
            map::bytes(piece.size.0),
            piece.what,
            who.join(", "),
        ]);
    }
    say!("{rows}");
    let (load, size) = (manifest.load.0, manifest.size.0);
    say!(
        "the image: {load:#010x}..{:#010x}, {}, {} table pages",
        load + size,
        map::bytes(size),
        manifest.kernel_table_pages
            + manifest.tasks.iter().map(|task| task.table_pages).sum::<u32>()
    );
}

fn span(manifest: &Manifest, task: &exov6_archive::Task) {
    let mut rows = Table::new(&["address", ">size", "what", "rights", "physical"]);
    for region in &task.regions {
        let end = region.base.0 + region.size.0;
        let mapped = !region.rights.is_empty();
        rows.row([
            format!("{:#010x}..{end:#010x}", region.base.0),
            map::bytes(region.size.0),
            map::in_span(task, region),
            region.rights.clone(),
            if mapped { format!("{:#010x}", region.physical.0) } else { String::new() },
        ]);
    }
    say!("{rows}");
    say!(
        "a span of {}; table root at {:#x}, {} table pages",
        map::bytes(manifest.span.0),
        task.table_root.0,
        task.table_pages
    );
}
