//! Many receivers on one queue, and receivers that go away.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use zagg_queue::conformance::kit::{depth_is, drain, fill, job, next, nothing};
use zagg_queue::queue::{Depth, Queue, Settled};
use zagg_queue::rabbitmq::RabbitMq;

use super::broker::{LONG, fresh_name, made, shared};

/// More than slots of a large machine's worker.
const MANY: u32 = 600;

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_receivers_of_one_process_get_a_job_each() {
    let broker = shared().await;
    let queue = Arc::new(made(&broker.url(&fresh_name()), LONG).await);
    let receivers: Vec<_> = (0..MANY)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.receive(1, Duration::from_secs(60)).await.unwrap() })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    fill(&*queue, 0, MANY).await.unwrap();
    let mut ids = BTreeSet::new();
    for receiver in receivers {
        let deliveries = receiver.await.unwrap();
        assert_eq!(deliveries.len(), 1);
        assert!(ids.insert(deliveries[0].job.id()), "a job was handed out twice");
        assert_eq!(queue.ack(&deliveries[0]).await.unwrap(), Settled::Done);
    }
    assert_eq!(ids.len(), MANY as usize);
    depth_is(&*queue, Depth::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_takes_no_job_that_it_did_not_ask_for() {
    let broker = shared().await;
    let url = broker.url(&fresh_name());
    let (one, other) = (made(&url, LONG).await, RabbitMq::open(&url, LONG).await.unwrap());
    fill(&one, 0, 3).await.unwrap();
    let first = next(&one).await.unwrap();
    depth_is(&one, Depth { ready: 2, leased: 1, ..Depth::default() }).await.unwrap();
    assert_eq!(other.receive(5, Duration::ZERO).await.unwrap().len(), 2);
    one.ack(&first).await.unwrap();
    depth_is(&one, Depth { leased: 2, ..Depth::default() }).await.unwrap();
    drop(other);
    assert_eq!(drain(&one).await.unwrap(), [job(1).id(), job(2).id()].into(), "what a client held is free without it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_goes_away_leaves_its_job_to_others_unharmed() {
    let broker = shared().await;
    let queue = Arc::new(made(&broker.url(&fresh_name()), LONG).await);
    for round in 0..40 {
        let waiting = Arc::clone(&queue);
        let receiver = tokio::spawn(async move { waiting.receive(1, Duration::from_secs(20)).await });
        tokio::time::sleep(Duration::from_millis(10)).await;
        fill(&*queue, round, round + 1).await.unwrap();
        // Somewhere between the job's coming and its being handed over.
        tokio::time::sleep(Duration::from_micros(u64::from(round) * 100)).await;
        receiver.abort();
        let delivery = match receiver.await {
            Ok(deliveries) => deliveries.unwrap().pop().unwrap(),
            Err(_) => next(&*queue).await.unwrap(),
        };
        assert_eq!((delivery.job.granules, delivery.attempt), (round, 1));
        queue.ack(&delivery).await.unwrap();
    }
    depth_is(&*queue, Depth::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_delay_is_not_held_up_by_a_long_one() {
    let broker = shared().await;
    let queue = made(&broker.url(&fresh_name()), LONG).await;
    fill(&queue, 0, 3).await.unwrap();
    for delay in [600, 12, 6] {
        let delivery = next(&queue).await.unwrap();
        assert_eq!(queue.release(&delivery, Duration::from_secs(delay)).await.unwrap(), Settled::Done);
    }
    let start = Instant::now();
    depth_is(&queue, Depth { delayed: 3, ..Depth::default() }).await.unwrap();
    for granules in [2, 1] {
        let delivery = next(&queue).await.unwrap();
        assert_eq!((delivery.job.granules, delivery.attempt), (granules, 2));
        queue.ack(&delivery).await.unwrap();
    }
    nothing(&queue, Duration::ZERO, Some(start + Duration::from_secs(600))).await.unwrap();
    depth_is(&queue, Depth { delayed: 1, ..Depth::default() }).await.unwrap();
}
