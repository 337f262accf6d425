//! What KEDA's scalers read of a real broker, by the triggers that the chart renders, is what is there: jobs that wait
//! and jobs on loan.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use zagg_queue::conformance::kit::{fill, grounds};
use zagg_queue::queue::{Options, Queue};
use zagg_queue::rabbitmq::RabbitMq;
use zagg_queue::redis::RedisQueue;
use zagg_queue::sqs::{Access, Keys, Sqs};
use zagg_tests::kit::{MiniStack, RedisServer, python};

use super::management::ManagedBroker;

/// Leases that no test outlives.
const OPTIONS: Options = Options { term: Duration::from_secs(300), max_attempts: 5 };
/// How long a broker's own figures may lag behind.
const PATIENCE: Duration = Duration::from_secs(60);
const NOW: Duration = Duration::from_secs(10);

/// What KEDA reads: one number per trigger, and the jobs for one pod.
fn read(values: &Value, secrets: &Value) -> (Vec<Value>, Vec<u64>) {
    let answers = python::script("chart_scaling.py", &[&values.to_string(), &secrets.to_string()]);
    let answers = answers.as_array().unwrap();
    let of = |name: &str| answers.iter().map(|answer| answer[name].clone()).collect::<Vec<_>>();
    (of("value"), of("perPod").iter().filter_map(Value::as_u64).collect())
}

/// Waits until KEDA reads these numbers.
fn reads(values: &Value, secrets: &Value, expected: &[u64]) {
    let begun = Instant::now();
    loop {
        let (found, _) = read(values, secrets);
        if found == expected.iter().map(|&n| Value::from(n)).collect::<Vec<_>>() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "KEDA reads {found:?} where there is {expected:?}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Thirteen jobs, five of them on loan, two done, one set aside: what waits or is on loan is read at each step.
async fn jobs_on_loan_count(queue: &dyn Queue, values: &Value, secrets: &Value) {
    fill(queue, 0, 13).await.unwrap();
    reads(values, secrets, &[13]);
    let mut held = Vec::new();
    while held.len() < 5 {
        let came = queue.receive(5 - held.len(), NOW).await.unwrap();
        assert!(!came.is_empty(), "no job came");
        held.extend(came);
    }
    reads(values, secrets, &[13]);
    for delivery in held.drain(..2) {
        queue.ack(&delivery).await.unwrap();
    }
    queue.bury(&held.remove(0), &grounds("a test")).await.unwrap();
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.ready, depth.leased), (8, 2));
    reads(values, secrets, &[10]);
    assert_eq!(read(values, secrets).1, [3], "jobs for one pod");
}

fn with_keda(mut values: Value) -> Value {
    values["worker"] = json!({"slots": 3, "autoscaling": {"mode": "keda"}});
    values
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keda_counts_what_waits_and_what_is_on_loan_on_redis() {
    let server = RedisServer::with(&[], Some("hunter2"));
    let queue = RedisQueue::open(&server.url("cells"), OPTIONS).await.unwrap();
    let (host, port) = (server.address().ip().to_string(), server.address().port());
    let auth = json!({"secret": "broker", "passwordKey": "password"});
    let values =
        with_keda(json!({"queue": {"kind": "redis", "name": "cells", "host": host, "port": port, "auth": auth}}));
    jobs_on_loan_count(&queue, &values, &json!({"broker": {"password": "hunter2"}})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_redis_the_lag_is_what_waits_and_the_length_is_right_when_there_is_no_lag() {
    let server = RedisServer::with(&[], None);
    let queue = RedisQueue::open(&server.url("zagg"), OPTIONS).await.unwrap();
    let (host, port) = (server.address().ip().to_string(), server.address().port());
    let by = |what: &str| {
        with_keda(json!({"queue": {"kind": "redis", "host": host, "port": port}, "keda": {"redisBy": what}}))
    };
    fill(&queue, 0, 13).await.unwrap();
    let held = queue.receive(5, NOW).await.unwrap();
    assert_eq!(held.len(), 5);
    reads(&by("lag"), &json!({}), &[8, 5]);
    // The last one handed out is done first. Redis 7.0 then cannot say how many come after it.
    queue.ack(&held[4]).await.unwrap();
    let (found, _) = read(&by("lag"), &json!({}));
    assert!(found[0].is_null() || found[0] == 8, "the lag is {}", found[0]);
    assert_eq!(found[1], 4);
    reads(&by("length"), &json!({}), &[12]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keda_counts_what_waits_and_what_is_on_loan_on_rabbitmq() {
    let broker = ManagedBroker::start();
    let url = format!("amqp://guest:guest@{}/%2f?queue=cells", broker.clients);
    RabbitMq::create(&url, OPTIONS).await.unwrap();
    let queue = RabbitMq::open(&url, OPTIONS).await.unwrap();
    let auth = json!({"secret": "broker", "userKey": "username", "passwordKey": "password"});
    let values = with_keda(json!({
        "queue": {"kind": "rabbitmq", "name": "cells", "host": "127.0.0.1", "auth": auth},
        "keda": {"managementUrl": format!("http://{}", broker.management)},
    }));
    jobs_on_loan_count(&queue, &values, &json!({"broker": {"username": "guest", "password": "guest"}})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keda_counts_what_waits_and_what_is_on_loan_on_sqs() {
    let endpoint = MiniStack::shared().endpoint();
    let keys = Keys { id: "test".into(), secret: "hunter2".into(), token: None };
    let access = Access { region: Some("us-east-1".into()), endpoint: Some(endpoint.clone()), keys: Some(keys) };
    Sqs::create_with("sqs://cells", OPTIONS, access.clone()).await.unwrap();
    let queue = Sqs::open_with("sqs://cells", OPTIONS, access).await.unwrap();
    let values = with_keda(json!({
        "queue": {"kind": "sqs", "name": "cells", "endpoint": endpoint},
        "aws": {"region": "us-east-1", "credentials": {"secret": "aws"}},
    }));
    let secret = json!({"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "hunter2"});
    jobs_on_loan_count(&queue, &values, &json!({"aws": secret})).await;
}
