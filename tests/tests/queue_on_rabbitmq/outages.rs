//! Connections that are cut, and brokers that go away.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use zagg_queue::conformance::kit::{PATIENCE, depth_is, drain, fill, graves, grounds, job, next};
use zagg_queue::error::Error;
use zagg_queue::queue::{Depth, Queue, Settled};
use zagg_queue::rabbitmq::RabbitMq;
use zagg_tests::kit::{RabbitBroker, Relay};

use super::broker::{LONG, fresh_name, made, shared};

/// Tries until the queue answers again; what it says before must be worth another try.
async fn again<T, F: Future<Output = Result<T, Error>>>(mut call: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match call().await {
            Ok(value) => return value,
            Err(error) => {
                assert!(error.may_pass(), "{error:?}");
                assert!(Instant::now() < deadline, "{error:?}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_costs_the_leases_and_is_made_again() {
    let broker = shared().await;
    let (relay, direct) = (Relay::before(broker.address()), broker.url(&fresh_name()));
    let near = made(&direct, LONG).await;
    let far = direct.replace(&broker.address().to_string(), &relay.address().to_string());
    let far = RabbitMq::open(&far, LONG).await.unwrap();
    fill(&far, 0, 2).await.unwrap();
    let (held, other) = (next(&far).await.unwrap(), next(&far).await.unwrap());
    assert!(far.extend(&held, Duration::from_secs(60)).await.is_ok());
    assert!(relay.cut() >= 2, "one connection works and one publishes");
    let theirs = next(&near).await.unwrap();
    assert_eq!(theirs.attempt, 2, "the broker gave it to another");
    // Its client may hear of it later than the broker.
    let deadline = Instant::now() + PATIENCE;
    let lost = loop {
        match far.extend(&held, Duration::from_secs(60)).await {
            Err(lost) => break lost,
            Ok(_) => assert!(Instant::now() < deadline, "the lease is still held"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(matches!(lost, Error::LeaseLost { .. }), "{lost}");
    let mine = again(|| async { Ok(far.receive(1, Duration::from_secs(1)).await?.pop()) }).await.unwrap();
    for stale in [&held, &other] {
        assert_eq!(far.ack(stale).await.unwrap(), Settled::Stale);
        assert_eq!(far.release(stale, Duration::from_secs(9)).await.unwrap(), Settled::Stale);
        assert_eq!(far.bury(stale, &grounds("stale")).await.unwrap(), Settled::Stale);
    }
    depth_is(&near, Depth { leased: 2, ..Depth::default() }).await.unwrap();
    assert_eq!(far.ack(&mine).await.unwrap(), Settled::Done);
    assert_eq!(near.ack(&theirs).await.unwrap(), Settled::Done);
    depth_is(&far, Depth::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_hears_of_a_cut_connection_while_it_waits() {
    let broker = shared().await;
    let relay = Relay::before(broker.address());
    let url = broker.url(&fresh_name());
    made(&url, LONG).await;
    let far = url.replace(&broker.address().to_string(), &relay.address().to_string());
    let queue = Arc::new(RabbitMq::open(&far, LONG).await.unwrap());
    let waiting = Arc::clone(&queue);
    let start = Instant::now();
    let receiver = tokio::spawn(async move { waiting.receive(1, Duration::from_secs(50)).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    relay.refuse(true);
    relay.cut();
    let error = receiver.await.unwrap().unwrap_err();
    assert!(error.may_pass() && start.elapsed() < Duration::from_secs(20), "{error:?}");
    let error = queue.receive(1, Duration::ZERO).await.unwrap_err();
    assert!(error.may_pass(), "{error:?}");
    relay.refuse(false);
    let jobs = [job(0)];
    again(|| queue.enqueue(&jobs)).await;
    assert_eq!(drain(&*queue).await.unwrap(), [job(0).id()].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_away_and_comes_back_loses_nothing() {
    let mut broker = tokio::task::spawn_blocking(RabbitBroker::start).await.unwrap();
    let queue = made(&broker.url("jobs"), LONG).await;
    fill(&queue, 0, 50).await.unwrap();
    let (held, late, sick) = (next(&queue).await.unwrap(), next(&queue).await.unwrap(), next(&queue).await.unwrap());
    assert_eq!(queue.release(&late, Duration::from_secs(2)).await.unwrap(), Settled::Done);
    assert_eq!(queue.bury(&sick, &grounds("sick")).await.unwrap(), Settled::Done);
    broker.kill();
    let away = Instant::now();
    for error in [
        queue.receive(1, Duration::from_secs(1)).await.unwrap_err(),
        queue.enqueue(&[job(99)]).await.unwrap_err(),
        queue.depth().await.unwrap_err(),
        queue.buried(1).await.unwrap_err(),
    ] {
        assert!(error.may_pass(), "{error:?}");
    }
    assert!(away.elapsed() < Duration::from_secs(20), "nobody waits for a broker that is not there");
    let lost = queue.extend(&held, Duration::from_secs(60)).await.unwrap_err();
    assert!(matches!(lost, Error::LeaseLost { .. }), "{lost}");
    let mut broker = tokio::task::spawn_blocking(move || {
        broker.revive();
        broker
    })
    .await
    .unwrap();
    assert_eq!(queue.ack(&held).await.unwrap(), Settled::Stale);
    again(|| queue.depth()).await;
    let mut expected: BTreeSet<String> = (0..50).map(|n| job(n).id()).collect();
    expected.remove(&sick.job.id());
    let mut got = drain(&queue).await.unwrap();
    // A delay that ended while the broker was away may still be on its way.
    while got.len() < expected.len() {
        let delivery = next(&queue).await.unwrap();
        queue.ack(&delivery).await.unwrap();
        got.insert(delivery.job.id());
    }
    assert_eq!(got, expected);
    assert_eq!(graves(&queue, 1).await.unwrap()[0].job, Some(sick.job));
    broker.kill();
}
