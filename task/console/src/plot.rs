//! A curve in text.
//!
//! ```text
//!   1.73 |     ***
//!        |    *   *            ****
//!   1.00 |---*----*----------**----**--
//!        |  *      *        *
//!   0.00 |**        *******
//!        +-----------------------------
//!         0                       2.000 s
//! ```

use crate::text::{Fixed, Seconds};
use core::fmt::{Result, Write};

/// Lines of the curve.
pub const ROWS: usize = 13;
/// Most points, one a column.
pub const COLUMNS: usize = 60;

/// Draws up to [`COLUMNS`] points (`None`: not known, left blank) that span
/// `duration_us`, with a dashed line at `level`. The scale holds 0, the level and
/// all points.
///
/// # Errors
/// Those of `out`.
pub fn plot(out: &mut impl Write, points: &[Option<f64>], level: f64, duration_us: u64) -> Result {
    let points = points.get(..COLUMNS).unwrap_or(points);
    let (mut low, mut high) = (f64::min(0.0, level), f64::max(0.0, level));
    for y in points.iter().flatten().filter(|y| y.is_finite()) {
        low = low.min(*y);
        high = high.max(*y);
    }
    if high <= low {
        high = low + 1.0;
    }
    let row_of = |y: f64| {
        let row = (high - y) / (high - low) * (ROWS - 1) as f64 + 0.5;
        // Out of range and NaN: a row that does not exist.
        if (0.0..ROWS as f64).contains(&row) { row as usize } else { ROWS }
    };
    let (level_row, zero_row) = (row_of(level), row_of(0.0));
    for row in 0..ROWS {
        let label = match row {
            _ if row == level_row => Some(level),
            _ if row == zero_row => Some(0.0),
            0 => Some(high),
            _ if row == ROWS - 1 => Some(low),
            _ => None,
        };
        match label {
            Some(value) => write!(out, "{:>8} |", Fixed(value, 2))?,
            None => write!(out, "{:>8} |", "")?,
        }
        let blank = if row == level_row { '-' } else { ' ' };
        for point in points {
            let here = point.is_some_and(|y| row_of(y) == row);
            out.write_char(if here { '*' } else { blank })?;
        }
        out.write_char('\n')?;
    }
    write!(out, "{:>8} +", "")?;
    for _ in points {
        out.write_char('-')?;
    }
    // "0" under the first column, the end of the time under the last.
    writeln!(out)?;
    write!(out, "{:>8}  0", "")?;
    for _ in 0..points.len().saturating_sub(8) {
        out.write_char(' ')?;
    }
    writeln!(out, "{} s", Seconds(duration_us))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn drawn(points: &[Option<f64>], level: f64) -> Vec<String> {
        let mut text = String::new();
        plot(&mut text, points, level, 2_000_000).expect("a String takes everything");
        text.lines().map(String::from).collect()
    }

    #[test]
    fn a_ramp_to_the_level_is_a_diagonal() {
        let points: Vec<_> = (0..13).map(|i| Some(f64::from(i) / 12.0)).collect();
        let lines = drawn(&points, 1.0);
        assert_eq!(lines.len(), ROWS + 2);
        assert_eq!(lines[0], "    1.00 |------------*");
        assert_eq!(lines[6], "         |      *      ");
        assert_eq!(lines[12], "    0.00 |*            ");
        assert_eq!(lines[13], "         +-------------");
        assert_eq!(lines[14], "          0     2.000 s");
    }

    #[test]
    fn overshoot_and_undershoot_stretch_the_scale() {
        let lines = drawn(&[Some(0.0), Some(3.0), Some(-1.0)], 1.0);
        assert_eq!(lines[0], "    3.00 | * ");
        assert_eq!(lines[6], "    1.00 |---");
        assert_eq!(lines[9], "    0.00 |*  ");
        assert_eq!(lines[12], "   -1.00 |  *");
    }

    #[test]
    fn unknown_points_and_no_numbers_are_blank() {
        let lines = drawn(&[None, Some(f64::NAN), Some(f64::INFINITY), Some(1.0)], 1.0);
        assert_eq!(lines[0], "    1.00 |---*");
        assert_eq!(lines.concat().matches('*').count(), 1);
    }

    #[test]
    fn nothing_at_all_is_still_a_plot() {
        assert_eq!(drawn(&[], 0.0).len(), ROWS + 2);
        assert_eq!(drawn(&[Some(0.0); 100], 0.0)[12].len(), 10 + COLUMNS);
    }
}
