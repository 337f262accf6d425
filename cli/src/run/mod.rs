//! `zagg run`: producer and workers in one process, over the embedded queue.

mod dry;
mod engine;
mod progress;
mod report;
mod settings;
mod shift;
mod summary;
mod watch;

use std::time::Instant;

use tracing::info;
use zagg_producer::{Inputs, Prepared, RunPlan, RunRequest, done_by_now, prepare};
use zagg_store::consolidate::consolidate;

use zagg_program::{exit::Exit, output, overviews, process};

use crate::{args::RunArguments, error::CommandError};

use report::{Refused, RunReport};
use settings::Settings;
use shift::Shift;

/// Runs what was typed.
pub(crate) async fn run(typed: RunArguments, quiet: bool) -> Result<Exit, CommandError> {
    let start = Instant::now();
    engine::check_queue(&typed)?;
    let inputs = Inputs::load(&typed.sources())?;
    let settings = Settings::resolve(&typed, inputs.is_remote());
    for line in &settings.lines {
        info!(name = line.name, value = line.value, origin = line.origin, "setting");
    }
    let plan = RunPlan::new(&RunRequest {
        pipeline: &inputs.pipeline,
        grid: &inputs.grid,
        shard_map: &inputs.shard_map,
        folder: &inputs.folder,
        driver: &inputs.driver,
        selection: inputs.selection.clone(),
    })?;
    if typed.dry_run {
        output::result(&dry::describe(&inputs, &plan), quiet);
        return Ok(Exit::Done);
    }
    if let Some(path) = &typed.report {
        output::check_report(path)?;
    }
    let (store, layout) = engine::store(&inputs, &typed.s3)?;
    let process = engine::process(&inputs, &settings, &typed.s3, &store, &layout)?;
    let prepared = prepare(&store, &layout, &inputs.grid, &plan, typed.overwrite).await?;
    let mut report = start_report(&inputs, &plan, &prepared, &layout.group);
    report.settings.clone_from(&settings.lines);
    let shift =
        Shift { typed: &typed, quiet, settings: &settings, plan: &plan, prepared: &prepared, process: &process };
    shift.work(store.location(), &mut report).await?;
    report.settle();
    if report.shards.left > 0 && !report.interrupted {
        report.credit_others(done_by_now(&store, &plan, &prepared.to_do).await?);
    }
    // The metadata is the same whatever became of the shards; only a stopped run leaves it for later.
    if !report.interrupted {
        consolidate(&store).await?;
        if !prepared.to_do.is_empty() {
            overviews::tell_of_stale(&store).await?;
        }
    }
    report.wall_seconds = start.elapsed().as_secs_f64();
    report.cpu_seconds = process::cpu_seconds();
    report.peak_memory_bytes = process::peak_memory_bytes();
    if let Some(path) = &typed.report {
        output::write_report(path, &report)?;
    }
    output::result(&summary::summary(&report), quiet);
    Ok(match (report.interrupted, report.is_complete()) {
        (true, false) => Exit::Interrupted,
        (_, true) => Exit::Done,
        (false, false) => Exit::Incomplete,
    })
}

fn start_report(inputs: &Inputs, plan: &RunPlan, prepared: &Prepared, group: &str) -> RunReport {
    let mut report = RunReport::new(
        &plan.run,
        inputs.location.to_string(),
        group.to_owned(),
        plan.pipeline.to_string(),
        inputs.shard_map.digest().to_string(),
    );
    report.shards.chosen = plan.shards.len() as u64;
    report.shards.skipped = prepared.done as u64;
    let reason = "done before, from other granules than the shard map now names; --overwrite recomputes it";
    report.refused =
        prepared.stale.iter().map(|shard| Refused { shard: shard.clone(), reason: reason.to_owned() }).collect();
    report
}
