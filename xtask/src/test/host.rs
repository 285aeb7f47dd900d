//! Host tests: the programs that `cargo test` builds, each test by its name.
//!
//! The programs are run here and not by cargo, two at a time and each on one
//! thread, because then the line of a test ends when the test does, and its time is
//! its own. Examples in documentation have no program; cargo runs them, package by
//! package, and only where there are any, because looking takes rustdoc a second.

use super::{Filter, cargo, host_packages, metadata};
use crate::test::report::Report;
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What there is to test on the host.
#[derive(Default)]
pub struct Host {
    /// Programs with wanted tests.
    pub programs: Vec<Program>,
    /// Not everything could be built, and how long that took to find out.
    pub broken: Option<Duration>,
}

/// A program full of tests.
pub struct Program {
    /// `PACKAGE` or `PACKAGE/FILE`; `PACKAGE/doc` for examples.
    prefix: String,
    kind: Kind,
    /// Directory of the package, where cargo would start it.
    directory: PathBuf,
    /// Names of the wanted tests in it, without the prefix.
    tests: Vec<String>,
    /// Whether all of its tests are wanted.
    all: bool,
}

enum Kind {
    /// An executable.
    File(PathBuf),
    /// The examples in the documentation of this package.
    Docs(String),
}

impl Program {
    /// Names of the wanted tests.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.tests.iter().map(|test| self.name(test))
    }

    fn name(&self, test: &str) -> String {
        format!("{}::{test}", self.prefix)
    }

    fn command(&self) -> Command {
        let mut command = match &self.kind {
            Kind::File(path) => {
                let mut command = Command::new(path);
                command.env("CARGO_MANIFEST_DIR", &self.directory);
                command
            }
            Kind::Docs(package) => {
                let mut command = Command::new(cargo());
                command.args(["test", "--doc", "-p", package, "--"]);
                command
            }
        };
        command.current_dir(&self.directory).stdin(Stdio::null());
        command
    }

    /// Asks what tests there are; whether any is wanted.
    fn look(&mut self, filter: &Filter) -> Result<bool> {
        let listed = self
            .command()
            .args(["--list", "--format", "terse"])
            .output()
            .with_context(|| format!("cannot start the tests of {}", self.prefix))?;
        for line in String::from_utf8_lossy(&listed.stdout).lines() {
            let Some(test) = line.strip_suffix(": test") else { continue };
            if filter.wants(&self.name(test)) {
                self.tests.push(test.to_owned());
            } else {
                self.all = false;
            }
        }
        Ok(!self.tests.is_empty())
    }
}

/// Builds the programs of all packages that have tests for the host, and asks each
/// what is in it. Programs without a wanted test are left out.
pub fn build(root: &Path, filter: &Filter) -> Result<Host> {
    let metadata = metadata(root)?;
    let mut command = Command::new(cargo());
    command.args(["test", "--no-run", "--message-format=json-render-diagnostics", "--quiet"]);
    // One package that does not build is no reason not to test the others.
    command.arg("--no-fail-fast");
    for package in host_packages(&metadata) {
        command.args(["-p", package]);
    }
    let start = Instant::now();
    let output = command
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    let broken = (!output.status.success()).then(|| start.elapsed());
    let mut programs = vec![];
    for line in output.stdout.split(|b| *b == b'\n') {
        let Ok(message) = serde_json::from_slice::<serde_json::Value>(line) else { continue };
        if let Some(program) = program(&message, filter)? {
            programs.push(program);
        }
    }
    for package in metadata["packages"].as_array().into_iter().flatten() {
        programs.extend(examples(package, filter)?);
    }
    programs.sort_by(|a, b| a.prefix.cmp(&b.prefix));
    Ok(Host { programs, broken })
}

/// The program that a message of cargo's is about, if it is one and wanted.
fn program(message: &serde_json::Value, filter: &Filter) -> Result<Option<Program>> {
    let (Some(path), Some(manifest)) =
        (message["executable"].as_str(), message["manifest_path"].as_str())
    else {
        return Ok(None);
    };
    if message["profile"]["test"] != true {
        return Ok(None);
    }
    let directory = Path::new(manifest).parent().unwrap_or(Path::new(".")).to_owned();
    // `path+file:///…/dir#name@version`, or `…/name#version` for a directory of
    // that name.
    let id = message["package_id"].as_str().unwrap_or_default();
    let package = id.rsplit_once('#').map_or(id, |(place, name)| match name.split_once('@') {
        Some((name, _)) => name,
        None => place.rsplit('/').next().unwrap_or(place),
    });
    let target = &message["target"];
    let kind = target["kind"][0].as_str().unwrap_or_default();
    let file = target["name"].as_str().unwrap_or_default();
    let prefix = if kind == "test" { format!("{package}/{file}") } else { package.to_owned() };
    let kind = Kind::File(path.into());
    let mut program = Program { prefix, kind, directory, tests: vec![], all: true };
    Ok(program.look(filter)?.then_some(program))
}

/// The examples of a package's documentation, if it has any and one is wanted.
fn examples(package: &serde_json::Value, filter: &Filter) -> Result<Option<Program>> {
    let targets = package["targets"].as_array();
    let library = targets.is_some_and(|all| all.iter().any(|t| t["doctest"] == true));
    let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
    let (Some(name), Some(directory)) = (package["name"].as_str(), manifest.parent()) else {
        return Ok(None);
    };
    if !library || !any_example(&directory.join("src")) {
        return Ok(None);
    }
    let mut program = Program {
        prefix: format!("{name}/doc"),
        kind: Kind::Docs(name.to_owned()),
        directory: directory.to_owned(),
        tests: vec![],
        all: true,
    };
    Ok(program.look(filter)?.then_some(program))
}

