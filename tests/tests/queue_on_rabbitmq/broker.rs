//! The broker of these tests, and another program's view of it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lapin::options::{
    BasicAckOptions, BasicGetOptions, BasicPublishOptions, BasicRejectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use tokio::sync::{RwLock, RwLockReadGuard};
use zagg_queue::queue::Options;
use zagg_queue::rabbitmq::RabbitMq;
use zagg_tests::kit::RabbitBroker;

pub(crate) const OPTIONS: Options = Options { term: Duration::from_millis(1500), max_attempts: 3 };
/// Leases that no test outlives.
pub(crate) const LONG: Options = Options { term: Duration::from_secs(300), max_attempts: 3 };

pub(crate) static BROKER: OnceLock<RwLock<RabbitBroker>> = OnceLock::new();

/// The broker of all these tests. Nobody restarts it while this is held.
pub(crate) async fn shared() -> RwLockReadGuard<'static, RabbitBroker> {
    BROKER.get_or_init(|| RwLock::new(RabbitBroker::start())).read().await
}

/// A queue's name that no other test uses.
pub(crate) fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("q{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A new queue.
pub(crate) async fn made(url: &str, options: Options) -> RabbitMq {
    RabbitMq::create(url, options).await.unwrap();
    RabbitMq::open(url, options).await.unwrap()
}

/// Another program that knows the queue.
pub(crate) struct Client {
    // Closed when dropped.
    _connection: Connection,
    channel: Channel,
    queue: String,
}

impl Client {
    pub(crate) async fn of(url: &str) -> Self {
        let (broker, queue) = url.split_once("?queue=").unwrap();
        let connection = Connection::connect(broker, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(Default::default()).await.unwrap();
        Self { _connection: connection, channel, queue: queue.to_owned() }
    }

    pub(crate) async fn publish(&self, body: &[u8]) {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let name = self.queue.as_str().into();
        let sent = self.channel.basic_publish("".into(), name, options, body, properties).await.unwrap();
        assert!(sent.await.unwrap().is_ack());
    }

    /// Declares the queue itself, and only that.
    pub(crate) async fn declare(&self, arguments: &[(&str, AMQPValue)]) {
        let mut table = FieldTable::default();
        for (name, value) in arguments {
            table.insert((*name).into(), value.clone());
        }
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(self.queue.as_str().into(), options, table).await.unwrap();
    }

    pub(crate) async fn delete(&self) {
        self.channel.queue_delete(self.queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    }

    /// Takes messages and gives them back, until there is none; how many it were.
    pub(crate) async fn reject_all(&self) -> u32 {
        let mut count = 0;
        let options = BasicGetOptions { no_ack: false };
        while let Some(message) = self.channel.basic_get(self.queue.as_str().into(), options).await.unwrap() {
            message.acker.reject(BasicRejectOptions { requeue: true }).await.unwrap();
            count += 1;
            // The broker takes a moment to have it again.
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        count
    }

    /// Takes one message for good.
    pub(crate) async fn steal(&self) -> Vec<u8> {
        let options = BasicGetOptions { no_ack: false };
        let message = self.channel.basic_get(self.queue.as_str().into(), options).await.unwrap().unwrap();
        message.acker.ack(BasicAckOptions::default()).await.unwrap();
        message.delivery.data
    }
}
