//! What a run came to, in one line.

use exov6_archive::Manifest;
use std::collections::BTreeMap;
use std::time::Duration;

/// Last words of a counter's name that are its unit.
const UNITS: [&str; 5] = ["us", "ms", "ns", "ppm", "%"];

/// The last line of a run: `ran 5.000 s: 9 tasks, 0 faults, …`. `summaries` holds
/// each task's counters by the task's name; the supervisor's come first, the rest
/// in the order of tasks and counters.
#[must_use]
pub fn last_line(
    manifest: &Manifest,
    ran: Duration,
    summaries: &BTreeMap<String, Vec<u64>>,
) -> String {
    let mut items = vec![counted("tasks", manifest.tasks.len() as u64)];
    let supervisor = manifest.tasks.get(manifest.supervisor as usize);
    let others = manifest.tasks.iter().filter(|t| t.index != manifest.supervisor);
    for task in supervisor.into_iter().chain(others) {
        let values = summaries.get(&task.name).map_or(&[][..], Vec::as_slice);
        items.extend(task.summary.iter().zip(values).map(|(name, value)| counted(name, *value)));
    }
    format!("ran {}.{:03} s: {}", ran.as_secs(), ran.subsec_millis(), items.join(", "))
}

/// A counter as a person says it: `1 fault`, `5000 loops`, `worst delay 17 us`.
fn counted(name: &str, value: u64) -> String {
    if let Some((what, unit)) = name.rsplit_once(' ')
        && UNITS.contains(&unit)
    {
        return format!("{what} {value} {unit}");
    }
    match name.strip_suffix('s') {
        Some(one) if value == 1 => format!("1 {one}"),
        _ => format!("{value} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::last_line;
    use exov6_archive::{Manifest, Task};
    use std::collections::BTreeMap;
    use std::time::Duration;

    fn manifest() -> Manifest {
        let task = |index, name: &str, summary: &[&str]| Task {
            index,
            name: name.into(),
            summary: summary.iter().map(|s| (*s).to_owned()).collect(),
            ..Task::default()
        };
        Manifest {
            supervisor: 1,
            tasks: vec![
                task(0, "act", &["loops", "worst release-to-done us"]),
                task(1, "supervisor", &["faults", "restarts"]),
                task(2, "log", &[]),
            ],
            ..Manifest::default()
        }
    }

    fn summaries(faults: u64, loops: u64) -> BTreeMap<String, Vec<u64>> {
        let act = ("act".to_owned(), vec![loops, 17]);
        let supervisor = ("supervisor".to_owned(), vec![faults, faults]);
        [act, supervisor].into()
    }

    #[test]
    fn the_supervisor_speaks_first_and_units_follow_their_numbers() {
        assert_eq!(
            last_line(&manifest(), Duration::from_secs(5), &summaries(0, 5000)),
            "ran 5.000 s: 3 tasks, 0 faults, 0 restarts, 5000 loops, worst release-to-done 17 us"
        );
    }

    #[test]
    fn one_of_something_has_no_plural() {
        let line = last_line(&manifest(), Duration::from_millis(1500), &summaries(1, 1));
        assert!(line.starts_with("ran 1.500 s: 3 tasks, 1 fault, 1 restart, 1 loop, "), "{line}");
    }

    #[test]
    fn what_was_not_reported_is_left_out() {
        let line = last_line(&manifest(), Duration::from_secs(1), &BTreeMap::new());
        assert_eq!(line, "ran 1.000 s: 3 tasks");
    }
}
