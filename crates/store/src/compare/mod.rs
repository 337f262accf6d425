//! Comparing two stores cell by cell, whatever their layouts, chunks and codecs.

mod field;

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, future::try_join, stream};
use serde::Serialize;
use zagg_core::column::Values;

pub use field::{Example, FieldComparison};

use crate::{
    error::{Result, StoreError},
    objects::Store,
    read::{Block, BlockPlace, Cells},
};

/// How far apart two numbers may be and still match: `|a - b| <= atol + rtol * max(|a|, |b|)`.
/// NaN matches NaN. Whole numbers must be equal.
#[derive(Debug, Clone, PartialEq)]
pub struct Tolerances {
    /// Relative tolerance of floating fields.
    pub rtol: f64,
    /// Absolute tolerance of floating fields.
    pub atol: f64,
    /// Relative and absolute tolerance of single fields, by name.
    pub fields: BTreeMap<String, (f64, f64)>,
}

impl Default for Tolerances {
    fn default() -> Self {
        Self { rtol: 1e-6, atol: 0.0, fields: BTreeMap::new() }
    }
}

/// What two stores have in common, and what not.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Comparison {
    /// Cells of the first store.
    pub a: Side,
    /// Cells of the second store.
    pub b: Side,
    /// Cells that both stores hold.
    pub common: u64,
    /// The fields that both have, by name.
    pub fields: Vec<FieldComparison>,
    /// Things that were left out, one sentence each.
    pub notes: Vec<String>,
}

/// One store of a comparison.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Side {
    /// Blocks read.
    pub blocks: u64,
    /// Cells written.
    pub cells: u64,
    /// Cells with at least one point (by the field `count`; every cell where there is none).
    pub with_data: u64,
    /// Cells with data here and none there.
    pub only_here: u64,
    /// The first of them, by id.
    pub examples: Vec<u64>,
    /// Fields that the other store lacks.
    pub fields_only_here: Vec<String>,
    /// Cells whose coordinate is not that of their place.
    pub misplaced: u64,
}

impl Comparison {
    /// Whether nothing differs.
    #[must_use]
    pub fn same(&self) -> bool {
        let alike = |side: &Side| side.only_here == 0 && side.misplaced == 0 && side.fields_only_here.is_empty();
        alike(&self.a) && alike(&self.b) && self.fields.iter().all(|field| field.mismatches == 0)
    }
}

/// Cells named per side.
const EXAMPLES: usize = 5;

/// Compares two stores. Holds a few shards in memory at a time, never a store. `progress` is told
/// the blocks done and in all.
///
/// # Errors
/// When a store cannot be read, or the two have different cells or no field in common.
pub async fn compare(
    a: &Store,
    b: &Store,
    tolerances: &Tolerances,
    mut progress: impl FnMut(u64, u64),
) -> Result<Comparison> {
    let (a, b) = try_join(Cells::open(a), Cells::open(b)).await?;
    if a.domain != b.domain {
        let reason = format!("their cells are {:?} and {:?}", a.domain, b.domain);
        return Err(StoreError::Incomparable { reason });
    }
    let mut total = begin(&a, &b, tolerances);
    if total.fields.is_empty() {
        return Err(StoreError::Incomparable { reason: "they have no field in common".to_owned() });
    }
    let units = units(&a, &b);
    let (blank, all) = (blank(&total), (a.blocks.len() + b.blocks.len()) as u64);
    let reads: Vec<_> = units
        .into_values()
        .map(|(here, there)| {
            let (a, b, mut part) = (&a, &b, blank.clone());
            async move {
                let (here, there) = try_join(read_all(a, here), read_all(b, there)).await?;
                let work = tokio::task::spawn_blocking(move || {
                    compare_unit(&here, &there, &mut part);
                    part
                });
                work.await.map_err(|source| StoreError::Task { what: "a comparison".to_owned(), source })
            }
        })
        .collect();
    let mut parts = std::pin::pin!(stream::iter(reads).buffered(2));
    while let Some(part) = parts.next().await.transpose()? {
        total.add(part);
        progress(total.a.blocks + total.b.blocks, all);
    }
    Ok(total)
}

fn begin(a: &Cells, b: &Cells, tolerances: &Tolerances) -> Comparison {
    let mut total = Comparison::default();
    total.notes.extend(a.notes.iter().map(|note| format!("first store: {note}")));
    total.notes.extend(b.notes.iter().map(|note| format!("second store: {note}")));
    for (name, dtype) in &a.fields {
        match b.fields.iter().find(|(other, _)| other == name) {
            None => total.a.fields_only_here.push(name.clone()),
            Some((_, other)) => {
                let floats = dtype.is_float() || other.is_float();
                let default = (tolerances.rtol, tolerances.atol);
                let (rtol, atol) = tolerances.fields.get(name).copied().unwrap_or(default);
                let (rtol, atol) = if floats { (rtol, atol) } else { (0.0, 0.0) };
                total.fields.push(FieldComparison::new(name, [*dtype, *other], rtol, atol));
            }
        }
    }
    let mine = |name: &String| a.fields.iter().any(|(other, _)| other == name);
    total.b.fields_only_here = b.fields.iter().map(|(name, _)| name.clone()).filter(|name| !mine(name)).collect();
    total
}

