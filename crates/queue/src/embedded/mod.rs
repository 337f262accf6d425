//! The durable queue of one machine: an `SQLite` file that several processes share.
//!
//! All statements of one handle run on a thread of its own, so that neither the disk nor another
//! process's transaction ever blocks the async runtime.

mod file;
mod owner;
mod schema;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::{Notify, oneshot};
use zagg_core::job::Job;

use self::file::QueueFile;
use self::owner::Owner;
use crate::error::Error;
use crate::message::{MESSAGE_BYTES, admit};
use crate::queue::{Abilities, Buried, Class, Delivery, Depth, Enqueued, Limits, Options, Queue, Reason, Settled};

/// Longer terms, delays and waits than this are not wanted by anybody, and sums of it can't overflow.
const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// How soon an idle receiver first looks again; other processes can't call it.
const FIRST_LOOK: Duration = Duration::from_millis(5);
/// How seldom it looks in the end.
const LAST_LOOK: Duration = Duration::from_millis(100);

type Work = Box<dyn FnOnce(&mut QueueFile) + Send>;

/// A queue in a file. Leases outlive the process that opened it, jobs outlive the machine's power.
///
/// The clock of the leases counts from the machine's boot: its processes share it, and nobody sets
/// it. After a boot leases and delays run on for what they had left. A lease of a process of this
/// machine that no longer exists ends as soon as somebody looks for work and finds none (where
/// `/proc` tells).
///
/// The file must lie on a local disk: network file systems do not lock it reliably.
pub struct Embedded {
    name: String,
    options: Options,
    work: mpsc::Sender<Work>,
    news: Notify,
}

impl Embedded {
    /// Opens the queue file, and makes it if it is absent. The folder must exist.
    ///
    /// # Errors
    /// [`Error::Foreign`] or [`Error::Version`] when the file is no queue of this release,
    /// [`Error::Database`] when it can't be opened, [`Error::Thread`].
    pub async fn open(path: &Path, options: Options) -> Result<Self, Error> {
        let name = format!("file:{}", path.display());
        let options = Options { term: options.term.min(LONGEST), ..options };
        let (work, jobs) = mpsc::channel();
        let (ready, opened) = oneshot::channel();
        let owned = path.to_owned();
        std::thread::Builder::new()
            .name("zagg-queue".into())
            .spawn(move || serve(owned, options, &jobs, ready))
            .map_err(|source| Error::Thread { thread: "queue", source })?;
        opened.await.map_err(|_| Error::Stopped { queue: name.clone() })??;
        Ok(Self { name, options, work, news: Notify::new() })
    }

