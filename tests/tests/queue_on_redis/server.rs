//! Servers that go away, forget, refuse, or are full.

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use zagg_core::fault::Fault;
use zagg_queue::conformance::kit::{depth_is, drain, fill, job, next};
use zagg_queue::error::Error;
use zagg_queue::queue::{Delivery, Depth, Options, Queue, Settled};
use zagg_queue::redis::RedisQueue;
use zagg_queue::url::QueueUrl;
use zagg_tests::kit::RedisServer;

use crate::{LONG, OPTIONS, PATIENCE, fresh_name, open};

/// Receives until a job comes, as a worker would: what may pass is tried again.
async fn patiently(queue: &dyn Queue) -> (Delivery, u32) {
    let (start, mut errors) = (Instant::now(), 0);
    loop {
        match queue.receive(1, Duration::from_secs(5)).await {
            Ok(mut deliveries) => {
                if let Some(delivery) = deliveries.pop() {
                    return (delivery, errors);
                }
            }
            Err(error) => {
                assert!(error.may_pass(), "{error:?}");
                errors += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        assert!(start.elapsed() < PATIENCE, "no job came within {PATIENCE:?}");
    }
}

fn said(error: &Error) -> String {
    format!("{error} {error:?} {:?}", error.source().map(ToString::to_string))
}

#[tokio::test]
async fn connections_that_are_cut_are_made_again() -> Result<(), Error> {
    let server = RedisServer::start();
    let queue = open(&server, "zagg", LONG).await;
    fill(&*queue, 0, 2).await?;
    let delivery = next(&*queue).await?;
    let waiting = Arc::clone(&queue);
    queue.ack(&next(&*queue).await?).await?;
    let receiver = tokio::spawn(async move { patiently(&*waiting).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(server.command(&["CLIENT", "KILL", "TYPE", "normal"]).is_some_and(|answer| answer != ":0\r\n"));
    // The first call on the dead connection may fail; the same call again does not.
    if let Err(error) = queue.ack(&delivery).await {
        assert!(error.may_pass(), "{error:?}");
        queue.ack(&delivery).await?;
    }
    fill(&*queue, 2, 3).await?;
    let (found, _) = receiver.await.unwrap();
    assert_eq!(found.job, job(2));
    depth_is(&*queue, Depth { leased: 1, ..Depth::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_outlives_a_server_that_is_gone_for_a_second() -> Result<(), Error> {
    let mut server = RedisServer::start();
    let queue = open(&server, "zagg", LONG).await;
    fill(&*queue, 0, 1).await?;
    let held = next(&*queue).await?;
    let waiting = Arc::clone(&queue);
    let receiver = tokio::spawn(async move { patiently(&*waiting).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.kill();
    for error in [
        queue.enqueue(&[job(1)]).await.unwrap_err(),
        queue.extend(&held, Duration::from_secs(60)).await.unwrap_err(),
        queue.ack(&held).await.unwrap_err(),
        queue.depth().await.unwrap_err(),
    ] {
        assert!(error.may_pass() && matches!(error, Error::Broker { .. }), "{error:?}");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.revive();
    queue.extend(&held, Duration::from_secs(60)).await?;
    fill(&*queue, 1, 2).await?;
    let (found, errors) = receiver.await.unwrap();
    assert_eq!((found.job, found.attempt), (job(1), 1));
    assert!(errors > 0, "the receiver was told");
    assert_eq!(queue.ack(&held).await?, Settled::Done, "the lease outlived the server");
    depth_is(&*queue, Depth { leased: 1, ..Depth::default() }).await
}

#[tokio::test]
async fn a_server_that_forgot_everything_is_used_again() -> Result<(), Error> {
    let server = RedisServer::start();
    let queue = open(&server, "zagg", OPTIONS).await;
    fill(&*queue, 0, 3).await?;
    let delivery = next(&*queue).await?;
    for command in ["FLUSHALL", "SCRIPT FLUSH"] {
        let words: Vec<&str> = command.split(' ').collect();
        assert_eq!(server.command(&words).as_deref(), Some("+OK\r\n"));
        assert_eq!(queue.ack(&delivery).await?, Settled::Stale);
        assert!(matches!(queue.extend(&delivery, OPTIONS.term).await, Err(Error::LeaseLost { .. })));
        fill(&*queue, 0, 3).await?;
        assert_eq!(drain(&*queue).await?.len(), 3);
    }
    // The group alone: what it had on loan is ready again.
    fill(&*queue, 0, 3).await?;
    next(&*queue).await?;
    assert_eq!(server.command(&["XGROUP", "DESTROY", "zagg:{zagg}:jobs", "workers"]).as_deref(), Some(":1\r\n"));
    depth_is(&*queue, Depth { ready: 3, ..Depth::default() }).await?;
    assert_eq!(drain(&*queue).await?.len(), 3);
    // The stream alone: its jobs can be enqueued again.
    fill(&*queue, 0, 3).await?;
    assert_eq!(server.command(&["DEL", "zagg:{zagg}:jobs"]).as_deref(), Some(":1\r\n"));
    fill(&*queue, 0, 3).await?;
    assert_eq!(drain(&*queue).await?.len(), 3);
    depth_is(&*queue, Depth::default()).await
}

#[tokio::test]
async fn a_wrong_password_is_denied_and_no_password_is_shown() {
    let server = RedisServer::with(&[], Some("hush-3141"));
    let url = server.url("zagg");
    let queue = RedisQueue::open(&url, OPTIONS).await.unwrap();
    fill(&queue, 0, 1).await.unwrap();
    let shown = format!("{} {queue:?} {:?}", queue.name(), url.parse::<QueueUrl>().unwrap());
    assert!(!shown.contains("hush-3141"), "{shown}");
    for wrong in [url.replace("hush-3141", "wrong-2718"), url.replace(":hush-3141@", "")] {
        let error = RedisQueue::open(&wrong, OPTIONS).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Denied, "{error:?}");
        assert!(!said(&error).contains("wrong-2718") && !error.may_pass(), "{}", said(&error));
    }
}

#[tokio::test]
async fn a_user_without_the_right_is_denied() {
    let server = RedisServer::with(&["--user", "reader", "on", ">hush", "~*", "+@read", "+xgroup", "+evalsha"], None);
    let url = server.url("zagg").replace("redis://", "redis://reader:hush@");
    let error = RedisQueue::open(&url, OPTIONS).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Denied, "{error:?}");
}

#[tokio::test]
async fn making_a_queue_reports_what_it_found_and_what_would_lose_jobs() {
    let server = RedisServer::with(&["--appendonly", "no", "--maxmemory-policy", "allkeys-lru"], None);
    let url: QueueUrl = server.url("night").parse().unwrap();
    let setup = url.create(OPTIONS).await.unwrap();
    assert_eq!(setup.created, ["zagg:{night}:jobs", "zagg:{night}:jobs workers"]);
    let parameters: Vec<&str> = setup.differences.iter().map(|difference| difference.parameter.as_str()).collect();
    assert_eq!(parameters, ["maxmemory-policy", "appendonly"]);
    let text = setup.differences.iter().map(ToString::to_string).collect::<String>();
    assert!(text.contains("allkeys-lru") && text.contains("CONFIG SET maxmemory-policy noeviction"), "{text}");
    let again = url.create(OPTIONS).await.unwrap();
    assert_eq!((again.created.len(), again.found, again.differences), (0, setup.created, setup.differences));
    let name = fresh_name();
    let good = RedisQueue::create(&RedisServer::shared().url(&name), OPTIONS).await.unwrap();
    assert_eq!(good.differences, []);
}

#[tokio::test]
async fn settings_that_may_not_be_seen_are_said_to_be_unseen() {
    let server = RedisServer::with(&["--user", "worker", "on", ">hush", "~*", "+@all", "-info", "-config"], None);
    let url = server.url("zagg").replace("redis://", "redis://worker:hush@");
    let setup = RedisQueue::create(&url, OPTIONS).await.unwrap();
    assert_eq!(setup.differences.len(), 1);
    assert!(setup.differences[0].to_string().contains("can't be checked"), "{}", setup.differences[0]);
}

#[tokio::test]
async fn a_full_server_takes_no_more_but_lets_its_jobs_be_settled() -> Result<(), Error> {
    let server = RedisServer::start();
    let queue = open(&server, "zagg", LONG).await;
    fill(&*queue, 0, 6).await?;
    let first = next(&*queue).await?;
    assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "1"]).as_deref(), Some("+OK\r\n"));
    let error = queue.enqueue(&[job(7)]).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Capacity, "{error:?}");
    queue.extend(&first, Duration::from_secs(60)).await?;
    assert_eq!(queue.ack(&first).await?, Settled::Done);
    let rest = queue.receive(4, Duration::from_secs(5)).await?;
    assert_eq!(rest.len(), 4, "jobs are handed out");
    assert_eq!(queue.release(&rest[0], Duration::from_secs(60)).await?, Settled::Done);
    assert_eq!(queue.release(&rest[1], Duration::ZERO).await?, Settled::Done);
    assert_eq!(queue.put_back(&rest[2]).await?, Settled::Done);
    assert_eq!(queue.bury(&rest[3], &zagg_queue::conformance::kit::grounds("full")).await?, Settled::Done);
    depth_is(&*queue, Depth { ready: 3, leased: 0, delayed: 1, buried: 1 }).await
}

#[tokio::test]
async fn what_is_no_queue_is_refused_and_not_waited_for() {
    let server = RedisServer::shared();
    let name = fresh_name();
    assert!(server.command(&["SET", &format!("zagg:{{{name}}}:jobs"), "1"]).is_some());
    let error = RedisQueue::open(&server.url(&name), OPTIONS).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Malformed, "{error:?}");
    // TLS with a server that speaks none: an error, and no panic.
    let tls = server.url(&name).replace("redis://", "rediss://");
    let error = RedisQueue::open(&tls, OPTIONS).await.unwrap_err();
    assert!(matches!(error, Error::Broker { .. } | Error::Silent { .. }), "{error:?}");
    let nobody = format!("redis://{}/0", zagg_tests::kit::guard::free_address());
    let error = RedisQueue::open(&nobody, Options::default()).await.unwrap_err();
    assert!(error.may_pass(), "{error:?}");
}
