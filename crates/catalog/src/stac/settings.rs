//! How a search runs; none of it changes what is found.

use std::time::Duration;

/// How a search behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchSettings {
    /// How often and how long to try.
    pub patience: Patience,
    /// Items a page; CMR gives at most 100 whatever is asked.
    pub page: u32,
    /// No body of a page larger than this is read, in bytes.
    pub max_body: usize,
    /// The most granules that a search may give.
    pub max_granules: usize,
    /// Whether pictures stay in the catalog.
    pub thumbnails: bool,
    /// Whether a total that is not what the server said is only noted.
    pub allow_mismatch: bool,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            patience: Patience::default(),
            page: 100,
            max_body: 64 << 20,
            max_granules: 5_000_000,
            thumbnails: false,
            allow_mismatch: false,
        }
    }
}

/// How often and how long to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts at each page, the first included.
    pub tries: u32,
    /// The pause before the second attempt, at most; later ones double.
    pub first_pause: Duration,
    /// No pause is longer; a server that asks for more is left in peace.
    pub longest_pause: Duration,
    /// The longest wait for a connection.
    pub connect: Duration,
    /// The longest wait for a whole answer.
    pub timeout: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 8,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(120),
            connect: Duration::from_secs(10),
            timeout: Duration::from_secs(90),
        }
    }
}
