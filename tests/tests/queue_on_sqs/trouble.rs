//! When something is missing, refused, silent or gone for a while.

use std::process::Command;
use std::time::{Duration, Instant};

use zagg_core::fault::Fault;
use zagg_queue::conformance::kit::{depth_is, drain, fill, job, next};
use zagg_queue::error::Error;
use zagg_queue::queue::{Depth, Options, Queue, Settled};
use zagg_queue::sqs::{Access, Keys, Sqs};
use zagg_queue::url::QueueUrl;
use zagg_tests::kit::{MiniStack, Proxy, sqs};

use crate::{OPTIONS, access, fresh, fresh_name};

/// Which of the queues of [`what_the_environment_says`] is looked for.
const TOLD: &str = "ZAGG_TEST_QUEUE";

#[tokio::test]
async fn a_queue_that_is_not_there_is_named_with_the_remedy() {
    let (server, name) = (MiniStack::shared(), fresh_name());
    let open = async || Sqs::open_with(&format!("sqs://{name}"), OPTIONS, access(server.endpoint())).await.unwrap_err();
    let error = open().await;
    assert!(matches!(error, Error::Absent { .. }) && error.fault() == Fault::Missing, "{error:?}");
    assert!(error.to_string().contains("--create-queue"), "{error}");
    sqs::create_queue(server.address(), &name, &[]);
    let error = open().await;
    assert!(matches!(&error, Error::Absent { missing, .. } if missing.contains("-dlq")), "{error:?}");
    let url = format!("https://sqs.us-east-1.amazonaws.com/000000000000/{}", fresh_name());
    let error = Sqs::open_with(&url, OPTIONS, access(server.endpoint())).await.unwrap_err();
    assert!(matches!(error, Error::Absent { .. }), "{error:?}");
}

#[tokio::test]
async fn a_queue_that_is_deleted_meanwhile_is_missing_and_not_silent() {
    let (name, queue) = fresh().await;
    let server = MiniStack::shared().address();
    sqs::ask(server, "DeleteQueue", &[("QueueUrl", &sqs::url(server, &name))]);
    for error in
        [queue.enqueue(&[job(0)]).await.err(), queue.receive(1, Duration::ZERO).await.err(), queue.depth().await.err()]
    {
        let error = error.unwrap();
        assert_eq!(error.fault(), Fault::Missing, "{error:?}");
        assert!(!error.may_pass());
    }
}

#[tokio::test]
async fn a_lost_connection_is_an_error_that_may_pass_and_comes_back() {
    let (name, _) = fresh().await;
    let far = Proxy::before(MiniStack::shared().address());
    let queue = Sqs::open_with(&format!("sqs://{name}"), OPTIONS, access(far.url())).await.unwrap();
    fill(&queue, 0, 2).await.unwrap();
    let kept = next(&queue).await.unwrap();
    queue.extend(&kept, Duration::from_secs(60)).await.unwrap();
    for broken in [Proxy::set_cut_every, Proxy::set_busy_every] {
        broken(&far, 1);
        for error in [
            queue.depth().await.err(),
            queue.extend(&kept, Duration::from_secs(60)).await.err(),
            queue.receive(1, Duration::ZERO).await.err(),
        ] {
            let error = error.unwrap();
            assert!(error.may_pass(), "{error:?}");
        }
        broken(&far, 0);
        queue.extend(&kept, Duration::from_secs(60)).await.unwrap();
    }
    far.set_cut_every(1);
    assert!(queue.ack(&kept).await.unwrap_err().may_pass());
    far.set_cut_every(0);
    // The broker heard the first time, and says so where it can.
    queue.ack(&kept).await.unwrap();
    assert_eq!(drain(&queue).await.unwrap(), [job(1).id()].into());
}

#[tokio::test]
async fn a_busy_broker_gets_the_same_request_again() {
    let (name, _) = fresh().await;
    let far = Proxy::before(MiniStack::shared().address());
    let options = Options { term: Duration::from_secs(60), ..OPTIONS };
    let queue = Sqs::open_with(&format!("sqs://{name}"), options, access(far.url())).await.unwrap();
    far.set_busy_every(2);
    fill(&queue, 0, 8).await.unwrap();
    depth_is(&queue, Depth { ready: 8, ..Depth::default() }).await.unwrap();
    assert_eq!(drain(&queue).await.unwrap().len(), 8);
    assert!(far.log().iter().filter(|request| request.status == 503).count() > 8);
}

