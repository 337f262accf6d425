//! One look for jobs at a time, for however many receivers wait.
//!
//! Receivers put themselves on a list. While there are any, a task looks for as many jobs as they
//! want together, hands them out in the order of the list, and, when the queue is empty, waits for
//! the first of: an entry on the stream or the bell (one blocked read), the end of a lease or delay,
//! a receiver that won't wait, a receiver whose time is over. Nothing is asked of the server meanwhile.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;
use tokio::time::sleep_until;

use super::client::{Found, News, RedisClient};
use super::trouble::Trouble;
use crate::error::Error;
use crate::queue::Delivery;

/// A receiver that waits less than this gets a look of its own; the others rely on the one that
/// found nothing, and on what is being waited for.
const IMPATIENT: Duration = Duration::from_millis(200);

/// Jobs asked for at once.
const MOST: usize = 500;

const DOING: &str = "receiving";

type Bell = Pin<Box<dyn Future<Output = Result<(), Trouble>> + Send>>;

#[derive(Debug)]
pub(super) struct Fetcher {
    client: Arc<RedisClient>,
    list: Mutex<List>,
    arrivals: Notify,
}

#[derive(Debug, Default)]
struct List {
    waiters: VecDeque<Waiter>,
    /// Whether the task is there, or about to be.
    served: bool,
    task: Option<AbortHandle>,
    /// When it was last looked for what was left lying.
    tidied: Option<Instant>,
}

/// A receiver.
#[derive(Debug)]
struct Waiter {
    max: usize,
    until: Instant,
    /// Whether it must not be sent away before a look that began after it came.
    wants_look: bool,
    reply: oneshot::Sender<Result<Vec<Delivery>, Error>>,
}

/// What the task waits for while the queue is empty.
struct Watch {
    /// A read that ends when something comes, or after a while.
    bell: Option<Bell>,
    /// When the next lease or delay ends.
    due: Option<Instant>,
    /// Whether to look again.
    look: bool,
}

impl Watch {
    /// A bell that is being waited for already rings for more than the new one would.
    fn set(&mut self, client: &Arc<RedisClient>, news: News) {
        self.due = news.due;
        self.look = false;
        if self.bell.is_none() {
            let client = Arc::clone(client);
            self.bell = Some(Box::pin(async move { client.wait(news.last).await }));
        }
    }
}

impl Fetcher {
    pub(super) fn new(client: Arc<RedisClient>) -> Arc<Self> {
        Arc::new(Self { client, list: Mutex::default(), arrivals: Notify::new() })
    }

