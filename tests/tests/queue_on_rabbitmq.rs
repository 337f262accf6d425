//! The queue's conformance suite on a RabbitMQ broker of its own, and what only RabbitMQ can do to a queue.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "queue_on_rabbitmq/broker.rs"]
mod broker;
#[path = "queue_on_rabbitmq/outages.rs"]
mod outages;
#[path = "queue_on_rabbitmq/receivers.rs"]
mod receivers;
#[path = "queue_on_rabbitmq/setup.rs"]
mod setup;

use std::sync::{Arc, Mutex};

use tokio::sync::RwLockReadGuard;
use zagg_queue::conformance::{Harness, Restart};
use zagg_queue::queue::{Options, Queue};
use zagg_queue::rabbitmq::RabbitMq;
use zagg_tests::kit::RabbitBroker;

use self::broker::{BROKER, Client, OPTIONS, fresh_name, shared};

/// One broker for all sentences, with a queue for each. While one of them restarts the broker, it
/// is alone: each sentence holds the broker for as long as it runs.
struct OnRabbitMq {
    broker: Mutex<Option<RwLockReadGuard<'static, RabbitBroker>>>,
    url: String,
    queue: Mutex<Option<Arc<dyn Queue>>>,
}

async fn on_rabbitmq() -> OnRabbitMq {
    let broker = shared().await;
    let url = broker.url(&fresh_name());
    RabbitMq::create(&url, OPTIONS).await.unwrap();
    let queue: Arc<dyn Queue> = Arc::new(RabbitMq::open(&url, OPTIONS).await.unwrap());
    OnRabbitMq { broker: Mutex::new(Some(broker)), url, queue: Mutex::new(Some(queue)) }
}

#[async_trait::async_trait]
impl Harness for OnRabbitMq {
    fn queue(&self) -> Arc<dyn Queue> {
        Arc::clone(self.queue.lock().unwrap().as_ref().unwrap())
    }

    fn options(&self) -> Options {
        OPTIONS
    }

    async fn inject(&self, message: &[u8]) {
        Client::of(&self.url).await.publish(message).await;
    }

    async fn restart(&self) -> Restart {
        *self.queue.lock().unwrap() = None;
        *self.broker.lock().unwrap() = None;
        {
            let mut alone = BROKER.get().unwrap().write().await;
            alone.kill();
            alone.revive();
        }
        let queue: Arc<dyn Queue> = Arc::new(RabbitMq::open(&self.url, OPTIONS).await.unwrap());
        let broker = shared().await;
        *self.broker.lock().unwrap() = Some(broker);
        *self.queue.lock().unwrap() = Some(Arc::clone(&queue));
        Restart::Done(queue)
    }
}

zagg_queue::conformance!(on_rabbitmq);
