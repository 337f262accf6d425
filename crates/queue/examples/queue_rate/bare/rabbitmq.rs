//! lapin: confirmed publishing to a quorum queue; one consumer whose prefetch is the number of slots,
//! each delivery acked.

use std::time::Instant;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Confirmation, Connection, ConnectionProperties};

use super::Bare;
use crate::{IN_FLIGHT, Outcome};

const QUEUE: &str = "bare-rate";
/// Messages whose confirmation is waited for at once: as many as our batches in flight hold.
const UNCONFIRMED: usize = IN_FLIGHT * 500;

pub(super) async fn run(url: &str, messages: &[String], slots: usize) -> Outcome<Bare> {
    let address = url.split('?').next().unwrap_or_default();
    let connection = Connection::connect(address, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(QUEUE.into(), durable, arguments).await?;
    let start = Instant::now();
    let properties = BasicProperties::default().with_delivery_mode(2);
    let sent = stream::iter(messages).map(|message| {
        let (channel, properties) = (channel.clone(), properties.clone());
        async move {
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            channel.basic_publish("".into(), QUEUE.into(), options, message.as_bytes(), properties).await?.await
        }
    });
    let confirmed: Vec<Confirmation> = sent.buffered(UNCONFIRMED).try_collect().await?;
    assert!(confirmed.iter().all(Confirmation::is_ack), "a message was not taken");
    let enqueued = start.elapsed();
    channel.basic_qos(slots.try_into()?, BasicQosOptions::default()).await?;
    let start = Instant::now();
    let options = BasicConsumeOptions::default();
    let consumer = channel.basic_consume(QUEUE.into(), "bare".into(), options, FieldTable::default()).await?;
    let acked = consumer.take(messages.len()).map(|delivery| async move {
        let delivery = delivery?;
        delivery.acker.ack(BasicAckOptions::default()).await
    });
    acked.buffer_unordered(slots).try_for_each(|_| async { Ok(()) }).await?;
    let drained = start.elapsed();
    channel.queue_delete(QUEUE.into(), QueueDeleteOptions::default()).await?;
    Ok(Bare { enqueued, drained })
}
