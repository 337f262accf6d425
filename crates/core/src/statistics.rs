//! Statistics of slices of `f64`, summed in the order of the slice.
//!
//! None of these leave anything out: a NaN among the values makes the result NaN. A caller that
//! treats NaN as missing removes them first. An empty slice has no statistic, which is NaN.

/// The sum, added up in order. The sum of nothing is NaN, so that no data never looks like zero.
#[must_use]
pub fn sum(values: &[f64]) -> f64 {
    if values.is_empty() { f64::NAN } else { values.iter().sum() }
}

/// The arithmetic mean.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    sum(values) / values.len() as f64
}

/// `sum(x w) / sum(w)`; NaN when the weights sum to zero. `values` and `weights` are equally long.
#[must_use]
pub fn weighted_mean(values: &[f64], weights: &[f64]) -> f64 {
    let (mut products, mut total) = (0.0, 0.0);
    for (value, weight) in values.iter().zip(weights) {
        products += value * weight;
        total += weight;
    }
    if total == 0.0 { f64::NAN } else { products / total }
}

/// `sum((x - mean)^2) / (n - ddof)` in two passes (Chan, Golub and LeVeque 1983, eq. 1.2); NaN
/// when no more than `ddof` values are there.
#[must_use]
pub fn variance(values: &[f64], ddof: u32) -> f64 {
    let n = values.len() as f64;
    let freedom = n - f64::from(ddof);
    if freedom <= 0.0 {
        return f64::NAN;
    }
    let mean = mean(values);
    values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / freedom
}

/// The square root of [`variance`].
#[must_use]
pub fn standard_deviation(values: &[f64], ddof: u32) -> f64 {
    variance(values, ddof).sqrt()
}

/// The least value.
#[must_use]
pub fn min(values: &[f64]) -> f64 {
    extreme(values, |candidate, least| candidate < least)
}

/// The greatest value.
#[must_use]
pub fn max(values: &[f64]) -> f64 {
    extreme(values, |candidate, greatest| candidate > greatest)
}

fn extreme(values: &[f64], better: impl Fn(f64, f64) -> bool) -> f64 {
    let Some((&first, rest)) = values.split_first() else { return f64::NAN };
    rest.iter().fold(first, |best, &x| if !best.is_nan() && (x.is_nan() || better(x, best)) { x } else { best })
}

/// The `q` quantile, `0 <= q <= 1`, of values in ascending order: linear between the two nearest
/// order statistics (Hyndman and Fan 1996, type 7), interpolated from the nearer end as numpy
/// does, so that `q` and `1 - q` mirror each other.
#[must_use]
pub fn quantile_sorted(sorted: &[f64], q: f64) -> f64 {
    let Some(&last) = sorted.last() else { return f64::NAN };
    // numpy sorts NaN to the end, `f64::total_cmp` sorts negative ones to the beginning.
    if last.is_nan() || sorted[0].is_nan() || !(0.0..=1.0).contains(&q) {
        return f64::NAN;
    }
    let position = (sorted.len() - 1) as f64 * q;
    let below = position.floor();
    let (a, Some(&b)) = (sorted[below as usize], sorted.get(below as usize + 1)) else { return last };
    let t = position - below;
    if a == b {
        a // two equal infinities have no difference
    } else if t < 0.5 {
        a + (b - a) * t
    } else {
        b - (b - a) * (1.0 - t)
    }
}

/// The middle of values in ascending order: the mean of the two middle ones when `n` is even.
#[must_use]
pub fn median_sorted(sorted: &[f64]) -> f64 {
    let Some(&last) = sorted.last() else { return f64::NAN };
    if last.is_nan() || sorted[0].is_nan() {
        return f64::NAN;
    }
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_equal_numpys() {
        let x = [2.5, -1.0, 4.0, 0.5];
        assert_eq!(sum(&x), 6.0);
        assert_eq!(mean(&x), 1.5);
        assert_eq!(variance(&x, 0), 3.625);
        assert_eq!(variance(&x, 1), 4.833333333333333);
        assert_eq!(standard_deviation(&x, 0), 1.9039432764659772);
        assert_eq!((min(&x), max(&x)), (-1.0, 4.0));
        assert_eq!(weighted_mean(&x, &[1.0, 2.0, 0.0, 1.0]), 0.25);
    }

    #[test]
    fn quantiles_equal_numpys_linear_ones() {
        let sorted = [-1.0, 0.5, 2.5, 4.0];
        let expected = [(0.0, -1.0), (0.25, 0.125), (0.5, 1.5), (0.75, 2.875), (0.9, 3.5500000000000003), (1.0, 4.0)];
        for (q, value) in expected {
            assert_eq!(quantile_sorted(&sorted, q), value, "q = {q}");
        }
        assert_eq!(median_sorted(&sorted), 1.5);
        assert_eq!(median_sorted(&sorted[..3]), 0.5);
        assert_eq!(quantile_sorted(&[7.0], 0.3), 7.0);
        assert_eq!(quantile_sorted(&[f64::INFINITY; 3], 0.3), f64::INFINITY);
    }

    #[test]
    fn nothing_has_no_statistic_and_nan_spreads() {
        let nothing: [f64; 0] = [];
        for value in [sum(&nothing), mean(&nothing), variance(&nothing, 0), min(&nothing), max(&nothing)] {
            assert!(value.is_nan());
        }
        assert!(quantile_sorted(&nothing, 0.5).is_nan() && median_sorted(&nothing).is_nan());
        for x in [[f64::NAN, 1.0, 2.0], [1.0, f64::NAN, 0.0], [1.0, 2.0, f64::NAN]] {
            for value in [sum(&x), mean(&x), variance(&x, 0), min(&x), max(&x)] {
                assert!(value.is_nan(), "{x:?}");
            }
        }
        for x in [[1.0, 2.0, f64::NAN], [-f64::NAN, 1.0, 2.0]] {
            assert!(quantile_sorted(&x, 0.5).is_nan() && median_sorted(&x).is_nan());
        }
        assert!(variance(&[1.0], 1).is_nan());
        assert!(weighted_mean(&[1.0], &[0.0]).is_nan());
        assert_eq!(min(&[f64::INFINITY, 1.0, f64::NEG_INFINITY]), f64::NEG_INFINITY);
        assert_eq!(max(&[f64::NEG_INFINITY, f64::INFINITY]), f64::INFINITY);
    }
}
