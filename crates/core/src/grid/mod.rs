//! Output grids: from a position to a shard and a cell.

pub mod bounds;
mod error;
pub mod healpix;
pub mod locator;
pub mod projection;
pub mod rectilinear;
pub mod signature;

pub use bounds::GeoBox;
pub use error::GridError;
pub use healpix::HealpixGrid;
pub use locator::{Selection, ShardLocator};
pub use projection::Projection;
pub use rectilinear::RectilinearGrid;
pub use signature::{GridSignature, SignatureMismatch};

use crate::{order::Order, pipeline::GridSpec};

/// An output grid.
#[derive(Debug, Clone)]
pub enum Grid {
    /// HEALPix NESTED over authalic latitude.
    Healpix(HealpixGrid),
    /// Equal steps in a coordinate system.
    Rectilinear(RectilinearGrid),
}

/// One shard of a grid.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shard {
    /// The shard map's key: a packed morton word on HEALPix, a tile number on a rectilinear grid.
    pub key: u64,
    /// What people read: a morton decimal, or the tile number.
    pub label: String,
    /// Where the shard lies in the store's arrays.
    pub position: Position,
}

/// Where a shard lies in the store's arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Position {
    /// HEALPix: the shard's NESTED id at the shard order.
    Nested(u64),
    /// Rectilinear: block row and block column.
    Tile {
        /// Block row, 0 in the north.
        row: u32,
        /// Block column, 0 in the west.
        col: u32,
    },
}

impl Grid {
    /// The grid that a pipeline asks for.
    ///
    /// # Errors
    /// When its numbers make no grid, or its coordinate system is not supported.
    pub fn new(spec: &GridSpec) -> Result<Self, GridError> {
        match spec {
            GridSpec::Healpix { shard_order, cell_order } => {
                HealpixGrid::new(*shard_order, *cell_order).map(Self::Healpix)
            }
            GridSpec::Rectilinear { crs, resolution, bounds, tile } => {
                RectilinearGrid::new(crs, *resolution, *bounds, *tile).map(Self::Rectilinear)
            }
        }
    }

    /// The grid that a shard map was made for.
    ///
    /// # Errors
    /// When its numbers make no grid, or its coordinate system is not supported.
    pub fn of_signature(signature: &GridSignature) -> Result<Self, GridError> {
        match signature {
            GridSignature::Healpix { parent_order, child_order, .. } => {
                let order = |order| Order::new(order).map_err(GridError::TooFine);
                HealpixGrid::new(order(*parent_order)?, order(*child_order)?).map(Self::Healpix)
            }
            GridSignature::Rectilinear { crs, affine, shape, chunk_shape } => {
                let [x_step, y_step] = [affine[0], -affine[4]];
                let [west, north] = [affine[2], affine[5]];
                let (east, south) = (west + shape[1] as f64 * x_step, north - shape[0] as f64 * y_step);
                RectilinearGrid::new(crs, [x_step, y_step], [west, south, east, north], *chunk_shape)
                    .map(Self::Rectilinear)
            }
        }
    }

    /// What a shard map must agree on.
    #[must_use]
    pub fn signature(&self) -> GridSignature {
        match self {
            Self::Healpix(grid) => GridSignature::Healpix {
                indexing_scheme: "nested".to_owned(),
                parent_order: grid.shard_order.get(),
                child_order: grid.cell_order.get(),
                layout: "fullsphere".to_owned(),
                latitude: signature::AUTHALIC_WGS84.to_owned(),
            },
            Self::Rectilinear(grid) => GridSignature::Rectilinear {
                crs: grid.crs.clone(),
                affine: grid.affine(),
                shape: grid.shape,
                chunk_shape: grid.tile,
            },
        }
    }

    /// Cells of a shard.
    #[must_use]
    pub fn cells_per_shard(&self) -> usize {
        match self {
            Self::Healpix(grid) => grid.cells_per_shard(),
            Self::Rectilinear(grid) => grid.cells_per_shard(),
        }
    }

    /// The shard with a shard map's key.
    ///
    /// # Errors
    /// When the key is not a shard of this grid; the error says why.
    pub fn shard(&self, key: u64) -> Result<Shard, GridError> {
        match self {
            Self::Healpix(grid) => grid.shard(key),
            Self::Rectilinear(grid) => grid.shard(key),
        }
    }

    /// The shard that people call `label`: a morton decimal (`-3114111`) or a packed word on
    /// HEALPix, a tile number on a rectilinear grid.
    ///
    /// # Errors
    /// When no shard of this grid is called so; the error says why.
    pub fn shard_by_label(&self, label: &str) -> Result<Shard, GridError> {
        match self {
            Self::Healpix(grid) => grid.shard_by_label(label),
            Self::Rectilinear(grid) => grid.shard_by_label(label),
        }
    }

    /// What finds the points of `shard`.
    ///
    /// # Errors
    /// When the shard belongs to another kind of grid, or the coordinate system of a grid that
    /// was put together by hand is not supported.
    pub fn locator(&self, shard: &Shard) -> Result<ShardLocator, GridError> {
        match (self, shard.position) {
            (Self::Healpix(grid), Position::Nested(nested)) => Ok(ShardLocator::healpix(grid, nested)),
            (Self::Rectilinear(grid), Position::Tile { row, col }) => {
                Ok(ShardLocator::rectilinear(grid, row, col, Projection::new(&grid.crs)?))
            }
            _ => Err(GridError::ForeignShard { label: shard.label.clone() }),
        }
    }
}

#[cfg(test)]
mod tests;
