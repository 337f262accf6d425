//! `RabbitMQ`: quorum queues, over AMQP 0.9.1 alone.
//!
//! | on the broker | what it is |
//! |---|---|
//! | `NAME` | the work queue: jobs to be had, and jobs on loan |
//! | `NAME.dlq` | the graveyard, with the reasons as headers |
//! | `NAME.dlx` | the exchange over which the broker itself sets messages aside |
//! | `NAME.held` | no messages; each holder of a job listens there, which makes loans countable |
//! | `NAME.delay.0` to `.9` | the ladder on which released jobs wait (see `names.rs`) |
//!
//! Attempts are counted by the broker for as long as a message stays on the work queue, and ride
//! along as a header when it is published anew.

mod address;
mod bell;
mod enqueueing;
mod envelope;
mod graveyard;
mod held;
mod lane;
mod link;
mod names;
mod receiving;
mod settling;
mod setup;
mod trouble;
mod unlike;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::{Mutex, Semaphore, oneshot};
use tokio::time::sleep;
use zagg_core::job::Job;

use self::address::Address;
use self::bell::Bell;
use self::enqueueing::BATCH;
use self::held::Table;
use self::link::{Side, runtime};
use self::settling::Verdict;
use self::setup::DELIVERY_LIMIT;
use crate::error::Error;
use crate::message::MESSAGE_BYTES;
use crate::queue::{Abilities, Buried, Class, Delivery, Depth, Enqueued, Limits, Options, Queue, Reason, Settled};
use crate::setup::Setup;

/// The longest that one call waits for a job.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Looks for a job that go on at a time: a connection has some 2,000 channels, and who holds a job
/// needs one too.
const LOOKS: usize = 64;
/// Looks at a queue that looks empty before that is believed.
const SECOND_LOOKS: u32 = 3;
/// The pause before each of them.
const PAUSE: Duration = Duration::from_millis(150);

/// A queue on a `RabbitMQ` broker, 3.10 or later.
///
/// All its work is done on a runtime of its own; its methods may be called from any runtime.
#[derive(Debug)]
pub struct RabbitMq {
    core: Arc<Core>,
}

/// What the tasks of a queue share.
#[derive(Debug)]
struct Core {
    address: Arc<Address>,
    options: Options,
    /// Receives and settles.
    work: Side,
    /// Publishes.
    post: Side,
    table: Arc<Table>,
    bell: Bell,
    /// One for each look for a job that may go on at a time; each takes a channel.
    looks: Semaphore,
    /// The last count, and when it was begun.
    counted: Mutex<Option<(Instant, Depth)>>,
}

impl RabbitMq {
    /// Opens the queue that `url` names, `amqp://USER:PASSWORD@HOST:PORT/VHOST?queue=NAME`. With
    /// `consumer_timeout=SECONDS` the address says what the broker's own limit on loans is, where
    /// it is not half an hour.
    ///
    /// Options apply up to what the broker's own limits allow.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::Absent`] when it has not been created, or when the broker can't be
    /// reached or refuses.
    pub async fn open(url: &str, options: Options) -> Result<Self, Error> {
        let core = Core::new(url, options)?;
        let checking = Arc::clone(&core);
        on_runtime(&core, async move { checking.look().await }).await?;
        Ok(Self { core })
    }

    /// Makes the queue and what belongs to it, or finds it there. What exists is left as it is; how
    /// it differs is told as far as the broker tells it; policies are not seen from here.
    ///
    /// # Errors
    /// [`Error::Url`], or when the broker can't be reached or refuses.
    pub async fn create(url: &str, options: Options) -> Result<Setup, Error> {
        let core = Core::new(url, options)?;
        let making = Arc::clone(&core);
        on_runtime(&core, async move { setup::create(&making.post, &making.address).await }).await
    }

    async fn settle(&self, delivery: &Delivery, verdict: Verdict) -> Result<Settled, Error> {
        let (core, receipt) = (Arc::clone(&self.core), delivery.receipt.clone());
        on_runtime(&self.core, async move { core.settle(&receipt, verdict).await }).await
    }
}

impl Core {
    fn new(url: &str, options: Options) -> Result<Arc<Self>, Error> {
        let address = Arc::new(Address::parse(url)?);
        let options = Options {
            term: options.term.min(address.longest_lease()),
            max_attempts: options.max_attempts.clamp(1, DELIVERY_LIMIT),
        };
        let (work, post) = (Side::new(Arc::clone(&address), "work"), Side::new(Arc::clone(&address), "post"));
        Ok(Arc::new(Self {
            address,
            options,
            work,
            post,
            table: Table::new(),
            bell: Bell::new(),
            looks: Semaphore::new(LOOKS),
            counted: Mutex::default(),
        }))
    }

