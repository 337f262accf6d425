//! What can go wrong while planning a run.

use std::path::PathBuf;

use zagg_catalog::table::TableError;
use zagg_core::{
    fault::Fault,
    grid::{GridError, SignatureMismatch},
    pipeline::PipelineError,
    shard_map::MissingHref,
};
use zagg_queue::error::Error as QueueError;
use zagg_store::StoreError;

/// A run that cannot be planned or enqueued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProducerError {
    /// A file that cannot be read.
    #[error("{what} {path} cannot be read", path = path.display())]
    ReadFile {
        /// What the file is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A pipeline with problems.
    #[error("{path} is not a pipeline that can be run:\n{source}", path = path.display())]
    Pipeline {
        /// The file.
        path: PathBuf,
        /// All problems.
        source: PipelineError,
    },
    /// A shard map that cannot be read.
    #[error(transparent)]
    ShardMap(#[from] TableError),
    /// A grid that cannot be built.
    #[error("the grid of {path} cannot be built", path = path.display())]
    Grid {
        /// The pipeline.
        path: PathBuf,
        /// Why.
        source: GridError,
    },
    /// Something that a run needs was not named.
    #[error("no {what} is named: give {flag}, or `{key}` in {path}", path = path.display())]
    Unnamed {
        /// What is missing.
        what: String,
        /// The flag that names it.
        flag: String,
        /// The pipeline's key that names it.
        key: String,
        /// The pipeline.
        path: PathBuf,
    },
    /// The shard map is of another grid.
    #[error("the shard map is of another grid than the pipeline's: {0}; build it again with this pipeline")]
    OtherGrid(#[source] SignatureMismatch),
    /// A key of the shard map is no shard of the grid.
    #[error("key {key} of the shard map: {source}")]
    Shard {
        /// The key.
        key: u64,
        /// Why.
        source: GridError,
    },
    /// A label that was asked for is no shard of the grid.
    #[error("shard `{label}`: {source}")]
    Label {
        /// The label.
        label: String,
        /// Why.
        source: GridError,
    },
    /// A label that was asked for is not in the shard map.
    #[error("shard `{label}` is not among the {shards} shards of the shard map")]
    NotInShardMap {
        /// The label.
        label: String,
        /// Shards in the map.
        shards: usize,
    },
    /// A granule lacks the driver's href.
    #[error(transparent)]
    Href(#[from] MissingHref),
    /// The plan cannot be written as JSON: a defect.
    #[error("the plan of shard {shard} cannot be written")]
    Plan {
        /// The shard.
        shard: String,
        /// Why.
        source: serde_json::Error,
    },
    /// There is no such run.
    #[error("{store} has no record of run `{run}`: `zagg-produce` writes one when it sends a run's jobs")]
    NoRun {
        /// The run that was asked for.
        run: String,
        /// The store.
        store: String,
    },
    /// An object beside the store is not what it should be.
    #[error("{key} cannot be used: it is of another release or damaged")]
    Run {
        /// The object's key.
        key: String,
        /// What the JSON reader said, if it was it.
        source: Option<serde_json::Error>,
    },
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl ProducerError {
    /// The kind of trouble.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::ShardMap(error) => error.fault(),
            Self::OtherGrid(_) | Self::Shard { .. } | Self::Label { .. } => Fault::Malformed,
            Self::Pipeline { .. } | Self::Grid { .. } | Self::Unnamed { .. } => Fault::Malformed,
            Self::Run { .. } => Fault::Malformed,
            Self::NoRun { .. } | Self::ReadFile { .. } => Fault::Missing,
            Self::NotInShardMap { .. } | Self::Href(_) => Fault::Missing,
            Self::Plan { .. } => Fault::Bug,
            Self::Store(error) => error.fault(),
            Self::Queue(error) => error.fault(),
        }
    }

    /// Whether the request itself is at fault, rather than a store or a queue.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Store(_) | Self::Queue(_) | Self::Plan { .. })
    }
}
