//! The monitor: what stands at EL2 below the image where a case needs an event that
//! only a hypervisor can cause.

use crate::progress::Bar;
use crate::setup;
use anyhow::{Context, Result, bail};
use exov6_image::Progress;
use exov6_toolchain::SOFT;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Builds `test/monitor`; the path of its ELF file.
pub fn build(root: &Path, bar: &mut Bar) -> Result<PathBuf> {
    let toolchain = setup::toolchain(root)?;
    bar.show(&Progress::Cargo("the tests' monitor".to_owned()));
    let mut command = toolchain.cargo(SOFT);
    command.args(["build", "--release", "--package", "test-monitor"]);
    command.stdin(Stdio::null());
    let output = command.output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("test/monitor does not build:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(toolchain.target_dir.join(SOFT).join("release/test-monitor"))
}
