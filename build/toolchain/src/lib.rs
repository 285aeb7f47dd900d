//! The target toolchain: which compiler builds the kernel and the tasks, and how.
//!
//! The host side of exov6 builds with whatever stable `cargo` its user has. The
//! target side needs `core` for bare-metal targets, which comes from one of four
//! places, tried in this order:
//!
//! ```text
//!   1  active toolchain, `core` precompiled     rustup target add …
//!   2  active toolchain, sources of `core`      rustup component add rust-src
//!   3  the distribution's toolchain in /usr     apt-get install rustc-web …
//!   4  nothing: an error that says what to type on this system
//! ```
//!
//! The active toolchain is found without starting it, so that looking costs
//! milliseconds. The compiler is then started with a cleared environment, because
//! `cargo run` hands its own toolchain's variables down to whatever it runs.
//! Flags are fixed in one place ([`flags`]): every change of them builds `core` anew.
#![forbid(unsafe_code)]

mod error;
pub mod flags;
mod host;
mod outside;
pub mod setup;
mod version;

pub use error::Error;
pub use host::{Host, System};
pub use outside::PREFIX as APPLICATION;
pub use version::Version;

use std::path::{Path, PathBuf};
use std::process::Command;

/// Target of the kernel and of tasks without floating point.
pub const SOFT: &str = "aarch64-unknown-none-softfloat";
/// Target of tasks with `fp = true`.
pub const HARD: &str = "aarch64-unknown-none";
/// Every target that an image may need.
pub const TARGETS: [&str; 2] = [SOFT, HARD];
/// Oldest compiler that is good enough.
pub const MINIMUM: Version = Version { major: 1, minor: 95, patch: 0 };

/// Where `core` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Precompiled in the active toolchain.
    Precompiled,
    /// Built from the sources in the active toolchain.
    Source,
    /// Built from the sources of the distribution's toolchain.
    Distribution,
}

impl Route {
    /// Whether cargo has to build `core` itself.
    #[must_use]
    pub const fn builds_core(self) -> bool {
        !matches!(self, Route::Precompiled)
    }
}

impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Route::Precompiled => "active toolchain, precompiled core",
            Route::Source => "active toolchain, core from rust-src",
            Route::Distribution => "distribution's toolchain, core from source",
        })
    }
}

/// A toolchain that can build for every one of [`TARGETS`].
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// Where `core` comes from.
    pub route: Route,
    /// Root of the compiler's installation.
    pub sysroot: PathBuf,
    /// `cargo` of that installation, absolute.
    pub cargo: PathBuf,
    /// `rustc` of that installation, absolute.
    pub rustc: PathBuf,
    /// `rustdoc` of that installation, absolute.
    pub rustdoc: PathBuf,
    /// `cargo-clippy` of that installation, if it has one.
    pub clippy: Option<PathBuf>,
    /// Linker: `rust-lld` or an `ld.lld`.
    pub linker: PathBuf,
    /// Version of the compiler.
    pub version: Version,
    /// Root of the workspace with the kernel.
    pub root: PathBuf,
    /// Where cargo puts what it builds for targets.
    pub target_dir: PathBuf,
    /// Path prefixes that must not reach an image, each with what stands for it.
    /// Later entries win over earlier ones.
    pub remap: Vec<(PathBuf, String)>,
    environment: Vec<(String, std::ffi::OsString)>,
}

impl Toolchain {
    /// Finds a toolchain on this machine for the workspace at `root`.
    ///
    /// # Errors
    /// [`Error`] says what each route lacked and which commands would help.
    pub fn find(root: &Path) -> Result<Toolchain, Error> {
        Toolchain::select(&Host::detect(), root)
    }

