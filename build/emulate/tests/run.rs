//! Runs with stand-ins for the emulator: shell scripts that ignore their arguments.

use exov6_archive::{Archive, Manifest, Qemu};
use exov6_emulate::{Error, Next, Options, Process, run};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// A directory for the one test that runs: a process that another test starts while
/// this one writes its script would hold the script open ("text file busy").
struct Stage(tempfile::TempDir, #[expect(dead_code)] MutexGuard<'static, ()>);

fn stage() -> Stage {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(|failed| failed.into_inner());
    Stage(tempfile::tempdir().unwrap(), alone)
}

/// An archive whose emulator is a script.
fn archive(directory: &Stage, script: &str) -> Archive {
    let path = directory.0.path().join("emulator");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let binary = path.to_str().unwrap().to_owned();
    let manifest =
        Manifest { qemu: Some(Qemu { binary, ..Qemu::default() }), ..Manifest::default() };
    Archive { manifest, entries: vec![] }
}

fn limited(millis: u64) -> Options {
    Options { limit: Some(Duration::from_millis(millis)), ..Options::default() }
}

const IMAGE: &str = "image.img";

#[test]
fn a_run_that_ends_tells_its_status_and_its_last_lines() {
    let directory = stage();
    let archive = archive(&directory, "echo one; echo two; printf '\\000\\374\\001\\000'; exit 7");
    let mut text = String::new();
    let outcome = run(&archive, Path::new(IMAGE), &limited(20_000), &mut |event| {
        if let exov6_decode::Event::Text(more) = event {
            text.push_str(more);
        }
    });
    let outcome = outcome.unwrap();
    assert_eq!(outcome.status, 7);
    assert!(outcome.ended);
    assert_eq!(outcome.last.0, ["one", "two"]);
    assert_eq!(text, "one\ntwo\n");
}

#[test]
fn a_guest_that_hangs_is_ended_at_the_limit_and_its_last_lines_are_told() {
    let directory = stage();
    let archive = archive(&directory, "seq 1 30; exec sleep 100");
    let start = Instant::now();
    let error = run(&archive, Path::new(IMAGE), &limited(300), &mut |_| {}).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(10));
    let Error::Hung { last, .. } = &error else { panic!("{error}") };
    assert_eq!(last.0.len(), 12);
    assert!(error.to_string().ends_with("\n    29\n    30"), "{error}");
}

#[test]
fn a_guest_that_never_stops_talking_is_ended_too() {
    let directory = stage();
    let archive = archive(&directory, "exec yes");
    let start = Instant::now();
    let error = run(&archive, Path::new(IMAGE), &limited(300), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Hung { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_guest_that_keeps_resetting_is_ended_before_the_limit() {
    let directory = stage();
    // A boot frame whose record is all zeros: one COBS block for each.
    let zeros = "\\001".repeat(size_of::<abi::boot::BootRecord>() + 1);
    let boot = format!("printf '\\000\\375{zeros}\\000'");
    let archive = archive(&directory, &format!("while :; do {boot}; done"));
    let start = Instant::now();
    let error = run(&archive, Path::new(IMAGE), &limited(60_000), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Resets { boots: 17.., .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn an_emulator_that_fails_is_quoted() {
    let directory = stage();
    let archive = archive(&directory, "echo 'no such machine' >&2; exit 1");
    let error = run(&archive, Path::new(IMAGE), &limited(20_000), &mut |_| {}).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the emulator ended without the image asking for it (status 1): no such machine\n\
         It said nothing."
    );
}

#[test]
fn an_emulator_that_is_not_there_is_named() {
    let directory = stage();
    let mut archive = archive(&directory, "");
    archive.manifest.qemu = None;
    archive.manifest.board = "bare".into();
    let error = run(&archive, Path::new(IMAGE), &limited(1000), &mut |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "board bare cannot be emulated: its file has no [qemu] section");
}

#[test]
fn what_is_typed_reaches_the_guest() {
    let directory = stage();
    let archive = archive(&directory, "read line; echo \"got $line\"");
    let mut process =
        Process::start(&archive.manifest, Path::new(IMAGE), &limited(20_000)).unwrap();
    process.type_in(b"help\n").unwrap();
    let mut output = vec![];
    loop {
        match process.next(Duration::from_secs(1)) {
            Next::Bytes(bytes) => output.extend(bytes),
            Next::Quiet => {}
            Next::Ended(status) => break assert_eq!(status, Some(0)),
            Next::TimedOut => panic!("timed out"),
        }
    }
    assert_eq!(output, b"got help\n");
}

#[test]
fn a_dropped_process_is_gone() {
    let directory = stage();
    let archive = archive(&directory, "echo $$; exec sleep 100");
    let mut process =
        Process::start(&archive.manifest, Path::new(IMAGE), &limited(60_000)).unwrap();
    let pid = loop {
        if let Next::Bytes(bytes) = process.next(Duration::from_secs(1)) {
            break String::from_utf8(bytes).unwrap().trim().to_owned();
        }
    };
    let at = format!("/proc/{pid}");
    assert!(!cfg!(target_os = "linux") || Path::new(&at).exists());
    drop(process);
    assert!(!Path::new(&at).exists());
}