#[tokio::test]
async fn a_broker_that_says_nothing_is_an_error_in_the_end() {
    let (name, _) = fresh().await;
    let far = Proxy::before(MiniStack::shared().address());
    let queue = Sqs::open_with(&format!("sqs://{name}"), OPTIONS, access(far.url())).await.unwrap();
    far.set_latency(Duration::from_secs(30));
    let start = Instant::now();
    let error = queue.depth().await.unwrap_err();
    assert!(matches!(error, Error::Silent { .. }) && error.may_pass(), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(25), "{:?}", start.elapsed());
}

#[tokio::test]
async fn nobody_there_is_an_error_that_may_pass() {
    let address = zagg_tests::kit::guard::free_address();
    let error = Sqs::open_with("sqs://zagg", OPTIONS, access(format!("http://{address}"))).await.unwrap_err();
    assert!(matches!(error, Error::Broker { .. }) && error.may_pass(), "{error:?}");
}

#[tokio::test]
async fn refused_credentials_are_denied_and_never_shown() {
    let server = MiniStack::start_with(&[("AUTH", "true")]);
    let keys = Keys { id: "AKIAHUNTER2".into(), secret: "hunter2".into(), token: Some("hunter2-token".into()) };
    let access = Access { keys: Some(keys), ..access(server.endpoint()) };
    let error = Sqs::open_with("sqs://zagg", OPTIONS, access.clone()).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Denied, "{error:?}");
    assert!(!error.may_pass());
    let mut shown = format!("{error:?} {access:?}");
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = cause {
        shown.push_str(&error.to_string());
        cause = error.source();
    }
    let (_, queue) = fresh().await;
    shown.push_str(&format!("{queue:?} {}", queue.name()));
    assert!(!shown.to_lowercase().contains("hunter2"), "{shown}");
}

/// The connections of a runtime that has ended, or hangs, are not used by others.
#[test]
fn a_delivery_outlives_the_runtime_that_received_it() {
    let start = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let first = start();
    let (queue, delivery) = first.block_on(async {
        let (_, queue) = fresh().await;
        fill(&queue, 0, 1).await.unwrap();
        let delivery = next(&queue).await.unwrap();
        queue.extend(&delivery, Duration::from_secs(60)).await.unwrap();
        (queue, delivery)
    });
    for hang in 0..4 {
        first.spawn(async move { std::thread::sleep(Duration::from_millis(15_000 + hang)) });
    }
    let begun = Instant::now();
    let second = start();
    second.block_on(queue.extend(&delivery, Duration::from_secs(60))).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(14), "{:?}", begun.elapsed());
    first.shutdown_background();
    second.block_on(queue.extend(&delivery, Duration::from_secs(60))).unwrap();
    assert_eq!(second.block_on(queue.ack(&delivery)).unwrap(), Settled::Done);
}

/// What is run in a process of its own by the tests below, with an environment of its own.
#[tokio::test]
async fn what_the_environment_says() {
    let Ok(told) = std::env::var(TOLD) else { return };
    let url: QueueUrl = told.parse().unwrap();
    match url.create(OPTIONS).await {
        Ok(setup) => {
            let queue = url.open(OPTIONS).await.unwrap();
            fill(&*queue, 0, 1).await.unwrap();
            println!("told: {} created, {} drained", setup.created.len(), drain(&*queue).await.unwrap().len());
        }
        Err(error) => println!("told: {:?}: {error}", error.fault()),
    }
}

fn in_an_environment(queue: &str, variables: &[(&str, String)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "trouble::what_the_environment_says", "--nocapture"]).env_clear().env(TOLD, queue);
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", "/nonexistent");
    command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text} {}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn region_endpoint_and_credentials_come_from_the_environment() {
    let queue = format!("sqs://{}", fresh_name());
    let all = MiniStack::environment(&MiniStack::shared().endpoint());
    let told = in_an_environment(&queue, &all);
    assert!(told.contains("told: 2 created, 1 drained"), "{told}");
    let without = |prefix: &str| -> Vec<(&str, String)> {
        all.iter().filter(|(name, _)| !name.starts_with(prefix)).cloned().collect()
    };
    let told = in_an_environment(&queue, &without("AWS_REGION"));
    assert!(told.contains("told: 0 created"), "AWS_DEFAULT_REGION serves, too: {told}");
    let no_region: Vec<(&str, String)> = all.iter().filter(|(name, _)| !name.contains("REGION")).cloned().collect();
    let told = in_an_environment(&queue, &no_region);
    assert!(told.contains("told: Malformed") && told.contains("AWS_REGION"), "{told}");
    let told = in_an_environment(&queue, &without("AWS_ACCESS"));
    assert!(told.contains("told: Denied") && told.contains("AWS_ACCESS_KEY_ID"), "{told}");
}
