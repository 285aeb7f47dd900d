//! Cargo: builds the kernel and the tasks for the target, and says how it goes.

use exov6_toolchain::Toolchain;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

/// Why a build did not produce a file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Cargo could not be started.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// Which cargo.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The crate does not build for the target. The compiler's own words follow.
    #[error("{what} does not build for {target}:\n{output}")]
    Failed {
        /// What was built.
        what: String,
        /// For which target.
        target: String,
        /// What the compiler said.
        output: String,
    },
    /// Cargo succeeded, but made no file of the expected kind.
    #[error("{what} built, but produced no {kind}; {help}")]
    NoOutput {
        /// What was built.
        what: String,
        /// `executable` or `static library`.
        kind: &'static str,
        /// What to do.
        help: &'static str,
    },
}

/// Builds the program of a task's crate; the path of its ELF file.
///
/// # Errors
/// Any.
pub fn task(
    toolchain: &Toolchain,
    target: &str,
    directory: &Path,
    package: &str,
    model: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<PathBuf, Error> {
    let mut command = toolchain
        .cargo_in(target, directory)
        .map_err(|source| Error::Start { program: toolchain.cargo.clone(), source })?;
    command.args(["build", "--release", "--bins", "--manifest-path"]);
    command.arg(directory.join("Cargo.toml"));
    command.env("EXOV6_TASK_MODEL", model);
    let messages = run(command, package, target, progress)?;
    executable(&messages, directory).ok_or(Error::NoOutput {
        what: package.to_owned(),
        kind: "executable",
        help: "a task's crate has one `[[bin]]`",
    })
}

/// Builds the kernel, with checks of its invariants or without; the path of its static
/// library.
///
/// # Errors
/// Any.
pub fn kernel(
    toolchain: &Toolchain,
    target: &str,
    root: &Path,
    checks: bool,
    progress: &mut dyn FnMut(&str),
) -> Result<PathBuf, Error> {
    let mut command = toolchain.cargo(target);
    command.args(["rustc", "--release", "--lib", "--crate-type", "staticlib", "--manifest-path"]);
    command.arg(root.join("kern/Cargo.toml"));
    if checks {
        command.args(["--features", "checks"]);
    }
    let messages = run(command, "the kernel", target, progress)?;
    messages
        .iter()
        .filter(|message| message["reason"] == "compiler-artifact")
        .flat_map(|message| message["filenames"].as_array().into_iter().flatten())
        .filter_map(|name| name.as_str())
        .rfind(|name| name.ends_with("kern.a"))
        .map(PathBuf::from)
        .ok_or(Error::NoOutput {
            what: "the kernel".to_owned(),
            kind: "static library",
            help: "clean the target directory and try again",
        })
}

/// Links objects with a script.
///
/// # Errors
/// Any.
pub fn link(
    toolchain: &Toolchain,
    library: &Path,
    script: &Path,
    output: &Path,
) -> Result<(), Error> {
    let mut command = Command::new(&toolchain.linker);
    if toolchain.linker.file_stem().is_some_and(|name| name == "rust-lld") {
        command.args(["-flavor", "gnu"]);
    }
    command.args(["--gc-sections", "--fix-cortex-a53-843419", "--no-dynamic-linker", "-static"]);
    command.arg("--undefined=image_head").arg("-T").arg(script).arg(library).arg("-o").arg(output);
    let done = command
        .output()
        .map_err(|source| Error::Start { program: toolchain.linker.clone(), source })?;
    if done.status.success() {
        return Ok(());
    }
    Err(Error::Failed {
        what: "the kernel's image".to_owned(),
        target: "its link".to_owned(),
        output: String::from_utf8_lossy(&done.stderr).into_owned(),
    })
}

/// The one executable that belongs to the crate in `directory`.
fn executable(messages: &[serde_json::Value], directory: &Path) -> Option<PathBuf> {
    let manifest = directory.join("Cargo.toml");
    let same = |path: &str| {
        let path = Path::new(path);
        path == manifest || path.canonicalize().ok() == manifest.canonicalize().ok()
    };
    messages
        .iter()
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter(|message| message["manifest_path"].as_str().is_some_and(same))
        .find_map(|message| message["executable"].as_str())
        .map(PathBuf::from)
}

/// Runs cargo; its JSON messages.
fn run(
    mut command: Command,
    what: &str,
    target: &str,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<serde_json::Value>, Error> {
    command.arg("--message-format=json-render-diagnostics");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = PathBuf::from(command.get_program());
    let start = |source| Error::Start { program: program.clone(), source };
    let mut child = command.spawn().map_err(start)?;
    let (send, lines) = mpsc::channel();
    let stderr = child.stderr.take();
    let reader = std::thread::spawn(move || {
        for line in stderr.into_iter().flat_map(|pipe| BufReader::new(pipe).lines()).flatten() {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    let stdout = child.stdout.take();
    let messages = std::thread::spawn(move || {
        stdout
            .into_iter()
            .flat_map(|pipe| BufReader::new(pipe).lines())
            .flatten()
            .filter_map(|line| serde_json::from_str(&line).ok())
            .collect::<Vec<serde_json::Value>>()
    });
    let mut output = String::new();
    for line in lines {
        progress(&line);
        output.push_str(&line);
        output.push('\n');
    }
    let status = child.wait().map_err(start)?;
    // Both threads end when the pipes close, which they have.
    let _ = reader.join();
    let messages = messages.join().unwrap_or_default();
    if status.success() {
        return Ok(messages);
    }
    Err(Error::Failed { what: what.to_owned(), target: target.to_owned(), output })
}
