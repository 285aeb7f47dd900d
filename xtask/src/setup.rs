//! `cargo xtask setup`: what this machine lacks.

use crate::out::say;
use anyhow::Result;
use exov6_toolchain::{Host, Toolchain, setup};
use std::path::Path;
use std::process::ExitCode;

/// Arguments of `setup`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only look; exit status 1 if something is missing
    #[arg(long)]
    check: bool,
}

/// Looks, and installs what is missing unless asked not to.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let complete = show(&Host::detect());
    if complete {
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.check {
        return Ok(ExitCode::FAILURE);
    }
    setup::install(&Host::detect(), &setup::ALL, &mut show_line)?;
    Ok(if show(&Host::detect()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints each part; whether all are there.
fn show(host: &Host) -> bool {
    let items = setup::check(host);
    for item in &items {
        let found = item.found.as_deref().unwrap_or("missing");
        say!("{:20} {found}", item.part.to_string());
    }
    items.iter().all(|item| item.found.is_some())
}

fn show_line(line: &str) {
    eprintln!("    {line}");
}

/// What every command that builds or runs begins with: looks, which is quick, and
/// installs what is missing where that is possible.
pub fn toolchain(root: &Path) -> Result<Toolchain> {
    let mut host = Host::detect();
    if setup::require(&host).is_err() {
        setup::install(&host, &setup::REQUIRED, &mut show_line)?;
        host = Host::detect();
    }
    setup::require(&host)?;
    Ok(Toolchain::select(&host, root)?)
}
