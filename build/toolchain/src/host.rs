//! What there is on this machine, read without starting anything.
//!
//! Everything that the search depends on is a field of [`Host`], so that tests can
//! describe machines that do not exist.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Variables that the target toolchain gets to see, if they are set.
const KEEP: &[&str] = &[
    "HOME",
    "PATH",
    "CARGO_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "GIT_SSL_CAINFO",
    "http_proxy",
    "https_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "all_proxy",
    "no_proxy",
    "NO_PROXY",
    "TMPDIR",
    "TERM",
    "CARGO_NET_OFFLINE",
    "CARGO_TERM_COLOR",
    "CARGO_BUILD_JOBS",
];

/// Kind of operating system, for the commands that an error prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Debian, Ubuntu and what is made from them: has apt.
    Debian,
    /// Fedora, RHEL and what is made from them: has dnf.
    Fedora,
    /// Arch: has pacman.
    Arch,
    /// macOS, with Homebrew.
    Mac,
    /// Anything else.
    Other,
}

/// A machine that builds images.
#[derive(Clone, Debug)]
pub struct Host {
    /// Installation of the toolchain that the user's `cargo` belongs to.
    pub active: Option<PathBuf>,
    /// Where the distribution installs: `/usr`.
    pub usr: PathBuf,
    /// rustup's directory, if there is one.
    pub rustup: Option<PathBuf>,
    /// cargo's directory.
    pub cargo_home: Option<PathBuf>,
    /// Where `cargo` was told to put what it builds (`CARGO_TARGET_DIR`).
    pub target_dir: Option<PathBuf>,
    /// Directories of programs, in the order of PATH.
    pub path: Vec<PathBuf>,
    /// Kind of operating system.
    pub system: System,
    /// Whether this process may install packages.
    pub root: bool,
    /// Variables to hand to the target toolchain.
    pub keep: Vec<(String, OsString)>,
}

impl Host {
    /// This machine, as its environment and files describe it.
    #[must_use]
    pub fn detect() -> Host {
        let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
        let directory = |name: &str| variable(name).map(PathBuf::from);
        let home = directory("HOME");
        let under_home = |name: &str| home.as_ref().map(|h| h.join(name)).filter(|d| d.is_dir());
        let rustup = directory("RUSTUP_HOME").or_else(|| under_home(".rustup"));
        let path: Vec<PathBuf> =
            variable("PATH").map(|p| std::env::split_paths(&p).collect()).unwrap_or_default();
        let active = active(
            directory("CARGO"),
            rustup.as_deref(),
            variable("RUSTUP_TOOLCHAIN").and_then(|v| v.into_string().ok()),
            &path,
        );
        Host {
            active,
            usr: PathBuf::from("/usr"),
            cargo_home: directory("CARGO_HOME").or_else(|| under_home(".cargo")),
            target_dir: directory("CARGO_TARGET_DIR").and_then(|d| std::path::absolute(d).ok()),
            rustup,
            path,
            system: system(),
            root: rustix::process::geteuid().is_root(),
            keep: KEEP.iter().filter_map(|k| Some(((*k).to_owned(), variable(k)?))).collect(),
        }
    }

    /// The first file with this name in PATH, then in the distribution's `bin`.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        self.path
            .iter()
            .map(|d| d.join(name))
            .chain([self.usr.join("bin").join(name)])
            .find(|p| p.is_file())
    }
}

/// Whether `directory` is the root of a compiler's installation.
fn is_sysroot(directory: &Path) -> bool {
    directory.join("lib/rustlib").is_dir() && directory.join("bin/rustc").is_file()
}

