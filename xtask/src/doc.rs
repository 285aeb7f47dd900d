//! `cargo xtask doc`: the documentation of a task as it is compiled for its image, with
//! the constants that `app.toml` gives it and the interfaces that it calls and serves.

use crate::out::say;
use crate::{place, setup};
use anyhow::{Context, Result, bail};
use exov6_config::Variant;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Arguments of `doc`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The task
    task: String,
    /// The app.toml, or its directory [default: the nearest]
    #[arg(long)]
    app: Option<PathBuf>,
    /// Document the task for this board instead of the one that app.toml names
    #[arg(long)]
    board: Option<String>,
    /// Open it in a browser
    #[arg(long)]
    open: bool,
}

/// Writes the documentation, and says where it is.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let root = place::root()?;
    let app = place::app(arguments.app.as_deref(), &root)?;
    let toolchain = setup::toolchain(&root)?;
    let variant = Variant { board: arguments.board.as_deref(), ..Variant::default() };
    let environment = exov6_image::environment(&toolchain, &app, &variant, &root, &arguments.task)?;
    let mut command = toolchain
        .doc(environment.target)
        .with_context(|| format!("{} has no rustdoc", toolchain.sysroot.display()))?;
    environment.enter(&mut command);
    command.args(["--no-deps", "--document-private-items", "--quiet"]);
    if !command.status().context("cannot start rustdoc")?.success() {
        bail!("{} cannot be documented", environment.package);
    }
    let name = environment.package.replace('-', "_");
    let directory = toolchain.target_dir.join(environment.target).join("doc").join(name);
    let page = directory.join("index.html");
    say!("{}", place::shown(&page));
    if arguments.open {
        open(&page)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens a page in whatever the user reads pages with.
fn open(page: &Path) -> Result<()> {
    let usual = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let browser = std::env::var_os("BROWSER").filter(|browser| !browser.is_empty());
    let program = browser.unwrap_or_else(|| usual.into());
    let started = Command::new(&program).arg(page).status();
    match started {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("{} ended with {status}", program.to_string_lossy()),
        Err(error) => bail!("cannot start {}: {error}", program.to_string_lossy()),
    }
}
