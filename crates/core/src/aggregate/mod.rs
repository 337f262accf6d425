//! Points of a shard to one value per field and cell.
//!
//! Sums are in `f64` in a fixed order (granule order in the shard map, group order, row), and are
//! rounded once to the declared type.

mod error;
mod group;
mod reduction;
mod store_as;
mod weighted;

pub use error::AggregateError;
pub use group::Groups;

use crate::{
    column::{FillValue, ShardColumns},
    expression::{Input, MissingRule},
    pipeline::{Field, FillPolicy, Pipeline, Reduction},
    points::{Column, Points},
};

use reduction::{Want, statistics};
use store_as::{Statistic, Target};
use weighted::weighted_mean;

/// The statistics of a pipeline, ready for shards of one size.
#[derive(Debug, Clone)]
pub struct Aggregation {
    fields: Vec<Field>,
    cells_per_shard: usize,
    missing: MissingRule,
}

/// What an aggregation left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AggregateReport {
    /// Points that came in.
    pub points: u64,
    /// For each variable, how many of the points lack it (HDF5 fill value or NaN).
    pub missing: Vec<(String, u64)>,
    /// Bytes of points held while aggregating, at the most.
    pub peak_bytes: u64,
}

impl Aggregation {
    /// The statistics of `pipeline` over shards of `cells_per_shard` cells.
    #[must_use]
    pub fn new(pipeline: &Pipeline, cells_per_shard: usize) -> Self {
        let missing = match pipeline.source.fill {
            FillPolicy::Missing => MissingRule::LeaveOut,
            FillPolicy::Keep => MissingRule::Propagate,
        };
        Self { fields: pipeline.fields.clone(), cells_per_shard, missing }
    }

    /// One value per field and cell. Pure: the same points give the same bits.
    ///
    /// # Errors
    /// When a value does not fit its field's type, or points and pipeline do not belong together.
    pub fn apply(&self, points: Points) -> Result<(ShardColumns, AggregateReport), AggregateError> {
        let mut report = AggregateReport { points: points.len() as u64, ..AggregateReport::default() };
        report.peak_bytes = points.bytes() as u64;
        let groups = Groups::new(points, self.cells_per_shard)?;
        if self.missing == MissingRule::LeaveOut {
            report.missing = groups.columns.iter().map(|(name, column)| (name.clone(), nan_count(column))).collect();
        }
        let mut columns = ShardColumns { fields: Vec::new(), cells_with_points: groups.cells.len() as u64 };
        for (field, statistic) in self.fields.iter().zip(self.statistics(&groups)?) {
            let empty = match field.reduction {
                Reduction::Count { .. } => FillValue::Integer(0),
                _ => field.fill_value,
            };
            let target = Target {
                field: &field.name,
                dtype: field.dtype,
                empty,
                cells: &groups.cells,
                cells_per_shard: self.cells_per_shard,
            };
            let mut values = target.dense(&statistic)?;
            if matches!(field.reduction, Reduction::Count { .. }) {
                values = zero_where_nan(values);
            }
            columns.fields.push((field.name.clone(), values));
        }
        Ok((columns, report))
    }

    /// One statistic per field, in field order; fields of one source share a pass.
    fn statistics(&self, groups: &Groups) -> Result<Vec<Statistic>, AggregateError> {
        let mut out: Vec<Option<Statistic>> = self.fields.iter().map(|_| None).collect();
        for (i, field) in self.fields.iter().enumerate() {
            if out[i].is_some() {
                continue;
            }
            let Some((source, _)) = Want::of(&field.reduction) else {
                out[i] = Some(self.special(groups, field)?);
                continue;
            };
            let column = column_of(groups, field, source)?;
            let (fields, wants): (Vec<usize>, Vec<Want>) = self
                .fields
                .iter()
                .enumerate()
                .filter_map(|(j, other)| Want::of(&other.reduction).map(|(s, want)| (j, s, want)))
                .filter(|(_, s, _)| *s == source)
                .map(|(j, _, want)| (j, want))
                .unzip();
            let leave_out = self.missing == MissingRule::LeaveOut;
            for (j, statistic) in fields.into_iter().zip(statistics(groups, column, &wants, leave_out)) {
                out[j] = Some(statistic);
            }
        }
        Ok(out.into_iter().flatten().collect())
    }

    /// Statistics of more, or less, than one variable.
    fn special(&self, groups: &Groups, field: &Field) -> Result<Statistic, AggregateError> {
        let fail = |source| AggregateError::Expression { field: field.name.clone(), source };
        match &field.reduction {
            Reduction::WeightedMean { source, weights } => {
                let column = column_of(groups, field, source)?;
                weighted_mean(groups, column, weights, self.missing).map_err(fail)
            }
            Reduction::Expression(expression) => {
                let input = Input {
                    columns: &groups.columns,
                    points: groups.points,
                    starts: &groups.starts,
                    missing: self.missing,
                };
                expression.eval_per_cell(&input).map(Statistic::Float).map_err(fail)
            }
            _ => Ok(Statistic::Integer(groups.ranges().map(|range| Some(range.len() as i128)).collect())),
        }
    }
}

fn column_of<'a>(groups: &'a Groups, field: &Field, source: &str) -> Result<&'a Column, AggregateError> {
    // A shard without points has no columns either.
    const NOTHING: &Column = &Column::F64(Vec::new());
    match groups.column(source) {
        Some(column) => Ok(column),
        None if groups.points == 0 => Ok(NOTHING),
        None => Err(AggregateError::NoSuchColumn { field: field.name.clone(), source_name: source.to_owned() }),
    }
}

fn nan_count(column: &Column) -> u64 {
    match column {
        Column::F32(v) => v.iter().filter(|x| x.is_nan()).count() as u64,
        Column::F64(v) => v.iter().filter(|x| x.is_nan()).count() as u64,
        Column::I64(_) | Column::U64(_) => 0,
    }
}

/// A count of an empty cell is zero, also where the field's type could say NaN.
fn zero_where_nan(values: crate::column::Values) -> crate::column::Values {
    use crate::column::Values;
    match values {
        Values::Float32(v) => Values::Float32(v.into_iter().map(|x| if x.is_nan() { 0.0 } else { x }).collect()),
        Values::Float64(v) => Values::Float64(v.into_iter().map(|x| if x.is_nan() { 0.0 } else { x }).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
