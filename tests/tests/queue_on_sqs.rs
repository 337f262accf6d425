//! The queue contract on `SQS`, and what is SQS's own.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "queue_on_sqs/own.rs"]
mod own;
#[path = "queue_on_sqs/trouble.rs"]
mod trouble;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use zagg_queue::conformance::{Harness, Restart};
use zagg_queue::queue::{Options, Queue};
use zagg_queue::sqs::{Access, Keys, Sqs};
use zagg_tests::kit::{MiniStack, sqs};

/// `SQS` knows whole seconds only.
const OPTIONS: Options = Options { term: Duration::from_secs(3), max_attempts: 3 };

/// The sentence that gets a server for itself, the others being unable to bear a restart.
const RESTARTS: &str = "a_broker_restart_loses_nothing";

struct OnSqs {
    name: String,
    queue: Mutex<Arc<Sqs>>,
    address: SocketAddr,
    /// The server, where it is not the shared one.
    own: Mutex<Option<MiniStack>>,
}

fn access(endpoint: String) -> Access {
    let keys = Keys { id: "test".into(), secret: "hunter2".into(), token: None };
    Access { region: Some("us-east-1".into()), endpoint: Some(endpoint), keys: Some(keys) }
}

fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("zagg-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A new queue's name, and the queue itself, on the shared server.
async fn fresh() -> (String, Sqs) {
    let (name, access) = (fresh_name(), access(MiniStack::shared().endpoint()));
    let url = format!("sqs://{name}");
    Sqs::create_with(&url, OPTIONS, access.clone()).await.unwrap();
    (name, Sqs::open_with(&url, OPTIONS, access).await.unwrap())
}

async fn open(name: &str, address: SocketAddr) -> Arc<Sqs> {
    let access = access(format!("http://{address}"));
    Arc::new(Sqs::open_with(&format!("sqs://{name}"), OPTIONS, access).await.unwrap())
}

async fn on_sqs() -> OnSqs {
    // A test's thread has its name.
    let own = (std::thread::current().name() == Some(RESTARTS)).then(MiniStack::start_durable);
    let address = own.as_ref().unwrap_or_else(|| MiniStack::shared()).address();
    let name = fresh_name();
    Sqs::create_with(&format!("sqs://{name}"), OPTIONS, access(format!("http://{address}"))).await.unwrap();
    let queue = Mutex::new(open(&name, address).await);
    OnSqs { name, queue, address, own: Mutex::new(own) }
}

#[async_trait::async_trait]
impl Harness for OnSqs {
    fn queue(&self) -> Arc<dyn Queue> {
        Arc::clone(&*self.queue.lock().unwrap()) as Arc<dyn Queue>
    }

    fn options(&self) -> Options {
        OPTIONS
    }

    async fn inject(&self, message: &[u8]) {
        sqs::send(self.address, &self.name, std::str::from_utf8(message).unwrap());
    }

    async fn restart(&self) -> Restart {
        let server = self.own.lock().unwrap().take().unwrap();
        *self.own.lock().unwrap() = Some(server.restart());
        let queue = open(&self.name, self.address).await;
        *self.queue.lock().unwrap() = Arc::clone(&queue);
        Restart::Done(queue)
    }
}

zagg_queue::conformance!(on_sqs);
