//! The course of a `step`: when to change the set-point, which samples to collect,
//! when to draw.
//!
//! ```text
//!   asked     start: the next whole 0.1 s                      start + 2.1 s
//!     │         │ set-point 1     look    look    look    look    │ draw
//!     ▼─────────▼───────────────────▼───────▼───────▼───────▼─────▼
//! ```
//!
//! The store forgets after 1000 samples, so the console looks every half second and
//! keeps every 40th.

use control_loop::sample::Sample;

/// Set-point of a step.
pub const LEVEL: f64 = 1.0;
/// Points that are collected.
pub const POINTS: usize = 50;
/// Samples from one point to the next.
pub const STRIDE: u64 = 40;
/// A step begins at a multiple of this, in microseconds after boot.
const GRID_US: u64 = 100_000;
/// How often to look into the store, in microseconds.
const LOOK_US: u64 = 500_000;
/// When to draw, in microseconds after the start. A little more than the points
/// take at 1 kHz.
const DRAW_US: u64 = 2_100_000;

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Change the set-point to [`LEVEL`], then call [`Step::started`].
    Start,
    /// Ask [`Step::wanted`] for samples.
    Collect,
    /// Collect once more, then draw; the step is over.
    Draw,
}

/// A step from `step` being typed until it is drawn.
#[derive(Clone, Debug)]
pub struct Step {
    start_us: u64,
    next_us: u64,
    first: Option<u64>,
    collected: usize,
    points: [Option<f64>; POINTS],
    /// Number and release of the first and the last sample collected.
    span: Option<[(u64, u64); 2]>,
}

impl Step {
    /// A step asked for at `now_us` after boot.
    #[must_use]
    pub fn new(now_us: u64) -> Self {
        let start_us = (now_us / GRID_US + 1) * GRID_US;
        Step {
            start_us,
            next_us: start_us,
            first: None,
            collected: 0,
            points: [None; POINTS],
            span: None,
        }
    }

    /// When the set-point changes, in microseconds after boot.
    #[must_use]
    pub fn start_us(&self) -> u64 {
        self.start_us
    }

    /// When there is something to do next, in microseconds after boot.
    #[must_use]
    pub fn next_us(&self) -> u64 {
        self.next_us
    }

    /// What to do at `now_us`, if anything.
    pub fn poll(&mut self, now_us: u64) -> Option<Action> {
        if now_us < self.next_us {
            return None;
        }
        if self.first.is_none() {
            return Some(Action::Start);
        }
        let end = self.start_us + DRAW_US;
        if now_us >= end {
            return Some(Action::Draw);
        }
        self.next_us = (now_us + LOOK_US).min(end);
        Some(Action::Collect)
    }

    /// The set-point was changed; `sequence` is the first sample it holds for.
    pub fn started(&mut self, sequence: u64) {
        self.first = Some(sequence);
        self.next_us = self.start_us + LOOK_US;
    }

    /// Number of the next sample that is missing, if any is.
    #[must_use]
    pub fn wanted(&self) -> Option<u64> {
        let first = self.first?;
        (self.collected < POINTS).then(|| first + self.collected as u64 * STRIDE)
    }

    /// The wanted sample, or the next if that was lost. One of the next column, or
    /// beyond, leaves the point blank.
    pub fn collect(&mut self, sample: &Sample) {
        let Some(wanted) = self.wanted() else { return };
        if sample.sequence < wanted + STRIDE {
            let here = (sample.sequence, sample.release);
            self.span = Some([self.span.map_or(here, |[first, _]| first), here]);
            if let Some(place) = self.points.get_mut(self.collected) {
                *place = Some(sample.position);
            }
        }
        self.collected += 1;
    }

    /// Time from the first point to the last, in ticks, from the releases of the
    /// samples collected; 0 if there are fewer than two.
    #[must_use]
    pub fn span_ticks(&self) -> u64 {
        let Some([(first, begin), (last, end)]) = self.span else { return 0 };
        let samples = (POINTS as u64 - 1) * STRIDE;
        end.saturating_sub(begin) * samples / last.saturating_sub(first).max(1)
    }

    /// The points, as far as they were collected.
    #[must_use]
    pub fn points(&self) -> &[Option<f64>; POINTS] {
        &self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_begins_at_the_next_tenth_of_a_second() {
        assert_eq!(Step::new(1_000_000).start_us(), 1_100_000);
        assert_eq!(Step::new(1_000_001).start_us(), 1_100_000);
        assert_eq!(Step::new(1_099_999).start_us(), 1_100_000);
    }

    #[test]
    fn it_starts_looks_before_the_store_forgets_and_draws() {
        let mut step = Step::new(1_000_000);
        assert_eq!(step.poll(1_099_999), None);
        assert_eq!(step.poll(1_100_000), Some(Action::Start));
        step.started(1100);
        let (mut now, mut looks) = (1_100_000, 0);
        loop {
            let next = step.next_us();
            assert!(next > now && next - now < 1_000_000);
            now = next;
            match step.poll(now) {
                Some(Action::Collect) => looks += 1,
                Some(Action::Draw) => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((now, looks), (3_200_000, 4));
    }

    #[test]
    fn every_40th_sample_is_wanted_once() {
        let mut step = Step::new(0);
        assert_eq!((step.wanted(), step.span_ticks()), (None, 0));
        step.started(100);
        for i in 0..POINTS as u64 {
            assert_eq!(step.wanted(), Some(100 + 40 * i));
            step.collect(&sample(100 + 40 * i));
        }
        assert_eq!(step.wanted(), None);
        step.collect(&sample(5000));
        assert_eq!(step.points()[49], Some(206.0));
        assert_eq!(step.span_ticks(), 49 * 40 * 62_500);
    }

    #[test]
    fn a_lost_sample_is_replaced_by_a_near_one_only() {
        let mut step = Step::new(0);
        step.started(0);
        for number in [5, 79, 120, 120] {
            step.collect(&sample(number));
        }
        assert_eq!(step.points()[..5], [Some(0.5), Some(7.9), None, Some(12.0), None]);
        assert_eq!(step.span_ticks(), 49 * 40 * 62_500);
    }

    fn sample(sequence: u64) -> Sample {
        let position = sequence as f64 / 10.0;
        Sample { sequence, release: 7 + sequence * 62_500, position, ..Sample::ZERO }
    }
}
