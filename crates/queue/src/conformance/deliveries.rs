//! Sentences about handing jobs out.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use zagg_core::job::{Job, PlanReference};

use super::kit::{ROUNDING, depth_is, drain, fill, graves, grounds, job, next, nothing};
use super::{Harness, Restart};
use crate::error::Error;
use crate::queue::{Depth, Queue, Settled};

/// Every field survives, odd letters and the largest numbers included.
pub async fn a_job_comes_out_as_it_went_in(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    let plan = PlanReference { key: "\u{1}\"\\ é 冰 🛰".into(), offset: u64::MAX, length: 0, ..job(1).plan };
    let odd = Job { run: "<été & \n'2026'>".into(), granules: u32::MAX, plan, ..job(1) };
    queue.enqueue(&[odd.clone(), job(2)]).await?;
    let before = Instant::now();
    let (first, second) = (next(&*queue).await?, next(&*queue).await?);
    let came: BTreeSet<String> = [&first, &second].iter().map(|delivery| delivery.job.id()).collect();
    assert_eq!(came, [odd.id(), job(2).id()].into());
    for delivery in [first, second] {
        assert!(delivery.job == odd || delivery.job == job(2), "{:?}", delivery.job);
        assert_eq!(delivery.attempt, 1);
        assert!(delivery.expires + ROUNDING >= before + harness.options().term, "the lease has its whole term");
        assert_eq!(queue.ack(&delivery).await?, Settled::Done);
    }
    Ok(())
}

/// Not before, and with another attempt counted.
pub async fn an_unacked_job_comes_back_when_its_lease_ends(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let first = next(&*queue).await?;
    nothing(&*queue, Duration::ZERO, Some(first.expires)).await?;
    harness.lapse(&first).await;
    let again = next(&*queue).await?;
    assert_eq!((again.job.clone(), again.attempt), (first.job, 2));
    assert_ne!(again.receipt, first.receipt);
    queue.ack(&again).await?;
    depth_is(&*queue, Depth::default()).await
}

/// Nothing more than letting go is needed, and nothing less makes it come back.
pub async fn dropping_a_delivery_equals_losing_it(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 2).await?;
    let deliveries = [next(&*queue).await?, next(&*queue).await?];
    let [first, last] = deliveries.clone();
    drop(deliveries);
    nothing(&*queue, Duration::ZERO, Some(first.expires)).await?;
    harness.lapse(&first).await;
    harness.lapse(&last).await;
    assert_eq!(drain(&*queue).await?, [job(0).id(), job(1).id()].into());
    Ok(())
}

/// With a second to spare, which a slow machine may need more than once: one that waits too long always does.
pub async fn an_empty_queue_waits_no_longer_than_asked(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    for wait in [Duration::ZERO, Duration::from_millis(200), Duration::from_millis(1200)] {
        let mut shortest = Duration::MAX;
        for _ in 0..3 {
            let start = Instant::now();
            assert!(queue.receive(10, wait).await?.is_empty());
            shortest = shortest.min(start.elapsed());
            if shortest < wait + Duration::from_secs(1) {
                break;
            }
        }
        assert!(shortest < wait + Duration::from_secs(1), "asked to wait {wait:?}, took {shortest:?}");
    }
    Ok(())
}

