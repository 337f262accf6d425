use std::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering},
};

use zagg_core::{digest::Digest, fault::Fault};
use zagg_queue::{
    memory::Memory,
    queue::{Abilities, Buried, Class, Delivery, Depth, Limits, Options, Reason, Refused, Settled},
};

use super::*;

fn plan(shards: usize) -> RunPlan {
    RunPlan::of_labels("r", (0..shards).map(|n| format!("1{n}")).collect(), Digest::of(b"p"))
}

#[tokio::test]
async fn every_job_is_accounted_for() {
    let (queue, plan) = (Memory::new(Options::default()), plan(2500));
    let places: Vec<usize> = (0..2500).collect();
    let told = Cell::new(0);
    let report = enqueue(&queue, &plan, &places, "/s", None, |n| told.set(n)).await.unwrap();
    assert_eq!((report.accepted, report.duplicate, report.refused.len(), told.get()), (2500, 0, 0, 2500));
    let report = enqueue(&queue, &plan, &places[..10], "/s", None, |_| {}).await.unwrap();
    assert_eq!((report.accepted, report.duplicate), (0, 10));
    let first = queue.receive(1, Duration::ZERO).await.unwrap();
    assert_eq!(first[0].job.shard, "10", "jobs are handed out in the plan's order");
}

#[test]
fn refused_jobs_are_named_and_not_in_the_journal() {
    let plan = plan(4);
    let mut report = EnqueueReport::default();
    let mut journal = Journal::new("q");
    let refused = |index| Refused { index, fault: Fault::Capacity, reason: format!("no {index}") };
    let outcome = Enqueued { accepted: 2, duplicate: 0, refused: vec![refused(2), refused(0)] };
    take(&mut report, &plan, &[3, 2, 1, 0], outcome, Some(&mut journal));
    assert_eq!(report.refused, [("13".to_owned(), "no 0".to_owned()), ("11".to_owned(), "no 2".to_owned())]);
    assert!(journal.has(2) && journal.has(0) && !journal.has(3) && !journal.has(1));
}

/// A queue that is gone after so many batches.
#[derive(Debug)]
struct Dying {
    queue: Memory,
    batches: AtomicUsize,
}

#[async_trait::async_trait]
impl Queue for Dying {
    fn name(&self) -> &str {
        self.queue.name()
    }
    fn limits(&self) -> Limits {
        Limits { batch: 10, ..self.queue.limits() }
    }
    fn abilities(&self) -> Abilities {
        self.queue.abilities()
    }
    async fn enqueue(&self, jobs: &[Job]) -> Result<Enqueued, QueueError> {
        if self.batches.fetch_sub(1, Ordering::SeqCst) == 0 {
            self.batches.store(0, Ordering::SeqCst);
            return Err(QueueError::Stopped { queue: "dying".to_owned() });
        }
        self.queue.enqueue(jobs).await
    }
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        self.queue.receive(max, wait).await
    }
    async fn extend(&self, delivery: &Delivery, term: Duration) -> Result<Instant, QueueError> {
        self.queue.extend(delivery, term).await
    }
    async fn ack(&self, delivery: &Delivery) -> Result<Settled, QueueError> {
        self.queue.ack(delivery).await
    }
    async fn release(&self, delivery: &Delivery, after: Duration) -> Result<Settled, QueueError> {
        self.queue.release(delivery, after).await
    }
    async fn put_back(&self, delivery: &Delivery) -> Result<Settled, QueueError> {
        self.queue.put_back(delivery).await
    }
    async fn bury(&self, delivery: &Delivery, reason: &Reason) -> Result<Settled, QueueError> {
        self.queue.bury(delivery, reason).await
    }
    async fn depth(&self) -> Result<Depth, QueueError> {
        self.queue.depth().await
    }
    async fn buried(&self, max: usize) -> Result<Vec<Buried>, QueueError> {
        self.queue.buried(max).await
    }
    async fn redrive(&self, max: usize, class: Option<Class>) -> Result<usize, QueueError> {
        self.queue.redrive(max, class).await
    }
}

#[tokio::test]
async fn a_producer_that_failed_in_the_middle_goes_on_with_exactly_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let location = zagg_store::Location::parse(folder.path().to_str().unwrap()).unwrap();
    let store = Store::open(&location, &zagg_store::StoreSettings::default()).unwrap();
    let (plan, places) = (plan(300), (0..300).collect::<Vec<usize>>());
    let queue = Dying { queue: Memory::new(Options::default()), batches: AtomicUsize::new(12) };
    let journal = Some((&store, Journal::new("memory:")));
    let error = enqueue(&queue, &plan, &places, "/s", journal, |_| {}).await.unwrap_err();
    assert!(matches!(error, ProducerError::Queue(_)), "{error}");
    let journal = Journal::find(&store, &plan.run, "memory:").await.unwrap();
    assert_eq!(journal.len() as u64, queue.depth().await.unwrap().ready, "the journal holds what the queue holds");
    let missing: Vec<usize> = places.iter().copied().filter(|&place| !journal.has(place)).collect();
    assert!(!missing.is_empty() && missing.len() < 300);
    queue.batches.store(usize::MAX, Ordering::SeqCst);
    let report = enqueue(&queue, &plan, &missing, "/s", Some((&store, journal)), |_| {}).await.unwrap();
    assert_eq!((report.accepted, report.duplicate), (missing.len(), 0));
    assert_eq!(queue.depth().await.unwrap().ready, 300);
    assert_eq!(Journal::find(&store, &plan.run, "another:").await.unwrap().len(), 0, "a journal is of one queue");
}
