//! HEALPix NESTED over authalic latitude.
//!
//! The arithmetic is `cdshealpix`'s. It is never given a position that is not finite or out of
//! range (see [`is_position`]): its hash panics or answers wrongly on those.

use std::ops::Range;

use cdshealpix::{
    compass_point::Cardinal,
    nested::{self, Layer},
};

use super::{
    GridError, Position, Shard,
    bounds::{is_position, within_a_turn},
};
use crate::{
    geodesy::{authalic_latitude, geodetic_latitude},
    morton::{Word, WordError},
    order::Order,
};

/// A HEALPix grid: shards at one order, cells at a finer (or the same) order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealpixGrid {
    /// The shard order.
    pub shard_order: Order,
    /// The cell order.
    pub cell_order: Order,
}

/// The most orders between shards and cells: a shard of `4^15` cells fits neither the memory of
/// a worker nor a sensible Zarr chunk, but its ranks still fit `u32`.
const MOST_ORDERS_INSIDE: u8 = 15;

impl HealpixGrid {
    /// # Errors
    /// When cells are coarser than shards, or more than 15 orders finer.
    pub fn new(shard_order: Order, cell_order: Order) -> Result<Self, GridError> {
        let inside = cell_order
            .finer_by(shard_order)
            .ok_or(GridError::CellsCoarserThanShards { shard: shard_order, cell: cell_order })?;
        if inside > MOST_ORDERS_INSIDE {
            return Err(GridError::ShardTooLarge {
                cells: 1 << (2 * inside),
                limit: 1 << (2 * MOST_ORDERS_INSIDE),
                remedy: "a finer parent_order or a coarser child_order",
            });
        }
        Ok(Self { shard_order, cell_order })
    }

    /// How many orders finer cells are than shards.
    #[must_use]
    pub fn orders_inside(&self) -> u8 {
        self.cell_order.finer_by(self.shard_order).unwrap_or(0).min(MOST_ORDERS_INSIDE)
    }

    /// Cells of a shard, `4^(cell order - shard order)`.
    #[must_use]
    pub fn cells_per_shard(&self) -> usize {
        1 << (2 * self.orders_inside())
    }

    /// The NESTED id, at the cell order, of a shard's first cell. The shard's cells follow it in
    /// rank order.
    #[must_use]
    pub fn first_cell(&self, nested_shard: u64) -> u64 {
        nested_shard << (2 * self.orders_inside())
    }

    /// The NESTED ids, at the cell order, of a shard's cells, in rank order.
    #[must_use]
    pub fn cells(&self, nested_shard: u64) -> Range<u64> {
        let first = self.first_cell(nested_shard);
        first..first + self.cells_per_shard() as u64
    }

    /// The NESTED id of the shard that holds a cell.
    #[must_use]
    pub fn parent(&self, nested_cell: u64) -> u64 {
        nested_cell >> (2 * self.orders_inside())
    }

    /// The rank of a cell in its shard, `0..cells_per_shard`: the low bits of its NESTED id.
    #[must_use]
    pub fn rank(&self, nested_cell: u64) -> u32 {
        (nested_cell & (self.cells_per_shard() as u64 - 1)) as u32
    }

    /// The shard with a NESTED id at the shard order.
    ///
    /// # Errors
    /// When there is no such cell.
    pub fn nested_shard(&self, nested: u64) -> Result<Shard, GridError> {
        let word = Word::from_nested(nested, self.shard_order).map_err(|source| GridError::NoSuchCell { source })?;
        Ok(Shard { key: word.bits(), label: word.to_string(), position: Position::Nested(nested) })
    }

    /// The shard with a packed morton word.
    ///
    /// # Errors
    /// When the word is no cell of the shard order; the error says why.
    pub fn shard(&self, key: u64) -> Result<Shard, GridError> {
        let word = Word::from_bits(key).map_err(|source| match source {
            WordError::BaseCell { field: 0, .. } if key != 0 => GridError::SignedDecimalKey { key },
            source => GridError::NotAWord { key, source },
        })?;
        let label = word.to_string();
        if word.is_point() {
            return Err(GridError::PointKey { key, label });
        }
        if word.order() != self.shard_order {
            return Err(GridError::WrongOrder { key, label, found: word.order(), expected: self.shard_order });
        }
        Ok(Shard { key, label, position: Position::Nested(word.nested()) })
    }

