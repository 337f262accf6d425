//! Equal steps in a projected or geographic coordinate system.

use super::{GridError, Position, Shard, projection::Projection};

/// A rectilinear grid, padded to whole tiles. Row 0 is north, column 0 is west.
#[derive(Debug, Clone)]
pub struct RectilinearGrid {
    /// `EPSG:n`, as the pipeline spells it.
    pub crs: String,
    /// Cell width and height in units of the CRS, both positive.
    pub resolution: [f64; 2],
    /// West edge (`xmin`) and north edge (`ymax`).
    pub origin: [f64; 2],
    /// Rows and columns, multiples of `tile`.
    pub shape: [u64; 2],
    /// Rows and columns of a shard.
    pub tile: [u32; 2],
}

/// The most cells of a tile, so that one fits memory and its cells a `u32`.
const MOST_CELLS: u64 = 1 << 30;

/// The most rows or columns of a grid: what `f64` counts exactly.
const MOST_STEPS: f64 = 9_007_199_254_740_992.0;

impl RectilinearGrid {
    /// The grid over `bounds` (`xmin, ymin, xmax, ymax`), padded to whole tiles to the east and
    /// to the south. The padding's cells are cells like any other.
    ///
    /// # Errors
    /// When a number is not usable, or the coordinate system is not supported.
    pub fn new(crs: &str, resolution: [f64; 2], bounds: [f64; 4], tile: [u32; 2]) -> Result<Self, GridError> {
        Projection::new(crs)?;
        let wrong = |what, why: String| GridError::Rectilinear { what, why };
        if bounds.iter().any(|x| !x.is_finite()) || bounds[0] >= bounds[2] || bounds[1] >= bounds[3] {
            let why = format!("{bounds:?} are not xmin, ymin, xmax, ymax with xmin < xmax and ymin < ymax");
            return Err(wrong("bounds", why));
        }
        if resolution.iter().any(|x| !x.is_finite() || *x <= 0.0) {
            return Err(wrong("resolution", format!("{resolution:?} is not positive")));
        }
        if tile.contains(&0) {
            return Err(wrong("chunk_shape", format!("{tile:?} has a zero")));
        }
        let cells = u64::from(tile[0]) * u64::from(tile[1]);
        if cells > MOST_CELLS {
            return Err(GridError::ShardTooLarge { cells, limit: MOST_CELLS, remedy: "a smaller chunk_shape" });
        }
        let height = padded_steps(bounds[3] - bounds[1], resolution[1], tile[0]);
        let width = padded_steps(bounds[2] - bounds[0], resolution[0], tile[1]);
        let (Some(height), Some(width)) = (height, width) else {
            let why = format!("{resolution:?} is too fine for the bounds {bounds:?}");
            return Err(wrong("resolution", why));
        };
        let origin = [bounds[0], bounds[3]];
        Ok(Self { crs: crs.to_owned(), resolution, origin, shape: [height, width], tile })
    }

    /// Cells of a tile.
    #[must_use]
    pub fn cells_per_shard(&self) -> usize {
        self.tile[0] as usize * self.tile[1] as usize
    }

    /// Tiles from north to south.
    #[must_use]
    pub fn block_rows(&self) -> u64 {
        self.shape[0] / u64::from(self.tile[0].max(1))
    }

    /// Tiles from west to east.
    #[must_use]
    pub fn block_cols(&self) -> u64 {
        self.shape[1] / u64::from(self.tile[1].max(1))
    }

    /// All tiles.
    #[must_use]
    pub fn tiles(&self) -> u64 {
        self.block_rows().saturating_mul(self.block_cols())
    }

    /// `[x step, 0, xmin, 0, -y step, ymax]`: from column and row to the north-west corner.
    #[must_use]
    pub fn affine(&self) -> [f64; 6] {
        [self.resolution[0], 0.0, self.origin[0], 0.0, -self.resolution[1], self.origin[1]]
    }

    /// `xmin, ymin, xmax, ymax` with the padding.
    #[must_use]
    pub fn bounds(&self) -> [f64; 4] {
        let [xmin, ymax] = self.origin;
        let ymin = ymax - self.shape[0] as f64 * self.resolution[1];
        let xmax = xmin + self.shape[1] as f64 * self.resolution[0];
        [xmin, ymin, xmax, ymax]
    }

