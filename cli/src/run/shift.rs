//! The work itself: jobs onto the queue, workers on the jobs, until nothing is left.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;
use zagg_producer::{Prepared, RunPlan, enqueue};
use zagg_store::Location;
use zagg_worker::{Drain, DrainSettings, Patience, Process, Runs, Stopper, drain};

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

/// A person waits: what may pass is tried again sooner than in a fleet.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// How long a broker may be away before the run gives up.
const BROKER_PATIENCE: Duration = Duration::from_secs(60);

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
        let places = &self.prepared.to_do;
        if places.is_empty() {
            return Ok(());
        }
        let queue = engine::queue(self.typed).await?;
        let enqueued = enqueue(queue.queue.as_ref(), self.plan, places, &store.to_string(), None, |_| {}).await?;
        report.refused.extend(enqueued.refused.into_iter().map(|(shard, reason)| Refused { shard, reason }));

        let (stopper, signal) = Stopper::new();
        let (events, heard) = mpsc::unbounded_channel();
        let settings = DrainSettings {
            slots: self.settings.workers,
            until_empty: true,
            wait: WAIT,
            patience: Patience { first_wait: FIRST_RETRY, ..Patience::default() },
            broker_patience: BROKER_PATIENCE,
        };
        let work = Drain {
            queue: Arc::clone(&queue.queue),
            bigger: None,
            runs: Arc::new(Runs::One(Arc::clone(self.process))),
            guard: Arc::default(),
            pulse: Arc::default(),
        };
        let draining = tokio::spawn(drain(work, settings, signal, events));
        let progress = Progress::new(places.len() as u64, self.quiet);
        report.interrupted = watch::watch(heard, progress, self.process, &stopper, report).await;
        match draining.await {
            Ok(outcome) => Ok(outcome?),
            Err(error) => Err(CommandError::Usage(format!("the workers ended abnormally: {error}"))),
        }
    }
}
