//! Which chunks a shard fills, and with which of its cells.

use std::ops::Range;

use zagg_core::{
    grid::{Grid, Position, Shard},
    order::Order,
    pipeline::{InnerChunk, Storage},
};

use crate::error::{Result, StoreError};

/// The chunk lattice of the fields of a store.
#[derive(Debug, Clone, PartialEq)]
pub enum Geometry {
    /// One axis in NESTED order, a chunk per shard or per inner cell.
    Healpix {
        /// The shard order.
        shard: Order,
        /// The order of an inner chunk; the shard order when the shard is one chunk.
        inner: Order,
        /// The cell order.
        cell: Order,
        /// Whether inner chunks are packed in one object per shard.
        packed: bool,
    },
    /// Rows from the north and columns from the west, a chunk per tile or per inner tile.
    Rectilinear {
        /// Rows and columns of the grid.
        shape: [u64; 2],
        /// Rows and columns of a shard.
        tile: [u64; 2],
        /// Rows and columns of an inner chunk; the tile when the shard is one chunk.
        inner: [u64; 2],
        /// Whether inner chunks are packed in one object per shard.
        packed: bool,
    },
}

/// One chunk of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The chunk's index along each dimension.
    pub index: Vec<u64>,
    /// The shard's cells (ranks) that fill it, run by run.
    pub runs: Vec<Range<usize>>,
}

/// More cells than this in a shard are a mistake (a column of 8-byte values would be 2 GiB).
const MOST_CELLS_IN_A_SHARD: u64 = 1 << 28;

impl Geometry {
    /// The lattice of `grid` stored as `storage` says.
    ///
    /// # Errors
    /// When the inner chunks do not divide the shards, or a shard is too large.
    pub fn new(grid: &Grid, storage: &Storage) -> Result<Self> {
        let refuse = |reason: String| StoreError::Layout { reason };
        let geometry = match grid {
            Grid::Healpix(grid) => {
                let (shard, cell) = (grid.shard_order, grid.cell_order);
                let inner = match storage.inner {
                    None => shard,
                    Some(InnerChunk::Order(order)) if shard <= order && order <= cell => order,
                    Some(InnerChunk::Order(order)) => {
                        return Err(refuse(format!(
                            "chunk_inner {order} is not between the orders {shard} and {cell}"
                        )));
                    }
                    Some(InnerChunk::Tile(_)) => {
                        return Err(refuse("chunk_inner of a HEALPix grid is an order".into()));
                    }
                };
                if shard > cell {
                    return Err(refuse(format!("the shard order {shard} is finer than the cell order {cell}")));
                }
                Self::Healpix { shard, inner, cell, packed: storage.sharded && inner > shard }
            }
            Grid::Rectilinear(grid) => {
                let tile = grid.tile.map(u64::from);
                let inner = match storage.inner {
                    None => tile,
                    Some(InnerChunk::Tile(inner)) => inner.map(u64::from),
                    Some(InnerChunk::Order(_)) => {
                        return Err(refuse("chunk_inner of a rectilinear grid is rows and columns".into()));
                    }
                };
                let divides = |n: u64, d: u64| d > 0 && n > 0 && n.is_multiple_of(d);
                if !(0..2).all(|i| divides(tile[i], inner[i]) && divides(grid.shape[i], tile[i])) {
                    return Err(refuse(format!(
                        "inner chunks {inner:?} do not divide tiles {tile:?}, or these the grid {:?}",
                        grid.shape
                    )));
                }
                Self::Rectilinear { shape: grid.shape, tile, inner, packed: storage.sharded && inner != tile }
            }
        };
        if geometry.cells_per_shard_wide().is_none_or(|n| n > MOST_CELLS_IN_A_SHARD) {
            return Err(refuse("a shard has more than 2^28 cells; choose finer shards".into()));
        }
        Ok(geometry)
    }

    fn cells_per_shard_wide(&self) -> Option<u64> {
        match self {
            Self::Healpix { shard, cell, .. } => 1_u64.checked_shl(2 * u32::from(cell.finer_by(*shard)?)),
            Self::Rectilinear { tile, .. } => tile[0].checked_mul(tile[1]),
        }
    }

    /// The number of cells in a shard.
    #[must_use]
    pub fn cells_per_shard(&self) -> usize {
        self.cells_per_shard_wide().unwrap_or(0) as usize
    }