/// Whether a comment in a Rust file below a directory has code to be tested.
fn any_example(directory: &Path) -> bool {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return any_example(&path);
        }
        let rust = path.extension().is_some_and(|e| e == "rs");
        rust && std::fs::read_to_string(&path).is_ok_and(|text| has_example(&text))
    })
}

/// Whether a file has a fenced block in its documentation that is Rust.
fn has_example(text: &str) -> bool {
    let mut inside = false;
    for line in text.lines().map(str::trim_start) {
        let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        let Some(words) = comment.and_then(|c| c.trim().strip_prefix("```")) else { continue };
        inside = !inside;
        let other = ["text", "toml", "json", "ron", "sh", "ignore"];
        if inside && !words.split([',', ' ']).any(|word| other.contains(&word)) {
            return true;
        }
    }
    false
}

/// Runs the wanted tests of all programs.
pub fn run(host: &Host, report: &Report) {
    if let Some(time) = host.broken {
        report.failed("host::build", time, "not all packages build: see above");
    }
    let queue = Mutex::new(host.programs.iter());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(|e| e.into_inner()).next();
                    let Some(program) = next else { break };
                    run_one(program, report);
                }
            });
        }
    });
}

fn run_one(program: &Program, report: &Report) {
    let mut command = program.command();
    command.args(["--test-threads=1", "--color=never"]);
    if !program.all {
        command.arg("--exact").args(&program.tests);
    }
    let start = Instant::now();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            let name = program.name("(start)");
            return report.failed(&name, start.elapsed(), &error.to_string());
        }
    };
    let mut stderr = child.stderr.take();
    let stderr = std::thread::spawn(move || {
        let mut text = vec![];
        if let Some(stderr) = &mut stderr {
            let _ = stderr.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut waiting: Vec<&str> = program.tests.iter().map(String::as_str).collect();
    // Why a test failed is printed by the program at its end.
    let mut failed: Vec<(String, Duration)> = vec![];
    let mut rest = String::new();
    let mut before = Instant::now();
    for line in child.stdout.take().into_iter().flat_map(|o| BufReader::new(o).lines()) {
        let Ok(line) = line else { break };
        let Some((test, passed)) = verdict(&line) else {
            rest.push_str(&line);
            rest.push('\n');
            continue;
        };
        waiting.retain(|name| *name != test);
        match passed {
            true => report.ok(&program.name(test), before.elapsed()),
            false => failed.push((test.to_owned(), before.elapsed())),
        }
        before = Instant::now();
    }
    let status = child.wait();
    let stderr = stderr.join().unwrap_or_default();
    for (test, time) in failed {
        report.failed(&program.name(&test), time, &section(&rest, &test));
    }
    // A program that ended early has not said what became of the rest.
    let how = status.map_or_else(|e| e.to_string(), |s| s.to_string());
    for (position, test) in waiting.into_iter().enumerate() {
        let details = if position == 0 {
            format!("the test program ended here ({how})\n{rest}{stderr}")
        } else {
            format!("did not run: the test program had ended ({how})")
        };
        report.failed(&program.name(test), before.elapsed(), &details);
    }
}

/// Test and result in a line such as `test a::b ... ok`; ignored tests pass.
fn verdict(line: &str) -> Option<(&str, bool)> {
    let (test, result) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    // What is expected of a test stands behind its name, but not in the list.
    let expected = [" - should panic", " - compile fail", " - compile"];
    let test = expected.iter().find_map(|e| test.strip_suffix(e)).unwrap_or(test);
    match result {
        "ok" => Some((test, true)),
        "FAILED" => Some((test, false)),
        ignored if ignored.starts_with("ignored") => Some((test, true)),
        _ => None,
    }
}

/// What a program printed about a failed test: from `---- TEST stdout ----` to the
/// next such line.
fn section(text: &str, test: &str) -> String {
    let title = format!("---- {test} stdout ----");
    let lines = text.lines().skip_while(|l| *l != title).skip(1);
    let lines = lines.take_while(|l| !l.starts_with("---- ") && *l != "failures:");
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{has_example, section, verdict};

    #[test]
    fn pictures_are_no_examples() {
        assert!(!has_example("//! ```text\n//! a\n//! ```\nfn a() {}\n"));
        assert!(has_example("//! ```text\n//! a\n//! ```\n  /// ```\n  /// a();\n  /// ```\n"));
        assert!(has_example("/// ```compile_fail\n/// a();\n/// ```\n"));
        assert!(!has_example("let a = \"```\";\n"));
    }

    #[test]
    fn a_line_of_a_test_program_is_a_verdict_or_is_not() {
        assert_eq!(verdict("test a::b ... ok"), Some(("a::b", true)));
        assert_eq!(verdict("test a - should panic ... FAILED"), Some(("a", false)));
        assert_eq!(verdict("test a (line 9) - compile fail ... ok"), Some(("a (line 9)", true)));
        assert_eq!(verdict("test a ... ignored, slow"), Some(("a", true)));
        assert_eq!(verdict("test result: ok. 3 passed; 0 failed"), None);
        assert_eq!(verdict("running 3 tests"), None);
    }

    #[test]
    fn what_is_said_about_a_failure_is_found() {
        let text = "\nfailures:\n\n---- a stdout ----\nwhy a\n\n---- b stdout ----\nwhy b\n\nfailures:\n    a\n";
        assert_eq!(section(text, "a").trim(), "why a");
        assert_eq!(section(text, "b").trim(), "why b");
        assert_eq!(section(text, "c"), "");
    }
}
