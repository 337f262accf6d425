//! Leases over a queue whose extensions fail as told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use zagg_core::fault::Fault;
use zagg_core::job::Job;
use zagg_queue::conformance::kit::{PATIENCE, fill, next};
use zagg_queue::error::Error;
use zagg_queue::lease::Lease;
use zagg_queue::memory::Memory;
use zagg_queue::queue::{Abilities, Buried, Class, Delivery, Depth, Enqueued, Limits, Options, Queue, Reason, Settled};

/// A queue in memory behind a bad line.
#[derive(Debug)]
struct BadLine {
    queue: Memory,
    lease: Duration,
    failing: AtomicBool,
    hanging: AtomicBool,
    /// Verdicts that fail before one gets through.
    bad_verdicts: AtomicU32,
    extensions: AtomicU32,
}

impl BadLine {
    fn new(term: Duration) -> Arc<Self> {
        Arc::new(Self {
            queue: Memory::new(Options { term, max_attempts: 9 }),
            lease: Duration::from_secs(3600),
            failing: AtomicBool::new(false),
            hanging: AtomicBool::new(false),
            bad_verdicts: AtomicU32::new(0),
            extensions: AtomicU32::new(0),
        })
    }

    fn silent(doing: &'static str) -> Error {
        Error::Silent { queue: "bad line".into(), doing, seconds: 0.1 }
    }

    async fn held(self: &Arc<Self>, term: Duration) -> (Lease, Delivery) {
        fill(&**self, 0, 1).await.unwrap();
        let delivery = next(&**self).await.unwrap();
        let queue = Arc::clone(self) as Arc<dyn Queue>;
        (Lease::hold(queue, delivery.clone(), term).unwrap(), delivery)
    }

    fn verdict(&self) -> Result<(), Error> {
        let left = self.bad_verdicts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if left.is_ok() { Err(Self::silent("settling")) } else { Ok(()) }
    }
}

#[async_trait::async_trait]
impl Queue for BadLine {
    fn name(&self) -> &str {
        "bad line"
    }
    fn limits(&self) -> Limits {
        Limits { lease: self.lease, ..self.queue.limits() }
    }
    fn abilities(&self) -> Abilities {
        self.queue.abilities()
    }
    async fn enqueue(&self, jobs: &[Job]) -> Result<Enqueued, Error> {
        self.queue.enqueue(jobs).await
    }
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        self.queue.receive(max, wait).await
    }
    async fn extend(&self, delivery: &Delivery, term: Duration) -> Result<Instant, Error> {
        self.extensions.fetch_add(1, Ordering::SeqCst);
        if self.hanging.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.failing.load(Ordering::SeqCst) {
            return Err(Self::silent("extending"));
        }
        self.queue.extend(delivery, term).await
    }
    async fn ack(&self, delivery: &Delivery) -> Result<Settled, Error> {
        self.verdict()?;
        self.queue.ack(delivery).await
    }
    async fn release(&self, delivery: &Delivery, after: Duration) -> Result<Settled, Error> {
        self.verdict()?;
        self.queue.release(delivery, after).await
    }
    async fn put_back(&self, delivery: &Delivery) -> Result<Settled, Error> {
        self.verdict()?;
        self.queue.put_back(delivery).await
    }
    async fn bury(&self, delivery: &Delivery, reason: &Reason) -> Result<Settled, Error> {
        self.verdict()?;
        self.queue.bury(delivery, reason).await
    }
    async fn depth(&self) -> Result<Depth, Error> {
        self.queue.depth().await
    }
    async fn buried(&self, max: usize) -> Result<Vec<Buried>, Error> {
        self.queue.buried(max).await
    }
    async fn redrive(&self, max: usize, class: Option<Class>) -> Result<usize, Error> {
        self.queue.redrive(max, class).await
    }
}

async fn lost_in_time(lease: &Lease) -> Arc<Error> {
    tokio::time::timeout(PATIENCE, lease.lost()).await.expect("the lease is lost at some time")
}

#[tokio::test]
async fn a_lease_is_extended_at_a_third_of_its_term() {
    let line = BadLine::new(Duration::from_secs(3));
    let start = Instant::now();
    let (lease, _) = line.held(Duration::from_secs(3)).await;
    tokio::time::sleep(Duration::from_millis(7500)).await;
    assert!(!lease.is_lost());
    let (count, thirds) = (line.extensions.load(Ordering::SeqCst), start.elapsed().as_millis() / 999);
    assert!(count >= 4 && u128::from(count) <= thirds, "{count} extensions in {thirds} thirds of a term");
}

