//! Numbers as people write them: decimals, without the floating-point formatter.
//!
//! `core`'s parser and printer of floats are exact for every value and cost tens
//! of kilobytes. Set-points and positions are small numbers with a few decimals,
//! for which integers do.

use core::fmt;

/// Most significant digits that [`decimal`] accepts: below 2⁵³, so that one correctly
/// rounded division gives the nearest `f64`.
const DIGITS: u32 = 15;

/// Reads `-12.345`: an optional sign, digits, optionally a point and digits. `None`
/// for anything else, and for more than 15 digits (leading zeros aside).
#[must_use]
pub fn decimal(text: &str) -> Option<f64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    let (mut value, mut scale, mut point, mut any) = (0_u64, 1_u64, false, false);
    for &byte in digits {
        match byte {
            b'0'..=b'9' => {
                value = value * 10 + u64::from(byte - b'0');
                any = true;
                if point {
                    scale *= 10;
                }
            }
            b'.' if !point => point = true,
            _ => return None,
        }
        let limit = 10_u64.pow(DIGITS);
        if value >= limit || scale > limit {
            return None;
        }
    }
    if !any {
        return None;
    }
    let magnitude = value as f64 / scale as f64;
    Some(if negative { -magnitude } else { magnitude })
}

/// Shows a number with a fixed count of decimals (0 to 9), rounded half away from
/// zero; width and alignment of the format apply. Magnitudes from 10⁹ up show as `huge`.
#[derive(Clone, Copy, Debug)]
pub struct Fixed(
    /// The number.
    pub f64,
    /// Decimals.
    pub u32,
);

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fixed(value, decimals) = *self;
        if value.is_nan() {
            return f.pad("nan");
        }
        let magnitude = if value < 0.0 { -value } else { value };
        if magnitude >= 1e9 {
            return f.pad(if value < 0.0 { "-huge" } else { "huge" });
        }
        let decimals = decimals.min(9);
        let scale = 10_u64.pow(decimals);
        // Below 10¹⁸: the conversion truncates nothing but the fraction.
        let scaled = (magnitude * scale as f64 + 0.5) as u64;
        // At most "-" 10 digits "." 9 digits.
        let mut buffer = [0_u8; 24];
        let mut text = Tail { buffer: &mut buffer, start: 24 };
        let mut rest = scaled;
        for place in 0..20 {
            if place == decimals && decimals > 0 {
                text.push(b'.');
            }
            if place > decimals && rest == 0 {
                break;
            }
            text.push(b'0' + (rest % 10) as u8);
            rest /= 10;
            if place == 0 && decimals == 0 && rest == 0 {
                break;
            }
        }
        if value < 0.0 && scaled > 0 {
            text.push(b'-');
        }
        f.pad(text.text())
    }
}

/// A buffer filled from its end.
struct Tail<'a> {
    buffer: &'a mut [u8],
    start: usize,
}

impl Tail<'_> {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.start.checked_sub(1).and_then(|i| self.buffer.get_mut(i)) {
            *place = byte;
            self.start -= 1;
        }
    }

    fn text(&self) -> &str {
        self.buffer.get(self.start..).and_then(|b| str::from_utf8(b).ok()).unwrap_or("")
    }
}

/// Shows microseconds as seconds with three decimals, rounded down.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(
    /// Microseconds.
    pub u64,
);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::format;

    #[test]
    fn decimals_are_read_as_the_standard_library_reads_them() {
        for text in [
            "0",
            "1",
            "-1.5",
            "+2.25",
            "0.1",
            "-0.3",
            "3.141592653589",
            "12345678.9",
            "007.50",
            ".5",
            "5.",
        ] {
            let expected: f64 = text.parse().expect("std reads it");
            assert_eq!(decimal(text), Some(expected), "{text}");
        }
        for hundredths in -1000..=1000 {
            let text = format!("{:.2}", f64::from(hundredths) / 100.0);
            assert_eq!(decimal(&text), text.parse().ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in [
            "",
            "-",
            ".",
            "+.",
            "1e3",
            "1.2.3",
            "nan",
            "inf",
            "--1",
            "1 ",
            "0x1",
            "1234567890123456",
            "0.0000000000000001",
        ] {
            assert_eq!(decimal(text), None, "{text}");
        }
        assert_eq!(decimal(&"9".repeat(1000)), None);
    }

    #[test]
    fn fixed_shows_what_the_standard_library_shows() {
        for decimals in 0..=9_u32 {
            for value in
                [0.0, 1.0, -1.0, 0.25, 12.3456789, -987.6543211, 999_999_999.0, 0.05, 9.96, 1e-12]
            {
                let expected = format!("{value:.*}", decimals as usize);
                // std keeps the sign of a rounded-off negative; not used here.
                let shown = format!("{}", Fixed(value, decimals));
                // std rounds half to even on exact ties; 0.25 with one decimal is one.
                if !(value == 0.25 && decimals == 1) {
                    assert_eq!(shown, expected, "{value} {decimals}");
                }
            }
        }
        assert_eq!(format!("{}", Fixed(0.25, 1)), "0.3");
    }

    #[test]
    fn width_applies_and_odd_values_have_names() {
        assert_eq!(format!("{:>8}|{:<8}|", Fixed(-1.5, 2), Fixed(1.5, 2)), "   -1.50|1.50    |");
        assert_eq!(format!("{}", Fixed(f64::NAN, 2)), "nan");
        assert_eq!(format!("{}", Fixed(-1e300, 2)), "-huge");
        assert_eq!(format!("{}", Fixed(f64::INFINITY, 2)), "huge");
        assert_eq!(format!("{}", Fixed(-0.001, 2)), "0.00");
    }

    #[test]
    fn seconds_have_three_decimals() {
        assert_eq!(format!("{}", Seconds(1_234_567)), "1.234");
        assert_eq!(format!("{}", Seconds(999)), "0.000");
    }
}