    /// The shard with a morton decimal (`-3114111`) or a packed word in decimal digits. A text
    /// that is both names the morton decimal when that has the shard order.
    ///
    /// # Errors
    /// When it is neither, or no shard of this grid.
    pub fn shard_by_label(&self, label: &str) -> Result<Shard, GridError> {
        let as_decimal = label
            .parse::<Word>()
            .map_err(|source| GridError::Label { label: label.to_owned(), source })
            .and_then(|word| self.shard(word.bits()));
        as_decimal.or_else(|error| match label.parse::<u64>().map(|key| self.shard(key)) {
            Ok(Ok(shard)) => Ok(shard),
            Ok(Err(of_key)) if matches!(error, GridError::Label { .. }) && label.len() >= 19 => Err(of_key),
            _ => Err(error),
        })
    }

    /// The inner chunks of a shard when chunks are cells of `chunk_order`; none when that order
    /// is not between the shard order and the cell order.
    #[must_use]
    pub fn inner_chunks_per_shard(&self, chunk_order: Order) -> Option<u64> {
        let finer = chunk_order.finer_by(self.shard_order)?;
        (chunk_order <= self.cell_order).then(|| 1 << (2 * finer))
    }

    /// The ranks of the cells of a shard's inner chunk; none when there is no such chunk.
    #[must_use]
    pub fn inner_chunk(&self, chunk_order: Order, index: u64) -> Option<Range<usize>> {
        let chunks = self.inner_chunks_per_shard(chunk_order)?;
        let cells = self.cells_per_shard() / usize::try_from(chunks).ok()?;
        let index = usize::try_from(index).ok().filter(|_| index < chunks)?;
        Some(index * cells..(index + 1) * cells)
    }

    /// The NESTED id, at `chunk_order`, of a shard's first inner chunk; none when that order is
    /// not between the shard order and the cell order.
    #[must_use]
    pub fn first_inner_chunk(&self, chunk_order: Order, nested_shard: u64) -> Option<u64> {
        self.inner_chunks_per_shard(chunk_order).map(|chunks| nested_shard * chunks)
    }

    /// The NESTED id, at the cell order, of the cell that holds a position; none when the
    /// position is not one.
    #[must_use]
    pub fn cell_at(&self, lon_deg: f64, lat_deg: f64) -> Option<u64> {
        nested_at(self.cell_order, lon_deg, lat_deg)
    }

    /// Longitude (0..=360) and geodetic latitude of the centre of a cell with a NESTED id at the
    /// cell order, in degrees; none when there is no such cell.
    #[must_use]
    pub fn cell_center(&self, nested_cell: u64) -> Option<(f64, f64)> {
        center(self.cell_order, nested_cell)
    }
}

/// The NESTED id, at `order`, of the cell that holds a position (geodetic degrees, any longitude
/// convention); none when it [is not a position](is_position).
///
/// The longitude is hashed as it is given, with its sign: wrapping it first moves points that lie
/// exactly on an edge. Beyond one turn it is reduced.
#[must_use]
pub fn nested_at(order: Order, lon_deg: f64, lat_deg: f64) -> Option<u64> {
    is_position(lon_deg, lat_deg).then(|| hash(nested::get(order.get()), lon_deg, lat_deg))
}

/// [`nested_at`] without the check: only for what [is a position](is_position).
#[inline]
pub(super) fn hash(layer: &Layer, lon_deg: f64, lat_deg: f64) -> u64 {
    layer.hash(within_a_turn(lon_deg).to_radians(), authalic_latitude(lat_deg).to_radians())
}

/// Longitude (0..=360) and geodetic latitude of a cell's centre, in degrees; none when the order
/// has no such cell.
#[must_use]
pub fn center(order: Order, nested: u64) -> Option<(f64, f64)> {
    (nested < order.cells()).then(|| to_degrees(nested::get(order.get()).center(nested)))
}

/// Longitude and geodetic latitude, in degrees, of a cell's south, east, north and west corners;
/// none when the order has no such cell.
#[must_use]
pub fn corners(order: Order, nested: u64) -> Option<[(f64, f64); 4]> {
    (nested < order.cells()).then(|| nested::get(order.get()).vertices(nested).map(to_degrees))
}

/// Longitude and geodetic latitude, in degrees, of points along a cell's edge, from its north corner on, `per_side` of
/// them on each side (the corner that begins it included); none when the order has no such cell.
///
/// Sides of cells are not great circles, so a coarse cell drawn by its corners alone is not the cell.
#[must_use]
pub fn outline(order: Order, nested: u64, per_side: u32) -> Option<Vec<(f64, f64)>> {
    let path = || nested::path_along_cell_edge(order.get(), nested, &Cardinal::N, false, per_side.max(1));
    (nested < order.cells()).then(|| path().iter().copied().map(to_degrees).collect())
}

fn to_degrees((lon, authalic): (f64, f64)) -> (f64, f64) {
    (lon.to_degrees(), geodetic_latitude(authalic.to_degrees()))
}

#[cfg(test)]
mod tests;
