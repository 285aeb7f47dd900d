//! `cargo xtask test`: one list of names, all kinds of tests.
//!
//! * *host*: what `cargo test` would run, program by program. `PACKAGE::TEST`
//! * *target*: a promise of the kernel each, tried on the machine in a boot of its
//!   own, on every machine; virtual time, so the same every time. `target::CASE`,
//!   `target::MACHINE::CASE`
//! * *replay*: a script of `test/replay` each, on the machine. `replay::SCRIPT`
//! * *fuzz*: random system calls on the machine, a boot for each seed. `fuzz::seed_N`
//! * *commands*: what `check`, `schema` and `explain` print. `commands::CASE`
//! * *rpc*: a debugger's calls to a running image. `rpc::CASE`
//! * *whole*: the default image from outside, as its user sees it. `whole::CASE`
//! * *verify*: the default image is proved, and each flipped bit of its tables is noticed.
//!   `verify::CASE`
//! * *apps*: applications outside of this repository, as their authors type commands.
//!   `apps::CASE`
//!
//! The tests of another application than the repository's are run alone, by the task in it
//! that has them ([`own`]).
//!
//! * *seeded*: that each target case has a break it must notice, `--seeded` tries them
//!
//! A line per test as it ends, details of the failed ones below theirs; then what was
//! skipped and why, and what failed; the last line is `N passed, N failed`.

mod apps;
mod backoff;
mod boot;
mod building;
mod commands;
mod fuzz;
mod group;
mod host;
mod isolation;
mod machine;
mod memory;
mod monitor;
mod own;
mod refusals;
mod replay;
mod report;
mod rpc;
mod seeded;
mod target;
mod whole;

use crate::out::say;
use crate::{place, time};
use anyhow::{Context, Result, bail};
use group::Tests;
use report::Report;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// Tests that look at images and commands from outside, in the order in which they run.
const GROUPS: [&dyn Tests; 5] =
    [&commands::GROUP, &rpc::GROUP, &whole::GROUP, &isolation::GROUP, &apps::GROUP];

/// Arguments of `test`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only tests whose name contains this
    filter: Option<String>,
    /// Only print the names
    #[arg(long)]
    list: bool,
    /// The tests of this application, on the target: an app.toml, or its directory
    /// [default: the nearest one above, if it is outside of exov6]
    #[arg(long, conflicts_with_all = ["host", "target", "seeded", "replay"])]
    app: Option<PathBuf>,
    /// Test the application on this board instead of the one that app.toml names
    #[arg(long)]
    board: Option<String>,
    /// Virtual time that a test of the application may take [default: 2s]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    limit: Option<Duration>,
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
    /// Only this script, on the target; see test/replay
    #[arg(long, value_name = "FILE", conflicts_with_all = ["filter", "list", "host", "target"])]
    replay: Option<PathBuf>,
    /// Fuzz the kernel with seeds 1 to N
    #[arg(long, value_name = "N", default_value_t = 4)]
    seeds: u64,
}

/// Which tests are wanted.
struct Filter(Option<String>);

impl Filter {
    fn wants(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|part| name.contains(part.as_str()))
    }

    fn shown(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Runs the tests.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let root = place::root()?;
    if let Some(path) = &arguments.replay {
        return replay::file(&root, path);
    }
    let filter = Filter(arguments.filter.clone());
    if let Some(app) = own_app(arguments, &root)? {
        let passed = own::run(
            &root,
            &own::Wanted {
                app: &app,
                board: arguments.board.as_deref(),
                filter: &filter,
                list: arguments.list,
                limit: arguments.limit.unwrap_or(own::LIMIT),
            },
        )?;
        return Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    if arguments.board.is_some() || arguments.limit.is_some() {
        bail!("`--board` and `--limit` are for the tests of an application: add `--app`");
    }
    if arguments.seeded {
        let report = Report::new();
        seeded::run(&root, &|name| filter.wants(name), &report)?;
        return Ok(if report.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let mut emulated = vec![];
    if !arguments.host {
        emulated.extend(target::names());
        emulated.extend(backoff::names());
        emulated.extend(replay::names(&root));
        emulated.extend(fuzz::names(arguments.seeds));
        emulated.extend(GROUPS.iter().flat_map(|group| group.names()));
        emulated.retain(|name| filter.wants(name));
    }
    let host = if arguments.target { host::Host::default() } else { host::build(&root, &filter)? };
    let seeded_check = !arguments.target && filter.wants(seeded::CHECK);
    if arguments.list {
        let host = host.programs.iter().flat_map(host::Program::names);
        let check = seeded_check.then(|| seeded::CHECK.to_owned());
        let all = host.chain(check).chain(emulated);
        all.for_each(|name| say!("{name}"));
        return Ok(ExitCode::SUCCESS);
    }
    if host.programs.is_empty() && host.broken.is_none() && emulated.is_empty() && !seeded_check {
        bail!(
            "no test has `{}` in its name; `cargo xtask test --list` prints them",
            filter.shown()
        );
    }
    let report = Report::new();
    host::run(&host, &report);
    if seeded_check {
        seeded::check(&root, &report);
    }
    target::run(&root, &emulated, &report);
    backoff::run(&root, &emulated, &report);
    replay::run(&root, &emulated, &report);
    fuzz::run(&root, &emulated, &report);
    for group in GROUPS {
        group.run(&root, &emulated, &report);
    }
    Ok(if report.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The application whose tests are meant, if it is not the repository itself: one that was
/// named, or, unless a kind of test of the repository is asked for, the one around here.
fn own_app(arguments: &Arguments, root: &Path) -> Result<Option<PathBuf>> {
    if let Some(app) = &arguments.app {
        return place::app(Some(app), root).map(Some);
    }
    if arguments.host || arguments.target || arguments.seeded {
        return Ok(None);
    }
    let app = place::app(None, root)?;
    Ok(exov6_image::home(&app, root).map(|_| app))
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
