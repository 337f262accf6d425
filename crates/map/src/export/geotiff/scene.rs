//! The pixels of a GeoTIFF, and what each of them shows.

use zagg_core::grid::RectilinearGrid;

use super::RasterChoice;
use crate::{
    about::Together,
    error::Result,
    export::ExportError,
    field::{FieldCells, FieldSource},
    frame::{Frame, bounds_of},
    places::Places,
    projection::{MapProjection, Plane},
    raster::{Raster, paint},
};

/// A tile's side, in pixels; the usual one of Cloud-Optimized GeoTIFFs.
pub(super) const TILE: u32 = 512;

/// The most pixels of a raster that is never held whole: a file of tens of gigabytes.
const MOST_PIXELS: u64 = 1 << 33;

/// The pixels.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    /// `EPSG:n`.
    pub(super) crs: String,
    /// Its number.
    pub(super) code: u16,
    /// Whether its unit is the degree.
    pub(super) is_geographic: bool,
    /// The left and the upper edge.
    pub(super) origin: [f64; 2],
    /// The side of a pixel, across and down.
    pub(super) pixel: [f64; 2],
    pub(super) width: u32,
    pub(super) height: u32,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// The cells of a rectilinear store themselves, from this row and column on, of rows of so many cells.
    AsItIs { row: u64, column: u64, across: u64 },
    /// Painted.
    Painted { plane: Plane, frame: Frame },
}

/// One field on the pixels.
#[derive(Debug)]
pub(super) enum Band {
    /// Cells of a rectilinear store.
    Cells { field: FieldCells, row: u64, column: u64, across: u64 },
    /// Painted pixels.
    Pixels(Raster),
}

impl Scene {
    pub(super) fn of(source: &FieldSource, choice: &RasterChoice) -> Result<Self> {
        if source.cells.blocks.is_empty() {
            return Err(ExportError::Empty { location: source.store.location().to_string() }.into());
        }
        match &source.places {
            Places::Rectilinear(grid) if choice.projection.is_none() && choice.spacing_m.is_none() => {
                Ok(Self::as_it_is(source, &grid.0, grid.1.is_geographic())?)
            }
            places => {
                let own = places.crs().map(|crs| MapProjection::Crs(crs.to_owned()));
                let projection = choice.projection.clone().or(own).unwrap_or_else(|| suited(source));
                Self::painted(source, &projection, choice.spacing_m)
            }
        }
    }

    /// The blocks that were written, pixel by pixel.
    fn as_it_is(source: &FieldSource, grid: &RectilinearGrid, is_geographic: bool) -> Result<Self, ExportError> {
        let code = code(&grid.crs)?;
        let (mut first, mut last) = ([u64::MAX; 2], [0; 2]);
        for block in &source.cells.blocks {
            for axis in 0..2 {
                let (from, length) = (block.origin[axis], source.cells.block_shape[axis]);
                first[axis] = first[axis].min(from);
                last[axis] = last[axis].max((from + length).min(grid.shape[axis]));
            }
        }
        let [height, width] = [last[0] - first[0], last[1] - first[1]];
        let too_large = || ExportError::TooLarge { width, height, most: MOST_PIXELS };
        if width.saturating_mul(height) > MOST_PIXELS {
            return Err(too_large());
        }
        let origin = [
            grid.origin[0] + first[1] as f64 * grid.resolution[0],
            grid.origin[1] - first[0] as f64 * grid.resolution[1],
        ];
        Ok(Self {
            crs: grid.crs.clone(),
            code,
            is_geographic,
            origin,
            pixel: grid.resolution,
            width: u32::try_from(width).map_err(|_| too_large())?,
            height: u32::try_from(height).map_err(|_| too_large())?,
            kind: Kind::AsItIs { row: first[0], column: first[1], across: grid.shape[1] },
        })
    }

