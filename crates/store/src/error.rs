//! What can go wrong with a store, and what kind of trouble it is.

use zagg_core::{digest::Digest, fault::Fault};

/// An error of the store crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The text does not name a place for a store.
    #[error("`{text}` is not a store location: {reason} (give a path, file:///path or s3://bucket/prefix)")]
    Location {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The settings of the object store contradict each other or are refused.
    #[error("the settings of {location} are refused: {reason}")]
    Settings {
        /// The store.
        location: String,
        /// What is wrong, with the remedy.
        reason: String,
    },
    /// The client of the object store could not be made.
    #[error("no client could be made for {location}")]
    Connect {
        /// The store.
        location: String,
        /// Why.
        #[source]
        source: Box<object_store::Error>,
    },
    /// A request failed.
    #[error("{action} {location}/{key} failed ({})", fault.name())]
    Request {
        /// What was tried: `get`, `put`, `list`, ...
        action: &'static str,
        /// The store.
        location: String,
        /// The key in the store.
        key: String,
        /// The kind of trouble.
        fault: Fault,
        /// Why.
        #[source]
        source: Box<object_store::Error>,
    },
    /// There is no `zarr.json` at the root.
    #[error("{location} holds no zagg store; check the location, or make one with `zagg run`")]
    NoStore {
        /// The place.
        location: String,
    },
    /// Something else is already there.
    #[error("{location} is not empty and not a zagg store (found `{found}`); choose another place or clear it first")]
    NotOurs {
        /// The place.
        location: String,
        /// A key that was found there.
        found: String,
    },
    /// The store was made by another version of the layout.
    #[error("{location} has the schema `{theirs}`, this zagg writes `{ours}`; choose another place")]
    OtherSchema {
        /// The store.
        location: String,
        /// The store's schema.
        theirs: String,
        /// The schema of this program.
        ours: &'static str,
    },
    /// The store was made by another pipeline.
    #[error("{location} was made by pipeline {theirs}, not {ours}; choose another place or clear it first")]
    OtherPipeline {
        /// The store.
        location: String,
        /// Digest of the store's pipeline.
        theirs: Digest,
        /// Digest of the pipeline at hand.
        ours: Digest,
    },
    /// The store was made for another grid.
    #[error("{location} was made for grid {theirs}, not {ours}; choose another place or clear it first")]
    OtherGrid {
        /// The store.
        location: String,
        /// The store's grid signature, JSON.
        theirs: String,
        /// The grid signature at hand, JSON.
        ours: String,
    },
    /// A metadata document differs from the one that this pipeline and grid give.
    #[error("{location}/{key} differs from what this pipeline writes; run again with --overwrite to rewrite it")]
    TemplateDiffers {
        /// The store.
        location: String,
        /// The document's key.
        key: String,
    },
    /// A metadata document cannot be read.
    #[error("{key} is not valid JSON")]
    Json {
        /// The document's key.
        key: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A metadata document lacks something, or holds something that is not supported.
    #[error("{key}: {reason}")]
    Metadata {
        /// The document's key.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// A codec, data type or fill value is not supported.
    #[error("{array}: this array cannot be decoded here")]
    Unsupported {
        /// The array.
        array: String,
        /// Why.
        #[source]
        source: Box<zarrs::plugin::PluginCreateError>,
    },
    /// The pipeline and the grid do not give a layout.
    #[error("no layout: {reason}")]
    Layout {
        /// Why not.
        reason: String,
    },
    /// The shard is not of the layout's grid.
    #[error("shard {shard} is not of this grid: {reason}")]
    Shard {
        /// The shard's label.
        shard: String,
        /// Why not.
        reason: String,
    },
    /// The columns are not those of the layout.
    #[error("the columns of shard {shard} do not fit the layout: {reason}")]
    Columns {
        /// The shard's label.
        shard: String,
        /// What differs.
        reason: String,
    },
    /// A chunk could not be encoded or decoded.
    #[error("a chunk of {array} could not be {action}")]
    Codec {
        /// The array.
        array: String,
        /// `encoded` or `decoded`.
        action: &'static str,
        /// Why.
        #[source]
        source: Box<zarrs::array::CodecError>,
    },
    /// The store cannot have overviews.
    #[error("{location} can have no overviews: {reason}")]
    NoOverviews {
        /// The store.
        location: String,
        /// Why not, with the remedy.
        reason: String,
    },
    /// The two stores have nothing that can be compared.
    #[error("the stores cannot be compared: {reason}")]
    Incomparable {
        /// Why not.
        reason: String,
    },
    /// A task on the thread pool did not finish.
    #[error("decoding {what} did not finish")]
    Task {
        /// What was decoded.
        what: String,
        /// Why.
        #[source]
        source: tokio::task::JoinError,
    },
}

impl StoreError {
    /// What kind of trouble this is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Request { fault, .. } => *fault,
            Self::NoStore { .. } => Fault::Missing,
            Self::OtherSchema { .. }
            | Self::OtherPipeline { .. }
            | Self::OtherGrid { .. }
            | Self::NotOurs { .. }
            | Self::TemplateDiffers { .. } => Fault::Conflict,
            Self::Columns { .. } => Fault::Bug,
            Self::Codec { action: "encoded", .. } => Fault::Bug,
            _ => Fault::Malformed,
        }
    }

    /// Whether the thing asked for does not exist.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.fault() == Fault::Missing
    }
}

/// Results of the store crate.
pub type Result<T> = std::result::Result<T, StoreError>;