/// The same questions, nothing counted yet.
fn blank(total: &Comparison) -> Comparison {
    Comparison { fields: total.fields.clone(), ..Comparison::default() }
}

impl Comparison {
    fn add(&mut self, part: Self) {
        for (mine, theirs) in [(&mut self.a, part.a), (&mut self.b, part.b)] {
            mine.blocks += theirs.blocks;
            mine.cells += theirs.cells;
            mine.with_data += theirs.with_data;
            mine.only_here += theirs.only_here;
            mine.misplaced += theirs.misplaced;
            mine.examples.extend(theirs.examples);
            mine.examples.truncate(EXAMPLES);
        }
        self.common += part.common;
        for (mine, theirs) in self.fields.iter_mut().zip(part.fields) {
            mine.add(theirs);
        }
    }
}

type Unit = (Vec<BlockPlace>, Vec<BlockPlace>);

/// Blocks of both stores by the smallest region that is whole in either.
fn units(a: &Cells, b: &Cells) -> BTreeMap<Vec<u64>, Unit> {
    let shape: Vec<u64> = a.block_shape.iter().zip(&b.block_shape).map(|(x, y)| lcm(*x, *y)).collect();
    let unit = |place: &BlockPlace| place.origin.iter().zip(&shape).map(|(o, s)| o / s).collect::<Vec<_>>();
    let mut units: BTreeMap<Vec<u64>, Unit> = BTreeMap::new();
    for place in &a.blocks {
        units.entry(unit(place)).or_default().0.push(place.clone());
    }
    for place in &b.blocks {
        units.entry(unit(place)).or_default().1.push(place.clone());
    }
    units
}

fn lcm(a: u64, b: u64) -> u64 {
    let (mut x, mut y) = (a.max(1), b.max(1));
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a.max(1) / x).saturating_mul(b.max(1))
}

async fn read_all(cells: &Cells, places: Vec<BlockPlace>) -> Result<Vec<Block>> {
    let reads: Vec<_> = places.iter().map(|place| cells.read(place)).collect();
    stream::iter(reads).buffered(2).try_collect().await
}

/// The cells of some blocks, ascending by id: where each one is.
fn rows(blocks: &[Block]) -> Vec<(u64, usize, usize)> {
    let mut rows: Vec<_> = blocks
        .iter()
        .enumerate()
        .flat_map(|(b, block)| block.ids.iter().enumerate().map(move |(i, id)| (*id, b, i)))
        .collect();
    rows.sort_unstable();
    rows
}

fn column<'a>(block: &'a Block, name: &str) -> Option<&'a Values> {
    block.columns.iter().find(|(other, _)| other == name).map(|(_, values)| values)
}

fn occupied(blocks: &[Block]) -> impl Fn(&(u64, usize, usize)) -> bool {
    let counts: Vec<Option<&Values>> = blocks.iter().map(|block| column(block, "count")).collect();
    move |(_, b, i)| counts[*b].is_none_or(|values| field::number(values, *i).is_positive())
}

fn compare_unit(a: &[Block], b: &[Block], part: &mut Comparison) {
    let (rows_a, rows_b) = (rows(a), rows(b));
    let (data_a, data_b) = (occupied(a), occupied(b));
    for (side, blocks, rows) in [(&mut part.a, a, &rows_a), (&mut part.b, b, &rows_b)] {
        side.blocks = blocks.len() as u64;
        side.cells = rows.len() as u64;
        side.misplaced = blocks.iter().map(|block| block.misplaced).sum();
    }
    let mut pairs = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < rows_a.len() || j < rows_b.len() {
        let (x, y) = (rows_a.get(i), rows_b.get(j));
        let both = matches!((x, y), (Some(x), Some(y)) if x.0 == y.0);
        let take_a = both || y.is_none() || matches!((x, y), (Some(x), Some(y)) if x.0 < y.0);
        let here = x.filter(|x| take_a && data_a(x));
        let there = y.filter(|y| (both || !take_a) && data_b(y));
        part.a.see(here.map(|x| x.0), there.is_some());
        part.b.see(there.map(|y| y.0), here.is_some());
        if let (true, Some(x), Some(y)) = (both, x, y) {
            pairs.push((*x, *y));
        }
        i += usize::from(take_a);
        j += usize::from(both || !take_a);
    }
    part.common = pairs.len() as u64;
    for field in &mut part.fields {
        let columns = |blocks: &'_ [Block]| blocks.iter().map(|block| column(block, &field.name).cloned()).collect();
        let (here, there): (Vec<Option<Values>>, Vec<Option<Values>>) = (columns(a), columns(b));
        for (x, y) in &pairs {
            if let (Some(p), Some(q)) = (&here[x.1], &there[y.1]) {
                field.see(x.0, field::number(p, x.2), field::number(q, y.2));
            }
        }
    }
}

impl Side {
    /// Counts a cell of this side with data, and whether the other has data there.
    fn see(&mut self, cell: Option<u64>, other: bool) {
        let Some(cell) = cell else { return };
        self.with_data += 1;
        if !other {
            self.only_here += 1;
            if self.examples.len() < EXAMPLES {
                self.examples.push(cell);
            }
        }
    }
}

#[cfg(test)]
mod tests;
