//! Cells and rasters in the files of other tools.

mod error;
pub mod geotiff;
pub mod parquet;
mod staged;

use std::path::Path;

pub use error::ExportError;

/// A file format, told by a file's ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// GeoParquet: one row per cell with data.
    Parquet,
    /// Cloud-Optimized GeoTIFF: a raster.
    GeoTiff,
}

impl Format {
    /// The format that a path names.
    ///
    /// # Errors
    /// When its ending is neither `.parquet` (`.geoparquet`) nor `.tif` (`.tiff`).
    pub fn of(path: &Path) -> Result<Self, ExportError> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        match ending.as_str() {
            "parquet" | "geoparquet" => Ok(Self::Parquet),
            "tif" | "tiff" => Ok(Self::GeoTiff),
            _ => Err(ExportError::Ending { path: path.to_owned() }),
        }
    }
}
