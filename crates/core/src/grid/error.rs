//! What can be wrong with a grid, a shard or a coordinate system.

use crate::{fault::Fault, morton::ParseWordError, morton::WordError, order::Order, order::OrderTooFine};

/// A grid that cannot be built, or a shard that is not one of the grid's.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// An order that there is not.
    #[error(transparent)]
    TooFine(OrderTooFine),
    /// The cell order is coarser than the shard order.
    #[error("the cell order {cell} is coarser than the shard order {shard}")]
    CellsCoarserThanShards {
        /// The shard order.
        shard: Order,
        /// The cell order.
        cell: Order,
    },
    /// One shard would hold more cells than fit in memory.
    #[error("a shard would hold {cells} cells, more than {limit}: make shards smaller ({remedy})")]
    ShardTooLarge {
        /// Cells of a shard.
        cells: u64,
        /// The most that a shard may hold.
        limit: u64,
        /// What to change.
        remedy: &'static str,
    },
    /// A number of a rectilinear grid is not what it should be.
    #[error("rectilinear grid: {what} {why}")]
    Rectilinear {
        /// The setting.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A coordinate system that is not spelled `EPSG:n`.
    #[error("coordinate system `{crs}` is not spelled EPSG:n")]
    CrsSpelling {
        /// The text.
        crs: String,
    },
    /// An EPSG code that is not known.
    #[error("coordinate system EPSG:{code} is not known (geocentric and compound ones are not supported)")]
    CrsUnknown {
        /// The code.
        code: u32,
    },
    /// A coordinate system that cannot be computed exactly.
    #[error("coordinate system EPSG:{code} is not supported: {why}")]
    CrsNotExact {
        /// The code.
        code: u32,
        /// Why not.
        why: String,
    },
    /// A shard key that is no morton word.
    #[error("shard key {key} is not a cell")]
    NotAWord {
        /// The key.
        key: u64,
        /// What is wrong.
        source: WordError,
    },
    /// A shard key in the signed-decimal form that shard maps had before July 2026.
    #[error(
        "shard key {key} is in the signed-decimal form of shard maps made before July 2026: \
         regenerate the shard map with `zagg catalog`"
    )]
    SignedDecimalKey {
        /// The key.
        key: u64,
    },
    /// A shard key that names a point.
    #[error("shard key {key} ({label}) is an order-29 point, not a cell")]
    PointKey {
        /// The key.
        key: u64,
        /// Its decimal form.
        label: String,
    },
    /// A cell of another order than the shards'.
    #[error("shard {label} (key {key}) has order {found}, but shards of this grid have order {expected}")]
    WrongOrder {
        /// The key.
        key: u64,
        /// Its decimal form.
        label: String,
        /// Its order.
        found: Order,
        /// The grid's shard order.
        expected: Order,
    },
    /// A NESTED id past the last shard.
    #[error("the grid has no such shard")]
    NoSuchCell {
        /// What is wrong.
        source: WordError,
    },
    /// A tile number past the last tile.
    #[error("tile {key} does not exist: the grid has {tiles} tiles, 0..{}", tiles - 1)]
    NoSuchTile {
        /// The number.
        key: u64,
        /// The number of tiles.
        tiles: u64,
    },
    /// A label that is neither a morton decimal nor a packed word.
    #[error("`{label}` does not name a shard")]
    Label {
        /// The label.
        label: String,
        /// What is wrong.
        source: ParseWordError,
    },
    /// A label that is not a tile number.
    #[error("`{label}` does not name a shard: tiles have numbers, 0..{}", tiles - 1)]
    TileLabel {
        /// The label.
        label: String,
        /// The number of tiles.
        tiles: u64,
    },
    /// A shard of the other kind of grid.
    #[error("shard {label} belongs to another kind of grid")]
    ForeignShard {
        /// The shard's label.
        label: String,
    },
}

impl GridError {
    /// The kind of trouble: always something wrong with what was given.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::ForeignShard { .. } => Fault::Bug,
            Self::ShardTooLarge { .. } => Fault::Capacity,
            _ => Fault::Malformed,
        }
    }
}
