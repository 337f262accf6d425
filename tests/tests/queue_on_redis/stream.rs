//! What other programs see of the stream, and what they do to it.

use std::time::{Duration, Instant};

use zagg_queue::conformance::kit::{depth_is, fill, graves, grounds, job, next};
use zagg_queue::error::Error;
use zagg_queue::queue::{Class, Depth, Settled};
use zagg_tests::kit::RedisServer;

use crate::{LONG, OPTIONS, PATIENCE, fresh_name, open};

/// The group's lag and its pending entries, which scalers go by.
fn scaled_by(key: &str) -> (u64, u64) {
    let answer = RedisServer::shared().command(&["XINFO", "GROUPS", key]).unwrap();
    let words: Vec<&str> = answer.lines().filter(|line| !line.starts_with(['*', '$'])).collect();
    let number = |name: &str| {
        let place = words.iter().position(|word| *word == name).unwrap();
        words[place + 1].trim_start_matches(':').parse().unwrap_or_else(|_| panic!("{name} in {words:?}"))
    };
    (number("lag"), number("pending"))
}

#[tokio::test]
async fn ready_jobs_are_the_groups_lag_and_the_others_its_pending_entries() -> Result<(), Error> {
    let name = fresh_name();
    let queue = open(RedisServer::shared(), &name, LONG).await;
    let key = format!("zagg:{{{name}}}:jobs");
    fill(&*queue, 0, 10).await?;
    assert_eq!(scaled_by(&key), (10, 0));
    let held = queue.receive(6, Duration::ZERO).await?;
    assert_eq!(scaled_by(&key), (4, 6));
    queue.ack(&held[0]).await?;
    queue.release(&held[1], Duration::from_secs(60)).await?;
    queue.release(&held[2], Duration::ZERO).await?;
    queue.put_back(&held[3]).await?;
    queue.bury(&held[4], &grounds("for the count")).await?;
    assert_eq!(scaled_by(&key), (6, 2), "ready: 4, one released, one put back; pending: one on loan, one delayed");
    assert_eq!(queue.redrive(1, None).await?, 1);
    assert_eq!(scaled_by(&key), (7, 2));
    depth_is(&*queue, Depth { ready: 7, leased: 1, delayed: 1, buried: 0 }).await
}

#[tokio::test]
async fn a_foreign_entry_is_a_job_when_it_has_one_and_buried_when_not() -> Result<(), Error> {
    let (server, name) = (RedisServer::shared(), fresh_name());
    let queue = open(server, &name, LONG).await;
    let key = format!("zagg:{{{name}}}:jobs");
    let body = serde_json::to_string(&job(1)).unwrap();
    for fields in
        [&["task", "sweep \u{1f6f0}"][..], &["v", &body, "attempts", "nonsense"], &["v", &body, "attempts", "-3"]]
    {
        let words = [&["XADD", &key, "*"], fields].concat();
        assert!(server.command(&words).is_some_and(|answer| answer.starts_with('$')));
    }
    for _ in 0..2 {
        let delivery = next(&*queue).await?;
        assert_eq!((&delivery.job, delivery.attempt), (&job(1), 1));
        assert_eq!(queue.ack(&delivery).await?, Settled::Done);
    }
    let buried = graves(&*queue, 1).await?;
    assert_eq!((buried[0].reason.class, buried[0].attempts), (Class::Undecodable, 1));
    assert_eq!(buried[0].body, "task sweep \u{1f6f0}");
    assert!(buried[0].reason.text.contains("no field `v`"), "{}", buried[0].reason);
    depth_is(&*queue, Depth { buried: 1, ..Depth::default() }).await
}

/// A program that reads with the group and never acks.
#[tokio::test]
async fn an_entry_that_was_handed_out_past_the_queue_comes_back() -> Result<(), Error> {
    let (server, name) = (RedisServer::shared(), fresh_name());
    let queue = open(server, &name, OPTIONS).await;
    let key = format!("zagg:{{{name}}}:jobs");
    fill(&*queue, 0, 1).await?;
    let words = ["XREADGROUP", "GROUP", "workers", "stranger", "COUNT", "1", "STREAMS", &key, ">"];
    assert!(server.command(&words).is_some_and(|answer| answer.contains("zagg-job")));
    let start = Instant::now();
    let delivery = next(&*queue).await?;
    assert_eq!((delivery.job.clone(), delivery.attempt), (job(0), 2));
    assert!(start.elapsed() < PATIENCE);
    queue.ack(&delivery).await?;
    depth_is(&*queue, Depth::default()).await
}

/// By somebody's hand.
#[tokio::test]
async fn an_entry_that_was_deleted_is_forgotten_and_can_be_enqueued_again() -> Result<(), Error> {
    let (server, name) = (RedisServer::shared(), fresh_name());
    let queue = open(server, &name, OPTIONS).await;
    let key = format!("zagg:{{{name}}}:jobs");
    fill(&*queue, 0, 1).await?;
    let held = next(&*queue).await?;
    let entry = held.receipt.as_str().split(' ').next().unwrap();
    assert_eq!(server.command(&["XDEL", &key, entry]).as_deref(), Some(":1\r\n"));
    assert_eq!(queue.ack(&held).await?, Settled::Stale);
    fill(&*queue, 0, 1).await?;
    let again = next(&*queue).await?;
    queue.extend(&again, Duration::from_secs(60)).await?;
    tokio::time::sleep(OPTIONS.term + Duration::from_millis(100)).await;
    assert!(queue.receive(1, Duration::ZERO).await?.is_empty());
    queue.ack(&again).await?;
    depth_is(&*queue, Depth::default()).await
}

/// As a producer and a worker of one run do, in whatever order.
#[tokio::test]
async fn a_job_that_was_buried_twice_has_one_grave() -> Result<(), Error> {
    let (server, name) = (RedisServer::shared(), fresh_name());
    let queue = open(server, &name, LONG).await;
    let key = format!("zagg:{{{name}}}:jobs");
    let body = serde_json::to_string(&job(0)).unwrap();
    for _ in 0..2 {
        assert!(server.command(&["XADD", &key, "*", "v", &body]).is_some());
        let delivery = next(&*queue).await?;
        queue.bury(&delivery, &grounds("of a stranger")).await?;
        graves(&*queue, 1).await?;
    }
    fill(&*queue, 0, 1).await?;
    depth_is(&*queue, Depth { ready: 1, ..Depth::default() }).await
}
