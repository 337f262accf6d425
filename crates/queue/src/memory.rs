//! The queue of one process: for tests and for runs that need no durability. Leases really end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::error::Error;
use crate::message::{MESSAGE_BYTES, admit, decode, poison, undecodable};
use crate::queue::{
    Abilities, Buried, Class, Delivery, Depth, Enqueued, Limits, Options, Queue, Reason, Receipt, Settled,
};

/// Half a day: nothing here needs a tighter bound, and sums of it can't overflow.
const LONGEST: Duration = Duration::from_secs(12 * 3600);

/// A queue in this process's memory. What it holds ends with it.
#[derive(Debug)]
pub struct Memory {
    options: Options,
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<u64, Entry>,
    /// Sequence numbers by job id; messages that are no jobs have none.
    ids: HashMap<String, u64>,
    ready: BTreeSet<u64>,
    /// Leased and delayed entries by the moment at which they become ready.
    timed: BTreeSet<(Instant, u64)>,
    next: u64,
}

#[derive(Debug)]
struct Entry {
    id: Option<String>,
    body: Vec<u8>,
    attempts: u32,
    /// Raised whenever earlier receipts stop being good.
    claim: u64,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Ready,
    Leased(Instant),
    Delayed(Instant),
    Buried(Reason),
}

impl Memory {
    /// An empty queue.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options, state: Mutex::default(), news: Notify::new() }
    }

    /// Puts any bytes on the queue, as a foreign program might on a real broker.
    pub fn enqueue_raw(&self, body: &[u8]) {
        self.state().push(None, body.to_vec());
        self.news.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change below is complete before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, delivery: &Delivery, place: Option<Place>) -> Settled {
        let settled = self.state().settle(delivery, place);
        self.news.notify_waiters();
        settled
    }
}

#[async_trait]
impl Queue for Memory {
    fn name(&self) -> &'static str {
        "memory:"
    }

    fn limits(&self) -> Limits {
        let Options { term, max_attempts: attempts } = self.options;
        let message_bytes = MESSAGE_BYTES;
        Limits { message_bytes, batch: 1000, max_delay: LONGEST, term, lease: LONGEST, wait: LONGEST, attempts }
    }

    fn abilities(&self) -> Abilities {
        Abilities { duplicates: true, durable: false, exact_depth: true, forgets_attempts: true, tells_delayed: true }
    }

    async fn enqueue(&self, jobs: &[zagg_core::job::Job]) -> Result<Enqueued, Error> {
        let limit = self.limits().batch;
        if jobs.len() > limit {
            return Err(Error::BatchTooLarge { queue: self.name().to_owned(), jobs: jobs.len(), limit });
        }
        let (outgoing, refused) = admit(jobs, MESSAGE_BYTES);
        let mut outcome = Enqueued { refused, ..Enqueued::default() };
        let mut state = self.state();
        for message in outgoing {
            match state.push(Some(message.id), message.body) {
                true => outcome.accepted += 1,
                false => outcome.duplicate += 1,
            }
        }
        drop(state);
        self.news.notify_waiters();
        Ok(outcome)
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        let deadline = Instant::now() + wait.min(LONGEST);
        let max = max.min(self.limits().batch);
        loop {
            // Registered before looking, so that what comes in between is not missed.
            let mut news = std::pin::pin!(self.news.notified());
            news.as_mut().enable();
            let (deliveries, due) = self.state().claim(max, Instant::now(), self.options);
            let now = Instant::now();
            if !deliveries.is_empty() || max == 0 || now >= deadline {
                return Ok(deliveries);
            }
            let until = due.map_or(deadline, |due| due.min(deadline));
            tokio::select! {
                () = news => {}
                () = tokio::time::sleep_until(until.into()) => {}
            }
        }
    }

    async fn extend(&self, delivery: &Delivery, term: Duration) -> Result<Instant, Error> {
        let end = Instant::now() + term.min(LONGEST);
        let mut state = self.state();
        let Some((seq, entry)) = state.current(delivery) else {
            return Err(Error::LeaseLost { job: delivery.job.id(), source: None });
        };
        let from = std::mem::replace(&mut entry.place, Place::Leased(end));
        state.reindex(seq, &from);
        Ok(end)
    }

    async fn ack(&self, delivery: &Delivery) -> Result<Settled, Error> {
        Ok(self.settle(delivery, None))
    }

    async fn release(&self, delivery: &Delivery, after: Duration) -> Result<Settled, Error> {
        Ok(self.settle(delivery, Some(Place::Delayed(Instant::now() + after.min(LONGEST)))))
    }

    async fn put_back(&self, delivery: &Delivery) -> Result<Settled, Error> {
        let settled = self.state().put_back(delivery);
        self.news.notify_waiters();
        Ok(settled)
    }

    async fn bury(&self, delivery: &Delivery, reason: &Reason) -> Result<Settled, Error> {
        Ok(self.settle(delivery, Some(Place::Buried(reason.clipped()))))
    }

    async fn depth(&self) -> Result<Depth, Error> {
        let mut state = self.state();
        state.sweep(Instant::now(), self.options.max_attempts);
        let mut depth = Depth::default();
        for entry in state.entries.values() {
            match entry.place {
                Place::Ready => depth.ready += 1,
                Place::Leased(_) => depth.leased += 1,
                Place::Delayed(_) => depth.delayed += 1,
                Place::Buried(_) => depth.buried += 1,
            }
        }
        Ok(depth)
    }

    async fn buried(&self, max: usize) -> Result<Vec<Buried>, Error> {
        let mut state = self.state();
        state.sweep(Instant::now(), self.options.max_attempts);
        Ok(state.entries.values().filter_map(Entry::tombstone).take(max).collect())
    }

    async fn redrive(&self, max: usize, class: Option<Class>) -> Result<usize, Error> {
        let mut state = self.state();
        state.sweep(Instant::now(), self.options.max_attempts);
        let buried = |(seq, entry): (&u64, &Entry)| entry.is_buried_for(class).then_some(*seq);
        let chosen: Vec<u64> = state.entries.iter().filter_map(buried).take(max).collect();
        for seq in &chosen {
            if let Some(entry) = state.entries.get_mut(seq) {
                entry.attempts = 0;
                state.place(*seq, Place::Ready);
            }
        }
        drop(state);
        self.news.notify_waiters();
        Ok(chosen.len())
    }
}

