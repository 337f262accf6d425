//! `zagg run`: producer and workers in one process, over the embedded queue.

mod dry;
mod engine;
mod inputs;
mod progress;
mod report;
mod settings;
mod summary;
mod watch;

use std::{sync::Arc, time::Instant};

use tokio::sync::mpsc;
use tracing::info;
use zagg_core::job::Job;
use zagg_producer::{Prepared, RunPlan, RunRequest, done_by_now, enqueue, prepare};
use zagg_store::{Store, consolidate::consolidate};
use zagg_worker::{DrainSettings, Patience, Process, Stopper, drain};

use crate::{args::RunArguments, error::CommandError, exit::Exit, output, process};

use inputs::Inputs;
use progress::Progress;
use report::{Refused, RunReport};
use settings::Settings;

/// Runs what was typed.
pub(crate) async fn run(typed: RunArguments, quiet: bool) -> Result<Exit, CommandError> {
    let start = Instant::now();
    engine::check_queue(&typed)?;
    let inputs = Inputs::load(&typed)?;
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
    work(&typed, quiet, &settings, &plan, &prepared, &store, &process, &mut report).await?;
    report.settle();
    if report.shards.left > 0 && !report.interrupted {
        report.credit_others(done_by_now(&store, &plan, &prepared.to_do).await?);
    }
    // The metadata is the same whatever became of the shards; only a stopped run leaves it for later.
    if !report.interrupted {
        consolidate(&store).await?;
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

/// Enqueues what is to do and works until nothing is left or the user stops it.
#[allow(clippy::too_many_arguments)]
async fn work(
    typed: &RunArguments,
    quiet: bool,
    settings: &Settings,
    plan: &RunPlan,
    prepared: &Prepared,
    store: &Store,
    process: &Arc<Process>,
    report: &mut RunReport,
) -> Result<(), CommandError> {
    let shards: Vec<_> = prepared.to_do.iter().map(|&index| &plan.shards[index]).collect();
    if shards.is_empty() {
        return Ok(());
    }
    let place = store.location().to_string();
    let jobs: Vec<Job> = shards.iter().map(|shard| plan.job(shard, &place)).collect();
    let queue = engine::queue(typed).await?;
    let enqueued = enqueue(queue.queue.as_ref(), &jobs, &shards).await?;
    report.refused.extend(enqueued.refused.into_iter().map(|(shard, reason)| Refused { shard, reason }));

    let (stopper, signal) = Stopper::new();
    let (events, heard) = mpsc::unbounded_channel();
    let drain_settings = DrainSettings {
        slots: settings.workers,
        until_empty: true,
        // Short: the slot that finds nothing left is what the end of a run waits for.
        wait: std::time::Duration::from_millis(50),
        patience: Patience::default(),
    };
    let draining = tokio::spawn(drain(Arc::clone(&queue.queue), Arc::clone(process), drain_settings, signal, events));
    let progress = Progress::new(shards.len() as u64, quiet);
    report.interrupted = watch::watch(heard, progress, process, &stopper, report).await;
    match draining.await {
        Ok(outcome) => Ok(outcome?),
        Err(error) => Err(CommandError::Usage(format!("the workers ended abnormally: {error}"))),
    }
}
