//! Schemas: they say the same as the reader, key by key and file by file.

mod common;

use exov6_config::{Code, Document, Kind, Library, check, schema};
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

fn validator(document: Document) -> Validator {
    jsonschema::draft202012::new(&schema(document)).expect("is a schema")
}

fn validators() -> [Validator; 3] {
    Document::ALL.map(|(document, _)| validator(document))
}

/// Which kind of file lies at this path of a fixture.
fn kind(path: &str) -> usize {
    let starts = |place| usize::from(path.starts_with(place));
    starts("boards/") + 2 * starts("chips/")
}

/// TOML as the JSON that an editor's validator sees. `None` if it is not TOML.
fn json_of(bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    let table = DeTable::parse(text).ok()?;
    Some(table_of(table.get_ref()))
}

fn table_of(table: &DeTable<'_>) -> Value {
    let entries = table.iter().map(|(key, value)| (key.get_ref().to_string(), value_of(value)));
    Value::Object(entries.collect())
}

fn value_of(value: &toml::Spanned<DeValue<'_>>) -> Value {
    match value.get_ref() {
        DeValue::String(text) => json!(text),
        DeValue::Integer(number) => {
            let number = i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX);
            i64::try_from(number)
                .map(Value::from)
                .or_else(|_| u64::try_from(number).map(Value::from))
                .unwrap_or_else(|_| json!(number as f64))
        }
        DeValue::Float(number) => json!(number.as_str().parse::<f64>().unwrap_or(0.5)),
        DeValue::Boolean(value) => json!(value),
        DeValue::Datetime(when) => json!(when.to_string()),
        DeValue::Array(items) => items.iter().map(value_of).collect(),
        DeValue::Table(table) => table_of(table),
    }
}

#[test]
fn the_schemas_are_schemas() {
    for (document, word) in Document::ALL {
        let schema = schema(document);
        let found = jsonschema::draft202012::meta::validate(&schema);
        assert!(found.is_ok(), "{word}: {found:?}");
        assert!(schema["properties"]["inherit"]["description"].is_string());
    }
}

/// Files of the repository below a directory that end in `.toml`, without those of crates.
fn files(directory: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            files(&path, all);
        } else if path.file_name().is_some_and(|name| name == "app.toml") {
            all.push(path);
        }
    }
}

