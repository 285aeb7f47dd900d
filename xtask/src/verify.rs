//! `cargo xtask verify`: who can touch what in a finished image, and whether all is so.

use crate::out::say;
use crate::place;
use anyhow::{Context, Result, bail};
use exov6_archive::Archive;
use exov6_image::Artifacts;
use exov6_verify::Report;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `verify`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The archive of a build, or a raw image, of which less can be said
    #[arg(value_name = "ARCHIVE")]
    file: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Flip every bit of the archive's page tables and grants, one at a time, and see that
    /// each is noticed
    #[arg(long)]
    corrupt: bool,
}

/// First bytes of a zip file.
const ZIP: &[u8] = b"PK";
/// Findings that are printed.
const SHOWN: usize = 20;

/// Verifies a file; fails if a statement does not hold.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let path = &arguments.file;
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let is_archive = bytes.starts_with(ZIP);
    if arguments.corrupt {
        if !is_archive {
            bail!("{} is no archive: `--corrupt` needs one", path.display());
        }
        return corrupt(&exov6_archive::read(path)?, arguments.json);
    }
    let report = if is_archive {
        exov6_verify::archive(&exov6_archive::read(path)?)
    } else {
        exov6_verify::image(&bytes)
    };
    if arguments.json {
        say!("{}", report.json());
    } else {
        say!("{}", report.to_string().trim_end());
        say!("{}", summary(path, &report));
    }
    if report.passed {
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.json {
        eprintln!("{}", report.complaint(SHOWN));
    }
    Ok(ExitCode::FAILURE)
}

/// Verifies what has just been built. An image that does not verify is taken away: it must
/// not run.
pub fn built(built: &Artifacts) -> Result<()> {
    let archive = exov6_archive::read(&built.archive)?;
    let report = exov6_verify::archive(&archive);
    let mut problems = report.complaint(SHOWN);
    for (path, entry) in [(&built.image, "image.img"), (&built.elf, "image.elf")] {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        if archive.entry(entry) != Some(&bytes) {
            problems += &format!("\n{} is not {entry} of the archive", path.display());
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    for path in [&built.archive, &built.image, &built.elf] {
        std::fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    bail!(
        "the image was built, but does not verify, and was removed. This is a bug in the build, \
         not in the application: please report it\n{}",
        problems.trim_start()
    )
}

fn summary(path: &Path, report: &Report) -> String {
    let held = report.statements.iter().filter(|s| s.holds == Some(true)).count();
    let tried = report.statements.iter().filter(|s| s.holds.is_some()).count();
    format!(
        "{}: {held} of {tried} statements hold, {} descriptors read, image id {}",
        place::shown(path),
        report.descriptors,
        report.image_id.get(..16).unwrap_or("unknown")
    )
}

fn corrupt(archive: &Archive, json: bool) -> Result<ExitCode> {
    let count = exov6_verify::corrupt::run(archive, exov6_verify::corrupt::SAMPLE);
    let count = count.map_err(|report| {
        anyhow::anyhow!("the archive itself does not verify\n{}", report.complaint(SHOWN))
    })?;
    if json {
        say!("{}", serde_json::to_string_pretty(&count)?);
    } else {
        say!("{}", count.to_string().trim_end());
    }
    Ok(if count.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
