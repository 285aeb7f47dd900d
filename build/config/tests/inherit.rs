//! Inheritance: what merges, what replaces, what is removed, and where paths begin.

mod common;

use exov6_config::model::{CrateRef, Exit, RestartPolicy, Stack};
use exov6_config::{Model, Search, load};
use std::fs;
use std::path::{Path, PathBuf};

fn derived() -> Model {
    let bytes = include_bytes!("good/derived.toml");
    common::run_fixture("derived", bytes).unwrap_or_else(|text| panic!("{text}")).0
}

#[test]
fn tables_merge_and_everything_else_replaces() {
    let model = derived();
    assert_eq!(model.name, "derived");
    let driver = model.task("driver").expect("a task");
    // The last file that says it: app over more over deep over base.
    assert_eq!((driver.stack, driver.fp), (Stack::Bytes(4096), true));
    assert_eq!((driver.restart.policy, driver.restart.max_per_s), (RestartPolicy::Never, 5));
    assert_eq!(driver.config, serde_json::json!({ "gain": 3, "step": 2 }));
    let bits: Vec<_> = driver.notifications.iter().map(|bit| bit.name.as_str()).collect();
    assert_eq!(bits, ["mine", "late", "raised"]);
}

#[test]
fn what_was_inherited_keeps_its_place_and_what_is_new_comes_after_it() {
    let model = derived();
    let tasks: Vec<_> = model.tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(tasks, ["sup", "driver", "last"]);
    assert_eq!(model.task("last").expect("a task").ports[0].server, 1);
}

#[test]
fn boards_and_chips_inherit_too() {
    let model = derived();
    assert_eq!((model.board.name.as_str(), model.board.exit), ("mine", Exit::None));
    assert_eq!((model.board.ram_base, model.board.ram_size), (0x4000_0000, 64 << 20));
    let names: Vec<_> = model.chip.peripherals.iter().map(|item| item.name.as_str()).collect();
    assert!(names.contains(&"uart0") && !names.contains(&"rtc"), "{names:?}");
    assert_eq!(names.last(), Some(&"uart1"));
}

#[test]
fn an_archive_gets_every_file_of_the_chain() {
    let model = derived();
    let names: Vec<String> = model.files().into_iter().map(|(name, _)| name).collect();
    let wanted = [
        "app.toml",
        "app.inherits/1-base.toml",
        "app.inherits/2-more.toml",
        "app.inherits/3-deep.toml",
        "app.inherits/4-aside.toml",
        "board.toml",
        "board.inherits/1-qemu-virt.toml",
        "chip.toml",
        "chip.inherits/1-qemu-virt.toml",
    ];
    assert_eq!(names, wanted);
    assert!(model.files()[1].1.text.contains("name = \"base\""));
}

/// Writes files below a fresh directory.
fn tree(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&root);
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

const BASE: &str = r#"
name = "base"
board = "near"
bands = [{ name = "rt", policy = "strict" }]
supervisor = { task = "sup" }
tasks.sup = { crate = { path = "sup" }, band = "rt", priority = 0 }
tasks.own = { crate = "own", band = "rt", priority = 1 }
"#;

#[test]
fn a_path_begins_at_the_file_that_says_it() {
    let board = include_str!("../../../boards/qemu-virt.toml").replace("\"qemu-virt\"", "\"c\"");
    let chip = include_str!("../../../chips/qemu-virt.toml");
    let root = tree(
        "inherit-paths",
        &[
            ("common/base.toml", BASE),
            ("common/boards/near.toml", &board),
            ("common/chips/c.toml", chip),
            (
                "apps/mine/app.toml",
                "inherit = \"../../common/base.toml\"\ntasks.own.crate = { path = \"own\" }\n",
            ),
            ("apps/from-root/app.toml", "inherit = \"common/base.toml\"\n"),
        ],
    );
    let search = Search::new(&root);
    let model = load(&root.join("apps/mine/app.toml"), &search).unwrap_or_else(|e| panic!("{e}"));
    let path = |task: &str| match &model.task(task).expect("a task").crate_ref {
        CrateRef::Path(path) => path.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(path("sup"), Path::new("../../common/sup"));
    assert_eq!(path("own"), Path::new("own"));
    let shown: Vec<_> = model.sources.files().iter().map(|file| file.path.as_str()).collect();
    let wanted = [
        "apps/mine/app.toml",
        "common/base.toml",
        "common/boards/near.toml",
        "common/chips/c.toml",
    ];
    assert_eq!(shown, wanted);

    // Not beside the file, but in the repository.
    let model = load(&root.join("apps/from-root/app.toml"), &search);
    assert_eq!(model.unwrap_or_else(|e| panic!("{e}")).name, "base");
}

#[test]
fn a_file_that_is_not_there_is_named_with_the_nearest_one() {
    let root = tree(
        "inherit-missing",
        &[("base/one.toml", BASE), ("app.toml", "inherit = \"base/two.toml\"\n")],
    );
    let errors = load(&root.join("app.toml"), &Search::new(&root)).expect_err("there is none");
    let text = errors.render(false);
    for part in [
        "error[E0019]: there is no file `base/two.toml` to inherit",
        "app.toml:1:11",
        "looked for `base/two.toml`\n",
        "did you mean `base/one.toml`?",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    // A directory is there, and cannot be read.
    fs::write(root.join("app.toml"), "inherit = \"base\"\n").unwrap();
    let errors = load(&root.join("app.toml"), &Search::new(&root)).expect_err("a directory");
    assert!(errors.render(false).contains("looked for `base ("), "{errors}");
}

#[test]
fn a_cycle_through_different_spellings_of_a_path_is_found() {
    let root = tree(
        "inherit-cycle",
        &[
            ("app.toml", "inherit = \"sub/../sub/b.toml\"\n"),
            ("sub/b.toml", "inherit = \".././app.toml\"\n"),
        ],
    );
    let errors = load(&root.join("app.toml"), &Search::new(&root)).expect_err("a cycle");
    let wanted =
        "error[E0015]: files inherit one another: `app.toml` -> `sub/b.toml` -> `app.toml`";
    assert!(errors.render(false).starts_with(wanted), "{errors}");
}
