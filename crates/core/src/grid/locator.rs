//! From many points to the cells of one shard: the hot path of reading.

use cdshealpix::nested::{self, Layer};

use super::{GeoBox, HealpixGrid, RectilinearGrid, bounds::is_position, healpix::hash, projection::Projection};

/// Points of an array that lie in a shard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The row of each point.
    pub rows: Vec<u64>,
    /// The rank of each point's cell in the shard; as long as `rows`.
    pub cells: Vec<u32>,
    /// Points whose coordinates are not finite or out of range (fill values, say), in or out of
    /// the shard: nobody can tell.
    pub rejected: u64,
}

/// Finds the points of one shard. Prepared once per shard; from then on nothing is allocated per
/// point.
#[derive(Debug, Clone)]
pub struct ShardLocator {
    bounds: GeoBox,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Healpix(Cells),
    Rectilinear(Box<Tile>),
}

impl ShardLocator {
    /// For the shard with a NESTED id.
    pub(super) fn healpix(grid: &HealpixGrid, nested: u64) -> Self {
        let shift = 2 * u32::from(grid.orders_inside());
        let mask = grid.cells_per_shard() as u64 - 1;
        let cells = Cells { layer: nested::get(grid.cell_order.get()), shift, mask, nested };
        Self { bounds: GeoBox::of_cell(grid.shard_order, nested), kind: Kind::Healpix(cells) }
    }

    /// For a tile.
    pub(super) fn rectilinear(grid: &RectilinearGrid, row: u32, col: u32, projection: Projection) -> Self {
        let bounds = GeoBox::of_tile(grid, row, col, &projection);
        let first_row = u64::from(row) * u64::from(grid.tile[0]);
        let first_col = u64::from(col) * u64::from(grid.tile[1]);
        let tile = Tile { grid: grid.clone(), projection, first_row, first_col };
        Self { bounds, kind: Kind::Rectilinear(Box::new(tile)) }
    }

    /// A box that holds every point of the shard.
    #[must_use]
    pub fn bounds(&self) -> &GeoBox {
        &self.bounds
    }

    /// The rank, in the shard, of the cell that holds a position (geodetic degrees): on HEALPix
    /// the low bits of its NESTED id, on a rectilinear grid row by row. None when the position
    /// lies in another shard or [is none](is_position).
    #[must_use]
    pub fn cell_of(&self, lon_deg: f64, lat_deg: f64) -> Option<u32> {
        if !is_position(lon_deg, lat_deg) {
            return None;
        }
        match &self.kind {
            Kind::Healpix(cells) => cells.rank(lon_deg, lat_deg),
            Kind::Rectilinear(tile) => tile.rank(lon_deg, lat_deg),
        }
    }

    /// Appends to `out` the points that lie in the shard. Latitudes and longitudes are geodetic
    /// degrees, parallel; row numbers count from `first_row`. If one array is longer, its points
    /// without a partner are rejected.
    pub fn select(&self, lat: &[f64], lon: &[f64], first_row: u64, out: &mut Selection) {
        match &self.kind {
            Kind::Healpix(cells) => self.scan(lat, lon, first_row, out, |lon, lat| cells.rank(lon, lat)),
            Kind::Rectilinear(tile) => self.scan(lat, lon, first_row, out, |lon, lat| tile.rank(lon, lat)),
        }
        out.rejected += lat.len().abs_diff(lon.len()) as u64;
    }

    /// Block by block: most blocks have no latitude in the box, which is found without a branch
    /// per point.
    #[inline]
    fn scan(
        &self,
        lat: &[f64],
        lon: &[f64],
        first_row: u64,
        out: &mut Selection,
        rank: impl Fn(f64, f64) -> Option<u32>,
    ) {
        let bounds = self.bounds;
        let blocks = lat.chunks(BLOCK).zip(lon.chunks(BLOCK));
        for (first_row, (lat, lon)) in (first_row..).step_by(BLOCK).zip(blocks) {
            let (mut is_near, mut bad) = (false, 0_u32);
            for (&lat, &lon) in lat.iter().zip(lon) {
                is_near |= (lat >= bounds.south) & (lat <= bounds.north);
                bad += u32::from(!is_position(lon, lat));
            }
            out.rejected += u64::from(bad);
            if !is_near {
                continue;
            }
            for (row, (&lat, &lon)) in (first_row..).zip(lat.iter().zip(lon)) {
                if bounds.contains(lat, lon)
                    && is_position(lon, lat)
                    && let Some(cell) = rank(lon, lat)
                {
                    out.rows.push(row);
                    out.cells.push(cell);
                }
            }
        }
    }
}

/// Points that are looked at together: enough to keep the vector units busy, few enough that the
/// second look finds them in the nearest cache.
const BLOCK: usize = 64;

/// The cells of a HEALPix shard.
#[derive(Clone)]
struct Cells {
    layer: &'static Layer,
    shift: u32,
    mask: u64,
    nested: u64,
}

impl std::fmt::Debug for Cells {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cells").field("nested", &self.nested).field("shift", &self.shift).finish_non_exhaustive()
    }
}

impl Cells {
    /// Only for what [is a position](is_position).
    #[inline]
    fn rank(&self, lon_deg: f64, lat_deg: f64) -> Option<u32> {
        let cell = hash(self.layer, lon_deg, lat_deg);
        (cell >> self.shift == self.nested).then_some((cell & self.mask) as u32)
    }
}

/// The cells of a tile.
#[derive(Debug, Clone)]
struct Tile {
    grid: RectilinearGrid,
    projection: Projection,
    first_row: u64,
    first_col: u64,
}

impl Tile {
    #[inline]
    fn rank(&self, lon_deg: f64, lat_deg: f64) -> Option<u32> {
        let (row, col) = self.grid.cell_at(&self.projection, lon_deg, lat_deg)?;
        let row = row.checked_sub(self.first_row)?;
        let col = col.checked_sub(self.first_col)?;
        let [height, width] = self.grid.tile.map(u64::from);
        (row < height && col < width).then_some((row * width + col) as u32)
    }
}

#[cfg(test)]
mod tests;
