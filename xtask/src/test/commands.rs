//! Commands about the description: what `check`, `schema` and `explain` print.

use super::group::{Group, Test};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// The tests.
pub const GROUP: Group<Workspace> =
    Group { prefix: "commands", tests: TESTS, prepare: |root| Ok(Workspace(root.to_owned())) };

/// Root of the workspace: all they need.
pub struct Workspace(PathBuf);

const TESTS: &[Test<Workspace>] = &[
    ("a_check_of_the_demo_takes_less_than_a_second", quick),
    ("a_mistake_is_told_as_json_with_its_place", mistake),
    ("an_application_can_inherit_the_demo_and_change_it", derived),
    ("schemas_are_printed_for_each_kind_of_file", schemas),
    ("every_rule_can_be_explained", explained),
];

/// Runs this program with other arguments.
fn xtask(root: &Path, arguments: &[&str]) -> Result<Output> {
    let program = std::env::current_exe().context("where this program is")?;
    let output = Command::new(program).args(arguments).current_dir(root).output();
    output.with_context(|| format!("cannot run `xtask {}`", arguments.join(" ")))
}

fn json(output: &Output) -> Result<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).with_context(|| {
        format!("this is not JSON:\n{text}\n{}", String::from_utf8_lossy(&output.stderr))
    })
}

/// The best of some attempts: the machine may be busy with something else.
fn quick(Workspace(root): &Workspace) -> Result<()> {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        let output = xtask(root, &["check", "--json"])?;
        best = best.min(start.elapsed());
        let found = json(&output)?;
        ensure!(output.status.success() && found["ok"] == true, "it says\n{found:#}");
        let nothing = [&found["errors"], &found["warnings"]];
        ensure!(nothing.iter().all(|list| **list == Value::Array(vec![])), "it says\n{found:#}");
    }
    ensure!(best < Duration::from_secs(1), "it took {best:?}");
    Ok(())
}

fn mistake(Workspace(root): &Workspace) -> Result<()> {
    let good = std::fs::read_to_string(root.join("app.toml"))?;
    let bad = good.replacen("to = \"plant\"", "to = \"plnat\"", 1);
    let line = bad.lines().position(|line| line.contains("plnat")).context("no such line")? + 1;
    let directory = tempfile::tempdir()?;
    let app = directory.path().join("app.toml");
    std::fs::write(&app, bad)?;
    let output = xtask(root, &["check", "--json", &app.to_string_lossy()])?;
    ensure!(!output.status.success(), "it was accepted");
    let found = json(&output)?;
    let first = &found["errors"][0];
    ensure!(found["ok"] == false && found["format"] == "exov6-check/1", "it says\n{found:#}");
    ensure!(first["code"] == "E0023" && first["line"] == line, "it says\n{first:#}");
    ensure!(first["help"] == "did you mean `plant`?", "it says\n{first:#}");
    ensure!(first["file"] == app.to_string_lossy().as_ref(), "it says\n{first:#}");
    Ok(())
}

fn derived(Workspace(root): &Workspace) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let app = directory.path().join("app.toml");
    let base = root.join("app.toml");
    let head = format!("inherit = {base:?}\nname = \"derived\"\n");
    let more = "remove = [\"tasks.supervisor.kernel.exit\"]\n\
                [tasks.control.restart]\nmax_per_s = 7\n";
    std::fs::write(&app, format!("{head}{more}"))?;
    let app_shown = app.to_string_lossy().into_owned();
    let model = json(&xtask(root, &["check", "--model", &app_shown])?)?;
    let demo = json(&xtask(root, &["check", "--model"])?)?;
    let task = |model: &Value, name: &str| {
        let mut tasks = model["tasks"].as_array().into_iter().flatten();
        tasks.find(|task| task["name"] == name).cloned().unwrap_or_default()
    };
    ensure!(model["name"] == "derived" && demo["name"] == "control-loop", "names differ");
    // The rest of the table is as it was.
    let restarts = [&model, &demo].map(|model| task(model, "control")["restart"].clone());
    let [ours, theirs] = &restarts;
    ensure!(ours["max_per_s"] == 7 && theirs["max_per_s"] != 7, "restarts are {restarts:?}");
    ensure!(ours["policy"] == theirs["policy"] && ours["policy"].is_string(), "{restarts:?}");
    let exit = [&model, &demo].map(|model| {
        let operations = task(model, "supervisor")["kernel_ops"].clone();
        operations.as_array().and_then(|all| all.last().cloned()).unwrap_or_default()
    });
    ensure!(exit[0] == 0 && exit[1] != 0, "the grants of exit are {exit:?}");
    // What is wrong in the base is told there, with the line that made it wrong.
    std::fs::write(&app, format!("{head}remove = [\"tasks.console\"]\n"))?;
    let found = json(&xtask(root, &["check", "--json", &app_shown])?)?;
    let first = &found["errors"][0];
    ensure!(first["file"] == "app.toml" && first["code"] == "E0023", "it says\n{found:#}");
    let note = &first["notes"][0];
    ensure!(note["label"] == "removed here" && note["line"] == 3, "it says\n{first:#}");
    Ok(())
}

fn schemas(Workspace(root): &Workspace) -> Result<()> {
    for (kind, key) in [("app", "tasks"), ("board", "ram"), ("chip", "peripherals")] {
        let schema = json(&xtask(root, &["schema", kind])?)?;
        let says = schema["properties"][key]["description"].is_string();
        ensure!(says, "the schema of {kind} says nothing of `{key}`");
    }
    Ok(())
}

fn explained(Workspace(root): &Workspace) -> Result<()> {
    let all = json(&xtask(root, &["explain", "--json"])?)?;
    let all = all.as_array().context("not a list")?;
    ensure!(all.len() > 50, "only {} rules", all.len());
    for code in [&all[0], &all[all.len() - 1]] {
        let code = code["code"].as_str().context("no code")?;
        let page = xtask(root, &["explain", code])?;
        let page = String::from_utf8_lossy(&page.stdout).into_owned();
        ensure!(page.starts_with(&format!("# {code}: ")), "the page of {code} is\n{page}");
    }
    ensure!(!xtask(root, &["explain", "E9999"])?.status.success(), "E9999 was explained");
    Ok(())
}
