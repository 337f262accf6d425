//! Where cells lie: from a cell's id to the globe, and back.

use zagg_core::{
    grid::{Grid, GridSignature, Projection, RectilinearGrid, healpix},
    order::Order,
};
use zagg_store::{
    Store,
    read::{BlockPlace, Cells, Domain},
};

use crate::{
    about::About,
    error::{MapError, Result},
};

/// Where the cells of a store lie. Ids are those of [`Domain`]. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Places {
    /// HEALPix NESTED, of this order, in blocks of cells of a coarser order.
    Healpix {
        /// The cell order.
        order: Order,
        /// How many orders coarser blocks are.
        inside: u8,
    },
    /// A rectilinear grid.
    Rectilinear(Box<(RectilinearGrid, Projection)>),
}

impl Places {
    /// Where the cells of a store lie.
    ///
    /// # Errors
    /// When the cells are rectilinear and the store does not say of which grid, or the grid's coordinate
    /// system is not supported; when blocks are no HEALPix cells.
    pub fn of(store: &Store, cells: &Cells, about: &About) -> Result<Self> {
        let location = || store.location().to_string();
        match cells.domain {
            Domain::Healpix(order) => {
                let length = cells.block_shape.first().copied().unwrap_or(1);
                let inside = length.trailing_zeros() as u8 / 2;
                if length != 1 << (2 * inside) || inside > order.get() {
                    let reason = format!("its chunks of {length} cells are no HEALPix cells");
                    return Err(MapError::NoGrid { location: location(), reason });
                }
                Ok(Self::Healpix { order, inside })
            }
            Domain::Rectilinear(shape) => {
                let Some(GridSignature::Rectilinear { crs, affine, chunk_shape, .. }) = about.grid() else {
                    let reason = "the root's `zagg` attribute names no rectilinear grid".to_owned();
                    return Err(MapError::NoGrid { location: location(), reason });
                };
                let refused = |source| MapError::Grid { location: location(), source };
                let projection = Projection::new(&crs).map_err(refused)?;
                let resolution = [affine[0], -affine[4]];
                let bounds = [
                    affine[2],
                    affine[5] - shape[0] as f64 * resolution[1],
                    affine[2] + shape[1] as f64 * resolution[0],
                    affine[5],
                ];
                let mut grid = RectilinearGrid::new(&crs, resolution, bounds, chunk_shape).map_err(refused)?;
                // What the arrays have counts, whatever rounding makes of the bounds.
                grid.shape = shape;
                Ok(Self::Rectilinear(Box::new((grid, projection))))
            }
        }
    }

    /// The id of the cell that holds a position (geodetic degrees); none where there is none.
    #[inline]
    #[must_use]
    pub fn cell_at(&self, lon_deg: f64, lat_deg: f64) -> Option<u64> {
        match self {
            Self::Healpix { order, .. } => healpix::nested_at(*order, lon_deg, lat_deg),
            Self::Rectilinear(grid) => {
                let (row, column) = grid.0.cell_at(&grid.1, lon_deg, lat_deg)?;
                Some(row * grid.0.shape[1] + column)
            }
        }
    }

    /// Longitude and latitude, in degrees, of a cell's centre; none when there is no such cell.
    #[must_use]
    pub fn center(&self, id: u64) -> Option<(f64, f64)> {
        match self {
            Self::Healpix { order, .. } => healpix::center(*order, id),
            Self::Rectilinear(grid) => {
                let (row, column) = self.row_and_column(&grid.0, id)?;
                grid.1.inverse(
                    grid.0.origin[0] + (column + 0.5) * grid.0.resolution[0],
                    grid.0.origin[1] - (row + 0.5) * grid.0.resolution[1],
                )
            }
        }
    }

    /// The corners of a cell, longitude and latitude in degrees, counterclockwise seen from above, the
    /// first one not repeated; none when there is no such cell.
    #[must_use]
    pub fn corners(&self, id: u64) -> Option<[(f64, f64); 4]> {
        match self {
            Self::Healpix { order, .. } => healpix::corners(*order, id),
            Self::Rectilinear(grid) => {
                let (row, column) = self.row_and_column(&grid.0, id)?;
                let [x, y] =
                    [grid.0.origin[0] + column * grid.0.resolution[0], grid.0.origin[1] - row * grid.0.resolution[1]];
                let [right, bottom] = [x + grid.0.resolution[0], y - grid.0.resolution[1]];
                let corner = |x, y| grid.1.inverse(x, y);
                Some([corner(x, bottom)?, corner(right, bottom)?, corner(right, y)?, corner(x, y)?])
            }
        }
    }

