//! What is typed after `zagg export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use zagg_map::export::parquet::Geometry;
use zagg_program::arguments::S3Arguments;

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// A store: a folder or s3://bucket/prefix.
    #[arg(value_name = "STORE")]
    pub(crate) store: String,
    /// The file: .parquet for the cells as GeoParquet, .tif for a raster as Cloud-Optimized GeoTIFF.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Only this field; may be repeated. Default: all fields.
    #[arg(long = "field", value_name = "NAME")]
    pub(crate) fields: Vec<String>,
    /// Parquet: what a cell's geometry is. Default: polygon.
    #[arg(long, value_enum)]
    pub(crate) geometry: Option<Shape>,
    /// GeoTIFF: polar-south, polar-north, plate-carree or EPSG:n. Default: a rectilinear store's own cells;
    /// else polar stereographic if all cells lie beyond 50 degrees of latitude, and plate carrée if not.
    #[arg(long, value_name = "NAME")]
    pub(crate) projection: Option<String>,
    /// GeoTIFF: the side of a pixel, e.g. 2km, 500m or 0.05deg. Default: about that of a cell.
    #[arg(long, value_name = "LENGTH")]
    pub(crate) grid_spacing: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}

/// What a cell's geometry is.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Shape {
    /// Its outline.
    Polygon,
    /// Its centre, a point.
    Centre,
}

impl From<Shape> for Geometry {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Polygon => Self::Polygon,
            Shape::Centre => Self::Centre,
        }
    }
}
