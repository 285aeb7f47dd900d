//! Tests of applications outside of this repository, as their authors type commands.
//!
//! One application is made in a directory of its own, given another task, and then run,
//! tested, broken and moved. What is compiled for it goes where this repository's own
//! does, so that `core` is not built again.

use super::cargo;
use super::group::{Group, Test};
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The tests.
pub const GROUP: Group<Application> =
    Group { prefix: "apps", tests: TESTS, prepare: Application::new };

/// In this order: each finds built what the one before it has built.
const TESTS: &[Test<Application>] = &[
    ("a_new_application_outside_checks_builds_and_runs", runs),
    ("its_tests_run_on_the_target_and_a_broken_one_fails", tests),
    ("a_task_of_it_is_linted_and_documented_as_it_is_built", looked_at),
    ("two_directories_give_the_same_bytes", moved),
];

/// Its name: not one that a person would choose, as what is built is shared by all.
const NAME: &str = "apps-test";

/// An application outside.
pub struct Application {
    root: PathBuf,
    directory: PathBuf,
    temporary: tempfile::TempDir,
}

/// What a command printed.
struct Said {
    passed: bool,
    text: String,
}

impl Application {
    /// Makes one, with a task more than it has at first.
    fn new(root: &Path) -> Result<Application> {
        let temporary = tempfile::tempdir()?;
        let directory = temporary.path().canonicalize()?.join(NAME);
        let application = Application { root: root.to_owned(), directory, temporary };
        let given = application.directory.display().to_string();
        application.typed_in(root, &["new", "app", &given])?.expect("next:")?;
        let more = ["new", "task", "more", "--client-of", "counter", "--client-of", "supervisor"];
        application.typed(&more)?.expect("changed  app.toml")?;
        let again = application.typed(&more)?;
        ensure!(!again.passed, "a second task `more` was accepted:\n{}", again.text);
        Ok(application)
    }

    /// `cargo xtask` with arguments, in the application's directory.
    fn typed(&self, arguments: &[&str]) -> Result<Said> {
        self.typed_in(&self.directory, arguments)
    }

    fn typed_in(&self, directory: &Path, arguments: &[&str]) -> Result<Said> {
        let mut command = Command::new(cargo());
        command.arg("xtask").args(arguments).current_dir(directory).stdin(Stdio::null());
        // As typed, not as handed down by the cargo that started us.
        command.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_MANIFEST_PATH");
        let output = command.output().context("cannot start cargo")?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Said { passed: output.status.success(), text })
    }

    fn edit(&self, file: &str, from: &str, to: &str) -> Result<()> {
        let path = self.directory.join(file);
        let text = std::fs::read_to_string(&path)?;
        ensure!(text.contains(from), "`{from}` is not in {file}: adapt this test");
        Ok(std::fs::write(path, text.replace(from, to))?)
    }
}

impl Said {
    /// That the command did what it should, and said this.
    fn expect(self, part: &str) -> Result<Said> {
        ensure!(self.passed, "it failed:\n{}", self.text);
        ensure!(self.text.contains(part), "`{part}` is not in\n{}", self.text);
        Ok(self)
    }

    /// That it did not, and said these.
    fn expect_failure(self, parts: &[&str]) -> Result<()> {
        ensure!(!self.passed, "it should have failed:\n{}", self.text);
        for part in parts {
            ensure!(self.text.contains(part), "`{part}` is not in\n{}", self.text);
        }
        Ok(())
    }
}

fn runs(application: &Application) -> Result<()> {
    // From below, as from the top.
    let below = application.directory.join("task/client");
    let checked = application.typed_in(&below, &["check"])?;
    checked.expect(&format!("{NAME}: 7 tasks on qemu-virt, no errors"))?;
    let ran = application.typed(&["run", "--for", "1s"])?.expect("client")?;
    let last = "ran 1.000 s: 7 tasks, 0 faults, 0 restarts, 9 additions";
    ensure!(ran.text.lines().any(|line| line == last), "`{last}` is not in\n{}", ran.text);
    ensure!(ran.text.contains("the total is 9"), "no total in\n{}", ran.text);
    let image = application.directory.join(format!("target/dist/{NAME}/{NAME}.img"));
    ensure!(image.is_file() || std::env::var_os("CARGO_TARGET_DIR").is_some(), "no {image:?}");

    let broken = application.typed(&["run", "--for", "1s", "--break", "counter"])?;
    broken.expect_failure(&["takes commands"])?;

    application.edit("app.toml", "to = \"counter\", ops = [\"add\"]", "to = \"conuter\"")?;
    let refused = application.typed(&["dist"])?;
    application.edit("app.toml", "to = \"conuter\"", "to = \"counter\", ops = [\"add\"]")?;
    refused.expect_failure(&["error[E", "--> app.toml:", "did you mean `counter`?"])
}

