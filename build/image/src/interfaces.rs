//! Interfaces for the archive: each file as it is, and as JSON beside it.
//!
//! A debugger finds there what the numbers, bytes and counters of a call mean. The
//! entries are named after the file, `interfaces/plant.idol` and
//! `interfaces/plant.json`, as `serves` and `interface` in the manifest name it.

use crate::Error;
use exov6_config::{InterfaceFacts, Linked};
use std::collections::BTreeMap;
use std::path::Path;

/// Name and contents of an entry for each file of each interface that a task calls or
/// serves.
///
/// # Errors
/// A file that cannot be read, and two different ones of the same name.
pub(crate) fn entries(linked: &Linked) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut entries = BTreeMap::new();
    let mut files: BTreeMap<_, &Path> = BTreeMap::new();
    for task in &linked.tasks {
        let called = task.ports.iter().map(|port| &port.interface);
        for facts in task.serves.iter().chain(called) {
            let Some(stem) = facts.path.file_stem().map(|stem| stem.to_string_lossy()) else {
                continue;
            };
            if files.get(&*stem) == Some(&facts.path.as_path()) {
                continue;
            }
            let (text, json) = read(facts)?;
            if let Some(other) = files.insert(stem.to_string(), facts.path.as_path())
                && entries.get(&format!("interfaces/{stem}.idol")) != Some(&text)
            {
                return Err(Error::Interface(format!(
                    "two interfaces are in files of one name, and a debugger finds them by it: {} \
                     and {}; rename one",
                    other.display(),
                    facts.path.display()
                )));
            }
            entries.insert(format!("interfaces/{stem}.idol"), text);
            entries.insert(format!("interfaces/{stem}.json"), json);
        }
    }
    Ok(entries.into_iter().collect())
}

/// The text of an interface file, and its description.
fn read(facts: &InterfaceFacts) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let interface = |message| Error::Interface(message);
    let text = std::fs::read_to_string(&facts.path)
        .map_err(|error| interface(format!("cannot read {}: {error}", facts.path.display())))?;
    let shown = facts.path.file_name().map(Path::new).unwrap_or(&facts.path);
    let parsed = exov6_idol::parse(&shown.display().to_string(), &text)
        .map_err(|errors| interface(errors.to_string()))?;
    let mut json = serde_json::to_vec_pretty(&exov6_idol::describe(&parsed)).unwrap_or_default();
    json.push(b'\n');
    Ok((text.into_bytes(), json))
}

#[cfg(test)]
mod tests {
    use super::entries;
    use exov6_config::{InterfaceFacts, Linked, LinkedTask};
    use std::fs;
    use std::path::Path;

    fn serving(file: &Path) -> LinkedTask {
        let facts = InterfaceFacts {
            path: file.to_owned(),
            hash: String::new(),
            ops: vec![],
            infallible: vec![],
        };
        LinkedTask {
            package: "a-task".to_owned(),
            directory: file.to_owned(),
            bin: None,
            serves: Some(facts),
            ports: vec![],
        }
    }

    #[test]
    fn two_interfaces_in_files_of_one_name_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        let text = r#"Interface(name: "A", ops: {"a": (reply: Simple("()"), idempotent: true)})"#;
        let (a, copy) = (file("a/one.idol", text), file("b/one.idol", text));
        let other = file("c/one.idol", &text.replace("\"a\":", "\"b\":"));
        let names = |files: &[&Path]| {
            let tasks = files.iter().map(|file| serving(file)).collect();
            entries(&Linked { tasks })
        };
        let same = names(&[&a, &copy, &a]).unwrap();
        let same: Vec<&str> = same.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(same, ["interfaces/one.idol", "interfaces/one.json"]);
        let error = names(&[&a, &other]).unwrap_err().to_string();
        assert!(error.contains("a/one.idol") && error.contains("c/one.idol"), "{error}");
    }
}
