//! Jobs on Amazon's Simple Queue Service.
//!
//! A queue `NAME` and its graveyard, the dead-letter queue `NAME-dlq`, both standard queues. A
//! lease is a visibility time-out: whole seconds, twelve hours at most, and asked for with every
//! receive, so that the queue's own `VisibilityTimeout` matters to Lambda alone.
//!
//! What `SQS` cannot tell:
//! - whether a job is queued already: it may be there twice;
//! - a released job that waits from one on loan: both are "not visible";
//! - that a delivery never happened: [`Queue::put_back`] costs an attempt;
//! - always, that a receipt is stale: an old one may still be good for a message that somebody
//!   else has by now. So nothing is told with a receipt whose lease has ended by our own clock, nor
//!   with one that was used for a verdict, and burying asks first whether the message is still ours.
//!   What remains is a machine that was suspended without its clock noticing.
//!
//! A worker needs `sqs:GetQueueUrl`, `GetQueueAttributes`, `ReceiveMessage`, `DeleteMessage` and
//! `ChangeMessageVisibility` on the queue, and `GetQueueAttributes` and `SendMessage` on the graveyard; a
//! producer `GetQueueUrl` and `SendMessage` on the queue, and `GetQueueAttributes` on both; looking into the
//! graveyard and putting jobs back needs all of these on both.

mod access;
mod address;
mod batch;
mod event;
mod graveyard;
mod holds;
mod link;
mod setup;
mod trouble;

use std::fmt;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use zagg_core::job::Job;

pub use self::access::{Access, Keys};
use self::address::Address;
pub use self::address::address_of_arn;
use self::graveyard::Graveyard;
use self::holds::Holds;
use self::link::{Ask, Attributes, Link};
use crate::error::Error;
use crate::message::{MESSAGE_BYTES, admit, decode, poison, undecodable};
use crate::queue::{
    Abilities, Buried, Class, Delivery, Depth, Enqueued, Limits, Options, Queue, Reason, Receipt, Settled,
};
use crate::setup::Setup;

/// The longest time for which `SQS` hides a message, counted from its receive.
const HIDDEN: Duration = Duration::from_secs(12 * 3600);
/// The longest delay of a release. A lease ends so much, and a minute, before [`HIDDEN`] does, so that
/// a job can always be released.
const MAX_DELAY: Duration = Duration::from_secs(900);
const MINUTE: Duration = Duration::from_secs(60);
/// The longest that `SQS` waits for a message.
const WAIT: Duration = Duration::from_secs(20);
/// What an answer to a receive is taken to have been under way at most.
const UNDER_WAY: Duration = Duration::from_millis(500);
/// Seconds for which a job is kept from others at least while it is buried.
const BURYING: u32 = 60;

/// A queue on `SQS`.
pub struct Sqs {
    name: String,
    url: String,
    dead_url: String,
    options: Options,
    /// The term in whole seconds.
    term: u32,
    /// The queue's own visibility time-out, which Lambda goes by.
    visibility: Duration,
    /// Deliveries after which the broker sets a job aside.
    broker_limit: u32,
    clients: access::Clients,
    holds: Holds,
}

impl Sqs {
    /// Opens the queue `sqs://NAME` or `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`. Region (unless the
    /// address names it), endpoint and credentials come from the AWS environment: variables
    /// (`AWS_REGION`, `AWS_PROFILE`, `AWS_ENDPOINT_URL`, …), profiles, or the role of the container or instance.
    ///
    /// # Errors
    /// [`Error::Url`]; [`Error::Unset`] without a region or credentials; [`Error::Absent`] when the queue or
    /// its graveyard is missing; or when `SQS` can't be reached or refuses.
    pub async fn open(url: &str, options: Options) -> Result<Self, Error> {
        Self::open_with(url, options, Access::default()).await
    }

