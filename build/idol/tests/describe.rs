//! What is said of an interface, in words and as JSON.

use exov6_idol::{Interface, describe, parse, rows};
use serde_json::json;
use std::path::Path;

fn interface(feature: &str) -> Interface {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let text = std::fs::read_to_string(golden.join(format!("{feature}.idol"))).unwrap();
    parse(feature, &text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Number, name, arguments, reply, transport, error.
fn table(feature: &str) -> Vec<String> {
    rows(&interface(feature))
        .into_iter()
        .map(|row| {
            let once = if row.idempotent { "" } else { " once" };
            let leases = row.leases.replace('\n', ", ");
            format!(
                "{} {}: {} -> {} | {} {} | {}{once} | {leases}",
                row.number, row.name, row.args, row.reply, row.encoding, row.transport, row.error
            )
        })
        .collect()
}

#[test]
fn sizes_that_depend_on_users_types_name_them() {
    let none = "none: panics if the server is dead";
    assert_eq!(
        table("encodings"),
        [
            format!("1 numbers: 91 -> 40 | Hubpack leases | {none} | "),
            format!("2 text: ≤ 17 -> ≤ 17 | Ssmarshal registers | {none} | "),
            format!("3 turn: ≤ Shape + Option<Angle> -> ≤ Shape | Ssmarshal by size | {none} | "),
            "4 reading: ≤ Line + Inlet -> ≤ (Result<f32, NoData>, u64) | Hubpack by size | ValveError once | ".into(),
            "5 stamped: ≤ Stamped<u16, 3> -> ≤ Option<Stamped<(u8,), 1>> | Hubpack by size | ServerDeath once | ".into(),
            format!("6 nothing: 0 -> 0 | Hubpack registers | {none} | "),
            format!("7 many: ≤ 101 -> ≤ [Option<Shape>; 20] | Hubpack leases | {none} | "),
        ]
    );
    assert_eq!(
        table("complex")[1..],
        [
            "2 sign: 0 -> 0 or ≤ SignError | Ssmarshal by size | SignError, with a payload once | nonce: [u8] r ≤ 32, into: [u8] w",
            "3 chain: ≤ 2 -> 100 or ≤ SignError | Hubpack leases | SignError, with a payload once | ",
        ]
    );
    assert_eq!(
        table("receive")[..2],
        [
            format!("1 select: 6 -> 1 | Zerocopy registers | {none} | "),
            "2 set_level: 3 -> 2 | Zerocopy registers | ValveError once | ".into(),
        ]
    );
    assert_eq!(
        table("large")[3],
        "4 large_both: Record -> Record | Zerocopy by size | ServerDeath once | note: [u8] r"
    );
}

#[test]
fn the_json_has_everything_that_the_file_says() {
    let valve = describe(&interface("receive"));
    assert_eq!(valve["format"], "exov6-interface/1");
    assert_eq!((&valve["name"], &valve["module"]), (&json!("Valve"), &json!("valve")));
    assert_eq!(
        valve["operations"][0],
        json!({
            "number": 1,
            "name": "select",
            "doc": "Selects a port of a line.",
            "idempotent": true,
            "encoding": "Zerocopy",
            "transport": "registers",
            "args": [
                { "type": "Inlet", "recv": "FromPrimitive(u8)", "size": 1, "name": "port", "doc": null, "offset": 0 },
                { "type": "Line", "recv": "From(u32)", "size": 4, "name": "line", "doc": "Counted from the pump.", "offset": 1 },
                { "type": "bool", "recv": "FromBytes", "size": 1, "name": "open", "doc": null, "offset": 5 },
            ],
            "args_size": 6,
            "leases": [],
            "reply": { "type": "bool", "recv": "FromBytes", "size": 1 },
            "error": null,
            "reply_size": 1,
        })
    );
    assert_eq!(
        valve["operations"][5]["leases"],
        json!([{ "name": "data", "doc": "What to keep.", "type": "[u8]", "rights": "r", "max_len": 16 }])
    );
    // After a value of unknown or varying size, offsets are unknown.
    let shapes = describe(&interface("encodings"));
    let offsets = |operation: usize| -> Vec<serde_json::Value> {
        let args = shapes["operations"][operation]["args"].as_array().unwrap();
        args.iter().map(|arg| arg["offset"].clone()).collect()
    };
    assert_eq!(offsets(0), [json!(0), json!(31), json!(62)]);
    assert_eq!(offsets(1), [json!(0), json!(null)]);
    let signer = describe(&interface("complex"));
    assert_eq!(
        signer["operations"][2]["error"],
        json!({ "kind": "Complex", "type": "demo_types::SignError", "size": null })
    );
    assert_eq!(signer["operations"][2]["transport"], "leases", "the value alone is too long");
    assert_eq!(signer["counters"]["client"]["symbol"], "EXOV6_IDOL_CLIENT_SIGNER");
}

#[test]
fn the_first_interface_of_the_book_is_what_the_book_says() {
    let book = std::fs::read_to_string(root().join("doc/idol.md")).unwrap();
    let (_, rest) = book.split_once("```ron\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let counter = parse("counter.idol", text).unwrap_or_else(|errors| panic!("{errors}"));
    let rows: Vec<String> = rows(&counter)
        .iter()
        .map(|row| {
            let repeated = if row.idempotent { "yes" } else { "no" };
            format!(
                "{} {} {} {} {} {} {repeated} {}",
                row.number, row.name, row.args, row.reply, row.encoding, row.transport, row.error
            )
        })
        .collect();
    let printed: Vec<String> = book
        .lines()
        .skip_while(|line| !line.trim().starts_with("#  operation"))
        .skip(1)
        .take(2)
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(printed, rows);
}

#[test]
fn every_interface_of_the_tree_is_read_and_described() {
    let mut count = 0;
    for directory in ["idl", "test/idl", "test/replay/idl"] {
        for entry in std::fs::read_dir(root().join(directory)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy();
            let interface = parse(&name, &text).unwrap_or_else(|errors| panic!("{errors}"));
            let described = describe(&interface);
            let operations = described["operations"].as_array().unwrap();
            assert_eq!(operations.len(), rows(&interface).len(), "{name}");
            count += 1;
        }
    }
    assert!(count > 10, "{count} files");
}