/// The installation of the user's toolchain: the one whose cargo started us, else
/// the one that rustup would choose, else the first `rustc` in PATH that is not
/// rustup's stand-in.
fn active(
    cargo: Option<PathBuf>,
    rustup: Option<&Path>,
    chosen: Option<String>,
    path: &[PathBuf],
) -> Option<PathBuf> {
    let around = |program: &Path| {
        let real = program.canonicalize().ok()?;
        real.parent()?.parent().filter(|s| is_sysroot(s)).map(Path::to_owned)
    };
    let from_rustup = || {
        let rustup = rustup?;
        let name = chosen.or_else(|| {
            let settings = std::fs::read_to_string(rustup.join("settings.toml")).ok()?;
            let line = settings.lines().find(|l| l.starts_with("default_toolchain"))?;
            line.split('"').nth(1).map(str::to_owned)
        })?;
        // An absolute path is allowed as a name, and `join` takes it as it is.
        Some(rustup.join("toolchains").join(name)).filter(|s| is_sysroot(s))
    };
    cargo
        .and_then(|c| around(&c))
        .or_else(from_rustup)
        .or_else(|| path.iter().find_map(|d| around(&d.join("rustc"))))
}

fn system() -> System {
    if cfg!(target_os = "macos") {
        return System::Mac;
    }
    let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    system_of(&text)
}

/// The kind of system that an `os-release` file describes.
fn system_of(os_release: &str) -> System {
    let names = os_release
        .lines()
        .filter_map(|l| l.strip_prefix("ID=").or_else(|| l.strip_prefix("ID_LIKE=")))
        .flat_map(|v| v.trim_matches('"').split_whitespace());
    for name in names {
        match name {
            "debian" | "ubuntu" => return System::Debian,
            "fedora" | "rhel" | "centos" => return System::Fedora,
            "arch" => return System::Arch,
            _ => {}
        }
    }
    System::Other
}

#[cfg(test)]
mod tests {
    use super::{System, active, system_of};
    use std::fs;
    use std::path::Path;

    fn sysroot(at: &Path) {
        fs::create_dir_all(at.join("bin")).unwrap();
        fs::create_dir_all(at.join("lib/rustlib")).unwrap();
        fs::write(at.join("bin/rustc"), "").unwrap();
        fs::write(at.join("bin/cargo"), "").unwrap();
    }

    #[test]
    fn systems_are_known_by_their_own_name_or_their_parents() {
        assert_eq!(system_of("NAME=x\nID=debian\n"), System::Debian);
        assert_eq!(system_of("ID=pop\nID_LIKE=\"ubuntu debian\"\n"), System::Debian);
        assert_eq!(system_of("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"), System::Fedora);
        assert_eq!(system_of("ID=nixos\n"), System::Other);
    }

    #[test]
    fn the_toolchain_whose_cargo_started_us_is_the_active_one() {
        let t = tempfile::tempdir().unwrap();
        let t = t.path().canonicalize().unwrap();
        for name in ["mine", "rustup/toolchains/default", "rustup/toolchains/chosen", "other"] {
            sysroot(&t.join(name));
        }
        fs::write(
            t.join("rustup/settings.toml"),
            "version = \"12\"\ndefault_toolchain = \"default\"\n",
        )
        .unwrap();
        let rustup = t.join("rustup");
        let path = [t.join("other/bin")];
        let chosen = || Some("chosen".to_owned());
        assert_eq!(
            active(Some(t.join("mine/bin/cargo")), Some(&rustup), chosen(), &path),
            Some(t.join("mine"))
        );
        assert_eq!(
            active(None, Some(&rustup), chosen(), &path),
            Some(t.join("rustup/toolchains/chosen"))
        );
        assert_eq!(
            active(None, Some(&rustup), None, &path),
            Some(t.join("rustup/toolchains/default"))
        );
        assert_eq!(active(None, None, None, &path), Some(t.join("other")));
        assert_eq!(active(None, None, None, &[]), None);
    }

    #[test]
    fn a_program_that_only_stands_in_for_a_compiler_is_no_toolchain() {
        let t = tempfile::tempdir().unwrap();
        fs::create_dir_all(t.path().join("bin")).unwrap();
        fs::write(t.path().join("bin/rustc"), "").unwrap();
        assert_eq!(active(None, None, None, &[t.path().join("bin")]), None);
    }
}
