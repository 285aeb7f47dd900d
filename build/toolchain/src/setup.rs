//! What this machine lacks, and how to get it.
//!
//! Looking is cheap (no process but one `rustc --version`), so every command does
//! it first. Installing happens only through the system's package manager and only
//! when asked to; nothing is ever fetched with rustup, whose downloads are the
//! user's own business: those commands are printed.

use crate::{Error, Host, MINIMUM, Route, System, TARGETS, Version};
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Something that exov6 needs on the machine that builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Compiler for the targets.
    Compiler,
    /// Linter that belongs to that compiler; only `.ci/run` needs it.
    Clippy,
    /// Linker.
    Linker,
    /// Emulator.
    Emulator,
    /// Solver that proves what is in `kern/proof`; only tests need it.
    Solver,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Compiler => "target toolchain",
            Part::Clippy => "clippy for it",
            Part::Linker => "linker",
            Part::Emulator => "qemu-system-aarch64",
            Part::Solver => "z3",
        })
    }
}

/// What building and running images takes.
pub const REQUIRED: [Part; 3] = [Part::Compiler, Part::Linker, Part::Emulator];
/// The same, and what checking the sources and running every test takes.
pub const ALL: [Part; 5] =
    [Part::Compiler, Part::Clippy, Part::Linker, Part::Emulator, Part::Solver];

/// One part and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub part: Part,
    /// Where it is, in words; `None` if it is missing.
    pub found: Option<String>,
}

/// Looks for every part.
#[must_use]
pub fn check(host: &Host) -> Vec<Item> {
    let route = select_route(host);
    let clippy = route.as_ref().ok().and_then(|(_, sysroot, _)| {
        let bin = sysroot.join("bin");
        let clippy = bin.join("cargo-clippy");
        (clippy.is_file() && bin.join("clippy-driver").is_file()).then_some(clippy)
    });
    let show = |p: PathBuf| p.display().to_string();
    vec![
        Item {
            part: Part::Compiler,
            found: route.ok().map(|(route, sysroot, version)| {
                format!("rustc {version} in {} ({route})", sysroot.display())
            }),
        },
        Item { part: Part::Clippy, found: clippy.map(show) },
        Item { part: Part::Linker, found: find_linker(host).map(show) },
        Item { part: Part::Emulator, found: find_emulator(host).map(show) },
        Item { part: Part::Solver, found: host.program("z3").map(show) },
    ]
}

/// Those of some parts that are missing.
fn missing(host: &Host, parts: &[Part]) -> Vec<Part> {
    let absent = check(host).into_iter().filter(|item| item.found.is_none());
    absent.map(|item| item.part).filter(|part| parts.contains(part)).collect()
}

/// Makes sure that [`REQUIRED`] is there; clippy is not.
///
/// # Errors
/// [`Error::Missing`] names what is not there and prints commands.
pub fn require(host: &Host) -> Result<(), Error> {
    if select_route(host).is_ok() && find_linker(host).is_some() && find_emulator(host).is_some() {
        return Ok(());
    }
    // The error for a missing compiler is the one that says most.
    select_route(host)?;
    let parts = missing(host, &REQUIRED);
    Err(Error::Missing { missing: join(&parts, ", "), help: commands(host, &parts) })
}

/// The emulator, if it is in PATH.
#[must_use]
pub fn find_emulator(host: &Host) -> Option<PathBuf> {
    host.program("qemu-system-aarch64")
}

/// A linker for bare-metal ELF: `rust-lld` of the active toolchain, of the
/// distribution's or of any other that rustup has, else an `ld.lld`.
#[must_use]
pub fn find_linker(host: &Host) -> Option<PathBuf> {
    let inside = |sysroot: &Path| {
        let hosts = sorted(&sysroot.join("lib/rustlib"));
        hosts.into_iter().map(|h| h.join("bin/rust-lld")).find(|l| l.is_file())
    };
    let toolchains = host.rustup.iter().flat_map(|r| sorted(&r.join("toolchains")));
    host.active
        .iter()
        .cloned()
        .chain([host.usr.clone()])
        .chain(toolchains)
        .find_map(|s| inside(&s))
        .or_else(|| host.program("ld.lld"))
        .or_else(|| (14..40).rev().find_map(|n| host.program(&format!("ld.lld-{n}"))))
}

fn sorted(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return vec![] };
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    paths
}

/// Whether an installation has `core` for a target.
fn has_core(sysroot: &Path, target: &str) -> bool {
    sorted(&sysroot.join("lib/rustlib").join(target).join("lib")).iter().any(|p| {
        let name = p.file_name().and_then(|n| n.to_str()).unwrap_or("");
        name.starts_with("libcore-") && name.ends_with(".rlib")
    })
}

