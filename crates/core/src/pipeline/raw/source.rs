//! `data_source` as written.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::Ordered;

/// `data_source`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["groups", "coordinates"]))]
#[allow(dead_code, reason = "keys without effect are part of the schema")]
pub(in crate::pipeline) struct RawSource {
    /// The peer's reading library. `raster` sources are not supported yet.
    #[schemars(extend("x-status" = "no effect", "x-why" = "granules are read by zagg's own reader"))]
    pub(in crate::pipeline) reader: Option<RawReader>,
    /// Which of a granule's hrefs is read. `--driver` wins.
    #[schemars(extend("default" = "s3"))]
    pub(in crate::pipeline) driver: Option<RawDriver>,
    /// Names of the groups (beams) of a granule, read in this order. A group that a granule lacks
    /// is counted and skipped.
    pub(in crate::pipeline) groups: Option<Vec<String>>,
    /// Where positions are read.
    pub(in crate::pipeline) coordinates: Option<RawCoordinates>,
    /// Variables by name, as a dataset path in which `{group}` stands for the group, or as a map.
    /// Expressions and statistics use these names.
    pub(in crate::pipeline) variables: Option<Ordered<RawVariable>>,
    /// A single equality filter, short for one entry of `filters`.
    pub(in crate::pipeline) quality_filter: Option<RawQualityFilter>,
    /// Filters, all of which a point must pass.
    pub(in crate::pipeline) filters: Option<Vec<RawFilter>>,
    /// Rates of a product that has more than one (ATL03: photons and segments), by name. Needs
    /// `base_level`.
    pub(in crate::pipeline) levels: Option<Ordered<RawLevel>>,
    /// The level at whose rate points are read.
    pub(in crate::pipeline) base_level: Option<String>,
    /// Reading only the rows that a coarser level says are near the shard.
    pub(in crate::pipeline) read_plan: Option<RawReadPlan>,
    /// What an HDF5 fill value (and NaN) means: `missing`, statistics leave it out; `keep`, it is a
    /// number like any other, as in the peer.
    #[schemars(extend("default" = "missing"))]
    pub(in crate::pipeline) fill: Option<RawFill>,
    /// The peer's index of HDF5 chunks.
    #[schemars(extend("x-status" = "no effect", "x-why" = "the reader plans its byte ranges itself"))]
    pub(in crate::pipeline) index: Option<Value>,
    /// Threads per group.
    #[schemars(extend("x-status" = "no effect", "x-why" = "concurrency is a setting of the run"))]
    pub(in crate::pipeline) read_workers: Option<Value>,
    /// Granules in flight per shard.
    #[schemars(extend("x-status" = "no effect", "x-why" = "concurrency is a setting of the run"))]
    pub(in crate::pipeline) shard_workers: Option<Value>,
    /// Granules in flight per shard.
    #[schemars(extend("x-status" = "no effect", "x-why" = "concurrency is a setting of the run"))]
    pub(in crate::pipeline) granule_workers: Option<Value>,
    /// Which archive issues credentials.
    #[schemars(extend("x-status" = "no effect", "x-why" = "credentials are a setting of the run"))]
    pub(in crate::pipeline) credentials_provider: Option<Value>,
    /// Reading without credentials.
    #[schemars(extend("x-status" = "no effect", "x-why" = "credentials are a setting of the run"))]
    pub(in crate::pipeline) anonymous: Option<Value>,
    /// Region of the source's bucket.
    #[schemars(extend("x-status" = "no effect", "x-why" = "the region is a setting of the run"))]
    pub(in crate::pipeline) source_region: Option<Value>,
    /// Buffering of raster output.
    #[schemars(extend("x-status" = "no effect", "x-why" = "buffering is a setting of the run"))]
    pub(in crate::pipeline) write_buffer: Option<Value>,
    /// Sibling products joined by key.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) assets: Option<Value>,
    /// Collections of an event pipeline.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) collections: Option<Value>,
    /// Data that do not change in time.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) static_data: Option<Value>,
    /// Raster bands.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) bands: Option<Value>,
    /// The raster value that stands for no data.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) nodata: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::pipeline) enum RawReader {
    H5coro,
    Raster,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::pipeline) enum RawDriver {
    S3,
    Https,
    File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::pipeline) enum RawFill {
    Missing,
    Keep,
}

/// `data_source.coordinates`, and those of a level.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["latitude", "longitude"]))]
#[allow(dead_code, reason = "keys that are not supported yet are part of the schema")]
pub(in crate::pipeline) struct RawCoordinates {
    /// Path of the geodetic latitude (WGS84, degrees); in a level, a name below its `path` will do.
    pub(in crate::pipeline) latitude: Option<String>,
    /// Path of the longitude (degrees); in a level, a name below its `path` will do.
    pub(in crate::pipeline) longitude: Option<String>,
    /// The level that has the positions, when the base level has none.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) level: Option<Value>,
}

