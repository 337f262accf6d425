//! The queue contract: [`Queue`] and the words it speaks.

use std::fmt;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use zagg_core::fault::Fault;
use zagg_core::job::Job;

pub use crate::class::Class;
use crate::error::Error;

/// Jobs handed out on loan, at least once each. A job that was accepted is delivered, again and
/// again if need be, until somebody acks or buries it; while a delivery's lease runs, nobody else
/// gets that job. Nothing is ever dropped: a message that cannot be decoded, and a job that came
/// back too often, are buried with a reason where people find them.
///
/// The implementer lets leases *really* end, keeps a stale delivery from settling a later one,
/// counts attempts in the broker, clamps what is asked to [`Queue::limits`], reports per job what
/// became of a batch, and never blocks the async runtime. [`Queue::extend`] is called from another
/// runtime than the rest (see [`crate::lease`]): a client whose connections belong to the runtime
/// that opened them keeps a separate one for it. Texts and names never hold credentials.
///
/// The caller settles every delivery once (ack, release or bury) or lets it go, extends what takes
/// longer than its term (a [`crate::lease::Lease`] does that), gives up work whose lease is lost,
/// and bears with seeing a job twice. After an `Err` the caller doesn't know whether the broker
/// did the thing: doing it again is always safe.
///
/// Shaped on four real services: `SQS` (visibility time-outs), `RabbitMQ` quorum queues (unacked
/// deliveries of a channel, no timed lease), `Redis` streams (pending entries) and an `SQLite` file.
#[async_trait]
pub trait Queue: Send + Sync + fmt::Debug {
    /// The queue's name for messages and logs, without credentials.
    fn name(&self) -> &str;

    /// What the queue can bear.
    fn limits(&self) -> Limits;

    /// What the queue can tell and survive.
    fn abilities(&self) -> Abilities;

    /// Puts jobs on the queue, at most [`Limits::batch`] in one call; each is accepted, known
    /// already, or refused with a reason. Jobs are handed out in this order as far as the broker
    /// keeps one. A job that lies buried may be enqueued again; where the broker can tell, it
    /// leaves the graveyard.
    ///
    /// # Errors
    /// [`Error::BatchTooLarge`], or when the broker can't be reached: then any part of the batch
    /// may have been accepted.
    async fn enqueue(&self, jobs: &[Job]) -> Result<Enqueued, Error>;

    /// Takes up to `max` jobs on loan, for [`Limits::term`] each; waits up to `wait` for the first
    /// one, and comes back empty after that. Messages that can't be decoded and jobs beyond the
    /// limit of attempts are buried on the way.
    ///
    /// Dropping the future is safe: what it had taken comes back when its lease ends.
    ///
    /// # Errors
    /// When the broker can't be reached or refuses.
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error>;

    /// Lets the lease run for `term` from now, and returns its new end, which is earlier where
    /// the broker allows no more (and unchanged where it knows no timed leases).
    ///
    /// # Errors
    /// [`Error::LeaseLost`] when the delivery is stale; anything else is worth another try.
    async fn extend(&self, delivery: &Delivery, term: Duration) -> Result<Instant, Error>;

    /// Settles the delivery: the job is done and never comes back.
    ///
    /// # Errors
    /// When the broker can't be reached or refuses. Acking twice is no error.
    async fn ack(&self, delivery: &Delivery) -> Result<Settled, Error>;

    /// Settles the delivery: the job may be tried again, not before `after` has passed.
    ///
    /// # Errors
    /// When the broker can't be reached or refuses.
    async fn release(&self, delivery: &Delivery, after: Duration) -> Result<Settled, Error>;

    /// Settles the delivery: nobody could try the job (the worker is told to stop, or has no room),
    /// so it is to be had again at once, and the attempt is not counted where the broker can
    /// forget it ([`Abilities::forgets_attempts`]).
    ///
    /// # Errors
    /// When the broker can't be reached or refuses.
    async fn put_back(&self, delivery: &Delivery) -> Result<Settled, Error>;

    /// Settles the delivery: the job is set aside with the reason, until somebody redrives it. The
    /// reason's text is cut to [`crate::message::REASON_CHARACTERS`].
    ///
    /// # Errors
    /// When the broker can't be reached or refuses.
    async fn bury(&self, delivery: &Delivery, reason: &Reason) -> Result<Settled, Error>;

    /// How many jobs there are in which state.
    ///
    /// # Errors
    /// When the broker can't be reached or refuses.
    async fn depth(&self) -> Result<Depth, Error>;

    /// Up to `max` of the buried jobs, in the order in which they came where the broker keeps one.
    ///
    /// # Errors
    /// When the broker can't be reached or refuses.
    async fn buried(&self, max: usize) -> Result<Vec<Buried>, Error>;

