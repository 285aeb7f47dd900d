//! `cargo xtask run`: an image in the emulator, its log in this terminal.

use crate::progress::Bar;
use crate::screen::Screen;
use crate::terminal::Keys;
use crate::{debug, dist, place, time};
use anyhow::{Context, Result, bail};
use exov6_archive::Archive;
use exov6_config::Variant;
use exov6_config::model::Profile;
use exov6_decode::{Decoder, Style};
use exov6_emulate::{Command, Next, Options, Process, Time, Wishes, report};
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Port for the debugger.
const GDB: u16 = 1234;
/// Host time that a bounded run may take at least.
const LEAST: Duration = Duration::from_secs(120);

/// Arguments of `run`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The app.toml, or its directory [default: the workspace's]
    app: Option<PathBuf>,
    /// Run on this board instead of the one that app.toml names
    #[arg(long)]
    board: Option<String>,
    /// Run for this long in virtual time, then print a summary: 500ms, 5s, 2m
    #[arg(long = "for", value_name = "TIME", value_parser = time::parse)]
    run_for: Option<Duration>,
    /// Make this task fault at half the time
    #[arg(long = "break", value_name = "TASK", requires = "run_for")]
    break_task: Option<String>,
    /// Type a command at a time after boot; may be given several times
    #[arg(long, value_name = "TIME: COMMAND", value_parser = input)]
    input: Vec<Command>,
    /// Wait for a debugger on TCP port 1234 before the first instruction
    #[arg(long)]
    gdb: bool,
    /// Run a release: it looks at no boot info, so nothing can be asked of it here
    #[arg(long, conflicts_with_all = ["run_for", "break_task", "input"])]
    release: bool,
}

/// Reads `TIME: COMMAND`.
fn input(text: &str) -> Result<Command, String> {
    let (at, text) = text.split_once(':').ok_or("expected TIME: COMMAND, such as '2s: status'")?;
    let at = time::parse(at.trim())?;
    Ok(Command { at, text: text.trim().to_owned() })
}

/// Builds and runs.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let root = place::root()?;
    let app = place::app(arguments.app.as_deref(), &root)?;
    let profile = if arguments.release { Profile::Release } else { Profile::Debug };
    let variant = Variant { board: arguments.board.as_deref(), profile };
    let built = dist::build_for(&root, &app, &variant, &mut Bar::new())?;
    let archive = exov6_archive::read(&built.archive)?;
    let mut script = arguments.input.clone();
    if let (Some(task), Some(run_for)) = (&arguments.break_task, arguments.run_for) {
        script.push(break_at_half(&archive, task, run_for)?);
    }
    if !script.is_empty() && !takes_commands(&archive) {
        bail!(
            "no task of {} takes commands: `--break` and `--input` need one that uses \
             `boot-info`, as the demo's console does",
            archive.manifest.name
        );
    }
    if arguments.gdb {
        let scripts = debug::write(&archive, &built.elf, GDB)?;
        eprintln!(
            "waiting for a debugger on port {GDB}: gdb-multiarch -x {}/TASK.gdb",
            place::shown(&scripts)
        );
    }
    match arguments.run_for {
        Some(run_for) => {
            let terminal = std::io::stdout().is_terminal();
            let out = std::io::stdout().lock();
            let run = Run { length: run_for, script, gdb: arguments.gdb, entry: None };
            bounded(&archive, &built.image, run, out, terminal)?;
            Ok(ExitCode::SUCCESS)
        }
        None => interactive(&archive, &built.image, script, arguments.gdb),
    }
}

/// Whether a task reads the script in the boot-info page. A test task looks there for
/// something else.
fn takes_commands(archive: &Archive) -> bool {
    let tests = exov6_decode::cases(archive);
    archive.manifest.tasks.iter().any(|task| {
        task.regions.iter().any(|region| region.name.as_deref() == Some("boot-info"))
            && tests.iter().all(|case| case.task != task.name)
    })
}

/// The command that makes a task fault at half the time.
pub fn break_at_half(archive: &Archive, task: &str, run_for: Duration) -> Result<Command> {
    let tasks = &archive.manifest.tasks;
    if archive.manifest.task(task).is_none() {
        let names: Vec<&str> = tasks.iter().map(|t| t.name.as_str()).collect();
        bail!("no task `{task}` in {}; it has {}", archive.manifest.name, names.join(", "));
    }
    Ok(Command { at: run_for / 2, text: format!("break {task}") })
}

/// A run of some virtual time.
#[derive(Default)]
pub struct Run {
    /// How long.
    pub length: Duration,
    /// Console commands.
    pub script: Vec<Command>,
    /// Wait for a debugger.
    pub gdb: bool,
    /// Exception level at entry, or as the board usually does.
    pub entry: Option<u32>,
}

