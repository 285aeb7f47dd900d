//! Replay: scripts of `test/replay` on the target, step by step, against what they say.
//!
//! The host tests of the kernel hold the same scripts against the simulated machine, so
//! a difference here is one between the two.

use super::report::Report;
use crate::progress::Bar;
use crate::{dist, out::say};
use anyhow::{Context, Result, bail};
use exov6_archive::Archive;
use exov6_decode::Event;
use exov6_emulate::{Options, Time, Wishes};
use exov6_test_replay::text::outcome;
use exov6_test_replay::{Act, Outcome, Script, Step, code};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Host time that a script may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Names of all scripts, as tests.
pub fn names(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root.join("test/replay")).into_iter().flatten().flatten();
    let scripts = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "script"));
    let mut names: Vec<String> = scripts
        .filter_map(|path| Some(format!("replay::{}", path.file_stem()?.to_str()?)))
        .collect();
    names.sort();
    names
}

/// Runs the scripts of these names.
pub fn run(root: &Path, names: &[String], report: &Report) {
    let names: Vec<&String> = names.iter().filter(|name| name.starts_with("replay::")).collect();
    if names.is_empty() {
        return;
    }
    let start = Instant::now();
    let image = build(root);
    for name in names {
        let script = name.strip_prefix("replay::").unwrap_or(name);
        let path = root.join("test/replay").join(script).with_extension("script");
        let begun = Instant::now();
        match &image {
            Ok(image) => {
                let result = one(image, &path);
                report.result(name, begun.elapsed(), &result);
            }
            Err(error) => report.failed(name, start.elapsed(), &format!("{error:#}")),
        }
    }
}

/// Runs one script, wherever it is.
pub fn file(root: &Path, path: &Path) -> Result<ExitCode> {
    let image = build(root)?;
    one(&image, path)?;
    say!("{}: every step came out as the script says", path.display());
    Ok(ExitCode::SUCCESS)
}

struct Image {
    archive: Archive,
    path: PathBuf,
    tasks: Vec<String>,
}

fn build(root: &Path) -> Result<Image> {
    let built = dist::build(root, &root.join("test/replay/app.toml"), None, &mut Bar::new())?;
    let archive = exov6_archive::read(&built.archive)?;
    let tasks = archive.manifest.tasks.iter().map(|task| task.name.clone()).collect();
    Ok(Image { archive, path: built.image, tasks })
}

/// What the target said.
#[derive(Default)]
struct Said {
    steps: BTreeMap<usize, Outcome>,
    /// Kinds of the faults of each task, in order.
    faults: BTreeMap<usize, Vec<u8>>,
    /// Faults that were told: task, life, number within it.
    told: BTreeSet<(u64, u64, u64)>,
    rest: Vec<String>,
}

impl Said {
    fn hear(&mut self, message: &str) {
        if self.note(message).is_none() {
            self.rest.push(message.to_owned());
        }
    }

    fn note(&mut self, message: &str) -> Option<()> {
        let plain = message.replace(['[', ']', ','], " ");
        let mut words = plain.split_whitespace();
        let kind = words.next()?;
        let numbers: Vec<u64> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
        match (kind, &numbers[..]) {
            ("fault", [task, life, count, kind]) => {
                if self.told.insert((*task, *life, *count)) {
                    self.faults.entry(*task as usize).or_default().push(*kind as u8);
                }
            }
            ("step", [line, kind, a, b, c, words @ ..]) => {
                let words = words.try_into().ok()?;
                let outcome = match kind {
                    0 => Outcome::Returned { results: [*a, *b, *c], words },
                    1 => Outcome::Byte(*a as u8),
                    2 => Outcome::Done,
                    _ => Outcome::Ended,
                };
                self.steps.insert(*line as usize, outcome);
            }
            _ => return None,
        }
        Some(())
    }
}

fn one(image: &Image, path: &Path) -> Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let script = Script::read(&text, &image.tasks)
        .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    let words = words(&script, image)?;
    let wishes = Wishes { words, ..Wishes::default() };
    let options = Options { time: Time::Virtual, wishes, limit: Some(LIMIT), ..Options::default() };
    let mut said = Said::default();
    let run =
        exov6_emulate::run(&image.archive, &image.path, &options, &mut |event| match event {
            Event::Log(log) => said.hear(&log.message),
            Event::Lost { task, count } => said.rest.push(format!("{task}: {count} lost")),
            _ => {}
        })?;
    if run.status != 0 {
        bail!("the image left with status {}\n{}", run.status, said.rest.join("\n"));
    }
    compare(&script, &mut said, image)
}

/// The lists of all tasks, as the target finds them.
fn words(script: &Script, image: &Image) -> Result<Vec<u64>> {
    let mut lists = vec![vec![]; image.tasks.len()];
    let mut length = 0;
    for (at, line) in script.lines.iter().enumerate() {
        let shown = line.show(&image.tasks);
        let Step::Task { task, act } = line.step else {
            bail!(
                "step {}: `{shown}`: on the target somebody must do it: `TASK: work UNTIL` lets time pass, `kernel-op operation=9` raises an interrupt",
                at + 1
            );
        };
        match act {
            Act::Execute(_) if !matches!(line.outcome, Some(Outcome::Fault(_))) => {
                bail!("step {}: `{shown}`: on the target this would run what is there", at + 1);
            }
            Act::Work(until) => length = until.max(length),
            _ => {}
        }
        let line = u16::try_from(at).context("too many steps")?;
        code::encode(line, &act, |word| lists[task].push(word));
    }
    // Magic, length, where each list begins and the last ends, lists.
    let mut words = vec![code::MAGIC, length];
    let mut first = (2 + lists.len() + 1) as u64;
    for list in &lists {
        words.push(first);
        first += list.len() as u64;
    }
    words.push(first);
    words.extend(lists.into_iter().flatten());
    if words.len() > code::ROOM {
        bail!(
            "the script takes {} words, and the boot-info page has room for {}: shorten it",
            words.len(),
            code::ROOM
        );
    }
    Ok(words)
}

/// The first step that came out otherwise.
fn compare(script: &Script, said: &mut Said, image: &Image) -> Result<()> {
    for (at, line) in script.lines.iter().enumerate() {
        let Step::Task { task, act } = line.step else { continue };
        let Some(expected) = line.outcome.filter(|_| !matches!(act, Act::Work(_))) else {
            continue;
        };
        let here = said.steps.get(&at).copied();
        let same = match expected {
            Outcome::Fault(kind) => {
                let faults = said.faults.entry(task).or_default();
                let stopped = matches!(here, None | Some(Outcome::Ended));
                let next = (stopped && !faults.is_empty()).then(|| faults.remove(0));
                if next == Some(kind as u8) {
                    true
                } else {
                    let next = next.map_or("no fault".to_owned(), |kind| format!("fault {kind}"));
                    bail!("{}\non the target: {next}, {here:?}", place(at, line, image));
                }
            }
            Outcome::Waits => here.is_none(),
            expected => here == Some(expected),
        };
        if !same {
            let here = here.map_or("nothing".to_owned(), |o| outcome(&o, &act, &image.tasks));
            let rest = said.rest.join("\n");
            bail!("{}\non the target: {here}\n{rest}", place(at, line, image));
        }
    }
    Ok(())
}

fn place(at: usize, line: &exov6_test_replay::Line, image: &Image) -> String {
    format!("step {} came out otherwise:\n{}", at + 1, line.show(&image.tasks))
}
