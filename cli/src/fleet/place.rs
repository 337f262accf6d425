//! Which run is meant, and which queue it has.

use std::sync::Arc;

use zagg_core::run::RunRecord;
use zagg_program::{arguments::S3Arguments, environment};
use zagg_queue::{
    queue::{Options, Queue},
    url::QueueUrl,
};
use zagg_store::{Location, Store};

use crate::error::CommandError;

/// A run as it is typed: `STORE` for the latest of a store, `STORE#RUN` for one of them.
pub(crate) struct RunPlace {
    pub(crate) store: Store,
    pub(crate) run: Option<String>,
}

impl RunPlace {
    /// Opens the store of what was typed.
    pub(crate) fn open(typed: &str, s3: &S3Arguments) -> Result<Self, CommandError> {
        let (location, run) = match typed.rsplit_once('#') {
            Some((location, run)) if !run.is_empty() => (location, Some(run.to_owned())),
            _ => (typed.trim_end_matches('#'), None),
        };
        let location = Location::parse(location)?;
        let store = Store::open(&location, &environment::store_settings(s3))?;
        Ok(Self { store, run })
    }
}

/// The queue that was typed, or the run's own where its record can name it: an address with a password
/// is kept without it.
pub(crate) async fn queue(
    typed: Option<&str>,
    record: Option<&RunRecord>,
) -> Result<Option<Arc<dyn Queue>>, CommandError> {
    let address = typed.or(record.map(|record| record.queue.as_str()).filter(|address| !address.contains("***")));
    match address {
        None => Ok(None),
        Some(address) => Ok(Some(address.parse::<QueueUrl>()?.open(Options::default()).await?)),
    }
}
