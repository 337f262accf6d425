//! The tiles of a rectilinear grid that a region touches, as a tree to descend in.

use std::cell::RefCell;

use rayon::prelude::*;
use zagg_core::grid::{Projection, RectilinearGrid};

use super::{
    CoverError,
    arc::Arc,
    assign::Shards,
    cap::Cap,
    descent::{Descent, Tree},
    shape::{Band, Lies, Shape},
    tile::{Plane, Tile},
    vector::angle,
};
use crate::area::Area;

/// The most tiles of a region: the outline of each is kept.
const MOST_TILES: u64 = 1 << 22;

/// The tiles of a region.
pub(super) struct TileTree {
    /// By ascending key.
    tiles: Vec<(u64, Tile)>,
    nodes: Vec<Branch>,
    /// How far footprints are widened, in radians.
    margin: f64,
}

/// A node: a tile, or two nodes.
struct Branch {
    cap: Cap,
    /// The ranks of all tiles below, in the order of the tree.
    ranks: Vec<u32>,
    below: Option<(u32, u32)>,
}

impl TileTree {
    pub(super) fn new(grid: &RectilinearGrid, region: &Area, margin: f64) -> Result<Self, CoverError> {
        let plane = Plane { grid, projection: Projection::new(&grid.crs)? };
        let mut keys = keys_of_region(&plane, region)?;
        keys.sort_unstable();
        keys.dedup();
        let cols = grid.block_cols().max(1);
        let tile = |key: &u64| {
            let place = Plane { grid, projection: plane.projection.clone() };
            Tile::new(&place, (key / cols) as u32, (key % cols) as u32, margin).map(|tile| (*key, tile))
        };
        let tiles: Vec<(u64, Tile)> = keys.par_iter().filter_map(tile).collect();
        let mut tree = Self { tiles, nodes: Vec::new(), margin };
        let ranks: Vec<u32> = (0..tree.tiles.len() as u32).collect();
        if !ranks.is_empty() {
            tree.grow(ranks, cols);
        }
        Ok(tree)
    }

    /// Appends the tree of some tiles and gives its node.
    fn grow(&mut self, mut ranks: Vec<u32>, cols: u64) -> u32 {
        let below = if ranks.len() > 1 {
            let place = |rank: &u32| (self.tiles[*rank as usize].0 / cols, self.tiles[*rank as usize].0 % cols);
            let span = |along: fn((u64, u64)) -> u64| {
                let places = || ranks.iter().map(|rank| along(place(rank)));
                places().max().unwrap_or(0) - places().min().unwrap_or(0)
            };
            if span(|p| p.0) >= span(|p| p.1) {
                ranks.sort_unstable_by_key(|rank| place(rank).0);
            } else {
                ranks.sort_unstable_by_key(|rank| place(rank).1);
            }
            let second = ranks.split_off(ranks.len() / 2);
            let below = (self.grow(ranks.clone(), cols), self.grow(second.clone(), cols));
            ranks.extend(second);
            Some(below)
        } else {
            None
        };
        let cap = match (below, ranks.first()) {
            (Some((a, b)), _) => Cap::around(&[self.nodes[a as usize].cap, self.nodes[b as usize].cap]),
            (None, Some(rank)) => Some(self.tiles[*rank as usize].1.cap),
            (None, None) => None,
        };
        self.nodes.push(Branch { cap: cap.unwrap_or(Cap::new([0.0, 0.0, 1.0], 4.0)), ranks, below });
        self.nodes.len() as u32 - 1
    }
}

impl Tree for TileTree {
    type Node = u32;

    fn cap(&self, node: u32) -> Cap {
        self.nodes[node as usize].cap
    }

    fn children(&self, node: u32, into: &mut Vec<u32>) {
        into.extend(self.nodes[node as usize].below.iter().flat_map(|(a, b)| [*a, *b]));
    }

    fn touches(&self, leaf: u32, arcs: &mut dyn Iterator<Item = &Arc>) -> bool {
        let rank = self.nodes[leaf as usize].ranks.first();
        rank.is_some_and(|rank| self.tiles[*rank as usize].1.touches(arcs, self.margin))
    }

    fn lies(&self, node: u32, band: &Band) -> Lies {
        let branch = &self.nodes[node as usize];
        match (branch.below, branch.ranks.first()) {
            (None, Some(rank)) => self.tiles[*rank as usize].1.lies(band),
            _ => lies_of_cap(&branch.cap, band),
        }
    }
}

impl Shards for TileTree {
    fn count(&self) -> u64 {
        self.tiles.len() as u64
    }

    fn roots(&self) -> Vec<u32> {
        self.nodes.len().checked_sub(1).map(|last| last as u32).into_iter().collect()
    }

    fn ranks(&self, node: u32, into: &mut Vec<u32>) {
        into.extend(&self.nodes[node as usize].ranks);
    }

    fn keys(&self) -> Vec<u64> {
        self.tiles.iter().map(|(key, _)| *key).collect()
    }
}

/// Where a cap lies with regard to a band: never inside, which only tiles are asked.
fn lies_of_cap(cap: &Cap, band: &Band) -> Lies {
    let (radius, latitude) = (cap.radius(), cap.center[2].clamp(-1.0, 1.0).asin());
    match band.meets_latitudes(latitude - radius, latitude + radius) {
        Lies::Outside => Lies::Outside,
        _ => Lies::Across,
    }
}

/// A rectangle of tiles: rows and columns from the first to before the end.
#[derive(Debug, Clone, Copy)]
struct Block {
    rows: (u32, u32),
    cols: (u32, u32),
}

