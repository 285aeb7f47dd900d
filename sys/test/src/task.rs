//! What runs in the test task: one case, and what became of it.

use crate::{FAILED, NO_CASE, PASSED};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use userlib::{Bits, Device};

/// Faults that the supervisor of the repository remembers at least.
const FAULTS_MAX: u32 = 15;

static EXPECTED: AtomicU32 = AtomicU32::new(0);

/// Says that exactly so many tasks will have faulted by the end of this case, at most 15.
/// Without it, none may.
pub fn expect_faults(count: u32) {
    EXPECTED.store(count.min(FAULTS_MAX), Relaxed);
}

/// The cases of a test task; [`crate::tests!`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
    /// A line `NAME\tWHAT MUST HOLD\n` for each.
    pub names: &'static [u8],
    /// What to run, in the order of the lines.
    pub cases: &'static [fn()],
    /// The boot-info page.
    pub page: Device,
}

impl Suite {
    /// The name of the case with this number, counted from 1.
    fn name(&self, number: u64) -> Option<&'static str> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        let line = self.names.split(|&byte| byte == b'\n').nth(at)?;
        let name = line.split(|&byte| byte == b'\t').next()?;
        core::str::from_utf8(name).ok().filter(|name| !name.is_empty())
    }
}

/// Runs the case that the boot-info page asks for, and ends the run; sleeps if it asks for
/// none. `stop` ends a run with a status, and `faulted(n)` says whether more than `n`
/// faults have happened.
pub fn run(suite: &Suite, stop: impl Fn(u8), faulted: impl Fn(u32) -> bool) -> ! {
    let number = userlib::boot_info(suite.page).map_or(0, |info| info.test);
    if number != 0 {
        stop(outcome(suite, number, faulted));
    }
    loop {
        userlib::wait(Bits::NONE);
    }
}

fn outcome(suite: &Suite, number: u64, faulted: impl Fn(u32) -> bool) -> u8 {
    let at = usize::try_from(number - 1).unwrap_or(usize::MAX);
    let (Some(case), Some(name)) = (suite.cases.get(at), suite.name(number)) else {
        defmt::error!("there is no case {=u64}; there are {=usize}", number, suite.cases.len());
        return NO_CASE;
    };
    if userlib::generation() > 0 {
        // The supervisor has said why the case itself ended.
        return FAILED;
    }
    defmt::debug!("{=str}", name);
    case();
    let expected = EXPECTED.load(Relaxed);
    if faulted(expected) {
        defmt::error!("{=str}: expected {=u32} faults, and there were more", name, expected);
        return FAILED;
    }
    if expected > 0 && !faulted(expected - 1) {
        defmt::error!("{=str}: expected {=u32} faults, and there were fewer", name, expected);
        return FAILED;
    }
    defmt::debug!("{=str}: ok", name);
    PASSED
}

#[cfg(test)]
mod tests {
    use super::*;
    use userlib::abi::limits::PAGE;

    fn fine() {}
    fn faults_once() {
        expect_faults(1);
    }

    const SUITE: Suite = Suite {
        names: b"fine\t Nothing.\nfaults_once\t\n",
        cases: &[fine, faults_once],
        page: Device { address: 0, size: PAGE as usize },
    };

    #[test]
    fn a_case_is_known_by_its_number() {
        assert_eq!((SUITE.name(1), SUITE.name(2)), (Some("fine"), Some("faults_once")));
        assert_eq!((SUITE.name(0), SUITE.name(3), SUITE.name(u64::MAX)), (None, None, None));
    }
}
