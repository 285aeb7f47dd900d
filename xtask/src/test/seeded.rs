//! Seeded breaks: for each case a change of one line that it must notice.
//!
//! A file `test/seeded/GROUP.toml` has a table per case:
//!
//! ```toml
//! [call_words]
//! file = "kern/src/ipc.rs"      # from the root
//! line = "…"                    # stands there exactly once, indented as in the file
//! with = "…"                    # what is put in its place
//! ```
//!
//! or, where no line of ours can make the case fail, `none = "why"`.
//!
//! The sources are copied to `target/seeded/tree`. There, one after the other, a break
//! is applied, `cargo xtask test` runs the case on the first machine, and the break is
//! reverted. A break that does not compile catches nothing: the case itself must say
//! that its promise does not hold.
//!
//! Every ordinary run of the tests checks that each case has a break and that each
//! break still fits the sources.

use super::{cargo, report::Report, target};
use crate::out::say;
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The name of the check in ordinary runs.
pub const CHECK: &str = "seeded::every_case_has_a_break_that_fits";

/// What stands for a case.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Entry {
    Break(Break),
    Nothing(Nothing),
}

/// Nothing that we could break makes the case fail.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {
    none: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Break {
    file: PathBuf,
    line: String,
    with: String,
}

/// All breaks, by the name of their case.
fn read(root: &Path) -> Result<BTreeMap<String, Entry>> {
    let mut all = BTreeMap::new();
    let directory = root.join("test/seeded");
    let listing = fs::read_dir(&directory).with_context(|| directory.display().to_string())?;
    for entry in listing {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let breaks: BTreeMap<String, Entry> =
            toml::from_str(&text).with_context(|| path.display().to_string())?;
        for (case, found) in breaks {
            ensure!(all.insert(case.clone(), found).is_none(), "two breaks for `{case}`");
        }
    }
    Ok(all)
}

impl Break {
    /// The file's text with the break in it.
    fn applied(&self, root: &Path) -> Result<String> {
        let path = root.join(&self.file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let found: Vec<usize> =
            text.lines().enumerate().filter(|(_, l)| *l == self.line).map(|(at, _)| at).collect();
        let [at] = found[..] else {
            bail!("`{}` stands {} times in {}", self.line, found.len(), self.file.display());
        };
        ensure!(self.line != self.with, "a break that changes nothing");
        ensure!(!self.with.contains('\n'), "a break is one line");
        let lines = text.lines().enumerate();
        Ok(lines
            .flat_map(|(n, line)| [if n == at { self.with.as_str() } else { line }, "\n"])
            .collect())
    }
}

/// Whether each case has a break, and each break its line.
pub fn check(root: &Path, report: &Report) {
    let start = Instant::now();
    let result = read(root).and_then(|breaks| {
        let cases: Vec<&str> = target::cases().collect();
        let mut wrong = vec![];
        wrong.extend(
            cases.iter().filter(|c| !breaks.contains_key(**c)).map(|c| format!("{c}: no break")),
        );
        for (case, found) in &breaks {
            if !cases.contains(&case.as_str()) {
                wrong.push(format!("{case}: no such case"));
            }
            if let Entry::Break(found) = found
                && let Err(error) = found.applied(root)
            {
                wrong.push(format!("{case}: {error:#}"));
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    });
    report.result(CHECK, start.elapsed(), &result);
}

/// Tries the breaks of those cases that are wanted.
pub fn run(root: &Path, wants: &dyn Fn(&str) -> bool, report: &Report) -> Result<()> {
    let breaks = read(root)?;
    let name = |case: &str| format!("seeded::{case}");
    let wanted: Vec<_> = breaks.iter().filter(|(case, _)| wants(&name(case))).collect();
    ensure!(!wanted.is_empty(), "no seeded break has such a name");
    let tree = root.join("target/seeded/tree");
    copy(root, &tree)?;
    say!("{} breaks, each built and booted in {}", wanted.len(), tree.display());
    for (case, found) in wanted {
        match found {
            Entry::Nothing(Nothing { none }) => say!("no break for {}: {none}", name(case)),
            Entry::Break(found) => {
                let start = Instant::now();
                let result = one(&tree, case, found);
                report.result(&name(case), start.elapsed(), &result);
            }
        }
    }
    Ok(())
}

/// The sources as they are, committed or not; what is gone is removed.
fn copy(root: &Path, tree: &Path) -> Result<()> {
    let list = |directory: &Path| -> Result<Vec<u8>> {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(directory)
            .output()
            .context("cannot start git")?;
        ensure!(output.status.success(), "git does not list the sources");
        Ok(output.stdout)
    };
    let listed = list(root)?;
    let files: Vec<&str> = listed
        .split(|&byte| byte == 0)
        .filter_map(|name| std::str::from_utf8(name).ok())
        .filter(|name| !name.is_empty() && root.join(name).is_file())
        .collect();
    let old = tree.with_extension("list");
    for gone in fs::read_to_string(&old).unwrap_or_default().lines() {
        if !files.contains(&gone) {
            // It may be gone already.
            let _ = fs::remove_file(tree.join(gone));
        }
    }
    for name in &files {
        let (from, to) = (root.join(name), tree.join(name));
        let bytes = fs::read(&from).with_context(|| from.display().to_string())?;
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue; // unchanged, so that nothing is built again
        }
        if let Some(directory) = to.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(&to, bytes).with_context(|| to.display().to_string())?;
    }
    fs::write(old, files.join("\n"))?;
    Ok(())
}

/// Applies a break, runs its case, reverts; `Ok` if the case noticed.
fn one(tree: &Path, case: &str, found: &Break) -> Result<()> {
    let path = tree.join(&found.file);
    let broken = found.applied(tree)?;
    let original = fs::read(&path)?;
    fs::write(&path, broken)?;
    let output = Command::new(cargo())
        .args(["run", "--quiet", "--package", "xtask", "--", "test", "--target"])
        .arg(format!("target::{case}"))
        .current_dir(tree)
        .env_remove("CARGO_MANIFEST_DIR")
        .env("CARGO_TARGET_DIR", tree.join("target"))
        .stdin(Stdio::null())
        .output();
    fs::write(&path, original)?;
    let output = output.context("cannot start cargo")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    let mut lines = said.lines().skip_while(|l| !l.starts_with(&format!("FAILED target::{case} ")));
    if lines.next().is_none() {
        let passed = said.lines().any(|l| l.starts_with(&format!("ok target::{case} ")));
        let change = format!("{} -> {}", found.line.trim(), found.with.trim());
        ensure!(!passed, "the case passes with\n{}: {change}", found.file.display());
        bail!("the case did not run:\n{said}{complained}");
    }
    let details: Vec<&str> = lines.take_while(|l| l.starts_with("    ")).collect();
    let noticed = details.first().is_some_and(|l| l.trim_start().starts_with(target::MUST_HOLD));
    ensure!(noticed, "the broken image does not build:\n{}", details.join("\n"));
    Ok(())
}
