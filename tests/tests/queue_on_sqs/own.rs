//! What is SQS's own: setting up, batches, the graveyard's pages, and Lambda's events.

use std::time::Duration;

use zagg_core::fault::Fault;
use zagg_core::job::Job;
use zagg_queue::conformance::kit::{depth_is, drain, fill, grounds, job, next};
use zagg_queue::message::{Undecodable, poison};
use zagg_queue::queue::{Class, Depth, Options, Queue, Settled};
use zagg_queue::setup::{Difference, Setup};
use zagg_queue::sqs::{Sqs, address_of_arn};
use zagg_tests::kit::{MiniStack, sqs};

use crate::{OPTIONS, access, fresh, fresh_name};

async fn create(name: &str, options: Options) -> Setup {
    let access = access(MiniStack::shared().endpoint());
    Sqs::create_with(&format!("sqs://{name}"), options, access).await.unwrap()
}

#[tokio::test]
async fn creating_a_queue_twice_makes_it_once_and_finds_nothing_amiss() {
    let name = fresh_name();
    let both = vec![format!("queue {name}-dlq"), format!("queue {name}")];
    assert_eq!(create(&name, OPTIONS).await, Setup { created: both.clone(), ..Setup::default() });
    assert_eq!(create(&name, OPTIONS).await, Setup { found: both, ..Setup::default() });

    let server = MiniStack::shared().address();
    let (alive, dead) = (sqs::attributes(server, &name), sqs::attributes(server, &format!("{name}-dlq")));
    let says = |attributes: &str, name: &str, value: &str| {
        assert!(attributes.contains(&format!("<Name>{name}</Name><Value>{value}</Value>")), "{name}: {attributes}");
    };
    says(&alive, "VisibilityTimeout", &OPTIONS.term.as_secs().to_string());
    says(&alive, "MessageRetentionPeriod", "345600");
    says(&alive, "ReceiveMessageWaitTimeSeconds", "20");
    says(&alive, "SqsManagedSseEnabled", "true");
    says(&dead, "MessageRetentionPeriod", "1209600");
    assert!(alive.contains(&format!(":{name}-dlq")) && alive.contains("maxReceiveCount"), "{alive}");
    assert!(dead.contains("byQueue") && dead.contains(&format!(":{name}\"]")), "{dead}");
}

