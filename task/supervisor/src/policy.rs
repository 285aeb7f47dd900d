//! When to restart a task that faults.
//!
//! ```text
//!   start ───────────── long enough ─────────► fault, start
//!   start ─ too short ► fault ── 1 × min_interval ──► start
//!   start ─ too short ► fault ──── 2 × min_interval ────► start    … up to 1 s
//! ```
//!
//! A task that ran for at least `min_interval` is restarted at once. One that did
//! not waits, twice as long each time, until it has been quiet for ten seconds.
//! Restarts are never closer together than `1 s / max_per_s`, so that in no second
//! there are more than `max_per_s`.
//!
//! Times are microseconds since boot.

use userlib::{RestartPolicy, RestartRule};

/// Longest delay, unless the task's `min_interval` is longer.
pub const DELAY_MAX_US: u64 = 1_000_000;
/// A task that has run this long starts over with the shortest delay.
pub const QUIET_US: u64 = 10_000_000;

/// What to do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Restart it at this time; now, if that is not later.
    Restart(u64),
    /// Leave it as it is.
    Hold,
}

/// What is remembered of a task.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    started_us: u64,
    delay_us: u64,
}

impl Backoff {
    /// A task that was started at boot.
    #[must_use]
    pub const fn new() -> Self {
        Backoff { started_us: 0, delay_us: 0 }
    }

    /// The task has faulted at `now_us`.
    #[must_use]
    pub fn faulted(&mut self, rule: &RestartRule, now_us: u64) -> Decision {
        if rule.policy == RestartPolicy::Never {
            return Decision::Hold;
        }
        let ran_us = now_us.saturating_sub(self.started_us);
        let least_us = u64::from(rule.min_interval_ms) * 1000;
        if ran_us >= QUIET_US {
            self.delay_us = 0;
        }
        let mut due_us = now_us;
        if ran_us < least_us {
            let longest_us = DELAY_MAX_US.max(least_us);
            self.delay_us = (self.delay_us * 2).clamp(least_us, longest_us);
            due_us = now_us.saturating_add(self.delay_us);
        }
        let apart_us = 1_000_000_u64.div_ceil(u64::from(rule.max_per_s.max(1)));
        Decision::Restart(due_us.max(self.started_us.saturating_add(apart_us)))
    }

    /// The task has been started again at `now_us`.
    pub fn started(&mut self, now_us: u64) {
        self.started_us = now_us;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    const RULE: RestartRule =
        RestartRule { policy: RestartPolicy::Always, min_interval_ms: 50, max_per_s: 20 };

    /// Delays of a task that faults `ran` microseconds after each start.
    fn delays(rule: &RestartRule, ran: &[u64]) -> Vec<u64> {
        let mut backoff = Backoff::new();
        let mut now = 0;
        ran.iter()
            .map(|ran| {
                now += ran;
                let Decision::Restart(due) = backoff.faulted(rule, now) else { panic!("held") };
                let delay = due - now;
                now = due;
                backoff.started(now);
                delay
            })
            .collect()
    }

    #[test]
    fn a_task_that_ran_long_enough_restarts_at_once() {
        assert_eq!(delays(&RULE, &[50_000, 2_000_000, 50_000]), [0, 0, 0]);
    }

    #[test]
    fn a_task_that_did_not_waits_twice_as_long_each_time_up_to_a_second() {
        let ms: Vec<u64> = delays(&RULE, &[10_000; 8]).iter().map(|us| us / 1000).collect();
        assert_eq!(ms, [50, 100, 200, 400, 800, 1000, 1000, 1000]);
    }

    #[test]
    fn quiet_makes_it_forget_and_a_short_success_does_not() {
        let ran = [0, 0, 60_000, 0, QUIET_US, 0];
        assert_eq!(delays(&RULE, &ran), [50_000, 100_000, 0, 200_000, 0, 50_000]);
    }

    #[test]
    fn never_holds() {
        let rule = RestartRule { policy: RestartPolicy::Never, ..RULE };
        assert_eq!(Backoff::new().faulted(&rule, QUIET_US), Decision::Hold);
    }

    #[test]
    fn a_long_interval_is_its_own_longest_delay() {
        let rule = RestartRule { min_interval_ms: 3000, ..RULE };
        assert_eq!(delays(&rule, &[0, 0]), [3_000_000, 3_000_000]);
    }

    proptest! {
        #[test]
        fn no_second_has_more_restarts_than_allowed(
            ran in prop::collection::vec(0..200_000u64, 1..100),
            min_interval_ms in 0..100u32,
            max_per_s in 1..40u32,
        ) {
            let rule = RestartRule { policy: RestartPolicy::Always, min_interval_ms, max_per_s };
            let mut now = 0;
            let mut starts = Vec::new();
            for (ran, delay) in ran.iter().zip(delays(&rule, &ran)) {
                now += ran + delay;
                starts.push(now);
            }
            for (i, start) in starts.iter().enumerate() {
                let within = starts[i..].iter().take_while(|at| **at < start + 1_000_000).count();
                prop_assert!(within <= max_per_s as usize, "{} from {}", within, start);
            }
        }
    }
}
