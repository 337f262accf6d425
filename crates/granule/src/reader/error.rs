//! What can go wrong while reading a shard.

use zagg_core::{expression::ExpressionError, fault::Fault, grid::GridError};

use crate::error::{CpuError, Hdf5Error, SourceError};

/// A shard could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A granule could not be reached.
    #[error("granule {granule} cannot be read")]
    Source {
        /// The granule.
        granule: String,
        /// Why.
        #[source]
        source: SourceError,
    },
    /// A granule could not be understood.
    #[error("granule {granule} cannot be decoded")]
    Hdf5 {
        /// The granule.
        granule: String,
        /// Why.
        #[source]
        source: Hdf5Error,
    },
    /// A dataset is missing inside a group that is there.
    #[error("granule {granule} has the group {group} but not `{path}`; check the pipeline's paths against the product")]
    DatasetAbsent {
        /// The granule.
        granule: String,
        /// The group, e.g. `gt1l`.
        group: String,
        /// The path that is missing.
        path: String,
    },
    /// Latitude and longitude differ in length.
    #[error("granule {granule}: `{path}` has {rows} rows where the latitude has {expected}")]
    Uneven {
        /// The granule.
        granule: String,
        /// The dataset.
        path: String,
        /// Its rows.
        rows: u64,
        /// The latitude's.
        expected: u64,
    },
    /// The link of a level contradicts itself.
    #[error("granule {granule}: the link at `{path}` is wrong")]
    Link {
        /// The granule.
        granule: String,
        /// The dataset of first indices.
        path: String,
        /// How.
        #[source]
        source: LinkError,
    },
    /// A link dataset holds fractions.
    #[error("granule {granule}: `{path}` links levels and must hold integers")]
    NotWhole {
        /// The granule.
        granule: String,
        /// The dataset.
        path: String,
    },
    /// An expression filter could not be evaluated.
    #[error("the filter `{filter}` cannot be evaluated")]
    Filter {
        /// The expression.
        filter: String,
        /// Why.
        #[source]
        source: ExpressionError,
    },
    /// The shard is not of this grid.
    #[error("shard {shard} cannot be located")]
    Shard {
        /// The shard.
        shard: String,
        /// Why.
        #[source]
        source: GridError,
    },
    /// Computing ended abnormally.
    #[error("granule {granule}")]
    Cpu {
        /// The granule.
        granule: String,
        /// Why.
        #[source]
        source: CpuError,
    },
}

impl ReadError {
    /// What went wrong while a granule's HDF5 was read: its bytes could not be had, or not understood.
    pub(super) fn hdf5(granule: &str, source: Hdf5Error) -> Self {
        let granule = granule.to_owned();
        match source {
            Hdf5Error::Source(source) => Self::Source { granule, source },
            source => Self::Hdf5 { granule, source },
        }
    }

    /// The kind of trouble.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Source { source, .. } => source.fault(),
            Self::Hdf5 { source, .. } => source.fault(),
            Self::DatasetAbsent { .. } | Self::Uneven { .. } | Self::Link { .. } | Self::NotWhole { .. } => {
                Fault::Malformed
            }
            Self::Filter { .. } | Self::Shard { .. } => Fault::Malformed,
            Self::Cpu { source, .. } => source.fault(),
        }
    }
}

/// A link that contradicts itself or its level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The two link datasets differ in length.
    #[error("the first indices have {first} rows but the counts have {counts}")]
    Uneven {
        /// Rows of the first indices.
        first: usize,
        /// Rows of the counts.
        counts: usize,
    },
    /// A negative count, or a first index before the index base.
    #[error("row {row} owns {count} rows from index {first}, which is not a range")]
    NotARange {
        /// The coarse row.
        row: usize,
        /// Its first index.
        first: i64,
        /// Its count.
        count: i64,
    },
    /// Two rows own the same finer row.
    #[error("rows {one} and {other} both own row {shared} of the finer level")]
    Overlap {
        /// One owner.
        one: u64,
        /// The other.
        other: u64,
        /// A finer row that both own.
        shared: u64,
    },
    /// A row owns rows that the finer level does not have.
    #[error("row {row} owns rows up to {end}, but the finer level has {rows}")]
    PastTheEnd {
        /// The coarse row.
        row: u64,
        /// The end of what it owns.
        end: u64,
        /// Rows of the finer level.
        rows: u64,
    },
}