#[tokio::test]
async fn a_queue_that_was_made_otherwise_is_left_as_it_is_and_its_differences_are_told() {
    let (server, name) = (MiniStack::shared().address(), fresh_name());
    let dead = format!("{name}-dlq");
    sqs::create_queue(server, &dead, &[("MessageRetentionPeriod", "86400"), ("MaximumMessageSize", "4096")]);
    let policy =
        format!(r#"{{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:{dead}","maxReceiveCount":2}}"#);
    let attributes = [("VisibilityTimeout", "30"), ("RedrivePolicy", policy.as_str()), ("MaximumMessageSize", "1024")];
    sqs::create_queue(server, &name, &attributes);
    let before = (sqs::attributes(server, &name), sqs::attributes(server, &dead));

    let setup = create(&name, OPTIONS).await;
    assert_eq!((setup.created.len(), setup.found.len()), (0, 2));
    assert_eq!((sqs::attributes(server, &name), sqs::attributes(server, &dead)), before, "nothing is changed");
    let of = |thing: &str| -> Vec<&str> {
        let thing = format!("queue {thing}");
        setup.differences.iter().filter(|d| d.thing == thing).map(|d| d.parameter.as_str()).collect()
    };
    assert_eq!(
        of(&name),
        [
            "VisibilityTimeout",
            "RedrivePolicy",
            "MaximumMessageSize",
            "SqsManagedSseEnabled",
            "ReceiveMessageWaitTimeSeconds"
        ]
    );
    assert_eq!(
        of(&dead),
        [
            "MessageRetentionPeriod",
            "MaximumMessageSize",
            "SqsManagedSseEnabled",
            "ReceiveMessageWaitTimeSeconds",
            "RedriveAllowPolicy"
        ]
    );
    let text = |d: &Difference| d.to_string();
    let texts: Vec<String> = setup.differences.iter().map(text).collect();
    assert!(texts.iter().all(|text| text.contains("aws sqs set-queue-attributes --queue-url http")), "{texts:#?}");
    assert!(texts.iter().any(|text| text.contains("earlier than the workers would")), "{texts:#?}");
}

#[tokio::test]
async fn a_job_that_the_broker_refuses_is_told_and_the_rest_of_its_batch_is_queued() {
    let (_, queue) = fresh().await;
    // A letter that JSON lets through, and SQS does not.
    let odd = Job { run: "\u{ffff}".into(), ..job(1) };
    let outcome = queue.enqueue(&[job(0), odd, job(2)]).await.unwrap();
    assert_eq!((outcome.accepted, outcome.refused.len()), (2, 1));
    assert_eq!((outcome.refused[0].index, outcome.refused[0].fault), (1, Fault::Malformed));
    assert!(outcome.refused[0].reason.contains("InvalidMessageContents"), "{}", outcome.refused[0].reason);
    assert_eq!(drain(&queue).await.unwrap(), [job(0).id(), job(2).id()].into());
}

#[tokio::test]
async fn a_graveyard_of_many_pages_is_listed_and_put_back_whole() {
    const JOBS: u32 = 34;
    let (_, queue) = fresh().await;
    fill(&queue, 0, JOBS).await.unwrap();
    let mut left = JOBS;
    while left > 0 {
        for delivery in queue.receive(10, Duration::from_secs(1)).await.unwrap() {
            let class = if delivery.job.granules % 2 == 0 { Class::Denied } else { Class::Missing };
            let reason = zagg_queue::queue::Reason::new(class, "odd or even\0");
            assert_eq!(queue.bury(&delivery, &reason).await.unwrap(), Settled::Done);
            left -= 1;
        }
    }
    for _ in 0..2 {
        let graves = queue.buried(usize::MAX).await.unwrap();
        assert_eq!(graves.len(), JOBS as usize, "listing takes nothing away");
        assert!(graves.iter().all(|grave| grave.reason.text == "odd or even\u{fffd}"));
    }
    assert_eq!(queue.buried(13).await.unwrap().len(), 13);
    assert_eq!(queue.redrive(usize::MAX, Some(Class::Missing)).await.unwrap(), JOBS as usize / 2);
    assert_eq!(queue.redrive(3, None).await.unwrap(), 3);
    let buried = u64::from(JOBS / 2 - 3);
    depth_is(&queue, Depth { ready: u64::from(JOBS) - buried, buried, ..Depth::default() }).await.unwrap();
    assert_eq!(drain(&queue).await.unwrap().len(), JOBS as usize - buried as usize);
}

#[tokio::test]
async fn a_job_beyond_the_limit_is_buried_even_where_the_broker_does_not() {
    let (server, name) = (MiniStack::shared().address(), fresh_name());
    sqs::create_queue(server, &name, &[]);
    sqs::create_queue(server, &format!("{name}-dlq"), &[]);
    let options = Options { max_attempts: 2, ..OPTIONS };
    let queue =
        Sqs::open_with(&format!("sqs://{name}"), options, access(MiniStack::shared().endpoint())).await.unwrap();
    fill(&queue, 0, 1).await.unwrap();
    for _ in 0..2 {
        let delivery = next(&queue).await.unwrap();
        queue.release(&delivery, Duration::ZERO).await.unwrap();
    }
    assert!(queue.receive(1, Duration::ZERO).await.unwrap().is_empty());
    let graves = queue.buried(10).await.unwrap();
    assert_eq!((graves.len(), graves[0].attempts, &graves[0].reason), (1, 2, &poison(2)));
    depth_is(&queue, Depth { buried: 1, ..Depth::default() }).await.unwrap();
}

#[tokio::test]
async fn the_record_of_an_event_is_a_delivery_like_any_other() {
    let (server, (name, queue)) = (MiniStack::shared().address(), fresh().await);
    let body = serde_json::to_string(&job(7)).unwrap();
    for n in 0..3 {
        sqs::send(server, &name, &body);
        let delivery = queue.delivery(&body, &sqs::receive(server, &name), n + 1).unwrap();
        assert_eq!((&delivery.job, delivery.attempt), (&job(7), n + 1));
        let settled = match n {
            0 => queue.ack(&delivery).await,
            1 => queue.release(&delivery, Duration::from_secs(60)).await,
            _ => queue.bury(&delivery, &grounds("from Lambda")).await,
        };
        assert_eq!(settled.unwrap(), Settled::Done);
    }
    depth_is(&queue, Depth { delayed: 1, buried: 1, ..Depth::default() }).await.unwrap();
    assert_eq!(queue.buried(10).await.unwrap()[0].attempts, 3);
}

#[tokio::test]
async fn a_record_that_is_no_job_is_buried_by_its_receipt() {
    let (server, (name, queue)) = (MiniStack::shared().address(), fresh().await);
    sqs::send(server, &name, "not json");
    let handle = sqs::receive(server, &name);
    let why = queue.delivery("not json", &handle, 2).unwrap_err();
    assert!(matches!(why, Undecodable::Shape { .. }), "{why}");
    assert_eq!(queue.bury_record("not json", &handle, 2, &why).await.unwrap(), Settled::Done);
    let graves = queue.buried(10).await.unwrap();
    assert_eq!((graves.len(), graves[0].body.as_str(), graves[0].attempts), (1, "not json", 2));
    assert_eq!(graves[0].reason.class, Class::Undecodable);
    depth_is(&queue, Depth { buried: 1, ..Depth::default() }).await.unwrap();
}

#[tokio::test]
async fn a_queue_is_found_by_the_arn_that_an_event_names() {
    let (name, queue) = fresh().await;
    fill(&queue, 0, 1).await.unwrap();
    let url = address_of_arn(&format!("arn:aws:sqs:us-east-1:000000000000:{name}")).unwrap();
    assert_eq!(url, format!("https://sqs.us-east-1.amazonaws.com/000000000000/{name}"));
    // The region is the address's, whatever else is said.
    let mut access = access(MiniStack::shared().endpoint());
    access.region = Some("eu-west-1".into());
    let same = Sqs::open_with(&url, OPTIONS, access.clone()).await.unwrap();
    assert_eq!(next(&same).await.unwrap().job, job(0));
    let setup = Sqs::create_with(&url, OPTIONS, access).await.unwrap();
    assert_eq!((setup.found.len(), setup.differences), (2, Vec::new()));
}
