//! The drain: takes jobs from a queue, as many as there are free slots, until it is told to stop or
//! nothing is left.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc::UnboundedSender},
    task::JoinSet,
    time::sleep,
};
use tracing::warn;
use zagg_core::fault::chain;
use zagg_queue::{
    error::Error as QueueError,
    queue::{Delivery, Queue},
};

use crate::{
    event::Event,
    memory::Guard,
    runs::Runs,
    slot::Bench,
    stop::{Stop, StopSignal},
    verdict::Patience,
};

/// Slots that one feeder serves: one request to the broker at a time is enough for them.
const SLOTS_PER_FEEDER: usize = 256;
/// The longest wait of one receive for a drain that ends when nothing is left: it looks whether that is
/// so after each.
const LAST_WAIT: Duration = Duration::from_secs(2);
/// The longest pause between two tries to reach the broker.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How a drain is run.
#[derive(Debug, Clone, Copy)]
pub struct DrainSettings {
    /// Jobs in work at once.
    pub slots: usize,
    /// End when the queue has nothing ready, leased or delayed.
    pub until_empty: bool,
    /// How long one receive waits.
    pub wait: Duration,
    /// How often a job is tried again.
    pub patience: Patience,
    /// How long a broker may be out of reach before the drain gives up.
    pub broker_patience: Duration,
}

/// What a drain works with.
#[derive(Debug)]
pub struct Drain {
    /// Where jobs come from.
    pub queue: Arc<dyn Queue>,
    /// Where jobs go that are too large for this worker.
    pub bigger: Option<Arc<dyn Queue>>,
    /// What does them.
    pub runs: Arc<Runs>,
    /// Who looks after the memory.
    pub guard: Arc<Guard>,
    /// What others may know of the drain.
    pub pulse: Arc<Pulse>,
}

/// Signs of life of a drain.
#[derive(Debug, Default)]
pub struct Pulse {
    /// Jobs in work.
    working: AtomicUsize,
    /// When the broker last answered, in seconds since 1970.
    answered: AtomicU64,
}

impl Pulse {
    /// Jobs in work now.
    #[must_use]
    pub fn working(&self) -> usize {
        self.working.load(Ordering::Relaxed)
    }

    /// How long ago the broker last answered; none before its first answer.
    #[must_use]
    pub fn silence(&self) -> Option<Duration> {
        let answered = self.answered.load(Ordering::Relaxed);
        (answered > 0).then(|| Duration::from_secs(now().saturating_sub(answered)))
    }

    fn answer(&self) {
        self.answered.store(now().max(1), Ordering::Relaxed);
    }
}

/// Takes jobs until told to stop (or, with `until_empty`, until none is left). When the stop says
/// "drop", jobs in flight are put back.
///
/// # Errors
/// When the queue cannot be reached for long, or refuses. Jobs in flight are finished first.
pub async fn drain(
    drain: Drain,
    settings: DrainSettings,
    stop: StopSignal,
    events: UnboundedSender<Event>,
) -> Result<(), QueueError> {
    let Drain { queue, bigger, runs, guard, pulse } = drain;
    let bench = Arc::new(Bench { queue, bigger, runs, patience: settings.patience, guard, stop, events });
    let slots = Arc::new(Semaphore::new(settings.slots.max(1)));
    let mut feeders = JoinSet::new();
    for _ in 0..settings.slots.div_ceil(SLOTS_PER_FEEDER).max(1) {
        let (bench, slots, pulse) = (Arc::clone(&bench), Arc::clone(&slots), Arc::clone(&pulse));
        feeders.spawn(Feeder { bench, slots, pulse, settings, jobs: JoinSet::new() }.feed());
    }
    let mut outcome = Ok(());
    while let Some(ended) = feeders.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => outcome = outcome.and(Err(error)),
            Err(error) => warn!(%error, "a feeder ended abnormally"),
        }
    }
    outcome
}

struct Feeder {
    bench: Arc<Bench>,
    slots: Arc<Semaphore>,
    pulse: Arc<Pulse>,
    settings: DrainSettings,
    jobs: JoinSet<()>,
}

impl Feeder {
    /// Feeds the slots; then waits for those that it fed.
    async fn feed(mut self) -> Result<(), QueueError> {
        let outcome = tokio::select! {
            () = self.bench.stop.clone().into_reached(Stop::Finish) => Ok(()),
            outcome = self.take() => outcome,
        };
        while let Some(ended) = self.jobs.join_next().await {
            if let Err(error) = ended {
                warn!(%error, "a slot ended abnormally");
            }
        }
        outcome
    }

    async fn take(&mut self) -> Result<(), QueueError> {
        let mut trouble: Option<(Instant, Duration)> = None;
        let DrainSettings { wait, until_empty, .. } = self.settings;
        let wait = if until_empty { wait.min(LAST_WAIT) } else { wait };
        loop {
            while self.jobs.try_join_next().is_some() {}
            let mut permits = self.free_slots().await;
            match self.bench.queue.receive(permits.len(), wait).await {
                Ok(received) => {
                    trouble = None;
                    self.pulse.answer();
                    if received.is_empty() {
                        permits.clear();
                        if until_empty && self.is_over().await? {
                            return Ok(());
                        }
                    } else {
                        self.bench.tell(Event::Received { jobs: received.len() });
                    }
                    for delivery in received {
                        self.start(delivery, permits.pop());
                    }
                }
                Err(error) if error.may_pass() => {
                    let (since, pause) = trouble.unwrap_or((Instant::now(), Duration::from_millis(100)));
                    if since.elapsed() > self.settings.broker_patience {
                        return Err(error);
                    }
                    self.bench.tell(Event::BrokerTrouble { reason: chain(&error) });
                    sleep(pause).await;
                    trouble = Some((since, (pause * 2).min(LONGEST_PAUSE)));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for a free slot and for memory; takes as many slots as are free, up to a batch.
    async fn free_slots(&self) -> Vec<OwnedSemaphorePermit> {
        let mut permits = Vec::new();
        // The semaphore is never closed.
        if let Ok(permit) = Arc::clone(&self.slots).acquire_owned().await {
            permits.push(permit);
        }
        self.bench.guard.room().await;
        // Without credentials every job would fail: they wait on the queue, where it costs no attempt.
        while let Some(outage) = self.bench.runs.outage() {
            warn!(seconds = outage.as_secs(), "Earthdata gives no credentials: no jobs are taken");
            sleep(outage.min(LONGEST_PAUSE)).await;
        }
        let batch = self.bench.queue.limits().batch;
        while permits.len() < batch
            && let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned()
        {
            permits.push(permit);
        }
        permits
    }

    fn start(&mut self, delivery: Delivery, permit: Option<OwnedSemaphorePermit>) {
        let (bench, pulse) = (Arc::clone(&self.bench), Arc::clone(&self.pulse));
        pulse.working.fetch_add(1, Ordering::Relaxed);
        self.jobs.spawn(async move {
            let _permit = permit;
            bench.serve(delivery).await;
            pulse.working.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// Whether nothing is left, here or at the broker.
    async fn is_over(&self) -> Result<bool, QueueError> {
        if self.pulse.working() > 0 {
            return Ok(false);
        }
        match self.bench.queue.depth().await {
            Ok(depth) => Ok(depth.pending() == 0),
            Err(error) if error.may_pass() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
