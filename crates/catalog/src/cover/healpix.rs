//! The HEALPix cells that an area touches.

use std::ops::Range;

use zagg_core::order::Order;

use super::{
    AUTHALIC_RADIUS_M, CoverError,
    arc::Arc,
    cap::Cap,
    cell::Cell,
    descent::{Descent, Tree},
    shape::{Band, Lies, Shape},
};
use crate::area::Area;

/// The most cells that are listed one by one.
const MOST_CELLS: u64 = 1 << 28;

/// Every cell of an order that has a position in common with a closed area: NESTED ids,
/// ascending, each once.
///
/// Of a polygon, a position is inside when an odd number of its rings encloses it; the parts are
/// united. The cell at a coarser order is in exactly if one of its descendants at a finer order
/// is (up to touches within 1.3 µm). The direction and the first corner of a ring, a whole
/// turn of longitude and a repeated corner do not matter.
///
/// # Errors
/// When a corner is no position, neighbouring corners are opposite to each other, a ring is
/// empty, a band is none, or the area has more than 2^28 cells.
pub fn nested(area: &Area, order: Order) -> Result<Vec<u64>, CoverError> {
    nested_near(area, order, 0.0)
}

/// Every cell of an order that comes within `margin_m` metres of a closed area, on the authalic
/// sphere; beyond a corner of the cell it may be in up to about three times as far away. NESTED
/// ids, ascending, each once. With 0, as [`nested`].
///
/// # Errors
/// As [`nested`]; and when the margin is not in 0..1,000,000 m.
pub fn nested_near(area: &Area, order: Order, margin_m: f64) -> Result<Vec<u64>, CoverError> {
    let ranges = nested_ranges(area, order, margin_in_radians(margin_m)?)?;
    let count: u64 = ranges.iter().map(|range| range.end - range.start).sum();
    if count > MOST_CELLS {
        return Err(CoverError::TooManyCells { order: order.get(), limit: MOST_CELLS });
    }
    Ok(ranges.into_iter().flatten().collect())
}

/// The farthest that areas can be widened, in metres.
const MOST_MARGIN_M: f64 = 1e6;

pub(super) fn margin_in_radians(margin_m: f64) -> Result<f64, CoverError> {
    if !(0.0..MOST_MARGIN_M).contains(&margin_m) {
        return Err(CoverError::Margin { margin_m });
    }
    Ok(margin_m / AUTHALIC_RADIUS_M)
}

/// [`nested_near`], with a margin in radians, as ascending ranges that do not touch.
pub(super) fn nested_ranges(area: &Area, order: Order, margin: f64) -> Result<Vec<Range<u64>>, CoverError> {
    let tree = Cells { order: order.get(), margin };
    let mut descent = Descent::new();
    for shape in Shape::all_of(area, margin)? {
        for base in Cell::bases() {
            descent.run(&tree, &shape, base, &base.cap(margin));
        }
    }
    let ranges = descent.found.iter().map(|cell| below(*cell, tree.order)).collect();
    Ok(united(ranges))
}

/// The NESTED ids, at a finer order, of a cell.
pub(super) fn below(cell: Cell, order: u8) -> Range<u64> {
    let finer = 2 * u32::from(order - cell.order.min(order));
    cell.nested << finer..(cell.nested + 1) << finer
}

/// Ranges in ascending order, those that overlap or touch made one.
pub(super) fn united(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut united: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match united.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => united.push(range),
        }
    }
    united
}

/// All cells down to an order.
struct Cells {
    order: u8,
    margin: f64,
}

impl Tree for Cells {
    type Node = Cell;

    fn cap(&self, cell: Cell) -> Cap {
        cell.cap(self.margin)
    }

    fn children(&self, cell: Cell, into: &mut Vec<Cell>) {
        if cell.order < self.order {
            into.extend(cell.children());
        }
    }

    fn touches(&self, leaf: Cell, arcs: &mut dyn Iterator<Item = &Arc>) -> bool {
        leaf.touches(arcs, self.margin)
    }

    fn lies(&self, cell: Cell, band: &Band) -> Lies {
        let (north, south) = cell.depths();
        band.meets_depths(north, south)
    }
}

#[cfg(test)]
mod tests;