    /// What is where. Who asks while somebody else is counting gets the next count with all others
    /// who wait for it.
    async fn depth(&self) -> Result<Depth, Error> {
        let asked = Instant::now();
        let mut counted = self.counted.lock().await;
        if let Some((begun, depth)) = *counted
            && begun >= asked
        {
            return Ok(depth);
        }
        let begun = Instant::now();
        let depth = self.count().await?;
        *counted = Some((begun, depth));
        Ok(depth)
    }

    /// Counts, again where nothing is left to do: for a moment on its way from one place to another
    /// a job is in neither, and longer so just after the broker has started.
    async fn count(&self) -> Result<Depth, Error> {
        let mut depth = self.look().await?;
        for _ in 0..SECOND_LOOKS {
            if depth.pending() > 0 {
                break;
            }
            sleep(PAUSE).await;
            // A queue that is just electing its leader is counted as empty; to be taken from, it
            // must have one.
            let lane = self.work.lane().await?;
            lane.get(&self.address.names.held).await?;
            lane.park();
            depth = self.look().await?;
        }
        Ok(depth)
    }

    async fn look(&self) -> Result<Depth, Error> {
        let lane = self.work.lane().await?;
        let depth = setup::look(&lane, &self.address.names).await?;
        lane.park();
        Ok(depth)
    }
}

/// Runs to its end on the runtime of the connections, even if nobody waits for it any more.
async fn on_runtime<T: Send + 'static>(
    core: &Core,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let stopped = |_| Error::Stopped { queue: core.address.shown.clone() };
    runtime()?.spawn(work).await.map_err(stopped)?
}

#[async_trait]
impl Queue for RabbitMq {
    fn name(&self) -> &str {
        &self.core.address.shown
    }

    fn limits(&self) -> Limits {
        let Options { term, max_attempts: attempts } = self.core.options;
        Limits {
            message_bytes: MESSAGE_BYTES,
            batch: BATCH,
            max_delay: names::LONGEST_DELAY,
            term,
            lease: self.core.address.longest_lease(),
            wait: LONGEST_WAIT,
            attempts,
        }
    }

    fn abilities(&self) -> Abilities {
        Abilities { duplicates: false, durable: true, exact_depth: false, forgets_attempts: true, tells_delayed: true }
    }

    async fn enqueue(&self, jobs: &[Job]) -> Result<Enqueued, Error> {
        if jobs.len() > BATCH {
            return Err(Error::BatchTooLarge { queue: self.name().to_owned(), jobs: jobs.len(), limit: BATCH });
        }
        let (core, jobs) = (Arc::clone(&self.core), jobs.to_vec());
        on_runtime(&self.core, async move { core.enqueue(&jobs).await }).await
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let deadline = Instant::now() + wait.min(LONGEST_WAIT);
        let (sender, receiver) = oneshot::channel();
        runtime()?.spawn(receiving::receive(Arc::clone(&self.core), max.min(BATCH), deadline, sender));
        let stopped = |_| Error::Stopped { queue: self.name().to_owned() };
        Ok(receiver.await.map_err(stopped)??.take())
    }

    async fn extend(&self, delivery: &Delivery, term: Duration) -> Result<Instant, Error> {
        let lost = || Error::LeaseLost { job: delivery.job.id(), source: None };
        self.core.table.extend(&delivery.receipt, term).ok_or_else(lost)
    }

    async fn ack(&self, delivery: &Delivery) -> Result<Settled, Error> {
        self.settle(delivery, Verdict::Ack).await
    }

    async fn release(&self, delivery: &Delivery, after: Duration) -> Result<Settled, Error> {
        self.settle(delivery, Verdict::Release(after)).await
    }

    async fn put_back(&self, delivery: &Delivery) -> Result<Settled, Error> {
        self.settle(delivery, Verdict::PutBack).await
    }

    async fn bury(&self, delivery: &Delivery, reason: &Reason) -> Result<Settled, Error> {
        self.settle(delivery, Verdict::Bury(reason.clone())).await
    }

    async fn depth(&self) -> Result<Depth, Error> {
        let core = Arc::clone(&self.core);
        on_runtime(&self.core, async move { core.depth().await }).await
    }

    async fn buried(&self, max: usize) -> Result<Vec<Buried>, Error> {
        let core = Arc::clone(&self.core);
        on_runtime(&self.core, async move { graveyard::buried(&core.work, &core.address.names, max).await }).await
    }

    async fn redrive(&self, max: usize, class: Option<Class>) -> Result<usize, Error> {
        let core = Arc::clone(&self.core);
        let work = async move { graveyard::redrive(&core.work, &core.post, &core.address.names, max, class).await };
        on_runtime(&self.core, work).await
    }
}