/// All tiles of a grid, as rectangles that are halved.
struct Blocks<'a> {
    plane: &'a Plane<'a>,
    /// The tile that was asked for last: its cap, its touch and its latitudes are asked in turn.
    last: RefCell<Option<(u32, u32, Option<Tile>)>>,
}

/// The keys of the tiles that a region touches, unsorted.
fn keys_of_region(plane: &Plane<'_>, region: &Area) -> Result<Vec<u64>, CoverError> {
    let grid = plane.grid;
    let (Ok(rows), Ok(cols)) = (u32::try_from(grid.block_rows()), u32::try_from(grid.block_cols())) else {
        return Err(CoverError::TooManyShards { limit: MOST_TILES });
    };
    let blocks = Blocks { plane, last: RefCell::new(None) };
    let root = Block { rows: (0, rows), cols: (0, cols) };
    let mut descent = Descent::new();
    for shape in Shape::all_of(region, 0.0)? {
        descent.run(&blocks, &shape, root, &blocks.cap(root));
    }
    let mut keys = Vec::new();
    for block in descent.found {
        let tiles = u64::from(block.rows.1 - block.rows.0) * u64::from(block.cols.1 - block.cols.0);
        if keys.len() as u64 + tiles > MOST_TILES {
            return Err(CoverError::TooManyShards { limit: MOST_TILES });
        }
        for row in block.rows.0..block.rows.1 {
            keys.extend((block.cols.0..block.cols.1).map(|col| u64::from(row) * u64::from(cols) + u64::from(col)));
        }
    }
    Ok(keys)
}

impl Blocks<'_> {
    fn with_tile<R>(&self, block: Block, ask: impl Fn(Option<&Tile>) -> R) -> R {
        let (row, col) = (block.rows.0, block.cols.0);
        let mut last = self.last.borrow_mut();
        match &*last {
            Some((r, c, tile)) if (*r, *c) == (row, col) => ask(tile.as_ref()),
            _ => {
                let tile = Tile::new(self.plane, row, col, 0.0);
                let answer = ask(tile.as_ref());
                *last = Some((row, col, tile));
                answer
            }
        }
    }
}

fn is_tile(block: Block) -> bool {
    block.rows.1 - block.rows.0 <= 1 && block.cols.1 - block.cols.0 <= 1
}

/// Places along each side of a block from which its cap is made.
const SAMPLES: u32 = 8;

impl Tree for Blocks<'_> {
    type Node = Block;

    /// The cap about 9 by 9 places of the block, widened by the farthest that two neighbours among
    /// them are apart; the whole sphere when one of them is no position.
    fn cap(&self, block: Block) -> Cap {
        let nowhere = Cap::new([0.0, 0.0, 1.0], 4.0);
        if is_tile(block) {
            // A tile that has no position is never touched: its cap is a point's.
            return self.with_tile(block, |tile| tile.map_or(nowhere, |tile| tile.cap));
        }
        let [left, _, _, top] = self.plane.grid.tile_bounds(block.rows.0, block.cols.0);
        let [_, bottom, right, _] = self.plane.grid.tile_bounds(block.rows.1 - 1, block.cols.1 - 1);
        let middle = [(left + right) / 2.0, (bottom + top) / 2.0];
        let place = |i: u32, j: u32| {
            let (fx, fy) = (f64::from(i) / f64::from(SAMPLES), f64::from(j) / f64::from(SAMPLES));
            self.plane.position(left + (right - left) * fx, bottom + (top - bottom) * fy, middle)
        };
        let Some(center) = place(SAMPLES / 2, SAMPLES / 2) else { return nowhere };
        let (mut radius, mut spacing) = (0.0_f64, 0.0_f64);
        let mut above = [center; SAMPLES as usize + 1];
        for j in 0..=SAMPLES {
            let mut before = center;
            for i in 0..=SAMPLES {
                let Some(here) = place(i, j) else { return nowhere };
                radius = radius.max(angle(center, here));
                if i > 0 {
                    spacing = spacing.max(angle(before, here));
                }
                if j > 0 {
                    spacing = spacing.max(angle(above[i as usize], here));
                }
                (before, above[i as usize]) = (here, here);
            }
        }
        Cap::new(center, radius + 2.0 * spacing)
    }

    fn children(&self, block: Block, into: &mut Vec<Block>) {
        let half = |(from, to): (u32, u32)| from + (to - from) / 2;
        if is_tile(block) {
            return;
        }
        if block.rows.1 - block.rows.0 >= block.cols.1 - block.cols.0 {
            let middle = half(block.rows);
            into.push(Block { rows: (block.rows.0, middle), ..block });
            into.push(Block { rows: (middle, block.rows.1), ..block });
        } else {
            let middle = half(block.cols);
            into.push(Block { cols: (block.cols.0, middle), ..block });
            into.push(Block { cols: (middle, block.cols.1), ..block });
        }
    }

    fn touches(&self, leaf: Block, arcs: &mut dyn Iterator<Item = &Arc>) -> bool {
        let arcs: Vec<Arc> = arcs.copied().collect();
        self.with_tile(leaf, |tile| tile.is_some_and(|tile| tile.touches(&mut arcs.iter(), 0.0)))
    }

    fn lies(&self, block: Block, band: &Band) -> Lies {
        if is_tile(block) {
            return self.with_tile(block, |tile| tile.map_or(Lies::Outside, |tile| tile.lies(band)));
        }
        lies_of_cap(&self.cap(block), band)
    }
}
