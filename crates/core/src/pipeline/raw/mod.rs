//! The file as it may be written: every known key, its type and its documentation.
//!
//! The JSON schema and the reference page are generated from these types, and the tree is checked
//! against the schema before these types are filled. Every key may be absent here; what is
//! required is the check's business. Two marks tell keys that do not simply work:
//! `x-status: no effect` (accepted, noted, ignored) and `x-status: not yet` (known, refused).

mod aggregation;
mod ordered;
mod output;
mod source;

pub(super) use aggregation::*;
pub(super) use ordered::Ordered;
pub(super) use output::*;
pub(super) use source::*;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// A pipeline of zagg: which points are read, which statistics are computed per cell, and on
/// which grid they are stored.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Pipeline", extend("required" = ["data_source", "aggregation", "output"]))]
#[allow(dead_code, reason = "keys without effect are part of the schema")]
pub(super) struct RawPipeline {
    /// Where points come from.
    pub(super) data_source: Option<RawSource>,
    /// What is computed per cell.
    pub(super) aggregation: Option<RawAggregation>,
    /// The grid and how it is stored.
    pub(super) output: Option<RawOutput>,
    /// Path or URL of the shard map. `--catalog` wins.
    pub(super) catalog: Option<String>,
    /// The kind of aggregation.
    pub(super) pipeline: Option<RawKind>,
    /// Time and region of interest.
    #[schemars(extend("x-status" = "no effect", "x-why" = "the shard map says which granules are read"))]
    pub(super) bounds: Option<Value>,
    /// The size of a Lambda function.
    #[schemars(extend("x-status" = "no effect", "x-why" = "how a worker is sized is a setting of the run"))]
    pub(super) worker: Option<Value>,
}

/// `pipeline`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKind {
    /// Only `spatial` is supported yet.
    #[serde(rename = "type")]
    #[schemars(extend("default" = "spatial"))]
    pub(super) kind: Option<RawPipelineType>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawPipelineType {
    Spatial,
    Temporal,
    Event,
}

impl RawPipelineType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Spatial => "spatial",
            Self::Temporal => "temporal",
            Self::Event => "event",
        }
    }
}
