//! Cycles of ICESat-2: 91 days in which it flies each of its tracks once.
//!
//! Two meanings of "cycle 22" exist. [`Mode::Exact`], what people mean, takes the granules whose
//! names say that they are of the cycle. [`Mode::Formula`], which the Python zagg has, takes the
//! dates of a formula that is 15 days late at cycle 2 and 20 at cycle 30 (measured on 10,004
//! names), so that a fifth of what it finds is of the cycle after.

use chrono::{Days, NaiveDate};

use super::error::StacError;
use super::name::GranuleName;
use super::query::TimeRange;
use crate::catalog::Entry;

/// What a cycle stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// The granules that are of the cycle by their names.
    #[default]
    Exact,
    /// All granules between two dates: 91 days a cycle from 2018-10-13 on, as the Python zagg counts.
    Formula,
}

/// A name has two digits for it.
const LAST_CYCLE: u32 = 99;

/// The days of a cycle.
const CYCLE_DAYS: u64 = 91;

/// The formula's first and last day of a cycle, both included: `2018-10-13 + (cycle - 1) · 91 d`,
/// and 91 days later.
///
/// # Errors
/// [`StacError::NoCycle`] for 0 and from 100 on.
pub fn formula_days(cycle: u32) -> Result<[NaiveDate; 2], StacError> {
    let gone = StacError::NoCycle { cycle, last: LAST_CYCLE };
    let before = cycle.checked_sub(1).filter(|_| cycle <= LAST_CYCLE);
    let day = |days: u64| NaiveDate::from_ymd_opt(2018, 10, 13)?.checked_add_days(Days::new(days));
    let start = before.map(|before| u64::from(before) * CYCLE_DAYS);
    let days = start.and_then(|start| Some([day(start)?, day(start + CYCLE_DAYS)?]));
    days.ok_or(gone)
}

/// When to search for a cycle's granules. For [`Mode::Exact`] the formula's dates begin earlier,
/// by 25 days and a day for each four cycles more, since the formula gets later by 0.18 days a
/// cycle; what is not of the cycle is then left out by [`keep`].
///
/// # Errors
/// As [`formula_days`].
pub fn window(cycle: u32, mode: Mode) -> Result<TimeRange, StacError> {
    let [first, last] = formula_days(cycle)?;
    let early = match mode {
        Mode::Exact => u64::from(25 + cycle / 4),
        Mode::Formula => 0,
    };
    let first = first.checked_sub_days(Days::new(early)).unwrap_or(first);
    TimeRange::of_days(Some(&first.to_string()), Some(&last.to_string()))
}

/// What [`keep`] left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// Granules of other cycles.
    pub other_cycles: u64,
    /// Granules whose names do not tell a cycle.
    pub nameless: Vec<String>,
}

/// Keeps the granules that are of `cycle` by their names, in their order.
///
/// # Errors
/// [`StacError::NoneOfCycle`] when none is.
pub fn keep(entries: &mut Vec<Entry>, cycle: u32) -> Result<LeftOut, StacError> {
    let (found, mut left) = (entries.len(), LeftOut::default());
    entries.retain(|entry| match GranuleName::of(entry) {
        Some(name) if u32::from(name.cycle) == cycle => true,
        Some(_) => {
            left.other_cycles += 1;
            false
        }
        None => {
            left.nameless.push(entry.id.clone());
            false
        }
    });
    if entries.is_empty() { Err(StacError::NoneOfCycle { cycle, found }) } else { Ok(left) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(days: [NaiveDate; 2]) -> [String; 2] {
        days.map(|day| day.to_string())
    }

    #[test]
    fn the_formula_gives_the_dates_of_the_peer() {
        for (cycle, days) in
            [(1, ["2018-10-13", "2019-01-12"]), (22, ["2024-01-06", "2024-04-06"]), (30, ["2026-01-03", "2026-04-04"])]
        {
            assert_eq!(text(formula_days(cycle).unwrap()), days);
        }
        let window = window(22, Mode::Formula).unwrap();
        assert_eq!(window, TimeRange::of_days(Some("2024-01-06"), Some("2024-04-06")).unwrap());
    }

    #[test]
    fn there_is_no_cycle_zero_and_none_of_three_digits() {
        for cycle in [0, 100, u32::MAX] {
            assert!(matches!(formula_days(cycle), Err(StacError::NoCycle { .. })), "{cycle}");
        }
        assert!(formula_days(99).is_ok());
    }

    #[test]
    fn the_window_of_a_cycle_holds_its_real_dates() {
        // First and last day of real granules, by the cycle in their names.
        for (cycle, first, last) in [
            (1, "2018-10-14", "2018-12-28"),
            (2, "2018-12-28", "2019-03-29"),
            (22, "2023-12-19", "2024-03-18"),
            (30, "2025-12-14", "2026-03-11"),
        ] {
            let (window, real) =
                (window(cycle, Mode::Exact).unwrap(), TimeRange::of_days(Some(first), Some(last)).unwrap());
            assert!(window.start_us < real.start_us && real.end_us < window.end_us, "{cycle}");
        }
    }

    #[test]
    fn granules_of_the_cycle_stay_and_the_others_are_counted() {
        let granules = || {
            ["ATL06_20240106012345_02872203_007_01.h5", "ATL06_20240320012345_02872303_007_01.h5", "a granule"]
                .map(|id| Entry { id: id.to_owned(), ..Entry::default() })
                .to_vec()
        };
        let mut entries = granules();
        let left = keep(&mut entries, 22).unwrap();
        assert_eq!(left, LeftOut { other_cycles: 1, nameless: vec!["a granule".to_owned()] });
        assert_eq!(entries, granules()[..1]);
        let error = keep(&mut granules(), 21).unwrap_err().to_string();
        assert!(error.contains("none of the 3") && error.contains("cycle 21"), "{error}");
    }
}
