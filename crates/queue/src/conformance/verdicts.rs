//! Sentences about settling.

use std::time::{Duration, Instant};

use super::Harness;
use super::kit::{ROUNDING, depth_is, drain, fill, graves, grounds, job, next, nothing};
use crate::error::Error;
use crate::message::REASON_CHARACTERS;
use crate::queue::{Class, Delivery, Depth, Queue, Reason, Settled};

/// Not even when its lease would have ended.
pub async fn an_acked_job_never_comes_back(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let delivery = next(&*queue).await?;
    assert_eq!(queue.ack(&delivery).await?, Settled::Done);
    harness.lapse(&delivery).await;
    nothing(&*queue, Duration::from_millis(50), None).await?;
    depth_is(&*queue, Depth::default()).await
}

/// A retry after an answer that was lost on its way changes nothing.
pub async fn acking_twice_is_no_error(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 2).await?;
    let delivery = next(&*queue).await?;
    queue.ack(&delivery).await?;
    queue.ack(&delivery).await?;
    assert_eq!(drain(&*queue).await?.len(), 1, "the other job is untouched");
    Ok(())
}

/// An ack that comes after the lease's end, but before anybody else got the job, spares a second
/// run; a broker that sees it otherwise hands the job out again.
pub async fn work_that_is_late_still_counts_while_nobody_else_has_the_job(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let late = next(&*queue).await?;
    harness.lapse(&late).await;
    match queue.ack(&late).await? {
        Settled::Done => depth_is(&*queue, Depth::default()).await,
        Settled::Stale => {
            assert_eq!(next(&*queue).await?.job, late.job);
            Ok(())
        }
    }
}

/// None of the verdicts, and no extension.
pub async fn a_stale_receipt_cannot_settle_anothers_delivery(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let stale = next(&*queue).await?;
    harness.lapse(&stale).await;
    let mut current = next(&*queue).await?;
    current.expires = queue.extend(&current, Duration::from_secs(60)).await?;
    queue.ack(&stale).await?;
    queue.release(&stale, Duration::ZERO).await?;
    queue.bury(&stale, &grounds("stale")).await?;
    let error = queue.extend(&stale, Duration::from_secs(60)).await.err();
    assert!(matches!(error, Some(Error::LeaseLost { .. })), "{error:?}");
    nothing(&*queue, Duration::from_millis(50), Some(current.expires)).await?;
    assert_eq!(queue.buried(10).await?, []);
    queue.extend(&current, Duration::from_secs(60)).await?;
    depth_is(&*queue, Depth { leased: 1, ..Depth::default() }).await?;
    assert_eq!(queue.ack(&current).await?, Settled::Done);
    depth_is(&*queue, Depth::default()).await
}

/// And comes back after it.
pub async fn a_released_job_waits_its_delay(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let delivery = next(&*queue).await?;
    let delay = harness.options().term * 2;
    let free = Instant::now() + delay;
    assert_eq!(queue.release(&delivery, delay).await?, Settled::Done);
    nothing(&*queue, Duration::ZERO, Some(free)).await?;
    nothing(&*queue, delay / 2, Some(free)).await?;
    let again = next(&*queue).await?;
    assert!(Instant::now() + ROUNDING >= free, "the job came back before its delay was over");
    assert_eq!((again.job, again.attempt), (delivery.job, 2));
    Ok(())
}

/// At once, and where the broker can forget it, without the attempt: a worker that is told to stop
/// must not use up the job's patience.
pub async fn a_job_put_back_is_had_at_once_and_costs_no_attempt(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let first = next(&*queue).await?;
    queue.extend(&first, Duration::from_secs(600)).await?;
    queue.release(&first, Duration::ZERO).await?;
    let mut attempt = 2;
    for _ in 0..harness.options().max_attempts - 2 {
        let delivery = next(&*queue).await?;
        assert_eq!(delivery.attempt, attempt);
        queue.extend(&delivery, Duration::from_secs(600)).await?;
        assert_eq!(queue.put_back(&delivery).await?, Settled::Done);
        queue.ack(&delivery).await?;
        attempt += u32::from(!queue.abilities().forgets_attempts);
    }
    let last = next(&*queue).await?;
    assert_eq!((last.job, last.attempt), (first.job, attempt), "what was put back can't be settled any more");
    Ok(())
}

/// Long before its lease would have ended.
pub async fn a_job_released_at_once_comes_back_at_once(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let delivery = next(&*queue).await?;
    queue.extend(&delivery, Duration::from_secs(600)).await?;
    assert_eq!(queue.release(&delivery, Duration::ZERO).await?, Settled::Done);
    assert_eq!(next(&*queue).await?.attempt, 2);
    Ok(())
}

/// And never handed out.
pub async fn a_buried_job_is_found_with_its_reason(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let delivery = next(&*queue).await?;
    let reason = Reason::new(Class::Malformed, "no `h_li` in a.h5\n\"é\"");
    assert_eq!(queue.bury(&delivery, &reason).await?, Settled::Done);
    let graves = graves(&*queue, 1).await?;
    assert_eq!(graves[0].job.as_ref(), Some(&delivery.job));
    assert_eq!(graves[0].reason, reason);
    assert_eq!(graves[0].attempts, 1);
    harness.lapse(&delivery).await;
    nothing(&*queue, Duration::from_millis(50), None).await?;
    depth_is(&*queue, Depth { buried: 1, ..Depth::default() }).await
}