#[tokio::test]
async fn a_lease_that_cannot_be_extended_is_lost_before_its_end() {
    for hanging in [false, true] {
        let line = BadLine::new(Duration::from_secs(3));
        line.failing.store(true, Ordering::SeqCst);
        line.hanging.store(hanging, Ordering::SeqCst);
        let (lease, delivery) = line.held(Duration::from_secs(60)).await;
        let why = lost_in_time(&lease).await;
        let now = Instant::now();
        assert!(lease.is_lost());
        // A slow machine may tell late; it must not tell early, when there was time to try again.
        assert!(now + Duration::from_millis(600) > delivery.expires, "{:?} early", delivery.expires - now);
        assert!(line.extensions.load(Ordering::SeqCst) >= 2, "it was tried more than once");
        let Error::LeaseLost { source: Some(source), .. } = &*why else { panic!("{why:?}") };
        assert!(matches!(**source, Error::Silent { .. }), "and the reason is told: {source:?}");
        assert_eq!(lease.ack().await.unwrap(), Settled::Stale, "lost work is not settled");
        assert_eq!(next(&*line).await.unwrap().attempt, 2);
    }
}

#[tokio::test]
async fn a_passing_failure_does_not_cost_the_lease() {
    let line = BadLine::new(Duration::from_secs(6));
    line.failing.store(true, Ordering::SeqCst);
    let (lease, delivery) = line.held(Duration::from_secs(6)).await;
    tokio::time::sleep(Duration::from_millis(3000)).await;
    let tries = line.extensions.load(Ordering::SeqCst);
    assert!(tries >= 2, "{tries} tries");
    line.failing.store(false, Ordering::SeqCst);
    let left = delivery.expires.saturating_duration_since(Instant::now());
    tokio::time::sleep(left + Duration::from_millis(200)).await;
    assert!(!lease.is_lost());
    assert_eq!(lease.ack().await.unwrap(), Settled::Done);
}

#[tokio::test]
async fn nobody_holds_a_job_longer_than_the_queue_allows() {
    let term = Duration::from_millis(1500);
    let line = Arc::new(BadLine { lease: term * 3, ..Arc::into_inner(BadLine::new(term)).unwrap() });
    let start = Instant::now();
    let (lease, _) = line.held(term).await;
    lost_in_time(&lease).await;
    assert!(start.elapsed() > term * 2, "it was extended for a while");
    next(&*line).await.unwrap();
}

#[tokio::test]
async fn a_verdict_is_told_again_until_it_is_heard() {
    let line = BadLine::new(Duration::from_secs(60));
    line.bad_verdicts.store(3, Ordering::SeqCst);
    let (lease, _) = line.held(Duration::from_secs(60)).await;
    assert_eq!(lease.ack().await.unwrap(), Settled::Done);
    assert_eq!(line.depth().await.unwrap(), Depth::default());

    line.bad_verdicts.store(u32::MAX, Ordering::SeqCst);
    let (lease, _) = line.held(Duration::from_secs(60)).await;
    let error = lease.bury(&Reason::new(Class::Bug, "never heard")).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Transient);
}

/// Also the proof that the keeper is not the caller's runtime: this one has a single thread, which
/// does nothing but compute.
#[tokio::test]
async fn computing_on_the_only_thread_does_not_cost_the_lease() {
    let line = BadLine::new(Duration::from_secs(3));
    let (lease, delivery) = line.held(Duration::from_secs(3)).await;
    while Instant::now() < delivery.expires + Duration::from_secs(1) {
        std::hint::black_box((0..100_000_u64).fold(0, |sum, n| sum ^ std::hint::black_box(n)));
    }
    assert!(!lease.is_lost());
    assert!(line.receive(1, Duration::ZERO).await.unwrap().is_empty());
    assert_eq!(lease.ack().await.unwrap(), Settled::Done);
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn all_leases_share_one_thread() {
    let queue: Arc<dyn Queue> = Arc::new(Memory::new(Options::default()));
    fill(&*queue, 0, 100).await.unwrap();
    let mut leases = Vec::new();
    for delivery in queue.receive(100, PATIENCE).await.unwrap() {
        leases.push(Lease::hold(Arc::clone(&queue), delivery, Duration::from_millis(200)).unwrap());
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(leases.len(), 100);
    let names = std::fs::read_dir("/proc/self/task").unwrap().map(|task| {
        let path = task.unwrap().path().join("comm");
        std::fs::read_to_string(path).unwrap_or_default()
    });
    assert_eq!(names.filter(|name| name.trim() == "zagg-lease").count(), 1);
}
