//! Where things are in a picture.

use super::{panel, svg::wrapped};
use crate::frame::Frame;

/// The most pixels of a picture: some hundred megabytes while it is drawn.
pub const MOST_PICTURE_PIXELS: u64 = 1 << 26;

/// A picture that cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// It would be too large.
    #[error(
        "a picture of {width} x {height} pixels is too large (at most {MOST_PICTURE_PIXELS} pixels); give a larger \
         --grid-spacing or a smaller --size"
    )]
    TooLarge {
        /// Columns.
        width: u64,
        /// Rows.
        height: u64,
    },
    /// The document that this program made is refused: a defect.
    #[error("the picture's own document cannot be drawn")]
    Document(#[from] resvg::usvg::Error),
    /// The pixels cannot be written as PNG: a defect.
    #[error("the picture cannot be written as PNG: {0}")]
    Png(String),
}

/// Where things are in a picture, in its pixels.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) frame: Frame,
    /// The length that texts and lines are multiples of: 1 for a map of 1000 pixels.
    pub(super) unit: f64,
    /// Pixels of the picture for one of the raster.
    pub(super) scale: f64,
    /// Left, top, width, height of the map; whole numbers.
    pub(super) map: [f64; 4],
    /// Left and top of the panel, and its height in its own units.
    pub(super) panel: [f64; 3],
    /// The top of the scale bar.
    pub(super) scale_y: f64,
    /// The baseline of the first line of the provenance.
    pub(super) provenance_y: f64,
    /// The title's lines.
    pub(super) title: Vec<String>,
    /// The provenance's lines.
    pub(super) provenance: Vec<String>,
    pub(super) width: u32,
    pub(super) height: u32,
}

pub(super) const TITLE: f64 = 19.0;
pub(super) const PROVENANCE: f64 = 10.5;

impl Layout {
    pub(super) fn new(frame: Frame, longest: Option<u32>, title: &str, provenance: &str) -> Result<Self, PictureError> {
        let longer = f64::from(frame.width.max(frame.height));
        let scale = match longest {
            Some(longest) => f64::from(longest) / longer,
            // As it is; small rasters by a whole number, so that their pixels stay equal squares.
            None => (800.0 / longer).ceil().max(1.0),
        };
        let width = (f64::from(frame.width) * scale).round().max(1.0);
        let height = (f64::from(frame.height) * scale).round().max(1.0);
        let unit = (width.max(height) / 1000.0).max(0.6);
        let px = |units: f64| (units * unit).round();
        let left = px(58.0);
        let panel_left = left + width + px(50.0);
        let total_width = panel_left + px(panel::WIDTH + 22.0);
        let text_width = total_width / unit - 40.0;
        let title = wrapped(title, TITLE, text_width, 2);
        let provenance = wrapped(provenance, PROVENANCE, text_width - 40.0, 4);
        let top = px(26.0 + (TITLE + 6.0) * title.len() as f64 + 16.0);
        let body = height.max(panel::LEAST_HEIGHT * unit);
        let scale_y = top + height + px(28.0);
        let provenance_y = (scale_y + px(30.0)).max(top + body + px(34.0));
        let total_height = provenance_y + px((PROVENANCE + 4.5) * (provenance.len() as f64 - 1.0).max(0.0) + 14.0);
        if total_width * total_height > MOST_PICTURE_PIXELS as f64 {
            return Err(PictureError::TooLarge { width: total_width as u64, height: total_height as u64 });
        }
        Ok(Self {
            frame,
            unit,
            scale,
            map: [left, top, width, height],
            panel: [panel_left, top, body / unit],
            scale_y,
            provenance_y,
            title,
            provenance,
            width: total_width as u32,
            height: total_height as u32,
        })
    }

    /// Where a point of the plane is.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let per_unit = (self.map[2] / f64::from(self.frame.width), self.map[3] / f64::from(self.frame.height));
        (
            self.map[0] + (x - self.frame.left) / self.frame.spacing * per_unit.0,
            self.map[1] + (self.frame.top - y) / self.frame.spacing * per_unit.1,
        )
    }

    /// The raster's pixel that a pixel of the map shows.
    #[inline]
    pub(super) fn shown(&self, column: u32, row: u32) -> (u32, u32) {
        let of = |index: u32, pixels: u32, shown: f64| {
            (((f64::from(index) + 0.5) / shown * f64::from(pixels)) as u32).min(pixels.saturating_sub(1))
        };
        (of(column, self.frame.width, self.map[2]), of(row, self.frame.height, self.map[3]))
    }
}
