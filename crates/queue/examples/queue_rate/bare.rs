//! The same work by the broker's client library alone, with nothing of what makes a queue of ours: no
//! lease that is extended, no attempts counted, no delays, no graves. What it reaches is the ceiling.

#[cfg(feature = "rabbitmq")]
mod rabbitmq;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqs")]
mod sqs;

use std::time::Duration;

use zagg_queue::conformance::kit::job;

use super::Outcome;

/// How long the two halves took.
pub(crate) struct Bare {
    pub(crate) enqueued: Duration,
    pub(crate) drained: Duration,
}

/// The messages, the bytes that the queue of ours sends.
fn messages(count: u32) -> Vec<String> {
    (0..count).filter_map(|n| serde_json::to_string(&job(n)).ok()).collect()
}

/// Sends `count` messages and takes them off with `slots` slots, by the library that `url` calls for.
/// None for a queue without one.
pub(crate) async fn run(url: &str, count: u32, slots: usize) -> Outcome<Option<Bare>> {
    let messages = messages(count);
    match url.split_once(':').map_or("", |(scheme, _)| scheme) {
        #[cfg(feature = "redis")]
        "redis" => redis::run(url, &messages, slots).await.map(Some),
        #[cfg(feature = "rabbitmq")]
        "amqp" => rabbitmq::run(url, &messages, slots).await.map(Some),
        #[cfg(feature = "sqs")]
        "sqs" => sqs::run(&messages, slots).await.map(Some),
        _ => Ok(None),
    }
}
