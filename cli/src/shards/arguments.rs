//! What is typed after `zagg shards`.

use std::path::PathBuf;

use clap::Args;
use zagg_program::arguments::S3Arguments;

#[derive(Debug, Args)]
pub(crate) struct ShardsArguments {
    /// The shard map (JSON or Parquet).
    #[arg(value_name = "SHARDMAP")]
    pub(crate) shard_map: PathBuf,
    /// Where to write: a web page (.html) or GeoJSON (.geojson, .json); `-` prints GeoJSON.
    #[arg(short, long, value_name = "FILE", default_value = "shards.html")]
    pub(crate) output: PathBuf,
    /// Print GeoJSON, as `-o -` does.
    #[arg(long, conflicts_with = "output")]
    pub(crate) json: bool,
    /// The granules' footprints: a saved catalog (stac-geoparquet, as `zagg catalog --catalog-out` writes it).
    /// Shard maps hold none.
    #[arg(long, value_name = "FILE")]
    pub(crate) footprints: Option<PathBuf>,
    /// Say what is done: read the marks of this store, a folder or s3://bucket/prefix.
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<String>,
    /// Name each shard's granules while there are at most so many pairs of shard and granule; of more they are only
    /// counted.
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    pub(crate) max_pairs: u64,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}
