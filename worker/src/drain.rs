//! The drain: slots that take jobs from a queue until they are told to stop or nothing is left.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::{sync::mpsc::UnboundedSender, task::JoinSet};
use tracing::{debug, info, warn};
use zagg_core::{fault::Fault, job::Job};
use zagg_queue::{
    error::Error as QueueError,
    lease::Lease,
    queue::{Delivery, Queue, Reason},
};

use crate::{
    error::ProcessError,
    process::Process,
    report::JobReport,
    stop::{Stop, StopSignal},
    verdict::{Patience, Verdict},
};

/// How a drain is run.
#[derive(Debug, Clone, Copy)]
pub struct DrainSettings {
    /// Jobs in work at once.
    pub slots: usize,
    /// End when the queue has nothing ready, leased or delayed.
    pub until_empty: bool,
    /// How long one receive waits.
    pub wait: Duration,
    /// How often a job is tried again.
    pub patience: Patience,
}

/// What happened to a job.
#[derive(Debug)]
pub enum Event {
    /// Work on a shard began.
    Started {
        /// The shard's label.
        shard: String,
    },
    /// A shard is done.
    Finished(Box<JobReport>),
    /// A job goes back and will be tried again.
    Released(Trouble),
    /// A job was set aside.
    Buried(Trouble),
    /// Work was dropped: the run was stopped, or the lease was lost.
    Dropped {
        /// The shard's label.
        shard: String,
    },
}

/// Why a job was not done.
#[derive(Debug, Clone, Serialize)]
pub struct Trouble {
    /// The shard's label.
    pub shard: String,
    /// The fault's name.
    pub fault: &'static str,
    /// The whole chain of causes.
    pub reason: String,
    /// Which delivery it was, from 1.
    pub attempt: u32,
}

/// Takes jobs until told to stop (or, with `until_empty`, until none is left). A job in flight when
/// the stop says "drop" is left unsettled and comes back.
///
/// # Errors
/// When the queue cannot be reached. Jobs in flight are finished first.
pub async fn drain(
    queue: Arc<dyn Queue>,
    process: Arc<Process>,
    settings: DrainSettings,
    stop: StopSignal,
    events: UnboundedSender<Event>,
) -> Result<(), QueueError> {
    let mut slots = JoinSet::new();
    for _ in 0..settings.slots.max(1) {
        let slot = Slot {
            queue: Arc::clone(&queue),
            process: Arc::clone(&process),
            settings,
            stop: stop.clone(),
            events: events.clone(),
        };
        slots.spawn(slot.work());
    }
    let mut outcome = Ok(());
    while let Some(ended) = slots.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => outcome = outcome.and(Err(error)),
            Err(error) => warn!(%error, "a slot ended abnormally"),
        }
    }
    outcome
}

struct Slot {
    queue: Arc<dyn Queue>,
    process: Arc<Process>,
    settings: DrainSettings,
    stop: StopSignal,
    events: UnboundedSender<Event>,
}

impl Slot {
    async fn work(self) -> Result<(), QueueError> {
        loop {
            let received = tokio::select! {
                () = self.stop.reached(Stop::Finish) => return Ok(()),
                received = self.queue.receive(1, self.settings.wait) => received?,
            };
            if received.is_empty() && self.settings.until_empty && self.queue.depth().await?.pending() == 0 {
                return Ok(());
            }
            for delivery in received {
                self.serve(delivery).await?;
            }
        }
    }

    async fn serve(&self, delivery: Delivery) -> Result<(), QueueError> {
        let (job, attempt) = (delivery.job.clone(), delivery.attempt);
        let lease = Lease::hold(Arc::clone(&self.queue), delivery, self.queue.limits().term)?;
        self.tell(Event::Started { shard: job.shard.clone() });
        let done = tokio::select! {
            done = self.process.process(&job) => Some(done),
            _ = lease.lost() => None,
            () = self.stop.reached(Stop::Drop) => None,
        };
        match done {
            None => {
                info!(shard = job.shard, "dropped, unsettled");
                self.tell(Event::Dropped { shard: job.shard });
            }
            Some(Ok(report)) => {
                lease.ack().await?;
                debug!(shard = job.shard, outcome = report.outcome.name(), "done");
                self.tell(Event::Finished(Box::new(report)));
            }
            Some(Err(error)) => self.settle_failure(lease, &job, attempt, &error).await?,
        }
        Ok(())
    }

    async fn settle_failure(
        &self,
        lease: Lease,
        job: &Job,
        attempt: u32,
        error: &ProcessError,
    ) -> Result<(), QueueError> {
        let fault: Fault = error.fault();
        let trouble = Trouble { shard: job.shard.clone(), fault: fault.name(), reason: chain(error), attempt };
        match self.settings.patience.verdict(fault, attempt) {
            Verdict::Ack => {
                lease.ack().await?;
            }
            Verdict::Release { after } => {
                warn!(shard = job.shard, fault = fault.name(), attempt, ?after, reason = trouble.reason, "released");
                lease.release(after).await?;
                self.tell(Event::Released(trouble));
            }
            Verdict::Bury => {
                warn!(shard = job.shard, fault = fault.name(), attempt, reason = trouble.reason, "buried");
                lease.bury(&Reason::new(fault.into(), trouble.reason.as_str())).await?;
                self.tell(Event::Buried(trouble));
            }
        }
        Ok(())
    }

    /// Nobody listening is no reason to stop.
    fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

/// The error and all its causes, in one line, each said once.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
