//! Generated code, held against files: one interface per feature, its Rust beside it.
//!
//! The files are also what `round_trip` compiles and runs. After a change on
//! purpose, write them anew with `EXOV6_WRITE_GOLDEN=1` and read the difference.

use exov6_idol::{Interface, Options, Sides, canonical, generate, hash, parse};
use std::fs;
use std::path::{Path, PathBuf};

const FEATURES: [&str; 10] = [
    "simple",
    "errors",
    "leases",
    "large",
    "types",
    "receive",
    "encodings",
    "complex",
    "counted",
    "mirror",
];

/// Both sides; with counters, for four tasks, in two features alone.
fn options(feature: &str) -> Options {
    let counted = ["counted", "receive"].contains(&feature);
    Options { sides: Sides::Both, counters: counted.then_some(4) }
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn interface(feature: &str) -> Interface {
    let text = fs::read_to_string(golden(&format!("{feature}.idol"))).unwrap();
    parse(feature, &text).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn generated_code_is_what_it_was() {
    for feature in FEATURES {
        let code = generate(&interface(feature), options(feature));
        let path = golden(&format!("{feature}.rs"));
        if std::env::var_os("EXOV6_WRITE_GOLDEN").is_some() {
            fs::write(&path, &code).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap();
        assert!(
            code == expected,
            "{} is not what is generated now; EXOV6_WRITE_GOLDEN=1 writes it anew",
            path.display()
        );
    }
}

#[test]
fn every_golden_file_is_tested() {
    let mut names: Vec<String> = fs::read_dir(golden(""))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names.dedup();
    let mut features = FEATURES.map(str::to_owned);
    features.sort();
    assert_eq!(names, features);
}

#[test]
fn one_side_is_generated_without_the_other() {
    let plant = interface("simple");
    let client = generate(&plant, Sides::Client);
    assert!(client.contains("pub struct Plant(") && !client.contains("PlantServer"));
    let server = generate(&plant, Sides::Server);
    assert!(server.contains("pub trait PlantServer") && !server.contains("pub struct Plant("));
}

#[test]
fn documentation_reaches_the_generated_code() {
    let code = generate(&interface("simple"), Sides::Both);
    assert!(code.contains("/// A simulated plant."));
    assert_eq!(code.matches("/// Position of the plant, in metres.").count(), 2);
}

#[test]
fn the_canonical_form_is_stable() {
    assert_eq!(
        canonical(&interface("leases")),
        "idol 1\n\
         interface Disk\n\
         op 1 write once\n\
         arg block u32\n\
         lease data [u8] r\n\
         reply u32 demo_types::DiskError\n\
         op 2 read idempotent\n\
         arg block u32\n\
         lease into [u8] w 3000\n\
         reply u32\n\
         op 3 invert once\n\
         lease data [u16] rw\n\
         reply () server-death\n\
         op 4 exchange once\n\
         lease give demo_types::Sample r\n\
         lease take demo_types::Sample w\n\
         lease both [u32; 4] rw\n\
         reply () demo_types::DiskError\n\
         op 5 samples idempotent\n\
         lease into [demo_types::Sample] w 8\n\
         reply u32\n"
    );
}

#[test]
fn the_hash_is_sha_256_of_the_canonical_form() {
    // printf 'idol 1\ninterface A\nop 1 x idempotent\nreply u8\n' | sha256sum
    let a =
        parse("a", r#"Interface(name: "A", ops: {"x": (reply: Simple("u8"), idempotent: true)})"#);
    assert_eq!(
        hash(&a.unwrap()),
        "fa206ad4b70a02f8637199b5353d751794b52afab195312799de583104e3eaf3"
    );
}

#[test]
fn the_hash_ignores_words_and_spelling_but_no_meaning() {
    let base = r#"Interface(name: "A", imports: ["c::T"], ops: {
        "x": (args: {"a": "[T; 2]"}, reply: Result(ok: "()", err: CLike("c::E"))),
        "y": (leases: {"l": (type: "[u8]", read: true)}, reply: Result(ok: "u8", err: ServerDeath)),
    })"#;
    let of = |text: &str| hash(&parse("a", text).unwrap_or_else(|errors| panic!("{errors}")));
    let same = [
        base.replace("imports: [\"c::T\"],", "doc: \"Hello\",").replace("[T; 2]", "[ c :: T;2 ]"),
        base.replace("read: true", "write: false, read: true, max_len: None"),
        base.replace("\"x\": (", "\"x\": ( // comment\n doc: \"what x does\", encoding: Zerocopy,"),
        base.replace("ok: \"()\", err: CLike(\"c::E\")", "err: CLike(\"c::E\"), ok: \"()\""),
    ];
    for text in same {
        assert_eq!(of(&text), of(base), "{text}");
    }
    let different = [
        base.replace("\"A\"", "\"B\""),
        base.replace("\"x\"", "\"z\""),
        base.replace("\"a\"", "\"b\""),
        base.replace("[T; 2]", "[T; 3]"),
        base.replace("c::T", "d::T"),
        base.replace("c::E", "c::F"),
        base.replace("read: true", "write: true"),
        base.replace("read: true", "read: true, max_len: Some(4)"),
        base.replace("ok: \"u8\"", "ok: \"i8\""),
        base.replace("\"y\": (", "\"y\": (idempotent: true, "),
    ];
    for text in different {
        assert_ne!(of(&text), of(base), "{text}");
    }
}