/// Error chains can be long.
pub async fn a_long_reason_is_cut_and_never_refused(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 1).await?;
    let delivery = next(&*queue).await?;
    assert_eq!(queue.bury(&delivery, &grounds(&"é".repeat(100_000))).await?, Settled::Done);
    let reason = &graves(&*queue, 1).await?[0].reason.text;
    assert!(reason.starts_with("ééé") && reason.chars().count() <= REASON_CHARACTERS + 1);
    Ok(())
}

/// The limit is the harness's; every delivery before it happens.
pub async fn a_poison_job_is_buried_after_the_limit(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    let limit = harness.options().max_attempts;
    fill(&*queue, 0, 1).await?;
    for attempt in 1..=limit {
        let delivery = next(&*queue).await?;
        assert_eq!(delivery.attempt, attempt);
        queue.release(&delivery, Duration::ZERO).await?;
    }
    poisoned(&*queue, limit).await
}

/// A job that kills its worker is never released.
pub async fn a_job_whose_workers_die_is_poison_too(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    let limit = harness.options().max_attempts;
    fill(&*queue, 0, 1).await?;
    for _ in 1..=limit {
        let delivery: Delivery = next(&*queue).await?;
        harness.lapse(&delivery).await;
    }
    poisoned(&*queue, limit).await
}

async fn poisoned(queue: &dyn Queue, limit: u32) -> Result<(), Error> {
    nothing(queue, Duration::from_millis(50), None).await?;
    let graves = graves(queue, 1).await?;
    assert_eq!(graves[0].job.as_ref(), Some(&job(0)));
    assert_eq!(graves[0].attempts, limit);
    assert_eq!(graves[0].reason.class, Class::Poison, "{}", graves[0].reason);
    assert!(graves[0].reason.text.contains(&limit.to_string()), "{}", graves[0].reason);
    Ok(())
}

/// As many as asked for, with their attempts counted from one.
pub async fn redriven_jobs_begin_again(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 3).await?;
    let mut receipts = Vec::new();
    for _ in 0..3 {
        let delivery = next(&*queue).await?;
        queue.bury(&delivery, &grounds("try me again")).await?;
        receipts.push(delivery);
    }
    graves(&*queue, 3).await?;
    assert_eq!(queue.redrive(1, None).await?, 1);
    graves(&*queue, 2).await?;
    assert_eq!(queue.redrive(usize::MAX, None).await?, 2);
    assert_eq!(queue.redrive(usize::MAX, None).await?, 0);
    for old in &receipts {
        queue.bury(old, &grounds("with an old receipt")).await?;
    }
    assert_eq!(queue.buried(10).await?, []);
    let first = next(&*queue).await?;
    assert_eq!(first.attempt, 1);
    queue.ack(&first).await?;
    assert_eq!(drain(&*queue).await?.len(), 2);
    Ok(())
}

/// The others stay where they are.
pub async fn redriving_a_class_leaves_the_others_buried(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    fill(&*queue, 0, 4).await?;
    for class in [Class::Malformed, Class::Denied, Class::Malformed, Class::Denied] {
        let delivery = next(&*queue).await?;
        queue.bury(&delivery, &Reason::new(class, "for its class")).await?;
    }
    graves(&*queue, 4).await?;
    assert_eq!(queue.redrive(usize::MAX, Some(Class::Missing)).await?, 0);
    assert_eq!(queue.redrive(1, Some(Class::Denied)).await?, 1);
    assert_eq!(queue.redrive(usize::MAX, Some(Class::Denied)).await?, 1);
    let left = graves(&*queue, 2).await?;
    assert!(left.iter().all(|grave| grave.reason.class == Class::Malformed), "{left:?}");
    assert_eq!(drain(&*queue).await?.len(), 2);
    Ok(())
}

/// It is neither lost nor in anybody's way, and redriving it is harmless.
pub async fn an_undecodable_message_is_buried_with_the_reason(harness: &dyn Harness) -> Result<(), Error> {
    let queue = harness.queue();
    harness.inject(b"not json").await;
    harness.inject(br#"{"schema":"zagg-job/999","shard":"1"}"#).await;
    fill(&*queue, 0, 1).await?;
    let delivery = next(&*queue).await?;
    assert_eq!(delivery.job, job(0));
    queue.ack(&delivery).await?;
    for _ in 0..2 {
        let graves = graves(&*queue, 2).await?;
        assert!(
            graves.iter().all(|grave| grave.job.is_none() && grave.reason.class == Class::Undecodable),
            "{graves:?}"
        );
        assert!(graves.iter().any(|grave| grave.body == "not json"), "{graves:?}");
        assert!(graves.iter().any(|grave| grave.reason.text.contains("zagg-job/999")), "{graves:?}");
        assert_eq!(queue.redrive(10, None).await?, 2);
    }
    Ok(())
}