    /// The shape of the fields.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        match self {
            Self::Healpix { cell, .. } => vec![cell.cells()],
            Self::Rectilinear { shape, .. } => shape.to_vec(),
        }
    }

    /// The names of the dimensions of the fields.
    #[must_use]
    pub fn dims(&self) -> &'static [&'static str] {
        match self {
            Self::Healpix { .. } => &["cells"],
            Self::Rectilinear { .. } => &["y", "x"],
        }
    }

    /// The shape of an inner chunk (of the only chunk where there are none).
    #[must_use]
    pub fn inner_chunk(&self) -> Vec<u64> {
        match self {
            Self::Healpix { inner, cell, .. } => vec![1 << (2 * cell.finer_by(*inner).unwrap_or(0))],
            Self::Rectilinear { inner, .. } => inner.to_vec(),
        }
    }

    /// The shape of what one object holds: a shard where inner chunks are packed or absent.
    #[must_use]
    pub fn object_chunk(&self) -> Vec<u64> {
        match self {
            Self::Healpix { shard, cell, packed: true, .. } => vec![1 << (2 * cell.finer_by(*shard).unwrap_or(0))],
            Self::Rectilinear { tile, packed: true, .. } => tile.to_vec(),
            _ => self.inner_chunk(),
        }
    }

    /// Whether inner chunks are packed in one object per shard.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        matches!(self, Self::Healpix { packed: true, .. } | Self::Rectilinear { packed: true, .. })
    }

    /// The chunks of `shard`, in the order of their keys' numbers.
    ///
    /// # Errors
    /// When the shard is not of this grid.
    pub fn slots(&self, shard: &Shard) -> Result<Vec<Slot>> {
        let refuse = |reason: &str| StoreError::Shard { shard: shard.label.clone(), reason: reason.to_owned() };
        let all = self.cells_per_shard();
        match (self, shard.position) {
            (Self::Healpix { shard: order, inner, packed, .. }, Position::Nested(nested)) => {
                if nested >= order.cells() {
                    return Err(refuse("its NESTED id is past the last one"));
                }
                let chunks = if *packed { 1 } else { 1_u64 << (2 * inner.finer_by(*order).unwrap_or(0)) };
                let length = all / chunks as usize;
                Ok((0..chunks)
                    .map(|k| Slot {
                        index: vec![nested * chunks + k],
                        runs: std::iter::once(k as usize * length..(k as usize + 1) * length).collect(),
                    })
                    .collect())
            }
            (Self::Rectilinear { shape, tile, inner, packed }, Position::Tile { row, col }) => {
                let (row, col) = (u64::from(row), u64::from(col));
                if row >= shape[0] / tile[0] || col >= shape[1] / tile[1] {
                    return Err(refuse("its tile is outside"));
                }
                let inner = if *packed { tile } else { inner };
                Ok(tiles([row, col], *tile, *inner))
            }
            (Self::Healpix { .. }, _) => Err(refuse("it is a tile and the grid is HEALPix")),
            (Self::Rectilinear { .. }, _) => Err(refuse("it is a HEALPix cell and the grid is rectilinear")),
        }
    }
}

fn tiles(at: [u64; 2], tile: [u64; 2], inner: [u64; 2]) -> Vec<Slot> {
    let (across, down) = (tile[1] / inner[1], tile[0] / inner[0]);
    let mut slots = Vec::new();
    for r in 0..down {
        for c in 0..across {
            let runs = (0..inner[0])
                .map(|line| {
                    let start = ((r * inner[0] + line) * tile[1] + c * inner[1]) as usize;
                    start..start + inner[1] as usize
                })
                .collect();
            slots.push(Slot { index: vec![at[0] * down + r, at[1] * across + c], runs });
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn healpix(packed: bool) -> Geometry {
        let order = |n| Order::new(n).unwrap();
        Geometry::Healpix { shard: order(6), inner: order(7), cell: order(13), packed }
    }

    fn shard(position: Position) -> Shard {
        Shard { key: 0, label: "x".into(), position }
    }

    #[test]
    fn loose_inner_chunks_are_numbered_by_their_nested_ids() {
        let slots = healpix(false).slots(&shard(Position::Nested(32960))).unwrap();
        assert_eq!(slots.iter().map(|s| s.index[0]).collect::<Vec<_>>(), [131840, 131841, 131842, 131843]);
        assert_eq!(slots[3].runs.first(), Some(&(3 * 4096..4 * 4096)));
        let packed = healpix(true).slots(&shard(Position::Nested(32960))).unwrap();
        assert_eq!(packed, [Slot { index: vec![32960], runs: std::iter::once(0..16384).collect() }]);
    }

    #[test]
    fn inner_tiles_take_their_rows_from_the_shard() {
        let grid = Geometry::Rectilinear { shape: [8, 12], tile: [4, 6], inner: [2, 3], packed: false };
        let slots = grid.slots(&shard(Position::Tile { row: 1, col: 1 })).unwrap();
        assert_eq!(slots.iter().map(|s| s.index.clone()).collect::<Vec<_>>(), [[2, 2], [2, 3], [3, 2], [3, 3]]);
        assert_eq!(slots[1].runs, [3..6, 9..12]);
        assert_eq!(slots[2].runs, [12..15, 18..21]);
    }

    #[test]
    fn a_shard_of_another_grid_is_refused() {
        assert!(healpix(true).slots(&shard(Position::Nested(12 << 12))).is_err());
        assert!(healpix(true).slots(&shard(Position::Tile { row: 0, col: 0 })).is_err());
        let grid = Geometry::Rectilinear { shape: [8, 12], tile: [4, 6], inner: [4, 6], packed: false };
        assert!(grid.slots(&shard(Position::Tile { row: 2, col: 0 })).is_err());
    }
}