    /// The same, where the AWS environment is not, or not alone, to be asked.
    ///
    /// # Errors
    /// As [`Sqs::open`].
    pub async fn open_with(url: &str, options: Options, access: Access) -> Result<Self, Error> {
        let address = Address::parse(url)?;
        let name = address.text.clone();
        let clients = access::Clients::new(&name, address.region.as_deref(), access);
        let link = Link { queue: name.clone(), client: clients.here().await? };
        let absent = |what: String| Error::Absent { queue: name.clone(), missing: what };
        let no_queue = || absent(format!("the queue `{}`", address.name));
        let url = match &address.url {
            Some(url) => url.clone(),
            None => link.locate(&address.name, None).await?.ok_or_else(no_queue)?,
        };
        let dead_url = address::dead_url(&url);
        let wanted = [QueueAttributeName::VisibilityTimeout, QueueAttributeName::RedrivePolicy];
        let (alive, dead) =
            tokio::join!(link.attributes(&url, &wanted), link.attributes(&dead_url, &[QueueAttributeName::QueueArn]));
        let attributes = alive?.ok_or_else(no_queue)?;
        if dead?.is_none() {
            return Err(absent(format!("its dead-letter queue `{}`", address.dead_name())));
        }
        let term = whole_seconds(options.term).max(1);
        let visibility = Duration::from_secs(number(&attributes, &QueueAttributeName::VisibilityTimeout).unwrap_or(30));
        let policy = setup::Redrive::of(&attributes);
        let broker_limit = policy.and_then(|policy| policy.limit).unwrap_or(options.max_attempts);
        let holds = Holds::default();
        Ok(Self { name, url, dead_url, options, term, visibility, broker_limit, clients, holds })
    }

    /// Makes the queue and its graveyard, or checks what is there: time-outs, the redrive policy,
    /// sizes, retention and encryption. What exists is never changed.
    ///
    /// # Errors
    /// As [`Sqs::open`], but for [`Error::Absent`].
    pub async fn create(url: &str, options: Options) -> Result<Setup, Error> {
        Self::create_with(url, options, Access::default()).await
    }

    /// The same, where the AWS environment is not, or not alone, to be asked.
    ///
    /// # Errors
    /// As [`Sqs::create`].
    pub async fn create_with(url: &str, options: Options, access: Access) -> Result<Setup, Error> {
        let address = Address::parse(url)?;
        let clients = access::Clients::new(&address.text, address.region.as_deref(), access);
        let link = Link { queue: address.text.clone(), client: clients.here().await? };
        setup::create(&link, &address, options).await
    }

    async fn link(&self) -> Result<Link, Error> {
        Ok(Link { queue: self.name.clone(), client: self.clients.here().await? })
    }

    fn graveyard<'a>(&'a self, link: &'a Link) -> Graveyard<'a> {
        Graveyard { link, url: &self.dead_url, limit: self.broker_limit }
    }

    /// One receive: the deliveries, and whether there was any message.
    async fn take(&self, link: &Link, max: usize, wait: Duration) -> Result<(Vec<Delivery>, bool), Error> {
        let asked = Instant::now();
        let ask = Ask { max, wait: wait.as_secs(), hide: self.term, dressed: false };
        let messages = link.receive(&self.url, &ask).await?;
        // The lease began when the answer was sent, at some time in between.
        let began = Instant::now().checked_sub(UNDER_WAY).map_or(asked, |sent| sent.max(asked));
        let expires = began + Duration::from_secs(self.term.into());
        let any = !messages.is_empty();
        let mut deliveries = Vec::with_capacity(messages.len());
        for message in messages {
            if let Some(delivery) = self.sort(link, message, expires).await {
                deliveries.push(delivery);
            }
        }
        Ok((deliveries, any))
    }

