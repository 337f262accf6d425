//! Seconds of the mission's clock as text.

/// A moment, in seconds since 2018-01-01T00:00:00 UTC, the epoch of ICESat-2's `delta_time`.
/// (The products count GPS seconds, which differ by leap seconds only; there was none since.)
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moment(pub(crate) f64);

/// Days from 1970-01-01 to 2018-01-01.
const EPOCH_DAYS: i64 = 17_532;

impl Moment {
    /// RFC 3339 in UTC, to the millisecond.
    pub(crate) fn rfc3339(self) -> String {
        let (year, month, day, milliseconds) = self.parts();
        let (hours, rest) = (milliseconds / 3_600_000, milliseconds % 3_600_000);
        let (minutes, rest) = (rest / 60_000, rest % 60_000);
        format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{:02}.{:03}Z", rest / 1000, rest % 1000)
    }

    /// `yyyymmddhhmmss`, as granules are named.
    pub(crate) fn compact(self) -> String {
        self.rfc3339().chars().filter(char::is_ascii_digit).take(14).collect()
    }

    /// Year, month, day and the milliseconds since midnight. The calendar arithmetic counts
    /// from 1 March of year 0 in eras of 400 years, so that leap days come last.
    fn parts(self) -> (i64, i64, i64, i64) {
        const DAY: i64 = 86_400_000;
        let milliseconds = (self.0 * 1000.0).floor() as i64;
        let days = EPOCH_DAYS + milliseconds.div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        (year, month, day, milliseconds.rem_euclid(DAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_as_utc() {
        assert_eq!(Moment(0.0).rfc3339(), "2018-01-01T00:00:00.000Z");
        assert_eq!(Moment(86_400.0 * 365.0 + 3_661.5).rfc3339(), "2019-01-01T01:01:01.500Z");
        // 2020 is a leap year: day 59 after New Year is 29 February.
        assert_eq!(Moment(86_400.0 * (730.0 + 59.0)).rfc3339(), "2020-02-29T00:00:00.000Z");
        assert_eq!(Moment(-0.001).rfc3339(), "2017-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_granules_name_holds_fourteen_digits() {
        assert_eq!(Moment(86_400.0 * 369.0 - 37.0).compact(), "20190104235923");
    }
}
