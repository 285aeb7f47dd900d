//! Bad files: each breaks the rule it is named after, and says so as expected.
//!
//! `bad/NAME.toml` is the file and `bad/NAME.expected` the exact text. After a
//! change of wording, run with `EXOV6_BLESS=1` and read the difference.

mod common;

use exov6_config::Code;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad")
}

/// Names of the files with this extension.
fn names(extension: &str) -> BTreeSet<String> {
    fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|other| other == extension))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn every_bad_file_says_what_is_wrong_with_it() {
    let bless = std::env::var_os("EXOV6_BLESS").is_some();
    let files = names("toml");
    let mut wrong = Vec::new();
    for name in &files {
        let bytes = fs::read(directory().join(name).with_extension("toml")).unwrap();
        let expected = directory().join(name).with_extension("expected");
        match common::run_strictly(name, &bytes) {
            Ok(_) => wrong.push(format!("{name}: nothing was found wrong")),
            Err(text) if bless => fs::write(expected, text).unwrap(),
            Err(text) => match fs::read_to_string(expected) {
                Err(_) => wrong.push(format!("{name}: no {name}.expected; it says\n{text}")),
                Ok(wanted) if wanted != text => {
                    wrong.push(format!("{name}: expected\n{wanted}\nbut it says\n{text}"));
                }
                Ok(_) => {}
            },
        }
    }
    for extra in names("expected").difference(&files) {
        wrong.push(format!("{extra}: there is no {extra}.toml"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(files.len() >= 45, "only {} bad files", files.len());
}

#[test]
fn every_rule_has_a_bad_file() {
    let all: String = names("expected")
        .iter()
        .map(|name| fs::read_to_string(directory().join(name).with_extension("expected")).unwrap())
        .collect();
    let missing: Vec<String> = Code::ALL
        .iter()
        // Files that are not there are tested beside the good ones.
        .filter(|(code, _)| *code != Code::Unreadable)
        .filter(|(code, _)| !all.contains(&format!("[{code}]: ")))
        .map(|(code, rule)| format!("{code}:{rule}"))
        .collect();
    assert!(missing.is_empty(), "no bad file for {missing:#?}");
}

/// Places that no file of a fixture can reach.
const ELSEWHERE: [(&str, &str); 5] = [
    ("library.rs", "the first file cannot be read: `good.rs`"),
    ("crate_info.rs", "a crate cannot be read: `good.rs`"),
    ("document.rs", "a file of more than 4 GiB"),
    ("check.rs", "a board that was asked for on the command line: `good.rs`"),
    ("link.rs", "another number of crates than of tasks: no caller does that"),
];

#[test]
fn every_line_that_reports_is_reached_by_a_bad_file() {
    let mut reached: BTreeSet<(String, u32)> = BTreeSet::new();
    for name in names("toml") {
        let bytes = fs::read(directory().join(&name).with_extension("toml")).unwrap();
        for found in common::findings(&name, &bytes).diagnostics() {
            let file = Path::new(found.site.file()).file_name().unwrap().to_string_lossy();
            reached.insert((file.into_owned(), found.site.line()));
        }
    }
    let mut missing = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for (number, line) in (1..).zip(fs::read_to_string(&path).unwrap().lines()) {
            let reports = line.contains("Diagnostic::new(")
                && !line.contains("JsonDiagnostic")
                && !line.trim_start().starts_with("//");
            if reports && !reached.contains(&(name.clone(), number)) {
                missing.push((name.clone(), number));
            }
        }
    }
    missing.sort();
    let files: Vec<&str> = missing.iter().map(|(name, _)| name.as_str()).collect();
    let mut excused: Vec<&str> = ELSEWHERE.iter().map(|(name, _)| *name).collect();
    excused.sort_unstable();
    assert_eq!(files, excused, "no bad file reaches {missing:#?}");
}
