//! The tiles of a map: zoom 0 is one tile for the whole plane, and each further zoom cuts every tile in four.

use crate::{
    error::Result,
    frame::Frame,
    places::Places,
    projection::{MapProjection, Plane},
};

/// Pixels of a tile along each side.
pub const TILE: u32 = 256;

/// No zoom is finer than this.
const FINEST: u8 = 28;

/// A tile. Column 0 is at the left, row 0 at the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileAt {
    /// The zoom.
    pub zoom: u8,
    /// The column.
    pub x: u32,
    /// The row.
    pub y: u32,
}

/// The square of a plane that is cut into tiles.
#[derive(Debug, Clone)]
pub struct Pyramid {
    /// What is cut.
    pub plane: Plane,
    /// The left edge, in units of the plane.
    pub left: f64,
    /// The top edge.
    pub top: f64,
    /// The side of the square.
    pub side: f64,
    /// The last zoom: its pixels are a small part of a cell.
    pub most_zoom: u8,
}

impl Pyramid {
    /// The pyramid of a projection for these cells. In the plane of rectilinear cells, there is a zoom whose pixels
    /// are the cells.
    ///
    /// # Errors
    /// When the projection cannot be used.
    pub fn new(projection: &MapProjection, places: &Places) -> Result<Self> {
        let plane = projection.plane()?;
        // Sides are whole numbers of pixels that halve without rounding. No border of pixels is at a round place, such
        // as the meridian 0, on which many centres of cells lie: rounding would put them on either side.
        let (left, top, side) = match (own_square(projection, places), projection) {
            (Some(square), _) => square,
            (None, MapProjection::PolarSouth | MapProjection::PolarNorth) => (-6_291_556.0, 6_291_556.0, 12_582_912.0),
            (None, MapProjection::Mollweide) => (-18_088_036.0, 18_088_036.0, 36_175_872.0),
            (None, MapProjection::PlateCarree) => (-180.3, 180.3, 368.0),
            (None, MapProjection::Crs(_)) if plane.is_geographic() => (-180.3, 180.3, 368.0),
            (None, MapProjection::Crs(_)) => (-20_971_620.0, 20_971_620.0, 41_943_040.0),
        };
        let pixel_m = side / f64::from(TILE) * plane.metres_per_unit();
        let most_zoom = (pixel_m / (places.cell_size_m() / 8.0)).log2().ceil().clamp(0.0, f64::from(FINEST)) as u8;
        Ok(Self { plane, left, top, side, most_zoom })
    }

    /// The side of a pixel at a zoom, in units of the plane.
    #[must_use]
    pub fn spacing(&self, zoom: u8) -> f64 {
        self.side / f64::from(TILE) / (1_u64 << zoom.min(FINEST)) as f64
    }

    /// The pixels of a tile; none when there is no such tile.
    #[must_use]
    pub fn frame(&self, at: TileAt) -> Option<Frame> {
        let tiles = 1_u32.checked_shl(u32::from(at.zoom))?;
        if at.zoom > self.most_zoom || at.x >= tiles || at.y >= tiles {
            return None;
        }
        let spacing = self.spacing(at.zoom);
        let side = spacing * f64::from(TILE);
        let (left, top) = (self.left + f64::from(at.x) * side, self.top - f64::from(at.y) * side);
        Some(Frame { left, top, spacing, width: TILE, height: TILE })
    }
}

/// Left, top and side of the square of rectilinear cells in their own plane: from the grid's corner, as many cells
/// as a power of two of tiles has pixels.
fn own_square(projection: &MapProjection, places: &Places) -> Option<(f64, f64, f64)> {
    let Places::Rectilinear(grid) = places else { return None };
    let grid = &grid.0;
    if !projection.crs().is_some_and(|crs| crs.eq_ignore_ascii_case(&grid.crs)) {
        return None;
    }
    let cell = grid.resolution[0].min(grid.resolution[1]);
    let across = (grid.shape[1] as f64 * grid.resolution[0]).max(grid.shape[0] as f64 * grid.resolution[1]);
    let tiles = (across / cell / f64::from(TILE)).log2().ceil().max(0.0).exp2();
    Some((grid.origin[0], grid.origin[1], cell * f64::from(TILE) * tiles))
}

#[cfg(test)]
mod tests {
    use zagg_core::order::Order;

    use super::*;

    fn cells() -> Places {
        Places::Healpix { order: Order::new(12).unwrap(), inside: 6 }
    }

    #[test]
    fn every_projections_domain_lies_in_its_pyramid() {
        for name in ["polar-south", "polar-north", "mollweide", "plate-carree"] {
            let pyramid = Pyramid::new(&name.parse().unwrap(), &cells()).unwrap();
            let [xmin, ymin, xmax, ymax] = pyramid.plane.domain().unwrap();
            let whole = pyramid.frame(TileAt { zoom: 0, x: 0, y: 0 }).unwrap().bounds();
            assert!(whole[0] <= xmin && whole[1] <= ymin && whole[2] >= xmax && whole[3] >= ymax, "{name}");
            let pixel = pyramid.spacing(pyramid.most_zoom) * pyramid.plane.metres_per_unit();
            assert!((90.0..205.0).contains(&pixel), "{name}: {pixel} m for cells of 1600 m");
        }
    }

    #[test]
    fn four_tiles_of_a_zoom_make_one_of_the_zoom_before() {
        let pyramid = Pyramid::new(&MapProjection::Mollweide, &cells()).unwrap();
        let [xmin, ymin, xmax, ymax] = pyramid.frame(TileAt { zoom: 3, x: 5, y: 2 }).unwrap().bounds();
        let [first, last] = [(10, 4), (11, 5)].map(|(x, y)| pyramid.frame(TileAt { zoom: 4, x, y }).unwrap().bounds());
        assert_eq!([first[0], last[1], last[2], first[3]], [xmin, ymin, xmax, ymax]);
    }

    #[test]
    fn there_are_no_tiles_outside() {
        let pyramid = Pyramid::new(&MapProjection::PolarSouth, &cells()).unwrap();
        for (zoom, x, y) in [(0, 1, 0), (3, 0, 8), (pyramid.most_zoom + 1, 0, 0), (200, 0, 0)] {
            assert_eq!(pyramid.frame(TileAt { zoom, x, y }), None);
        }
    }
}
