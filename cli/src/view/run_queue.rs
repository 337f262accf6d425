//! The queue of the run that is followed, if it can be asked.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use zagg_queue::{
    queue::{Options, Queue},
    url::QueueUrl,
};

/// So long a queue that failed is left alone.
const PAUSE: Duration = Duration::from_secs(30);

/// The queue that was typed, or that of the run's record.
pub(super) struct RunQueue {
    typed: Option<String>,
    address: Option<String>,
    open: Option<Arc<dyn Queue>>,
    failed: Option<Instant>,
    trouble: Option<String>,
}

impl RunQueue {
    pub(super) fn new(typed: Option<String>) -> Self {
        Self { address: typed.clone(), typed, open: None, failed: None, trouble: None }
    }

    /// Takes the address in a run's record, which has no password, unless one was typed.
    pub(super) fn of(&mut self, recorded: &str) {
        if self.typed.is_none() {
            let needs_password = recorded.contains("***");
            self.address = (!needs_password).then(|| recorded.to_owned());
            self.trouble = needs_password.then(|| "the queue needs a password: name it with --queue".to_owned());
            (self.open, self.failed) = (None, None);
        }
    }

    /// The queue, unless it cannot be asked.
    pub(super) async fn open(&mut self) -> Option<Arc<dyn Queue>> {
        if self.failed.is_some_and(|failed| failed.elapsed() < PAUSE) {
            return None;
        }
        if self.open.is_none() {
            let address = self.address.clone()?;
            match connect(&address).await {
                Ok(queue) => (self.open, self.trouble, self.failed) = (Some(queue), None, None),
                Err(trouble) => self.failed(trouble),
            }
        }
        self.open.clone()
    }

    /// The queue failed.
    pub(super) fn failed(&mut self, trouble: String) {
        tracing::warn!(trouble, "the queue cannot be asked");
        (self.open, self.failed, self.trouble) = (None, Some(Instant::now()), Some(trouble));
    }

    /// Why the queue is not asked.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }
}

async fn connect(address: &str) -> Result<Arc<dyn Queue>, String> {
    let url: QueueUrl = address.parse().map_err(|error: zagg_queue::error::Error| error.to_string())?;
    // Opening a file's queue makes the file; whoever only looks makes nothing.
    if let QueueUrl::File(path) = &url
        && !path.exists()
    {
        return Err(format!("there is no queue at {url}"));
    }
    url.open(Options::default()).await.map_err(|error| error.to_string())
}