/// A receiver that waits is served when the job comes, not when its time is over.
pub async fn a_waiting_receiver_gets_a_job_that_comes_meanwhile(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    let waiting = Arc::clone(&queue);
    let start = Instant::now();
    let receiver = tokio::spawn(async move { waiting.receive(10, Duration::from_secs(15)).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    fill(&*queue, 0, 1).await?;
    let deliveries = receiver.await.map_err(|_| Error::Stopped { queue: queue.name().to_owned() })??;
    assert_eq!(deliveries.iter().map(|delivery| &delivery.job).collect::<Vec<_>>(), [&job(0)]);
    assert!(start.elapsed() < Duration::from_secs(12), "the receiver slept through it");
    Ok(())
}

/// The same for a job that somebody lost.
pub async fn a_waiting_receiver_gets_a_lease_that_ends_meanwhile(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let lost = next(&*queue).await?;
    let waiting = Arc::clone(&queue);
    let receiver = tokio::spawn(async move { next(&*waiting).await });
    harness.lapse(&lost).await;
    let found = receiver.await.map_err(|_| Error::Stopped { queue: queue.name().to_owned() })??;
    assert_eq!((found.job, found.attempt), (lost.job, 2));
    Ok(())
}

/// Four receivers at once; a job may change hands only when its lease has ended.
pub async fn two_receivers_never_hold_the_same_job(harness: &dyn Harness) -> Result<(), Error> {
    const JOBS: u32 = 200;
    let queue = harness.queue();
    fill(&*queue, 0, JOBS).await?;
    let held: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let receivers: Vec<_> = [1, 3, 5, 7]
        .map(|max| {
            let (queue, held) = (Arc::clone(&queue), Arc::clone(&held));
            tokio::spawn(async move { receive_exclusively(&*queue, &held, max).await })
        })
        .into();
    let mut done = BTreeSet::new();
    for receiver in receivers {
        let acked = receiver.await.map_err(|_| Error::Stopped { queue: queue.name().to_owned() })??;
        for id in acked {
            assert!(done.insert(id), "a job was acked twice");
        }
    }
    done.extend(drain(&*queue).await?);
    assert_eq!(done, (0..JOBS).map(|n| job(n).id()).collect());
    Ok(())
}

async fn receive_exclusively(
    queue: &dyn Queue,
    held: &Mutex<HashMap<String, Instant>>,
    max: usize,
) -> Result<Vec<String>, Error> {
    let mut acked = Vec::new();
    loop {
        let deliveries = queue.receive(max, Duration::from_millis(50)).await?;
        let now = Instant::now();
        if deliveries.is_empty() {
            return Ok(acked);
        }
        assert!(deliveries.len() <= max, "more than asked for");
        for delivery in &deliveries {
            let before =
                held.lock().unwrap_or_else(PoisonError::into_inner).insert(delivery.job.id(), delivery.expires);
            assert!(before.is_none_or(|until| until <= now + ROUNDING), "two hold {}", delivery.job.shard);
        }
        tokio::task::yield_now().await;
        for delivery in &deliveries {
            // Forgotten first: once it is acked nobody may get it anyway.
            if Instant::now() < delivery.expires {
                held.lock().unwrap_or_else(PoisonError::into_inner).remove(&delivery.job.id());
            }
            if queue.ack(delivery).await? == Settled::Done {
                acked.push(delivery.job.id());
            }
        }
    }
}

/// Whatever ended the delivery before.
pub async fn attempts_count_up(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let first = next(&*queue).await?;
    queue.release(&first, Duration::ZERO).await?;
    let second = next(&*queue).await?;
    harness.lapse(&second).await;
    let third = next(&*queue).await?;
    assert_eq!([first.attempt, second.attempt, third.attempt], [1, 2, 3]);
    assert!(harness.options().max_attempts >= 3, "the harness allows at least three attempts");
    Ok(())
}

/// Ready, leased, delayed and buried jobs are all still there; a lease that outlived the restart
/// can be settled, another's job comes back.
pub async fn a_broker_restart_loses_nothing(harness: &dyn Harness) -> Result<(), Error> {
    let before = harness.queue();
    fill(&*before, 0, 6).await?;
    let (leased, delayed, buried) = (next(&*before).await?, next(&*before).await?, next(&*before).await?);
    before.release(&delayed, Duration::from_millis(50)).await?;
    before.bury(&buried, &grounds("before the restart")).await?;
    drop(before);
    let queue = match harness.restart().await {
        Restart::Done(queue) => queue,
        Restart::Impossible => {
            assert!(!harness.queue().abilities().durable, "a durable queue can be restarted");
            return Ok(());
        }
    };
    assert!(queue.abilities().durable);
    let mut found = BTreeSet::new();
    if queue.ack(&leased).await? == Settled::Done {
        found.insert(leased.job.id());
    }
    found.extend(drain(&*queue).await?);
    let graves = graves(&*queue, 1).await?;
    assert_eq!(graves[0].job.as_ref(), Some(&buried.job));
    assert!(graves[0].reason.text.contains("before the restart"));
    found.insert(buried.job.id());
    assert_eq!(found, (0..6).map(|n| job(n).id()).collect());
    Ok(())
}
