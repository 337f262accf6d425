//! The weighted mean.

use crate::{
    expression::{Expression, ExpressionError, Input, MissingRule},
    points::Column,
};

use super::{group::Groups, store_as::Statistic};

/// `sum(x w) / sum(w)` per group, NaN where the weights sum to zero. With
/// [`MissingRule::LeaveOut`], points that lack the value or a variable of the weights are left out.
pub(super) fn weighted_mean(
    groups: &Groups,
    column: &Column,
    weights: &Expression,
    missing: MissingRule,
) -> Result<Statistic, ExpressionError> {
    let input = Input { columns: &groups.columns, points: groups.points, starts: &groups.starts, missing };
    let weight = weights.eval_per_point(&input)?;
    let absent = match missing {
        MissingRule::LeaveOut => missing_in(groups, weights),
        MissingRule::Propagate => Vec::new(),
    };
    let left_out = |i: usize| missing == MissingRule::LeaveOut && (absent[i] || column.f64_at(i).is_nan());
    let means = groups.ranges().map(|range| {
        let (mut total, mut weighted) = (0.0, 0.0);
        for i in range.filter(|&i| !left_out(i)) {
            total += weight[i];
            weighted += column.f64_at(i) * weight[i];
        }
        if total == 0.0 { f64::NAN } else { weighted / total }
    });
    Ok(Statistic::Float(means.collect()))
}

/// For each point, whether a variable of `expression` is NaN.
fn missing_in(groups: &Groups, expression: &Expression) -> Vec<bool> {
    let mut missing = vec![false; groups.points];
    for column in expression.columns().iter().filter_map(|name| groups.column(name)) {
        match column {
            Column::F32(v) => missing.iter_mut().zip(v).for_each(|(m, x)| *m |= x.is_nan()),
            Column::F64(v) => missing.iter_mut().zip(v).for_each(|(m, x)| *m |= x.is_nan()),
            Column::I64(_) | Column::U64(_) => {}
        }
    }
    missing
}
