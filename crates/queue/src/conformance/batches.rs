//! Sentences about enqueueing and counting.

use std::time::Duration;

use zagg_core::fault::Fault;
use zagg_core::job::Job;

use super::Harness;
use super::kit::{depth_is, drain, fill, graves, grounds, huge, job, next};
use crate::error::Error;
use crate::queue::{Depth, Enqueued};

/// As large as the queue says it may be.
pub async fn a_batch_is_accepted_whole(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    let jobs: Vec<Job> = (0..).map(job).take(queue.limits().batch).collect();
    let outcome = queue.enqueue(&jobs).await?;
    assert_eq!(outcome, Enqueued { accepted: jobs.len(), ..Enqueued::default() });
    assert_eq!(drain(&*queue).await?, jobs.iter().map(Job::id).collect());
    Ok(())
}

/// And no message.
pub async fn an_empty_batch_is_no_error(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    assert_eq!(queue.enqueue(&[]).await?, Enqueued::default());
    assert!(queue.receive(0, Duration::from_secs(60)).await?.is_empty(), "nor is asking for nothing");
    depth_is(&*queue, Depth::default()).await
}

/// By the queue itself, whatever its broker would have let through.
pub async fn too_large_a_job_is_refused_naming_the_limit(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    let limit = queue.limits().message_bytes;
    let outcome = queue.enqueue(&[huge(0, limit)]).await?;
    assert_eq!((outcome.accepted, outcome.duplicate, outcome.refused.len()), (0, 0, 1));
    assert_eq!((outcome.refused[0].index, outcome.refused[0].fault), (0, Fault::Capacity));
    assert!(outcome.refused[0].reason.contains(&limit.to_string()), "{}", outcome.refused[0].reason);
    depth_is(&*queue, Depth::default()).await
}

/// The others are queued.
pub async fn a_partial_batch_names_its_failures(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    let limit = queue.limits().message_bytes;
    let outcome = queue.enqueue(&[job(0), huge(1, limit), job(2), huge(3, limit), job(4)]).await?;
    assert_eq!(outcome.accepted, 3);
    assert_eq!(outcome.refused.iter().map(|refused| refused.index).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(drain(&*queue).await?, [0, 2, 4].map(|n| job(n).id()).into());
    Ok(())
}

/// And queues nothing.
pub async fn a_batch_beyond_the_limit_is_an_error_naming_it(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    let limit = queue.limits().batch;
    let jobs: Vec<Job> = (0..).map(job).take(limit + 1).collect();
    let error = queue.enqueue(&jobs).await.err();
    assert!(matches!(&error, Some(Error::BatchTooLarge { limit: named, .. }) if *named == limit), "{error:?}");
    depth_is(&*queue, Depth::default()).await
}

/// In one batch or in two, ready, leased or delayed; where the broker can tell. Elsewhere it may
/// be there twice, and both come out.
pub async fn a_job_enqueued_twice_is_there_once(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    let outcome = queue.enqueue(&[job(0), job(0)]).await?;
    assert_eq!(outcome.accepted + outcome.duplicate, 2);
    if !queue.abilities().duplicates {
        assert_eq!(outcome.duplicate, 0, "a queue that tells duplicates says so in its abilities");
        assert_eq!(drain(&*queue).await?, [job(0).id()].into());
        return Ok(());
    }
    let known = Enqueued { duplicate: 1, ..Enqueued::default() };
    assert_eq!(outcome.duplicate, 1);
    assert_eq!(queue.enqueue(&[job(0)]).await?, known, "while it is ready");
    let delivery = next(&*queue).await?;
    queue.extend(&delivery, Duration::from_secs(60)).await?;
    assert_eq!(queue.enqueue(&[job(0)]).await?, known, "while it is leased");
    queue.release(&delivery, Duration::from_secs(60)).await?;
    assert_eq!(queue.enqueue(&[job(0)]).await?, known, "while it is delayed");
    depth_is(&*queue, Depth { delayed: 1, ..Depth::default() }).await
}

/// Once acked, or buried, a job is as good as new.
pub async fn a_done_job_may_be_enqueued_again(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    assert_eq!(drain(&*queue).await?.len(), 1);
    fill(&*queue, 0, 1).await?;
    let delivery = next(&*queue).await?;
    assert_eq!(delivery.attempt, 1);
    queue.bury(&delivery, &grounds("once")).await?;
    graves(&*queue, 1).await?;
    fill(&*queue, 0, 1).await?;
    assert_eq!(next(&*queue).await?.attempt, 1);
    if queue.abilities().duplicates {
        assert_eq!(queue.buried(10).await?, [], "a job is in one place only");
    }
    Ok(())
}

/// Every job is in exactly one state.
pub async fn depth_adds_up(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 7).await?;
    depth_is(&*queue, Depth { ready: 7, ..Depth::default() }).await?;
    let mut deliveries = Vec::new();
    for _ in 0..4 {
        let delivery = next(&*queue).await?;
        queue.extend(&delivery, Duration::from_secs(60)).await?;
        deliveries.push(delivery);
    }
    depth_is(&*queue, Depth { ready: 3, leased: 4, ..Depth::default() }).await?;
    queue.release(&deliveries[0], Duration::from_secs(60)).await?;
    queue.bury(&deliveries[1], &grounds("for the count")).await?;
    queue.ack(&deliveries[2]).await?;
    let expected = Depth { ready: 3, leased: 1, delayed: 1, buried: 1 };
    depth_is(&*queue, expected).await?;
    assert_eq!(expected.pending(), 5);
    Ok(())
}
