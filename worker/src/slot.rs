//! One job on loan: done under its lease, then settled.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures::FutureExt as _;
use tokio::{sync::mpsc::UnboundedSender, time::sleep};
use tracing::{debug, error, info, warn};
use zagg_core::{fault::chain, job::Job};
use zagg_queue::{
    error::Error as QueueError,
    lease::Lease,
    queue::{Delivery, Queue, Reason, Settled},
};

use crate::{
    error::ProcessError,
    event::{Delivered, Dropped, Event, Trouble},
    memory::{Eviction, Guard},
    report::JobReport,
    runs::Runs,
    stop::{Stop, StopSignal},
    verdict::{Patience, Verdict},
};

/// The longest pause between two tries to tell the broker a verdict.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What every slot of a worker works with.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) queue: Arc<dyn Queue>,
    /// Where jobs go that are too large for this worker.
    pub(crate) bigger: Option<Arc<dyn Queue>>,
    pub(crate) runs: Arc<Runs>,
    pub(crate) patience: Patience,
    pub(crate) guard: Arc<Guard>,
    pub(crate) stop: StopSignal,
    pub(crate) events: UnboundedSender<Event>,
}

/// How work on a job came to its end.
enum End {
    Done(Box<Result<JobReport, ProcessError>>),
    LeaseLost,
    Stopped,
    Evicted(Eviction),
}

impl Bench {
    /// Does a delivery's job and settles it.
    pub(crate) async fn serve(&self, delivery: Delivery) {
        let (job, attempt) = (delivery.job.clone(), delivery.attempt);
        let begun = Instant::now();
        let lease = match Lease::hold(Arc::clone(&self.queue), delivery, self.queue.limits().term) {
            Ok(lease) => lease,
            Err(error) => return error!(shard = job.shard, error = chain(&error), "no lease can be held"),
        };
        self.tell(Event::Started { shard: job.shard.clone(), attempt, waited: self.waited(&job) });
        match self.work(&job, attempt, &lease).await {
            End::Done(done) => match *done {
                Ok(report) => self.finish(&lease, &job, attempt, report).await,
                Err(error) => self.fail(&lease, &job, attempt, &error, begun).await,
            },
            End::Evicted(Eviction::CannotFit { used, limit }) => {
                let error = ProcessError::TooLarge { shard: job.shard.clone(), used, limit };
                self.fail(&lease, &job, attempt, &error, begun).await;
            }
            End::LeaseLost => self.drop_work(&job, Dropped::LeaseLost),
            End::Stopped => self.put_back(&lease, &job, Dropped::Stopped).await,
            End::Evicted(Eviction::MakeRoom) => self.put_back(&lease, &job, Dropped::Memory).await,
        }
    }

    async fn work(&self, job: &Job, attempt: u32, lease: &Lease) -> End {
        let mut place = self.guard.enter();
        // A panic ends this job only: nothing of it is used afterwards.
        let work = AssertUnwindSafe(self.runs.process(job, attempt)).catch_unwind();
        tokio::select! {
            done = work => End::Done(Box::new(done.unwrap_or_else(|payload| Err(panicked(job, payload.as_ref()))))),
            _ = lease.lost() => End::LeaseLost,
            () = self.stop.reached(Stop::Drop) => End::Stopped,
            eviction = place.evicted() => End::Evicted(eviction),
        }
    }

    async fn finish(&self, lease: &Lease, job: &Job, attempt: u32, report: JobReport) {
        if self.settle(lease, &job.shard, Verdict::Ack, None).await {
            debug!(shard = job.shard, outcome = report.outcome.name(), "done");
            self.tell(Event::Finished(Box::new(report), Delivered { run: job.run.clone(), attempt }));
        }
    }

