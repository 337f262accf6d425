//! How many jobs a second go through a queue.
//!
//! `cargo run --release -p zagg-queue --example queue_rate --features redis -- URL [JOBS] [SLOTS]`:
//! enqueues JOBS jobs (default 20,000) in full batches, several of them in flight; then SLOTS slots
//! (default 64) each receive one and ack it until none is left. The queue must be empty at first.
//! Then the same by the broker's client library alone, and the ratio.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

mod bare;

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use zagg_core::job::Job;
use zagg_queue::conformance::kit::job;
use zagg_queue::queue::{Options, Queue, Settled};
use zagg_queue::url::QueueUrl;

/// Batches that are under way at the same time.
pub(crate) const IN_FLIGHT: usize = 8;
/// How long a slot waits for a job before it takes the queue for empty.
const WAIT: Duration = Duration::from_secs(1);

pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let typed = arguments.next().ok_or("usage: queue_rate URL [JOBS] [SLOTS]")?;
    let url: QueueUrl = typed.parse()?;
    let jobs: u32 = arguments.next().map_or(Ok(20_000), |text| text.parse())?;
    let slots: usize = arguments.next().map_or(Ok(64), |text| text.parse())?;
    url.create(Options::default()).await?;
    let queue = url.open(Options::default()).await?;
    let before = queue.depth().await?;
    if before.pending() > 0 {
        return Err(format!("{} has {} jobs already", queue.name(), before.pending()).into());
    }
    println!("{}", queue.name());
    let start = Instant::now();
    let accepted = enqueue(&queue, jobs).await?;
    let enqueued = start.elapsed();
    report("enqueued", accepted, enqueued);
    let (done, drained) = drain(&queue, slots, jobs).await?;
    report("received and acked", done, drained);
    if let Some(bare) = bare::run(&typed, jobs, slots).await? {
        report("enqueued by the bare client", jobs as usize, bare.enqueued);
        report("received and acked by the bare client", jobs as usize, bare.drained);
        let ratio = |ours: Duration, bare: Duration| bare.as_secs_f64() / ours.as_secs_f64();
        println!("ratio: enqueue {:.2}, drain {:.2}", ratio(enqueued, bare.enqueued), ratio(drained, bare.drained));
    }
    Ok(())
}

fn report(what: &str, jobs: usize, took: Duration) {
    println!("{jobs} {what} in {:.2} s: {:.0} jobs/s", took.as_secs_f64(), jobs as f64 / took.as_secs_f64());
}

async fn enqueue(queue: &Arc<dyn Queue>, count: u32) -> Outcome<usize> {
    let jobs: Vec<Job> = (0..count).map(job).collect();
    let (mut accepted, mut under_way) = (0, JoinSet::new());
    for part in jobs.chunks(queue.limits().batch.max(1)) {
        if under_way.len() == IN_FLIGHT
            && let Some(one) = under_way.join_next().await
        {
            accepted += one??;
        }
        let (queue, part) = (Arc::clone(queue), part.to_vec());
        under_way.spawn(async move { queue.enqueue(&part).await.map(|outcome| outcome.accepted) });
    }
    while let Some(one) = under_way.join_next().await {
        accepted += one??;
    }
    Ok(accepted)
}

/// How many jobs were acked, and how long it took until the last one.
async fn drain(queue: &Arc<dyn Queue>, slots: usize, jobs: u32) -> Outcome<(usize, Duration)> {
    let start = Instant::now();
    let mut under_way = JoinSet::new();
    for _ in 0..slots {
        under_way.spawn(slot(Arc::clone(queue), start));
    }
    let (mut done, mut last) = (0, Duration::ZERO);
    while let Some(one) = under_way.join_next().await {
        let (acked, at) = one??;
        done += acked;
        last = last.max(at);
    }
    if done < jobs as usize {
        println!("{} of {jobs} jobs were not there or not acked in time", jobs as usize - done);
    }
    Ok((done, last))
}

async fn slot(queue: Arc<dyn Queue>, start: Instant) -> Outcome<(usize, Duration)> {
    let (mut done, mut last) = (0, Duration::ZERO);
    loop {
        let deliveries = queue.receive(1, WAIT).await?;
        if deliveries.is_empty() {
            return Ok((done, last));
        }
        for delivery in deliveries {
            if queue.ack(&delivery).await? == Settled::Done {
                done += 1;
                last = start.elapsed();
            }
        }
    }
}
