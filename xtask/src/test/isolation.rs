//! Isolation: the default image is proved, and no flipped bit of it goes unnoticed.

use super::group::{Group, Test};
use crate::progress::Bar;
use crate::{dist, verify};
use anyhow::{Context, Result, ensure};
use exov6_archive::Archive;
use exov6_image::Artifacts;
use std::path::Path;

/// The tests.
pub const GROUP: Group<Demo> = Group { prefix: "verify", tests: TESTS, prepare: Demo::build };

const TESTS: &[Test<Demo>] = &[
    ("the_demo_is_proved", proved),
    ("the_demo_s_raw_image_is_proved_by_itself", raw),
    ("every_flipped_bit_of_the_demo_s_tables_is_noticed", flipped),
    ("an_image_that_does_not_verify_is_taken_away", taken_away),
];

/// The default image, built and read.
pub struct Demo {
    built: Artifacts,
    archive: Archive,
}

impl Demo {
    fn build(root: &Path) -> Result<Demo> {
        let built = dist::build(root, &root.join("app.toml"), None, &mut Bar::new())?;
        Ok(Demo { archive: exov6_archive::read(&built.archive)?, built })
    }
}

fn proved(Demo { archive, .. }: &Demo) -> Result<()> {
    let verdict = exov6_verify::archive(archive);
    ensure!(verdict.passed, "{}", verdict.complaint(20));
    let tried = verdict.statements.iter().all(|statement| statement.holds == Some(true));
    ensure!(tried, "not every statement was tried");
    let tasks = archive.manifest.tasks.len();
    ensure!(verdict.spaces.len() == tasks + 2, "not every address space was read");
    Ok(())
}

fn raw(Demo { built, archive }: &Demo) -> Result<()> {
    let bytes = std::fs::read(&built.image)?;
    let verdict = exov6_verify::image(&bytes);
    ensure!(verdict.passed, "{}", verdict.complaint(20));
    // One byte of a task's text: nothing but the image id can tell.
    let text = archive.manifest.tasks.first().context("no tasks")?.regions.first();
    let text = text.context("no text")?.physical.0 - archive.manifest.load.0;
    let mut bytes = bytes;
    *bytes.get_mut(text as usize).context("the text is not in the image")? ^= 1;
    let verdict = exov6_verify::image(&bytes);
    let complaint = verdict.complaint(20);
    ensure!(verdict.count == 1 && complaint.contains("error[image-id]"), "{complaint}");
    Ok(())
}

fn flipped(Demo { archive, .. }: &Demo) -> Result<()> {
    let count = exov6_verify::corrupt::run(archive, exov6_verify::corrupt::SAMPLE);
    let count = count.map_err(|report| anyhow::anyhow!("{}", report.complaint(20)))?;
    ensure!(count.passed(), "{count}");
    ensure!(count.sampled >= exov6_verify::corrupt::SAMPLE as u64, "{count}");
    eprintln!("     {}", count.summary());
    Ok(())
}

fn taken_away(Demo { built, archive }: &Demo) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let at = |path: &Path| -> Result<_> {
        Ok(directory.path().join(path.file_name().context("no name")?))
    };
    let copy = Artifacts {
        archive: at(&built.archive)?,
        elf: at(&built.elf)?,
        image: at(&built.image)?,
        ..built.clone()
    };
    let mut bad = archive.clone();
    let entry = bad.entries.iter_mut().find(|(name, _)| name == "image.img");
    let (_, bytes) = entry.context("no image in the archive")?;
    // The last byte: of the initial data of a task.
    *bytes.last_mut().context("the image is empty")? ^= 0x80;
    let entries = bad.entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    exov6_archive::write(&copy.archive, &bad.manifest, entries)?;
    std::fs::write(&copy.image, bad.entry("image.img").context("no image")?)?;
    std::fs::copy(&built.elf, &copy.elf)?;
    let Err(error) = verify::built(&copy) else { anyhow::bail!("a damaged image was published") };
    let text = format!("{error:#}");
    for part in ["does not verify", "was removed", "a bug in the build", "error[image-id]"] {
        ensure!(text.contains(part), "`{part}` is not in\n{text}");
    }
    for path in [&copy.archive, &copy.image, &copy.elf] {
        ensure!(!path.exists(), "{} is still there", path.display());
    }
    Ok(())
}
