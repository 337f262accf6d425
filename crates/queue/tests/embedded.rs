//! The durable queue of one machine keeps the contract.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use zagg_queue::conformance::{Harness, Restart};
use zagg_queue::embedded::Embedded;
use zagg_queue::queue::{Options, Queue};

const OPTIONS: Options = Options { term: Duration::from_millis(1500), max_attempts: 3 };

struct InFile {
    folder: TempDir,
    queue: Mutex<Arc<Embedded>>,
}

impl InFile {
    async fn open(folder: &TempDir) -> Arc<Embedded> {
        Arc::new(Embedded::open(&folder.path().join("queue.db"), OPTIONS).await.unwrap())
    }
}

async fn in_file() -> InFile {
    let folder = tempfile::tempdir().unwrap();
    let queue = Mutex::new(InFile::open(&folder).await);
    InFile { folder, queue }
}

#[async_trait::async_trait]
impl Harness for InFile {
    fn queue(&self) -> Arc<dyn Queue> {
        Arc::clone(&*self.queue.lock().unwrap()) as Arc<dyn Queue>
    }

    fn options(&self) -> Options {
        OPTIONS
    }

    async fn inject(&self, message: &[u8]) {
        // Another client, as a foreign program would be one.
        InFile::open(&self.folder).await.enqueue_raw(message).await.unwrap();
    }

    async fn restart(&self) -> Restart {
        let queue = InFile::open(&self.folder).await;
        *self.queue.lock().unwrap() = Arc::clone(&queue);
        Restart::Done(queue)
    }
}

zagg_queue::conformance!(in_file);