    fn row_and_column(&self, grid: &RectilinearGrid, id: u64) -> Option<(f64, f64)> {
        let (row, column) = (id.checked_div(grid.shape[1])?, id.checked_rem(grid.shape[1])?);
        (row < grid.shape[0]).then_some((row as f64, column as f64))
    }

    /// Points along the edge of a block, longitude and latitude in degrees.
    #[must_use]
    pub fn outline(&self, block: &BlockPlace, shape: &[u64]) -> Vec<(f64, f64)> {
        const PER_SIDE: u32 = 16;
        match (self, block.origin.as_slice(), shape) {
            (Self::Healpix { order, inside }, [first], _) => Order::new(order.get() - inside)
                .ok()
                .and_then(|shard| healpix::outline(shard, first >> (2 * inside), PER_SIDE))
                .unwrap_or_default(),
            (Self::Rectilinear(grid), [top, left], [rows, columns]) => {
                let (grid, projection) = &**grid;
                let step =
                    |from: u64, count: u64, k: u32| from as f64 + count as f64 * f64::from(k) / f64::from(PER_SIDE);
                let at = |row: f64, column: f64| {
                    projection.inverse(
                        grid.origin[0] + column * grid.resolution[0],
                        grid.origin[1] - row * grid.resolution[1],
                    )
                };
                let (bottom, right) = ((top + rows) as f64, (left + columns) as f64);
                let side =
                    |point: &dyn Fn(u32) -> Option<(f64, f64)>| (0..PER_SIDE).filter_map(point).collect::<Vec<_>>();
                [
                    side(&|k| at(*top as f64, step(*left, *columns, k))),
                    side(&|k| at(step(*top, *rows, k), right)),
                    side(&|k| at(bottom, step(*left, *columns, PER_SIDE - k))),
                    side(&|k| at(step(*top, *rows, PER_SIDE - k), *left as f64)),
                ]
                .concat()
            }
            _ => Vec::new(),
        }
    }

    /// The block and the place within it of a cell: the origin of the block, and the rank in it.
    #[inline]
    #[must_use]
    pub fn within(&self, id: u64, shape: &[u64]) -> Option<(BlockKey, usize)> {
        match (self, shape) {
            (Self::Healpix { inside, .. }, _) => {
                let rank = id & ((1 << (2 * inside)) - 1);
                Some((BlockKey(id >> (2 * inside), 0), rank as usize))
            }
            (Self::Rectilinear(grid), [rows, columns]) => {
                let width = grid.0.shape[1];
                let (row, column) = (id.checked_div(width)?, id % width);
                let (block_row, block_column) = (row / rows, column / columns);
                let rank = (row % rows) * columns + column % columns;
                Some((BlockKey(block_row, block_column), rank as usize))
            }
            _ => None,
        }
    }

    /// Where the cells lie that are coarser by `level` steps, each of which joins 2 by 2 of them.
    #[must_use]
    pub fn coarser(&self, level: u8) -> Self {
        match self {
            Self::Healpix { order, inside } => Self::Healpix {
                order: Order::new(order.get().saturating_sub(level)).unwrap_or(*order),
                inside: inside.saturating_sub(level),
            },
            Self::Rectilinear(grid) => {
                let (mut coarse, factor) = (grid.0.clone(), f64::from(1_u32 << level.min(31)));
                coarse.resolution = coarse.resolution.map(|side| side * factor);
                coarse.shape = coarse.shape.map(|length| length >> level);
                coarse.tile = coarse.tile.map(|length| (length >> level).max(1));
                Self::Rectilinear(Box::new((coarse, grid.1.clone())))
            }
        }
    }

    /// Lengths or places along the axes of the arrays, in cells that are coarser by `level` steps.
    #[must_use]
    pub fn coarser_length(&self, lengths: &[u64], level: u8) -> Vec<u64> {
        let bits = if matches!(self, Self::Healpix { .. }) { 2 * u32::from(level) } else { u32::from(level) };
        lengths.iter().map(|length| length.checked_shr(bits).unwrap_or(0)).collect()
    }

