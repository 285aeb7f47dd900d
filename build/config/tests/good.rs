//! Good files: what a model holds.

mod common;

use exov6_config::model::{Chip, CrateRef, Level, NotificationKind, RestartPolicy, Stack};
use exov6_config::{Code, CrateInfo, Model, Search, Variant, load, load_for};
use std::fs;
use std::path::Path;

const WIRED: &str = include_str!("good/wired.toml");

fn wired() -> Model {
    common::run_fixture("wired", WIRED.as_bytes()).unwrap_or_else(|text| panic!("{text}")).0
}

#[test]
fn the_default_deployment_is_accepted() {
    let root = common::root();
    let model = load(&root.join("app.toml"), &Search::new(&root)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(model.name, "control-loop");
    assert_eq!(model.board.ram_size, 128 << 20);
    assert_eq!(model.board.load, 0x4020_0000);
    assert_eq!(model.board.console, Some(0));
    assert_eq!((model.chip.gic.version, model.chip.timer_irq), (2, 27));
    assert_eq!(model.tasks[model.supervisor.task].name, "supervisor");
    let uart = model.task("uart").expect("a task `uart`");
    assert_eq!(uart.devices[0].address, 0x0900_0000);
    assert_eq!((uart.interrupts[0].intid, uart.interrupts[0].bit), (33, 0));
    assert!(model.task("plant").expect("a task `plant`").passive());
}

#[test]
fn another_board_can_be_asked_for() {
    let root = common::root();
    let load = |board| {
        let variant = Variant { board, ..Variant::default() };
        load_for(&root.join("app.toml"), &variant, &Search::new(&root))
    };
    let own = load(Some("qemu-virt")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((own.own_board, own.build_name().as_str()), (true, "control-loop"));
    let other = load(Some("qemu-virt-gicv3")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(other.build_name(), "control-loop-qemu-virt-gicv3");
    assert_eq!((other.board.name.as_str(), other.chip.gic.version), ("qemu-virt-gicv3", 3));
    let path = load(Some("boards/qemu-virt-gicv3.toml")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(path.board, other.board);
    let error = load(Some("qemu-vrit")).expect_err("there is none").render(false);
    let wanted = "error[E0020]: there is no board `qemu-vrit`: looked for `boards/qemu-vrit.toml`";
    assert!(error.starts_with(wanted) && error.contains("did you mean `qemu-virt`?"), "{error}");
}

#[test]
fn the_two_chips_of_the_emulator_differ_in_their_controller_only() {
    let root = common::root();
    let chip = |board| {
        let variant = Variant { board: Some(board), ..Variant::default() };
        let model = load_for(&root.join("app.toml"), &variant, &Search::new(&root));
        model.unwrap_or_else(|e| panic!("{e}")).chip
    };
    let (v2, v3) = (chip("qemu-virt"), chip("qemu-virt-gicv3"));
    assert_eq!(v2.timer_irq, v3.timer_irq);
    assert_eq!((v3.gic.cpu.address, v3.gic.cpu.size), (0x080a_0000, 0x2_0000));
    let plain = |chip: &Chip| -> Vec<_> {
        let each = chip.peripherals.iter();
        each.map(|item| {
            let lines: Vec<_> =
                item.interrupts.iter().map(|i| (i.name.clone(), i.intid, i.edge)).collect();
            (item.name.clone(), item.memory, lines)
        })
        .collect()
    };
    assert_eq!(plain(&v2), plain(&v3));
}

#[test]
fn ranks_follow_bands_and_then_priorities() {
    let model = wired();
    let by_rank: Vec<&str> =
        model.by_rank().into_iter().map(|index| model.tasks[index].name.as_str()).collect();
    assert_eq!(by_rank, ["sup", "driver", "work", "log"]);
    let ranks: Vec<u32> = model.tasks.iter().map(|task| task.rank).collect();
    assert_eq!(ranks, [3, 2, 1, 0]);
}

#[test]
fn bits_are_declared_then_interrupts_then_timers_then_implicit() {
    let model = wired();
    let bits = |task: &str| -> Vec<(String, u8)> {
        let task = model.task(task).expect("a task");
        task.notifications.iter().map(|bit| (bit.name.clone(), bit.bit)).collect()
    };
    let named = |names: &[&str]| -> Vec<(String, u8)> {
        names.iter().zip(0..).map(|(name, bit)| (name.to_string(), bit)).collect()
    };
    assert_eq!(bits("driver"), named(&["go", "rx", "raised", "flush", "late"]));
    assert_eq!(bits("sup"), named(&["drained", "backoff", "fault", "stop"]));
    assert_eq!((model.supervisor.fault_bit, model.supervisor.stop_bit), (2, 3));
    let driver = model.task("driver").expect("a task");
    assert_eq!(driver.irq_bits(), 0b110);
    assert_eq!(driver.bits(), 0b1_1111);
    assert_eq!(driver.notifications[4].kind, NotificationKind::Timer(1));
    let lines: Vec<_> = driver.interrupts.iter().map(|i| (i.intid, i.bit, i.edge)).collect();
    assert_eq!(lines, [(33, 1, false), (101, 2, true)]);
}

#[test]
fn the_grant_for_the_log_comes_last_and_the_log_has_none() {
    let model = wired();
    let log = model.log.expect("a log task");
    for task in &model.tasks {
        assert_eq!(task.posts.iter().any(|post| post.implicit), task.index != log.task);
        assert!(task.posts.iter().rev().skip(1).all(|post| !post.implicit));
        assert!(task.posts.iter().zip(0..).all(|(post, number)| post.number == number));
    }
    let work = model.task("work").expect("a task");
    assert_eq!(work.posts.len(), 2);
    assert_eq!((work.posts[0].target, work.posts[0].mask), (2, 0b1));
    assert_eq!((work.posts[1].target, work.posts[1].mask), (log.task, 1 << log.records_bit));
}

#[test]
fn what_is_left_out_has_the_documented_default() {
    let model = wired();
    let log = model.task("log").expect("a task");
    assert_eq!((log.stack, log.fp, log.held), (Stack::Bytes(8192), false, false));
    assert_eq!((log.log.level, log.log.ring), (Level::Info, 8192));
    let restart = log.restart;
    assert_eq!((restart.policy, restart.min_interval_ms), (RestartPolicy::Always, 50));
    assert_eq!(restart.max_per_s, 20);
    assert_eq!(model.supervisor.ack_us, 20_000);
    assert_eq!(log.config, serde_json::json!({}));
}

#[test]
fn what_is_given_is_kept() {
    let model = wired();
    let work = model.task("work").expect("a task");
    assert_eq!((work.stack, work.fp, work.held), (Stack::Bytes(8192), true, true));
    assert_eq!((work.log.level, work.log.ring), (Level::Debug, 16384));
    assert_eq!(work.restart.policy, RestartPolicy::Never);
    assert_eq!(work.crate_ref, CrateRef::Path("crates/busy".into()));
    assert_eq!(work.config["name"], "worker");
    assert_eq!(work.config["gain"], 3.0);
    assert!(work.config["step"].is_i64());
    let port = &work.ports[1];
    assert_eq!((port.name.as_str(), port.number, port.badge), ("fast", 1, work.badge()));
    assert_eq!(port.timeout_us, 500);
    assert_eq!(work.badge(), 2);
    let clients: Vec<_> = model.clients(2).map(|(task, port)| (task.index, port.number)).collect();
    assert_eq!(clients, [(0, 0), (1, 0), (1, 1)]);
    let sup = model.task("sup").expect("a task");
    assert_eq!(sup.kernel_ops[0], 0b1111);
    assert_eq!(sup.kernel_ops[3], 0b0110);
    assert_eq!(sup.kernel_ops[7], 0b1111);
    assert_eq!(sup.kernel_ops[10], 0);
}

#[test]
fn linking_numbers_the_permitted_operations() {
    let (_, linked) = common::run_fixture("wired-linked", WIRED.as_bytes()).expect("good");
    let linked = linked.expect("has crates");
    let work = &linked.tasks[1];
    assert_eq!(work.package, "work");
    assert_eq!((work.ports[0].mask, work.ports[1].mask), (0b1010, 0b10));
    assert_eq!(work.ports[0].ops, [("write".to_string(), 1), ("read".to_string(), 3)]);
    assert!(linked.tasks[2].serves.is_some() && work.serves.is_none());
}

#[test]
fn a_file_that_is_not_there_is_an_error_and_no_panic() {
    let search = Search::new(common::root());
    let errors = load(Path::new("none/app.toml"), &search).expect_err("there is none");
    assert_eq!(errors.diagnostics()[0].code, Code::Unreadable);
    assert!(errors.render(false).starts_with("error[E0001]: cannot read `none/app.toml`"));
    let errors = CrateInfo::read(Path::new("none/Cargo.toml")).expect_err("there is none");
    assert_eq!(errors.diagnostics()[0].code, Code::Unreadable);
}

#[test]
fn a_board_beside_the_application_comes_first() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("own-board");
    fs::create_dir_all(directory.join("boards")).unwrap();
    let board = include_str!("../../../boards/qemu-virt.toml").replace("128 MiB", "64 MiB");
    fs::write(directory.join("boards/qemu-virt.toml"), &board).unwrap();
    fs::write(directory.join("other.toml"), &board).unwrap();
    let app = "name = 'x'\nbands = [{ name = 'b', policy = 'strict' }]\n\
               supervisor = { task = 's' }\nboard = 'qemu-virt'\n\
               [tasks.s]\ncrate = 's'\nband = 'b'\npriority = 0\n";
    for text in [app.to_string(), app.replace("'qemu-virt'", "'other.toml'")] {
        fs::write(directory.join("app.toml"), text).unwrap();
        let model = load(&directory.join("app.toml"), &Search::new(common::root()));
        assert_eq!(model.expect("good").board.ram_size, 64 << 20);
    }
}

#[test]
fn a_chip_given_by_path_lies_where_its_board_says() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("own-chip");
    for below in ["hw", "boards", "chips"] {
        fs::create_dir_all(directory.join(below)).unwrap();
    }
    let board = include_str!("../../../boards/qemu-virt.toml");
    let chip = include_str!("../../../chips/qemu-virt.toml").replace("irq = 27", "irq = 28");
    let mine = |path: &str| board.replace("\"qemu-virt\"\nload", &format!("\"{path}\"\nload"));
    fs::write(directory.join("hw/mine.toml"), mine("./soc.toml")).unwrap();
    fs::write(directory.join("boards/other.toml"), mine("../chips/soc.toml")).unwrap();
    fs::write(directory.join("hw/soc.toml"), &chip).unwrap();
    fs::write(directory.join("chips/soc.toml"), &chip).unwrap();
    let app = |board: &str| {
        format!(
            "name = 'x'\nbands = [{{ name = 'b', policy = 'strict' }}]\n\
             supervisor = {{ task = 's' }}\nboard = '{board}'\n\
             [tasks.s]\ncrate = 's'\nband = 'b'\npriority = 0\n"
        )
    };
    let path = directory.join("app.toml");
    let search = Search { shown_from: directory.clone(), root: common::root() };
    for name in ["./hw/mine.toml", "hw/mine.toml", "other", "boards/other.toml"] {
        fs::write(&path, app(name)).unwrap();
        let model = load(&path, &search).unwrap_or_else(|e| panic!("{}", e.render(false)));
        assert_eq!((model.chip.timer_irq, model.chip.name.as_str()), (28, "soc"), "{name}");
    }
    fs::remove_file(directory.join("hw/soc.toml")).unwrap();
    fs::write(&path, app("./hw/mine.toml")).unwrap();
    let text = load(&path, &search).expect_err("the chip is gone").render(false);
    for part in ["there is no chip", "hw/mine.toml:2:", "`hw/soc.toml`", "the board's file"] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

#[test]
fn a_post_may_be_left_out_if_the_crate_can_do_without() {
    let app = |posts: &str| {
        format!(
            "name = 'x'\nbands = [{{ name = 'b', policy = 'strict' }}]\n\
             supervisor = {{ task = 's' }}\nboard = 'qemu-virt'\n\
             [tasks.s]\ncrate = 's'\nband = 'b'\npriority = 0\n{posts}\
             [tasks.t]\ncrate = 't'\nband = 'b'\npriority = 1\nnotifications = ['go', 'no']\n\
             # --- crates/s/Cargo.toml\n[package]\nname = 's'\n[package.metadata.exov6]\n\
             optional-posts = {{ t = ['go'] }}\n\
             # --- crates/t/Cargo.toml\n[package]\nname = 't'\n[package.metadata.exov6]\n\
             notifications = ['go', 'no']\n"
        )
    };
    for posts in ["", "posts = { t = ['go'] }\n"] {
        let (model, linked) = common::run_fixture("optional", app(posts).as_bytes()).expect("good");
        assert!(linked.is_some());
        assert_eq!(model.tasks[0].posts.len(), usize::from(!posts.is_empty()));
    }
    let errors = common::run_fixture("optional", app("posts = { t = ['no'] }\n").as_bytes());
    assert!(errors.expect_err("not one that it knows").contains("post `t.no`"));
}

#[test]
fn errors_are_json_too_and_have_colours() {
    let errors = common::check_fixture("x", b"name = 1\n", Path::new(".")).expect_err("bad");
    let json = serde_json::to_value(&errors).unwrap();
    let first = &json[0];
    assert_eq!(first["code"], "E0007");
    assert_eq!((&first["file"], &first["notes"]), (&"x.toml".into(), &serde_json::json!([])));
    let wrong = json.as_array().unwrap().iter().find(|found| found["code"] == "E0008").unwrap();
    let place = ["line", "col", "end_line", "end_col", "start", "end"].map(|key| &wrong[key]);
    assert_eq!(place, [1, 8, 1, 9, 7, 8]);
    assert_eq!(wrong["message"], "`name` must be a string, not an integer");
    assert_eq!(wrong["label"], "this is an integer");
    assert_eq!(wrong["rule"], "A value has the type of its key.");
    assert!(errors.render(true).contains('\u{1b}') && !errors.render(false).contains('\u{1b}'));
}

#[test]
fn names_out_of_a_file_cannot_drive_a_terminal() {
    let errors = common::check_fixture("x", b"name = \"\\u001b[2J\"\n", Path::new("."));
    assert!(!errors.expect_err("bad").render(false).contains('\u{1b}'));
}

#[test]
fn a_crate_can_take_whatever_ports_there_are() {
    let text = include_str!("bad/crate_any_ports_unknown_operation.toml");
    let text = text.replace("\"rum\"", "\"stop\"");
    let (_, linked) =
        common::run_fixture("any_ports", text.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    let linked = linked.expect("crates");
    let port = &linked.tasks[1].ports[0];
    assert_eq!((port.name.as_str(), port.mask), ("sup", 1 << 2));
    assert!(port.interface.path.ends_with("idl/sup.idol"));
}
