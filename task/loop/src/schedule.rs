//! Release times: absolute, so that they cannot drift.
//!
//! ```text
//!   boot   phase        period
//!    │◄──────────►│◄───────────────►│
//!    ├────────────▲─────────────────▲─────────────────▲───►
//!                k=0               k=1               k=2
//! ```
//!
//! Release k is at `boot + (phase + k·period)`, converted to ticks as a whole: an
//! error of less than one tick each, never a sum of errors. The number k counts
//! from boot and not from the start of the task, so it goes on after a restart.
//! Whoever comes late does not run twice to catch up: old measurements are of no
//! use. The releases that went by are counted.

/// When releases are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    boot: u64,
    phase_us: u64,
    period_us: u64,
    ticks_per_second: u64,
}

/// A release to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// Number k, from 0 at boot.
    pub number: u64,
    /// Counter value at which it is due, in ticks.
    pub ticks: u64,
    /// Releases that were skipped to get here.
    pub missed: u64,
}

impl Schedule {
    /// A schedule from counter value `boot` (ticks), first release after `phase_us`,
    /// then every `period_us` microseconds. `None` if the period or the frequency is
    /// 0, or the period is shorter than a tick.
    #[must_use]
    pub fn new(boot: u64, phase_us: u64, period_us: u64, ticks_per_second: u64) -> Option<Self> {
        let enough = u128::from(period_us) * u128::from(ticks_per_second) >= 1_000_000;
        enough.then_some(Schedule { boot, phase_us, period_us, ticks_per_second })
    }

    /// Counter value of release `number`, in ticks; saturates at the end of time
    /// (9,000 years after boot at 62.5 MHz).
    #[must_use]
    pub fn ticks(&self, number: u64) -> u64 {
        let us = u128::from(self.phase_us) + u128::from(number) * u128::from(self.period_us);
        let ticks = us.saturating_mul(u128::from(self.ticks_per_second)) / 1_000_000;
        u64::try_from(ticks + u128::from(self.boot)).unwrap_or(u64::MAX)
    }

    /// First release that is due at `now` (ticks) or later; none is missed.
    #[must_use]
    pub fn first(&self, now: u64) -> Release {
        let since = u128::from(now.saturating_sub(self.boot));
        let us = since * 1_000_000 / u128::from(self.ticks_per_second);
        let whole = us.saturating_sub(u128::from(self.phase_us)) / u128::from(self.period_us);
        // Rounded down twice, so this may be early, but never by more than two.
        let mut number = u64::try_from(whole).unwrap_or(u64::MAX);
        while number < u64::MAX && self.ticks(number) < now {
            number += 1;
        }
        Release { number, ticks: self.ticks(number), missed: 0 }
    }

    /// The release to wait for after number `previous`, at `now` (ticks): the next,
    /// or if that is past already, the first that is not.
    #[must_use]
    pub fn after(&self, previous: u64, now: u64) -> Release {
        let next = previous.saturating_add(1);
        let ticks = self.ticks(next);
        if ticks >= now {
            return Release { number: next, ticks, missed: 0 };
        }
        let release = self.first(now);
        Release { missed: release.number - next, ..release }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn qemu() -> Schedule {
        Schedule::new(1_000, 500, 1_000, 62_500_000).expect("valid")
    }

    #[test]
    fn releases_are_at_half_past_every_millisecond() {
        assert_eq!(qemu().ticks(0), 1_000 + 31_250);
        assert_eq!(qemu().ticks(1), 1_000 + 93_750);
        assert_eq!(qemu().ticks(4999), 1_000 + 31_250 + 4999 * 62_500);
    }

    #[test]
    fn five_seconds_hold_5000_releases() {
        let end = 1_000 + 5 * 62_500_000;
        assert!(qemu().ticks(4999) < end);
        assert!(qemu().ticks(5000) > end);
    }

    #[test]
    fn there_is_no_drift_where_a_period_is_no_whole_number_of_ticks() {
        // 54 MHz / 3000 Hz would be whole; 333 µs at 19.2 MHz is 6393.6 ticks.
        let s = Schedule::new(7, 0, 333, 19_200_000).expect("valid");
        for k in [0_u64, 1, 2, 999_999, 10_000_000] {
            let exact = 7.0 + k as f64 * 6393.6;
            assert!((s.ticks(k) as f64 - exact).abs() <= 1.0, "k={k}");
        }
    }

    #[test]
    fn the_first_release_is_never_in_the_past_and_the_one_before_it_is() {
        for s in [qemu(), Schedule::new(7, 0, 333, 19_200_000).expect("valid")] {
            for now in (0..2_000_000).step_by(997) {
                let r = s.first(now);
                assert!(r.ticks >= now);
                assert_eq!(r.ticks, s.ticks(r.number));
                assert!(r.number == 0 || s.ticks(r.number - 1) < now);
            }
        }
    }

    #[test]
    fn in_time_the_next_release_follows() {
        let now = qemu().ticks(10) + 500;
        assert_eq!(
            qemu().after(10, now),
            Release { number: 11, ticks: qemu().ticks(11), missed: 0 }
        );
        // Exactly at the next release is still in time.
        assert_eq!(qemu().after(10, qemu().ticks(11)).number, 11);
    }

    #[test]
    fn late_by_two_and_a_half_periods_skips_and_counts_two() {
        let now = qemu().ticks(10) + 62_500 * 5 / 2;
        let r = qemu().after(10, now);
        assert_eq!((r.number, r.missed), (13, 2));
    }

    #[test]
    fn a_schedule_that_cannot_be_kept_is_refused() {
        assert!(Schedule::new(0, 0, 0, 62_500_000).is_none());
        assert!(Schedule::new(0, 0, 1000, 0).is_none());
        assert!(Schedule::new(0, 0, 1, 999_999).is_none());
        assert!(Schedule::new(0, 0, 1, 1_000_000).is_some());
    }

    #[test]
    fn the_end_of_time_saturates() {
        let s = Schedule::new(u64::MAX - 5, u64::MAX, u64::MAX, u64::MAX).expect("valid");
        assert_eq!(s.ticks(u64::MAX), u64::MAX);
        assert_eq!(s.after(u64::MAX, u64::MAX).ticks, u64::MAX);
    }
}