    async fn fail(&self, lease: &Lease, job: &Job, attempt: u32, error: &ProcessError, begun: Instant) {
        let fault = error.fault();
        let trouble = Trouble::new(job, attempt, error, begun.elapsed().as_secs_f64());
        if fault == zagg_core::fault::Fault::Capacity && self.move_up(lease, job, &trouble).await {
            return;
        }
        let limit = self.queue.limits().attempts;
        let verdict = self.patience.within(limit).verdict(fault, attempt).spread(job, attempt);
        let reason = Reason::new(fault.into(), trouble.reason.as_str());
        if !self.settle(lease, &job.shard, verdict, Some(&reason)).await {
            return;
        }
        let Trouble { shard, reason, .. } = &trouble;
        match verdict {
            Verdict::Ack => {}
            Verdict::Release { after } => {
                warn!(shard, fault = fault.name(), attempt, ?after, reason, "released");
                self.tell(Event::Released(trouble));
            }
            Verdict::Bury => {
                warn!(shard, fault = fault.name(), attempt, reason, "buried");
                self.tell(Event::Buried(trouble));
            }
        }
    }

    /// Sends a job that does not fit to the queue of bigger workers, where there is one.
    async fn move_up(&self, lease: &Lease, job: &Job, trouble: &Trouble) -> bool {
        let Some(bigger) = &self.bigger else { return false };
        match bigger.enqueue(std::slice::from_ref(job)).await {
            Ok(outcome) if outcome.refused.is_empty() => {}
            Ok(outcome) => {
                let reason = outcome.refused.first().map_or("", |refused| refused.reason.as_str());
                warn!(shard = job.shard, reason, queue = bigger.name(), "the queue of bigger workers refuses a job");
                return false;
            }
            Err(error) => {
                warn!(shard = job.shard, error = chain(&error), "the queue of bigger workers cannot be reached");
                return false;
            }
        }
        if self.settle(lease, &job.shard, Verdict::Ack, None).await {
            info!(shard = job.shard, queue = bigger.name(), reason = trouble.reason, "moved to bigger workers");
            self.tell(Event::MovedUp(trouble.clone()));
        }
        true
    }

    async fn put_back(&self, lease: &Lease, job: &Job, why: Dropped) {
        if let Err(error) = lease.put_back().await {
            warn!(shard = job.shard, error = chain(&error), "not put back: it waits for its lease to end");
        }
        self.drop_work(job, why);
    }

    fn drop_work(&self, job: &Job, why: Dropped) {
        info!(shard = job.shard, why = why.name(), "dropped");
        self.tell(Event::Dropped { shard: job.shard.clone(), why });
    }

    /// Tells the broker, again and again while the lease can be held: a broker that is away for a
    /// while must not cost the work. Whether it took it.
    async fn settle(&self, lease: &Lease, shard: &str, verdict: Verdict, reason: Option<&Reason>) -> bool {
        let mut pause = Duration::from_millis(200);
        loop {
            match tell(lease, verdict, reason).await {
                Ok(Settled::Done) => return true,
                Ok(Settled::Stale) => {
                    self.tell(Event::Dropped { shard: shard.to_owned(), why: Dropped::LeaseLost });
                    return false;
                }
                Err(error) if error.may_pass() && !lease.is_lost() && self.stop.now() < Stop::Drop => {
                    debug!(shard, error = chain(&error), "the broker is told again");
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => {
                    warn!(shard, verdict = verdict.name(), error = chain(&error), "the broker could not be told");
                    self.tell(Event::Unsettled { shard: shard.to_owned(), verdict: verdict.name() });
                    return false;
                }
            }
        }
    }

    fn waited(&self, job: &Job) -> Option<f64> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.runs.begun(job).map(|begun| (now.as_secs_f64() - begun as f64).max(0.0))
    }

    /// Nobody listening is no reason to stop.
    pub(crate) fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

fn panicked(job: &Job, payload: &(dyn Any + Send)) -> ProcessError {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let message = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
    ProcessError::Panicked { shard: job.shard.clone(), message }
}

async fn tell(lease: &Lease, verdict: Verdict, reason: Option<&Reason>) -> Result<Settled, QueueError> {
    match (verdict, reason) {
        (Verdict::Release { after }, _) => lease.release(after).await,
        (Verdict::Bury, Some(reason)) => lease.bury(reason).await,
        (Verdict::Ack | Verdict::Bury, _) => lease.ack().await,
    }
}