/// Whether an installation has the sources of `core`, as `-Zbuild-std` wants them.
fn has_source(sysroot: &Path) -> bool {
    let library = sysroot.join("lib/rustlib/src/rust/library");
    library.join("Cargo.lock").is_file() && library.join("core/src/lib.rs").is_file()
}

/// Chooses among the routes.
pub(crate) fn select_route(host: &Host) -> Result<(Route, PathBuf, Version), Error> {
    let mut tried = vec![];
    let mut attempt = |route: Route, sysroot: &Path| -> Option<(Route, PathBuf, Version)> {
        let lacks = |what: String| format!("  - {route}: {what}");
        for program in ["rustc", "cargo"] {
            let program = sysroot.join("bin").join(program);
            if !program.is_file() {
                tried.push(lacks(format!("no {}", program.display())));
                return None;
            }
        }
        if route == Route::Precompiled {
            if let Some(target) = TARGETS.iter().find(|t| !has_core(sysroot, t)) {
                let at = sysroot.join("lib/rustlib").join(target);
                tried.push(lacks(format!("no core in {}", at.display())));
                return None;
            }
        } else if !has_source(sysroot) {
            let at = sysroot.join("lib/rustlib/src/rust/library");
            tried.push(lacks(format!("no sources in {}", at.display())));
            return None;
        }
        let rustc = sysroot.join("bin/rustc");
        match Version::of(&rustc) {
            Some(version) if version >= MINIMUM => Some((route, sysroot.to_owned(), version)),
            Some(version) => {
                let why = format!("{} is {version}, needed is {MINIMUM}", rustc.display());
                tried.push(lacks(why));
                None
            }
            None => {
                tried.push(lacks(format!("{} does not tell its version", rustc.display())));
                None
            }
        }
    };
    let found = host
        .active
        .iter()
        .filter(|active| **active != host.usr)
        .find_map(|active| {
            attempt(Route::Precompiled, active).or_else(|| attempt(Route::Source, active))
        })
        .or_else(|| attempt(Route::Distribution, &host.usr));
    found.ok_or_else(|| Error::NoToolchain {
        targets: TARGETS.join(" and "),
        tried: tried.join("\n"),
        help: commands(host, &missing_for_commands(host)),
    })
}

/// Parts whose commands belong under an error about a missing compiler.
fn missing_for_commands(host: &Host) -> Vec<Part> {
    let mut parts = vec![Part::Compiler];
    if find_linker(host).is_none() {
        parts.push(Part::Linker);
    }
    if find_emulator(host).is_none() {
        parts.push(Part::Emulator);
    }
    parts
}

/// Packages of a Rust distribution inside a Debian release.
struct Family {
    compiler: &'static str,
    rest: &'static [&'static str],
    clippy: &'static str,
}

/// Newest first: Debian keeps a current compiler for its browsers beside the
/// release's own.
const FAMILIES: [Family; 2] = [
    Family {
        compiler: "rustc-web",
        rest: &["cargo-web", "rust-web-src"],
        clippy: "rust-web-clippy",
    },
    Family { compiler: "rustc", rest: &["cargo", "rust-src"], clippy: "rust-clippy" },
];

fn packages(family: &Family, parts: &[Part]) -> Vec<&'static str> {
    let mut packages = vec![];
    for part in parts {
        match part {
            Part::Compiler => {
                packages.push(family.compiler);
                packages.extend(family.rest);
            }
            Part::Clippy => packages.push(family.clippy),
            Part::Linker => packages.push("lld"),
            Part::Emulator => packages.push("qemu-system-arm"),
            Part::Solver => packages.push("z3"),
        }
    }
    packages
}

