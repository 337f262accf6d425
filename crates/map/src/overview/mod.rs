//! Overviews: coarser orders of a HEALPix store, computed from its cells.
//!
//! Statistics that merge are merged in `f64` (or as whole numbers) from the cells themselves for every order, in
//! the order of the cells' ids, and rounded once; the others are left out by name. Cells are read once for all
//! orders, block by block, so that memory holds some blocks and one chunk of each order.

mod error;
mod part;
mod plan;
mod pyramid;
mod values;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use serde_json::{Map, Value, json};
use zagg_core::order::Order;
use zagg_store::{
    Store,
    encode::EncodedShard,
    overview::{self, Base},
    read::{Block, BlockPlace},
    write::write_shard,
};

use crate::error::{MapError, Result};

pub use error::OverviewError;
pub use plan::Plan;

use pyramid::Pyramid;

/// Blocks that are fetched at once, and chunks that are written at once.
const AT_ONCE: usize = 8;

/// Cells of the blocks that are merged together on all cores.
const CELLS_AT_ONCE: u64 = 1 << 19;

/// Which overviews are asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// These orders; else every order from the one above the cells to `down_to`.
    pub orders: Option<Vec<Order>>,
    /// The coarsest order; the order of the chunks of the cells when nothing is said.
    pub down_to: Option<Order>,
    /// Compute those anew that are there and of these cells.
    pub overwrite: bool,
}

/// What was done.
#[derive(Debug, Clone, Serialize)]
pub struct OverviewReport {
    /// The order of the cells.
    pub cells: Order,
    /// The orders that were written, finest first.
    pub written: Vec<Order>,
    /// The orders that were there already, of the same cells.
    pub kept: Vec<Order>,
    /// The fields of the overviews: what each is of the points of a cell.
    pub fields: BTreeMap<String, Value>,
    /// The fields that were left out, and why.
    pub left_out: BTreeMap<String, String>,
    /// Chunks of cells that were read, all their arrays counted as one.
    pub blocks: u64,
    /// Cells whose stored coordinate is not that of their place, and were left out.
    pub misplaced: u64,
    /// Chunks that were written, all arrays counted.
    pub objects: u64,
    /// Bytes that were written.
    pub bytes: u64,
    /// Seconds that it took.
    pub seconds: f64,
}

/// Computes the overviews that are missing or of other cells than are there now. Whatever is listed in the store
/// afterwards is of these cells. Doing it again changes nothing; ended halfway, it leaves a store whose readers see
/// the cells alone, and doing it again completes it. `progress` is told the blocks done so far, and of how many.
///
/// # Errors
/// When the store is not ours or not HEALPix, no field merges, an order is not coarser than the cells, a merged
/// value does not fit its field's type, or a request fails.
pub async fn compute(store: &Store, wanted: &Wanted, progress: impl FnMut(u64, u64)) -> Result<OverviewReport> {
    let begun = Instant::now();
    let base = Base::open(store).await?;
    let plan = Plan::of(&base.claim.document["statistics"], &base.cells);
    if plan.merges.is_empty() {
        let location = store.location().to_string();
        return Err(OverviewError::NothingMerges { location, left_out: plan.left_out }.into());
    }
    let orders = orders(&base, wanted)?;
    let todo = todo(store, &base, &plan, &orders, wanted.overwrite).await?;
    let kept = orders.iter().filter(|order| !todo.contains(order)).copied().collect();
    let mut report = OverviewReport {
        cells: base.order,
        written: todo.iter().rev().copied().collect(),
        kept,
        fields: plan.merges.iter().map(|merge| (merge.field.clone(), merge.statistic.clone())).collect(),
        left_out: plan.left_out.clone(),
        blocks: 0,
        misplaced: 0,
        objects: 0,
        bytes: 0,
        seconds: 0.0,
    };
    let mut documents = Vec::new();
    if !todo.is_empty() {
        let mut layouts = Vec::new();
        for order in todo.iter().rev() {
            let layout = base.layout(*order, &plan.fields())?;
            documents.push((*order, base.document(&layout, &notes(&plan, &base))));
            layouts.push(layout);
        }
        overview::withdraw(store, &todo.iter().copied().collect::<Vec<_>>()).await?;
        for layout in &layouts {
            overview::begin(store, layout).await?;
        }
        let block = base.cells.block_shape.first().copied().unwrap_or(1) as usize;
        write(store, &base, Pyramid::new(plan, base.order, block, layouts), &mut report, progress).await?;
    }
    overview::publish(store, &base, &documents).await?;
    report.seconds = begun.elapsed().as_secs_f64();
    Ok(report)
}

