//! The search for granules against a stand-in of NASA's catalog and of other STAC APIs.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use zagg_catalog::Entry;
use zagg_catalog::stac::{Found, Patience, Progress, Query, SearchSettings, Server, StacError, search};
use zagg_tests::kit::{Cmr, cmr};

mod archive;
mod elsewhere;
mod paging;
mod refusals;
mod trouble;

/// Pauses of a few milliseconds.
const PATIENCE: Patience = Patience {
    tries: 4,
    first_pause: Duration::from_millis(2),
    longest_pause: Duration::from_secs(3),
    connect: Duration::from_secs(5),
    timeout: Duration::from_secs(5),
};

fn settings() -> SearchSettings {
    SearchSettings { patience: PATIENCE, ..SearchSettings::default() }
}

fn server(cmr: &Cmr, settings: SearchSettings) -> Server {
    Server::cmr_at(&cmr.root(), cmr::PROVIDER, settings).unwrap()
}

fn query() -> Query {
    Query::of_product("ATL06", "007")
}

/// Searches the stand-in's CMR.
async fn find(cmr: &Cmr, query: &Query) -> Result<Found, StacError> {
    find_with(cmr, query, settings()).await
}

async fn find_with(cmr: &Cmr, query: &Query, settings: SearchSettings) -> Result<Found, StacError> {
    search(&server(cmr, settings), query, |_| ()).await
}

/// Searches, and gives what was told on the way.
async fn watch(cmr: &Cmr, query: &Query) -> (Found, Vec<Progress>) {
    let mut told = Vec::new();
    let found = search(&server(cmr, settings()), query, |progress| told.push(*progress)).await.unwrap();
    (found, told)
}

/// A catalog of so many granules, and the granules.
fn catalog(count: usize) -> (Cmr, Vec<Entry>) {
    let granules = cmr::sample::granules(count);
    (Cmr::of(granules.clone()), granules)
}

/// The error's words, which are to hold all of these.
fn says(result: Result<Found, StacError>, words: &[&str]) -> StacError {
    let Err(error) = result else { panic!("the search finds something; not {words:?}") };
    let text = zagg_core::fault::chain(&error);
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
    assert!(text.len() < 1000, "{text}");
    error
}