    /// `xmin, ymin, xmax, ymax` of a tile.
    #[must_use]
    pub fn tile_bounds(&self, row: u32, col: u32) -> [f64; 4] {
        let edge = |index: u32, steps: u32| f64::from(index) * f64::from(steps);
        let [xmin, ymax] = self.origin;
        let left = xmin + edge(col, self.tile[1]) * self.resolution[0];
        let right = xmin + (edge(col, self.tile[1]) + f64::from(self.tile[1])) * self.resolution[0];
        let top = ymax - edge(row, self.tile[0]) * self.resolution[1];
        let bottom = ymax - (edge(row, self.tile[0]) + f64::from(self.tile[0])) * self.resolution[1];
        [left, bottom, right, top]
    }

    /// The middle of each column, `xmin + (i + 0.5) step`, west to east.
    #[must_use]
    pub fn x_centers(&self) -> Vec<f64> {
        (0..self.shape[1]).map(|i| self.origin[0] + (i as f64 + 0.5) * self.resolution[0]).collect()
    }

    /// The middle of each row, `ymax - (j + 0.5) step`, north to south.
    #[must_use]
    pub fn y_centers(&self) -> Vec<f64> {
        (0..self.shape[0]).map(|j| self.origin[1] - (j as f64 + 0.5) * self.resolution[1]).collect()
    }

    /// The shard with a tile number, `block row * block columns + block column`.
    ///
    /// # Errors
    /// When there is no such tile.
    pub fn shard(&self, key: u64) -> Result<Shard, GridError> {
        let no_such = GridError::NoSuchTile { key, tiles: self.tiles() };
        if key >= self.tiles() {
            return Err(no_such);
        }
        match (u32::try_from(key / self.block_cols()), u32::try_from(key % self.block_cols())) {
            (Ok(row), Ok(col)) => Ok(Shard { key, label: key.to_string(), position: Position::Tile { row, col } }),
            _ => Err(no_such),
        }
    }

    /// The shard with a tile number in decimal digits.
    ///
    /// # Errors
    /// When it is no number, or there is no such tile.
    pub fn shard_by_label(&self, label: &str) -> Result<Shard, GridError> {
        let key = label.parse().map_err(|_| GridError::TileLabel { label: label.to_owned(), tiles: self.tiles() })?;
        self.shard(key)
    }

    /// Row and column of the cell that holds a position; none when it is no position or outside
    /// the grid.
    ///
    /// `row = floor((ymax - y) / step)` and `column = floor((x - xmin) / step)`, exact floors: a
    /// point on a cell's east or south edge belongs to the next cell, one on the grid's is out.
    /// On a geographic grid, a longitude outside the grid is moved by a whole turn into it, if
    /// that is possible: how a file spells its longitudes never loses a point.
    #[inline]
    #[must_use]
    pub fn cell_at(&self, projection: &Projection, lon_deg: f64, lat_deg: f64) -> Option<(u64, u64)> {
        let (x, y) = projection.forward(lon_deg, lat_deg)?;
        let row = steps_within(self.origin[1] - y, self.resolution[1], self.shape[0])?;
        let column = |x: f64| steps_within(x - self.origin[0], self.resolution[0], self.shape[1]);
        let col = match column(x) {
            None if projection.is_geographic() => column(x - 360.0).or_else(|| column(x + 360.0))?,
            col => col?,
        };
        Some((row, col))
    }
}

/// How many steps fit a span, rounded up (a rounding error of 1e-9 steps aside), then up to whole
/// tiles; none when that is more than can be counted.
fn padded_steps(span: f64, step: f64, tile: u32) -> Option<u64> {
    let steps = (span / step - 1e-9).ceil().max(1.0);
    let tiles = (steps / f64::from(tile)).ceil();
    (tiles * f64::from(tile) < MOST_STEPS && tiles <= f64::from(u32::MAX)).then(|| tiles as u64 * u64::from(tile))
}

/// `floor(offset / step)` when it is in `0..count`.
#[inline]
fn steps_within(offset: f64, step: f64, count: u64) -> Option<u64> {
    let steps = floor_div(offset, step);
    (steps >= 0.0 && steps < count as f64).then_some(steps as u64)
}

/// The floor of the exact quotient of two numbers, as numpy's `//`. A quotient just below a whole
/// number may have been rounded up to it: then the exact remainder is negative.
#[inline]
fn floor_div(a: f64, b: f64) -> f64 {
    let quotient = a / b;
    let floor = quotient.floor();
    if floor == quotient && (-floor).mul_add(b, a) < 0.0 { floor - 1.0 } else { floor }
}

#[cfg(test)]
mod tests;
