//! The queue's conformance suite on a Redis server of its own, and what only Redis can do to a queue.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "queue_on_redis/server.rs"]
mod server;
#[path = "queue_on_redis/sharing.rs"]
mod sharing;
#[path = "queue_on_redis/stream.rs"]
mod stream;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use zagg_queue::conformance::{Harness, Restart};
use zagg_queue::queue::{Options, Queue};
use zagg_queue::redis::RedisQueue;
use zagg_tests::kit::RedisServer;

const OPTIONS: Options = Options { term: Duration::from_millis(1500), max_attempts: 3 };
/// Leases that no test outlives.
const LONG: Options = Options { term: Duration::from_secs(300), max_attempts: 3 };
/// What is waited for at most where something must come, on however slow a machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A name that no other test of this process uses.
fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("q{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn open(server: &RedisServer, name: &str, options: Options) -> Arc<dyn Queue> {
    Arc::new(RedisQueue::open(&server.url(name), options).await.unwrap())
}

/// A server for each sentence: it takes a tenth of a second, and one of them kills it.
struct OnRedis {
    server: Mutex<RedisServer>,
    queue: Mutex<Arc<dyn Queue>>,
}

async fn on_redis() -> OnRedis {
    let server = RedisServer::start();
    let queue = Mutex::new(open(&server, "zagg", OPTIONS).await);
    OnRedis { server: Mutex::new(server), queue }
}

#[async_trait::async_trait]
impl Harness for OnRedis {
    fn queue(&self) -> Arc<dyn Queue> {
        Arc::clone(&*self.queue.lock().unwrap())
    }

    fn options(&self) -> Options {
        OPTIONS
    }

    async fn inject(&self, message: &[u8]) {
        let server = self.server.lock().unwrap();
        let answer = server.raw_command(&[b"XADD", b"zagg:{zagg}:jobs", b"*", b"v", message]).unwrap();
        assert!(answer.starts_with('$'), "{answer}");
    }

    async fn restart(&self) -> Restart {
        let url = {
            let mut server = self.server.lock().unwrap();
            server.kill();
            server.revive();
            server.url("zagg")
        };
        let queue: Arc<dyn Queue> = Arc::new(RedisQueue::open(&url, OPTIONS).await.unwrap());
        *self.queue.lock().unwrap() = Arc::clone(&queue);
        Restart::Done(queue)
    }
}

zagg_queue::conformance!(on_redis);
