//! Making queues, and being refused.

use lapin::types::AMQPValue;
use zagg_core::fault::Fault;
use zagg_queue::conformance::kit::{fill, graves, job};
use zagg_queue::error::Error;
use zagg_queue::queue::{Class, Queue};
use zagg_queue::rabbitmq::RabbitMq;
use zagg_queue::setup::Setup;
use zagg_queue::url::QueueUrl;

use super::broker::{Client, LONG, fresh_name, made, shared};

#[tokio::test]
async fn making_a_queue_twice_makes_nothing_the_second_time() {
    let broker = shared().await;
    let url: QueueUrl = broker.url(&fresh_name()).parse().unwrap();
    let first = url.create(LONG).await.unwrap();
    assert!(first.created.len() == 14 && first.found.is_empty() && first.differences.is_empty(), "{first:?}");
    let queue = url.open(LONG).await.unwrap();
    fill(&*queue, 0, 1).await.unwrap();
    let second = url.create(LONG).await.unwrap();
    assert_eq!(second, Setup { found: first.created, ..Setup::default() });
    assert_eq!(queue.depth().await.unwrap().ready, 1, "and touches no message");
}

#[tokio::test]
async fn a_queue_with_other_arguments_is_left_as_it_is_and_named() {
    let broker = shared().await;
    let url = broker.url(&fresh_name());
    let client = Client::of(&url).await;
    let quorum = ("x-queue-type", AMQPValue::LongString("quorum".into()));
    client.declare(&[quorum.clone(), ("x-delivery-limit", AMQPValue::LongInt(2))]).await;
    for _ in 0..2 {
        let setup = RabbitMq::create(&url, LONG).await.unwrap();
        assert!(setup.differences.iter().all(|difference| url.ends_with(&difference.thing)), "{setup:?}");
        let limit = setup.differences.iter().find(|difference| difference.parameter == "x-delivery-limit");
        let difference = limit.unwrap_or_else(|| panic!("{setup:?}"));
        assert_eq!((difference.found.as_str(), difference.wanted.as_str()), ("2", "20"), "{difference}");
        assert!(setup.found.contains(&difference.thing), "{setup:?}");
        assert!(difference.remedy.contains("name another queue"), "{difference}");
    }
    client.declare(&[quorum, ("x-delivery-limit", AMQPValue::LongInt(2))]).await;
    assert!(RabbitMq::open(&url, LONG).await.is_ok(), "it can be used");
}

#[tokio::test]
async fn a_classic_queue_of_that_name_is_told_from_a_quorum_queue() {
    let broker = shared().await;
    let url = broker.url(&fresh_name());
    Client::of(&url).await.declare(&[("x-queue-type", AMQPValue::LongString("classic".into()))]).await;
    let setup = RabbitMq::create(&url, LONG).await.unwrap();
    let difference = setup.differences.iter().find(|difference| difference.parameter == "x-queue-type").unwrap();
    assert_eq!((difference.found.as_str(), difference.wanted.as_str()), ("classic", "quorum"), "{difference}");
    assert!(setup.differences.len() >= 3, "every difference is told: {setup:?}");
    assert!(setup.differences.iter().all(|difference| difference.thing == setup.differences[0].thing), "{setup:?}");
}

#[tokio::test]
async fn a_queue_that_was_never_made_is_absent_by_name() {
    let broker = shared().await;
    let name = fresh_name();
    let error = RabbitMq::open(&broker.url(&name), LONG).await.unwrap_err();
    assert!(matches!(&error, Error::Absent { missing, .. } if missing.contains(&name)), "{error}");
    assert_eq!(error.fault(), Fault::Missing);
    assert!(error.to_string().contains("--create-queue"), "{error}");
}

