//! The loop of the demonstration, turn by turn, with the tasks' own parts and no
//! kernel: what an image must show when it runs for five seconds.

use control_loop::history::History;
use control_loop::law::{self, StepReport};
use control_loop::plant::{Model, Parameters, Plant};
use control_loop::sample::{Command, Sample};
use control_loop::schedule::Schedule;
use control_loop::step_response;

const PLANT: Parameters = Parameters { natural_hz: 1.0, damping: 0.2, step_us: 1000.0 };
const GAIN: f64 = 3.0;
const HERTZ: u64 = 62_500_000;
const BOOT: u64 = 12_345;

/// One turn for each release up to `seconds` after boot.
struct Run {
    turns: u64,
    reported: Vec<(u64, f64)>,
    store: History<1000>,
}

/// The set-point becomes `to` at `step_us`; at sample `restart`, act is told twice.
fn run(seconds: u64, step_us: u64, to: f64, restart: u64) -> Run {
    let schedule = Schedule::new(BOOT, 500, 1000, HERTZ).expect("valid");
    let mut plant = Plant::new(Model::new(PLANT).expect("valid"));
    let mut report = StepReport::new();
    let mut run = Run { turns: 0, reported: Vec::new(), store: History::new() };
    let mut used = 0.0;
    let mut release = schedule.first(BOOT + 100);
    while release.ticks <= BOOT + seconds * HERTZ {
        let us = (release.ticks - BOOT) * 1_000_000 / HERTZ;
        let setpoint = if us > step_us { to } else { 0.0 };
        let position = plant.position();
        if setpoint != used {
            used = setpoint;
            report.begin(us);
        }
        if let Some(since) = report.due(us) {
            run.reported.push((since, position));
        }
        let command = Command {
            sequence: release.number,
            release: release.ticks,
            position,
            setpoint,
            command: law::command(setpoint, GAIN, position),
        };
        for _ in 0..=u32::from(release.number == restart) {
            if plant.drive(command.sequence, command.command) {
                assert!(run.store.append(command.sample(500)));
                run.turns += 1;
            }
        }
        release = schedule.after(release.number, release.ticks + 500);
        assert_eq!(release.missed, 0);
    }
    run
}

#[test]
fn five_seconds_are_5000_turns_even_if_control_answers_one_twice() {
    assert_eq!(run(5, 1_000_000, 1.0, u64::MAX).turns, 5000);
    assert_eq!(run(5, 1_000_000, 1.0, 1234).turns, 5000);
}

#[test]
fn the_reported_points_are_the_closed_form() {
    let run = run(5, 1_100_000, 1.5, 2000);
    assert_eq!(run.reported.len(), 8);
    for (since_us, y) in run.reported {
        let exact = 1.5 * step_response(PLANT, GAIN, since_us / 1000);
        assert!((y - exact).abs() < 1e-9 * exact.abs(), "{since_us} us: {y} and not {exact}");
    }
}

#[test]
fn the_store_holds_the_last_second_of_it() {
    let run = run(5, 3_000_000, 1.0, u64::MAX);
    let mut samples = [Sample::ZERO; 1000];
    let block = run.store.read(0, &mut samples);
    assert_eq!((block.count, block.oldest, block.newest), (1000, 4000, 4999));
    // The first sample after the change at 3 s is number 3000.
    for sample in samples {
        let exact = step_response(PLANT, GAIN, sample.sequence - 3000);
        assert!((sample.position - exact).abs() < 1e-9, "sample {}", sample.sequence);
    }
}
