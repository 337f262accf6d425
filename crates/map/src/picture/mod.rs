//! A map as a picture: the data's pixels, land, meridians and parallels, what colours mean, where it comes from.
//!
//! The SVG and the PNG are the same document; the PNG is that document drawn by resvg. The data's pixels are put in
//! between as they are, not resampled: each has the colour of its value.

mod layout;
mod map;
mod panel;
mod pixels;
mod svg;
mod ticks;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

use crate::{
    coast::{Land, land},
    colours::Colours,
    error::Result,
    graticule::{Graticule, graticule},
    projection::Plane,
    raster::Raster,
};
use layout::Layout;
use panel::Panel;
use svg::{Anchor, Style, Svg, number};

pub use layout::{MOST_PICTURE_PIXELS, PictureError};
pub use map::spacing_in_words;
pub use panel::{Histogram, PanelText};
pub use ticks::shown as number_in_words;

/// What is drawn besides the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extras {
    /// Land and coasts.
    pub coast: bool,
    /// Meridians and parallels, with their names.
    pub graticule: bool,
}

/// What a picture says in words.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Above the map.
    pub title: String,
    /// Beside it.
    pub panel: PanelText,
    /// Beneath it: where the data comes from.
    pub provenance: String,
}

/// A map that is ready to be drawn.
#[derive(Debug)]
pub struct Picture<'a> {
    raster: &'a Raster,
    colours: &'a Colours,
    histogram: Option<&'a Histogram>,
    words: &'a Words,
    plane: &'a Plane,
    extras: Extras,
    layout: Layout,
    land: Option<Land>,
    graticule: Graticule,
}

/// Where a picture's map is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Geometry {
    /// Columns of the picture.
    pub width: u32,
    /// Rows of the picture.
    pub height: u32,
    /// The first column of the map.
    pub map_left: u32,
    /// The first row of the map.
    pub map_top: u32,
    /// Columns of the map.
    pub map_width: u32,
    /// Rows of the map.
    pub map_height: u32,
}

impl<'a> Picture<'a> {
    /// Lays a picture out. `longest` is the length of the map's longer side in pixels; by default one pixel for each of
    /// the raster, and a whole number of them for small rasters.
    ///
    /// # Errors
    /// When the picture would be too large.
    pub fn new(
        raster: &'a Raster,
        plane: &'a Plane,
        colours: &'a Colours,
        histogram: Option<&'a Histogram>,
        words: &'a Words,
        extras: Extras,
        longest: Option<u32>,
    ) -> Result<Self> {
        let layout = Layout::new(raster.frame, longest, &words.title, &words.provenance)?;
        let detail = raster.frame.spacing / layout.scale * 0.5;
        let land = extras.coast.then(|| land(plane, &raster.frame, detail));
        let graticule = graticule(plane, &raster.frame);
        Ok(Self { raster, colours, histogram, words, plane, extras, layout, land, graticule })
    }

    /// Where the map is.
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        let [map_left, map_top, map_width, map_height] = self.layout.map.map(|x| x as u32);
        Geometry { width: self.layout.width, height: self.layout.height, map_left, map_top, map_width, map_height }
    }

    /// The picture as SVG, the data's pixels in it as PNG.
    ///
    /// # Errors
    /// Never, but for defects.
    pub fn svg(&self) -> Result<String> {
        let data = pixels::of_raster(self.raster, self.colours)?;
        let [x, y, width, height] = self.layout.map.map(number);
        let mut image = Svg::default();
        image.raw(&format!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{}\"/>",
            STANDARD.encode(data)
        ));
        Ok(self.document(&[&self.under(), &image, &self.over()]))
    }

    /// The picture as PNG.
    ///
    /// # Errors
    /// Never, but for defects.
    pub fn png(&self) -> Result<Vec<u8>> {
        let under = self.document(&[&self.under()]);
        let over = self.document(&[&self.over()]);
        Ok(pixels::picture(&self.layout, self.raster, self.colours, &under, &over)?)
    }

    fn document(&self, layers: &[&Svg]) -> String {
        let (width, height) = (self.layout.width, self.layout.height);
        let mut svg = Svg::default();
        svg.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        svg.raw(&format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"title\" \
             font-family=\"'{}', Verdana, sans-serif\">",
            svg::FONT
        ));
        svg.raw(&format!("<title id=\"title\">{}</title>", svg::escaped(&self.words.title)));
        svg.raw("<defs><clipPath id=\"map\">");
        svg.rect(self.layout.map, "");
        svg.raw("</clipPath></defs>");
        for layer in layers {
            svg.0.push_str(&layer.0);
        }
        svg.raw("</svg>");
        svg.0
    }

    fn under(&self) -> Svg {
        let mut svg = Svg::default();
        let whole = [0.0, 0.0, f64::from(self.layout.width), f64::from(self.layout.height)];
        svg.rect(whole, "fill=\"#fff\"");
        map::under(&mut svg, &self.layout, self.land.as_ref(), &self.graticule);
        svg
    }

    fn over(&self) -> Svg {
        let (mut svg, layout) = (Svg::default(), &self.layout);
        let unit = layout.unit;
        let graticule = self.extras.graticule.then_some(&self.graticule);
        map::over(&mut svg, layout, self.land.as_ref(), graticule, self.plane);
        for (index, line) in layout.title.iter().enumerate() {
            let y = unit * (26.0 + layout::TITLE * 0.5 + (layout::TITLE + 6.0) * index as f64);
            svg.text((layout.map[0], y), Style::new(layout::TITLE * unit, Anchor::Start), line);
        }
        for (index, line) in layout.provenance.iter().enumerate() {
            let y = layout.provenance_y + unit * (layout::PROVENANCE + 4.5) * index as f64;
            svg.text((layout.map[0], y), Style::new(layout::PROVENANCE * unit, Anchor::Start).grey(), line);
        }
        let [x, y, height] = layout.panel;
        svg.raw(&format!("<g transform=\"translate({} {}) scale({unit})\">", number(x), number(y)));
        let empty = if self.extras.coast { [map::LAND, map::SEA] } else { [map::BLANK; 2] };
        let beyond = pixels::beyond(self.raster, self.colours);
        let made_of =
            Panel { colours: self.colours, histogram: self.histogram, text: &self.words.panel, beyond, empty };
        panel::panel(&mut svg, height, &made_of);
        svg.raw("</g>");
        svg
    }
}

#[cfg(test)]
mod tests;