    /// Puts up to `max` buried jobs back, their attempts counted from one again; returns how many.
    /// Only those buried for `class`, where one is given.
    ///
    /// # Errors
    /// When the broker can't be reached or refuses: then any part may have been put back.
    async fn redrive(&self, max: usize, class: Option<Class>) -> Result<usize, Error>;
}

/// What a queue can bear. Requests beyond `max_delay`, `lease` and `wait` are clamped by the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message.
    pub message_bytes: usize,
    /// Jobs in one [`Queue::enqueue`] or [`Queue::receive`].
    pub batch: usize,
    /// The longest delay of a release.
    pub max_delay: Duration,
    /// The term that a fresh delivery has.
    pub term: Duration,
    /// The longest that one delivery may be held, extensions included.
    pub lease: Duration,
    /// The longest that one [`Queue::receive`] waits.
    pub wait: Duration,
    /// Deliveries of one job before it is buried as poison.
    pub attempts: u32,
}

/// What a queue can tell and survive: differences between brokers that callers may have to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// Enqueueing a job that is still queued (ready, leased or delayed) is noticed and changes
    /// nothing; without it the job is there twice.
    pub duplicates: bool,
    /// Jobs outlive the broker's process.
    pub durable: bool,
    /// [`Queue::depth`] is exact and up to date, not an estimate.
    pub exact_depth: bool,
    /// [`Queue::put_back`] takes the attempt back.
    pub forgets_attempts: bool,
    /// [`Queue::depth`] tells a released job that waits from one on loan; without it such a job is
    /// counted as leased.
    pub tells_delayed: bool,
}

/// How one machine's queues are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The term that a fresh delivery has.
    pub term: Duration,
    /// Deliveries of one job before it is buried as poison.
    pub max_attempts: u32,
}

impl Default for Options {
    /// Two minutes and five attempts, as on the brokers.
    fn default() -> Self {
        Self { term: Duration::from_secs(120), max_attempts: 5 }
    }
}

/// A job on loan.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The job.
    pub job: Job,
    /// How many times the job has been handed out, this time included.
    pub attempt: u32,
    /// What the queue knows this delivery by.
    pub receipt: Receipt,
    /// When the lease ends unless it is extended.
    pub expires: Instant,
}

/// What a queue knows a delivery by. Only the queue that made it reads it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Receipt(String);

impl Receipt {
    /// A receipt that the queue will recognise by `text`.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text that it was made of.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receipt(..)")
    }
}

/// What became of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It holds.
    Done,
    /// The delivery was settled before, or its lease had ended and the job moved on: nothing was
    /// changed. Brokers that can't tell say [`Settled::Done`].
    Stale,
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enqueued {
    /// Jobs now queued.
    pub accepted: usize,
    /// Jobs that were queued already: nothing was changed.
    pub duplicate: usize,
    /// Jobs that were not queued, and why.
    pub refused: Vec<Refused>,
}

impl Enqueued {
    /// Adds the outcome of a later part of the same list, whose first job stood at `offset`.
    pub fn absorb(&mut self, offset: usize, part: Self) {
        self.accepted += part.accepted;
        self.duplicate += part.duplicate;
        self.refused.extend(part.refused.into_iter().map(|r| Refused { index: r.index + offset, ..r }));
    }
}

/// One job of a batch that was not queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The job's place in the batch.
    pub index: usize,
    /// What kind of trouble it is; a transient or throttled one is worth another try.
    pub fault: Fault,
    /// Why, for people.
    pub reason: String,
}

/// How many jobs there are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// To be had now.
    pub ready: u64,
    /// On loan.
    pub leased: u64,
    /// Released, their delay not over.
    pub delayed: u64,
    /// Set aside.
    pub buried: u64,
}

impl Depth {
    /// Jobs that are still to be done: all but the buried ones.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.ready.saturating_add(self.leased).saturating_add(self.delayed)
    }
}

impl AddAssign for Depth {
    fn add_assign(&mut self, other: Self) {
        self.ready += other.ready;
        self.leased += other.leased;
        self.delayed += other.delayed;
        self.buried += other.buried;
    }
}

/// A message that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buried {
    /// The job, unless the message can't be decoded.
    pub job: Option<Job>,
    /// The message as it lies there (what is not UTF-8 is shown as �).
    pub body: String,
    /// How many times it had been handed out.
    pub attempts: u32,
    /// Why it was buried.
    pub reason: Reason,
}

/// Why a job was set aside: a class that programs sort by, and a text for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What kind of trouble it was.
    pub class: Class,
    /// The whole story, without credentials.
    pub text: String,
}

impl Reason {
    /// A reason.
    #[must_use]
    pub fn new(class: Class, text: impl Into<String>) -> Self {
        Self { class, text: text.into() }
    }

    /// The same with a text that brokers take.
    #[must_use]
    pub fn clipped(&self) -> Self {
        Self { class: self.class, text: crate::message::clip(&self.text) }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.text)
    }
}
