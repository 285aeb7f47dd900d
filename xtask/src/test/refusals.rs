//! Images that cannot go on: wrong level, damaged tables, a broken kernel. Each says
//! one line about it, through the early console or in the next boot's log.

use super::whole::System;
use crate::run;
use abi::desc::Header;
use anyhow::{Context, Result, bail, ensure};
use exov6_decode::Style;
use exov6_emulate::{Error, Loading, Next, Options, Process, Wishes};
use object::{Object, ObjectSymbol};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Host time for what ends in a loop that does nothing.
const LIMIT: Duration = Duration::from_secs(20);

/// A copy of the image with some bytes changed.
struct Patched {
    image: PathBuf,
    _directory: tempfile::TempDir,
}

/// Replaces bytes at an offset from a symbol whose name ends or, mangled, contains so.
fn patched(system: &System, symbol: &str, offset: usize, bytes: &[u8]) -> Result<Patched> {
    let elf = system.archive.entry("image.elf").context("no image.elf in the archive")?;
    let elf = object::File::parse(elf)?;
    let find = |wanted: &str| {
        let found = elf.symbols().find(|s| s.name().is_ok_and(|name| name.contains(wanted)));
        found.map(|s| s.address()).with_context(|| format!("the kernel has no `{wanted}`"))
    };
    let at = (find(symbol)? - find("__image_start")?) as usize + offset;
    let mut image = std::fs::read(&system.image)?;
    let place = image.get_mut(at..at + bytes.len()).context("beyond the image's end")?;
    ensure!(place != bytes, "the image has these bytes already");
    place.copy_from_slice(bytes);
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("broken.img");
    std::fs::write(&path, image)?;
    Ok(Patched { image: path, _directory: directory })
}

/// Runs until a line is complete, which it must be without any decoding.
fn first_line(system: &System, image: &Path, options: Options, extra: &[&str]) -> Result<String> {
    let mut manifest = system.archive.manifest.clone();
    let qemu = manifest.qemu.as_mut().context("the default board has no emulator")?;
    qemu.args.extend(extra.iter().map(|a| (*a).to_owned()));
    let options = Options { limit: Some(LIMIT), ..options };
    let mut process = Process::start(&manifest, image, &options)?;
    let mut said = vec![];
    loop {
        match process.next(Duration::from_secs(1)) {
            Next::Bytes(bytes) => said.extend(bytes),
            Next::Quiet => {}
            Next::Ended(status) => bail!("it left with {status:?}: {}", process.complaints()),
            Next::TimedOut => bail!("it said only {:?}", String::from_utf8_lossy(&said)),
        }
        if let Some(end) = said.iter().position(|byte| *byte == b'\n') {
            ensure!(end + 1 == said.len(), "and more: {:?}", String::from_utf8_lossy(&said));
            return Ok(String::from_utf8_lossy(&said).into_owned());
        }
    }
}

fn says(line: Result<String>, expected: &str) -> Result<()> {
    let line = line?;
    ensure!(line == format!("{expected}\r\n"), "it says {line:?}");
    Ok(())
}

/// Firmware that leaves EL3 to the image.
pub fn entered_at_el3(system: &System) -> Result<()> {
    let options = Options { loading: Loading::Raw, ..Options::default() };
    says(
        first_line(system, &system.image, options, &["-M", "secure=on"]),
        "exov6: entered at EL3; boot with firmware that enters at EL2 or EL1",
    )
}

/// A bit of the tables' magic is wrong, or they name a supervisor that is not there.
pub fn damaged_tables(system: &System) -> Result<()> {
    let supervisor = std::mem::offset_of!(Header, supervisor);
    for entry in [1, 2] {
        for (offset, expected) in [
            (0, "exov6: the image's tables are damaged"),
            (supervisor, "exov6: the image's tables contradict themselves"),
        ] {
            let broken = patched(system, "__desc_start", offset, &[0xff])?;
            let options = Options { entry: Some(entry), ..Options::default() };
            let line = first_line(system, &broken.image, options, &[]);
            says(line, expected).with_context(|| format!("byte {offset}, EL{entry}"))?;
        }
    }
    Ok(())
}

/// The function that looks at a task's aborts begins with an undefined instruction.
pub fn kernel_exception(system: &System) -> Result<()> {
    let broken = patched(system, "9exception5abort", 0, &[0; 4])?;
    let at = run::break_at_half(&system.archive, "control", Duration::from_millis(200))?;
    let wishes = Wishes { script: vec![at], ..Wishes::default() };
    let options = Options { wishes, limit: Some(LIMIT * 3), ..Options::default() };
    let style = Style::new(&system.archive.manifest, false);
    let mut lines = vec![];
    let end = exov6_emulate::run(&system.archive, &broken.image, &options, &mut |event| {
        lines.extend(style.line(event));
    });
    // Every boot ends like that.
    ensure!(matches!(end, Err(Error::Resets { .. })), "it ended with {end:?}");
    let mut boots = lines.iter().filter(|line| line.contains("exov6 image"));
    let first = boots.next().context("there is no first boot")?;
    ensure!(!first.contains("the last boot"), "the first boot says\n{first}");
    let second = boots.next().context("there is no second boot")?;
    for part in [
        "; the last boot ended by an exception in the kernel while control ran: undefined \
         instruction at kern::arch::aarch64::exception::abort (kern/src/arch/aarch64/exception.rs:",
        "), syndrome 0x02000000",
    ] {
        ensure!(second.contains(part), "`{part}` is not in\n{second}");
    }
    Ok(())
}
