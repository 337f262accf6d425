//! Blocks of cells in, chunks of every order out. Pure computing: for the CPU pool.

use rayon::prelude::*;
use zagg_core::{
    column::{ShardColumns, Values},
    grid::HealpixGrid,
    order::Order,
};
use zagg_store::{
    Layout,
    encode::{EncodedShard, encode_shard},
    layout::Role,
    read::Block,
};

use super::{
    error::OverviewError,
    part::Part,
    plan::{Merge, Plan, Rule},
    values::stored,
};
use crate::error::{MapError, Result};

/// The overviews in the making: one open chunk of each.
#[derive(Debug)]
pub(super) struct Pyramid {
    pub(super) plan: Plan,
    cells: Order,
    /// Cells of a block.
    block: usize,
    levels: Vec<Level>,
}

#[derive(Debug)]
struct Level {
    order: Order,
    layout: Layout,
    /// Cells of a chunk, as a power of four.
    inside: u8,
    open: Option<Chunk>,
}

/// A chunk: for each field, its cells.
#[derive(Debug)]
struct Chunk {
    index: u64,
    columns: Vec<Vec<Part>>,
}

/// What one block gives one order: the first cell, and for each field the cells from there.
struct Piece {
    level: usize,
    first: u64,
    columns: Vec<Vec<Part>>,
}

impl Pyramid {
    /// Nothing yet. Blocks have `block` cells of order `cells`; `layouts` are those of the orders wanted, in any order.
    pub(super) fn new(plan: Plan, cells: Order, block: usize, layouts: Vec<Layout>) -> Self {
        let level = |layout: Layout| {
            let order = layout.group.parse().ok().and_then(|order| Order::new(order).ok()).unwrap_or(cells);
            let inside = layout.geometry.cells_per_shard().trailing_zeros() as u8 / 2;
            Level { order, layout, inside, open: None }
        };
        let mut levels: Vec<Level> = layouts.into_iter().map(level).collect();
        levels.sort_by_key(|level| std::cmp::Reverse(level.order));
        Self { plan, cells, block, levels }
    }

    /// Takes blocks, by the id of their first cell, which must ascend from call to call. Gives the chunks that they
    /// complete.
    pub(super) fn take(&mut self, blocks: &[(u64, Block)]) -> Result<Vec<EncodedShard>> {
        let pieces: Vec<Vec<Piece>> = blocks.par_iter().map(|(first, block)| self.pieces(*first, block)).collect();
        let mut complete = Vec::new();
        for piece in pieces.into_iter().flatten() {
            let level = &mut self.levels[piece.level];
            let done = level.take(piece.first, piece.columns, &self.plan.merges);
            complete.extend(done.into_iter().map(|chunk| (piece.level, chunk)));
        }
        self.encode(&complete)
    }

    /// The chunks that are still open.
    pub(super) fn finish(mut self) -> Result<Vec<EncodedShard>> {
        let open = self.levels.iter_mut().enumerate();
        let rest: Vec<_> = open.filter_map(|(index, level)| Some((index, level.open.take()?))).collect();
        self.encode(&rest)
    }

    fn encode(&self, chunks: &[(usize, Chunk)]) -> Result<Vec<EncodedShard>> {
        chunks.par_iter().map(|(level, chunk)| self.levels[*level].encode(chunk, &self.plan.merges)).collect()
    }

    /// What a block gives each order. Orders coarser than the block get one cell, of the whole block.
    fn pieces(&self, first: u64, block: &Block) -> Vec<Piece> {
        let rules: Vec<Rule> = self.plan.merges.iter().map(|merge| merge.rule).collect();
        let mut columns: Vec<Vec<Part>> =
            self.plan.merges.iter().map(|merge| parts(merge, first, self.block, block)).collect();
        let mut at = self.cells.get();
        let mut pieces = Vec::new();
        for (index, level) in self.levels.iter().enumerate() {
            while at > level.order.get() && columns.first().is_some_and(|column| column.len() > 1) {
                columns = columns.iter().zip(&rules).map(|(column, rule)| folded(column, *rule)).collect();
                at -= 1;
            }
            let first = first >> (2 * (self.cells.get() - level.order.get()));
            pieces.push(Piece { level: index, first, columns: columns.clone() });
        }
        pieces
    }
}

