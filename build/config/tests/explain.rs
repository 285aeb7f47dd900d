//! Explain: every page is about its rule, and its example breaks it.

mod common;

use exov6_config::{Code, EXAMPLE_HEAD, check, examples, explain};
use std::path::Path;

/// Rules whose example is not a file: bytes that are no text, a file that is not there.
const WITHOUT: [Code; 2] = [Code::Unreadable, Code::NotUtf8];

#[test]
fn every_page_says_what_why_and_how() {
    for (code, rule) in Code::ALL {
        let page = explain(*code);
        let first = page.lines().next().unwrap_or_default();
        assert_eq!(first, format!("# {code}: {}", rule.trim()));
        for part in ["\n## Why\n", "\n## An example", "\n## How to mend it\n", "\n```"] {
            assert!(page.contains(part), "{code} has no `{}`", part.trim());
        }
        assert!(page.lines().all(|line| line.chars().count() <= 100), "{code}: a long line");
        let whole = !page.contains("\n```toml\n") || page.contains(EXAMPLE_HEAD);
        assert!(whole, "{code}: the example lacks its head");
    }
}

#[test]
fn every_example_breaks_its_rule() {
    let mut wrong = Vec::new();
    for (code, _) in Code::ALL.iter().filter(|(code, _)| !WITHOUT.contains(code)) {
        let examples = examples(*code);
        if examples.is_empty() {
            wrong.push(format!("{code} has no example"));
        }
        for (number, example) in examples.iter().enumerate() {
            let name = format!("explain-{code}-{number}");
            let found = common::run_strictly(&name, example.as_bytes()).err().unwrap_or_default();
            if !found.contains(&format!("[{code}]: ")) {
                wrong.push(format!("{code}: its example gives\n{found}"));
            }
            let titles: Vec<_> = found.lines().filter(|line| line.contains("]: ")).collect();
            if titles.iter().any(|title| !title.contains(&format!("[{code}]"))) {
                wrong.push(format!("{code}: its example breaks others, too\n{titles:#?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_head_of_the_examples_is_good() {
    let head = exov6_config::File::new("app.toml", EXAMPLE_HEAD);
    check(head, Path::new("."), &common::library(&[])).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn a_rule_is_found_however_it_is_written() {
    for text in ["E0031", "e0031", "31", "e31"] {
        assert_eq!(Code::find(text), Some(Code::CallNotUp), "{text}");
    }
    assert_eq!(Code::find("w80"), Some(Code::NobodyPosts));
    for text in ["", "E", "EE31", "E9999", "thirty-one", "-1"] {
        assert_eq!(Code::find(text), None, "{text}");
    }
}
