//! The Lambda door: an SQS event in, the records that failed out. The event source mapping receives
//! and deletes; this door does the jobs and says which must come back.

mod asked;

mod emf;

mod event;

mod time;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures::{StreamExt as _, stream};
use lambda_runtime::{Error as LambdaError, LambdaEvent, service_fn};
use tokio::sync::OnceCell;
use tracing::{info, warn};
use zagg_core::{
    fault::{Fault, chain},
    job::Job,
};
use zagg_queue::{
    error::Error as QueueError,
    queue::{Delivery, Options, Queue as _, Reason},
    sqs::{Sqs, address_of_arn},
};

use asked::Asked;
pub use event::{Record, SqsAnswer, SqsEvent};

use crate::{
    error::ProcessError,
    event::{Delivered, Dropped, Event, Trouble},
    observe::Observer,
    runs::Runs,
    verdict::{Patience, Verdict},
};

/// What every invocation works with.
#[derive(Debug)]
pub struct Function {
    /// What does the jobs.
    pub runs: Runs,
    /// Who counts.
    pub observer: Observer,
    /// How often a job is tried again.
    pub patience: Patience,
    /// Records of one event that are worked on at once.
    pub slots: usize,
    /// The function's name, for its metrics.
    pub name: String,
    /// How its queue is used.
    pub options: Options,
    queue: OnceCell<Sqs>,
    told: Mutex<Asked>,
}

/// What is to be told of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is settled: the mapping may delete it.
    Settled,
    /// It must come back.
    Failed,
}

impl Function {
    /// A function that has not been invoked yet.
    #[must_use]
    pub fn new(
        runs: Runs,
        observer: Observer,
        patience: Patience,
        options: Options,
        slots: usize,
        name: String,
    ) -> Self {
        let (queue, told) = (OnceCell::new(), Mutex::default());
        Self { runs, observer, patience, slots, name, options, queue, told }
    }

