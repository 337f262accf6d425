//! What can go wrong with one job.

use zagg_core::{aggregate::AggregateError, digest::Digest, fault::Fault, grid::GridError, pipeline::PipelineError};
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
    /// The run's record is missing or not what it should be.
    #[error("the record {key} of run {run} cannot be used: {problem}")]
    Run {
        /// The run.
        run: String,
        /// The record's key.
        key: String,
        /// What is wrong.
        problem: String,
    },
    /// The run's pipeline is not one that this release can run.
    #[error("the pipeline in the record of run {run}")]
    Pipeline {
        /// The run.
        run: String,
        /// All problems.
        source: Box<PipelineError>,
    },
    /// The pipeline's grid cannot be built.
    #[error("the grid of run {run}")]
    Grid {
        /// The run.
        run: String,
        /// Why.
        source: GridError,
    },
    /// The store of a run cannot be opened, or its record cannot be read.
    #[error("the store of run {run}")]
    Open {
        /// The run.
        run: String,
        /// Why.
        source: StoreError,
    },
    /// A defect.
    #[error("shard {shard}: a panic: {message}")]
    Panicked {
        /// The shard.
        shard: String,
        /// The panic's text.
        message: String,
    },
    /// The shard needs more memory than there is.
    #[error(
        "shard {shard} alone took {used} of {limit} bytes of memory: give workers more of it,          or name a queue whose workers have (--bigger-queue)"
    )]
    TooLarge {
        /// The shard.
        shard: String,
        /// Bytes held when it was given up.
        used: u64,
        /// Bytes that the worker may hold.
        limit: u64,
    },
    /// The shard needs more time than there is.
    #[error("shard {shard} did not come to an end in {seconds:.0} s: give the function more time, or use containers")]
    TooLong {
        /// The shard.
        shard: String,
        /// Seconds that it had.
        seconds: f64,
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
        source: Box<ReadError>,
    },
    /// The points could not be aggregated.
    #[error("shard {shard} could not be aggregated")]
    Aggregate {
        /// The shard.
        shard: String,
        /// Why.
        source: Box<AggregateError>,
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
            Self::Run { .. } | Self::Pipeline { .. } | Self::Grid { .. } => Fault::Malformed,
            Self::Open { source, .. } => source.fault(),
            Self::Panicked { .. } => Fault::Bug,
            Self::TooLarge { .. } | Self::TooLong { .. } => Fault::Capacity,
            Self::Stale { .. } | Self::Conflict { .. } => Fault::Conflict,
            Self::Read { source, .. } => source.fault(),
            Self::Aggregate { source, .. } => source.fault(),
            Self::Store { source, .. } => source.fault(),
            Self::Cpu { source, .. } => source.fault(),
        }
    }
}
