//! Sentences about extending, and about [`Lease`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Harness;
use super::kit::{PATIENCE, depth_is, fill, grounds, job, next, nothing};
use crate::error::Error;
use crate::lease::Lease;
use crate::queue::{Depth, Queue, Settled};

/// Beyond its first term, until its new end.
pub async fn an_extended_lease_keeps_others_away(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let delivery = next(&*queue).await?;
    let end = queue.extend(&delivery, harness.options().term * 4).await?;
    assert!(end > delivery.expires);
    harness.lapse(&delivery).await;
    nothing(&*queue, harness.options().term, Some(end)).await?;
    let again = queue.extend(&delivery, Duration::from_secs(60)).await?;
    assert!(again > end);
    nothing(&*queue, Duration::ZERO, Some(again)).await?;
    assert_eq!(queue.ack(&delivery).await?, Settled::Done);
    Ok(())
}

/// All threads of the caller's runtime are blocked for several terms. A machine that is too busy
/// to run even the keeper's thread may lose the lease: then it is tried again.
pub async fn a_held_lease_outlives_its_term_on_a_blocked_runtime(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    let term = harness.options().term;
    for n in 0..3 {
        fill(&*queue, n, n + 1).await?;
        let lease = Lease::hold(Arc::clone(&queue), next(&*queue).await?, term)?;
        for _ in 0..4 {
            tokio::spawn(async move { std::thread::sleep(term * 2) });
        }
        std::thread::sleep(term * 4);
        let deliveries = queue.receive(1, Duration::ZERO).await?;
        if lease.is_lost() {
            for delivery in deliveries {
                queue.ack(&delivery).await?;
            }
            continue;
        }
        assert!(deliveries.is_empty(), "somebody got the job of a lease that was held");
        assert_eq!(lease.ack().await?, Settled::Done);
        return depth_is(&*queue, Depth::default()).await;
    }
    unreachable_lease(&*queue)
}

fn unreachable_lease(queue: &dyn Queue) -> Result<(), Error> {
    Err(Error::Silent { queue: queue.name().to_owned(), doing: "holding a lease, three times", seconds: 0.0 })
}

/// Extending stops; the future of its loss resolves.
pub async fn a_dropped_lease_lets_the_job_come_back(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let delivery = next(&*queue).await?;
    let lease = Lease::hold(Arc::clone(&queue), delivery.clone(), harness.options().term)?;
    let lost = lease.lost();
    drop(lease);
    assert!(matches!(*lost.await, Error::LeaseLost { .. }));
    harness.lapse(&delivery).await;
    assert_eq!(next(&*queue).await?.attempt, 2);
    Ok(())
}

/// The holder hears of it, and its verdicts change nothing.
pub async fn a_held_lease_is_lost_when_another_has_the_job(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let mut mine = next(&*queue).await?;
    harness.lapse(&mine).await;
    let theirs = next(&*queue).await?;
    queue.extend(&theirs, Duration::from_secs(60)).await?;
    // As if this machine had slept, and its clock with it.
    mine.expires = Instant::now() + PATIENCE;
    let lease = Lease::hold(Arc::clone(&queue), mine, harness.options().term)?;
    let why = lease.lost().await;
    assert!(matches!(*why, Error::LeaseLost { .. }), "{why}");
    assert!(lease.is_lost());
    assert_eq!(lease.release(Duration::ZERO).await?, Settled::Stale);
    nothing(&*queue, Duration::ZERO, None).await?;
    assert_eq!(queue.ack(&theirs).await?, Settled::Done);
    Ok(())
}

/// Each verdict through the lease, from a task of its own.
pub async fn a_held_lease_settles_the_job(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 3).await?;
    for n in 0..3 {
        let lease = Lease::hold(Arc::clone(&queue), next(&*queue).await?, Duration::from_secs(60))?;
        assert_eq!((lease.job().plan.key.as_str(), lease.attempt()), (job(n).plan.key.as_str(), 1));
        let task = tokio::spawn(async move {
            match n {
                0 => lease.ack().await,
                1 => lease.release(Duration::from_secs(60)).await,
                _ => lease.bury(&grounds("through the lease")).await,
            }
        });
        let settled = task.await.map_err(|_| Error::Stopped { queue: queue.name().to_owned() })??;
        assert_eq!(settled, Settled::Done);
    }
    depth_is(&*queue, Depth { delayed: 1, buried: 1, ..Depth::default() }).await
}
