//! Jobs on `Redis` or `Valkey`: a stream and a consumer group, and scripts that keep them in order.
//!
//! A queue `NAME` is a handful of keys, all of them in one slot of a cluster:
//!
//! | key | what it holds |
//! |---|---|
//! | `zagg:{NAME}:jobs` | the stream; its group `workers` |
//! | `zagg:{NAME}:leases` | entries on loan, by the moment at which the lease ends |
//! | `zagg:{NAME}:delayed` | released entries, by the moment at which they are ready |
//! | `zagg:{NAME}:ids` | which entry a job's id is |
//! | `zagg:{NAME}:dead`, `…:graves` | the buried messages as a stream, and where in it a job is |
//! | `zagg:{NAME}:bell`, `…:tidy` | what wakes receivers; who tidied up last |
//!
//! A ready job is an entry that the group has not handed out (its *lag*, by which scalers count),
//! or one whose lease or delay is over. Leased and delayed jobs are the group's pending entries.
//! An entry has a field `v` with the message, and any program may add some; never trim the stream.
//!
//! **Why leases of our own.** The group's own measure of a lapsed delivery is how long an entry was
//! idle, against one threshold for all: it can't let one delivery run longer than another. The ends
//! of leases are therefore kept in a sorted set. The group still tells who has what and how often it
//! was handed out, and heartbeats refresh its idle times, so that `XPENDING` shows the truth.
//!
//! **Why scripts.** Every verdict looks whether the delivery is still good (the entry, the group's
//! count of its deliveries and the consumer are the receipt) and acts on it, at once or not at all.
//! Attempts are the group's count and what the entry brought along from an earlier one.
//!
//! **The clock** is the server's (`TIME`), and no client's. When it is set forward, leases and delays
//! end early, which at-least-once delivery covers; when it is set back, they last longer by that much.
//!
//! A server that lost its memory gets its stream and its group again when somebody asks for them.
//! What it lost is enqueued again by the producer; what it still has is ready.

mod address;
mod client;
mod fetcher;
mod inspect;
mod line;
mod scripts;
mod trouble;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use redis::ScriptInvocation;
use zagg_core::job::Job;

use self::client::{Claim, RedisClient, ms};
use self::fetcher::Fetcher;
use crate::error::Error;
use crate::message::{MESSAGE_BYTES, admit};
use crate::queue::{Abilities, Buried, Class, Delivery, Depth, Enqueued, Limits, Options, Queue, Reason, Settled};
use crate::setup::Setup;

/// Longer terms, delays and waits than this are not wanted by anybody, and sums of it can't overflow.
const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// The shortest term: below it, a lease ends on its way here.
const SHORTEST: Duration = Duration::from_millis(10);
/// Jobs in one call: a millisecond or two of the server's time.
const BATCH: usize = 500;
/// Buried messages that one script looks at.
const PAGE: usize = 200;

/// A queue on `Redis`. Leases outlive the process that opened it.
///
/// Any number of receivers may wait on one value: they share one blocked read. A connection that
/// broke fails the calls that were under way; later ones make a new one.
#[derive(Debug)]
pub struct RedisQueue {
    client: Arc<RedisClient>,
    fetcher: Arc<Fetcher>,
}

/// A buried message: its id, the message, attempts, class and reason.
type Grave = (String, Vec<u8>, u32, String, String);

impl RedisQueue {
    /// Opens the queue at an address `redis://[user:password@]host:port/db?queue=NAME`, and makes its
    /// stream and group if they are absent: Redis needs nobody to set it up.
    ///
    /// # Errors
    /// [`Error::Url`], and [`Error::Broker`] or [`Error::Silent`] when the server can't be reached or refuses.
    pub async fn open(url: &str, options: Options) -> Result<Self, Error> {
        let (queue, _) = Self::prepare(url, options).await?;
        Ok(queue)
    }

