//! What can go wrong in a search.

use std::time::Duration;

use zagg_core::fault::Fault;

/// What can go wrong in a search. URLs are named without their query, whose cursors are long.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StacError {
    /// The client could not be made.
    #[error("TLS cannot be set up for the search")]
    Setup {
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// A server's address that is none.
    #[error("{url} is no address of a STAC server: {reason}")]
    BadUrl {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A query that no server can answer.
    #[error("the search cannot be made: {reason}")]
    BadQuery {
        /// What is wrong, and the remedy.
        reason: String,
    },
    /// The server could not be reached, was too slow, or its answer broke off, each time.
    #[error("{url} gave no whole answer to page {page} in {tries} attempts; try again later")]
    Connection {
        /// The server.
        url: String,
        /// The page, from 1.
        page: u64,
        /// Attempts made.
        tries: u32,
        /// What happened to the last one.
        #[source]
        source: reqwest::Error,
    },
    /// The server failed each time.
    #[error("{url} answered {status} to page {page} after {tries} attempts{answer}; try again later")]
    Server {
        /// The server.
        url: String,
        /// The page, from 1.
        page: u64,
        /// The last status.
        status: u16,
        /// The last answer's words, after `: `; empty without any.
        answer: String,
        /// Attempts made.
        tries: u32,
    },
    /// The server asks for more patience than there is.
    #[error("{url} answered {status} to page {page} after {tries} attempts and asks for patience{}; try again later",
        .after.map(|after| format!(" of {} s", after.as_secs())).unwrap_or_default())]
    Throttled {
        /// The server.
        url: String,
        /// The page, from 1.
        page: u64,
        /// The status.
        status: u16,
        /// The wait that it asked for.
        after: Option<Duration>,
        /// Attempts made.
        tries: u32,
    },
    /// The server wants to know who asks.
    #[error("{url} denies the search with {status}{answer}; a search sends no credentials")]
    Denied {
        /// The server.
        url: String,
        /// The status.
        status: u16,
        /// Its words, after `: `.
        answer: String,
    },
    /// There is nothing at that address.
    #[error("{url} answered 404{answer}; check the provider or the server's address")]
    Missing {
        /// The server.
        url: String,
        /// Its words, after `: `.
        answer: String,
    },
    /// The server does not take the query.
    #[error("{url} refused page {page} of the search with {status}{answer}")]
    Refused {
        /// The server.
        url: String,
        /// The page, from 1.
        page: u64,
        /// The status.
        status: u16,
        /// Its words, after `: `.
        answer: String,
    },
    /// An answer that is larger than any page should be.
    #[error("page {page} of {url} is larger than {limit} bytes; ask for fewer items a page")]
    TooLong {
        /// The server.
        url: String,
        /// The page, from 1.
        page: u64,
        /// The largest body that is read.
        limit: usize,
    },
    /// An answer that is not what a STAC server gives.
    #[error("page {page} of {url} is no list of STAC items; it begins with {start:?}")]
    NotStac {
        /// The server.
        url: String,
        /// The page, from 1.
        page: u64,
        /// The first characters of the answer.
        start: String,
        /// What the decoder says.
        #[source]
        source: serde_json::Error,
    },
    /// A `next` link that is not followed.
    #[error("the link from page {page} of {url} to the next one is not followed: {reason}")]
    Next {
        /// The server.
        url: String,
        /// The page that has the link, from 1.
        page: u64,
        /// Why not.
        reason: String,
    },
    /// The server gives a page again in place of the next one.
    #[error("{url} gave page {earlier} again in place of page {page}, {tries} times; try again later")]
    Repeated {
        /// The server.
        url: String,
        /// The page that was asked for, from 1.
        page: u64,
        /// The earlier page that came.
        earlier: u64,
        /// Attempts made.
        tries: u32,
    },
    /// The number that the server said is not the number that came.
    #[error(
        "{url} said that {matched} granules match{place}, but gave {received}; \
         search again, or allow the difference if the archive is known to miscount"
    )]
    Mismatch {
        /// The server.
        url: String,
        /// Which box, as ` in the box ...`; empty without a box.
        place: String,
        /// What it said last.
        matched: u64,
        /// Different granules that came.
        received: u64,
    },
    /// More granules than a search may give.
    #[error("the search gives more than {limit} granules; narrow its dates or its region")]
    TooMany {
        /// The most that it may give.
        limit: usize,
    },
    /// Nothing matches.
    #[error("{what}; {remedy}")]
    Nothing {
        /// What was searched.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A cycle that there is not.
    #[error("there is no cycle {cycle}; ICESat-2's cycles are counted from 1, and this knows them up to {last}")]
    NoCycle {
        /// The number.
        cycle: u32,
        /// The last that is known.
        last: u32,
    },
    /// None of the granules found is of the cycle.
    #[error(
        "none of the {found} granules found is of cycle {cycle} by its name; \
         take its dates with --cycle-dates, or give --start-date and --end-date"
    )]
    NoneOfCycle {
        /// The cycle.
        cycle: u32,
        /// Granules before.
        found: usize,
    },
}

impl StacError {
    /// What kind of trouble it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Connection { .. } | Self::Server { .. } | Self::Repeated { .. } => Fault::Transient,
            Self::Throttled { after, .. } => Fault::Throttled { after: *after },
            Self::Denied { .. } => Fault::Denied,
            Self::Missing { .. } | Self::Nothing { .. } | Self::NoneOfCycle { .. } => Fault::Missing,
            Self::TooLong { .. } | Self::TooMany { .. } => Fault::Capacity,
            Self::Setup { .. } => Fault::Bug,
            Self::BadUrl { .. }
            | Self::BadQuery { .. }
            | Self::Refused { .. }
            | Self::NotStac { .. }
            | Self::Next { .. }
            | Self::Mismatch { .. }
            | Self::NoCycle { .. } => Fault::Malformed,
        }
    }
}
