//! What a cell adds to a coarser one, before rounding.

use super::plan::Rule;

/// What the points of a cell give a statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part {
    /// No value.
    None,
    /// A count, or a whole sum or extreme.
    Whole(i128),
    /// A sum or an extreme.
    Float(f64),
    /// How many values, and: their sum for a mean; their mean and the sum of squared differences from it for a variance.
    Many {
        /// How many.
        n: f64,
        /// Sum or mean.
        first: f64,
        /// Sum of squares.
        second: f64,
    },
}

impl Part {
    /// The part of `n` values from the stored statistic of a cell, and their stored mean for a variance.
    pub(super) fn of_many(rule: Rule, n: f64, value: f64, mean: f64) -> Self {
        match rule {
            Rule::Variance { ddof, root } => {
                let variance = if root { value * value } else { value };
                // One value differs from its mean by nothing, also where the stored variance is 0 / 0.
                let second = if n == 1.0 && !mean.is_nan() { 0.0 } else { variance * (n - f64::from(ddof)) };
                Self::Many { n, first: mean, second }
            }
            _ => Self::Many { n, first: n * value, second: 0.0 },
        }
    }

    /// Both together. NaN in either is NaN in the result.
    pub(super) fn with(self, other: Self, rule: Rule) -> Self {
        match (self, other) {
            (Self::None, other) => other,
            (this, Self::None) => this,
            (Self::Whole(a), Self::Whole(b)) => Self::Whole(match rule {
                Rule::Min => a.min(b),
                Rule::Max => a.max(b),
                _ => a + b,
            }),
            (Self::Float(a), Self::Float(b)) => Self::Float(match rule {
                Rule::Min => extreme(a, b, b < a),
                Rule::Max => extreme(a, b, b > a),
                _ => a + b,
            }),
            (Self::Many { n: n_a, first: a, second: s_a }, Self::Many { n: n_b, first: b, second: s_b }) => {
                let n = n_a + n_b;
                if matches!(rule, Rule::Variance { .. }) {
                    let apart = b - a;
                    let first = a + apart * (n_b / n);
                    Self::Many { n, first, second: s_a + s_b + apart * apart * (n_a * n_b / n) }
                } else {
                    Self::Many { n, first: a + b, second: 0.0 }
                }
            }
            // One field has parts of one kind.
            (this, _) => this,
        }
    }

    /// The statistic, unrounded; NaN where there is none.
    pub(super) fn value(self, rule: Rule) -> f64 {
        match self {
            Self::None => f64::NAN,
            Self::Whole(value) => value as f64,
            Self::Float(value) => value,
            Self::Many { n, first, second } => match rule {
                Rule::Variance { ddof, root } => {
                    let freedom = n - f64::from(ddof);
                    let variance = if freedom > 0.0 { second / freedom } else { f64::NAN };
                    if root { variance.sqrt() } else { variance }
                }
                _ => first / n,
            },
        }
    }

    /// The statistic as a whole number; none where there is none.
    pub(super) fn whole(self) -> Option<i128> {
        match self {
            Self::Whole(value) => Some(value),
            _ => None,
        }
    }
}

fn extreme(best: f64, candidate: f64, better: bool) -> f64 {
    if !best.is_nan() && (candidate.is_nan() || better) { candidate } else { best }
}

#[cfg(test)]
mod tests {
    use zagg_core::statistics;

    use super::*;

    const VALUES: [f64; 7] = [2.5, -1.0, 4.0, 0.5, 1e3, 1e3 + 0.25, 7.0];

    fn part(rule: Rule, values: &[f64], ddof: u32) -> Part {
        let (n, mean) = (values.len() as f64, statistics::mean(values));
        match rule {
            Rule::Variance { root: false, .. } => Part::of_many(rule, n, statistics::variance(values, ddof), mean),
            Rule::Variance { root: true, .. } => {
                Part::of_many(rule, n, statistics::standard_deviation(values, ddof), mean)
            }
            _ => Part::of_many(rule, n, mean, f64::NAN),
        }
    }

    #[test]
    fn parts_of_a_set_give_the_statistics_of_the_whole() {
        for ddof in [0, 1] {
            for at in 1..VALUES.len() {
                let (a, b) = VALUES.split_at(at);
                for (rule, expected) in [
                    (Rule::Mean, statistics::mean(&VALUES)),
                    (Rule::Variance { ddof, root: false }, statistics::variance(&VALUES, ddof.into())),
                    (Rule::Variance { ddof, root: true }, statistics::standard_deviation(&VALUES, ddof.into())),
                ] {
                    let merged = part(rule, a, ddof.into()).with(part(rule, b, ddof.into()), rule).value(rule);
                    assert!((merged - expected).abs() <= 1e-12 * expected.abs(), "{rule:?} {at}: {merged} {expected}");
                }
            }
        }
    }

    #[test]
    fn no_value_adds_nothing_and_nan_spreads() {
        for rule in [Rule::Sum, Rule::Min, Rule::Max] {
            assert_eq!(Part::None.with(Part::Float(3.0), rule), Part::Float(3.0));
            assert_eq!(Part::Float(3.0).with(Part::None, rule), Part::Float(3.0));
            for (a, b) in [(f64::NAN, 1.0), (1.0, f64::NAN)] {
                assert!(Part::Float(a).with(Part::Float(b), rule).value(rule).is_nan());
            }
        }
        assert!(Part::None.value(Rule::Mean).is_nan());
    }

    #[test]
    fn one_value_has_no_variance_with_one_degree_off() {
        let rule = Rule::Variance { ddof: 1, root: false };
        let one = |mean: f64| Part::of_many(rule, 1.0, f64::NAN, mean);
        assert!(one(3.0).value(rule).is_nan());
        assert_eq!(one(3.0).with(one(5.0), rule).value(rule), 2.0);
    }

    #[test]
    fn whole_numbers_stay_exact() {
        let big = Part::Whole(i128::from(i64::MAX));
        assert_eq!(big.with(Part::Whole(-1), Rule::Sum).whole(), Some(i128::from(i64::MAX) - 1));
        assert_eq!(big.with(Part::Whole(-1), Rule::Min).whole(), Some(-1));
    }
}