    /// Makes the stream and its group, or finds them, and looks whether the server is set up to keep jobs.
    ///
    /// # Errors
    /// As [`RedisQueue::open`].
    pub async fn create(url: &str, options: Options) -> Result<Setup, Error> {
        let (queue, (stream, group)) = Self::prepare(url, options).await?;
        let client = &queue.client;
        let differences = inspect::differences(client).await.map_err(client.failed("reading the server's settings"))?;
        let mut setup = Setup { differences, ..Setup::default() };
        for (existed, thing) in [(stream, client.stream().to_owned()), (group, format!("{} workers", client.stream()))]
        {
            if existed { &mut setup.found } else { &mut setup.created }.push(thing);
        }
        Ok(setup)
    }

    async fn prepare(url: &str, options: Options) -> Result<(Self, (bool, bool)), Error> {
        let options = Options { term: options.term.clamp(SHORTEST, LONGEST), ..options };
        let client = Arc::new(RedisClient::new(address::parse(url)?, options));
        let there = client.prepare().await.map_err(client.failed("opening the queue"))?;
        let fetcher = Fetcher::new(Arc::clone(&client));
        Ok((Self { client, fetcher }, there))
    }

    /// Runs a verdict's script: whether the delivery was good.
    async fn settle(&self, doing: &'static str, call: Option<ScriptInvocation<'_>>) -> Result<Settled, Error> {
        let Some(call) = call else { return Ok(Settled::Stale) };
        let good = self.client.run(&call).await.map_err(self.client.failed(doing))?;
        Ok(if good { Settled::Done } else { Settled::Stale })
    }

    fn attempts(&self) -> u32 {
        self.client.options.max_attempts
    }

    /// A page of the buried, from the id `first`.
    async fn graves(&self, first: &str, max: usize) -> Result<Vec<Grave>, Error> {
        let mut call = self.client.call(&self.client.scripts().buried);
        call.arg(first).arg(max.min(PAGE)).arg(self.attempts());
        self.client.run(&call).await.map_err(self.client.failed("listing the buried"))
    }

    /// The id of the last grave, if there is one.
    async fn last_grave(&self) -> Result<Option<String>, Error> {
        // The script buries what is to be buried first.
        self.graves("-", 1).await?;
        let read = redis::cmd("XREVRANGE").arg(self.client.dead()).arg("+").arg("-").arg("COUNT").arg(1).to_owned();
        let last: Vec<(String, redis::Value)> =
            self.client.send(&read).await.map_err(self.client.failed("listing the buried"))?;
        Ok(last.into_iter().next().map(|(id, _)| id))
    }
}

impl Drop for RedisQueue {
    fn drop(&mut self) {
        self.fetcher.stop();
    }
}

#[async_trait]
impl Queue for RedisQueue {
    fn name(&self) -> &str {
        &self.client.name
    }

    fn limits(&self) -> Limits {
        let Options { term, max_attempts: attempts } = self.client.options;
        let message_bytes = MESSAGE_BYTES;
        Limits { message_bytes, batch: BATCH, max_delay: LONGEST, term, lease: LONGEST, wait: LONGEST, attempts }
    }

    fn abilities(&self) -> Abilities {
        Abilities { duplicates: true, durable: true, exact_depth: true, forgets_attempts: true, tells_delayed: true }
    }

    async fn enqueue(&self, jobs: &[Job]) -> Result<Enqueued, Error> {
        if jobs.len() > BATCH {
            return Err(Error::BatchTooLarge { queue: self.name().to_owned(), jobs: jobs.len(), limit: BATCH });
        }
        let (outgoing, refused) = admit(jobs, MESSAGE_BYTES);
        if outgoing.is_empty() {
            return Ok(Enqueued { refused, ..Enqueued::default() });
        }
        let mut call = self.client.call(&self.client.scripts().enqueue);
        for message in &outgoing {
            call.arg(&message.id).arg(&message.body);
        }
        let accepted: usize = self.client.run(&call).await.map_err(self.client.failed("enqueueing"))?;
        Ok(Enqueued { accepted, duplicate: outgoing.len().saturating_sub(accepted), refused })
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        if max == 0 {
            return Ok(Vec::new());
        }
        self.fetcher.receive(max.min(BATCH), wait.min(LONGEST)).await
    }

