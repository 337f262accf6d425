//! The requests that are made of `SQS`, with its refusals in this crate's words.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Config;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageAttributeValue,
    MessageSystemAttributeName, QueueAttributeName,
};
use zagg_core::fault::Fault;

use super::access::{ALL_TRIES, patience};
use super::trouble::{failed, is_absent, is_stale};
use crate::error::Error;

/// Attributes of a queue by name.
pub(super) type Attributes = HashMap<QueueAttributeName, String>;

/// What is asked of one receive.
pub(super) struct Ask {
    pub(super) max: usize,
    /// Whole seconds for which the broker waits for a first message.
    pub(super) wait: u64,
    /// Seconds for which nobody else gets the messages.
    pub(super) hide: u32,
    /// Whether the attributes that we set are wanted, too.
    pub(super) dressed: bool,
}

/// A client, and the name of the queue that it speaks about.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) queue: String,
    pub(super) client: Client,
}

impl Link {
    /// The URL of a queue, if there is one of that name.
    pub(super) async fn locate(&self, name: &str, account: Option<&str>) -> Result<Option<String>, Error> {
        let request = self.client.get_queue_url().queue_name(name);
        let request = request.set_queue_owner_aws_account_id(account.map(str::to_owned));
        match request.send().await {
            Ok(output) => Ok(output.queue_url),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(failed(&self.queue, "looking for the queue", error)),
        }
    }

    /// Attributes of a queue, if it exists.
    pub(super) async fn attributes(
        &self,
        url: &str,
        names: &[QueueAttributeName],
    ) -> Result<Option<Attributes>, Error> {
        let request = self.client.get_queue_attributes().queue_url(url);
        match request.set_attribute_names(Some(names.to_vec())).send().await {
            Ok(output) => Ok(Some(output.attributes.unwrap_or_default())),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(failed(&self.queue, "reading the queue's attributes", error)),
        }
    }

    /// Takes messages.
    pub(super) async fn receive(&self, url: &str, ask: &Ask) -> Result<Vec<Message>, Error> {
        let wait = Duration::from_secs(ask.wait);
        let request = self
            .client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(clamped(ask.max.clamp(1, 10)))
            .wait_time_seconds(clamped(ask.wait.min(20)))
            .visibility_timeout(clamped(ask.hide))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let request = match ask.dressed {
            false => request,
            true => request
                .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
                .message_system_attribute_names(MessageSystemAttributeName::DeadLetterQueueSourceArn)
                .message_attribute_names("All"),
        };
        let patient = Config::builder().timeout_config(patience(wait));
        match request.customize().config_override(patient).send().await {
            Ok(output) => Ok(output.messages.unwrap_or_default()),
            Err(error) => match failed(&self.queue, "receiving", error) {
                Error::Silent { queue, doing, .. } => {
                    Err(Error::Silent { queue, doing, seconds: (wait + ALL_TRIES).as_secs_f64() })
                }
                error => Err(error),
            },
        }
    }

    /// Sends one message.
    pub(super) async fn send(
        &self,
        url: &str,
        body: &str,
        dress: HashMap<String, MessageAttributeValue>,
    ) -> Result<(), Error> {
        let request = self.client.send_message().queue_url(url).message_body(body);
        let sent = request.set_message_attributes(Some(dress).filter(|dress| !dress.is_empty())).send().await;
        sent.map(drop).map_err(|error| failed(&self.queue, "setting a message aside", error))
    }

    /// Deletes a message; whether the receipt was good for it, where that is told.
    pub(super) async fn delete(&self, url: &str, receipt: &str) -> Result<bool, Error> {
        match self.client.delete_message().queue_url(url).receipt_handle(receipt).send().await {
            Ok(_) => Ok(true),
            Err(error) if is_stale(&error) => Ok(false),
            Err(error) => Err(failed(&self.queue, "settling a job", error)),
        }
    }

    /// Hides a message from others for so many seconds from now; whether the receipt was good
    /// for it, where that is told.
    pub(super) async fn hide(
        &self,
        url: &str,
        receipt: &str,
        seconds: u32,
        doing: &'static str,
    ) -> Result<bool, Error> {
        let request = self.client.change_message_visibility().queue_url(url).receipt_handle(receipt);
        match request.visibility_timeout(clamped(seconds)).send().await {
            Ok(_) => Ok(true),
            Err(error) if is_stale(&error) => Ok(false),
            Err(error) => Err(failed(&self.queue, doing, error)),
        }
    }

    /// Makes up to ten messages visible again at once.
    pub(super) async fn show(&self, url: &str, receipts: &[String]) -> Result<(), Error> {
        let entries = receipts.iter().enumerate().map(|(n, receipt)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(n.to_string());
            entry.receipt_handle(receipt).visibility_timeout(0).build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>().map_err(|error| self.bug(error))?;
        let request = self.client.change_message_visibility_batch().queue_url(url).set_entries(Some(entries));
        request.send().await.map(drop).map_err(|error| failed(&self.queue, "giving messages back", error))
    }

    /// Deletes up to ten messages.
    pub(super) async fn delete_all(&self, url: &str, receipts: &[String]) -> Result<(), Error> {
        let entries = receipts.iter().enumerate().map(|(n, receipt)| {
            DeleteMessageBatchRequestEntry::builder().id(n.to_string()).receipt_handle(receipt).build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>().map_err(|error| self.bug(error))?;
        let request = self.client.delete_message_batch().queue_url(url).set_entries(Some(entries));
        let output =
            request.send().await.map_err(|error| failed(&self.queue, "taking jobs from the graveyard", error))?;
        for left in output.failed {
            tracing::warn!(queue = self.queue, code = left.code, "a job that was put back stays in the graveyard, too");
        }
        Ok(())
    }

    /// A request that was made wrongly.
    pub(super) fn bug(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        let (queue, doing) = (self.queue.clone(), "making a request");
        Error::Broker { queue, doing, fault: Fault::Bug, source: source.into() }
    }
}

/// As the requests' type of integer.
fn clamped<N: TryInto<i32>>(number: N) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
