//! The reader of interface files held against the crate `ron`: what we accept is
//! RON, and means the same there.

use exov6_idol::parse;
use ron::Value;
use serde::Deserialize;
use std::fs;
use std::path::Path;

#[derive(Deserialize)]
#[serde(rename = "Interface")]
struct Interface {
    name: String,
    doc: Option<String>,
    ops: Value,
}

/// The same document as both read it: name, documentation, names of operations.
fn both(text: &str) -> [(String, Option<String>, Vec<String>); 2] {
    let ours = parse("a", text).unwrap_or_else(|errors| panic!("{errors}"));
    let options =
        ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    let theirs: Interface = options.from_str(text).unwrap();
    let Value::Map(ops) = theirs.ops else { panic!("ops are a map") };
    let mut ours_ops: Vec<String> = ours.operation_names().map(str::to_owned).collect();
    let mut their_ops: Vec<String> = ops
        .keys()
        .map(|key| match key {
            Value::String(name) => name.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    ours_ops.sort();
    their_ops.sort();
    [(ours.name, ours.doc, ours_ops), (theirs.name, theirs.doc, their_ops)]
}

#[test]
fn golden_interfaces_are_ron() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut count = 0;
    for entry in fs::read_dir(golden).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "idol") {
            let [ours, theirs] = both(&fs::read_to_string(&path).unwrap());
            assert_eq!(ours, theirs, "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 5);
}

#[test]
fn strings_numbers_and_comments_are_read_as_ron_does() {
    let documents = [
        r##"(name: r#"A"#, doc: r"raw \n", ops: {r"x": (reply: Simple("u8"), idempotent: true)})"##,
        r#"Interface ( name : "A" , doc : "tab\t quote\" \u{2192} \x41 \\ \'" , ops : { "x" : ( reply : Simple ( "u8" ) , idempotent : true , ) , } , )"#,
        "// first\nInterface(/* a /* nested */ comment */ name: \"A\", doc: \"two\nlines\", // end\nops: {\"x\": (reply: Simple(\"u8\"), idempotent: true)})\n// last",
        "#![enable(implicit_some)]\nInterface(name: \"A\", ops: {\"x\": (reply: Simple(\"u8\"), idempotent: true, leases: {\"l\": (type: \"[u8]\", read: true, max_len: 0x10)})})",
    ];
    for text in documents {
        let [ours, theirs] = both(text);
        assert_eq!(ours, theirs, "{text}");
    }
}
