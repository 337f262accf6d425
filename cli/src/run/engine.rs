//! Building what a run needs: the store, the process, the queue.

use std::sync::Arc;

use zagg_granule::{CpuPool, GranuleReader, ReaderSettings, SourceSettings};
use zagg_producer::Inputs;
use zagg_queue::{
    queue::{Options, Queue},
    url::QueueUrl,
};
use zagg_store::{Layout, Provenance, Store};
use zagg_worker::Process;

use zagg_program::{arguments::S3Arguments, environment};

use crate::{args::RunArguments, error::CommandError};

use super::settings::Settings;

/// The store and its layout.
pub(crate) fn store(inputs: &Inputs, s3: &S3Arguments) -> Result<(Store, Arc<Layout>), CommandError> {
    let provenance = Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        catalog: Some(inputs.shard_map.digest().to_string()),
        notes: Vec::new(),
    };
    let layout = Layout::new(&inputs.pipeline, &inputs.grid, provenance)?;
    let store = Store::open(&inputs.location, &environment::store_settings(s3))?;
    Ok((store, Arc::new(layout)))
}

/// What every job of the run goes through.
pub(crate) fn process(
    inputs: &Inputs,
    settings: &Settings,
    s3: &S3Arguments,
    store: &Store,
    layout: &Arc<Layout>,
) -> Result<Arc<Process>, CommandError> {
    let cpu = CpuPool::new(settings.cpu_threads)?;
    let sources = SourceSettings {
        s3: environment::source_s3(s3),
        earthdata: environment::earthdata()?,
        https_token: environment::https_token(),
        requests_in_flight: settings.requests_in_flight,
        ..SourceSettings::default()
    };
    let reading = ReaderSettings {
        granules_in_flight: settings.granules_in_flight,
        cache_bytes: settings.cache_bytes,
        granules_in_all: settings.granules_in_flight.saturating_mul(2),
    };
    let reader = GranuleReader::new(&inputs.pipeline, &inputs.grid, sources, reading, cpu.clone());
    Ok(Arc::new(Process::new(&inputs.pipeline, &inputs.grid, Arc::clone(layout), store.clone(), reader, cpu)))
}

/// The queue of a run. A private one lies in a temporary folder, which goes away with this value.
pub(crate) struct RunQueue {
    /// The queue.
    pub(crate) queue: Arc<dyn Queue>,
    _folder: Option<tempfile::TempDir>,
}

/// Refuses a queue's URL that is none, before anything is done.
pub(crate) fn check_queue(typed: &RunArguments) -> Result<(), CommandError> {
    typed.queue.as_ref().map_or(Ok(()), |url| Ok(url.parse::<QueueUrl>().map(|_| ())?))
}

/// Opens the named queue, or a private one.
pub(crate) async fn queue(typed: &RunArguments) -> Result<RunQueue, CommandError> {
    let options = Options::default();
    if let Some(url) = &typed.queue {
        let url: QueueUrl = url.parse()?;
        return Ok(RunQueue { queue: url.open(options).await?, _folder: None });
    }
    let folder = tempfile::Builder::new()
        .prefix("zagg-queue-")
        .tempdir()
        .map_err(|source| CommandError::WriteFile { what: "a temporary folder", path: std::env::temp_dir(), source })?;
    let url = QueueUrl::File(folder.path().join("queue.db"));
    Ok(RunQueue { queue: url.open(options).await?, _folder: Some(folder) })
}
