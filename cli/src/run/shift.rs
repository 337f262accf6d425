//! The work itself: jobs onto the queue, workers on the jobs, until nothing is left.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;
use zagg_core::job::Job;
use zagg_producer::{PlannedShard, Prepared, RunPlan, enqueue};
use zagg_store::Location;
use zagg_worker::{DrainSettings, Patience, Process, Stopper, drain};

use crate::{args::RunArguments, error::CommandError};

use super::{
    engine,
    progress::Progress,
    report::{Refused, RunReport},
    settings::Settings,
    watch,
};

/// Short: the slot that finds nothing left is what the end of a run waits for.
const WAIT: Duration = Duration::from_millis(50);

/// What one run works with.
pub(super) struct Shift<'a> {
    pub(super) typed: &'a RunArguments,
    pub(super) quiet: bool,
    pub(super) settings: &'a Settings,
    pub(super) plan: &'a RunPlan,
    pub(super) prepared: &'a Prepared,
    pub(super) process: &'a Arc<Process>,
}

impl Shift<'_> {
    /// Enqueues what is to do and works until nothing is left or the user stops it.
    pub(super) async fn work(&self, store: &Location, report: &mut RunReport) -> Result<(), CommandError> {
        let shards: Vec<&PlannedShard> = self.prepared.to_do.iter().map(|&index| &self.plan.shards[index]).collect();
        if shards.is_empty() {
            return Ok(());
        }
        let place = store.to_string();
        let jobs: Vec<Job> = shards.iter().map(|shard| self.plan.job(shard, &place)).collect();
        let queue = engine::queue(self.typed).await?;
        let enqueued = enqueue(queue.queue.as_ref(), &jobs, &shards).await?;
        report.refused.extend(enqueued.refused.into_iter().map(|(shard, reason)| Refused { shard, reason }));

        let (stopper, signal) = Stopper::new();
        let (events, heard) = mpsc::unbounded_channel();
        let settings = DrainSettings {
            slots: self.settings.workers,
            until_empty: true,
            wait: WAIT,
            patience: Patience::default(),
        };
        let (jobs, process) = (Arc::clone(&queue.queue), Arc::clone(self.process));
        let draining = tokio::spawn(drain(jobs, process, settings, signal, events));
        let progress = Progress::new(shards.len() as u64, self.quiet);
        report.interrupted = watch::watch(heard, progress, self.process, &stopper, report).await;
        match draining.await {
            Ok(outcome) => Ok(outcome?),
            Err(error) => Err(CommandError::Usage(format!("the workers ended abnormally: {error}"))),
        }
    }
}
