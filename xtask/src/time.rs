//! Times on the command line: a number and a unit.

use std::time::Duration;

/// Reads `250us`, `20ms`, `5s`, `1.5s`, `2m`.
pub fn parse(text: &str) -> Result<Duration, String> {
    let help = || format!("`{text}` is no time such as 250us, 20ms, 5s or 2m");
    let split = text.find(|c: char| c != '.' && !c.is_ascii_digit()).ok_or_else(help)?;
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().map_err(|_| help())?;
    let unit = match unit.trim() {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(help()),
    };
    let time = Duration::try_from_secs_f64(number * unit).map_err(|_| help())?;
    // To the microsecond, which is what images count in.
    let time = Duration::from_micros(u64::try_from((time.as_nanos() + 500) / 1000).unwrap_or(0));
    if time.is_zero() { Err(help()) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(parse("250us"), Ok(Duration::from_micros(250)));
        assert_eq!(parse("20ms"), Ok(Duration::from_millis(20)));
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
    }

    #[test]
    fn anything_else_is_refused_with_examples() {
        for text in ["", "5", "s", "-1s", "5 parsecs", "1.2.3s", "0s", "1e9h", "inf s"] {
            let error = parse(text).unwrap_err();
            assert_eq!(error, format!("`{text}` is no time such as 250us, 20ms, 5s or 2m"));
        }
    }
}
