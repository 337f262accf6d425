//! Statistics of one variable: every field of the same source in one pass over the groups.

use crate::{
    pipeline::Reduction,
    points::Column,
    statistics::{mean, quantile_sorted, sum, variance},
};

use super::{group::Groups, store_as::Statistic};

/// What one field wants of a group's values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Want {
    Count,
    Min,
    Max,
    Sum,
    Mean,
    Variance { ddof: u32 },
    StandardDeviation { ddof: u32 },
    Quantile(f64),
}

impl Want {
    /// The source and the statistic of a reduction of one variable; none for the others.
    pub(super) fn of(reduction: &Reduction) -> Option<(&str, Self)> {
        Some(match reduction {
            Reduction::Count { source: Some(source) } => (source, Self::Count),
            Reduction::Min { source } => (source, Self::Min),
            Reduction::Max { source } => (source, Self::Max),
            Reduction::Sum { source } => (source, Self::Sum),
            Reduction::Mean { source } => (source, Self::Mean),
            Reduction::Variance { source, ddof } => (source, Self::Variance { ddof: *ddof }),
            Reduction::StandardDeviation { source, ddof } => (source, Self::StandardDeviation { ddof: *ddof }),
            Reduction::Median { source } => (source, Self::Quantile(0.5)),
            Reduction::Quantile { source, q } => (source, Self::Quantile(*q)),
            Reduction::Count { source: None } | Reduction::WeightedMean { .. } | Reduction::Expression(_) => {
                return None;
            }
        })
    }

    fn needs_order(self) -> bool {
        matches!(self, Self::Quantile(_))
    }

    /// The statistic of `values`, which are sorted if any want needs it. Never called on nothing.
    fn of_values(self, values: &[f64], sorted: &[f64], moments: &Moments) -> f64 {
        match self {
            Self::Count => values.len() as f64,
            Self::Min => moments.min,
            Self::Max => moments.max,
            Self::Sum => sum(values),
            Self::Mean => mean(values),
            Self::Variance { ddof } => variance(values, ddof),
            Self::StandardDeviation { ddof } => variance(values, ddof).sqrt(),
            Self::Quantile(q) if moments.has_nan => {
                let _ = q;
                f64::NAN
            }
            Self::Quantile(q) => quantile_sorted(sorted, q),
        }
    }
}

/// Extremes that propagate NaN, as numpy's do.
struct Moments {
    min: f64,
    max: f64,
    has_nan: bool,
}

impl Moments {
    fn of(values: &[f64]) -> Self {
        let (mut min, mut max, mut has_nan) = (f64::INFINITY, f64::NEG_INFINITY, false);
        for &value in values {
            min = if value < min { value } else { min };
            max = if value > max { value } else { max };
            has_nan |= value.is_nan();
        }
        if has_nan { Self { min: f64::NAN, max: f64::NAN, has_nan } } else { Self { min, max, has_nan } }
    }
}

/// The wanted statistics of `column` for every group. With `leave_out_nan`, NaN is missing data.
pub(super) fn statistics(groups: &Groups, column: &Column, wants: &[Want], leave_out_nan: bool) -> Vec<Statistic> {
    if let Column::I64(_) | Column::U64(_) = column {
        return wants.iter().map(|want| integer_statistic(groups, column, *want)).collect();
    }
    let needs_order = wants.iter().any(|want| want.needs_order());
    let mut out: Vec<Vec<f64>> = wants.iter().map(|_| Vec::with_capacity(groups.cells.len())).collect();
    let (mut values, mut sorted) = (Vec::new(), Vec::new());
    for range in groups.ranges() {
        present(column, range, leave_out_nan, &mut values);
        if values.is_empty() {
            for (want, out) in wants.iter().zip(&mut out) {
                out.push(if *want == Want::Count { 0.0 } else { f64::NAN });
            }
            continue;
        }
        let moments = Moments::of(&values);
        if needs_order {
            sorted.clone_from(&values);
            sorted.sort_unstable_by(f64::total_cmp);
        }
        for (want, out) in wants.iter().zip(&mut out) {
            out.push(want.of_values(&values, &sorted, &moments));
        }
    }
    out.into_iter().map(Statistic::Float).collect()
}

/// Fills `out` with the values of `range`, widened, without missing ones.
pub(super) fn present(column: &Column, range: std::ops::Range<usize>, leave_out_nan: bool, out: &mut Vec<f64>) {
    out.clear();
    match column {
        Column::F32(v) => out.extend(v[range].iter().map(|&x| f64::from(x))),
        Column::F64(v) => out.extend_from_slice(&v[range]),
        Column::I64(v) => out.extend(v[range].iter().map(|&x| x as f64)),
        Column::U64(v) => out.extend(v[range].iter().map(|&x| x as f64)),
    }
    if leave_out_nan {
        out.retain(|value| !value.is_nan());
    }
}

/// Integer columns hold no missing values; their extremes and sums stay exact beyond 2^53.
fn integer_statistic(groups: &Groups, column: &Column, want: Want) -> Statistic {
    let at = |i: usize| match column {
        Column::I64(v) => i128::from(v[i]),
        Column::U64(v) => i128::from(v[i]),
        Column::F32(_) | Column::F64(_) => 0,
    };
    let exact =
        |f: &dyn Fn(std::ops::Range<usize>) -> Option<i128>| Statistic::Integer(groups.ranges().map(f).collect());
    match want {
        Want::Count => exact(&|range| Some(range.len() as i128)),
        Want::Min => exact(&|range| range.map(at).min()),
        Want::Max => exact(&|range| range.map(at).max()),
        Want::Sum => exact(&|range| Some(range.map(at).sum())),
        _ => {
            let mut values = Vec::new();
            let mut sorted = Vec::new();
            Statistic::Float(
                groups
                    .ranges()
                    .map(|range| {
                        present(column, range, false, &mut values);
                        sorted.clone_from(&values);
                        if want.needs_order() {
                            sorted.sort_unstable_by(f64::total_cmp);
                        }
                        want.of_values(&values, &sorted, &Moments::of(&values))
                    })
                    .collect(),
            )
        }
    }
}
