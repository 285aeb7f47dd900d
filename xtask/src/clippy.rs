//! `cargo xtask clippy`: the crates that are built for the target, linted.

use crate::place;
use anyhow::{Context, Result, bail};
use exov6_toolchain::{HARD, SOFT, Toolchain};
use std::path::Path;
use std::process::ExitCode;

/// Directories of the crates that are built for the target.
const DIRECTORIES: [&str; 5] = ["kern", "sys", "drv", "task", "test/tasks"];

/// Arguments of `clippy`.
#[derive(clap::Args)]
pub struct Arguments {}

/// Lints; every warning is an error.
pub fn main(_: &Arguments) -> Result<ExitCode> {
    let root = place::root()?;
    let toolchain = Toolchain::find(&root)?;
    let packages = packages(&root)?;
    // Both targets see the same sources; what differs is floating point, which the
    // compiler checks. One pass each over everything finds `cfg` of either.
    for target in [SOFT, HARD] {
        let Some(mut command) = toolchain.clippy(target) else {
            bail!("{} has no clippy; `cargo xtask setup` installs it", toolchain.sysroot.display());
        };
        command.arg("--quiet");
        for package in &packages {
            command.args(["-p", package]);
        }
        command.args(["--", "-D", "warnings"]);
        let status = command.status().context("cannot start clippy")?;
        if !status.success() {
            bail!("clippy found something in the crates for {target}");
        }
    }
    println!("clippy: {} crates for 2 targets, nothing found", packages.len());
    Ok(ExitCode::SUCCESS)
}

/// Names of the packages in [`DIRECTORIES`].
fn packages(root: &Path) -> Result<Vec<String>> {
    let metadata = crate::test::metadata(root)?;
    let mut packages = vec![];
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let inside = DIRECTORIES.iter().any(|d| manifest.starts_with(root.join(d)));
        if let (true, Some(name)) = (inside, package["name"].as_str()) {
            packages.push(name.to_owned());
        }
    }
    Ok(packages)
}
