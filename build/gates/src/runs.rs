//! Runs that gates watch: the default image, and cases of the on-target tests.

use crate::Error;
use exov6_emulate::{Command, Options, Time, Wishes};
use exov6_image::Artifacts;
use exov6_test_suite::CASES;
use std::time::Duration;

/// Virtual time of the run of the default image.
const RUN_FOR: Duration = Duration::from_secs(1);
/// Host time that a run may take.
const LIMIT: Duration = Duration::from_secs(120);

/// An image, and what it is asked to do.
pub(crate) struct Run<'a> {
    /// What people call it.
    pub name: String,
    /// The image.
    pub built: &'a Artifacts,
    wishes: Wishes,
}

impl Run<'_> {
    /// Runs it in virtual time; how it is watched is in the options.
    pub fn watched(&self, options: Options) -> Result<(), Error> {
        let archive = exov6_archive::read(&self.built.archive)?;
        let wishes = self.wishes.clone();
        let options = Options { time: Time::Virtual, wishes, limit: Some(LIMIT), ..options };
        let outcome = exov6_emulate::run(&archive, &self.built.image, &options, &mut |_| {});
        let failed = |source| Error::Run { run: self.name.clone(), source: Box::new(source) };
        outcome.map(|_| ()).map_err(failed)
    }
}

/// The default image and these cases; and what is wrong with the list.
pub(crate) fn runs<'a>(
    app: &'a Artifacts,
    tests: &'a Artifacts,
    wanted: &[&str],
) -> (Vec<Run<'a>>, Vec<String>) {
    let cases = CASES.iter().filter(|case| wanted.contains(&case.name)).map(|case| Run {
        name: case.name.to_owned(),
        built: tests,
        wishes: Wishes { test: case.number, ..Wishes::default() },
    });
    let culprits = missing(wanted).into_iter().map(|n| format!("there is no case {n} to run"));
    (std::iter::once(demo(app)).chain(cases).collect(), culprits.collect())
}

/// Those that are no cases.
pub(crate) fn missing<'a>(wanted: &[&'a str]) -> Vec<&'a str> {
    let absent = |name: &&&str| CASES.iter().all(|case| case.name != **name);
    wanted.iter().filter(absent).copied().collect()
}

/// The default image, with a task that breaks at half the time.
fn demo(app: &Artifacts) -> Run<'_> {
    let task = "control";
    let script =
        app.manifest.task(task).map(|_| Command { at: RUN_FOR / 2, text: format!("break {task}") });
    Run {
        name: app.manifest.name.clone(),
        built: app,
        wishes: Wishes {
            run_until: Some(RUN_FOR),
            script: script.into_iter().collect(),
            ..Wishes::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn what_is_no_case_is_named() {
        assert_eq!(missing(&["timer_many", "nothing_such"]), ["nothing_such"]);
    }
}
