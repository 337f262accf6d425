//! Which numbers may be typed, so that none is nonsense, endless, or silently another one.

use std::time::Duration;

use clap::builder::RangedU64ValueParser;

/// A year, in seconds: longer than any wait or loan is meant to be, and short enough to be added to any time.
const YEAR: u32 = 31_536_000;
/// More than any machine has threads or sockets for.
const MOST_AT_ONCE: u64 = 65_536;
/// In seconds. Nothing is on loan for less: whoever holds it has to have the time to extend it.
const SHORTEST_TERM: f64 = 0.1;

/// How many things are worked on at once.
#[must_use]
pub fn at_once() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=MOST_AT_ONCE)
}

/// A time in seconds, nought included.
///
/// # Errors
/// When the text is not such a number.
pub fn seconds(text: &str) -> Result<Duration, String> {
    from(0.0, text)
}

/// How long a job is on loan, in seconds.
///
/// # Errors
/// When the text is not such a number.
pub fn term(text: &str) -> Result<Duration, String> {
    from(SHORTEST_TERM, text)
}

fn from(least: f64, text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok().filter(|seconds| (least..=f64::from(YEAR)).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| format!("it is not a number from {least} to {YEAR} (a year)"))
}

/// A sum of money, or how far values may be apart.
///
/// # Errors
/// When the text is not such a number.
pub fn amount(text: &str) -> Result<f64, String> {
    let amount: Option<f64> = text.parse().ok().filter(|amount: &f64| amount.is_finite() && *amount >= 0.0);
    amount.ok_or_else(|| "it is not a number of 0 or more".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONSENSE: [&str; 7] = ["", "x", "nan", "inf", "-1", "1e300", "1 s"];

    #[test]
    fn times_are_of_this_world() {
        assert_eq!((seconds("0").unwrap(), seconds("0.5").unwrap()), (Duration::ZERO, Duration::from_millis(500)));
        assert_eq!(seconds("31536000").unwrap(), Duration::from_secs(31_536_000));
        for text in NONSENSE.into_iter().chain(["31536001"]) {
            assert!(seconds(text).is_err() && term(text).is_err(), "{text}");
        }
        assert!(term("0").is_err() && term("0.1").is_ok());
    }

    #[test]
    fn amounts_are_numbers() {
        assert_eq!((amount("0").unwrap(), amount("1e300").unwrap()), (0.0, 1e300));
        for text in ["", "x", "nan", "inf", "-1", "$5"] {
            assert!(amount(text).is_err(), "{text}");
        }
    }
}