/// What a group says of its overview.
fn notes(plan: &Plan, base: &Base) -> Map<String, Value> {
    let fields: Map<String, Value> =
        plan.merges.iter().map(|merge| (merge.field.clone(), merge.statistic.clone())).collect();
    let missing = base.claim.document["statistics"]["missing"].clone();
    let mut notes = Map::new();
    notes.insert("statistics".to_owned(), json!({"fields": fields, "missing": missing}));
    notes.insert("left_out".to_owned(), json!(plan.left_out));
    notes
}

/// The orders that are asked for, finest first.
fn orders(base: &Base, wanted: &Wanted) -> Result<Vec<Order>, OverviewError> {
    let cells = base.order;
    let refuse = |order: Order| OverviewError::NotCoarser { order, cells };
    if let Some(orders) = &wanted.orders {
        if let Some(order) = orders.iter().find(|order| **order >= cells) {
            return Err(refuse(*order));
        }
        return Ok(orders.iter().copied().collect::<BTreeSet<_>>().into_iter().rev().collect());
    }
    let length = base.cells.block_shape.first().copied().unwrap_or(1);
    let chunk = cells.get().saturating_sub(length.trailing_zeros() as u8 / 2);
    let last = wanted.down_to.map_or(chunk, Order::get);
    match wanted.down_to {
        Some(order) if order >= cells => return Err(refuse(order)),
        None if last >= cells.get() => return Err(OverviewError::NothingCoarser { cells }),
        _ => {}
    }
    Ok((last..cells.get()).rev().filter_map(|order| Order::new(order).ok()).collect())
}

/// The orders to be computed: those that are asked for and not there, and all that are of other cells or unfinished.
async fn todo(store: &Store, base: &Base, plan: &Plan, orders: &[Order], overwrite: bool) -> Result<BTreeSet<Order>> {
    let mut todo: BTreeSet<Order> = orders.iter().copied().collect();
    for found in overview::found(store).await? {
        let layout = base.layout(found.order, &plan.fields())?;
        let is_fresh = found.document == base.document(&layout, &notes(plan, base));
        if !is_fresh {
            todo.insert(found.order);
        } else if !overwrite {
            todo.remove(&found.order);
        }
    }
    Ok(todo)
}

/// Reads every block, merges, and writes every chunk of the overviews.
async fn write(
    store: &Store,
    base: &Base,
    pyramid: Pyramid,
    report: &mut OverviewReport,
    mut progress: impl FnMut(u64, u64),
) -> Result<()> {
    let cells = base.cells.only(&pyramid.plan.sources());
    let length = cells.block_shape.first().copied().unwrap_or(1);
    let per_batch = (CELLS_AT_ONCE / length).clamp(1, 64) as usize;
    let reads: Vec<_> = cells.blocks.iter().map(|place| read(&cells, place)).collect();
    let mut batches = stream::iter(reads).buffered(AT_ONCE.min(per_batch)).try_chunks(per_batch);
    let all = cells.blocks.len() as u64;
    let mut pyramid = pyramid;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|error| error.1)?;
        report.blocks += batch.len() as u64;
        report.misplaced += batch.iter().map(|(_, block)| block.misplaced).sum::<u64>();
        let merged = tokio::task::spawn_blocking(move || {
            let encoded = pyramid.take(&batch)?;
            Ok::<_, MapError>((pyramid, encoded))
        });
        let encoded;
        (pyramid, encoded) = merged.await.map_err(MapError::Ended)??;
        put(store, &encoded, report).await?;
        progress(report.blocks, all);
    }
    let rest = tokio::task::spawn_blocking(move || pyramid.finish());
    put(store, &rest.await.map_err(MapError::Ended)??, report).await
}

async fn read(cells: &zagg_store::read::Cells, place: &BlockPlace) -> Result<(u64, Block)> {
    let block = cells.read(place).await?;
    Ok((place.origin.first().copied().unwrap_or(0), block))
}

async fn put(store: &Store, chunks: &[EncodedShard], report: &mut OverviewReport) -> Result<()> {
    let puts: Vec<_> = chunks.iter().map(|chunk| write_shard(store, chunk)).collect();
    let done: Vec<_> = stream::iter(puts).buffer_unordered(AT_ONCE).try_collect().await?;
    report.objects += done.iter().map(|done| done.objects).sum::<u64>();
    report.bytes += done.iter().map(|done| done.bytes).sum::<u64>();
    Ok(())
}

#[cfg(test)]
mod tests;
