//! What can go wrong while aggregating.

use crate::{column::Dtype, expression::ExpressionError, fault::Fault};

/// An aggregation that cannot be completed. The shard is not written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AggregateError {
    /// More points than a 32-bit index counts.
    #[error("the shard holds {points} points, more than 4294967295; use a finer parent_order")]
    TooManyPoints {
        /// Points in the shard.
        points: usize,
    },
    /// A point's cell is not in the shard: a defect of the reader.
    #[error("cell rank {cell} is outside the shard, which has {cells_per_shard} cells")]
    CellOutOfShard {
        /// The rank.
        cell: u32,
        /// Cells in the shard.
        cells_per_shard: usize,
    },
    /// A column is not as long as there are points: a defect of the reader.
    #[error("column `{name}` has {found} values for {expected} points")]
    UnevenColumns {
        /// The column.
        name: String,
        /// Its length.
        found: usize,
        /// The number of points.
        expected: usize,
    },
    /// A field's source was not read: a defect of the pipeline check.
    #[error("field `{field}` needs the variable `{source_name}`, which was not read")]
    NoSuchColumn {
        /// The field.
        field: String,
        /// The variable.
        source_name: String,
    },
    /// A fraction for an integer field.
    #[error("field `{field}` is {dtype} but a cell's value is {value}, which is not whole; declare a floating dtype")]
    NotWhole {
        /// The field.
        field: String,
        /// The value.
        value: f64,
        /// The declared type.
        dtype: Dtype,
    },
    /// A number that the declared type cannot hold.
    #[error("field `{field}` is {dtype} but a cell's value is {value}, out of its range; declare a wider dtype")]
    OutOfRange {
        /// The field.
        field: String,
        /// The value, as text.
        value: String,
        /// The declared type.
        dtype: Dtype,
    },
    /// An expression that cannot be evaluated on these points.
    #[error("field `{field}`: {source}")]
    Expression {
        /// The field.
        field: String,
        /// Why.
        source: ExpressionError,
    },
}

impl AggregateError {
    /// The kind of trouble.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::TooManyPoints { .. } => Fault::Capacity,
            Self::CellOutOfShard { .. } | Self::UnevenColumns { .. } | Self::NoSuchColumn { .. } => Fault::Bug,
            Self::NotWhole { .. } | Self::OutOfRange { .. } | Self::Expression { .. } => Fault::Malformed,
        }
    }
}
