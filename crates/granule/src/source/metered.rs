//! Counting requests and bytes, and limiting how many requests are under way.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};
use zagg_core::latency::Latency;

use super::{BlockingSource, ByteSource, Coalescing, Head};
use crate::error::SourceError;

/// Counts what one job (or run) reads. Shared by all sources of that job.
#[derive(Debug, Default)]
pub struct Meter {
    requests: AtomicU64,
    bytes: AtomicU64,
    failures: AtomicU64,
    latency: Arc<Latency>,
}

/// What a [`Meter`] has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests (for files: reads). One that a source repeats by itself counts once.
    pub requests: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Requests that gave an error.
    pub failures: u64,
}

impl Usage {
    /// Adds what another meter has counted.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.failures += other.failures;
    }
}

impl Meter {
    /// A meter that also counts how long requests took, in `latency`.
    #[must_use]
    pub fn new(latency: Arc<Latency>) -> Self {
        Self { latency, ..Self::default() }
    }

    /// What was counted so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            requests: self.requests.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
        }
    }

    fn count<T>(&self, begun: Instant, outcome: &Result<T, SourceError>, bytes: impl Fn(&T) -> usize) {
        self.latency.count(begun.elapsed());
        self.requests.fetch_add(1, Ordering::Relaxed);
        match outcome {
            Ok(value) => self.bytes.fetch_add(bytes(value) as u64, Ordering::Relaxed),
            Err(_) => self.failures.fetch_add(1, Ordering::Relaxed),
        };
    }
}

/// A source whose requests are counted, and wait for a permit when it is remote.
#[derive(Debug)]
pub struct Metered<S> {
    inner: S,
    meter: Arc<Meter>,
    permits: Arc<Semaphore>,
}

impl<S: ByteSource> Metered<S> {
    /// Decorates `inner`. `permits` are the requests that may be under way, over all sources that
    /// share them; a blocking source takes none.
    #[must_use]
    pub fn new(inner: S, meter: Arc<Meter>, permits: Arc<Semaphore>) -> Self {
        Self { inner, meter, permits }
    }

    async fn permit(&self) -> Result<Option<SemaphorePermit<'_>>, SourceError> {
        if self.inner.blocking().is_some() {
            return Ok(None);
        }
        let closed = |_| SourceError::Cut { href: self.href().to_owned(), what: "no more permits".to_owned() };
        self.permits.acquire().await.map(Some).map_err(closed)
    }
}

#[async_trait]
impl<S: ByteSource> ByteSource for Metered<S> {
    fn href(&self) -> &str {
        self.inner.href()
    }

    fn coalescing(&self) -> Coalescing {
        self.inner.coalescing()
    }

    async fn head(&self, bytes: u64) -> Result<Head, SourceError> {
        let _permit = self.permit().await?;
        let begun = Instant::now();
        let outcome = self.inner.head(bytes).await;
        self.meter.count(begun, &outcome, |head| head.bytes.len());
        outcome
    }

    async fn fetch(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        let _permit = self.permit().await?;
        let begun = Instant::now();
        let outcome = self.inner.fetch(range).await;
        self.meter.count(begun, &outcome, Bytes::len);
        outcome
    }

    fn blocking(&self) -> Option<&dyn BlockingSource> {
        self.inner.blocking().is_some().then_some(self)
    }
}

impl<S: ByteSource> BlockingSource for Metered<S> {
    fn length(&self) -> u64 {
        self.inner.blocking().map_or(0, BlockingSource::length)
    }

    fn read(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        let begun = Instant::now();
        let outcome = match self.inner.blocking() {
            Some(inner) => inner.read(range),
            None => Err(SourceError::Cut { href: self.href().to_owned(), what: "not a blocking source".to_owned() }),
        };
        self.meter.count(begun, &outcome, Bytes::len);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    /// 1000 bytes, each its offset modulo 251; remembers how many requests were under way at once.
    #[derive(Debug, Default)]
    struct Slow {
        now: AtomicUsize,
        most: AtomicUsize,
    }

    #[async_trait]
    impl ByteSource for Slow {
        fn href(&self) -> &str {
            "slow"
        }

        fn coalescing(&self) -> Coalescing {
            Coalescing { gap: 10, max: 100 }
        }

        async fn head(&self, bytes: u64) -> Result<Head, SourceError> {
            Ok(Head { bytes: self.fetch(0..bytes.min(1000)).await?, length: 1000 })
        }

        async fn fetch(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
            if range.end > 1000 {
                return Err(SourceError::PastTheEnd { href: "slow".into(), start: range.start, end: range.end });
            }
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            self.now.fetch_sub(1, Ordering::SeqCst);
            Ok(range.map(|i| (i % 251) as u8).collect())
        }
    }

    #[tokio::test]
    async fn a_coalesced_request_counts_once_and_failures_are_counted() {
        let meter = Arc::new(Meter::default());
        let source = Metered::new(Slow::default(), Arc::clone(&meter), Arc::new(Semaphore::new(4)));
        let bytes = source.ranges(&[0..10, 15..20, 500..510]).await.unwrap();
        assert_eq!(bytes[1].as_ref(), &[15, 16, 17, 18, 19]);
        assert_eq!(meter.usage(), Usage { requests: 2, bytes: 30, failures: 0 });
        assert!(source.fetch(990..1001).await.is_err());
        assert_eq!(meter.usage(), Usage { requests: 3, bytes: 30, failures: 1 });
    }

    #[tokio::test]
    async fn no_more_requests_are_under_way_than_there_are_permits() {
        let source = Metered::new(Slow::default(), Arc::default(), Arc::new(Semaphore::new(3)));
        let ranges: Vec<_> = (0..10).map(|i| i * 100..i * 100 + 10).collect();
        let bytes = source.ranges(&ranges).await.unwrap();
        assert_eq!(bytes.len(), 10);
        assert_eq!(source.inner.most.load(Ordering::SeqCst), 3);
    }
}
