//! Times: RFC 3339 text and microseconds since 1970.

use chrono::{DateTime, SecondsFormat, Timelike, Utc};

/// Microseconds since 1970 (UTC) of an RFC 3339 time; finer digits are cut. A leap second counts
/// as the last microsecond before it ends, so that times stay in order. None for other text.
pub(super) fn parse(text: &str) -> Option<i64> {
    let time = DateTime::parse_from_rfc3339(text.trim()).ok()?.with_timezone(&Utc);
    // chrono keeps a leap second as a nanosecond of 1e9 and more.
    let micros = i64::from(time.nanosecond() / 1000).min(999_999);
    time.timestamp().checked_mul(1_000_000)?.checked_add(micros)
}

/// The time as RFC 3339 in UTC, with as many digits as it needs (none, 3 or 6); none beyond the year 9999.
pub(super) fn text(micros: i64) -> Option<String> {
    let time = DateTime::from_timestamp_micros(micros)?;
    let text = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    (text.len() <= "2024-01-06T00:00:00.000000Z".len()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_exact_to_the_microsecond_in_every_form() {
        let expected = 1_549_206_560_056_000;
        for text in [
            "2019-02-03T15:09:20.056Z",
            "2019-02-03T15:09:20.056000+00:00",
            "2019-02-03T15:09:20.0560009999Z",
            "2019-02-03t17:09:20.056+02:00",
            "2019-02-03T15:09:20.056000000000000000Z",
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        assert_eq!(parse("1969-12-31T23:59:59.999999Z"), Some(-1));
        assert_eq!(parse("2016-12-31T23:59:60.5Z"), Some(1_483_228_799_999_999));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "2019-02-03", "2019-02-03T15:09:20", "2019-13-03T15:09:20Z", "yesterday", "null"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_written_with_the_digits_that_it_needs() {
        assert_eq!(text(1_704_499_200_000_000).as_deref(), Some("2024-01-06T00:00:00Z"));
        assert_eq!(text(1_704_499_200_056_000).as_deref(), Some("2024-01-06T00:00:00.056Z"));
        assert_eq!(text(-1).as_deref(), Some("1969-12-31T23:59:59.999999Z"));
        assert_eq!(text(i64::MAX), None);
    }
}
