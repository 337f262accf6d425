//! The shards of a region on HEALPix, as a tree to descend in.

use std::ops::Range;

use zagg_core::{grid::HealpixGrid, morton::Word, order::Order};

use super::{
    CoverError,
    arc::Arc,
    assign::Shards,
    cap::Cap,
    cell::Cell,
    descent::Tree,
    healpix::{below, nested_ranges},
    shape::{Band, Lies},
};
use crate::area::Area;

/// The shards of a region: ranges of NESTED ids, over which the tree of HEALPix cells is laid.
pub(super) struct ShardCells {
    order: Order,
    /// How far footprints are widened, in radians.
    margin: f64,
    /// Ascending, not touching each other.
    ranges: Vec<Range<u64>>,
    /// Shards before each range.
    before: Vec<u64>,
    count: u64,
}

/// A cell, and the ranges of shards that reach into it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    cell: Cell,
    first: u32,
    end: u32,
}

/// From how many cells each footprint's descent begins, at most.
const ROOTS: usize = 24;

impl ShardCells {
    pub(super) fn new(grid: &HealpixGrid, region: &Area, margin: f64) -> Result<Self, CoverError> {
        let ranges = nested_ranges(region, grid.shard_order, 0.0)?;
        let mut count = 0;
        let mut before = Vec::with_capacity(ranges.len());
        for range in &ranges {
            before.push(count);
            count += range.end - range.start;
        }
        Ok(Self { order: grid.shard_order, margin, ranges, before, count })
    }

    /// The cell with those of some ranges that reach into it, if any does.
    fn node(&self, cell: Cell, ranges: Range<u32>) -> Option<Node> {
        let wanted = below(cell, self.order.get());
        let among = &self.ranges[ranges.start as usize..ranges.end as usize];
        let first = ranges.start + among.partition_point(|range| range.end <= wanted.start) as u32;
        let end = ranges.start + among.partition_point(|range| range.start < wanted.end) as u32;
        (first < end).then_some(Node { cell, first, end })
    }
}

impl Tree for ShardCells {
    type Node = Node;

    fn cap(&self, node: Node) -> Cap {
        node.cell.cap(self.margin)
    }

    fn children(&self, node: Node, into: &mut Vec<Node>) {
        if node.cell.order < self.order.get() {
            into.extend(node.cell.children().filter_map(|child| self.node(child, node.first..node.end)));
        }
    }

    fn touches(&self, leaf: Node, arcs: &mut dyn Iterator<Item = &Arc>) -> bool {
        leaf.cell.touches(arcs, self.margin)
    }

    fn lies(&self, node: Node, band: &Band) -> Lies {
        let (north, south) = node.cell.depths();
        band.meets_depths(north, south)
    }
}

impl Shards for ShardCells {
    fn count(&self) -> u64 {
        self.count
    }

    fn roots(&self) -> Vec<Node> {
        let all = 0..self.ranges.len() as u32;
        let mut roots: Vec<Node> = Cell::bases().filter_map(|base| self.node(base, all.clone())).collect();
        loop {
            let mut finer = Vec::new();
            for root in &roots {
                self.children(*root, &mut finer);
            }
            if finer.is_empty() || finer.len() > ROOTS {
                return roots;
            }
            roots = finer;
        }
    }

    fn ranks(&self, node: Node, into: &mut Vec<u32>) {
        let wanted = below(node.cell, self.order.get());
        for index in node.first as usize..node.end as usize {
            let range = &self.ranges[index];
            let (start, end) = (range.start.max(wanted.start), range.end.min(wanted.end));
            let rank = |id: u64| (self.before[index] + (id - range.start)) as u32;
            into.extend(rank(start)..rank(end));
        }
    }

    fn keys(&self) -> Vec<u64> {
        let words = self.ranges.iter().cloned().flatten().map(|nested| Word::from_nested(nested, self.order));
        words.filter_map(|word| word.ok().map(Word::bits)).collect()
    }
}
