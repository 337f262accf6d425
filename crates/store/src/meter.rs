//! How much a store was asked.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts requests and bytes of one [`Store`](crate::objects::Store) and its clones.
#[derive(Debug, Default)]
pub struct StoreMeter {
    pub(crate) gets: AtomicU64,
    pub(crate) puts: AtomicU64,
    pub(crate) heads: AtomicU64,
    pub(crate) lists: AtomicU64,
    pub(crate) deletes: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
}

/// What a [`StoreMeter`] has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct StoreUsage {
    /// Objects or ranges asked for.
    pub gets: u64,
    /// Objects written, conditional ones included.
    pub puts: u64,
    /// Objects looked at.
    pub heads: u64,
    /// Listings begun (each is one request per 1,000 keys).
    pub lists: u64,
    /// Objects deleted.
    pub deletes: u64,
    /// HTTP replies that were throttled or failed on the other side, and lost connections.
    pub retries: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
}

impl StoreUsage {
    /// Adds what another meter has counted.
    pub fn add(&mut self, other: &Self) {
        self.gets += other.gets;
        self.puts += other.puts;
        self.heads += other.heads;
        self.lists += other.lists;
        self.deletes += other.deletes;
        self.retries += other.retries;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
    }
}

impl StoreMeter {
    /// The counts now.
    #[must_use]
    pub fn usage(&self) -> StoreUsage {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StoreUsage {
            gets: read(&self.gets),
            puts: read(&self.puts),
            heads: read(&self.heads),
            lists: read(&self.lists),
            deletes: read(&self.deletes),
            retries: read(&self.retries),
            bytes_in: read(&self.bytes_in),
            bytes_out: read(&self.bytes_out),
        }
    }
}
