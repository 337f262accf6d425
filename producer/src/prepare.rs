//! Making the store ready: the template, the plan, and what is done already.

use std::collections::HashSet;

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use zagg_core::grid::{Grid, Shard};
use zagg_store::{
    Layout, Store,
    clear::clear_shard,
    mark::{self, Inputs, Standing},
    template::{OverwriteChoice, TemplateOutcome, cast},
};

use crate::{
    error::ProducerError,
    plan::{PlannedShard, RunPlan},
};

/// Marks that are looked at at once.
const AT_ONCE: usize = 32;

/// A store that workers may write to.
#[derive(Debug)]
pub struct Prepared {
    /// What became of the template.
    pub template: TemplateOutcome,
    /// Indices into the plan's shards: the ones to enqueue, in the plan's order.
    pub to_do: Vec<usize>,
    /// How many shards are done already.
    pub done: usize,
    /// Shards that are done from other granules, and so are not taken: their labels.
    pub stale: Vec<String>,
}

/// Casts the template, lays the plan beside the store, and finds out which shards are to do. With
/// `overwrite` the plan's shards are cleared first, marks before chunks.
///
/// # Errors
/// When the store belongs to another pipeline or grid (nothing is written then), or fails.
pub async fn prepare(
    store: &Store,
    layout: &Layout,
    grid: &Grid,
    plan: &RunPlan,
    overwrite: bool,
) -> Result<Prepared, ProducerError> {
    let choice = if overwrite { OverwriteChoice::Rewrite } else { OverwriteChoice::Keep };
    let template = cast(store, layout, choice).await?;
    store.put(&plan.key(), plan.bytes.clone().into()).await?;
    let marked: HashSet<String> = match template {
        TemplateOutcome::Created => HashSet::new(),
        _ => mark::list(store).try_collect().await?,
    };
    let mut prepared = Prepared { template, to_do: Vec::new(), done: 0, stale: Vec::new() };
    // Boxed, because the compiler cannot yet prove a stream of borrowing futures to be `Send`.
    let each: Vec<_> = plan
        .shards
        .iter()
        .map(|shard| {
            let is_marked = marked.contains(&shard.label);
            async move {
                match (overwrite, is_marked) {
                    (true, _) => clear(store, layout, grid, shard).await,
                    (false, true) => Ok(mark::standing(store, &shard.label, inputs(plan, shard)).await?),
                    (false, false) => Ok(Standing::Unmarked),
                }
            }
            .boxed()
        })
        .collect();
    let standings: Vec<Standing> = stream::iter(each).buffered(AT_ONCE).try_collect().await?;
    for (index, standing) in standings.into_iter().enumerate() {
        match standing {
            Standing::Unmarked => prepared.to_do.push(index),
            Standing::Done(_) => prepared.done += 1,
            Standing::Stale(_) => prepared.stale.push(plan.shards[index].label.clone()),
        }
    }
    Ok(prepared)
}

/// How many of the plan's shards at `indices` are done by now, whoever did them.
///
/// # Errors
/// When the store fails.
pub async fn done_by_now(store: &Store, plan: &RunPlan, indices: &[usize]) -> Result<u64, ProducerError> {
    let shards = indices.iter().filter_map(|&index| plan.shards.get(index));
    let each: Vec<_> = shards.map(|shard| mark::standing(store, &shard.label, inputs(plan, shard)).boxed()).collect();
    let standings: Vec<Standing> = stream::iter(each).buffered(AT_ONCE).try_collect().await?;
    Ok(standings.iter().filter(|standing| matches!(standing, Standing::Done(_))).count() as u64)
}

fn inputs(plan: &RunPlan, shard: &PlannedShard) -> Inputs {
    Inputs { pipeline: plan.pipeline, granules: shard.granules_digest }
}

async fn clear(store: &Store, layout: &Layout, grid: &Grid, planned: &PlannedShard) -> Result<Standing, ProducerError> {
    let label = &planned.label;
    let shard: Shard =
        grid.shard_by_label(label).map_err(|source| ProducerError::Label { label: label.clone(), source })?;
    clear_shard(store, layout, &shard).await?;
    Ok(Standing::Unmarked)
}