    /// The delivery of a message, unless it is to be buried. When that fails, the message comes
    /// again.
    async fn sort(&self, link: &Link, message: Message, expires: Instant) -> Option<Delivery> {
        let receipt = message.receipt_handle?;
        let body = message.body.unwrap_or_default();
        let count =
            message.attributes.as_ref().and_then(|a| a.get(&MessageSystemAttributeName::ApproximateReceiveCount));
        let attempt = count.and_then(|count| count.parse().ok()).unwrap_or(1);
        let (attempts, reason) = match decode(body.as_bytes()) {
            Ok(job) if attempt <= self.options.max_attempts => {
                return Some(Delivery { job, attempt, receipt: Receipt::new(receipt), expires });
            }
            Ok(_) => (attempt - 1, poison(attempt - 1)),
            Err(why) => (attempt, undecodable(&why)),
        };
        if let Err(error) = self.inter(link, &receipt, &body, attempts, &reason).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(queue = self.name, error, %reason, "a message could not be buried, and will come again");
        }
        None
    }

    /// Sets a message aside, and only then takes it from the queue.
    async fn inter(&self, link: &Link, receipt: &str, body: &str, attempts: u32, why: &Reason) -> Result<(), Error> {
        self.graveyard(link).entomb(body, attempts, why).await?;
        link.delete(&self.url, receipt).await.map(drop)
    }

    /// Tells a verdict that is one request; `tell` says whether the receipt was good for it.
    async fn settle<F>(&self, delivery: &Delivery, tell: impl FnOnce(Link) -> F) -> Result<Settled, Error>
    where
        F: Future<Output = Result<bool, Error>> + Send,
    {
        if !self.holds.is_good(delivery) {
            return Ok(Settled::Stale);
        }
        // First, so that no extension comes after the verdict.
        self.holds.settled(delivery, true);
        let told = match self.link().await {
            Ok(link) => tell(link).await,
            Err(error) => Err(error),
        };
        match told {
            Ok(good) => Ok(if good { Settled::Done } else { Settled::Stale }),
            Err(error) => {
                self.holds.settled(delivery, false);
                Err(error)
            }
        }
    }

    async fn show_after(&self, delivery: &Delivery, seconds: u32) -> Result<Settled, Error> {
        let receipt = delivery.receipt.as_str();
        self.settle(delivery, async |link: Link| link.hide(&self.url, receipt, seconds, "releasing a job").await).await
    }

    /// Burying, but for the question whether that may be done. Once the job lies in the
    /// graveyard, another try only deletes it.
    async fn bury_with(&self, link: &Link, delivery: &Delivery, reason: &Reason) -> Result<bool, Error> {
        let receipt = delivery.receipt.as_str();
        if !self.holds.is_entombed(delivery) {
            // Also the question whether it is still ours.
            let now = Instant::now();
            let left = whole_seconds(self.holds.end(delivery).saturating_duration_since(now));
            let seconds = left.max(BURYING);
            if !link.hide(&self.url, receipt, seconds, "burying a job").await? {
                return Ok(false);
            }
            self.holds.extended(delivery, now + Duration::from_secs(seconds.into()));
            let body = serde_json::to_string(&delivery.job).map_err(|error| link.bug(error))?;
            self.graveyard(link).entomb(&body, delivery.attempt, reason).await?;
            self.holds.entombed(delivery);
        }
        link.delete(&self.url, receipt).await?;
        Ok(true)
    }
}

#[async_trait]
impl Queue for Sqs {
    fn name(&self) -> &str {
        &self.name
    }

