//! The four routes, on machines made of empty files.

use exov6_toolchain::setup::{self, Part};
use exov6_toolchain::{Error, HARD, Host, Route, SOFT, System, Toolchain, Version};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A machine in a temporary directory: nothing is installed.
struct Machine {
    directory: tempfile::TempDir,
    _alone: std::sync::MutexGuard<'static, ()>,
}

/// One machine at a time: a process that another test starts while this one writes a
/// script would hold the script open, and it could not be run ("text file busy").
static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

impl Machine {
    fn new() -> Machine {
        let _alone = ALONE.lock().unwrap_or_else(|failed| failed.into_inner());
        Machine { directory: tempfile::tempdir().unwrap(), _alone }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A compiler of some version in `sysroot`.
    fn compiler(&self, sysroot: &str, version: &str) {
        self.file(&format!("{sysroot}/bin/cargo"), "");
        let script = format!("#!/bin/sh\necho 'rustc {version} (0123456789 2026-01-01)'\n");
        self.file(&format!("{sysroot}/bin/rustc"), &script);
    }

    fn core(&self, sysroot: &str, target: &str) {
        self.file(&format!("{sysroot}/lib/rustlib/{target}/lib/libcore-0123.rlib"), "");
    }

    fn source(&self, sysroot: &str) {
        self.file(&format!("{sysroot}/lib/rustlib/src/rust/library/Cargo.lock"), "");
        self.file(&format!("{sysroot}/lib/rustlib/src/rust/library/core/src/lib.rs"), "");
    }

    fn linker(&self, sysroot: &str) {
        self.file(&format!("{sysroot}/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld"), "");
    }

    /// The active toolchain is `rustup/toolchains/stable`, the distribution is `usr`.
    fn host(&self) -> Host {
        Host {
            active: Some(self.at("rustup/toolchains/stable")),
            usr: self.at("usr"),
            rustup: Some(self.at("rustup")),
            cargo_home: Some(self.at("cargo")),
            target_dir: None,
            path: vec![self.at("path")],
            system: System::Debian,
            root: false,
            keep: vec![("HOME".into(), "/h/me".into())],
        }
    }

    fn select(&self) -> Result<Toolchain, Error> {
        Toolchain::select(&self.host(), Path::new("/checkout"))
    }
}

const STABLE: &str = "rustup/toolchains/stable";

/// A machine with everything on it.
fn rich() -> Machine {
    let machine = Machine::new();
    machine.compiler(STABLE, "1.95.0");
    machine.core(STABLE, SOFT);
    machine.core(STABLE, HARD);
    machine.source(STABLE);
    machine.linker(STABLE);
    machine.compiler("usr", "1.96.0");
    machine.source("usr");
    machine
}

fn remove(machine: &Machine, path: &str) {
    fs::remove_dir_all(machine.at(path)).unwrap();
}

#[test]
fn precompiled_core_in_the_active_toolchain_comes_first() {
    let toolchain = rich().select().unwrap();
    assert_eq!(toolchain.route, Route::Precompiled);
    assert_eq!(toolchain.version, Version { major: 1, minor: 95, patch: 0 });
    let command = toolchain.cargo(SOFT);
    assert_eq!(command.get_args().count(), 0);
    assert!(!command.get_envs().any(|(k, _)| k == "RUSTC_BOOTSTRAP"));
}

#[test]
fn precompiled_core_for_one_of_two_targets_is_not_enough() {
    let machine = rich();
    remove(&machine, &format!("{STABLE}/lib/rustlib/{HARD}"));
    assert_eq!(machine.select().unwrap().route, Route::Source);
}

#[test]
fn sources_in_the_active_toolchain_come_second() {
    let machine = rich();
    remove(&machine, &format!("{STABLE}/lib/rustlib/{SOFT}"));
    let toolchain = machine.select().unwrap();
    assert_eq!(toolchain.route, Route::Source);
    assert_eq!(toolchain.rustc, machine.at(STABLE).join("bin/rustc"));
    let command = toolchain.cargo(SOFT);
    assert_eq!(command.get_args().collect::<Vec<_>>(), ["-Zbuild-std=core,alloc"]);
    assert!(command.get_envs().any(|(k, v)| k == "RUSTC_BOOTSTRAP" && v == Some("1".as_ref())));
}

#[test]
fn the_distribution_comes_third_and_borrows_the_linker_of_rustup() {
    let machine = rich();
    remove(&machine, &format!("{STABLE}/lib/rustlib/{SOFT}"));
    remove(&machine, &format!("{STABLE}/lib/rustlib/src"));
    let toolchain = machine.select().unwrap();
    assert_eq!(toolchain.route, Route::Distribution);
    assert_eq!(toolchain.cargo, machine.at("usr/bin/cargo"));
    assert!(toolchain.linker.starts_with(machine.at(STABLE)));
}

#[test]
fn a_distribution_that_is_too_old_is_refused_with_both_versions() {
    let machine = rich();
    remove(&machine, STABLE);
    machine.compiler("usr", "1.63.0");
    let text = machine.select().unwrap_err().to_string();
    assert!(text.contains("is 1.63.0, needed is 1.95.0"), "{text}");
}

#[test]
fn without_any_route_the_error_lists_all_of_them_and_the_commands() {
    let machine = Machine::new();
    machine.compiler(STABLE, "1.95.0");
    let text = machine.select().unwrap_err().to_string();
    for part in [
        "no compiler for aarch64-unknown-none-softfloat and aarch64-unknown-none",
        "active toolchain, precompiled core: no core in ",
        "active toolchain, core from rust-src: no sources in ",
        "distribution's toolchain, core from source: no ",
        "sudo apt-get install -y --no-install-recommends rustc-web cargo-web rust-web-src lld qemu-system-arm",
        "rustup target add aarch64-unknown-none-softfloat aarch64-unknown-none",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn a_linker_of_the_distribution_does_and_the_newest_is_taken() {
    let machine = rich();
    remove(&machine, &format!("{STABLE}/lib/rustlib/x86_64-unknown-linux-gnu"));
    assert!(matches!(machine.select(), Err(Error::NoLinker { .. })));
    machine.file("usr/bin/ld.lld-14", "");
    machine.file("usr/bin/ld.lld-19", "");
    assert_eq!(machine.select().unwrap().linker, machine.at("usr/bin/ld.lld-19"));
    machine.file("path/ld.lld", "");
    assert_eq!(machine.select().unwrap().linker, machine.at("path/ld.lld"));
    machine.linker("rustup/toolchains/nightly");
    assert!(machine.select().unwrap().linker.ends_with("rust-lld"));
}

#[test]
fn the_compiler_sees_nothing_of_our_environment_but_what_is_kept() {
    let machine = rich();
    let toolchain = machine.select().unwrap();
    let command = toolchain.cargo(HARD);
    let value = |name: &str| {
        let found = command.get_envs().find(|(k, _)| *k == name);
        found.and_then(|(_, v)| v).map(|v| v.to_str().unwrap().to_owned())
    };
    assert_eq!(value("HOME").as_deref(), Some("/h/me"));
    assert_eq!(value("CARGO_BUILD_TARGET").as_deref(), Some(HARD));
    assert_eq!(value("CARGO_TARGET_DIR").as_deref(), Some("/checkout/target/exov6"));
    let linker = toolchain.linker.to_str().map(str::to_owned);
    assert_eq!(value("CARGO_TARGET_AARCH64_UNKNOWN_NONE_LINKER"), linker);
    assert_eq!(value("RUSTUP_TOOLCHAIN"), None);
    let flags = value("CARGO_ENCODED_RUSTFLAGS").unwrap();
    assert!(flags.split('\u{1f}').any(|f| f == "--remap-path-prefix=/checkout=/exov6"), "{flags}");
}

#[test]
fn what_is_missing_is_named_and_so_is_the_way_to_get_it() {
    let machine = rich();
    let text = setup::require(&machine.host()).unwrap_err().to_string();
    assert_eq!(
        text,
        "missing: qemu-system-aarch64\n\nTo get it on this system:\n    sudo apt-get update\n    \
         sudo apt-get install -y --no-install-recommends qemu-system-arm"
    );
    machine.file("path/qemu-system-aarch64", "");
    setup::require(&machine.host()).unwrap();
    let items = setup::check(&machine.host());
    let absent: Vec<Part> =
        items.into_iter().filter(|i| i.found.is_none()).map(|i| i.part).collect();
    assert_eq!(absent, [Part::Clippy, Part::Solver]);
}

#[test]
fn where_packages_cannot_be_installed_nothing_is_and_the_commands_are_told() {
    let machine = Machine::new();
    let mut lines = 0;
    for (system, expected) in [
        (System::Debian, "sudo apt-get install -y --no-install-recommends rustc-web"),
        (System::Fedora, "sudo dnf install lld qemu-system-aarch64-core"),
        (System::Arch, "sudo pacman -S lld qemu-system-aarch64"),
        (System::Mac, "brew install lld qemu"),
        (System::Other, "install lld QEMU"),
    ] {
        let host = Host { system, ..machine.host() };
        let text = setup::install(&host, &setup::ALL, &mut |_| lines += 1).unwrap_err().to_string();
        assert!(text.contains(expected), "{system:?}: {text}");
    }
    assert_eq!(lines, 0, "something was started");
}

/// A machine with apt, whose packages are what these scripts say.
fn with_apt(candidate: &str, install: &str) -> (Machine, Host) {
    let machine = Machine::new();
    machine.file("path/apt-cache", &format!("#!/bin/sh\necho '  Candidate: {candidate}'\n"));
    let script = "#!/bin/sh\ncd \"$(dirname \"$0\")/..\"\necho \"$@\" >> asked\n[ \"$1\" = update ] && exit\n";
    machine.file("path/apt-get", &format!("{script}{install}\n"));
    let host = Host { active: None, root: true, ..machine.host() };
    (machine, host)
}

#[test]
fn with_root_and_apt_what_is_missing_is_installed_and_nothing_else() {
    let (machine, host) =
        with_apt("1.96.0+dfsg1-1", "touch path/qemu-system-aarch64; cp -r new usr");
    machine.compiler("new", "1.96.0");
    machine.source("new");
    machine.linker("rustup/toolchains/stable");
    let mut shown = vec![];
    setup::install(&host, &setup::REQUIRED, &mut |line| shown.push(line.to_owned())).unwrap();
    let packages =
        "install -y --no-install-recommends rustc-web cargo-web rust-web-src qemu-system-arm";
    assert_eq!(fs::read_to_string(machine.at("asked")).unwrap(), format!("update\n{packages}\n"));
    assert_eq!(shown, ["apt-get update".to_owned(), format!("apt-get {packages}")]);
    setup::require(&host).unwrap();
    // A second time there is nothing to do.
    setup::install(&host, &setup::REQUIRED, &mut |_| panic!("installs again")).unwrap();
}

#[test]
fn packages_that_are_too_old_are_not_installed() {
    let (machine, host) = with_apt("1.63.0+dfsg1-2", "");
    let error = setup::install(&host, &setup::REQUIRED, &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("no Rust 1.95.0 or newer (tried rustc-web: 1.63.0, rustc: 1.63.0)"));
    assert!(error.contains("rustup target add"), "{error}");
    assert_eq!(fs::read_to_string(machine.at("asked")).unwrap(), "update\n");
}

#[test]
fn a_package_manager_that_fails_is_quoted() {
    let (_machine, host) = with_apt("1.96.0", "echo 'E: disk full'; exit 100");
    let error = setup::install(&host, &setup::REQUIRED, &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("rustc-web"), "{error}");
    assert!(error.contains("exit status: 100") && error.contains("E: disk full"), "{error}");
}
