//! Which shard a block of cells is of.

use zagg_core::grid::{Grid, HealpixGrid};
use zagg_core::{grid::GridSignature, order::Order};
use zagg_map::{MapError, field::FieldSource};
use zagg_store::read::BlockPlace;

/// The grid whose shards a store was made of; that of its blocks where the store does not say.
pub(super) fn grid(source: &FieldSource) -> Result<Grid, MapError> {
    let location = || source.store.location().to_string();
    if let Some(GridSignature::Healpix { parent_order, child_order, .. }) = source.about.grid()
        && let (Ok(shard), Ok(cell)) = (Order::new(parent_order), Order::new(child_order))
        && let Ok(grid) = HealpixGrid::new(shard, cell)
    {
        return Ok(Grid::Healpix(grid));
    }
    source.places.grid().map_err(|source| MapError::Grid { location: location(), source })
}

/// The label of the shard that a block is of, or a part of.
pub(super) fn label(grid: &Grid, place: &BlockPlace) -> Option<String> {
    match (grid, place.origin.as_slice()) {
        (Grid::Healpix(grid), [first]) => Some(grid.nested_shard(grid.parent(*first)).ok()?.label),
        (Grid::Rectilinear(grid), [row, column]) => tile(grid, *row, *column),
        _ => None,
    }
}

/// The label of the shard that a cell, by the id that the cells' domain gives it, is in.
pub(super) fn label_of_cell(grid: &Grid, id: u64) -> Option<String> {
    match grid {
        Grid::Healpix(grid) => Some(grid.nested_shard(grid.parent(id)).ok()?.label),
        Grid::Rectilinear(grid) => tile(grid, id.checked_div(grid.shape[1])?, id.checked_rem(grid.shape[1])?),
    }
}

fn tile(grid: &zagg_core::grid::RectilinearGrid, row: u64, column: u64) -> Option<String> {
    let [rows, columns] = grid.tile.map(u64::from);
    let key = row.checked_div(rows)? * grid.block_cols() + column.checked_div(columns)?;
    Some(grid.shard(key).ok()?.label)
}
