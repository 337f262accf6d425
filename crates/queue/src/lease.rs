//! Leases: a delivery held for as long as the work takes.
//!
//! One thread per process keeps all leases. It has a small runtime of its own, so that neither
//! computing nor a blocked runtime of the caller can make an extension late.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use zagg_core::job::Job;

use crate::error::Error;
use crate::queue::{Delivery, Queue, Reason, Settled};

/// Tries of one verdict before the caller hears that it failed.
const SETTLE_TRIES: u32 = 5;
/// The pause after the first failed try; it doubles each time.
const SETTLE_PAUSE: Duration = Duration::from_millis(100);
/// The shortest pause between two extensions.
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);

/// A delivery that is extended, at a third of its term, until it is settled, lost or dropped.
///
/// Dropping a lease stops the extending: it equals losing it, and the job comes back when the
/// term is over.
#[derive(Debug)]
pub struct Lease {
    queue: Arc<dyn Queue>,
    delivery: Delivery,
    lost: watch::Receiver<Option<Arc<Error>>>,
    keeper: AbortHandle,
}

impl Lease {
    /// Holds a delivery of `queue`, extending it for `term` each time.
    ///
    /// # Errors
    /// [`Error::Thread`] when the keeper's thread can't be started; the delivery then comes back
    /// when its first term is over.
    pub fn hold(queue: Arc<dyn Queue>, delivery: Delivery, term: Duration) -> Result<Self, Error> {
        let (sender, lost) = watch::channel(None);
        let (kept, loan) = (Arc::clone(&queue), delivery.clone());
        let task = keeper()?.spawn(async move {
            let why = keep(kept.as_ref(), &loan, term).await;
            let error = &why as &dyn std::error::Error;
            tracing::warn!(queue = kept.name(), shard = loan.job.shard, error, "a lease is lost");
            sender.send_replace(Some(Arc::new(why)));
        });
        Ok(Self { queue, delivery, lost, keeper: task.abort_handle() })
    }

    /// The job on loan.
    #[must_use]
    pub fn job(&self) -> &Job {
        &self.delivery.job
    }

    /// How many times the job has been handed out, this time included.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.delivery.attempt
    }

    /// Whether the lease is lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.borrow().is_some()
    }

    /// Resolves, with the reason, when the lease is lost: somebody else has the job, or the lease
    /// could not be extended before its end. The future is independent of the lease; when the
    /// lease is settled or dropped, it resolves too.
    pub fn lost(&self) -> impl Future<Output = Arc<Error>> + Send + use<> {
        let mut lost = self.lost.clone();
        let job = self.delivery.job.id();
        async move {
            match lost.wait_for(Option::is_some).await.map(|why| why.clone()) {
                Ok(Some(why)) => why,
                Ok(None) | Err(_) => Arc::new(Error::LeaseLost { job, source: None }),
            }
        }
    }

    /// The job is done. See [`Queue::ack`].
    ///
    /// # Errors
    /// When the broker could not be told, in spite of several tries: the job comes back.
    pub async fn ack(&self) -> Result<Settled, Error> {
        self.settle(Verdict::Ack).await
    }

    /// The job may be tried again after a while. See [`Queue::release`].
    ///
    /// # Errors
    /// When the broker could not be told, in spite of several tries: the job comes back.
    pub async fn release(&self, after: Duration) -> Result<Settled, Error> {
        self.settle(Verdict::Release(after)).await
    }

    /// Nobody could try the job. See [`Queue::put_back`].
    ///
    /// # Errors
    /// When the broker could not be told, in spite of several tries: the job comes back.
    pub async fn put_back(&self) -> Result<Settled, Error> {
        self.settle(Verdict::PutBack).await
    }

    /// The job is set aside. See [`Queue::bury`].
    ///
    /// # Errors
    /// When the broker could not be told, in spite of several tries: the job comes back.
    pub async fn bury(&self, reason: &Reason) -> Result<Settled, Error> {
        self.settle(Verdict::Bury(reason)).await
    }

    /// Tells the broker while the lease is still kept, so that a slow broker doesn't cost the job.
    async fn settle(&self, verdict: Verdict<'_>) -> Result<Settled, Error> {
        let mut pause = SETTLE_PAUSE;
        for _ in 1..SETTLE_TRIES {
            if self.is_lost() {
                return Ok(Settled::Stale);
            }
            match self.tell(verdict).await {
                Err(error) if error.may_pass() => sleep(pause).await,
                outcome => return outcome,
            }
            pause *= 2;
        }
        self.tell(verdict).await
    }

    async fn tell(&self, verdict: Verdict<'_>) -> Result<Settled, Error> {
        match verdict {
            Verdict::Ack => self.queue.ack(&self.delivery).await,
            Verdict::Release(after) => self.queue.release(&self.delivery, after).await,
            Verdict::PutBack => self.queue.put_back(&self.delivery).await,
            Verdict::Bury(reason) => self.queue.bury(&self.delivery, reason).await,
        }
    }
}