    /// Finds a toolchain on the machine that `host` describes.
    ///
    /// # Errors
    /// As [`Toolchain::find`].
    pub fn select(host: &Host, root: &Path) -> Result<Toolchain, Error> {
        let (route, sysroot, version) = setup::select_route(host)?;
        let linker = setup::find_linker(host).ok_or_else(|| Error::NoLinker {
            help: setup::commands(host, &[setup::Part::Linker]),
        })?;
        let bin = sysroot.join("bin");
        let clippy = Some(bin.join("cargo-clippy"))
            .filter(|c| c.is_file() && bin.join("clippy-driver").is_file());
        let target_dir =
            host.target_dir.clone().unwrap_or_else(|| root.join("target")).join("exov6");
        let mut remap = vec![];
        if let Some(home) = &host.cargo_home {
            remap.push((home.clone(), "/cargo".to_owned()));
        }
        let source = sysroot.join("lib/rustlib/src/rust");
        if let Ok(real) = source.canonicalize() {
            remap.push((real, "/rust".to_owned()));
        }
        remap.push((source, "/rust".to_owned()));
        remap.push((root.to_owned(), "/exov6".to_owned()));
        remap.push((target_dir.clone(), "/exov6/target/exov6".to_owned()));
        Ok(Toolchain {
            route,
            cargo: bin.join("cargo"),
            rustc: bin.join("rustc"),
            rustdoc: bin.join("rustdoc"),
            clippy,
            linker,
            version,
            root: root.to_owned(),
            target_dir,
            remap,
            sysroot,
            environment: host.keep.clone(),
        })
    }

    /// A `cargo` for `target` with everything set but the subcommand: the caller
    /// adds `build --release -p NAME …`.
    ///
    /// The environment is empty except for HOME, PATH, certificates and proxies,
    /// and what selects compiler, linker, flags, target (`CARGO_BUILD_TARGET`) and
    /// target directory. `DEFMT_LOG` is `trace`: levels are applied at run time.
    /// The working directory is the workspace.
    #[must_use]
    pub fn cargo(&self, target: &str) -> Command {
        let mut command = self.start(&self.cargo, target);
        if self.route.builds_core() {
            command.arg("-Zbuild-std=core,alloc");
        }
        command
    }

    /// Like [`Toolchain::cargo`], with `clippy` as its subcommand: the caller adds
    /// `-p NAME … -- -D warnings`. `None` if this toolchain has no clippy.
    #[must_use]
    pub fn clippy(&self, target: &str) -> Option<Command> {
        // Not `cargo clippy`: cargo looks for that in CARGO_HOME/bin first, where
        // rustup keeps the one of the wrong toolchain.
        let mut command = self.start(self.clippy.as_ref()?, target);
        command.arg("clippy");
        if self.route.builds_core() {
            command.arg("-Zbuild-std=core,alloc");
        }
        Some(command)
    }

    /// Like [`Toolchain::cargo`], with `doc` as its subcommand: the caller adds
    /// `--manifest-path …`. `None` if this toolchain has no rustdoc.
    #[must_use]
    pub fn doc(&self, target: &str) -> Option<Command> {
        if !self.rustdoc.is_file() {
            return None;
        }
        let mut command = self.cargo(target);
        command.arg("doc");
        Some(command)
    }

    fn start(&self, program: &Path, target: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment.iter().map(|(k, v)| (k, v)));
        command.current_dir(&self.root);
        command.env("CARGO", &self.cargo).env("RUSTC", &self.rustc).env("RUSTDOC", &self.rustdoc);
        if self.route.builds_core() {
            command.env("RUSTC_BOOTSTRAP", "1");
        }
        command.env("CARGO_TARGET_DIR", &self.target_dir);
        command.env("CARGO_BUILD_TARGET", target).env("CARGO_INCREMENTAL", "0");
        command.env("CARGO_ENCODED_RUSTFLAGS", self.rustflags(target).join("\u{1f}"));
        command.env("DEFMT_LOG", "trace").env("CARGO_FUTURE_INCOMPAT_REPORT_FREQUENCY", "never");
        let key = target.to_uppercase().replace(['-', '.'], "_");
        command.env(format!("CARGO_TARGET_{key}_LINKER"), &self.linker);
        command
    }

    /// Flags that every crate for `target` is compiled with.
    #[must_use]
    pub fn rustflags(&self, target: &str) -> Vec<String> {
        let mut flags: Vec<String> =
            flags::for_target(target).iter().map(|f| (*f).to_owned()).collect();
        for (from, to) in &self.remap {
            flags.push(format!("--remap-path-prefix={}={to}", from.display()));
        }
        flags
    }
}
