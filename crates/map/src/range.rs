//! Which values the ends of a colour bar stand for.

use std::{fmt, str::FromStr};

/// A range that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RangeError {
    /// The text is no range.
    #[error("`{0}` is no range; give two values, such as 0,4000, two percentiles, such as 2%,98%, or auto")]
    Spelling(String),
    /// The range has no width, or is upside down.
    #[error("the range {low},{high} is empty: its first value must be less than its second")]
    Empty {
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
    },
    /// A percentile is none.
    #[error("{0}% is no percentile; they go from 0% to 100%")]
    Percentile(f64),
    /// The logarithm of the range cannot be taken.
    #[error(
        "a logarithmic scale needs values above 0, and the range begins at {0}; give --range LOW,HIGH or --scale linear"
    )]
    NotPositive(f64),
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Value(f64),
    Percentile(f64),
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum RangeChoice {
    /// The 2nd to the 98th percentile, so that few odd values do not take all colours.
    #[default]
    Auto,
    /// Two ends.
    Ends(Ends),
}

/// The ends of a chosen range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ends(End, End);

/// The values at the ends of the colours.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Limits {
    /// Values up to here have the first colour.
    pub low: f64,
    /// Values from here on have the last colour.
    pub high: f64,
}

impl FromStr for RangeChoice {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        if text.trim().eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        let spelling = || RangeError::Spelling(text.to_owned());
        let (low, high) = text.split_once(',').ok_or_else(spelling)?;
        let end = |text: &str| -> Result<End, RangeError> {
            let (number, is_percentile) = match text.trim().strip_suffix('%') {
                Some(number) => (number, true),
                None => (text, false),
            };
            let number: f64 = number.trim().parse().map_err(|_| spelling())?;
            match (number.is_finite(), is_percentile) {
                (false, _) => Err(spelling()),
                (true, false) => Ok(End::Value(number)),
                (true, true) if (0.0..=100.0).contains(&number) => Ok(End::Percentile(number)),
                (true, true) => Err(RangeError::Percentile(number)),
            }
        };
        let (low, high) = (end(low)?, end(high)?);
        match (low, high) {
            (End::Value(low), End::Value(high)) | (End::Percentile(low), End::Percentile(high)) if low >= high => {
                Err(RangeError::Empty { low, high })
            }
            _ => Ok(Self::Ends(Ends(low, high))),
        }
    }
}

impl fmt::Display for RangeChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |end: &End| match end {
            End::Value(value) => value.to_string(),
            End::Percentile(value) => format!("{value}%"),
        };
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Ends(Ends(low, high)) => write!(f, "{},{}", end(low), end(high)),
        }
    }
}

impl RangeChoice {
    /// The limits for these values, which ascend. `symmetric` makes what is chosen by percentiles symmetric about 0,
    /// as colours of differences need it.
    ///
    /// # Errors
    /// When the ends, one of them a percentile, are upside down.
    pub fn limits(&self, ascending: &[f64], symmetric: bool) -> Result<Limits, RangeError> {
        let Ends(low, high) = match self {
            Self::Auto => Ends(End::Percentile(2.0), End::Percentile(98.0)),
            Self::Ends(ends) => *ends,
        };
        let value = |end| match end {
            End::Value(value) => value,
            End::Percentile(percent) => percentile(ascending, percent).unwrap_or(0.0),
        };
        let by_percentiles = matches!((low, high), (End::Percentile(_), End::Percentile(_)));
        let (mut low, mut high) = (value(low), value(high));
        if symmetric && by_percentiles {
            high = low.abs().max(high.abs());
            low = -high;
        }
        if by_percentiles && low == high {
            // One value everywhere: colours need a width. Wide enough to differ from the value by itself.
            let half = if symmetric { 1.0 } else { (low.abs() * 0.01).max(0.5) };
            (low, high) = (low - half, high + half);
        }
        if low < high { Ok(Limits { low, high }) } else { Err(RangeError::Empty { low, high }) }
    }
}

/// The value below which `percent` of the values lie, between neighbours by their distance (as numpy has it);
/// none without values.
#[must_use]
pub fn percentile(ascending: &[f64], percent: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let rank = percent.clamp(0.0, 100.0) / 100.0 * last as f64;
    let (below, share) = (rank.floor() as usize, rank.fract());
    let (a, b) = (*ascending.get(below)?, *ascending.get((below + 1).min(last))?);
    Some(if share == 0.0 { a } else { a + (b - a) * share })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(text: &str) -> RangeChoice {
        text.parse().unwrap()
    }

    #[test]
    fn ranges_are_values_percentiles_or_both() {
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        for (text, low, high) in
            [("0,4000", 0.0, 4000.0), ("2%,98%", 2.0, 98.0), ("auto", 2.0, 98.0), ("-5.5, 97.5%", -5.5, 97.5)]
        {
            assert_eq!(choice(text).limits(&values, false), Ok(Limits { low, high }), "{text}");
        }
        assert_eq!(choice("0%,100%").limits(&[3.0, 4.0], true), Ok(Limits { low: -4.0, high: 4.0 }));
        assert_eq!(choice("1,2").limits(&[], true), Ok(Limits { low: 1.0, high: 2.0 }));
    }

    #[test]
    fn what_is_no_range_is_said() {
        for text in ["", "5", "1,2,3", "nan,5", "0,inf", "a,b", "1%", "%,%"] {
            assert_eq!(text.parse::<RangeChoice>(), Err(RangeError::Spelling(text.to_owned())), "{text}");
        }
        assert_eq!("4,4".parse::<RangeChoice>(), Err(RangeError::Empty { low: 4.0, high: 4.0 }));
        assert_eq!("98%,2%".parse::<RangeChoice>(), Err(RangeError::Empty { low: 98.0, high: 2.0 }));
        assert_eq!("-1%,50%".parse::<RangeChoice>(), Err(RangeError::Percentile(-1.0)));
        assert!(matches!(choice("50,50%").limits(&[1.0, 2.0], false), Err(RangeError::Empty { .. })));
    }

    #[test]
    fn one_value_everywhere_still_gives_colours_a_width() {
        assert_eq!(choice("auto").limits(&[7.0, 7.0], false), Ok(Limits { low: 6.5, high: 7.5 }));
        assert_eq!(choice("auto").limits(&[0.0], true), Ok(Limits { low: -1.0, high: 1.0 }));
        assert!(choice("auto").limits(&[], false).is_ok());
    }

    #[test]
    fn percentiles_are_numpys() {
        // numpy.percentile([1, 2, 4, 8], [0, 10, 50, 90, 100])
        let found = [0.0, 10.0, 50.0, 90.0, 100.0].map(|p| percentile(&[1.0, 2.0, 4.0, 8.0], p).unwrap());
        assert_eq!(found.map(|x| (x * 1e9).round() / 1e9), [1.0, 1.3, 3.0, 6.8, 8.0]);
    }
}
