//! Checks: what was expected and what was found, said once, and the run ends.

use core::fmt::{self, Write};
use core::panic::Location;

/// Longest message: a log record holds it with its place.
const TEXT: usize = 320;

/// Ends the case unless a condition holds.
macro_rules! check {
    ($condition:expr $(,)?) => { $crate::check::check!($condition, "") };
    ($condition:expr, $($context:tt)+) => {
        if !$condition {
            $crate::check::failed(format_args!(
                "not so: {} {}", stringify!($condition), format_args!($($context)+)
            ));
        }
    };
}

/// Ends the case unless what was found is what was expected.
macro_rules! check_eq {
    ($found:expr, $expected:expr $(,)?) => { $crate::check::check_eq!($found, $expected, "") };
    ($found:expr, $expected:expr, $($context:tt)+) => {
        match (&$found, &$expected) {
            (found, expected) => if *found != *expected {
                $crate::check::differs(
                    stringify!($found), &found, &expected, format_args!($($context)+)
                );
            }
        }
    };
}

pub(crate) use {check, check_eq};

/// Says that two values differ, and ends the case.
#[track_caller]
#[cold]
pub fn differs(
    what: &str,
    found: &dyn fmt::Debug,
    expected: &dyn fmt::Debug,
    context: fmt::Arguments<'_>,
) -> ! {
    failed(format_args!("{what}: expected {expected:x?}, found {found:x?} {context}"))
}

/// Says why the case ends, and ends it.
#[track_caller]
#[cold]
pub fn failed(why: fmt::Arguments<'_>) -> ! {
    let place = Location::caller();
    let mut text = Text { bytes: [0; TEXT], used: 0 };
    // An error is text that was cut off.
    let _ = text.write_fmt(why);
    defmt::error!("{=str}:{=u32}: {=str}", place.file(), place.line(), text.as_str());
    loop {
        userlib::post(crate::posts::supervisor::FAILED);
        userlib::wait(crate::notifications::EXTRA);
    }
}

struct Text {
    bytes: [u8; TEXT],
    used: usize,
}

impl Text {
    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.used]).unwrap_or("?")
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let mut utf8 = [0; 4];
            let bytes = character.encode_utf8(&mut utf8).as_bytes();
            let Some(room) = self.bytes.get_mut(self.used..self.used + bytes.len()) else {
                return Err(fmt::Error);
            };
            room.copy_from_slice(bytes);
            self.used += bytes.len();
        }
        Ok(())
    }
}
