//! Bands to tiles, one after the other.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
};

use geotiff_writer::{
    CogBuilder, Compression, GeoTiffBuilder, GeoTransform, NumericSample, Predictor, RasterType, Resampling, Result,
};
use ndarray::Array3;
use rayon::prelude::*;
use zagg_core::column::Dtype;

use super::{
    sample::{Double, Single},
    scene::{Band, Scene, TILE},
};

/// Whether 32 bits of a floating number hold every value of a type.
pub(super) fn is_exact_single(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::Float32 | Dtype::Int8 | Dtype::Int16 | Dtype::Uint8 | Dtype::Uint16)
}

/// Writes the file; gives the number of pixels with a value.
pub(super) fn write(file: File, scene: &Scene, bands: &[Band], is_single: bool) -> Result<u64> {
    if is_single { tiles::<Single>(file, scene, bands) } else { tiles::<Double>(file, scene, bands) }
}

fn tiles<T: NumericSample + From<f64>>(file: File, scene: &Scene, bands: &[Band]) -> Result<u64> {
    let [left, top] = scene.origin;
    let transform = GeoTransform::from_origin_and_pixel_size(left, top, scene.pixel[0], -scene.pixel[1]);
    let builder = GeoTiffBuilder::new(scene.width, scene.height)
        .bands(bands.len() as u32)
        .raster_type(RasterType::PixelIsArea)
        .transform(transform)
        .nodata("nan")
        .compression(Compression::Deflate)
        .predictor(Predictor::FloatingPoint)
        .tile_size(TILE, TILE);
    let builder =
        if scene.is_geographic { builder.geographic_epsg(scene.code) } else { builder.projected_epsg(scene.code) };
    let cog = CogBuilder::new(builder).overview_levels(scene.overviews()).resampling(Resampling::Average);
    let mut writer = cog.tile_writer::<T, _>(BufWriter::new(file))?;
    let mut pixels = 0;
    for y in (0..scene.height).step_by(TILE as usize) {
        let columns: Vec<u32> = (0..scene.width).step_by(TILE as usize).collect();
        let row: Vec<_> = columns.par_iter().map(|x| tile::<T>(scene, bands, *x, y)).collect();
        for (x, (tile, with_value)) in columns.into_iter().zip(row) {
            // Tiles that are not written are missing throughout.
            if with_value > 0 {
                writer.write_tile_3d(x as usize, y as usize, &tile.view())?;
            }
            pixels += with_value;
        }
    }
    writer.finish()?.flush()?;
    Ok(pixels)
}

fn tile<T: NumericSample + From<f64>>(scene: &Scene, bands: &[Band], x: u32, y: u32) -> (Array3<T>, u64) {
    let (width, height) = (TILE.min(scene.width - x), TILE.min(scene.height - y));
    let mut with_value = 0;
    let shape = (height as usize, width as usize, bands.len());
    let tile = Array3::from_shape_fn(shape, |(row, column, band)| {
        let value = bands[band].get(x + column as u32, y + row as u32);
        with_value += u64::from(!value.is_nan());
        T::from(value)
    });
    (tile, with_value)
}
