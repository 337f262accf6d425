//! The pixels of a map: equal squares of the plane.

use crate::projection::Plane;

/// The most pixels of a map: 4 bytes for each of them still fit a laptop many times.
pub const MOST_PIXELS: u64 = 1 << 28;

/// A frame that cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The spacing is no length.
    #[error("a grid spacing of {spacing} is not possible; give a positive length, such as 2km or 0.05deg")]
    Spacing {
        /// In units of the plane.
        spacing: f64,
    },
    /// There would be too many pixels.
    #[error("{pixels:.0} pixels are too many (at most {MOST_PIXELS}); give a larger grid spacing")]
    TooLarge {
        /// How many there would be.
        pixels: f64,
    },
    /// There is nothing to show.
    #[error("the map would be empty: no cell with data lies in it")]
    Empty,
}

/// A rectangle of the plane, cut into pixels. Row 0 is at the top, column 0 at the left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// The left edge, in units of the plane (metres, or degrees).
    pub left: f64,
    /// The top edge.
    pub top: f64,
    /// The side of a pixel.
    pub spacing: f64,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Frame {
    /// The least frame whose pixel edges are whole multiples of `spacing` and that holds the box
    /// `xmin, ymin, xmax, ymax`. Frames of one spacing thus share their pixels.
    ///
    /// # Errors
    /// When the spacing is not positive, the box is none, or there are more than [`MOST_PIXELS`].
    pub fn around(bounds: [f64; 4], spacing: f64) -> Result<Self, FrameError> {
        if !(spacing.is_finite() && spacing > 0.0) {
            return Err(FrameError::Spacing { spacing });
        }
        let [xmin, ymin, xmax, ymax] = bounds;
        if !(xmin < xmax && ymin < ymax && bounds.iter().all(|x| x.is_finite())) {
            return Err(FrameError::Empty);
        }
        // A box that ends on a pixel's edge but for rounding gets no pixel more.
        let (first, last) = (|x: f64| (x / spacing + 1e-9).floor(), |x: f64| (x / spacing - 1e-9).ceil());
        let (left, right, bottom, top) = (first(xmin), last(xmax), first(ymin), last(ymax));
        let (width, height) = ((right - left).max(1.0), (top - bottom).max(1.0));
        let pixels = width * height;
        if pixels > MOST_PIXELS as f64 || width > f64::from(u32::MAX) || height > f64::from(u32::MAX) {
            return Err(FrameError::TooLarge { pixels });
        }
        Ok(Self { left: left * spacing, top: top * spacing, spacing, width: width as u32, height: height as u32 })
    }

    /// How many pixels there are.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.width as usize * self.height as usize
    }

    /// `xmin, ymin, xmax, ymax`.
    #[must_use]
    pub fn bounds(&self) -> [f64; 4] {
        let right = self.left + f64::from(self.width) * self.spacing;
        let bottom = self.top - f64::from(self.height) * self.spacing;
        [self.left, bottom, right, self.top]
    }

    /// The middle of a pixel.
    #[must_use]
    pub fn center(&self, column: u32, row: u32) -> (f64, f64) {
        (self.left + (f64::from(column) + 0.5) * self.spacing, self.top - (f64::from(row) + 0.5) * self.spacing)
    }

    /// Column and row of the pixel that holds a point of the plane; none outside the frame.
    #[must_use]
    pub fn pixel_at(&self, x: f64, y: f64) -> Option<(u32, u32)> {
        let column = ((x - self.left) / self.spacing).floor();
        let row = ((self.top - y) / self.spacing).floor();
        let inside = column >= 0.0 && row >= 0.0 && column < f64::from(self.width) && row < f64::from(self.height);
        inside.then_some((column as u32, row as u32))
    }
}

/// The box of the plane, `xmin, ymin, xmax, ymax`, that holds the positions (longitude, latitude); none
/// when the plane has a place for none of them.
#[must_use]
pub fn bounds_of(plane: &Plane, positions: impl IntoIterator<Item = (f64, f64)>) -> Option<[f64; 4]> {
    positions.into_iter().filter_map(|(lon, lat)| plane.forward(lon, lat)).fold(None, |bounds, (x, y)| {
        let [xmin, ymin, xmax, ymax] = bounds.unwrap_or([x, y, x, y]);
        Some([xmin.min(x), ymin.min(y), xmax.max(x), ymax.max(y)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_one_spacing_share_their_pixels() {
        let frame = Frame::around([-3_100.0, 10.0, 4_000.0, 2_000.0], 1_000.0).unwrap();
        assert_eq!((frame.left, frame.top, frame.width, frame.height), (-4_000.0, 2_000.0, 8, 2));
        assert_eq!(frame.bounds(), [-4_000.0, 0.0, 4_000.0, 2_000.0]);
        assert_eq!(frame.center(0, 0), (-3_500.0, 1_500.0));
    }

    #[test]
    fn a_pixel_holds_its_centre_and_its_north_west_corner() {
        let frame = Frame::around([0.0, 0.0, 10.0, 5.0], 0.5).unwrap();
        for (column, row) in [(0, 0), (19, 9), (7, 3)] {
            let (x, y) = frame.center(column, row);
            assert_eq!(frame.pixel_at(x, y), Some((column, row)));
        }
        assert_eq!(frame.pixel_at(0.0, 5.0), Some((0, 0)));
        assert_eq!(frame.pixel_at(10.0, 5.0), None);
        assert_eq!(frame.pixel_at(f64::NAN, 5.0), None);
    }

    #[test]
    fn impossible_frames_are_refused() {
        let globe = [-180.0, -90.0, 180.0, 90.0];
        assert!(matches!(Frame::around(globe, 0.0), Err(FrameError::Spacing { .. })));
        assert!(matches!(Frame::around(globe, f64::NAN), Err(FrameError::Spacing { .. })));
        assert!(matches!(Frame::around(globe, 1e-6), Err(FrameError::TooLarge { .. })));
        assert!(matches!(Frame::around([0.0, 0.0, 0.0, 0.0], 1.0), Err(FrameError::Empty)));
    }
}