impl Entry {
    fn is_buried_for(&self, class: Option<Class>) -> bool {
        matches!(&self.place, Place::Buried(reason) if class.is_none_or(|class| class == reason.class))
    }

    fn tombstone(&self) -> Option<Buried> {
        let Place::Buried(reason) = &self.place else { return None };
        let body = String::from_utf8_lossy(&self.body).into_owned();
        Some(Buried { job: decode(&self.body).ok(), body, attempts: self.attempts, reason: reason.clone() })
    }
}

impl State {
    /// Appends a message, unless its id is queued already.
    fn push(&mut self, id: Option<String>, body: Vec<u8>) -> bool {
        if let Some(seq) = id.as_ref().and_then(|id| self.ids.get(id)).copied() {
            if !self.entries.get(&seq).is_some_and(|entry| matches!(entry.place, Place::Buried(_))) {
                return false;
            }
            self.entries.remove(&seq);
        }
        let seq = self.next;
        self.next += 1;
        if let Some(id) = &id {
            self.ids.insert(id.clone(), seq);
        }
        self.entries.insert(seq, Entry { id, body, attempts: 0, claim: 0, place: Place::Ready });
        self.ready.insert(seq);
        true
    }

    /// The entry that the delivery is of, if the delivery is still good for it.
    fn current(&mut self, delivery: &Delivery) -> Option<(u64, &mut Entry)> {
        let (seq, claim) = delivery.receipt.as_str().split_once(':')?;
        let (seq, claim): (u64, u64) = (seq.parse().ok()?, claim.parse().ok()?);
        let entry = self.entries.get_mut(&seq)?;
        (entry.claim == claim).then_some((seq, entry))
    }

    /// Moves an entry, which makes every earlier receipt stale.
    fn place(&mut self, seq: u64, place: Place) {
        let Some(entry) = self.entries.get_mut(&seq) else { return };
        entry.claim += 1;
        let from = std::mem::replace(&mut entry.place, place);
        self.reindex(seq, &from);
    }

    fn reindex(&mut self, seq: u64, from: &Place) {
        match from {
            Place::Ready => _ = self.ready.remove(&seq),
            Place::Leased(due) | Place::Delayed(due) => _ = self.timed.remove(&(*due, seq)),
            Place::Buried(_) => {}
        }
        match self.entries.get(&seq).map(|entry| &entry.place) {
            Some(Place::Ready) => _ = self.ready.insert(seq),
            Some(Place::Leased(due) | Place::Delayed(due)) => _ = self.timed.insert((*due, seq)),
            Some(Place::Buried(_)) | None => {}
        }
    }

    fn settle(&mut self, delivery: &Delivery, place: Option<Place>) -> Settled {
        let Some((seq, entry)) = self.current(delivery) else { return Settled::Stale };
        match place {
            Some(place) => self.place(seq, place),
            None => {
                let from = entry.place.clone();
                if let Some(id) = self.entries.remove(&seq).and_then(|entry| entry.id) {
                    self.ids.remove(&id);
                }
                self.reindex(seq, &from);
            }
        }
        Settled::Done
    }

    fn put_back(&mut self, delivery: &Delivery) -> Settled {
        let Some((seq, entry)) = self.current(delivery) else { return Settled::Stale };
        entry.attempts = entry.attempts.saturating_sub(1);
        self.place(seq, Place::Ready);
        Settled::Done
    }

    /// Makes ready what is due, and buries what was handed out often enough. The receipt of a
    /// lease that ended stays good until somebody else gets the job: late work still counts.
    fn sweep(&mut self, now: Instant, max_attempts: u32) {
        while let Some((due, seq)) = self.timed.first().copied() {
            if due > now {
                break;
            }
            self.timed.pop_first();
            let Some(entry) = self.entries.get_mut(&seq) else { continue };
            if entry.attempts >= max_attempts {
                let reason = poison(entry.attempts);
                self.place(seq, Place::Buried(reason));
            } else {
                entry.place = Place::Ready;
                self.ready.insert(seq);
            }
        }
    }

    /// Up to `max` deliveries, and the moment at which the next entry becomes ready.
    fn claim(&mut self, max: usize, now: Instant, options: Options) -> (Vec<Delivery>, Option<Instant>) {
        self.sweep(now, options.max_attempts);
        let expires = now + options.term.min(LONGEST);
        let mut deliveries = Vec::new();
        while deliveries.len() < max
            && let Some(seq) = self.ready.first().copied()
        {
            self.place(seq, Place::Leased(expires));
            let Some(entry) = self.entries.get_mut(&seq) else { continue };
            entry.attempts += 1;
            let (attempt, receipt) = (entry.attempts, Receipt::new(format!("{seq}:{}", entry.claim)));
            match decode(&entry.body) {
                Ok(job) => deliveries.push(Delivery { job, attempt, receipt, expires }),
                Err(why) => self.place(seq, Place::Buried(undecodable(&why))),
            }
        }
        (deliveries, self.timed.first().map(|(due, _)| *due))
    }
}