    fn painted(source: &FieldSource, projection: &MapProjection, spacing_m: Option<f64>) -> Result<Self> {
        let crs = projection.crs().ok_or_else(|| ExportError::NoCode { projection: projection.to_string() })?;
        let (crs, plane) = (crs.to_owned(), projection.plane()?);
        let spacing = match spacing_m {
            Some(metres) => metres / plane.metres_per_unit(),
            None => round_down(source.places.cell_size_m() / plane.metres_per_unit()),
        };
        let shape = &source.cells.block_shape;
        let outlines = source.cells.blocks.iter().flat_map(|block| source.places.outline(block, shape));
        let within = bounds_of(&plane, outlines).map(|[xmin, ymin, xmax, ymax]| match plane.domain() {
            Some(most) => [xmin.max(most[0]), ymin.max(most[1]), xmax.min(most[2]), ymax.min(most[3])],
            None => [xmin, ymin, xmax, ymax],
        });
        let frame = Frame::around(within.unwrap_or([0.0; 4]), spacing)?;
        Ok(Self {
            code: code(&crs)?,
            crs,
            is_geographic: plane.is_geographic(),
            origin: [frame.left, frame.top],
            pixel: [frame.spacing; 2],
            width: frame.width,
            height: frame.height,
            kind: Kind::Painted { plane, frame },
        })
    }

    /// A field on the pixels.
    pub(super) fn band(&self, field: FieldCells, together: Together) -> Band {
        match &self.kind {
            Kind::AsItIs { row, column, across } => Band::Cells { field, row: *row, column: *column, across: *across },
            Kind::Painted { plane, frame } => Band::Pixels(paint(&field, plane, frame, together)),
        }
    }

    /// `xmin, ymin, xmax, ymax`.
    pub(super) fn bounds(&self) -> [f64; 4] {
        let [left, top] = self.origin;
        let right = left + f64::from(self.width) * self.pixel[0];
        [left, top - f64::from(self.height) * self.pixel[1], right, top]
    }

    /// How much smaller each overview is: halves, until one tile holds all.
    pub(super) fn overviews(&self) -> Vec<u32> {
        let longest = self.width.max(self.height);
        let halves = (1..31).map(|k| 1_u32 << k);
        halves.take_while(|factor| longest.div_ceil(factor / 2) > TILE).collect()
    }
}

impl Band {
    /// The value of a pixel; NaN where there is none.
    pub(super) fn get(&self, x: u32, y: u32) -> f64 {
        match self {
            Self::Cells { field, row, column, across } => {
                let id = (row + u64::from(y)) * across + column + u64::from(x);
                field.value_of(id).unwrap_or(f64::NAN)
            }
            Self::Pixels(raster) => raster.get(x, y),
        }
    }
}

fn code(crs: &str) -> Result<u16, ExportError> {
    let code = crs.rsplit_once(':').and_then(|(_, code)| code.parse().ok());
    code.ok_or_else(|| ExportError::NoCode { projection: crs.to_owned() })
}

/// Polar stereographic when all blocks lie beyond 50 degrees of latitude on one side, else plate carrée.
fn suited(source: &FieldSource) -> MapProjection {
    let shape = &source.cells.block_shape;
    let mut latitudes = source.cells.blocks.iter().flat_map(|block| source.places.outline(block, shape)).map(|at| at.1);
    let first = latitudes.next().unwrap_or(0.0);
    let (south, north) = latitudes.fold((first, first), |(south, north), lat| (south.min(lat), north.max(lat)));
    if north < -50.0 {
        MapProjection::PolarSouth
    } else if south > 50.0 {
        MapProjection::PolarNorth
    } else {
        MapProjection::PlateCarree
    }
}

/// The next 1, 2 or 5 times a power of ten below.
fn round_down(length: f64) -> f64 {
    let power = 10_f64.powf(length.log10().floor());
    let steps = [5.0, 2.0, 1.0];
    steps.into_iter().map(|step| step * power).find(|nice| *nice <= length * (1.0 + 1e-9)).unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacings_are_round_and_no_larger_than_cells() {
        for (length, nice) in [(1592.0, 1000.0), (5.0, 5.0), (0.0143, 0.01), (2.5, 2.0), (0.00009, 0.00005)] {
            assert!((round_down(length) - nice).abs() < 1e-12 * nice, "{length}");
        }
    }

    #[test]
    fn codes_are_numbers_of_epsg() {
        assert_eq!(code("EPSG:3031").unwrap(), 3031);
        assert!(matches!(code("mollweide"), Err(ExportError::NoCode { .. })));
    }
}
