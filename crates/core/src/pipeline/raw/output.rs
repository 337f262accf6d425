//! `output` as written.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// `output`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["grid"]))]
#[allow(dead_code, reason = "keys without effect are part of the schema")]
pub(in crate::pipeline) struct RawOutput {
    /// Path or URL of the store. `--store` wins.
    pub(in crate::pipeline) store: Option<String>,
    /// The grid.
    pub(in crate::pipeline) grid: Option<RawGrid>,
    /// How chunks are compressed: `zstd`, `none`, or a codec with its level. zstd is followed by a
    /// crc32c checksum.
    #[schemars(extend("default" = "zstd"))]
    pub(in crate::pipeline) compression: Option<RawCompression>,
    /// One shared store (`flat`). A store per shard (`hive`) is not supported yet.
    #[schemars(extend("default" = "flat"))]
    pub(in crate::pipeline) store_layout: Option<RawLayout>,
    /// An array that tells cells of the region of interest. Only `false` is supported yet.
    #[schemars(extend("default" = false))]
    pub(in crate::pipeline) aoi_mask: Option<bool>,
    /// Consolidated metadata.
    #[schemars(extend("x-status" = "no effect", "x-why" = "metadata are consolidated when a run ends"))]
    pub(in crate::pipeline) consolidate_metadata: Option<bool>,
    /// Endpoint of the store.
    #[schemars(extend("x-status" = "no effect", "x-why" = "the endpoint is a setting of the run"))]
    pub(in crate::pipeline) endpoint_url: Option<String>,
    /// Region of the store's bucket.
    #[schemars(extend("x-status" = "no effect", "x-why" = "the region is a setting of the run"))]
    pub(in crate::pipeline) region: Option<String>,
    /// Refreshing of unchanged objects.
    #[schemars(extend("x-status" = "no effect", "x-why" = "shards that are marked done are skipped"))]
    pub(in crate::pipeline) touch: Option<Value>,
    /// The peer's coverage file.
    #[schemars(extend("x-status" = "no effect", "x-why" = "marks say which shards are done"))]
    pub(in crate::pipeline) coverage_moc: Option<Value>,
    /// The peer's pass over a finished store.
    #[schemars(extend("x-status" = "no effect", "x-why" = "a shared store needs no sweep"))]
    pub(in crate::pipeline) sweep: Option<Value>,
    /// Overviews at coarser orders.
    #[schemars(extend("x-status" = "no effect", "x-why" = "no overviews are written"))]
    pub(in crate::pipeline) pyramid: Option<Value>,
    /// A folder of the store for this product.
    #[schemars(extend("x-status" = "not yet", "x-why" = "put the name at the end of output.store"))]
    pub(in crate::pipeline) product_name: Option<Value>,
    /// Several time windows in one store.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) windowing: Option<Value>,
    /// The clock of points.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) time_source: Option<Value>,
    /// How instants are stored.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) time_encoding: Option<Value>,
    /// Other formats than Zarr.
    #[schemars(extend("x-status" = "not yet"))]
    pub(in crate::pipeline) format: Option<Value>,
}

/// `output.grid`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["type"]))]
#[allow(dead_code, reason = "keys without effect are part of the schema")]
pub(in crate::pipeline) struct RawGrid {
    /// `healpix` (NESTED, over authalic latitude) or `rectilinear`.
    #[serde(rename = "type")]
    pub(in crate::pipeline) kind: Option<RawGridType>,
    /// HEALPix: the order of a shard, the unit of work and of write.
    pub(in crate::pipeline) parent_order: Option<u8>,
    /// HEALPix: the order of a cell, not coarser than `parent_order`.
    pub(in crate::pipeline) child_order: Option<u8>,
    /// HEALPix: the numbering of cells.
    #[schemars(extend("default" = "nested"))]
    pub(in crate::pipeline) indexing_scheme: Option<RawScheme>,
    /// HEALPix: the extent of the arrays.
    #[schemars(extend("x-status" = "no effect", "x-why" = "arrays always span the sphere"))]
    pub(in crate::pipeline) layout: Option<RawSpan>,
    /// Inner chunks of a shard. HEALPix: their order; when absent, `child_order - 6` where that is
    /// finer than `parent_order` and `sharded` is not false. Rectilinear: their rows and columns,
    /// dividing `chunk_shape`.
    pub(in crate::pipeline) chunk_inner: Option<RawInner>,
    /// Whether the inner chunks of a shard are packed in one object. Default: true on HEALPix,
    /// false on a rectilinear grid. Without inner chunks it has no effect on HEALPix.
    pub(in crate::pipeline) sharded: Option<bool>,
    /// HEALPix: `cell_ids` are always written.
    #[schemars(extend("default" = true))]
    pub(in crate::pipeline) emit_cell_ids: Option<bool>,
    /// Retired by the peer, refused here too.
    #[schemars(extend("x-status" = "not yet", "x-why" = "cell ids are always plain uint64"))]
    pub(in crate::pipeline) cell_ids_encoding: Option<Value>,
    /// Rectilinear: the coordinate system, `EPSG:n`.
    pub(in crate::pipeline) crs: Option<RawCrs>,
    /// Rectilinear: width and height of a cell in units of the coordinate system; one number when
    /// they are equal.
    pub(in crate::pipeline) resolution: Option<RawResolutionPair>,
    /// Rectilinear: `[xmin, ymin, xmax, ymax]` in units of the coordinate system. The grid is
    /// padded at its east and south to whole shards.
    pub(in crate::pipeline) bounds: Option<[f64; 4]>,
    /// Rectilinear: rows and columns of a shard.
    #[schemars(extend("default" = [256, 256]))]
    pub(in crate::pipeline) chunk_shape: Option<[u32; 2]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::pipeline) enum RawGridType {
    Healpix,
    Rectilinear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::pipeline) enum RawScheme {
    Nested,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::pipeline) enum RawSpan {
    Fullsphere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::pipeline) enum RawLayout {
    Flat,
    Hive,
}

/// An order, or rows and columns.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::pipeline) enum RawInner {
    Order(u8),
    Tile([u32; 2]),
}

/// A number of the EPSG registry, or `EPSG:n`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::pipeline) enum RawCrs {
    Code(u32),
    Name(String),
}

/// One number for both, or width and height.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::pipeline) enum RawResolutionPair {
    Square(f64),
    Pair([f64; 2]),
}

/// A codec, or a codec and its level.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::pipeline) enum RawCompression {
    Name(RawCodecName),
    Codec(RawCodec),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::pipeline) enum RawCodecName {
    Zstd,
    None,
}

/// A codec and its level.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["codec"]))]
pub(in crate::pipeline) struct RawCodec {
    /// The codec.
    pub(in crate::pipeline) codec: Option<RawCodecName>,
    /// zstd's level, 1 to 22.
    #[schemars(range(min = 1, max = 22), extend("default" = 3))]
    pub(in crate::pipeline) level: Option<i32>,
}