fn tests(application: &Application) -> Result<()> {
    let list = application.typed(&["test", "--list"])?;
    list.expect("tests::adding_adds\ntests::nothing_is_nothing\n")?;
    application.typed(&["test"])?.expect("\n2 passed, 0 failed\n")?;

    // Wrong code, wrong access, no end, and a fault that was asked for.
    let server = "self.total = self.total.saturating_add(u64::from(amount));";
    let wrong = "self.total += u64::from(amount) + 1;";
    application.edit("task/counter/src/main.rs", server, wrong)?;
    let more = "
    /// Nobody waits for ever.
    fn endless() {
        loop {
            userlib::wait(userlib::Bits::NONE);
        }
    }

    /// A fault that is expected must come.
    fn expected() {
        exov6_test::expect_faults(1);
    }

    /// If it comes, all is well.
    fn told() {
        exov6_test::expect_faults(1);
        idl::supervisor::Supervisor::new(ports::SUPERVISOR).inject(tasks::CLIENT).unwrap();
    }

    /// One that nobody expected is a failure, whoever has it.
    fn untold() {
        idl::supervisor::Supervisor::new(ports::SUPERVISOR).inject(tasks::CLIENT).unwrap();
    }
";
    application.edit(
        "app.toml",
        "[\"stop\", \"history\"]",
        "[\"stop\", \"history\", \"inject\"]",
    )?;
    let last = "        assert_eq!(counter.add(0), Ok(before));\n    }\n";
    application.edit("tests/src/main.rs", last, &format!("{last}{more}"))?;
    let failed = application.typed(&["test"])?;
    application.edit("task/counter/src/main.rs", wrong, server)?;
    failed.expect_failure(&[
        "FAILED tests::adding_adds",
        "must hold: What is added is in the total.",
        "tests panicked: assertion `left == right` failed",
        "tests/src/main.rs:",
        "FAILED tests::nothing_is_nothing",
        "FAILED tests::endless",
        "it did not come to an end within 2 s",
        "FAILED tests::expected",
        "expected: expected 1 faults, and there were fewer",
        "\nok tests::told (",
        "FAILED tests::untold",
        "client was stopped by tests",
        "untold: expected 0 faults, and there were more",
        "\n1 passed, 5 failed\n",
    ])
}

fn looked_at(application: &Application) -> Result<()> {
    application.typed(&["clippy", "more"])?.expect("nothing found")?;
    application.typed(&["clippy", "mroe"])?.expect_failure(&["did you mean `more`?"])?;
    let page = application.typed(&["doc", "more"])?.expect("index.html")?;
    let page = page.text.lines().find(|line| line.ends_with("index.html")).unwrap_or_default();
    let page = application.directory.join(page);
    let page = std::fs::read_to_string(&page).with_context(|| page.display().to_string())?;
    ensure!(page.contains("wakes up once a second"), "not the page of the task");
    Ok(())
}

fn moved(application: &Application) -> Result<()> {
    let other = application.temporary.path().canonicalize()?.join("somewhere/else");
    copy(&application.directory, &other)?;
    let mut archives = vec![];
    for directory in [&application.directory, &other] {
        let built = application.typed_in(directory, &["dist"])?.expect(".zip")?;
        let archive =
            built.text.lines().find_map(|line| Some(line.trim()).filter(|l| l.ends_with(".zip")));
        let archive = directory.join(archive.unwrap_or_default());
        archives.push(exov6_archive::read(&archive)?);
    }
    let [first, second] = &archives[..] else { bail!("two were built") };
    for ((name, one), (_, two)) in first.entries.iter().zip(&second.entries) {
        ensure!(one == two, "{name} is not the same in both");
        let places = [&application.root, &application.directory, &other];
        for place in places {
            let place = format!("{}/", place.display());
            let found = one.windows(place.len()).any(|bytes| bytes == place.as_bytes());
            ensure!(!found, "{name} contains the path {place}");
        }
    }
    ensure!(first == second, "the manifests are not the same");
    Ok(())
}

/// Copies a directory, without what was built.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (path, new) = (entry.path(), to.join(entry.file_name()));
        if !path.is_dir() {
            std::fs::copy(path, new)?;
        } else if entry.file_name() != "target" {
            copy(&path, &new)?;
        }
    }
    Ok(())
}
