//! The deliveries that this process holds, and until when.
//!
//! `RabbitMQ` knows no timed leases: a delivery is held for as long as its channel is open, up to
//! the broker's `consumer_timeout`. So the term is kept here: a delivery that is not extended in
//! time loses its channel, upon which the broker gives the job to others. When this process or its
//! connection is gone, the broker does that by itself.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lapin::types::ShortString;
use lapin::{Acker, Consumer};
use tokio::time::sleep_until;

use super::lane::Lane;
use crate::queue::Receipt;

/// A delivery that is held.
pub(super) struct Held {
    /// Its channel, which carries nothing else.
    pub(super) lane: Lane,
    /// Settles it.
    pub(super) acker: Acker,
    /// What makes it counted as held, for as long as this lives.
    pub(super) holder: Consumer,
    /// The message.
    pub(super) body: Vec<u8>,
    /// The message's id.
    pub(super) id: Option<ShortString>,
    /// How many times it has been handed out, this time included.
    pub(super) attempt: u32,
    /// When the term ends.
    pub(super) expires: Instant,
    /// When the broker would take it away at the earliest.
    pub(super) latest: Instant,
}

/// Everything that is held, by the numbers that the receipts bear. A number is given once in this
/// process, so that a receipt can never mean a later delivery, nor one of another connection.
pub(super) struct Table {
    held: Mutex<HashMap<u64, Held>>,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} held)", self.held().len())
    }
}

/// What the end of a term found.
enum Due {
    /// Nothing: it was settled.
    Settled,
    /// It has been extended until then.
    Later(Instant),
    /// Nobody cared for it.
    Over(Box<Held>),
}

impl Table {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { held: Mutex::default() })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<u64, Held>> {
        // Every change is complete before anything can panic.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a delivery until it is taken, or its term is over.
    pub(super) fn keep(self: &Arc<Self>, held: Held) -> Receipt {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.put(number, held);
        Receipt::new(format!("{:x}:{number}", process()))
    }

    /// Keeps a delivery again that could not be settled.
    pub(super) fn keep_on(self: &Arc<Self>, receipt: &Receipt, held: Held) {
        if let Some(number) = number(receipt) {
            self.put(number, held);
        }
    }

    fn put(self: &Arc<Self>, number: u64, held: Held) {
        let expires = held.expires;
        self.held().insert(number, held);
        tokio::spawn(watch(Arc::downgrade(self), number, expires));
    }

    /// The delivery of a receipt, to be settled; none if it was settled or lost.
    pub(super) fn take(&self, receipt: &Receipt) -> Option<Held> {
        let held = self.held().remove(&number(receipt)?)?;
        held.lane.alive().then_some(held)
    }

    /// The new end of the term; none if the delivery was settled or lost.
    pub(super) fn extend(&self, receipt: &Receipt, term: Duration) -> Option<Instant> {
        let number = number(receipt)?;
        let mut table = self.held();
        let held = table.get_mut(&number)?;
        if !held.lane.alive() {
            table.remove(&number);
            return None;
        }
        held.expires = Instant::now().checked_add(term).map_or(held.latest, |end| end.min(held.latest));
        Some(held.expires)
    }

    fn due(&self, number: u64) -> Due {
        let mut table = self.held();
        match table.get(&number).map(|held| held.expires) {
            None => Due::Settled,
            Some(end) if end > Instant::now() => Due::Later(end),
            Some(_) => table.remove(&number).map_or(Due::Settled, |held| Due::Over(Box::new(held))),
        }
    }
}

/// Waits for the end of the term, and lets the delivery go.
async fn watch(table: Weak<Table>, number: u64, expires: Instant) {
    let mut end = expires;
    loop {
        sleep_until(end.into()).await;
        let Some(table) = table.upgrade() else { return };
        match table.due(number) {
            Due::Settled => return,
            Due::Later(later) => end = later,
            Due::Over(held) => {
                tracing::debug!(attempt = held.attempt, "the term of a delivery is over");
                held.lane.close().await;
                return;
            }
        }
    }
}

/// The number of a receipt that this process gave.
fn number(receipt: &Receipt) -> Option<u64> {
    let (of, number) = receipt.as_str().split_once(':')?;
    (u64::from_str_radix(of, 16) == Ok(process())).then(|| number.parse().ok())?
}

/// A number that another process hardly has.
fn process() -> u64 {
    static NUMBER: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *NUMBER.get_or_init(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (since.as_nanos() as u64) ^ (u64::from(std::process::id()) << 48)
    })
}
