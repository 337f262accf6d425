//! What was typed after `zagg catalog`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    group(clap::ArgGroup::new("place").args(["polygon", "bbox", "wkt", "region"])),
    group(clap::ArgGroup::new("product").args(["short_name", "collection", "from"]).required(true)),
)]
pub(crate) struct CatalogArguments {
    /// Look at a shard map instead of making one.
    #[command(subcommand)]
    pub(crate) look: Option<Look>,
    /// The pipeline, for its grid (YAML).
    #[arg(short, long, value_name = "FILE", required = true)]
    pub(crate) config: Option<PathBuf>,

    /// The product, such as ATL06.
    #[arg(long, value_name = "NAME", help_heading = "Which granules")]
    pub(crate) short_name: Option<String>,
    /// The product's version.
    #[arg(long, value_name = "VERSION", default_value = "007", help_heading = "Which granules")]
    pub(crate) version: String,
    /// CMR's provider.
    #[arg(long, value_name = "NAME", default_value = "NSIDC_CPRD", help_heading = "Which granules")]
    pub(crate) provider: String,
    /// Search this STAC API instead of NASA's CMR: its root.
    #[arg(long, value_name = "URL", requires = "collection", help_heading = "Which granules")]
    pub(crate) stac_url: Option<String>,
    /// The collection's id in the STAC API.
    #[arg(long, value_name = "ID", help_heading = "Which granules")]
    pub(crate) collection: Option<String>,
    /// Take the granules of a saved catalog (stac-geoparquet); no network is used.
    #[arg(long, value_name = "FILE", help_heading = "Which granules")]
    pub(crate) from: Option<PathBuf>,
    /// From this day on (2024-01-06, UTC).
    #[arg(long, value_name = "DATE", help_heading = "Which granules")]
    pub(crate) start_date: Option<String>,
    /// To this day, included.
    #[arg(long, value_name = "DATE", help_heading = "Which granules")]
    pub(crate) end_date: Option<String>,
    /// Only granules of this ICESat-2 cycle, by the cycle in their names.
    #[arg(long, value_name = "N", conflicts_with_all = ["start_date", "end_date"], help_heading = "Which granules")]
    pub(crate) cycle: Option<u32>,
    /// Take a cycle for the dates that the Python zagg computes, which are 15 to 20 days late.
    #[arg(long, requires = "cycle", help_heading = "Which granules")]
    pub(crate) cycle_dates: bool,
    /// Attempts at each page of a search, with pauses that double from a second.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Which granules")]
    pub(crate) tries: u32,
    /// Keep older revisions of a granule beside the newest.
    #[arg(long, help_heading = "Which granules")]
    pub(crate) all_revisions: bool,

    /// Where: the polygons of a GeoJSON file.
    #[arg(long, value_name = "FILE", help_heading = "Where")]
    pub(crate) polygon: Option<PathBuf>,
    /// Where: a box, in degrees. West may be greater than east: it then crosses ±180.
    #[arg(long, value_name = "WEST,SOUTH,EAST,NORTH", allow_hyphen_values = true, help_heading = "Where")]
    pub(crate) bbox: Option<String>,
    /// Where: polygons as WKT, or a file with it.
    #[arg(long, visible_alias = "aoi-wkt", value_name = "TEXT|FILE", help_heading = "Where")]
    pub(crate) wkt: Option<String>,
    /// Where: a region that is built in: antarctica (grounded ice, 27 basins) or greenland.
    #[arg(long, value_name = "NAME", help_heading = "Where")]
    pub(crate) region: Option<String>,
    /// Take footprints to be wider by this on every side, in metres. Default: 2000, since footprints
    /// cut real points short; 0 gives the Python zagg's maps.
    #[arg(long, value_name = "METRES", help_heading = "Where")]
    pub(crate) margin: Option<f64>,

    /// The shard map: JSON, or a compact table with .parquet at the end.
    /// Default: shardmap_PRODUCT_FROM_TO.json.
    #[arg(short, long, value_name = "FILE", help_heading = "What is written")]
    pub(crate) output: Option<PathBuf>,
    /// Also save the granules (stac-geoparquet), for --from.
    #[arg(long, value_name = "FILE", help_heading = "What is written")]
    pub(crate) catalog_out: Option<PathBuf>,
    /// Keep pictures in the saved catalog.
    #[arg(long, help_heading = "What is written")]
    pub(crate) preserve_thumbnails: bool,
    /// Print the summary as JSON.
    #[arg(long, help_heading = "What is written")]
    pub(crate) json: bool,
}

/// Looking at what was made.
#[derive(Debug, Subcommand)]
pub(crate) enum Look {
    /// Say what a shard map holds: shards, granules, grid, and what a run of it will likely cost.
    Info(InfoArguments),
}

#[derive(Debug, Args)]
pub(crate) struct InfoArguments {
    /// The shard map (JSON or Parquet).
    #[arg(value_name = "SHARDMAP")]
    pub(crate) shard_map: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
