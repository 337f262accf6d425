//! Fields as a Cloud-Optimized GeoTIFF: one band each, in tiles, with overviews.

mod sample;
mod scene;
mod sidecar;
mod tiles;

use std::path::Path;

use serde::Serialize;

use super::{ExportError, staged::Staged};
use crate::{
    error::{MapError, Result},
    field::FieldSource,
    projection::MapProjection,
};

use scene::Scene;

/// Of which pixels the raster is made.
#[derive(Debug, Clone, Default)]
pub struct RasterChoice {
    /// The projection; a rectilinear store's own cells, or what suits the place, when none is named.
    pub projection: Option<MapProjection>,
    /// The side of a pixel in metres; about that of a cell, when none is named.
    pub spacing_m: Option<f64>,
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct RasterReport {
    /// The coordinate system, `EPSG:n`.
    pub crs: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The side of a pixel, across and down, in units of the coordinate system.
    pub pixel: [f64; 2],
    /// `xmin, ymin, xmax, ymax`.
    pub bounds: [f64; 4],
    /// The fields, band by band.
    pub bands: Vec<String>,
    /// How much smaller each overview is.
    pub overviews: Vec<u32>,
    /// Pixels with a value, over all bands.
    pub pixels: u64,
    /// The size of the file.
    pub bytes: u64,
}

/// Writes `fields` of a store (all, when none is named) to a GeoTIFF, which is there whole or not at all; names and
/// units of the bands go to a small file beside it, where GDAL looks for them. The same cells give the same bytes.
///
/// # Errors
/// When there is no such field, the projection has no EPSG code, there are too many pixels, a request fails, or the
/// file cannot be written.
pub async fn write(
    source: &FieldSource,
    fields: &[String],
    choice: &RasterChoice,
    path: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<RasterReport> {
    let names: Vec<String> = if fields.is_empty() {
        source.cells.fields.iter().map(|(name, _)| name.clone()).collect()
    } else {
        fields.to_vec()
    };
    for name in &names {
        source.array(name)?;
    }
    let scene = Scene::of(source, choice)?;
    let (staged, sidecar) = (Staged::new(path)?, sidecar::text(source, &names));
    let mut bands = Vec::with_capacity(names.len());
    for (done, name) in names.iter().enumerate() {
        let field = source.read(name, |_| true).await?;
        let (scene, together) = (scene.clone(), source.about.together(name));
        let band = tokio::task::spawn_blocking(move || scene.band(field, together));
        bands.push(band.await.map_err(MapError::Ended)?);
        progress(done as u64 + 1, names.len() as u64);
    }
    let is_single = names.iter().all(|name| source.array(name).is_ok_and(|array| tiles::is_exact_single(array.dtype)));
    let (file, about, levels) = (staged.handle()?, scene.clone(), scene.overviews());
    let writing = tokio::task::spawn_blocking(move || tiles::write(file, &about, &bands, is_single));
    let tiff = |source| ExportError::Tiff { path: path.to_owned(), source };
    let pixels = writing.await.map_err(MapError::Ended)?.map_err(tiff)?;
    let bytes = staged.finish()?;
    sidecar::write(path, &sidecar)?;
    Ok(RasterReport {
        crs: scene.crs.clone(),
        width: scene.width,
        height: scene.height,
        pixel: scene.pixel,
        bounds: scene.bounds(),
        bands: names,
        overviews: levels,
        pixels,
        bytes,
    })
}