    /// Answers invocations until the platform ends the process.
    ///
    /// # Errors
    /// When the runtime interface fails.
    pub async fn serve(self) -> Result<(), LambdaError> {
        let function = Arc::new(self);
        lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
            let function = Arc::clone(&function);
            // Boxed: the runtime nests it deeply.
            Box::pin(async move { function.invoke(event).await })
        }))
        .await
    }

    /// Does the records of one event. Whatever a record meets, the others are done; what did not come
    /// to an end in time is reported as failed.
    async fn invoke(&self, event: LambdaEvent<SqsEvent>) -> Result<SqsAnswer, LambdaError> {
        let whole = time::left(event.context.deadline, since_1970());
        let deadline = Instant::now() + whole;
        let Some(first) = event.payload.records.first() else { return Ok(SqsAnswer::default()) };
        // Without the queue nothing can be settled: the whole batch fails and comes back.
        let queue = self.queue(&first.event_source_arn).await?;
        let fates = stream::iter(event.payload.records.iter().map(|record| async move {
            (record.message_id.clone(), self.serve_record(queue, record, deadline, whole).await)
        }));
        let fates: Vec<(String, Fate)> = fates.buffer_unordered(self.slots.max(1)).collect().await;
        let failed = fates.into_iter().filter(|(_, fate)| *fate == Fate::Failed).map(|(id, _)| id);
        Ok(SqsAnswer::of(failed))
    }

    async fn queue(&self, arn: &str) -> Result<&Sqs, QueueError> {
        self.queue.get_or_try_init(|| async { Sqs::open(&address_of_arn(arn)?, self.options).await }).await
    }

    async fn serve_record(&self, queue: &Sqs, record: &Record, deadline: Instant, whole: Duration) -> Fate {
        let count = record.receive_count();
        match queue.delivery(&record.body, &record.receipt_handle, count) {
            Ok(delivery) => self.serve_delivery(queue, &delivery, deadline, whole).await,
            Err(why) => {
                warn!(message = record.message_id, error = chain(&why), "buried: not a job");
                told(queue.bury_record(&record.body, &record.receipt_handle, count, &why).await)
            }
        }
    }

    async fn serve_delivery(&self, queue: &Sqs, delivery: &Delivery, deadline: Instant, whole: Duration) -> Fate {
        let (job, attempt) = (&delivery.job, delivery.attempt);
        let begun = Instant::now();
        let left = deadline.saturating_duration_since(begun);
        // A job that gets less than half of an invocation had better get a whole one; nothing can be said of
        // one that gets none.
        if left < whole / 2 || left.is_zero() {
            return self.put_back(queue, delivery).await;
        }
        self.tell(&Event::Started { shard: job.shard.clone(), attempt, waited: self.waited(job) });
        match tokio::time::timeout(left, self.runs.process(job, attempt)).await {
            Ok(Ok(report)) => {
                let delivered = Delivered { run: job.run.clone(), attempt };
                self.tell(&Event::Finished(Box::new(report), delivered));
                Fate::Settled
            }
            Ok(Err(error)) => self.fail(queue, delivery, &error, begun).await,
            Err(_) => {
                let seconds = begun.elapsed().as_secs_f64();
                let error = ProcessError::TooLong { shard: job.shard.clone(), seconds };
                self.fail(queue, delivery, &error, begun).await
            }
        }
    }

    async fn fail(&self, queue: &Sqs, delivery: &Delivery, error: &ProcessError, begun: Instant) -> Fate {
        let (job, attempt, fault) = (&delivery.job, delivery.attempt, error.fault());
        let trouble = Trouble::new(job, attempt, error, begun.elapsed().as_secs_f64());
        let verdict = self.patience.within(queue.limits().attempts).verdict(fault, attempt).spread(job, attempt);
        match verdict {
            Verdict::Ack => Fate::Settled,
            Verdict::Release { after } => {
                info!(shard = job.shard, fault = fault.name(), attempt, ?after, "released");
                if let Err(error) = queue.release(delivery, after).await {
                    warn!(error = chain(&error), "no delay: the record comes back after its visibility time-out");
                }
                self.tell(&Event::Released(trouble));
                Fate::Failed
            }
            Verdict::Bury => {
                let reason = Reason::new(fault.into(), trouble.reason.as_str());
                let fate = told(queue.bury(delivery, &reason).await);
                self.tell(&if fate == Fate::Settled { Event::Buried(trouble) } else { Event::Released(trouble) });
                fate
            }
        }
    }

    async fn put_back(&self, queue: &Sqs, delivery: &Delivery) -> Fate {
        if let Err(error) = queue.put_back(delivery).await {
            warn!(error = chain(&error), "not put back: the record comes back after its visibility time-out");
        }
        self.tell(&Event::Dropped { shard: delivery.job.shard.clone(), why: Dropped::Stopped });
        Fate::Failed
    }

    fn waited(&self, job: &Job) -> Option<f64> {
        self.runs.begun(job).map(|begun| (since_1970().as_secs_f64() - begun as f64).max(0.0))
    }

    fn tell(&self, event: &Event) {
        self.observer.take(event);
        if let Some(line) = emf::line(event, &self.name, self.observer.rates(), || self.asked()) {
            emf::print(&line);
        }
    }

    /// What was asked of granules and store since the last call. Jobs share what is read of a granule, so
    /// this belongs to no job; lines add up to what was asked.
    fn asked(&self) -> Asked {
        let now = Asked::of(&self.runs);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.since(*told);
        *told = now;
        since
    }
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// What is buried by us is settled; what could not be buried must come back.
fn told<T>(outcome: Result<T, QueueError>) -> Fate {
    match outcome {
        Ok(_) => Fate::Settled,
        Err(error) => {
            warn!(error = chain(&error), fault = Fault::name(error.fault()), "not buried: the record comes back");
            Fate::Failed
        }
    }
}
