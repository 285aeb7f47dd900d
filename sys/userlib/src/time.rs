//! Time: a 64-bit counter that every task can read, and waiting by it.
//!
//! Ticks are the counter's own unit; its rate is a property of the board
//! (62.5 MHz on the emulated one). Deadlines are absolute, so that a periodic task
//! does not drift.

use crate::arch;
use crate::sys::{self, Mode, Received};
use crate::{Bits, Timer, rt};
use core::ops::{Add, AddAssign, Sub};

const MICROSECONDS: u64 = 1_000_000;

/// A point in time or a length of time, in counter ticks.
///
/// Sums and differences saturate: 2⁶⁴ ticks are thousands of years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(pub u64);

impl Ticks {
    /// A length of time in microseconds, rounded up to whole ticks.
    #[must_use]
    pub fn from_us(us: u64) -> Self {
        Ticks(us_to_ticks(us, ticks_per_second()))
    }

    /// A length of time in milliseconds, rounded up to whole ticks.
    #[must_use]
    pub fn from_ms(ms: u64) -> Self {
        Ticks::from_us(ms.saturating_mul(1000))
    }

    /// A length of time as whole microseconds.
    #[must_use]
    pub fn to_us(self) -> u64 {
        ticks_to_us(self.0, ticks_per_second())
    }

    /// The length of time from boot to this point.
    #[must_use]
    pub fn since_boot(self) -> Self {
        self - rt::boot()
    }
}

impl Add for Ticks {
    type Output = Ticks;
    fn add(self, other: Ticks) -> Ticks {
        Ticks(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Ticks {
    fn add_assign(&mut self, other: Ticks) {
        *self = *self + other;
    }
}

impl Sub for Ticks {
    type Output = Ticks;
    fn sub(self, other: Ticks) -> Ticks {
        Ticks(self.0.saturating_sub(other.0))
    }
}

/// The counter.
#[must_use]
#[inline]
pub fn now() -> Ticks {
    Ticks(arch::counter())
}

/// Rate of the counter, in hertz.
#[must_use]
#[inline]
pub fn ticks_per_second() -> u64 {
    arch::frequency()
}

/// The counter at kernel entry.
#[must_use]
pub fn boot() -> Ticks {
    rt::boot()
}

/// Length of time since kernel entry.
#[must_use]
pub fn since_boot() -> Ticks {
    now().since_boot()
}

/// Waits until `deadline`, by a timer of this task. Calls and other notifications
/// are left waiting.
pub fn sleep_until(timer: Timer, deadline: Ticks) {
    sys::timer_set(timer.number, deadline, timer.bits);
    // A bit left over from an earlier use of the timer may come first; the timer
    // is still armed then.
    loop {
        wait(timer.bits);
        if now() >= deadline {
            break;
        }
    }
}

/// Waits for a length of time, by a timer of this task.
pub fn sleep_for(timer: Timer, length: Ticks) {
    sleep_until(timer, now() + length);
}

/// Waits for at least one of these notification bits and returns those that came.
pub fn wait(bits: Bits) -> Bits {
    loop {
        if let Received::Notified(came) = sys::recv(Mode::Notifications, bits)
            && !came.is_empty()
        {
            return came;
        }
    }
}

/// Microseconds as ticks, rounded up; saturates at 2⁶⁴ − 1. Whole seconds are
/// converted apart, so that nothing overflows on the way (`hertz` < 2⁴⁴).
fn us_to_ticks(us: u64, hertz: u64) -> u64 {
    let whole = (us / MICROSECONDS).saturating_mul(hertz);
    let part = (us % MICROSECONDS * hertz).div_ceil(MICROSECONDS);
    whole.saturating_add(part)
}

/// Ticks as microseconds, rounded down; saturates. A rate of zero counts as 1 Hz.
fn ticks_to_us(ticks: u64, hertz: u64) -> u64 {
    let hertz = hertz.max(1);
    let whole = (ticks / hertz).saturating_mul(MICROSECONDS);
    whole.saturating_add(ticks % hertz * MICROSECONDS / hertz)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const YEAR_US: u64 = 365 * 24 * 3600 * MICROSECONDS;

    #[test]
    fn a_hundred_years_of_uptime_convert_exactly() {
        for hertz in [1_000_000, 19_200_000, 54_000_000, 62_500_000, 1_000_000_000] {
            let us = 100 * YEAR_US;
            assert_eq!(us_to_ticks(us, hertz), us / MICROSECONDS * hertz);
            assert_eq!(ticks_to_us(us_to_ticks(us, hertz), hertz), us);
        }
    }

    #[test]
    fn a_deadline_is_never_early() {
        assert_eq!(us_to_ticks(1, 62_500_000), 63, "62.5 ticks round up");
        assert_eq!(ticks_to_us(62, 62_500_000), 0, "0.99 us round down");
        assert_eq!(ticks_to_us(63, 62_500_000), 1);
    }

    #[test]
    fn the_ends_of_the_range_saturate() {
        assert_eq!(us_to_ticks(u64::MAX, 1_000_000_000), u64::MAX);
        assert_eq!(ticks_to_us(u64::MAX, 1), u64::MAX);
        assert_eq!(ticks_to_us(7, 0), 7 * MICROSECONDS);
        assert_eq!(Ticks(3) - Ticks(5), Ticks(0));
        assert_eq!(Ticks(u64::MAX) + Ticks(5), Ticks(u64::MAX));
    }

    proptest! {
        #[test]
        fn microseconds_survive_the_way_through_ticks(us in 0..1000 * YEAR_US, hertz in MICROSECONDS..10_000_000_000) {
            prop_assume!(u128::from(us) * u128::from(hertz) / 1_000_000 < u128::from(u64::MAX));
            prop_assert_eq!(ticks_to_us(us_to_ticks(us, hertz), hertz), us);
        }
    }
}
