//! `cargo xtask sizes`: what each task takes of the machine's memory.

use crate::out::say;
use crate::table::Table;
use crate::{dist, place, time};
use anyhow::Result;
use exov6_archive::Archive;
use exov6_sizes::{Row, Sizes, changes, measure, of};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `sizes`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The app.toml, its directory, or an archive that was built [default: the workspace's app]
    app: Option<PathBuf>,
    /// Build for this board instead of the one that app.toml names
    #[arg(long)]
    board: Option<String>,
    /// Run for this long in virtual time, and show how much of each stack was used
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    measure: Option<Duration>,
    /// Show what has changed since this archive was built
    #[arg(long, value_name = "ARCHIVE")]
    against: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows sizes.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let archive = dist::archive(arguments.app.as_deref(), arguments.board.as_deref())?;
    let mut sizes = all(&archive)?;
    if let Some(run_for) = arguments.measure {
        measure(&archive, run_for, &mut sizes)?;
    }
    let changed = match &arguments.against {
        Some(older) => Some(changes(&all(&exov6_archive::read(older)?)?, &sizes)),
        None => None,
    };
    if arguments.json {
        let mut json = serde_json::to_value(&sizes)?;
        if let Some(changed) = &changed {
            json["changes"] = serde_json::to_value(changed)?;
        }
        say!("{}", serde_json::to_string_pretty(&json)?);
        return Ok(ExitCode::SUCCESS);
    }
    table(&sizes, arguments.measure.is_some());
    if let (Some(changed), Some(older)) = (&changed, &arguments.against) {
        say!();
        if changed.is_empty() {
            say!("as large as {}", place::shown(older));
            return Ok(ExitCode::SUCCESS);
        }
        let mut rows = Table::new(&["", "since then", ">was", ">is", ">more"]);
        for change in changed {
            let number = |value: Option<u64>| value.map_or("–".to_owned(), |v| v.to_string());
            rows.row([
                change.name.clone(),
                change.what.to_owned(),
                number(change.old),
                number(change.new),
                format!("{:+}", change.difference()),
            ]);
        }
        say!("{rows}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Sizes with the worst path on the kernel's stack; how that is followed is said in the
/// workspace.
fn all(archive: &Archive) -> Result<Sizes> {
    let mut sizes = of(archive)?;
    if let Ok(root) = place::root() {
        let kernel = exov6_sizes::program(archive, "image.elf")?;
        sizes.kernel.stack.worst = exov6_gates::kernel_stack(&root, &kernel)?;
    }
    Ok(sizes)
}

fn table(sizes: &Sizes, measured: bool) {
    let mut titles = vec!["", ">text", ">rodata", ">data", ">bss", ">stack", ">worst"];
    titles.extend(measured.then_some(">used"));
    titles.extend([">heap", ">ring", ">tables", ">rom", ">ram"]);
    let mut rows = Table::new(&titles);
    let known = |value: Option<u64>| value.map_or("?".to_owned(), |v| v.to_string());
    for row in sizes.rows().chain([&sizes.total]) {
        let total = std::ptr::eq(row, &raw const sizes.total);
        let Row { stack, .. } = row;
        let numbers = [row.text, row.rodata, row.data, row.bss, stack.size].map(|n| n.to_string());
        let mut cells = vec![row.name.clone()];
        cells.extend(numbers);
        let blank = |text: String| if total { String::new() } else { text };
        cells.push(blank(known(stack.worst)));
        cells.extend(measured.then(|| blank(known(stack.used))));
        let rest = [row.heap, row.ring, row.table_pages, row.rom, row.ram];
        cells.extend(rest.map(|n| n.to_string()));
        rows.row(cells);
    }
    say!("{rows}");
    say!("bytes; tables: pages of 4 KiB. The image takes {} KiB.", sizes.image.div_ceil(1024));
}
