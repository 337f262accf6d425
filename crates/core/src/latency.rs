//! How long things took, counted by size: kept where they happen, read where they are reported.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Upper bounds of the buckets, in seconds; what takes longer is in one more.
pub const BOUNDS: [f64; 10] = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.3, 2.6, 5.0];

/// Counts of durations by size.
#[derive(Debug, Default)]
pub struct Latency {
    counts: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

/// What a [`Latency`] has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Latencies {
    /// How many fell into each bucket of [`BOUNDS`], and how many were longer.
    pub counts: [u64; BOUNDS.len() + 1],
    /// The sum of all, in seconds.
    pub seconds: f64,
}

impl Latency {
    /// Counts one.
    pub fn count(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let bucket = BOUNDS.partition_point(|bound| *bound < seconds);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.microseconds.fetch_add(u64::try_from(duration.as_micros()).unwrap_or(0), Ordering::Relaxed);
    }

    /// The counts now.
    #[must_use]
    pub fn read(&self) -> Latencies {
        let counts = std::array::from_fn(|bucket| self.counts[bucket].load(Ordering::Relaxed));
        Latencies { counts, seconds: self.microseconds.load(Ordering::Relaxed) as f64 / 1e6 }
    }
}

impl Latencies {
    /// What came since `earlier`, of the same [`Latency`].
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let counts = std::array::from_fn(|bucket| self.counts[bucket].saturating_sub(earlier.counts[bucket]));
        Self { counts, seconds: (self.seconds - earlier.seconds).max(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_in_its_bucket() {
        let latency = Latency::default();
        for ms in [1, 10, 11, 100, 60_000] {
            latency.count(Duration::from_millis(ms));
        }
        let read = latency.read();
        assert_eq!(read.counts, [2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
        assert!((read.seconds - 60.122).abs() < 1e-6);
        latency.count(Duration::from_millis(1));
        assert_eq!(latency.read().since(&read).counts[0], 1);
    }
}
