//! What a process has asked of granules and stores.

use zagg_granule::source::Usage;
use zagg_store::StoreUsage;

use crate::runs::Runs;

/// Requests and bytes since the process began, or since some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Requests, failed ones included.
    pub(super) requests: u64,
    /// Bytes received.
    pub(super) bytes_in: u64,
    /// Bytes sent.
    pub(super) bytes_out: u64,
}

impl Asked {
    /// All so far.
    pub(super) fn of(runs: &Runs) -> Self {
        Self::sum(runs.usage())
    }

    fn sum((sources, stores): (Usage, StoreUsage)) -> Self {
        let StoreUsage { gets, puts, heads, lists, deletes, bytes_in, bytes_out, .. } = stores;
        Self {
            requests: sources.requests + gets + puts + heads + lists + deletes,
            bytes_in: sources.bytes + bytes_in,
            bytes_out,
        }
    }

    /// What came after `before`. A run that makes room while its last job ends may take a little with it.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(before.requests),
            bytes_in: self.bytes_in.saturating_sub(before.bytes_in),
            bytes_out: self.bytes_out.saturating_sub(before.bytes_out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_bit_by_bit_adds_up() {
        let sources = Usage { requests: 3, bytes: 100, ..Usage::default() };
        let stores = StoreUsage { gets: 1, puts: 4, heads: 1, bytes_in: 10, bytes_out: 50, ..StoreUsage::default() };
        let first = Asked::sum((sources, stores));
        assert_eq!(first, Asked { requests: 9, bytes_in: 110, bytes_out: 50 });
        let second = Asked { requests: 12, bytes_in: 110, bytes_out: 60 };
        assert_eq!(second.since(first), Asked { requests: 3, bytes_in: 0, bytes_out: 10 });
        assert_eq!(first.since(second), Asked::default(), "never below nothing");
    }
}