/// A variable: a path, or a map.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::pipeline) enum RawVariable {
    Path(String),
    Place(Box<RawPlace>),
}

/// A variable written as a map.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["path"]))]
#[allow(dead_code, reason = "keys that are not supported yet are part of the schema")]
pub(in crate::pipeline) struct RawPlace {
    /// The dataset's path.
    pub(in crate::pipeline) path: Option<String>,
    /// The column of a two-dimensional dataset, from 0.
    pub(in crate::pipeline) column: Option<u32>,
    /// Values computed between two others.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) synthesize: Option<Value>,
    /// The level of a synthesized variable.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) level: Option<Value>,
    /// The first of the synthesized values.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) start: Option<Value>,
    /// The last of the synthesized values.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) stop: Option<Value>,
    /// The sibling product that has the dataset.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) asset: Option<Value>,
}

/// `data_source.quality_filter`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["dataset", "value"]))]
pub(in crate::pipeline) struct RawQualityFilter {
    /// The dataset's path.
    pub(in crate::pipeline) dataset: Option<String>,
    /// Points whose value equals this one are kept.
    pub(in crate::pipeline) value: Option<f64>,
}

/// One of `data_source.filters`: a dataset compared with numbers, or an expression.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "keys that are not supported yet are part of the schema")]
pub(in crate::pipeline) struct RawFilter {
    /// The dataset's path.
    pub(in crate::pipeline) dataset: Option<String>,
    /// The comparison. NaN compares false, as in numpy.
    pub(in crate::pipeline) op: Option<RawOp>,
    /// The number to compare with (`eq ne ge le lt gt`).
    pub(in crate::pipeline) value: Option<f64>,
    /// The numbers to compare with (`in not_in`).
    pub(in crate::pipeline) values: Option<Vec<f64>>,
    /// The column of a two-dimensional dataset, from 0.
    pub(in crate::pipeline) column: Option<u32>,
    /// `false` inverts: points that compare true are dropped.
    #[schemars(extend("default" = true))]
    pub(in crate::pipeline) keep: Option<bool>,
    /// The level whose rate the dataset has, when it is not the base level's.
    pub(in crate::pipeline) level: Option<String>,
    /// A condition on the variables, e.g. `(h > 0) & (s < 1)`. No other key stands beside it.
    pub(in crate::pipeline) expression: Option<String>,
    /// The sibling product that has the dataset.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) asset: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::pipeline) enum RawOp {
    Eq,
    Ne,
    Ge,
    Le,
    Lt,
    Gt,
    In,
    NotIn,
}

/// One of `data_source.levels`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["path"]))]
pub(in crate::pipeline) struct RawLevel {
    /// The level's group.
    pub(in crate::pipeline) path: Option<String>,
    /// The level's own positions.
    pub(in crate::pipeline) coordinates: Option<RawCoordinates>,
    /// How a row of this level owns rows of the base level; required for every level but that.
    pub(in crate::pipeline) link: Option<RawLink>,
    /// Variables of this level, by name, each spread over the base rows that its row owns. A list
    /// documents only.
    pub(in crate::pipeline) variables: Option<RawLevelVariables>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::pipeline) enum RawLevelVariables {
    Listed(#[allow(dead_code, reason = "documents only")] Vec<String>),
    Spread(Ordered<RawVariable>),
}

/// `link` of a level.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["to", "index_beg", "count"]))]
pub(in crate::pipeline) struct RawLink {
    /// The level whose rows are owned: the base level.
    pub(in crate::pipeline) to: Option<String>,
    /// Path of the first owned row.
    pub(in crate::pipeline) index_beg: Option<String>,
    /// Path of the number of owned rows.
    pub(in crate::pipeline) count: Option<String>,
    /// The number that stands for the first row (ATL03: 1).
    #[schemars(extend("default" = 0))]
    pub(in crate::pipeline) index_base: Option<i64>,
    /// Path of the row that stands for the segment.
    pub(in crate::pipeline) reference_index: Option<String>,
}

/// `data_source.read_plan`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["spatial_index"]))]
#[allow(dead_code, reason = "keys that are not supported yet are part of the schema")]
pub(in crate::pipeline) struct RawReadPlan {
    /// The level whose positions say which rows are read.
    pub(in crate::pipeline) spatial_index: Option<String>,
    /// Rows of that level added on each side of a run.
    #[schemars(extend("default" = 1))]
    pub(in crate::pipeline) pad: Option<u32>,
    /// Above this share of the rows everything is read; 0 to 1.
    #[schemars(extend("default" = 0.9))]
    pub(in crate::pipeline) full_read_threshold: Option<f64>,
    /// Chunk boundaries known beforehand.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) chunk_boundaries: Option<Value>,
}
