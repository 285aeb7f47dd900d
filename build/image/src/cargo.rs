//! Cargo: builds the kernel and the tasks for the target, and says how it goes and what
//! went into them.

use exov6_toolchain::Toolchain;
use std::collections::BTreeSet;
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

/// What cargo made.
pub struct Made {
    /// The file.
    pub file: PathBuf,
    /// Directories of the packages that went into it, without those of registries and of
    /// the compiler.
    pub packages: BTreeSet<PathBuf>,
    /// Whether anything had to be compiled.
    pub compiled: bool,
}

impl Made {
    fn new(file: PathBuf, messages: &[serde_json::Value], toolchain: &Toolchain) -> Made {
        let library = toolchain.sysroot.join("lib/rustlib/src");
        let library = library.canonicalize().unwrap_or(library);
        let packages = artifacts(messages)
            .filter(|m| m["package_id"].as_str().is_some_and(|id| id.starts_with("path+")))
            .filter_map(|m| Path::new(m["manifest_path"].as_str()?).parent().map(Path::to_owned))
            .filter(|directory| {
                let real = directory.canonicalize();
                !directory.starts_with(&toolchain.sysroot)
                    && !real.is_ok_and(|real| real.starts_with(&library))
            });
        let compiled = artifacts(messages).any(|m| m["fresh"] == false);
        Made { file, packages: packages.collect(), compiled }
    }
}

fn artifacts(
    messages: &[serde_json::Value],
) -> impl DoubleEndedIterator<Item = &serde_json::Value> {
    messages.iter().filter(|message| message["reason"] == "compiler-artifact")
}

/// Builds the program of a task's crate.
///
/// # Errors
/// Any.
pub fn task(
    toolchain: &Toolchain,
    target: &str,
    directory: &Path,
    package: &str,
    bin: Option<&str>,
    model: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<Made, Error> {
    let mut command = toolchain
        .cargo_in(target, directory)
        .map_err(|source| Error::Start { program: toolchain.cargo.clone(), source })?;
    command.args(["build", "--release", "--manifest-path"]);
    command.arg(directory.join("Cargo.toml"));
    match bin {
        Some(bin) => command.args(["--bin", bin]),
        None => command.arg("--bins"),
    };
    command.env("EXOV6_TASK_MODEL", model);
    let messages = run(command, package, target, progress)?;
    let file = executable(&messages, directory).ok_or(Error::NoOutput {
        what: package.to_owned(),
        kind: "executable",
        help: "a task's crate has one `[[bin]]`",
    })?;
    Ok(Made::new(file, &messages, toolchain))
}

/// Builds the kernel, with these features, as a static library.
///
/// # Errors
/// Any.
pub fn kernel(
    toolchain: &Toolchain,
    target: &str,
    root: &Path,
    features: &[&str],
    progress: &mut dyn FnMut(&str),
) -> Result<Made, Error> {
    let mut command = toolchain.cargo(target);
    command.args(["rustc", "--release", "--lib", "--crate-type", "staticlib", "--manifest-path"]);
    command.arg(root.join("kern/Cargo.toml"));
    if !features.is_empty() {
        command.args(["--features", &features.join(",")]);
    }
    let messages = run(command, "the kernel", target, progress)?;
    let file = artifacts(&messages)
        .flat_map(|message| message["filenames"].as_array().into_iter().flatten())
        .filter_map(|name| name.as_str())
        .rfind(|name| name.ends_with("kern.a"))
        .map(PathBuf::from)
        .ok_or(Error::NoOutput {
            what: "the kernel".to_owned(),
            kind: "static library",
            help: "clean the target directory and try again",
        })?;
    Ok(Made::new(file, &messages, toolchain))
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
    artifacts(messages)
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