/// Runs for a virtual time; the last line printed is the summary.
pub fn bounded(
    archive: &Archive,
    image: &Path,
    run: Run,
    out: impl Write,
    terminal: bool,
) -> Result<()> {
    let Run { length: run_for, script, gdb, entry } = run;
    let options = Options {
        time: Time::Virtual,
        wishes: Wishes { run_until: Some(run_for), script, ..Wishes::default() },
        limit: (!gdb).then(|| LEAST.max(run_for * 20)),
        gdb: gdb.then_some(GDB),
        entry,
        ..Options::default()
    };
    let style = Style::new(&archive.manifest, terminal);
    let mut screen = Screen::new(out, style, terminal);
    let mut written = Ok(());
    let outcome = exov6_emulate::run(archive, image, &options, &mut |event| {
        if written.is_ok() {
            written = screen.event(event);
        }
    });
    screen.finish()?;
    written?;
    let outcome = outcome?;
    if outcome.status != 0 {
        bail!("the image left the emulator with status {}\n{}", outcome.status, outcome.last);
    }
    if !outcome.ended {
        bail!("the image left the emulator before it had said everything\n{}", outcome.last);
    }
    screen.say(&report::last_line(&archive.manifest, run_for, &outcome.summaries))?;
    Ok(())
}

/// Runs until the guest leaves or Ctrl-C is typed.
fn interactive(
    archive: &Archive,
    image: &Path,
    script: Vec<Command>,
    gdb: bool,
) -> Result<ExitCode> {
    let wishes = Wishes { script, ..Wishes::default() };
    let gdb_port = gdb.then_some(GDB);
    let options = Options { time: Time::Wall, wishes, gdb: gdb_port, ..Options::default() };
    let terminal = std::io::stdout().is_terminal();
    let mut decoder = Decoder::new(archive)?;
    let mut process = Process::start(&archive.manifest, image, &options)?;
    let keys = Keys::one_by_one();
    if keys.active() {
        eprintln!("{} is running; Ctrl-C leaves", archive.manifest.name);
    }
    let leave = Arc::new(AtomicBool::new(false));
    if let Some(guest) = process.take_input() {
        let leave = leave.clone();
        let watch = keys.active();
        // Ends with this process: there is no portable way to wake a blocked read.
        std::thread::spawn(move || forward_keys(guest, &leave, watch));
    }
    let style = Style::new(&archive.manifest, terminal);
    let mut screen = Screen::new(std::io::stdout().lock(), style, terminal);
    let status = loop {
        if leave.load(Ordering::Relaxed) {
            break None;
        }
        match process.next(Duration::from_millis(50)) {
            Next::Bytes(bytes) => {
                for event in decoder.feed(&bytes) {
                    screen.event(&event)?;
                }
            }
            Next::Quiet => {}
            Next::Ended(status) => break Some(status),
            Next::TimedOut => bail!("the emulator was stopped"),
        }
    };
    for event in decoder.finish() {
        screen.event(&event)?;
    }
    screen.finish()?;
    drop(keys);
    match status {
        None => {
            process.end();
            Ok(ExitCode::SUCCESS)
        }
        Some(Some(0)) => Ok(ExitCode::SUCCESS),
        Some(status) => {
            let status = status.map_or("a signal".to_owned(), |s| format!("status {s}"));
            let complaints = process.complaints();
            let complaints = complaints.trim();
            bail!("the emulator ended with {status}\n{complaints}")
        }
    }
}

/// Hands keys to the guest; at Ctrl-C, if that is a key, says so and stops.
fn forward_keys(mut guest: impl Write, leave: &AtomicBool, watch: bool) {
    let mut buffer = [0; 256];
    let mut input = std::io::stdin().lock();
    while let Ok(count @ 1..) = input.read(&mut buffer) {
        let typed = &buffer[..count];
        let end = typed.iter().position(|b| watch && *b == 3);
        let sent = guest.write_all(&typed[..end.unwrap_or(count)]).and_then(|()| guest.flush());
        if end.is_some() {
            leave.store(true, Ordering::Relaxed);
            return;
        }
        if sent.is_err() {
            return;
        }
    }
}

/// Runs as [`bounded`] does, into a string.
pub fn captured(archive: &Archive, image: &Path, run: Run) -> Result<String> {
    let mut out = vec![];
    let done = bounded(archive, image, run, &mut out, false);
    let out = String::from_utf8_lossy(&out).into_owned();
    done.with_context(|| format!("printed:\n{out}")).map(|()| out)
}

#[cfg(test)]
mod tests {
    use super::input;
    use std::time::Duration;

    #[test]
    fn a_command_has_a_time() {
        let command = input("1.5s: set 2: x").unwrap();
        assert_eq!((command.at, command.text.as_str()), (Duration::from_millis(1500), "set 2: x"));
        assert!(input("status").unwrap_err().starts_with("expected TIME: COMMAND"));
        assert!(input("now: status").is_err());
    }
}
