//! aws-sdk-sqs: batches of ten sent; each slot receives up to ten and deletes them in one request.

use std::time::Instant;

use aws_config::BehaviorVersion;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, SendMessageBatchRequestEntry};
use tokio::task::JoinSet;

use super::Bare;
use crate::{IN_FLIGHT, Outcome};

/// Messages of one request, at most.
const BATCH: usize = 10;

pub(super) async fn run(messages: &[String], slots: usize) -> Outcome<Bare> {
    let client = Client::new(&aws_config::load_defaults(BehaviorVersion::latest()).await);
    let queue = client.create_queue().queue_name("bare-rate").send().await?.queue_url.unwrap_or_default();
    let start = Instant::now();
    let mut under_way = JoinSet::new();
    for part in messages.chunks(BATCH) {
        if under_way.len() == IN_FLIGHT
            && let Some(one) = under_way.join_next().await
        {
            one??;
        }
        let (mut request, part) = (client.send_message_batch().queue_url(&queue), part.to_vec());
        for (number, message) in part.into_iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(number.to_string()).message_body(message);
            request = request.entries(entry.build()?);
        }
        under_way.spawn(async move { request.send().await.map(drop) });
    }
    while let Some(one) = under_way.join_next().await {
        one??;
    }
    let enqueued = start.elapsed();
    let start = Instant::now();
    let mut under_way = JoinSet::new();
    for _ in 0..slots {
        under_way.spawn(slot(client.clone(), queue.clone()));
    }
    while let Some(one) = under_way.join_next().await {
        one??;
    }
    let drained = start.elapsed();
    client.delete_queue().queue_url(&queue).send().await?;
    Ok(Bare { enqueued, drained })
}

async fn slot(client: Client, queue: String) -> Outcome<()> {
    loop {
        let found = client.receive_message().queue_url(&queue).max_number_of_messages(10).send().await?;
        let messages: Vec<Message> = found.messages.unwrap_or_default();
        if messages.is_empty() {
            return Ok(());
        }
        let mut request = client.delete_message_batch().queue_url(&queue);
        for (number, message) in messages.into_iter().enumerate() {
            let receipt = message.receipt_handle.unwrap_or_default();
            let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string()).receipt_handle(receipt);
            request = request.entries(entry.build()?);
        }
        request.send().await?;
    }
}