    fn limits(&self) -> Limits {
        Limits {
            message_bytes: MESSAGE_BYTES,
            batch: batch::BATCH,
            max_delay: MAX_DELAY,
            term: Duration::from_secs(self.term.into()),
            lease: HIDDEN - MAX_DELAY - MINUTE,
            wait: WAIT,
            attempts: self.options.max_attempts,
        }
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            duplicates: false,
            durable: true,
            exact_depth: false,
            forgets_attempts: false,
            tells_delayed: false,
        }
    }

    async fn enqueue(&self, jobs: &[Job]) -> Result<Enqueued, Error> {
        let limit = self.limits().batch;
        if jobs.len() > limit {
            return Err(Error::BatchTooLarge { queue: self.name.clone(), jobs: jobs.len(), limit });
        }
        let (outgoing, mut refused) = admit(jobs, MESSAGE_BYTES);
        let link = self.link().await?;
        let text = |body: Vec<u8>| String::from_utf8(body).map_err(|error| link.bug(error));
        let bodies = outgoing.into_iter().map(|message| Ok((message.index, text(message.body)?)));
        let bodies = bodies.collect::<Result<Vec<_>, Error>>()?;
        let lost = batch::send(&link, &self.url, &bodies).await?;
        let accepted = bodies.len() - lost.len();
        refused.extend(lost);
        refused.sort_by_key(|refused| refused.index);
        Ok(Enqueued { accepted, duplicate: 0, refused })
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let deadline = Instant::now() + wait.min(WAIT);
        let link = self.link().await?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let (deliveries, any) = self.take(&link, max, left).await?;
            if !deliveries.is_empty() || (left.is_zero() && !any) {
                return Ok(deliveries);
            }
            // `SQS` waits for whole seconds: the rest is slept through, and then looked once more.
            let left = deadline.saturating_duration_since(Instant::now());
            if !any && left < Duration::from_secs(1) {
                tokio::time::sleep(left).await;
            }
        }
    }

    async fn extend(&self, delivery: &Delivery, term: Duration) -> Result<Instant, Error> {
        let lost = || Error::LeaseLost { job: delivery.job.id(), source: None };
        if !self.holds.is_good(delivery) {
            return Err(lost());
        }
        let now = Instant::now();
        let received = delivery.expires.checked_sub(Duration::from_secs(self.term.into()));
        let last = received.unwrap_or(now) + self.limits().lease;
        let room = last.saturating_duration_since(now).as_secs();
        let seconds = whole_seconds(term).min(u32::try_from(room).unwrap_or(u32::MAX));
        if seconds == 0 {
            return Ok(self.holds.end(delivery));
        }
        let link = self.link().await?;
        if !link.hide(&self.url, delivery.receipt.as_str(), seconds, "extending a lease").await? {
            return Err(lost());
        }
        let end = now + Duration::from_secs(seconds.into());
        self.holds.extended(delivery, end);
        Ok(end)
    }

    async fn ack(&self, delivery: &Delivery) -> Result<Settled, Error> {
        let receipt = delivery.receipt.as_str();
        self.settle(delivery, async |link: Link| link.delete(&self.url, receipt).await).await
    }

    async fn release(&self, delivery: &Delivery, after: Duration) -> Result<Settled, Error> {
        self.show_after(delivery, whole_seconds(after.min(MAX_DELAY))).await
    }

    async fn put_back(&self, delivery: &Delivery) -> Result<Settled, Error> {
        self.show_after(delivery, 0).await
    }

    async fn bury(&self, delivery: &Delivery, reason: &Reason) -> Result<Settled, Error> {
        let reason = reason.clipped();
        self.settle(delivery, async |link: Link| self.bury_with(&link, delivery, &reason).await).await
    }

    async fn depth(&self) -> Result<Depth, Error> {
        let link = self.link().await?;
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let (alive, dead) = tokio::join!(link.attributes(&self.url, &names), link.attributes(&self.dead_url, &names));
        let gone = |missing: &str| Error::Absent { queue: self.name.clone(), missing: missing.to_owned() };
        let (alive, dead) = (alive?.ok_or_else(|| gone("the queue"))?, dead?.ok_or_else(|| gone("its graveyard"))?);
        let [ready, leased, delayed] = names.each_ref().map(|name| number(&alive, name).unwrap_or(0));
        let buried = names.iter().filter_map(|name| number(&dead, name)).sum();
        Ok(Depth { ready, leased, delayed, buried })
    }

    async fn buried(&self, max: usize) -> Result<Vec<Buried>, Error> {
        let link = self.link().await?;
        self.graveyard(&link).list(max).await
    }

    async fn redrive(&self, max: usize, class: Option<Class>) -> Result<usize, Error> {
        let link = self.link().await?;
        self.graveyard(&link).redrive(&self.url, max, class).await
    }
}

impl fmt::Debug for Sqs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqs").field("name", &self.name).field("options", &self.options).finish_non_exhaustive()
    }
}

/// The time in whole seconds, rounded up, as far as `SQS` knows times.
fn whole_seconds(time: Duration) -> u32 {
    let seconds = time.min(HIDDEN).as_secs() + u64::from(time.min(HIDDEN).subsec_nanos() > 0);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

/// An attribute that is a number.
fn number(attributes: &Attributes, name: &QueueAttributeName) -> Option<u64> {
    attributes.get(name)?.parse().ok()
}
