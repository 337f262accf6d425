//! An SQS event and its answer, as the event source mapping speaks them (AWS Lambda Developer
//! Guide, "Using Lambda with Amazon SQS").

use serde::{Deserialize, Serialize};

/// An event: up to 10,000 records of one queue.
#[derive(Debug, Clone, Deserialize)]
pub struct SqsEvent {
    /// The records.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// A message as Lambda hands it over.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// What the answer names it by.
    pub message_id: String,
    /// What the queue knows this delivery by.
    pub receipt_handle: String,
    /// The message.
    pub body: String,
    /// What the queue says of it.
    pub attributes: Attributes,
    /// The queue.
    #[serde(rename = "eventSourceARN")]
    pub event_source_arn: String,
}

/// What the queue says of a message.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attributes {
    /// How many times it has been handed out, this time included: a number as text.
    pub approximate_receive_count: String,
}

impl Record {
    /// How many times it has been handed out, this time included.
    #[must_use]
    pub fn receive_count(&self) -> u32 {
        self.attributes.approximate_receive_count.parse().unwrap_or(1)
    }
}

/// Which records failed and must come back; all others are deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsAnswer {
    /// The records that failed.
    pub batch_item_failures: Vec<ItemFailure>,
}

/// A record that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemFailure {
    /// The record's message id.
    pub item_identifier: String,
}

impl SqsAnswer {
    /// An answer that names these records.
    pub(super) fn of(failed: impl Iterator<Item = String>) -> Self {
        Self { batch_item_failures: failed.map(|item_identifier| ItemFailure { item_identifier }).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_the_guide_is_read_and_the_answer_has_its_words() {
        let text = r#"{"Records": [{"messageId": "059f36b4", "receiptHandle": "AQEB", "body": "x",
            "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1545082649183"}, "messageAttributes": {},
            "md5OfBody": "e4e68fb7", "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue", "awsRegion": "us-east-2"}]}"#;
        let event: SqsEvent = serde_json::from_str(text).unwrap();
        assert_eq!(event.records[0].receive_count(), 3);
        let answer = SqsAnswer::of(["059f36b4".to_owned()].into_iter());
        let json = serde_json::to_string(&answer).unwrap();
        assert_eq!(json, r#"{"batchItemFailures":[{"itemIdentifier":"059f36b4"}]}"#);
        assert_eq!(serde_json::to_string(&SqsAnswer::default()).unwrap(), r#"{"batchItemFailures":[]}"#);
    }
}
