//! `cargo xtask clippy`: every crate linted, each by the compiler that builds it.
//!
//! Tasks exist on the target only, build tools on the host only; what both share
//! is linted twice. Every warning is an error.
//!
//! With the name of a task, that one is linted as it is compiled for its image: with the
//! constants that `app.toml` gives it.

use crate::out::say;
use crate::{place, setup, test};
use anyhow::{Context, Result, bail};
use exov6_config::Variant;
use exov6_toolchain::{HARD, SOFT, Toolchain};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Directories of the crates that are built for the target.
const DIRECTORIES: [&str; 6] = ["kern", "sys", "drv", "task", "test/monitor", "test/tasks"];

/// Arguments of `clippy`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only this task of an application
    #[arg(conflicts_with_all = ["host", "target"])]
    task: Option<String>,
    /// The app.toml, or its directory [default: the nearest]
    #[arg(long, requires = "task")]
    app: Option<PathBuf>,
    /// Lint the task for this board instead of the one that app.toml names
    #[arg(long, requires = "task")]
    board: Option<String>,
    /// Only what is built for the host
    #[arg(long, conflicts_with = "target")]
    host: bool,
    /// Only what is built for the target
    #[arg(long)]
    target: bool,
}

/// Lints; all of it, even if something is found early.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let root = place::root()?;
    if let Some(task) = &arguments.task {
        let app = place::app(arguments.app.as_deref(), &root)?;
        return one(&root, &app, arguments.board.as_deref(), task);
    }
    let metadata = test::metadata(&root)?;
    let mut found = vec![];
    if !arguments.target {
        let packages = test::host_packages(&metadata);
        let mut command = Command::new(test::cargo());
        command.args(["clippy", "--quiet", "--all-targets", "--keep-going"]).current_dir(&root);
        if !lint(command, &packages)? {
            found.push("the host".to_owned());
        }
        say!("clippy: {} crates for the host", packages.len());
    }
    if !arguments.host {
        let toolchain = Toolchain::find(&root)?;
        let packages = target_packages(&root, &metadata);
        // Which of the two targets a task is for is said in an app.toml: lint for both.
        for target in [SOFT, HARD] {
            let mut command = clippy(&toolchain, target)?;
            command.args(["--quiet", "--keep-going"]);
            if !lint(command, &packages)? {
                found.push(target.to_owned());
            }
            say!("clippy: {} crates for {target}", packages.len());
        }
    }
    if !found.is_empty() {
        bail!("clippy found something in the crates for {}", found.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

/// Lints one task, as it is compiled for its image.
fn one(root: &Path, app: &Path, board: Option<&str>, task: &str) -> Result<ExitCode> {
    let toolchain = setup::toolchain(root)?;
    let variant = Variant { board, ..Variant::default() };
    let environment = exov6_image::environment(&toolchain, app, &variant, root, task)?;
    let mut command = clippy(&toolchain, environment.target)?;
    environment.enter(&mut command);
    command.arg("--quiet");
    if !lint(command, &[])? {
        bail!("clippy found something in {}", environment.package);
    }
    say!("clippy: {} for {}, nothing found", environment.package, environment.target);
    Ok(ExitCode::SUCCESS)
}

/// The target's clippy.
fn clippy(toolchain: &Toolchain, target: &str) -> Result<Command> {
    toolchain.clippy(target).with_context(|| {
        format!("{} has no clippy; `cargo xtask setup` installs it", toolchain.sysroot.display())
    })
}

/// Runs one clippy; whether it found nothing.
fn lint(mut command: Command, packages: &[&str]) -> Result<bool> {
    for package in packages {
        command.args(["-p", package]);
    }
    command.args(["--", "-D", "warnings"]);
    Ok(command.status().context("cannot start clippy")?.success())
}

/// Names of the packages in [`DIRECTORIES`].
fn target_packages<'a>(root: &Path, metadata: &'a serde_json::Value) -> Vec<&'a str> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .filter(|package| {
            let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
            DIRECTORIES.iter().any(|d| manifest.starts_with(root.join(d)))
        })
        .filter_map(|package| package["name"].as_str())
        .collect()
}