#[test]
fn every_good_file_is_accepted() {
    let root = common::root();
    let mut all = vec![root.join("app.toml")];
    files(&root.join("test"), &mut all);
    for place in ["boards", "chips"] {
        all.extend(fs::read_dir(root.join(place)).unwrap().map(|entry| entry.unwrap().path()));
    }
    let validators = validators();
    let mut count = 0;
    let mut accept = |path: &str, bytes: &[u8]| {
        let value = json_of(bytes).expect("is TOML");
        let errors: Vec<_> = validators[kind(path)]
            .iter_errors(&value)
            .map(|error| format!("{path}, at {}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        count += 1;
    };
    for path in &all {
        let bytes = fs::read(path).unwrap();
        accept(&path.strip_prefix(&root).unwrap().display().to_string(), &bytes);
    }
    for entry in fs::read_dir(root.join("build/config/tests/good")).unwrap() {
        let (app, others) = common::split(&fs::read(entry.unwrap().path()).unwrap());
        accept("app.toml", &app);
        for (path, bytes) in others.iter().filter(|(path, _)| is_config(path)) {
            // What a file that is inherited lacks is no error in the build.
            let mut text = b"inherit = []\n".to_vec();
            text.extend(bytes);
            accept(path, if bytes.starts_with(b"inherit") { bytes } else { &text });
        }
    }
    assert!(count > 10, "only {count} files");
}

fn is_config(path: &str) -> bool {
    !path.starts_with("crates/") && !path.starts_with("idl/")
}

/// Rules about one value or one table, which a schema can hold.
const SHAPE: [Code; 13] = [
    Code::UnknownKey,
    Code::NotSupported,
    Code::MissingKey,
    Code::WrongType,
    Code::OutOfRange,
    Code::BadName,
    Code::UnknownWord,
    Code::Empty,
    Code::TooMany,
    Code::Unaligned,
    Code::KernelGrantForm,
    Code::UnknownKernelOperation,
    Code::BadInterruptNumber,
];

/// Bad files about which reader and schema differ, and why they do.
const TOO_FINE: [(&str, &str); 14] = [
    ("board_memory_not_whole", SIZE),
    ("ring_too_large", SIZE),
    ("heap_out_of_range", SIZE),
    ("chip_redistributor_size", SIZE),
    ("stack_bounds_without_auto", TOGETHER),
    ("too_many_interrupts", TOGETHER),
    ("too_many_notifications", TOGETHER),
    ("chip_peripheral_empty", TOGETHER),
    ("chip_gicv2_with_redistributor", TOGETHER),
    ("chip_gicv3_without_redistributor", TOGETHER),
    ("board_entries_empty", "no schema of a table counts its keys"),
    ("inherited_task_unknown", PART),
    ("inherited_chip_unknown", PART),
    ("inherit_cycle", "nothing is read from a cycle"),
];
const SIZE: &str = "a size in a string has only a form";
const TOGETHER: &str = "several keys together are wrong";
const PART: &str = "whether a part is complete is known with the rest of it";

#[test]
fn every_bad_file_is_refused_where_a_schema_can_tell() {
    let directory = common::root().join("build/config/tests/bad");
    let validators = validators();
    let mut excused: BTreeSet<&str> = TOO_FINE.iter().map(|(name, _)| *name).collect();
    let (mut wrong, mut refused, mut accepted) = (Vec::new(), 0, 0);
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&path).unwrap();
        let errors = common::check_fixture(&name, &bytes, Path::new(".")).err();
        let shapes: Vec<&str> = errors
            .iter()
            .flat_map(|errors| {
                let places = errors.diagnostics().iter().filter(|d| SHAPE.contains(&d.code));
                let places = places.filter_map(|d| d.primary.as_ref());
                places.map(|label| errors.sources().position(label.span).path)
            })
            .collect();
        let (app, others) = common::split(&bytes);
        let all = std::iter::once((format!("{name}.toml"), app)).chain(others);
        for (path, bytes) in all.filter(|(path, _)| is_config(path)) {
            let Some(mut value) = json_of(&bytes) else { continue };
            let inherited = !path.starts_with(&name) && !value["inherit"].is_null();
            if kind(&path) == 0 && !path.starts_with(&name) && !inherited {
                value["inherit"] = json!([]);
            }
            let (ours, theirs) =
                (!shapes.contains(&path.as_str()), validators[kind(&path)].is_valid(&value));
            if ours == theirs {
                refused += usize::from(!ours);
                accepted += usize::from(ours);
            } else if !excused.remove(name.as_str()) {
                wrong.push(format!("{name}, {path}: reader {ours}, schema {theirs}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(excused.is_empty(), "no longer needed: {excused:?}");
    assert!(refused > 60 && accepted > 60, "{refused} refused, {accepted} accepted");
}

/// A place in a file: keys, list indices as numbers.
type Place = Vec<String>;

fn at<'a>(value: &'a mut Value, place: &[String]) -> &'a mut Value {
    place.iter().fold(value, |value, key| match value {
        Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
        other => &mut other[key.as_str()],
    })
}

/// Every described key, with the place of its table in a file that has all of them.
fn described(schema: &Value, file: &Value, place: &Place, found: &mut Vec<(Place, String, Value)>) {
    let inside = |key: &str| {
        let mut place = place.clone();
        place.push(key.to_string());
        place
    };
    if let Some(alternatives) = schema["anyOf"].as_array() {
        alternatives.iter().for_each(|schema| described(schema, file, place, found));
    }
    match file {
        Value::Object(table) => {
            for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
                found.push((place.clone(), key.clone(), schema.clone()));
                described(
                    schema,
                    &table.get(key).cloned().unwrap_or_default(),
                    &inside(key),
                    found,
                );
            }
            if schema["additionalProperties"].is_object() {
                for (key, value) in table {
                    described(&schema["additionalProperties"], value, &inside(key), found);
                }
            }
        }
        Value::Array(items) => {
            for (number, value) in items.iter().enumerate() {
                described(&schema["items"], value, &inside(&number.to_string()), found);
            }
        }
        _ => {}
    }
}

/// Files in which every table that there can be is there.
fn complete() -> [Value; 3] {
    let file =
        |kind| common::library(&[]).open(kind, "qemu-virt", Path::new("")).expect("is there");
    let (app, _) = common::split(include_bytes!("good/wired.toml"));
    let mut app = json_of(&app).expect("is TOML");
    app["kernel"] = json!({ "checks": false });
    let mut chip = json_of(&file(Kind::Chip).bytes).expect("is TOML");
    chip["interrupt-controller"] = json!({
        "kind": "gicv3",
        "distributor": 0x0800_0000,
        "redistributor": { "address": 0x080a_0000, "size": 0x2_0000 },
    });
    [app, json_of(&file(Kind::Board).bytes).expect("is TOML"), chip]
}

/// What the reader finds wrong if one of the three files is another.
fn codes(files: &[Value; 3]) -> Vec<Code> {
    // A float that stands for a date: JSON has none, and no key takes a date.
    let text = |value: &Value| toml_of(value).replace("\"!date\"", "1979-05-27");
    let library = common::library(&[
        ("boards/qemu-virt.toml".into(), text(&files[1]).into()),
        ("chips/qemu-virt.toml".into(), text(&files[2]).into()),
    ]);
    let app = exov6_config::File::new("app.toml", text(&files[0]));
    match check(app, Path::new("."), &library) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.diagnostics().iter().map(|found| found.code).collect(),
    }
}

/// JSON as TOML, inline: `key = value` lines.
fn toml_of(value: &Value) -> String {
    fn inline(value: &Value) -> String {
        match value {
            Value::Array(items) => {
                format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
            }
            Value::Object(table) => format!("{{ {} }}", pairs(table).join(", ")),
            Value::Null => "{}".into(),
            other => other.to_string(),
        }
    }
    fn pairs(table: &Map<String, Value>) -> Vec<String> {
        table.iter().map(|(key, value)| format!("\"{key}\" = {}", inline(value))).collect()
    }
    pairs(value.as_object().expect("a table")).join("\n") + "\n"
}

#[test]
fn every_described_key_is_read_and_every_other_is_refused() {
    let files = complete();
    assert_eq!(codes(&files), [], "the complete files are good");
    let mut count = 0;
    let mut tables = BTreeSet::new();
    for (number, (document, _)) in Document::ALL.into_iter().enumerate() {
        let validator = validator(document);
        assert!(validator.is_valid(&files[number]));
        let mut found = Vec::new();
        described(&schema(document), &files[number], &Place::new(), &mut found);
        for (place, key, schema) in found {
            // A key that means nothing is refused by both, once in each table.
            if tables.insert((number, place.clone())) {
                let mut other = files.clone();
                at(&mut other[number], &place)["zzz"] = json!(1);
                assert!(!validator.is_valid(&other[number]), "the schema accepts {place:?}.zzz");
                assert!(!codes(&other).is_empty(), "the reader accepts {place:?}.zzz");
            }
            // A value that no key takes: whoever accepts it does not look.
            let mut other = files.clone();
            let value = if schema["type"] == "string"
                || schema["anyOf"].is_array()
                || schema["enum"].is_array()
            {
                json!({ "zzz": 1 })
            } else {
                json!("!date")
            };
            let mut table = at(&mut other[number], &place);
            if table.is_null() {
                *table = json!({});
                table = at(&mut other[number], &place);
            }
            table[key.as_str()] = value;
            assert!(
                !validator.is_valid(&other[number]),
                "the schema accepts a wrong {place:?}.{key}"
            );
            assert!(!codes(&other).is_empty(), "the reader does not look at {place:?}.{key}");
            count += 1;
        }
    }
    assert!(count > 80, "only {count} keys");
}

#[test]
fn the_book_has_the_tables_of_the_description() {
    let path = common::root().join("doc/app-toml.md");
    let text = fs::read_to_string(&path).unwrap();
    let mut current = text.clone();
    for (document, word) in Document::ALL {
        let (begin, end) =
            (format!("<!-- keys of {word} -->\n"), format!("<!-- end of {word} -->"));
        let from = current.find(&begin).expect("a place for the tables") + begin.len();
        let to = current.find(&end).expect("an end of the tables");
        current.replace_range(from..to, &format!("\n{}", exov6_config::reference(document)));
    }
    if std::env::var_os("EXOV6_BLESS").is_some() {
        fs::write(&path, &current).unwrap();
    } else {
        assert!(text == current, "doc/app-toml.md is not current: run this with EXOV6_BLESS=1");
    }
}
