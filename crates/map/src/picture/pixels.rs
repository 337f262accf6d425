//! The data's pixels, and the drawing of documents.

use std::sync::{Arc, LazyLock};

use rayon::prelude::*;
use resvg::{
    tiny_skia::{ColorU8, Pixmap, PremultipliedColorU8, Transform},
    usvg::{Options, Tree, fontdb::Database},
};

use super::{
    layout::{Layout, PictureError},
    svg::FONT,
};
use crate::{colours::Colours, raster::Raster};

/// The one font, so that a picture is the same everywhere.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(include_bytes!("../../assets/font.ttf").to_vec());
    fonts.set_sans_serif_family(FONT);
    Arc::new(fonts)
});

/// The raster as PNG, transparent where there is no value.
pub(super) fn of_raster(raster: &Raster, colours: &Colours) -> Result<Vec<u8>, PictureError> {
    let mut pixmap = empty(raster.frame.width, raster.frame.height)?;
    let width = raster.frame.width.max(1) as usize;
    let rows = pixmap.pixels_mut().par_chunks_mut(width).zip(raster.values.par_chunks(width));
    rows.for_each(|(pixels, values)| {
        for (pixel, value) in pixels.iter_mut().zip(values) {
            if let Some(colour) = colour(colours, *value) {
                *pixel = colour;
            }
        }
    });
    encoded(&pixmap)
}

/// The picture: what is under the data, the data, and what is over it.
pub(super) fn picture(
    layout: &Layout,
    raster: &Raster,
    colours: &Colours,
    under: &str,
    over: &str,
) -> Result<Vec<u8>, PictureError> {
    let mut pixmap = empty(layout.width, layout.height)?;
    draw(under, &mut pixmap)?;
    let [left, top, width, height] = layout.map.map(|x| x as usize);
    let rows = pixmap.pixels_mut().par_chunks_mut(layout.width as usize).skip(top).take(height).enumerate();
    rows.for_each(|(row, pixels)| {
        for (column, pixel) in pixels.iter_mut().skip(left).take(width).enumerate() {
            let (column, row) = layout.shown(column as u32, row as u32);
            if let Some(colour) = colour(colours, raster.get(column, row)) {
                *pixel = colour;
            }
        }
    });
    draw(over, &mut pixmap)?;
    encoded(&pixmap)
}

fn empty(width: u32, height: u32) -> Result<Pixmap, PictureError> {
    let too_large = PictureError::TooLarge { width: width.into(), height: height.into() };
    Pixmap::new(width, height).ok_or(too_large)
}

fn draw(document: &str, pixmap: &mut Pixmap) -> Result<(), PictureError> {
    let options = Options { font_family: FONT.to_owned(), fontdb: Arc::clone(&FONTS), ..Options::default() };
    let tree = Tree::from_str(document, &options)?;
    resvg::render(&tree, Transform::identity(), &mut pixmap.as_mut());
    Ok(())
}

fn encoded(pixmap: &Pixmap) -> Result<Vec<u8>, PictureError> {
    pixmap.encode_png().map_err(|error| PictureError::Png(error.to_string()))
}

#[inline]
fn colour(colours: &Colours, value: f64) -> Option<PremultipliedColorU8> {
    colours.of(value).map(|[r, g, b]| ColorU8::from_rgba(r, g, b, 255).premultiply())
}

/// Whether pixels have values below and above the range of the colours.
pub(super) fn beyond(raster: &Raster, colours: &Colours) -> (bool, bool) {
    let any = |is: &(dyn Fn(f64) -> bool + Sync)| raster.values.par_iter().any(|value| is(*value));
    (any(&|value| value < colours.limits.low), any(&|value| value > colours.limits.high))
}
