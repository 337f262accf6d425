//! `aggregation` as written.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::Ordered;
use crate::column::Dtype;

/// `aggregation`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["variables"]))]
#[allow(dead_code, reason = "keys without effect are part of the schema")]
pub(in crate::pipeline) struct RawAggregation {
    /// The fields, by name: one value per cell each, one array of the store each.
    pub(in crate::pipeline) variables: Option<Ordered<RawField>>,
    /// Coordinates of the cells, `morton` and `cell_ids`. Both are written on HEALPix whether or
    /// not they are named here.
    pub(in crate::pipeline) coordinates: Option<Ordered<RawCoordinate>>,
    /// The peer's carrier of points.
    #[schemars(extend("x-status" = "no effect", "x-why" = "there is one carrier, and it holds missing values"))]
    pub(in crate::pipeline) handoff: Option<RawHandoff>,
    /// The peer's bounded-memory aggregation.
    #[schemars(extend("x-status" = "no effect", "x-why" = "memory is a setting of the run"))]
    pub(in crate::pipeline) streaming: Option<Value>,
    /// Values computed once per Zarr chunk.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) chunk_precompute: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::pipeline) enum RawHandoff {
    Arrow,
    Pandas,
}

/// One of `aggregation.coordinates`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::pipeline) struct RawCoordinate {
    /// The stored type, `uint64`.
    pub(in crate::pipeline) dtype: Option<Dtype>,
    /// The array's fill value, 0.
    pub(in crate::pipeline) fill_value: Option<RawNumber>,
}

/// A number, or a text that stands for one.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::pipeline) enum RawNumber {
    Number(serde_json::Number),
    Text(String),
}

/// One of `aggregation.variables`. Either `function` or `expression`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "keys without effect are part of the schema")]
pub(in crate::pipeline) struct RawField {
    /// A statistic of `source`: `len` (`count`), `min`, `max`, `sum`, `mean`, `average`, `var`,
    /// `std`, `median`, `quantile` or `percentile`, with or without `np.`.
    pub(in crate::pipeline) function: Option<String>,
    /// An expression that gives one number per cell, e.g. `1.0 / np.sqrt(np.sum(1.0 / s_li**2))`.
    pub(in crate::pipeline) expression: Option<String>,
    /// The variable of the statistic; when absent `h_li`, if there is such a variable. `len`
    /// without a source counts points, with one it counts the points that have it.
    pub(in crate::pipeline) source: Option<String>,
    /// Parameters of the function: `weights` (an expression per point) of `average`, `q` of
    /// `quantile` (0 to 1) and `percentile` (0 to 100), `ddof` of `var` and `std` (0).
    pub(in crate::pipeline) params: Option<Ordered<RawNumber>>,
    /// The stored type.
    #[schemars(extend("default" = "float32"))]
    pub(in crate::pipeline) dtype: Option<Dtype>,
    /// The array's fill value. An integer field needs a whole number, which is its value in an
    /// empty cell too; a floating one has NaN there.
    #[schemars(extend("default" = "NaN"))]
    pub(in crate::pipeline) fill_value: Option<RawNumber>,
    /// CF attributes of the array, e.g. `long_name` and `units`.
    pub(in crate::pipeline) attrs: Option<serde_json::Map<String, Value>>,
    /// Only `scalar` is supported yet.
    #[schemars(extend("default" = "scalar"))]
    pub(in crate::pipeline) kind: Option<RawFieldKind>,
    /// Only `cell` is supported yet.
    #[schemars(extend("default" = "cell"))]
    pub(in crate::pipeline) resolution: Option<RawResolution>,
    /// Shape of a vector.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) trailing_shape: Option<Value>,
    /// Shape of an element of a ragged field.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) inner_shape: Option<Value>,
    /// Positions kept beside a ragged field.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) location: Option<Value>,
    /// Instants kept beside a ragged field.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) temporal: Option<Value>,
    /// What the weights of a digest are. (Weights of an average are `params.weights`.)
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) weights: Option<Value>,
    /// The variable of a temporal pipeline.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) variable: Option<Value>,
    /// The collection of a temporal pipeline.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) collection: Option<Value>,
    /// The statistic over space of a temporal pipeline.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) spatial_func: Option<Value>,
    /// The statistic over time of a temporal pipeline.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) temporal_reducer: Option<Value>,
    /// The mask of a temporal pipeline.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) mask: Option<Value>,
    /// Subtracting the climatology, in a temporal pipeline.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) anomaly: Option<Value>,
    /// Size of a digest in overviews.
    #[schemars(extend("x-status" = "no effect", "x-why" = "no overviews are written"))]
    pub(in crate::pipeline) overview_delta: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::pipeline) enum RawFieldKind {
    Scalar,
    Vector,
    Ragged,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::pipeline) enum RawResolution {
    Cell,
    Chunk,
}
