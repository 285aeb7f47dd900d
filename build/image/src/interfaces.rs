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
pub(crate) fn entries(linked: &Linked) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut entries = BTreeMap::new();
    for task in &linked.tasks {
        let called = task.ports.iter().map(|port| &port.interface);
        for facts in task.serves.iter().chain(called) {
            let Some(stem) = facts.path.file_stem().map(|stem| stem.to_string_lossy()) else {
                continue;
            };
            if entries.contains_key(&format!("interfaces/{stem}.idol")) {
                continue;
            }
            let (text, json) = read(facts)?;
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
