//! What a build script writes: held against files, and compiled as a task would.
//!
//! `task.rs` is made from a task model, `stub.rs` from a crate's metadata alone. After
//! a change on purpose, write them anew with `EXOV6_WRITE_GOLDEN=1` and read the
//! difference.

use exov6_task_build::{find, for_host, for_image};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

mod image {
    #![allow(dead_code, clippy::all, reason = "written for every task alike")]
    include!("golden/task.rs");
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// A crate with its interfaces and a task model beside it, in a directory of its own.
fn task_crate() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    for idol in ["echo.idol", "clock.idol"] {
        fs::copy(golden().join(idol), here.join(idol)).unwrap();
    }
    fs::copy(golden().join("Cargo.toml.txt"), here.join("Cargo.toml")).unwrap();
    let model = fs::read_to_string(golden().join("both.json")).unwrap();
    fs::write(here.join("both.json"), model.replace('@', &here.display().to_string())).unwrap();
    directory
}

/// Replaces text in a file of the crate.
fn edit(directory: &Path, file: &str, from: &str, to: &str) {
    let path = directory.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from} is in {file}");
    fs::write(&path, text.replace(from, to)).unwrap();
}

#[track_caller]
fn check(file: &str, code: &str) {
    let path = golden().join(file);
    if std::env::var_os("EXOV6_WRITE_GOLDEN").is_some() {
        fs::write(&path, code).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    assert!(
        code == expected,
        "{} is not what is written now; EXOV6_WRITE_GOLDEN=1 writes it anew",
        path.display()
    );
}

#[test]
fn a_task_model_becomes_constants_and_interfaces() {
    let directory = task_crate();
    let output = for_image(directory.path(), &directory.path().join("both.json")).unwrap();
    check("task.rs", &output.code);
    assert_eq!(output.linker_script, Some(PathBuf::from("/nowhere/both.ld")));
    let mut inputs: Vec<_> =
        output.inputs.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    inputs.sort_unstable();
    assert_eq!(inputs, ["Cargo.toml", "both.json", "clock.idol", "echo.idol"]);
    assert!(
        !output.code.contains(&*directory.path().to_string_lossy()),
        "no paths of this machine"
    );
}

#[test]
fn the_constants_are_what_the_model_says() {
    use image::*;
    assert_eq!(ports::CLOCK, userlib::Port(63));
    assert_eq!(notifications::UART_IRQ, userlib::Bits(2));
    assert_eq!(notifications::ALL, userlib::Bits(0x8000_0003));
    assert_eq!(timers::RELEASE, userlib::Timer { number: 7, bits: userlib::Bits(1 << 31) });
    assert_eq!(posts::uart_0::STOP.bits, userlib::Bits(1 << 31));
    assert_eq!(devices::UART0, userlib::Device { address: 0x1ff_e000, size: 4096 });
    assert_eq!(summary::WORST_RELEASE_TO_DONE_US, userlib::Counter(1));
    assert_eq!((tasks::NAMES, tasks::UART_0), (["log", "both", "uart-0"], 2));
    assert_eq!((rings::ALL[0].task, rings::ALL[0].summary), (2, 2));
    assert_eq!(rings::BOOT_RECORD.unwrap().size, 4096);
    assert_eq!(restart::ALL[0].policy, userlib::RestartPolicy::Never);
    assert_eq!(restart::ALL[1].min_interval_ms, 50);
    assert_eq!((config::GAIN, config::NAME, config::TAPS), (3.0, "loop", &[1.0, 2.0][..]));
    let heap = userlib::Device { address: 0x1c0_0000, size: 65536 };
    assert_eq!(image::heap::MEMORY, Some(heap));
    assert_eq!((EXOV6_LOG.ring, EXOV6_LOG.size), (0x1ff_8000, 8192));
    let tell = userlib::PostGrant { number: 3, bits: userlib::Bits(4) };
    assert_eq!(EXOV6_LOG.post, Some(tell));
    let _ = (idl::echo::Echo::new(ports::ECHO), idl::clock::Clock::new(ports::CLOCK));
    fn is_served<S: idl::echo::EchoServer>(server: &mut S, message: &userlib::Message) {
        let _ = idl::echo::dispatch(server, message);
    }
    struct Server;
    impl idl::echo::EchoServer for Server {
        fn echo(&mut self, _: &userlib::Message, value: u64) -> u64 {
            value
        }
    }
    let _ = is_served::<Server>;
}

#[test]
fn without_an_image_the_same_names_are_there() {
    let directory = task_crate();
    let output = for_host(directory.path()).unwrap();
    check("stub.rs", &output.code);
    assert_eq!(output.linker_script, None);
    // Names of public items, other than those of tasks, which the crate cannot know.
    let names = |code: &str| -> BTreeSet<String> {
        code.lines()
            .filter(|line| !line.contains("u32 =") && !line.contains("NAMES"))
            .filter_map(|line| line.trim().strip_prefix("pub "))
            .map(|line| line.split(['=', '(', '{', ';']).next().unwrap_or("").trim().to_owned())
            .collect()
    };
    let task = fs::read_to_string(golden().join("task.rs")).unwrap();
    assert_eq!(names(&output.code), names(&task));
}

#[test]
fn a_binary_with_metadata_of_its_own_has_constants_of_its_own() {
    let directory = task_crate();
    let manifest = directory.path().join("Cargo.toml");
    let mut text = fs::read_to_string(&manifest).unwrap();
    text.push_str("\n[package.metadata.exov6.bin.second]\ntimers = [\"tock\"]\n");
    fs::write(&manifest, text).unwrap();
    let output = for_host(directory.path()).unwrap();
    let [(name, code)] = &output.bins[..] else { panic!("{:?}", output.bins) };
    assert_eq!(name, "second");
    assert!(code.contains("pub const TOCK") && !code.contains("pub const RELEASE"), "{code}");
    assert!(output.code.contains("pub const RELEASE") && !output.code.contains("TOCK"));

    // In an image there is one binary at a time.
    let model = directory.path().join("both.json");
    assert_eq!(for_image(directory.path(), &model).unwrap().bins, []);
    edit(directory.path(), "both.json", "\"log\": {", "\"bin\": \"second\",\n  \"log\": {");
    let output = for_image(directory.path(), &model).unwrap();
    assert_eq!(output.bins, [("second".to_owned(), output.code.clone())]);
}

#[test]
fn a_crate_can_do_without_counters() {
    let directory = task_crate();
    let code = || for_image(directory.path(), &directory.path().join("both.json")).unwrap().code;
    let with = code();
    assert!(with.contains("pub static EXOV6_IDOL_CLIENT_CLOCK"));
    assert!(with.contains("pub static EXOV6_IDOL_SERVER_ECHO"));
    assert!(!with.contains("EXOV6_IDOL_SERVER_CLOCK"), "that one is only called");
    edit(directory.path(), "Cargo.toml", "timers =", "counters = false\ntimers =");
    assert!(!code().contains("EXOV6_IDOL"));
}

#[test]
fn the_stub_of_the_supervisor_has_what_every_supervisor_has() {
    let directory = task_crate();
    let app =
        "supervisor = { task = \"boss\" }\n[tasks.boss]\ncrate = \"task-both\"\n[tasks.log]\n";
    fs::write(directory.path().join("app.toml"), app).unwrap();
    let code = for_host(directory.path()).unwrap().code;
    for expected in [
        "pub const FAULT: ::userlib::Bits = ::userlib::Bits(0b1000);",
        "pub const STOP: ::userlib::Bits = ::userlib::Bits(0b10000);",
        "pub const FAULTS: ::userlib::Counter = ::userlib::Counter(0);",
        "pub const LOOPS: ::userlib::Counter = ::userlib::Counter(2);",
        "pub const NAMES: [&str; 2] = [\"boss\", \"log\"];",
    ] {
        assert!(code.contains(expected), "{expected}");
    }
}

#[test]
fn a_post_that_this_application_leaves_out_has_no_bits() {
    let directory = task_crate();
    let here = directory.path();
    let both = "posts = { uart-0 = [\"go\", \"stop\"] }";
    let optional = "optional-posts = { uart-0 = [\"stop\", \"more\"], nobody = [\"word\"] }";
    edit(here, "Cargo.toml", both, &format!("{both}\n{optional}"));
    let image = for_image(here, &here.join("both.json")).unwrap().code;
    let host = for_host(here).unwrap().code;
    for code in [image, host] {
        let code: String = code.split_whitespace().collect();
        let value = |name: &str| {
            let at = code.find(&format!("pubconst{name}:::userlib::PostGrant")).expect(name);
            code[at..].split("Bits(").nth(1).unwrap().split(')').next().unwrap().to_owned()
        };
        assert!(code.contains("pubmodnobody{"));
        assert_eq!((value("MORE"), value("WORD")), ("0b0".to_owned(), "0b0".to_owned()));
        assert_ne!(value("STOP"), "0b0", "it is granted");
    }
}

#[test]
fn interfaces_are_looked_for_beside_the_crate_and_then_upwards() {
    let root = tempfile::tempdir().unwrap();
    let (krate, idl) = (root.path().join("task/plant"), root.path().join("idl"));
    fs::create_dir_all(&krate).unwrap();
    fs::create_dir_all(&idl).unwrap();
    let tried = find(&krate, "nothing.idol").unwrap_err();
    assert_eq!(tried[0], krate.join("nothing.idol"));
    assert!(tried.contains(&idl.join("nothing.idol")));
    // An application outside of the repository uses what is in it, unless it has its own.
    assert!(find(&krate, "plant.idol").unwrap().ends_with("../../idl/plant.idol"));
    fs::write(idl.join("plant.idol"), "").unwrap();
    assert_eq!(find(&krate, "plant.idol"), Ok(idl.join("plant.idol")));
    fs::write(krate.join("plant.idol"), "").unwrap();
    assert_eq!(find(&krate, "plant.idol"), Ok(krate.join("plant.idol")));
}

/// The message of a build that fails after this edit.
fn failure(file: &str, from: &str, to: &str) -> String {
    let directory = task_crate();
    let here = directory.path();
    edit(here, file, from, to);
    let error = for_image(here, &here.join("both.json")).expect_err("this should fail");
    error.to_string().replace(&here.display().to_string(), "@")
}

#[test]
fn what_is_wrong_is_said_with_its_file() {
    assert_eq!(
        failure("both.json", "exov6-task-model/1", "exov6-task-model/9"),
        "@/both.json: format `exov6-task-model/9`, but this build script reads `exov6-task-model/1`; build the image with the same version of exov6"
    );
    assert!(failure("both.json", "\"tasks\": [", "\"tusks\": [").contains("missing field `tasks`"));
    assert!(failure("both.json", "{", "[").starts_with("@/both.json: no JSON: "));
    assert_eq!(
        failure("both.json", "\"name\": \"sample\"", "\"name\": \"uart.irq\""),
        "notification `uart.irq` and `uart-irq` would both be called `UART_IRQ` in Rust; rename one"
    );
    assert_eq!(
        failure("both.json", "\"gain\": 3", "\"gain\": \"3\""),
        "config `gain` is a string in app.toml, but the crate's metadata expects a floating-point number, such as 1.0"
    );
    assert_eq!(
        failure("echo.idol", "\"u64\" }", "\"u46\" }"),
        "@/echo.idol:5:36: `u46` is neither built in nor imported\n  help: did you mean `u16`?"
    );
    assert_eq!(
        failure("clock.idol", "\"Clock\"", "\"Echo\""),
        "task-both uses two different interfaces named `Echo`: @/clock.idol and @/echo.idol"
    );
    assert_eq!(
        failure("Cargo.toml", "timers =", "timer ="),
        "@/Cargo.toml: [package.metadata.exov6] has no key `timer`; did you mean `timers`?"
    );
    assert_eq!(
        failure("Cargo.toml", "uses =", "devices ="),
        "@/Cargo.toml: [package.metadata.exov6] has no key `devices`; did you mean `uses`?"
    );
    assert_eq!(
        failure("Cargo.toml", "timers =", "counters = 0\ntimers ="),
        "@/Cargo.toml: [package.metadata.exov6] `counters` must be true or false, not 0"
    );
    assert_eq!(
        failure("Cargo.toml", "[\"sample\"]", "\"sample\""),
        "@/Cargo.toml: [package.metadata.exov6] `notifications` must be a list of names, not \"sample\""
    );
}

#[test]
fn a_stub_says_where_it_looked_for_an_interface() {
    let directory = task_crate();
    let here = directory.path();
    edit(here, "Cargo.toml", "clock.idol", "clok.idol");
    let error = for_host(here).unwrap_err().to_string();
    assert!(error.starts_with("there is no interface file `clok.idol`; looked for "), "{error}");
    assert!(error.contains(&*here.join("idl/clok.idol").to_string_lossy()), "{error}");
}

#[test]
fn a_crate_that_takes_any_ports_has_them_listed_and_generates_no_interface() {
    let directory = task_crate();
    let here = directory.path();
    let text = "[package]\nname = \"agent\"\n[package.metadata.exov6]\nports = \"*\"\n";
    fs::write(here.join("Cargo.toml"), text).unwrap();
    let stub = for_host(here).unwrap().code;
    assert!(stub.contains("pub const ALL: &[::userlib::PortGrant] = &[];"), "{stub}");
    let model = format!(
        "{{\"format\": \"exov6-task-model/1\", \"app\": \"a\", \"task\": \"agent\", \"index\": 0, \
         \"linker_script\": \"l\", \"tasks\": [\"agent\", \"echo\"], \"notifications\": [], \
         \"timers\": [], \"posts\": [], \"devices\": [], \"summary\": [], \"log\": {{}}, \
         \"ports\": [{{\"name\": \"echo\", \"number\": 0, \"server\": \"echo\", \
         \"interface\": \"{}/echo.idol\", \"mask\": 9223372036854775810}}]}}",
        here.display()
    );
    fs::write(here.join("any.json"), model).unwrap();
    let code = for_image(here, &here.join("any.json")).unwrap().code;
    let one = "::userlib::PortGrant {\n            port: ::userlib::Port(0),\n            \
               operations: 0x8000000000000002,\n        },";
    assert!(code.contains(one), "{code}");
    assert!(!code.contains("pub mod echo"), "{code}");
}

#[test]
fn ports_are_a_table_or_a_star() {
    let directory = task_crate();
    let text = "[package]\nname = \"agent\"\n[package.metadata.exov6]\nports = \"echo\"\n";
    fs::write(directory.path().join("Cargo.toml"), text).unwrap();
    let error = for_host(directory.path()).unwrap_err().to_string();
    let wanted = "`ports` must be a table of interfaces, or \"*\", not \"echo\"";
    assert!(error.ends_with(wanted), "{error}");
}
