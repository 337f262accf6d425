//! What can go wrong with one job.

use zagg_core::{aggregate::AggregateError, digest::Digest, fault::Fault, grid::GridError};
use zagg_granule::{CpuError, ReadError};
use zagg_store::StoreError;

/// A job that was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The job belongs to another pipeline than this worker's.
    #[error("the job is of pipeline {theirs}, this worker runs {ours}; start workers with the run's own pipeline")]
    OtherPipeline {
        /// The job's.
        theirs: Digest,
        /// The worker's.
        ours: Digest,
    },
    /// The record of the plan is not what it should be.
    #[error("bytes {offset}..{end} of the plan {key} are not the record of shard {shard}")]
    Plan {
        /// The plan's key.
        key: String,
        /// The shard.
        shard: String,
        /// First byte.
        offset: u64,
        /// End.
        end: u64,
        /// What the JSON reader said, if it was it.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// The shard is not of this grid.
    #[error("shard {shard} is not of this grid")]
    Shard {
        /// The shard.
        shard: String,
        /// Why.
        source: GridError,
    },
    /// The shard was done before, from other granules.
    #[error(
        "shard {shard} is marked done, but from other granules than the shard map now names; \
         run with --overwrite to recompute it"
    )]
    Stale {
        /// The shard.
        shard: String,
    },
    /// Someone else recorded other bytes for the same shard, pipeline and granules.
    #[error("shard {shard}: the mark in the store names other bytes than this run computed ({first}, ...)")]
    Conflict {
        /// The shard.
        shard: String,
        /// The first object that differs.
        first: String,
    },
    /// A granule could not be read.
    #[error("shard {shard} could not be read")]
    Read {
        /// The shard.
        shard: String,
        /// Why.
        source: ReadError,
    },
    /// The points could not be aggregated.
    #[error("shard {shard} could not be aggregated")]
    Aggregate {
        /// The shard.
        shard: String,
        /// Why.
        source: AggregateError,
    },
    /// The store refused or failed.
    #[error("shard {shard} could not be stored")]
    Store {
        /// The shard.
        shard: String,
        /// Why.
        source: StoreError,
    },
    /// Computing ended abnormally.
    #[error("shard {shard}")]
    Cpu {
        /// The shard.
        shard: String,
        /// Why.
        source: CpuError,
    },
}

impl ProcessError {
    /// The kind of trouble.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::OtherPipeline { .. } | Self::Plan { .. } | Self::Shard { .. } => Fault::Malformed,
            Self::Stale { .. } | Self::Conflict { .. } => Fault::Conflict,
            Self::Read { source, .. } => source.fault(),
            Self::Aggregate { source, .. } => source.fault(),
            Self::Store { source, .. } => source.fault(),
            Self::Cpu { source, .. } => source.fault(),
        }
    }
}
