//! What can go wrong with an export.

use std::path::PathBuf;

use arrow_schema::ArrowError;
use parquet::errors::ParquetError;

/// A file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The file's name says no format.
    #[error(
        "{} ends in neither .parquet (GeoParquet of the cells) nor .tif (Cloud-Optimized GeoTIFF); choose one",
        path.display()
    )]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("{} cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The Parquet writer failed.
    #[error("{} cannot be written as Parquet", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ParquetError,
    },
    /// The rows make no table: a defect.
    #[error("the cells make no table")]
    Table(#[from] ArrowError),
    /// The GeoTIFF writer failed.
    #[error("{} cannot be written as GeoTIFF", path.display())]
    Tiff {
        /// The file.
        path: PathBuf,
        /// Why.
        source: geotiff_writer::Error,
    },
    /// The projection has no code that a GeoTIFF could name.
    #[error(
        "a GeoTIFF names its coordinate system by an EPSG code, and {projection} has none; choose polar-south, \
         polar-north, plate-carree or EPSG:n"
    )]
    NoCode {
        /// The projection.
        projection: String,
    },
    /// There are too many pixels.
    #[error(
        "the cells lie in {width} by {height} pixels, more than a file should have ({most}); give a projection and \
         a larger grid spacing (--projection, --grid-spacing)"
    )]
    TooLarge {
        /// Columns.
        width: u64,
        /// Rows.
        height: u64,
        /// The most pixels.
        most: u64,
    },
    /// There is nothing to write.
    #[error("{location} has no cell with data")]
    Empty {
        /// The store.
        location: String,
    },
}