/// Commands that a person can type on this system to get `parts`, with a line of
/// introduction; empty if `parts` is.
#[must_use]
pub fn commands(host: &Host, parts: &[Part]) -> String {
    if parts.is_empty() {
        return String::new();
    }
    let mut lines = vec!["To get it on this system:".to_owned()];
    let has = |part| parts.contains(&part);
    let rustup = host.rustup.is_some();
    if host.system == System::Debian {
        let sudo = if host.root { "" } else { "sudo " };
        lines.push(format!("    {sudo}apt-get update"));
        lines.push(format!(
            "    {sudo}apt-get install -y --no-install-recommends {}",
            packages(&FAMILIES[0], parts).join(" ")
        ));
        if rustup && has(Part::Compiler) {
            lines.push("or, for the compiler, with a rustup that may download:".to_owned());
            lines.push(format!("    rustup target add {}", TARGETS.join(" ")));
        }
        return lines.join("\n");
    }
    if has(Part::Compiler) {
        if !rustup {
            lines.push("    install rustup, see https://rustup.rs".to_owned());
        }
        lines.push(format!("    rustup target add {}", TARGETS.join(" ")));
    }
    if has(Part::Clippy) {
        lines.push("    rustup component add clippy".to_owned());
    }
    let (install, linker, emulator) = match host.system {
        System::Fedora => ("sudo dnf install", "lld", "qemu-system-aarch64-core"),
        System::Arch => ("sudo pacman -S", "lld", "qemu-system-aarch64"),
        System::Mac => ("brew install", "lld", "qemu"),
        System::Debian | System::Other => ("install", "lld", "QEMU (qemu-system-aarch64)"),
    };
    let mut names = vec![];
    if has(Part::Linker) {
        names.push(linker);
    }
    if has(Part::Emulator) {
        names.push(emulator);
    }
    if has(Part::Solver) {
        names.push("z3");
    }
    if !names.is_empty() {
        lines.push(format!("    {install} {}", names.join(" ")));
    }
    lines.join("\n")
}

/// Installs those of `wanted` that are missing, or says how. Each line of `progress`
/// is meant for the user's terminal.
///
/// # Errors
/// [`Error::Missing`] where packages cannot be installed from here,
/// [`Error::TooOld`] where the system has none that are new enough,
/// [`Error::Install`] if the package manager fails.
pub fn install(host: &Host, wanted: &[Part], progress: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let parts = missing(host, wanted);
    if parts.is_empty() {
        return Ok(());
    }
    let apt_get = host.program("apt-get").filter(|_| host.system == System::Debian && host.root);
    let Some(apt_get) = apt_get else {
        if parts.contains(&Part::Compiler) {
            // Says what was tried; the next line is for parts beside it.
            select_route(host)?;
        }
        let help = commands(host, &parts);
        return Err(Error::Missing { missing: join(&parts, ", "), help });
    };
    apt(&apt_get, &["update"], progress)?;
    let family = if parts.contains(&Part::Compiler) {
        choose_family(host, &parts)?
    } else {
        // Clippy must match the compiler that is there.
        let web = host.usr.join("share/doc/rustc-web").is_dir();
        &FAMILIES[usize::from(!web)]
    };
    let packages = packages(family, &parts);
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(&packages);
    apt(&apt_get, &arguments, progress)?;
    let still = missing(host, wanted);
    if still.is_empty() {
        return Ok(());
    }
    Err(Error::StillMissing { packages: packages.join(" "), missing: join(&still, ", ") })
}

fn choose_family(host: &Host, parts: &[Part]) -> Result<&'static Family, Error> {
    let mut tried = vec![];
    for family in &FAMILIES {
        let policy =
            |program| Command::new(program).args(["policy", family.compiler]).output().ok();
        let output = host.program("apt-cache").and_then(policy);
        let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned());
        let text = text.unwrap_or_default();
        let candidate = text.lines().find(|l| l.trim().starts_with("Candidate:"));
        let version = candidate.and_then(Version::parse);
        if version.is_some_and(|v| v >= MINIMUM) {
            return Ok(family);
        }
        let version = version.map_or("none".to_owned(), |v| v.to_string());
        tried.push(format!("{}: {version}", family.compiler));
    }
    let elsewhere = Host { system: System::Other, ..host.clone() };
    let help = commands(&elsewhere, parts);
    Err(Error::TooOld { minimum: MINIMUM, tried: tried.join(", "), help })
}

/// Runs apt-get, reporting each line it prints.
fn apt(program: &Path, arguments: &[&str], progress: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let command = format!("apt-get {}", arguments.join(" "));
    progress(&command);
    let fail = |why: String, output: &[String]| Error::Install {
        command: command.clone(),
        why,
        output: output.join("\n"),
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| fail(e.to_string(), &[]))?;
    let mut last: Vec<String> = vec![];
    for line in child.stdout.take().into_iter().flat_map(|o| BufReader::new(o).lines()) {
        let Ok(line) = line else { break };
        progress(&line);
        if last.len() == 20 {
            last.remove(0);
        }
        last.push(line);
    }
    let status = child.wait().map_err(|e| fail(e.to_string(), &last))?;
    if status.success() { Ok(()) } else { Err(fail(status.to_string(), &last)) }
}

fn join(parts: &[Part], by: &str) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(by)
}