    async fn extend(&self, delivery: &Delivery, term: Duration) -> Result<Instant, Error> {
        let lost = || Error::LeaseLost { job: delivery.job.id(), source: None };
        let term = term.min(LONGEST);
        let claim = Claim::of(&delivery.receipt).ok_or_else(lost)?;
        let mut call = self.client.verdict(&self.client.scripts().extend, &claim);
        call.arg(ms(term));
        let before = Instant::now();
        match self.client.run(&call).await.map_err(self.client.failed("extending a lease"))? {
            true => Ok(before + term),
            false => Err(lost()),
        }
    }

    async fn ack(&self, delivery: &Delivery) -> Result<Settled, Error> {
        let call = Claim::of(&delivery.receipt).map(|claim| {
            let mut call = self.client.verdict(&self.client.scripts().ack, &claim);
            call.arg(delivery.job.id());
            call
        });
        self.settle("acking a job", call).await
    }

    async fn release(&self, delivery: &Delivery, after: Duration) -> Result<Settled, Error> {
        let delay = if after.is_zero() { 0 } else { ms(after.min(LONGEST)) };
        let call = Claim::of(&delivery.receipt).map(|claim| {
            let mut call = self.client.verdict(&self.client.scripts().release, &claim);
            call.arg(delay).arg(self.attempts());
            call
        });
        self.settle("releasing a job", call).await
    }

    async fn put_back(&self, delivery: &Delivery) -> Result<Settled, Error> {
        let good = self.client.put_back(&delivery.receipt).await.map_err(self.client.failed("putting a job back"))?;
        Ok(if good { Settled::Done } else { Settled::Stale })
    }

    async fn bury(&self, delivery: &Delivery, reason: &Reason) -> Result<Settled, Error> {
        let (id, reason) = (delivery.job.id(), reason.clipped());
        let buried = self.client.bury(&delivery.receipt, &id, &reason).await;
        let good = buried.map_err(self.client.failed("burying a job"))?;
        Ok(if good { Settled::Done } else { Settled::Stale })
    }

    async fn depth(&self) -> Result<Depth, Error> {
        let mut call = self.client.call(&self.client.scripts().depth);
        call.arg(self.attempts());
        let (ready, leased, delayed, buried) = self.client.run(&call).await.map_err(self.client.failed("counting"))?;
        Ok(Depth { ready, leased, delayed, buried })
    }

    async fn buried(&self, max: usize) -> Result<Vec<Buried>, Error> {
        let (mut all, mut first) = (Vec::new(), "-".to_owned());
        while all.len() < max {
            let page = self.graves(&first, max - all.len()).await?;
            let Some((last, ..)) = page.last() else { break };
            first = format!("({last}");
            all.extend(page.into_iter().map(tombstone));
        }
        Ok(all)
    }

    async fn redrive(&self, max: usize, class: Option<Class>) -> Result<usize, Error> {
        // What is buried meanwhile stays.
        let Some(last) = self.last_grave().await? else { return Ok(0) };
        let (mut moved, mut first) = (0, "-".to_owned());
        while moved < max {
            let mut call = self.client.call(&self.client.scripts().redrive);
            call.arg(&first).arg(&last).arg(PAGE).arg((max - moved).min(PAGE)).arg(class.map_or("", Class::name));
            let (some, seen): (usize, String) =
                self.client.run(&call).await.map_err(self.client.failed("redriving"))?;
            moved += some;
            if seen.is_empty() {
                break;
            }
            first = format!("({seen}");
        }
        Ok(moved)
    }
}

fn tombstone((_, body, attempts, class, reason): Grave) -> Buried {
    let job = crate::message::decode(&body).ok();
    let reason = Reason::new(Class::kept_as(Some(&class)), reason);
    Buried { job, body: String::from_utf8_lossy(&body).into_owned(), attempts, reason }
}