impl Level {
    /// Takes cells in, the first of which is `first`. Gives the chunks before theirs, which nothing more comes for.
    fn take(&mut self, first: u64, columns: Vec<Vec<Part>>, merges: &[Merge]) -> Vec<Chunk> {
        let length = 1_usize << (2 * self.inside);
        let cells = columns.first().map_or(0, Vec::len);
        let mut complete = Vec::new();
        let mut done = 0;
        while done < cells {
            let cell = first + done as u64;
            let (index, rank) = (cell >> (2 * self.inside), (cell & (length as u64 - 1)) as usize);
            let count = (length - rank).min(cells - done);
            if self.open.as_ref().is_none_or(|open| open.index != index) {
                let blank = Chunk { index, columns: vec![vec![Part::None; length]; merges.len()] };
                complete.extend(self.open.replace(blank));
            }
            let Some(open) = &mut self.open else { break };
            for ((into, from), merge) in open.columns.iter_mut().zip(&columns).zip(merges) {
                for (into, from) in into[rank..rank + count].iter_mut().zip(&from[done..done + count]) {
                    *into = into.with(*from, merge.rule);
                }
            }
            done += count;
        }
        complete
    }

    fn encode(&self, chunk: &Chunk, merges: &[Merge]) -> Result<EncodedShard> {
        let refuse = |source| MapError::Grid { location: format!("overview {}", self.order), source };
        let shard_order = Order::new(self.order.get() - self.inside).unwrap_or(self.order);
        let grid = HealpixGrid::new(shard_order, self.order).map_err(refuse)?;
        let shard = grid.nested_shard(chunk.index).map_err(refuse)?;
        let first = chunk.index << (2 * self.inside);
        let arrays = self.layout.arrays.iter().filter(|array| matches!(array.role, Role::Field(_)));
        let fields: Vec<(String, Values)> = arrays
            .zip(&chunk.columns)
            .zip(merges)
            .map(|((array, parts), merge)| {
                let values = stored(merge, parts, &array.array.fill(1), first, self.order)?;
                Ok::<_, OverviewError>((merge.field.clone(), values))
            })
            .collect::<Result<_, _>>()?;
        Ok(encode_shard(&self.layout, &shard, &ShardColumns { fields, cells_with_points: 0 })?)
    }
}

/// What each cell of a block, from the one with id `first`, gives a statistic.
fn parts(merge: &Merge, first: u64, length: usize, block: &Block) -> Vec<Part> {
    let column = |name: &str| block.columns.iter().find(|(n, _)| n == name).map(|(_, values)| values);
    let mut parts = vec![Part::None; length];
    let Some(values) = column(&merge.field) else { return parts };
    let (count, mean) = (merge.count.as_deref().and_then(column), merge.mean.as_deref().and_then(column));
    for (row, id) in block.ids.iter().enumerate() {
        if let Some(part) = parts.get_mut((id - first) as usize) {
            *part = self::part(merge.rule, values, count, mean, row);
        }
    }
    parts
}

fn part(rule: Rule, values: &Values, count: Option<&Values>, mean: Option<&Values>, row: usize) -> Part {
    let n = count.map(|count| count.whole_at(row).unwrap_or(0));
    if n == Some(0) {
        return Part::None;
    }
    let is_float = values.dtype().is_float();
    match rule {
        Rule::Count => values.whole_at(row).filter(|n| *n > 0).map_or(Part::None, Part::Whole),
        Rule::Sum | Rule::Min | Rule::Max if is_float => match values.float_at(row) {
            value if n.is_none() && value.is_nan() => Part::None,
            value => Part::Float(value),
        },
        Rule::Sum | Rule::Min | Rule::Max => values.whole_at(row).map_or(Part::None, Part::Whole),
        Rule::Mean | Rule::Variance { .. } => {
            let mean = mean.map_or(f64::NAN, |mean| mean.float_at(row));
            Part::of_many(rule, n.unwrap_or(0) as f64, values.float_at(row), mean)
        }
    }
}

/// Four cells to one, in their order.
fn folded(column: &[Part], rule: Rule) -> Vec<Part> {
    let fold = |four: &[Part]| four.iter().fold(Part::None, |sum, part| sum.with(*part, rule));
    column.chunks(4).map(fold).collect()
}
