//! Builds: what an edit compiles, the same bytes elsewhere, and releases.

use super::whole::System;
use crate::dist;
use crate::progress::Bar;
use anyhow::{Context, Result, bail, ensure};
use exov6_archive::Manifest;
use exov6_config::Variant;
use exov6_config::model::Profile;
use exov6_decode::{Decoder, Event, Style};
use exov6_emulate::{Command, Next, Options, Process, Time, Wishes};
use exov6_image::{Artifacts, Request};
use exov6_toolchain::{Host, Toolchain};
use object::{Object, ObjectSection};
use std::path::Path;
use std::time::{Duration, Instant};

/// Host time for a release to have said what it says in a second.
const LIMIT: Duration = Duration::from_secs(60);

/// What edits of `app.toml` compile: what they reach, and nothing else.
pub fn edits(system: &System) -> Result<()> {
    let good = std::fs::read_to_string(system.root.join("app.toml"))?;
    let directory = tempfile::tempdir()?;
    let app = directory.path().join("app.toml");
    let build = |from: &str, to: &str| -> Result<Vec<String>> {
        let text = good.replacen(from, to, 1);
        ensure!(from == to || text != good, "app.toml has no `{from}`: adapt this test");
        std::fs::write(&app, text)?;
        Ok(dist::build(&system.root, &app, None, &mut Bar::quiet())?.compiled)
    };
    build("", "")?;
    let edits: &[(&str, &str, &[&str])] = &[
        ("", "", &[]),
        ("gain = 3.0", "gain = 2.5", &["control"]),
        // The kernel's tables say how urgent a task is, and who may be restarted.
        ("ack_ms = 20", "ack_ms = 30", &[]),
        // The supervisor acts on it.
        ("min_interval_ms = 50", "min_interval_ms = 60", &["supervisor"]),
        // Its stubs know what it may call.
        (r#"to = "store", ops = ["read"] }"#, r#"to = "store" }"#, &["console"]),
    ];
    let mut wrong = vec![];
    for (from, to, wanted) in edits {
        match build(from, to) {
            Ok(compiled) if compiled == *wanted => {}
            Ok(compiled) => {
                wrong.push(format!("`{to}` compiled {compiled:?}, and not {wanted:?}"));
            }
            Err(error) => wrong.push(format!("`{to}`: {error:#}")),
        }
        let back = build("", "")?;
        if back != *wanted {
            wrong.push(format!("the way back from `{to}` compiled {back:?}, and not {wanted:?}"));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// A copy of the sources in another directory gives the same archive.
pub fn elsewhere(system: &System) -> Result<()> {
    let directory = tempfile::Builder::new().prefix("a somewhat longer name").tempdir()?;
    let root = directory.path().join("copy");
    copy(&system.root, &root)?;
    let host = Host { target_dir: None, ..Host::detect() };
    let toolchain = Toolchain::select(&host, &root)?;
    let (model, linked) = exov6_image::load(&root.join("app.toml"), &Variant::default(), &root)
        .map_err(exov6_image::Error::from)?;
    let out = root.join("target/dist");
    let request =
        Request { model: &model, linked: &linked, root: &root, out: &out, toolchain: &toolchain };
    let started = Instant::now();
    let built = exov6_image::build(&request, &mut |_| {})?;
    println!("    a clean build of the copy took {:.0} s", started.elapsed().as_secs_f64());
    let tasks = built.manifest.tasks.len();
    ensure!(built.compiled.len() == tasks + 1, "compiled only {:?}", built.compiled);
    let (here, there) = (std::fs::read(&system.path)?, std::fs::read(&built.archive)?);
    if here == there {
        return Ok(());
    }
    let there = exov6_archive::read(&built.archive)?;
    let different =
        system.archive.entries.iter().filter(|(name, bytes)| {
            there.entry(name).is_none_or(|other| other != bytes.as_slice())
        });
    let names: Vec<&str> = different.map(|(name, _)| name.as_str()).collect();
    bail!("the archives differ in {names:?} or in the manifest")
}

/// Copies a tree without hidden files and without what cargo wrote.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if name.as_encoded_bytes().starts_with(b".") || path.join("CACHEDIR.TAG").exists() {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            std::fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// A release runs, cannot be left, obeys no boot info, and says what it lacks.
pub fn release(system: &System) -> Result<()> {
    let variant = Variant { profile: Profile::Release, ..Variant::default() };
    let built =
        dist::build_for(&system.root, &system.root.join("app.toml"), &variant, &mut Bar::quiet())?;
    ensure!(built.manifest.profile == "release", "profile {}", built.manifest.profile);
    let left_out = &built.manifest.left_out;
    ensure!(left_out == &["fault of supervisor", "exit of supervisor"], "left out: {left_out:?}");
    ensure!(!granted(&built.manifest, &["fault", "exit"]), "fault or exit is granted");
    ensure!(granted(&system.archive.manifest, &["fault", "exit"]), "a debug image lacks them");
    ensure!(semihosting(&std::fs::read(&built.elf)?)? == 0, "the kernel calls semihosting");
    let debug = system.archive.entry("image.elf").context("no image.elf")?;
    ensure!(semihosting(debug)? == 1, "a debug kernel calls semihosting once");

    let said = second(&built)?;
    for part in ["exov6 image", "control    INFO  gain 3.0", "exov6 console"] {
        ensure!(said.contains(part), "`{part}` is not in\n{said}");
    }
    for part in ["stopping", "made to fault"] {
        ensure!(!said.contains(part), "a release obeyed the boot info:\n{said}");
    }
    Ok(())
}

/// Whether any task may do one of these.
fn granted(manifest: &Manifest, operations: &[&str]) -> bool {
    let grants = manifest.tasks.iter().flat_map(|task| task.kernel.keys());
    grants.into_iter().any(|name| operations.contains(&name.as_str()))
}

/// How often the kernel's text has the instruction that calls the emulator.
fn semihosting(elf: &[u8]) -> Result<usize> {
    const HLT_F000: [u8; 4] = 0xd45e_0000_u32.to_le_bytes();
    let elf = object::File::parse(elf)?;
    let text = elf.section_by_name(".text").context("the kernel has no text")?;
    Ok(text.data()?.chunks_exact(4).filter(|word| *word == HLT_F000).count())
}

/// What an image says in its first second, asked by its boot info to stop and to break.
fn second(built: &Artifacts) -> Result<String> {
    let archive = exov6_archive::read(&built.archive)?;
    let script = vec![Command { at: Duration::from_millis(300), text: "break control".to_owned() }];
    let wishes =
        Wishes { run_until: Some(Duration::from_millis(500)), script, ..Wishes::default() };
    let options = Options { time: Time::Wall, wishes, limit: Some(LIMIT), ..Options::default() };
    let mut decoder = Decoder::new(&archive)?;
    let style = Style::new(&archive.manifest, false);
    let mut process = Process::start(&archive.manifest, &built.image, &options)?;
    let started = Instant::now();
    let mut said = String::new();
    // The first line of the console is there when all tasks have begun; a wish that is
    // obeyed would be after half a second.
    while started.elapsed() < Duration::from_secs(3) {
        match process.next(Duration::from_millis(100)) {
            Next::Bytes(bytes) => {
                for event in decoder.feed(&bytes) {
                    match &event {
                        Event::Text(text) => said.push_str(text),
                        other => said.extend(style.line(other).map(|line| line + "\n")),
                    }
                }
            }
            Next::Quiet => {}
            Next::Ended(status) => bail!("it left with {status:?} after\n{said}"),
            Next::TimedOut => bail!("it was stopped after\n{said}"),
        }
    }
    Ok(said)
}