#[derive(Clone, Copy)]
enum Verdict<'a> {
    Ack,
    Release(Duration),
    PutBack,
    Bury(&'a Reason),
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Extends the delivery until that is no longer possible, and says why.
async fn keep(queue: &dyn Queue, delivery: &Delivery, term: Duration) -> Error {
    let last_end = Instant::now().checked_add(queue.limits().lease);
    let mut end = delivery.expires;
    // What was left at the last extension. The holder gets a twentieth of it, "the end is near",
    // to stop before somebody else starts.
    let mut span = term.min(left(end));
    let mut pause = span / 3;
    let mut trouble = None;
    loop {
        let Some(near) = until_near(end, span / 20, pause).await else {
            return Error::LeaseLost { job: delivery.job.id(), source: trouble };
        };
        let ask = last_end.map_or(term, |last| term.min(left(last)));
        if ask.is_zero() {
            sleep(near).await;
            return Error::LeaseLost { job: delivery.job.id(), source: trouble };
        }
        // A hanging call must leave time for another try.
        let patience = (near / 3).max(SHORTEST_PAUSE);
        let error = match timeout(patience, queue.extend(delivery, ask)).await {
            Ok(Ok(new_end)) => {
                end = new_end;
                span = term.min(left(end));
                pause = span / 3;
                trouble = None;
                continue;
            }
            Ok(Err(lost @ Error::LeaseLost { .. })) => return lost,
            Ok(Err(error)) => error,
            Err(_) => {
                let seconds = patience.as_secs_f64();
                Error::Silent { queue: queue.name().to_owned(), doing: "extending a lease", seconds }
            }
        };
        let why = &error as &dyn std::error::Error;
        tracing::debug!(queue = queue.name(), error = why, "a lease was not extended");
        trouble = Some(Box::new(error));
        pause = span / 30;
    }
}

/// Sleeps for `pause`, or until `margin` before `end` if that is sooner; the time that is then
/// left until the margin, or none.
async fn until_near(end: Instant, margin: Duration, pause: Duration) -> Option<Duration> {
    sleep(pause.max(SHORTEST_PAUSE).min(left(end).saturating_sub(margin))).await;
    let near = left(end).saturating_sub(margin);
    (!near.is_zero()).then_some(near)
}

fn left(end: Instant) -> Duration {
    end.saturating_duration_since(Instant::now())
}

/// The runtime of the keeper's thread, which is started once and then kept.
fn keeper() -> Result<Handle, Error> {
    static KEEPER: Mutex<Option<Handle>> = Mutex::new(None);
    let failed = |source| Error::Thread { thread: "lease keeper", source };
    let mut slot = KEEPER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = slot.as_ref() {
        return Ok(handle.clone());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("zagg-lease".into())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))
        .map_err(failed)?;
    *slot = Some(handle.clone());
    Ok(handle)
}
