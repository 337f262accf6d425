//! What can go wrong while planning a run.

use zagg_core::{
    fault::Fault,
    grid::{GridError, SignatureMismatch},
    shard_map::MissingHref,
};
use zagg_queue::error::Error as QueueError;
use zagg_store::StoreError;

/// A run that cannot be planned or enqueued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProducerError {
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
            Self::OtherGrid(_) | Self::Shard { .. } | Self::Label { .. } => Fault::Malformed,
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