    /// Puts any bytes on the queue, as a foreign program might.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn enqueue_raw(&self, body: &[u8]) -> Result<(), Error> {
        let body = body.to_vec();
        self.run(move |file| file.enqueue_raw(&body)).await
    }

    /// Has the queue's thread do something.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut QueueFile) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let stopped = || Error::Stopped { queue: self.name.clone() };
        // A caller who is gone needs no answer.
        let work: Work = Box::new(move |file| _ = reply.send(work(file)));
        self.work.send(work).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// One look for jobs. If the caller is gone by the time they are found, they are given back.
    async fn look(&self, max: usize) -> Result<Vec<Delivery>, Error> {
        let (reply, answer) = oneshot::channel();
        let stopped = || Error::Stopped { queue: self.name.clone() };
        let work: Work = Box::new(move |file| {
            if reply.is_closed() {
                return;
            }
            if let Err(Ok(unseen)) = reply.send(file.receive(max))
                && let Err(error) = file.unreceive(&unseen)
            {
                tracing::warn!(error = &error as &dyn std::error::Error, "jobs wait for their leases to end");
            }
        });
        self.work.send(work).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// The queue's thread: opens the file, then does what it is told until nobody can tell any more.
fn serve(path: PathBuf, options: Options, jobs: &mpsc::Receiver<Work>, ready: oneshot::Sender<Result<(), Error>>) {
    let opened = schema::open(&path)
        .and_then(|opened| QueueFile::new(opened, path, options, Owner::this_process(), Box::new(now_ms)));
    match opened {
        Ok(mut file) => {
            if ready.send(Ok(())).is_ok() {
                jobs.iter().for_each(|work| work(&mut file));
            }
        }
        Err(error) => _ = ready.send(Err(error)),
    }
}

#[async_trait]
impl Queue for Embedded {
    fn name(&self) -> &str {
        &self.name
    }

    fn limits(&self) -> Limits {
        let Options { term, max_attempts: attempts } = self.options;
        let message_bytes = MESSAGE_BYTES;
        Limits { message_bytes, batch: 1000, max_delay: LONGEST, term, lease: LONGEST, wait: LONGEST, attempts }
    }

    fn abilities(&self) -> Abilities {
        Abilities { duplicates: true, durable: true, exact_depth: true, forgets_attempts: true, tells_delayed: true }
    }

    async fn enqueue(&self, jobs: &[Job]) -> Result<Enqueued, Error> {
        let limit = self.limits().batch;
        if jobs.len() > limit {
            return Err(Error::BatchTooLarge { queue: self.name.clone(), jobs: jobs.len(), limit });
        }
        let (outgoing, refused) = admit(jobs, MESSAGE_BYTES);
        let outcome = self.run(move |file| file.enqueue(&outgoing)).await?;
        self.news.notify_waiters();
        Ok(Enqueued { refused, ..outcome })
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        let deadline = Instant::now() + wait.min(LONGEST);
        let max = max.min(self.limits().batch);
        let mut pause = FIRST_LOOK;
        loop {
            // Registered before looking, so that what comes in between is not missed.
            let mut news = std::pin::pin!(self.news.notified());
            news.as_mut().enable();
            let deliveries = self.look(max).await?;
            let now = Instant::now();
            if !deliveries.is_empty() || max == 0 || now >= deadline {
                return Ok(deliveries);
            }
            tokio::select! {
                () = news => {}
                () = tokio::time::sleep_until((now + pause).min(deadline).into()) => {}
            }
            pause = (pause * 2).min(LAST_LOOK);
        }
    }

    async fn extend(&self, delivery: &Delivery, term: Duration) -> Result<Instant, Error> {
        let delivery = delivery.clone();
        self.run(move |file| file.extend(&delivery, term.min(LONGEST))).await
    }

    async fn ack(&self, delivery: &Delivery) -> Result<Settled, Error> {
        let delivery = delivery.clone();
        self.run(move |file| file.ack(&delivery)).await
    }

    async fn release(&self, delivery: &Delivery, after: Duration) -> Result<Settled, Error> {
        let delivery = delivery.clone();
        let settled = self.run(move |file| file.release(&delivery, after.min(LONGEST))).await?;
        self.news.notify_waiters();
        Ok(settled)
    }

    async fn put_back(&self, delivery: &Delivery) -> Result<Settled, Error> {
        let delivery = delivery.clone();
        let settled = self.run(move |file| file.put_back(&delivery)).await?;
        self.news.notify_waiters();
        Ok(settled)
    }

    async fn bury(&self, delivery: &Delivery, reason: &Reason) -> Result<Settled, Error> {
        let (delivery, reason) = (delivery.clone(), reason.clipped());
        self.run(move |file| file.bury(&delivery, &reason)).await
    }

    async fn depth(&self) -> Result<Depth, Error> {
        self.run(|file| file.depth()).await
    }

    async fn buried(&self, max: usize) -> Result<Vec<Buried>, Error> {
        self.run(move |file| file.buried(max)).await
    }

    async fn redrive(&self, max: usize, class: Option<Class>) -> Result<usize, Error> {
        let count = self.run(move |file| file.redrive(max, class)).await?;
        self.news.notify_waiters();
        Ok(count)
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded").field("name", &self.name).field("options", &self.options).finish_non_exhaustive()
    }
}

/// Milliseconds since the machine booted, sleep included.
fn now_ms() -> i64 {
    #[cfg(target_os = "linux")]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: ClockId = ClockId::Monotonic;
    let since = clock_gettime(CLOCK);
    since.tv_sec.saturating_mul(1000).saturating_add(since.tv_nsec / 1_000_000)
}
