//! A channel in the hands of one user: it carries one delivery at most, or one batch.
//!
//! The broker closes a whole channel when one delivery on it is held for too long, or when
//! anything asked on it is refused; so no two deliveries share one.

use std::sync::Arc;

use lapin::message::BasicGetMessage;
use lapin::options::{
    BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Consumer, PublisherConfirm};
use tokio::time::timeout;

use super::address::Address;
use super::link::{Link, PATIENCE, runtime, within};
use super::trouble::Unplaced;
use crate::error::Error;

/// What the holder of a delivery is called on its channel.
const HOLDING: &str = "holding";

/// A channel in use. It is closed when it is dropped, and kept for another user by [`Lane::park`].
pub(super) struct Lane {
    channel: Option<Channel>,
    link: Arc<Link>,
    address: Arc<Address>,
}

/// Where a message goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    /// The exchange; the empty one leads to the queue of the key's name.
    pub(super) exchange: &'a str,
    /// The routing key.
    pub(super) key: &'a str,
}

impl<'a> Target<'a> {
    /// The queue of this name.
    pub(super) fn queue(name: &'a str) -> Self {
        Self { exchange: "", key: name }
    }
}

impl Lane {
    pub(super) fn new(channel: Channel, link: Arc<Link>, address: Arc<Address>) -> Self {
        Self { channel: Some(channel), link, address }
    }

    /// Whether everything that was delivered here is still held here.
    pub(super) fn alive(&self) -> bool {
        self.channel.as_ref().is_some_and(|channel| channel.status().connected())
    }

    /// Gives the channel back for another user. Nothing may be held on it.
    pub(super) fn park(mut self) {
        if let Some(channel) = self.channel.take().filter(|channel| channel.status().connected()) {
            self.link.park(channel);
        }
    }

    /// Closes the channel: what is held on it goes to others.
    pub(super) async fn close(mut self) {
        if let Some(channel) = self.channel.take() {
            close(channel).await;
        }
    }

    /// The queue's name, for people.
    pub(super) fn name(&self) -> &str {
        &self.address.shown
    }

    /// The channel, for calls that have no words of their own here.
    pub(super) async fn call<T, F>(&self, doing: &'static str, call: impl FnOnce(Channel) -> F) -> Result<T, Error>
    where
        F: Future<Output = lapin::Result<T>>,
    {
        let channel = self.channel()?;
        within(&self.address.shown, doing, PATIENCE, call(channel)).await
    }

    fn channel(&self) -> Result<Channel, Error> {
        self.channel.clone().ok_or_else(|| Error::Stopped { queue: self.address.shown.clone() })
    }

    /// Takes a message, if there is one now.
    pub(super) async fn get(&self, queue: &str) -> Result<Option<BasicGetMessage>, Error> {
        let options = BasicGetOptions { no_ack: false };
        self.call("receiving", |channel| async move { channel.basic_get(queue.into(), options).await }).await
    }

    /// Listens at the queue of holders, and is counted there until [`Lane::leave`].
    pub(super) async fn hold(&self) -> Result<Consumer, Error> {
        let held = self.address.names.held.as_str();
        let options = BasicConsumeOptions::default();
        let call = |channel: Channel| async move {
            channel.basic_consume(held.into(), HOLDING.into(), options, FieldTable::default()).await
        };
        self.call("taking a job on loan", call).await
    }

    /// Is no longer counted as a holder. The broker's answer comes after it has read everything
    /// that was said on this channel before.
    pub(super) async fn leave(&self) -> Result<(), Error> {
        let options = BasicCancelOptions { nowait: false };
        self.call("settling", |channel| async move { channel.basic_cancel(HOLDING.into(), options).await }).await
    }

    /// What is counted at a queue: messages to be had, and listeners.
    pub(super) async fn count(&self, queue: &str) -> Result<(u32, u32), Error> {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let call =
            |channel: Channel| async move { channel.queue_declare(queue.into(), options, FieldTable::default()).await };
        let found = self.call("counting", call).await?;
        Ok((found.message_count(), found.consumer_count()))
    }

    /// Hands a message to the broker; the answer to come says whether it is on a queue. To be
    /// called one at a time.
    pub(super) async fn send(
        &self,
        target: Target<'_>,
        body: &[u8],
        properties: BasicProperties,
    ) -> Result<PublisherConfirm, Error> {
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let call = |channel: Channel| async move {
            channel.basic_publish(target.exchange.into(), target.key.into(), options, body, properties).await
        };
        self.call("publishing", call).await
    }

    /// The broker's answer, and the id of a message that it returned: not always this one, where
    /// it answers several at once.
    pub(super) async fn answer(&self, sent: PublisherConfirm) -> Result<Answer, Error> {
        Ok(match within(&self.address.shown, "publishing", PATIENCE, sent).await? {
            Confirmation::Ack(None) => Answer::Placed,
            Confirmation::Nack(None) => Answer::Refused,
            Confirmation::Ack(Some(back)) => Answer::Returned(back.delivery.properties.message_id().clone()),
            Confirmation::Nack(Some(back)) => Answer::Returned(back.delivery.properties.message_id().clone()),
            Confirmation::NotRequested => Answer::Unconfirmed,
        })
    }

    /// Publishes one message, and comes back when it is safe on its queue.
    pub(super) async fn place(
        &self,
        target: Target<'_>,
        body: &[u8],
        properties: BasicProperties,
    ) -> Result<(), Error> {
        let sent = self.send(target, body, properties).await?;
        let problem = match self.answer(sent).await? {
            Answer::Placed => return Ok(()),
            Answer::Refused => Unplaced::Refused,
            Answer::Returned(_) => Unplaced::Unroutable,
            Answer::Unconfirmed => Unplaced::Unconfirmed,
        };
        Err(problem.into_error(&self.address.shown, "publishing"))
    }
}

/// What the broker says of a message that was published.
#[derive(Debug)]
pub(super) enum Answer {
    /// It is on its queue, and safe.
    Placed,
    /// Its queue would not have it.
    Refused,
    /// There is no queue for the message of this id.
    Returned(Option<ShortString>),
    /// Nothing.
    Unconfirmed,
}

async fn close(channel: Channel) {
    if channel.status().connected() {
        // Failing, it is closed already.
        let _ = timeout(PATIENCE, channel.close(200, "done".into())).await;
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let (Some(channel), Ok(runtime)) = (self.channel.take(), runtime()) {
            runtime.spawn(close(channel));
        }
    }
}