#[tokio::test]
async fn a_queue_is_made_with_the_default_delivery_limit_of_newer_brokers() {
    let broker = shared().await;
    let url = broker.url(&fresh_name());
    let queue = made(&url, LONG).await;
    fill(&queue, 0, 1).await.unwrap();
    assert_eq!(Client::of(&url).await.reject_all().await, 21, "the first delivery and twenty more");
    let graves = graves(&queue, 1).await.unwrap();
    assert_eq!((graves[0].job.as_ref(), graves[0].attempts), (Some(&job(0)), 21));
    assert_eq!(graves[0].reason.class, Class::Poison);
    assert!(graves[0].reason.text.contains("by the broker after 21"), "{}", graves[0].reason);
    assert_eq!(queue.redrive(1, Some(Class::Poison)).await.unwrap(), 1);
    assert_eq!(queue.depth().await.unwrap().ready, 1);
}

#[tokio::test]
async fn jobs_without_a_queue_are_refused_each_by_itself() {
    let broker = shared().await;
    let url = broker.url(&fresh_name());
    let queue = made(&url, LONG).await;
    Client::of(&url).await.delete().await;
    let jobs: Vec<_> = (0..150).map(job).collect();
    let outcome = queue.enqueue(&jobs).await.unwrap();
    assert_eq!((outcome.accepted, outcome.refused.len()), (0, 150));
    assert!(outcome.refused.iter().enumerate().all(|(place, refused)| refused.index == place));
    assert!(outcome.refused.iter().all(|refused| refused.fault == Fault::Missing), "{:?}", outcome.refused[0]);
    let error = queue.receive(1, std::time::Duration::ZERO).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Missing, "{error}");
}

#[tokio::test]
async fn a_full_queue_refuses_what_it_has_no_room_for() {
    let broker = shared().await;
    let url = broker.url(&fresh_name());
    let kind = ("x-queue-type", AMQPValue::LongString("quorum".into()));
    let overflow = ("x-overflow", AMQPValue::LongString("reject-publish".into()));
    let client = Client::of(&url).await;
    client.declare(&[kind, overflow, ("x-max-length", AMQPValue::LongInt(5))]).await;
    let queue = made(&url, LONG).await;
    let jobs: Vec<_> = (0..500).map(job).collect();
    let outcome = queue.enqueue(&jobs).await.unwrap();
    assert!(!outcome.refused.is_empty() && outcome.accepted >= 5, "{}", outcome.accepted);
    assert_eq!(outcome.accepted + outcome.refused.len(), 500);
    assert!(matches!(outcome.refused[0].fault, Fault::Throttled { .. }), "{:?}", outcome.refused[0]);
    assert_eq!(queue.depth().await.unwrap().ready, outcome.accepted as u64, "what is accepted is there");
    let taken: zagg_core::job::Job = serde_json::from_slice(&client.steal().await).unwrap();
    assert_eq!(taken, job(0));
}

#[tokio::test]
async fn a_wrong_password_is_denied_and_never_shown() {
    let broker = shared().await;
    let url = broker.url("any").replace("guest:guest", "guest:secret");
    let url: QueueUrl = url.parse().unwrap();
    let error = url.open(LONG).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Denied, "{error:?}");
    let shown = format!("{error} {error:?} {url} {url:?}");
    assert!(!shown.contains("secret"), "{shown}");
    let right = broker.url(&fresh_name());
    let queue = made(&right, LONG).await;
    let shown = format!("{queue:?} {} {right:.0}", queue.name());
    assert!(!shown.contains("guest"), "{shown}");
}

#[tokio::test]
async fn a_virtual_host_that_is_not_there_is_no_passing_trouble() {
    let broker = shared().await;
    let error = RabbitMq::open(&broker.url("any").replace("%2f", "nowhere"), LONG).await.unwrap_err();
    assert!(!error.may_pass(), "{error:?}");
}

#[tokio::test]
async fn a_broker_that_does_not_speak_tls_is_an_error_like_another() {
    let broker = shared().await;
    let error = RabbitMq::open(&broker.url("any").replace("amqp:", "amqps:"), LONG).await.unwrap_err();
    assert!(matches!(error, Error::Broker { .. } | Error::Silent { .. }), "{error:?}");
}