    /// Up to `max` jobs, and none after `wait`.
    pub(super) async fn receive(self: &Arc<Self>, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        let until = Instant::now() + wait;
        loop {
            let (reply, answer) = oneshot::channel();
            let wants_look = until.saturating_duration_since(Instant::now()) < IMPATIENT;
            self.enlist(Waiter { max, until, wants_look, reply });
            // The task ends without an answer only together with its runtime, which may not be this one.
            if let Ok(outcome) = answer.await {
                return outcome;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Ends the task; what it had found and not handed out comes back when its leases end.
    pub(super) fn stop(&self) {
        if let Some(task) = self.list().task.take() {
            task.abort();
        }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        // Every change is complete before anything can panic.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enlist(self: &Arc<Self>, waiter: Waiter) {
        let mut list = self.list();
        list.waiters.push_back(waiter);
        let served = std::mem::replace(&mut list.served, true);
        drop(list);
        if !served {
            // A runtime that is shutting down drops the task at once, and that needs the list.
            let serving = Serving { fetcher: Arc::clone(self), finished: false };
            let task = tokio::spawn(serving.serve()).abort_handle();
            self.list().task = Some(task);
        }
        self.arrivals.notify_one();
    }

    async fn serve(&self) {
        let mut watch = Watch { bell: None, due: None, look: true };
        loop {
            let wanted = self.wanted();
            if wanted == 0 && watch.bell.is_none() && self.finish() {
                return;
            }
            if wanted > 0 && (watch.look || watch.bell.is_none()) {
                match self.look(wanted.min(MOST)).await {
                    Err(trouble) => {
                        self.send_away(&trouble);
                        continue;
                    }
                    // There may be more.
                    Ok(None) => continue,
                    Ok(Some(news)) => watch.set(&self.client, news),
                }
            }
            if self.is_untidy() {
                self.client.tidy().await;
            }
            self.rest(&mut watch).await;
        }
    }

    /// Waits until there is a reason to look again, or somebody's time is over.
    async fn rest(&self, watch: &mut Watch) {
        let next = self.send_away_late();
        tokio::select! {
            rung = ring(&mut watch.bell) => {
                watch.bell = None;
                match rung {
                    Ok(()) => watch.look = true,
                    Err(trouble) => self.send_away(&trouble),
                }
            }
            () = at(watch.due) => {
                watch.due = None;
                watch.look = true;
            }
            () = at(next) => {}
            () = self.arrivals.notified() => watch.look |= self.someone_wants_a_look(),
        }
    }

    /// One look, its jobs handed out; what to wait for when the queue was found empty.
    async fn look(&self, wanted: usize) -> Result<Option<News>, Trouble> {
        self.list().waiters.iter_mut().for_each(|waiter| waiter.wants_look = false);
        let Found { deliveries, refuse, news } = self.client.claim(wanted).await?;
        for delivery in self.hand_out(deliveries) {
            // Whom they were for is gone. If this fails, they wait for their leases to end.
            self.client.put_back(&delivery.receipt).await?;
        }
        for (receipt, reason) in refuse {
            self.client.bury(&receipt, "", &reason).await?;
        }
        Ok(news)
    }

    /// Gives each receiver what it wants, in turn; what nobody wants comes back.
    fn hand_out(&self, mut deliveries: Vec<Delivery>) -> Vec<Delivery> {
        let mut list = self.list();
        while !deliveries.is_empty()
            && let Some(waiter) = list.waiters.pop_front()
        {
            let rest = deliveries.split_off(waiter.max.min(deliveries.len()));
            let unseen = waiter.reply.send(Ok(std::mem::replace(&mut deliveries, rest)));
            if let Err(Ok(mut unseen)) = unseen {
                unseen.append(&mut deliveries);
                deliveries = unseen;
            }
        }
        deliveries
    }

    /// How many jobs are wanted, by receivers that are still there.
    fn wanted(&self) -> usize {
        let mut list = self.list();
        list.waiters.retain(|waiter| !waiter.reply.is_closed());
        list.waiters.iter().fold(0, |sum, waiter| sum.saturating_add(waiter.max))
    }

    fn someone_wants_a_look(&self) -> bool {
        self.list().waiters.iter().any(|waiter| waiter.wants_look)
    }

    /// Whether it is time to look for what was left lying; not at the very start.
    fn is_untidy(&self) -> bool {
        let (mut list, now) = (self.list(), Instant::now());
        let due = list.tidied.is_some_and(|last| now.duration_since(last) >= self.client.tidy_pause());
        if due || list.tidied.is_none() {
            list.tidied = Some(now);
        }
        due
    }

    /// Ends the task unless somebody came.
    fn finish(&self) -> bool {
        let mut list = self.list();
        list.served = !list.waiters.is_empty();
        !list.served
    }

    /// Tells all receivers what is wrong.
    fn send_away(&self, trouble: &Trouble) {
        let waiters = std::mem::take(&mut self.list().waiters);
        for waiter in waiters {
            // Who is gone needs no answer.
            _ = waiter.reply.send(Err(trouble.clone().error(&self.client.name, DOING)));
        }
    }

    /// Answers those whose time is over with nothing; when the next one's is.
    fn send_away_late(&self) -> Option<Instant> {
        let (mut list, now) = (self.list(), Instant::now());
        let (late, stay) = std::mem::take(&mut list.waiters)
            .into_iter()
            .partition(|waiter: &Waiter| waiter.until <= now && !waiter.wants_look);
        list.waiters = stay;
        let next = list.waiters.iter().filter(|waiter| !waiter.wants_look).map(|waiter| waiter.until).min();
        drop(list);
        for waiter in VecDeque::into_iter(late) {
            _ = waiter.reply.send(Ok(Vec::new()));
        }
        next
    }
}

/// The task's hold on the list: when the task ends in the middle, because its runtime does, the
/// receivers hear of it and start another.
struct Serving {
    fetcher: Arc<Fetcher>,
    finished: bool,
}

impl Serving {
    async fn serve(mut self) {
        self.fetcher.serve().await;
        // The next task may be on the list already.
        self.finished = true;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !self.finished {
            let mut list = self.fetcher.list();
            list.served = false;
            list.waiters.clear();
        }
    }
}

/// The outcome of what is being waited for; never, when nothing is.
async fn ring(bell: &mut Option<Bell>) -> Result<(), Trouble> {
    match bell {
        Some(bell) => bell.await,
        None => std::future::pending().await,
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
