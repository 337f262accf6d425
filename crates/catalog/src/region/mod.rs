//! Where a result is wanted: GeoJSON, a box, well-known text, or a name.

mod boxed;
mod builtin;
mod error;
mod geojson;
mod query;
mod ring;
mod size;
mod wkt;

use std::{fs, path::Path};

pub use boxed::{BOX_EXCESS_M, of_box};
pub use builtin::{BUILTIN, builtin};
pub use error::{Place, RegionError};
pub use query::query_boxes;
pub use size::{area_km2, summary};

use crate::area::Area;

/// A piece of the surface as someone described it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Region {
    /// The surface.
    pub area: Area,
    /// What was left out, one sentence each.
    pub notes: Vec<String>,
}

/// Reads a GeoJSON file: a FeatureCollection, Feature or geometry. Polygons, MultiPolygons and
/// collections of them count, with their holes; all of them are united.
///
/// # Errors
/// When the file cannot be read, is not GeoJSON on WGS84, or has no polygon; the error names the
/// feature, ring and corner.
pub fn from_geojson_file(path: &Path) -> Result<Region, RegionError> {
    let text = fs::read_to_string(path).map_err(|source| RegionError::Read { path: path.into(), source })?;
    from_geojson(&text).map_err(|source| RegionError::File { path: path.into(), source: Box::new(source) })
}

/// Reads GeoJSON, as [`from_geojson_file`] does.
///
/// # Errors
/// When the text is not GeoJSON on WGS84, or has no polygon.
pub fn from_geojson(text: &str) -> Result<Region, RegionError> {
    geojson::parse(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Reads a box, `west,south,east,north` in degrees; west > east crosses the antimeridian.
///
/// # Errors
/// When it is not four such numbers.
pub fn from_bbox(text: &str) -> Result<Region, RegionError> {
    Ok(Region { area: of_box(boxed::parse(text)?)?, notes: Vec::new() })
}

/// Reads well-known text: POLYGON, MULTIPOLYGON, or a GEOMETRYCOLLECTION with such.
///
/// # Errors
/// When the text is not that, is not on WGS84, or has no polygon.
pub fn from_wkt(text: &str) -> Result<Region, RegionError> {
    wkt::parse(text)
}

/// Reads well-known text from the file of that name if there is one, else from the argument itself.
///
/// # Errors
/// When the file cannot be read, or the text is not as [`from_wkt`] expects it.
pub fn from_wkt_argument(argument: &str) -> Result<Region, RegionError> {
    let path = Path::new(argument);
    if !path.is_file() {
        return from_wkt(argument);
    }
    let text = fs::read_to_string(path).map_err(|source| RegionError::Read { path: path.into(), source })?;
    from_wkt(&text).map_err(|source| RegionError::File { path: path.into(), source: Box::new(source) })
}

#[cfg(test)]
mod tests;
