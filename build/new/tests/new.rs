//! What is begun passes `check`; what is there is not touched; what is wrong is said.

use exov6_config::Variant;
use exov6_image::load;
use exov6_new::{App, Board, Error, Task, app, board, next_steps, task};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A new application in a directory of its own.
fn blinky() -> (tempfile::TempDir, PathBuf) {
    let t = tempfile::tempdir().unwrap();
    let directory = t.path().canonicalize().unwrap().join("blinky");
    app(&App { directory: &directory, name: None, board: "qemu-virt", root: &root() }).unwrap();
    (t, directory)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// The names of the tasks, once the application has been checked.
#[track_caller]
fn checked(directory: &Path) -> Vec<String> {
    let (model, _) = load(&directory.join("app.toml"), &Variant::default(), &root())
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    model.tasks.iter().map(|task| task.name.clone()).collect()
}

fn add(directory: &Path, name: &str, server: bool, client_of: &[&str]) -> Result<(), Error> {
    let client_of: Vec<String> = client_of.iter().map(|name| (*name).to_owned()).collect();
    let app = directory.join("app.toml");
    let request = Task { name, server, client_of: &client_of, app: &app, root: &root() };
    task(&request).map(drop)
}

#[test]
fn a_new_application_passes_check_and_depends_on_this_repository_alone() {
    let (_t, directory) = blinky();
    assert_eq!(checked(&directory), ["supervisor", "uart", "log", "counter", "client", "tests"]);
    for file in ["app.toml", "README.md", "Cargo.toml", "task/client/Cargo.toml"] {
        let text = text(&directory.join(file));
        assert!(!text.contains("{{") && text.contains("blinky") || file == "Cargo.toml", "{file}");
    }
    let alias = text(&directory.join(".cargo/config.toml"));
    assert!(alias.contains(&root().join("Cargo.toml").display().to_string()), "{alias}");
    let here = directory.parent().unwrap();
    assert_eq!(next_steps(&directory, here)[0], "cd blinky");
}

#[test]
fn its_profile_and_versions_are_those_of_the_repository() {
    let (_t, directory) = blinky();
    let parse = |path: &Path| -> toml_edit::DocumentMut { text(path).parse().unwrap() };
    let (own, ours) = (parse(&directory.join("Cargo.toml")), parse(&root().join("Cargo.toml")));
    let release = |d: &toml_edit::DocumentMut, key: &str| d["profile"]["release"][key].to_string();
    for key in ["opt-level", "debug", "lto", "codegen-units", "panic", "overflow-checks"] {
        assert_eq!(release(&own, key), release(&ours, key), "{key}");
    }
    assert!(own["profile"]["release"].get("package").is_none());
    let version = |d: &toml_edit::DocumentMut| d["workspace"]["dependencies"]["defmt"].to_string();
    assert_eq!(version(&own).trim(), version(&ours).trim());
    assert_eq!(text(&directory.join("Cargo.lock")), text(&root().join("Cargo.lock")));
}

#[test]
fn a_place_that_is_taken_is_left_alone() {
    let (_t, directory) = blinky();
    let before = text(&directory.join("app.toml"));
    let request = App { directory: &directory, name: None, board: "qemu-virt", root: &root() };
    let error = app(&request).unwrap_err().to_string();
    assert!(error.contains("blinky exists already; an application begins"), "{error}");
    assert_eq!(text(&directory.join("app.toml")), before);

    let inside = root().join("task/not-there");
    let request = App { directory: &inside, ..request };
    let error = app(&request).unwrap_err().to_string();
    assert!(error.contains("`task/*` in exov6's Cargo.toml"), "{error}");
    assert!(!inside.exists());
}

#[test]
fn a_name_and_a_board_that_do_not_do_are_refused() {
    let t = tempfile::tempdir().unwrap();
    let directory = t.path().join("Not A Name");
    let request = App { directory: &directory, name: None, board: "qemu-virt", root: &root() };
    let error = app(&request).unwrap_err().to_string();
    assert!(error.ends_with("32 characters; give another with `--name`"), "{error}");
    let error = app(&App { name: Some("good"), board: "qemu-vrit", ..request }).unwrap_err();
    assert_eq!(error.to_string(), "there is no board `qemu-vrit`; did you mean `qemu-virt`?");
    assert!(!directory.exists());
    app(&App { name: Some("good"), ..request }).unwrap();
    assert_eq!(checked(&directory).len(), 6);
}

#[test]
fn new_tasks_come_last_below_whom_they_call_and_pass_check() {
    let (_t, directory) = blinky();
    let app = directory.join("app.toml");
    let before = text(&app);
    add(&directory, "led", false, &[]).unwrap();
    add(&directory, "half-er", true, &["counter"]).unwrap();
    add(&directory, "user", false, &["half-er", "supervisor", "uart"]).unwrap();
    assert_eq!(checked(&directory)[6..], ["led", "half-er", "user"]);
    let after = text(&app);
    assert!(after.starts_with(before.trim_end()), "what was there stays as it was");
    let (model, _) = load(&app, &Variant::default(), &root()).unwrap();
    let place = |name: &str| model.task(name).map(|task| (task.band, task.priority)).unwrap();
    assert_eq!((place("led"), place("half-er"), place("user")), ((1, 3), (1, 4), (1, 5)));
    // The types of what it calls come from crates that it did not have.
    let manifest = text(&directory.join("task/user/Cargo.toml"));
    for line in ["task-supervisor-api.workspace = true\n", "drv-uart-api = { path = "] {
        assert!(manifest.contains(line), "{line} in\n{manifest}");
    }
}

#[test]
fn a_task_that_cannot_be_is_refused_and_nothing_changes() {
    let (_t, directory) = blinky();
    let before = text(&directory.join("app.toml"));
    let refused = |name: &str, client_of: &[&str]| {
        let error = add(&directory, name, false, client_of).unwrap_err().to_string();
        assert_eq!(text(&directory.join("app.toml")), before);
        error
    };
    assert!(
        refused("client", &[])
            .ends_with("app.toml exists already; it has a task of this name; choose another")
    );
    assert!(refused("Led", &[]).starts_with("`Led` is no name for a task: "));
    assert_eq!(refused("led", &["conuter"]), "there is no task `conuter`; did you mean `counter`?");
    assert_eq!(
        refused("led", &["client"]),
        "nothing is served by task `client`; servers are supervisor, uart, counter"
    );
    fs::create_dir_all(directory.join("task/led")).unwrap();
    assert!(refused("led", &[]).ends_with("task/led exists already; choose another name"));
}

#[test]
fn an_application_that_is_wrong_already_is_told_so_first() {
    let (_t, directory) = blinky();
    let app = directory.join("app.toml");
    fs::write(&app, text(&app).replace("to = \"counter\"", "to = \"conuter\"")).unwrap();
    let error = add(&directory, "led", false, &[]).unwrap_err().to_string();
    assert!(error.contains("error[E"), "{error}");
    // Whoever is somewhere else is told the whole path.
    assert!(error.contains(&format!("--> {}:", app.display())), "{error}");
    assert!(!directory.join("task/led").exists());
}

#[test]
fn a_new_board_is_a_copy_that_can_be_named_at_once() {
    let (_t, directory) = blinky();
    let app = directory.join("app.toml");
    let request = Board { name: "mine", from: "qemu-virt-gicv3", app: &app, root: &root() };
    board(&request).unwrap();
    let (model, _) =
        load(&app, &Variant { board: Some("mine"), ..Variant::default() }, &root()).unwrap();
    assert_eq!((model.board.name.as_str(), model.chip.gic.version), ("mine", 3));
    let error = board(&request).unwrap_err().to_string();
    assert!(error.ends_with("boards/mine.toml exists already; choose another name"), "{error}");
    let error = board(&Board { name: "other", from: "mien", ..request }).unwrap_err();
    assert_eq!(error.to_string(), "there is no board `mien`; did you mean `mine`?");
}

#[test]
fn an_application_that_inherits_one_elsewhere_uses_its_crates_and_its_own() {
    let (t, directory) = blinky();
    let second = t.path().canonicalize().unwrap().join("second");
    fs::create_dir_all(second.join("src")).unwrap();
    // A crate by its path, from the file that says it on.
    let crates = "crate    = \"blinky-client\"";
    let text_of =
        text(&directory.join("app.toml")).replace(crates, "crate = { path = \"task/client\" }");
    fs::write(directory.join("app.toml"), text_of).unwrap();
    checked(&directory);
    let manifest = "[package]\nname = \"own\"\n\n[package.metadata.exov6]\ntimers = [\"tick\"]\n";
    fs::write(second.join("Cargo.toml"), manifest).unwrap();
    let app = "inherit = \"../blinky/app.toml\"\nname = \"second\"\n\n[tasks.own]\n\
               crate = { path = \".\" }\nband = \"apps\"\npriority = 7\ntimers = [\"tick\"]\n";
    fs::write(second.join("app.toml"), app).unwrap();
    assert_eq!(checked(&second).last().unwrap(), "own");
    let (_, linked) = load(&second.join("app.toml"), &Variant::default(), &root()).unwrap();
    let of = |name: &str| {
        let found = linked.tasks.iter().find(|task| task.package == name).unwrap();
        found.directory.canonicalize().unwrap()
    };
    assert_eq!(of("own"), second);
    assert_eq!(of("blinky-client"), directory.join("task/client"));
    assert_eq!(of("blinky-counter"), directory.join("task/counter"));

    let bad = app.replace("\".\"", "\"../nowhere\"");
    fs::write(second.join("app.toml"), bad).unwrap();
    let errors = load(&second.join("app.toml"), &Variant::default(), &root()).unwrap_err();
    let errors = errors.render(false);
    for part in ["there is no crate for task `own`", "app.toml:5:", "nowhere/Cargo.toml"] {
        assert!(errors.contains(part), "`{part}` is not in\n{errors}");
    }
}
