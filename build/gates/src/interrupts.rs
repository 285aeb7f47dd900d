//! Interrupts off: the longest stretch that the kernel runs without looking for one.
//!
//! Interrupts are masked while the kernel runs. A stretch goes on from its entry, or
//! from a look, to the next look or to where it leaves to a task; an interrupt that
//! comes right at its beginning waits for all of it. Looks are where it reads ISR_EL1
//! between two batches, and where it waits. A plugin of the emulator's counts the
//! stretch's instructions, boot aside.
//!
//! These are instructions and not cycles: how long they take depends on the machine.
//! And it is the longest of the runs that are watched, not of all that there could be.

use crate::plugin::{self, Seen};
use crate::rules::InterruptsOff;
use crate::runs::{Run, runs};
use crate::{Error, Gate, Program, RULES_FILE, Verdict, unreadable};
use exov6_emulate::{Options, Plugin};
use exov6_image::Artifacts;
use std::collections::BTreeMap;
use std::path::Path;

/// Cases with the longest stretches of all, and some for what may become long: extreme
/// arguments, copies, many deadlines at once, posts and restarts that concern many.
const WANTED: [&str; 10] = [
    "k4_bounded",
    "k3_totality",
    "timer_many",
    "restart_each_state",
    "lease_chunk",
    "lease_table_bad",
    "slice_grid",
    "post_storm",
    "restart_generation",
    "idol_server_death",
];

/// Functions that a stretch is said to be spent in.
const NAMED: usize = 3;

/// Runs the default image and some cases, and takes the longest stretch of all.
pub(crate) fn judge(
    root: &Path,
    app: &Artifacts,
    tests: &Artifacts,
    bound: &InterruptsOff,
    progress: &mut dyn FnMut(&str),
) -> Result<Verdict, Error> {
    progress("the emulator's plugin");
    let plugin = plugin::build(root)?;
    let (runs, mut culprits) = runs(app, tests, &WANTED);
    let (mut details, mut longest) = (vec![], (Seen::default(), String::new()));
    for run in &runs {
        progress(&run.name);
        let program = Program::read(&run.built.elf)?;
        let seen = measure(run, &plugin)?;
        let (from, to) = (program.place(seen.from), program.place(seen.to));
        let told = format!("{}, from {from} to {to}", run.name);
        let Seen { instructions, of, .. } = seen;
        let spent = spent(&program, &seen);
        details.push(format!("{instructions:6}, longest of {of}: {told}: {spent}"));
        culprits.extend(blame(&told, &seen, bound.instructions));
        if seen.instructions > longest.0.instructions {
            longest = (seen, told);
        }
    }
    let (seen, told) = longest;
    let limit = Some(bound.instructions);
    Ok(Verdict::new(Gate::InterruptsOff, seen.instructions, limit, "instructions")
        .summary(format!("longest stretch of {} runs: {told}", runs.len()))
        .details(details)
        .blame(culprits))
}

/// What is wrong with a measurement.
fn blame(run: &str, seen: &Seen, limit: u64) -> Option<String> {
    match seen.instructions {
        0 => Some(format!("{run}: no stretch came to its end, so none was measured")),
        count if count > limit => {
            Some(format!("{run}: {count} instructions, more than the {limit} of {RULES_FILE}"))
        }
        _ => None,
    }
}

/// The longest stretch of a run.
fn measure(run: &Run<'_>, plugin: &Path) -> Result<Seen, Error> {
    let directory = tempfile::tempdir().map_err(|s| unreadable(&std::env::temp_dir(), s))?;
    let out = directory.path().join("stretch.txt");
    let plugin = Plugin { file: plugin.to_owned(), out: out.clone() };
    run.watched(Options { plugin: Some(plugin), ..Options::default() })?;
    let report = std::fs::read_to_string(&out).map_err(|source| unreadable(&out, source))?;
    let wrong =
        || std::io::Error::new(std::io::ErrorKind::InvalidData, "no report of the plugin's");
    Seen::parse(&report).ok_or_else(|| unreadable(&out, wrong()))
}

/// The functions that most of a stretch is spent in, with their instructions.
fn spent(program: &Program, seen: &Seen) -> String {
    let mut functions = BTreeMap::<String, u64>::new();
    for (address, count) in &seen.places {
        let name = program.function(*address).map_or_else(|| "?".to_owned(), |f| f.name());
        *functions.entry(name).or_default() += count;
    }
    let mut functions: Vec<_> = functions.into_iter().collect();
    functions.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let named = functions.iter().take(NAMED).map(|(name, count)| format!("{count} in {name}"));
    named.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Seen, WANTED, blame, spent};
    use crate::{Gate, Program, Verdict};

    fn seen(instructions: u64) -> Seen {
        Seen { instructions, ..Seen::default() }
    }

    #[test]
    fn more_than_the_limit_and_nothing_at_all_are_both_wrong() {
        assert_eq!(blame("a", &seen(16), 16), None);
        assert!(blame("a", &seen(17), 16).unwrap().contains("more than the 16"));
        assert!(blame("a", &seen(0), 16).unwrap().contains("none was measured"));
    }

    #[test]
    fn a_limit_below_the_measured_value_fails() {
        let verdict = |limit| Verdict::new(Gate::InterruptsOff, 16, Some(limit), "instructions");
        assert!(verdict(16).passed);
        assert!(!verdict(15).passed);
    }

    #[test]
    fn the_functions_of_a_stretch_are_named_longest_first() {
        let program = Program::of(&[("a", &[0; 2]), ("b", &[0; 2])]);
        let places = vec![(0x1000, 2), (0x1004, 1), (0x1008, 9), (0x2000, 1)];
        let seen = Seen { places, ..seen(13) };
        assert_eq!(spent(&program, &seen), "9 in b, 3 in a, 1 in ?");
    }

    #[test]
    fn the_cases_exist() {
        assert_eq!(crate::runs::missing(&WANTED), [""; 0]);
    }
}
