//! Replay: the scripts of `test/replay`, with the outcomes that they say.

use super::bench::{Bench, Cast, image};
use exov6_test_replay::{Line, Script};
use std::path::Path;

/// Plays a script; it with the outcomes that came of it.
fn play(text: &str) -> Result<Bench, String> {
    let script = Script::read(text, &image().names)?;
    let mut bench = Bench::new(Cast::Players, 0);
    for (at, Line { step, .. }) in script.lines.iter().enumerate() {
        bench.step(*step).map_err(|why| format!("step {}: {why}", at + 1))?;
    }
    bench.finish();
    Ok(bench)
}

#[test]
fn scripts_come_out_as_they_say() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test/replay");
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "script") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let bench = play(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let said = Script::read(&text, &image().names).unwrap().show(&image().names);
        let is = bench.text();
        assert!(said == is, "{} says\n{said}\nand it is\n{is}", path.display());
        count += 1;
    }
    assert!(count > 0, "there are scripts");
}
