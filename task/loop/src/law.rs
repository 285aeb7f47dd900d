//! The control law, and which points of a step are worth reporting.
//!
//! `u = r + K·(r − y)`: the set-point itself, because the plant has gain 1 and
//! would get there on its own, plus K times what is missing. The loop then has no
//! steady error without an integrator, and its response has a closed form
//! ([`crate::response`]). What it lacks is damping; that is the plant's.

/// Largest magnitude of a set-point, in units of the position.
pub const SETPOINT_LIMIT: f64 = 10.0;

/// Time between reported points after a step, in microseconds.
pub const REPORT_EVERY_US: u64 = 250_000;

/// Time of the last reported point after a step, in microseconds.
pub const REPORT_UNTIL_US: u64 = 2_000_000;

/// Command for position `y`.
#[must_use]
pub fn command(setpoint: f64, gain: f64, y: f64) -> f64 {
    setpoint + gain * (setpoint - y)
}

/// Whether a set-point is a number within [`SETPOINT_LIMIT`].
#[must_use]
pub fn valid_setpoint(setpoint: f64) -> bool {
    // NaN compares false.
    libm::fabs(setpoint) <= SETPOINT_LIMIT
}

/// Chooses the samples to report after a step: the first at or after each
/// multiple of [`REPORT_EVERY_US`], up to [`REPORT_UNTIL_US`].
#[derive(Clone, Copy, Debug, Default)]
pub struct StepReport {
    running: Option<Running>,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    start_us: u64,
    next_us: u64,
}

impl StepReport {
    /// No step yet.
    #[must_use]
    pub const fn new() -> Self {
        StepReport { running: None }
    }

    /// A step begins with the sample released at `release_us`. A step before it is
    /// over.
    pub fn begin(&mut self, release_us: u64) {
        self.running = Some(Running { start_us: release_us, next_us: REPORT_EVERY_US });
    }

    /// Time since the step in microseconds, if the sample released at `release_us`
    /// is to be reported.
    pub fn due(&mut self, release_us: u64) -> Option<u64> {
        let running = self.running.as_mut()?;
        let since = release_us.saturating_sub(running.start_us);
        if since < running.next_us {
            return None;
        }
        // The sample may be late after a gap; the next point is still on the grid.
        running.next_us = (since / REPORT_EVERY_US + 1) * REPORT_EVERY_US;
        if running.next_us > REPORT_UNTIL_US {
            self.running = None;
        }
        Some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_set_point_the_command_is_the_set_point() {
        assert_eq!(command(1.5, 3.0, 1.5), 1.5);
        assert_eq!(command(1.0, 3.0, 0.0), 4.0);
        assert_eq!(command(0.0, 3.0, 1.0), -3.0);
    }

    #[test]
    fn set_points_beyond_the_limit_and_no_numbers_are_refused() {
        assert!(valid_setpoint(10.0) && valid_setpoint(-10.0) && valid_setpoint(0.0));
        assert!(!valid_setpoint(10.001));
        assert!(!valid_setpoint(f64::NAN) && !valid_setpoint(f64::NEG_INFINITY));
    }

    /// What is reported of samples every `period_us` from 500 µs, with those in `gap` lost.
    fn reported(period_us: u64, gap: core::ops::Range<u64>) -> ([u64; 16], usize) {
        let mut report = StepReport::new();
        let (mut points, mut count) = ([0; 16], 0);
        for k in 0..5000 {
            let release = 500 + k * period_us;
            if k == 100 {
                report.begin(release);
            }
            if gap.contains(&k) {
                continue;
            }
            if let Some(since) = report.due(release) {
                points[count] = since;
                count += 1;
            }
        }
        (points, count)
    }

    #[test]
    fn every_250_ms_up_to_2_s_is_reported_once() {
        let (points, count) = reported(1000, 0..0);
        let expected = [250, 500, 750, 1000, 1250, 1500, 1750, 2000].map(|ms| ms * 1000);
        assert_eq!(points[..count], expected);
    }

    #[test]
    fn after_a_gap_the_points_are_on_the_grid_again() {
        let (points, count) = reported(1000, 340..620);
        let expected = [520, 750, 1000, 1250, 1500, 1750, 2000].map(|ms| ms * 1000);
        assert_eq!(points[..count], expected);
    }

    #[test]
    fn a_new_step_replaces_the_one_before() {
        let mut report = StepReport::new();
        assert_eq!(report.due(1_000_000), None);
        report.begin(0);
        report.begin(100_000);
        assert_eq!(report.due(250_000), None);
        assert_eq!(report.due(350_000), Some(250_000));
    }
}