    /// The rank, in its block of this (finer) `shape`, of the coarser cell that holds the one of rank `rank`.
    #[inline]
    #[must_use]
    pub fn coarser_rank(&self, rank: u64, shape: &[u64], level: u8) -> usize {
        match (self, shape) {
            (Self::Rectilinear(_), [_, columns]) => {
                let (row, column) = ((rank / columns) >> level, (rank % columns) >> level);
                (row * (columns >> level) + column) as usize
            }
            _ => (rank >> (2 * level)) as usize,
        }
    }

    /// The most steps by which the cells of a block of this shape can be made coarser.
    #[must_use]
    pub fn most_levels(&self, shape: &[u64]) -> u8 {
        match self {
            Self::Healpix { inside, .. } => *inside,
            Self::Rectilinear(_) => shape.iter().map(|length| length.trailing_zeros()).min().unwrap_or(0).min(30) as u8,
        }
    }

    /// The side of a cell, in metres: the root of its area on HEALPix, the shorter side in the plane on a
    /// rectilinear grid.
    #[must_use]
    pub fn cell_size_m(&self) -> f64 {
        match self {
            Self::Healpix { order, .. } => {
                (4.0 * std::f64::consts::PI / order.cells() as f64).sqrt() * AUTHALIC_RADIUS_M
            }
            Self::Rectilinear(grid) => {
                let unit = if grid.1.is_geographic() { crate::projection::METRES_PER_DEGREE } else { 1.0 };
                grid.0.resolution[0].min(grid.0.resolution[1]) * unit
            }
        }
    }

    /// The grid in words: `HEALPix order 12`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Healpix { order, .. } => format!("HEALPix order {}", order.get()),
            Self::Rectilinear(grid) => {
                let ([rows, columns], [x, y]) = (grid.0.shape, grid.0.resolution);
                let unit = if grid.1.is_geographic() { "\u{b0}" } else { " m" };
                format!("{}, {rows} x {columns} cells of {x} x {y}{unit}", grid.0.crs)
            }
        }
    }

    /// Whether two stores' cells with one id are the same cell.
    #[must_use]
    pub fn are_those_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Healpix { order, .. }, Self::Healpix { order: of_other, .. }) => order == of_other,
            (Self::Rectilinear(grid), Self::Rectilinear(of_other)) => {
                let of = |grid: &RectilinearGrid| (grid.crs.clone(), grid.origin, grid.resolution, grid.shape);
                of(&grid.0) == of(&of_other.0)
            }
            _ => false,
        }
    }

    /// The coordinate system of a rectilinear grid.
    #[must_use]
    pub fn crs(&self) -> Option<&str> {
        match self {
            Self::Healpix { .. } => None,
            Self::Rectilinear(grid) => Some(&grid.0.crs),
        }
    }

    /// The grid, with shards that are blocks.
    ///
    /// # Errors
    /// Never, for what [`Places::of`] made.
    pub fn grid(&self) -> Result<Grid, zagg_core::grid::GridError> {
        match self {
            Self::Healpix { order, inside } => {
                let shard = Order::new(order.get() - inside).unwrap_or(*order);
                zagg_core::grid::HealpixGrid::new(shard, *order).map(Grid::Healpix)
            }
            Self::Rectilinear(grid) => Ok(Grid::Rectilinear(grid.0.clone())),
        }
    }
}

/// The radius of the sphere whose surface is that of WGS84, in metres.
pub const AUTHALIC_RADIUS_M: f64 = 6_371_007.180_918_475;

/// Which block: its index along each axis of chunks (the second is 0 on HEALPix).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockKey(pub u64, pub u64);

impl BlockKey {
    /// The key of a block of a given shape.
    #[must_use]
    pub fn of(block: &BlockPlace, shape: &[u64]) -> Self {
        let index = |axis: usize| {
            let (origin, length) = (block.origin.get(axis).copied(), shape.get(axis).copied());
            origin.zip(length).and_then(|(origin, length)| origin.checked_div(length)).unwrap_or(0)
        };
        Self(index(0), index(1))
    }
}
