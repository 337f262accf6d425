//! What the sentences are made of.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use zagg_core::digest::Digest;
use zagg_core::job::{JOB_SCHEMA, Job, PlanReference};

use crate::error::Error;
use crate::queue::{Class, Delivery, Depth, Queue, Reason, Settled};

/// What is waited for at most where something must come, on however slow a machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A delivery may come this much before the time that was promised: brokers round.
pub const ROUNDING: Duration = Duration::from_millis(5);

/// A job; another one for each `n`.
#[must_use]
pub fn job(n: u32) -> Job {
    let plan = PlanReference {
        store: "s3://bucket/store.zarr".into(),
        key: "runs/conformance/plan.jsonl".into(),
        offset: u64::from(n) * 100,
        length: 100,
    };
    Job {
        schema: JOB_SCHEMA.into(),
        run: "conformance".into(),
        shard: format!("-511{n:04}"),
        granules: n,
        plan,
        pipeline: Digest::of(b"conformance"),
    }
}

/// A reason whose class is of no matter.
#[must_use]
pub fn grounds(text: &str) -> Reason {
    Reason::new(Class::Malformed, text)
}

/// A job that no queue takes.
#[must_use]
pub fn huge(n: u32, limit: usize) -> Job {
    Job { run: "x".repeat(limit), ..job(n) }
}

/// Enqueues the jobs numbered `from..to`, and expects that all are taken.
pub async fn fill(queue: &dyn Queue, from: u32, to: u32) -> Result<(), Error> {
    let jobs: Vec<Job> = (from..to).map(job).collect();
    for part in jobs.chunks(queue.limits().batch) {
        let outcome = queue.enqueue(part).await?;
        assert_eq!((outcome.accepted, outcome.refused.as_slice()), (part.len(), &[][..]), "all jobs are accepted");
    }
    Ok(())
}

/// The next delivery, which must come.
pub async fn next(queue: &dyn Queue) -> Result<Delivery, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(delivery) = queue.receive(1, Duration::from_secs(1)).await?.pop() {
            return Ok(delivery);
        }
        assert!(Instant::now() < deadline, "no job came within {PATIENCE:?}");
    }
}

/// Looks for jobs for a while, and expects none that comes before `free`, the moment from which
/// one may.
pub async fn nothing(queue: &dyn Queue, wait: Duration, free: Option<Instant>) -> Result<(), Error> {
    let deliveries = queue.receive(1, wait).await?;
    let early = free.is_none_or(|free| Instant::now() + ROUNDING < free);
    assert!(deliveries.is_empty() || !early, "a job came out that must not: {deliveries:?}");
    Ok(())
}

/// Receives and acks until nothing is pending; the ids of the jobs.
pub async fn drain(queue: &dyn Queue) -> Result<BTreeSet<String>, Error> {
    let deadline = Instant::now() + PATIENCE;
    let mut ids = BTreeSet::new();
    loop {
        for delivery in queue.receive(10, Duration::from_millis(100)).await? {
            if queue.ack(&delivery).await? == Settled::Done {
                ids.insert(delivery.job.id());
            }
        }
        if queue.depth().await?.pending() == 0 {
            return Ok(ids);
        }
        assert!(Instant::now() < deadline, "the queue was not empty within {PATIENCE:?}");
    }
}

/// Expects the depth to become this; at once where it is exact. Where the broker can't tell a
/// delayed job from a leased one, it is among the leased.
pub async fn depth_is(queue: &dyn Queue, expected: Depth) -> Result<(), Error> {
    let expected = match queue.abilities().tells_delayed {
        true => expected,
        false => Depth { leased: expected.leased + expected.delayed, delayed: 0, ..expected },
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let depth = queue.depth().await?;
        if depth == expected {
            return Ok(());
        }
        let patient = !queue.abilities().exact_depth && Instant::now() < deadline;
        assert!(patient, "the depth is {depth:?}, not {expected:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits for a number of buried jobs, which brokers may set aside in their own time.
pub async fn graves(queue: &dyn Queue, count: usize) -> Result<Vec<crate::queue::Buried>, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let buried = queue.buried(usize::MAX).await?;
        if buried.len() >= count {
            assert_eq!(buried.len(), count, "more is buried than should be: {buried:?}");
            return Ok(buried);
        }
        assert!(Instant::now() < deadline, "{} of {count} jobs are buried: {buried:?}", buried.len());
        nothing(queue, Duration::from_millis(50), None).await?;
    }
}
