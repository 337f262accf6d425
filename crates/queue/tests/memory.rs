//! The queue of one process keeps the contract.

use std::sync::Arc;
use std::time::Duration;

use zagg_queue::conformance::{Harness, Restart};
use zagg_queue::memory::Memory;
use zagg_queue::queue::{Options, Queue};

const OPTIONS: Options = Options { term: Duration::from_millis(1500), max_attempts: 3 };

struct InMemory(Arc<Memory>);

async fn in_memory() -> InMemory {
    InMemory(Arc::new(Memory::new(OPTIONS)))
}

#[async_trait::async_trait]
impl Harness for InMemory {
    fn queue(&self) -> Arc<dyn Queue> {
        Arc::clone(&self.0) as Arc<dyn Queue>
    }

    fn options(&self) -> Options {
        OPTIONS
    }

    async fn inject(&self, message: &[u8]) {
        self.0.enqueue_raw(message);
    }

    async fn restart(&self) -> Restart {
        Restart::Impossible
    }
}

zagg_queue::conformance!(in_memory);
