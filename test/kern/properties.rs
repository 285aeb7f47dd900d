//! Properties: whatever tasks do, invariants and promises hold.
//!
//! A failure prints the shortest script found, as `test/replay` keeps them.
//! `PROPTEST_CASES=100000 cargo test -p exov6-kern properties` looks for longer.

use super::bench::{Bench, Cast, image};
use super::dice::{Throw, step};
use exov6_test_replay::{Line, Script};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Plays throws; the machine as they leave it.
fn play(throws: &[Throw], cast: Cast, start: u64) -> Result<Bench, TestCaseError> {
    let mut bench = Bench::new(cast, start);
    for throw in throws {
        if bench.ended {
            break;
        }
        let next = step(&bench, *throw, cast);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| bench.step(next)));
        let why = match result {
            Ok(Ok(())) => continue,
            Ok(Err(why)) => why,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                text.or(panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                    .unwrap_or("the kernel panicked".into())
            }
        };
        return Err(TestCaseError::fail(format!("{why}\nafter\n{}", bench.text())));
    }
    Ok(bench)
}

/// As many cases as asked for by PROPTEST_CASES, or so many; always the same ones.
fn runner(cases: u32) -> TestRunner {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    let config = Config {
        cases: asked.unwrap_or(cases),
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn throws(most: usize) -> impl Strategy<Value = Vec<Throw>> {
    proptest::collection::vec(any::<Throw>(), 1..most)
}

fn run(cases: u32, most: usize, cast: Cast, start: u64) {
    let result = runner(cases).run(&throws(most), |throws| play(&throws, cast, start).map(|_| ()));
    if let Err(failed) = result {
        panic!("{failed}");
    }
}

#[test]
fn whatever_tasks_do_the_promises_hold() {
    run(200, 250, Cast::All, 0);
}

#[test]
fn the_promises_hold_at_the_end_of_time() {
    run(60, 120, Cast::All, u64::MAX - 4000);
}

#[test]
fn the_players_of_scripts_keep_them_too() {
    run(60, 80, Cast::Players, 0);
}

/// A script is the same after having been written and read, and plays the same.
#[test]
fn scripts_survive_being_written_and_read() {
    let names = &image().names;
    let result = runner(60).run(&throws(60), |throws| {
        let bench = play(&throws, Cast::Players, 0)?;
        let text = bench.text();
        let read = Script::read(&text, names).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&read, &bench.script, "{}", text);
        let mut again = Bench::new(Cast::Players, 0);
        for Line { step, .. } in &read.lines {
            again.step(*step).map_err(TestCaseError::fail)?;
        }
        prop_assert_eq!(again.text(), text);
        Ok(())
    });
    if let Err(failed) = result {
        panic!("{failed}");
    }
}

/// The dice reach what they are for: otherwise the properties say nothing.
#[test]
fn the_dice_reach_every_system_call_and_most_faults() {
    use exov6_test_replay::{Act, Outcome, Step, arguments::CALLS};
    let (mut done, mut faults) =
        (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    let mut copied = 0;
    let mut runner = runner(60);
    for _ in 0..60 {
        let tree = throws(250).new_tree(&mut runner).unwrap();
        let bench = play(&proptest::strategy::ValueTree::current(&tree), Cast::All, 0).unwrap();
        for line in &bench.script.lines {
            if let Some(Outcome::Fault(kind)) = line.outcome {
                faults.insert(kind as u8);
            }
            let Step::Task { act: Act::Call { number, .. }, .. } = line.step else { continue };
            match line.outcome {
                Some(Outcome::Returned { results, .. }) => {
                    done.insert(number);
                    copied += usize::from((6..=7).contains(&number) && results[0] == 0);
                }
                Some(Outcome::Done) => {
                    done.insert(number);
                }
                _ => {}
            }
        }
    }
    let missing: Vec<&str> =
        CALLS.iter().filter(|call| !done.contains(&call.number)).map(|call| call.name).collect();
    assert_eq!(missing, ["panic"], "what never comes back");
    assert!(faults.len() >= 15, "kinds of faults seen: {faults:?}");
    assert!(copied > 30, "lease copies that were done: {copied}");
}
