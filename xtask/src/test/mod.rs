//! `cargo xtask test`: one list of names, three kinds of tests.
//!
//! * *host*: what `cargo test` would run, program by program. `PACKAGE::TEST`
//! * *target*: a promise of the kernel each, tried on the machine in a boot of its
//!   own, on every machine; virtual time, so the same every time. `target::CASE`,
//!   `target::MACHINE::CASE`
//! * *whole*: the default image from outside, as its user sees it. `whole::CASE`
//! * *seeded*: that each target case has a break it must notice, `--seeded` tries them
//!
//! A line per test as it ends, details of the failed ones below theirs; then what was
//! skipped and why, and what failed; the last line is `N passed, N failed`.

mod host;
mod monitor;
mod refusals;
mod report;
mod seeded;
mod target;
mod whole;

use crate::out::say;
use crate::place;
use anyhow::{Context, Result, bail};
use report::Report;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Arguments of `test`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only tests whose name contains this
    filter: Option<String>,
    /// Only print the names
    #[arg(long)]
    list: bool,
    /// Only tests that run on the host
    #[arg(long, conflicts_with = "target")]
    host: bool,
    /// Only tests that run in the emulator
    #[arg(long)]
    target: bool,
    /// Break the code, one line for each target case, and see that the case notices;
    /// takes about ten seconds for each
    #[arg(long, conflicts_with_all = ["host", "target", "list"])]
    seeded: bool,
}

/// Which tests are wanted.
struct Filter(Option<String>);

impl Filter {
    fn wants(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|part| name.contains(part.as_str()))
    }
}

/// Runs the tests.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let root = place::root()?;
    let filter = Filter(arguments.filter.clone());
    if arguments.seeded {
        let report = Report::new();
        seeded::run(&root, &|name| filter.wants(name), &report)?;
        return Ok(if report.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let target = target::names().into_iter().filter(|n| filter.wants(n)).collect::<Vec<_>>();
    let whole = whole::names().into_iter().filter(|n| filter.wants(n)).collect::<Vec<_>>();
    let (target, whole) = if arguments.host { (vec![], vec![]) } else { (target, whole) };
    let host = if arguments.target { host::Host::default() } else { host::build(&root, &filter)? };
    let seeded_check = !arguments.target && filter.wants(seeded::CHECK);
    if arguments.list {
        let host = host.programs.iter().flat_map(host::Program::names);
        let check = seeded_check.then(|| seeded::CHECK.to_owned());
        host.chain(check).chain(target).chain(whole).for_each(|name| say!("{name}"));
        return Ok(ExitCode::SUCCESS);
    }
    let emulated = target.len() + whole.len();
    if host.programs.is_empty() && host.broken.is_none() && emulated == 0 && !seeded_check {
        bail!(
            "no test has `{}` in its name; `cargo xtask test --list` prints them",
            arguments.filter.as_deref().unwrap_or_default()
        );
    }
    let report = Report::new();
    host::run(&host, &report);
    if seeded_check {
        seeded::check(&root, &report);
    }
    target::run(&root, &target, &report);
    whole::run(&root, &whole, &report);
    Ok(if report.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The `cargo` that runs us.
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// What cargo knows of the workspace's own packages.
pub fn metadata(root: &Path) -> Result<serde_json::Value> {
    let output = Command::new(cargo())
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("`cargo metadata` failed");
    }
    serde_json::from_slice(&output.stdout).context("what `cargo metadata` printed")
}

/// Names of the packages that have something to test on the host. Tasks say
/// `test = false`: they only exist on the target.
pub fn host_packages(metadata: &serde_json::Value) -> Vec<&str> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .filter(|package| {
            let targets = package["targets"].as_array();
            targets.is_some_and(|all| all.iter().any(|t| t["test"] == true))
        })
        .filter_map(|package| package["name"].as_str())
        .collect()
}
