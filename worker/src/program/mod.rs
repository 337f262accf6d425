//! The program: from what was typed to jobs that are done.

pub(crate) mod arguments;

pub(crate) mod error;

pub(crate) mod log;

mod container;

mod health;

mod vitals;

use std::{num::NonZero, sync::Arc, thread};

use zagg_core::price::Rates;
use zagg_granule::{CpuPool, ReaderSettings, SourceSettings};
use zagg_program::environment;
use zagg_queue::queue::Options;
use zagg_store::StoreSettings;
use zagg_worker::{
    AnyRun, LatencyCollector, Observer, Patience, Runs, Stamp, Workshop, lambda::Function, metrics::Metrics,
};

use arguments::Arguments;
use error::ProgramError;

pub(crate) use container::container;
pub(crate) use health::health;
use zagg_program::exit::Exit;

/// Slots of a Lambda function: one reads while the other computes.
const LAMBDA_SLOTS: usize = 2;

/// Answers the events of a queue until the platform ends the process.
pub(crate) async fn lambda(typed: &Arguments) -> Result<Exit, ProgramError> {
    let place = environment::lambda();
    let slots = typed.slots.unwrap_or(LAMBDA_SLOTS);
    let rates = Rates::lambda(place.memory_mb / 1024.0, cfg!(target_arch = "aarch64"));
    let (runs, metrics) = workshop(typed, rates, name(typed))?;
    let observer = Observer::new(metrics, rates, typed.max_attempts);
    let function = Function::new(runs, observer, patience(typed), options(typed), slots, place.function);
    function.serve().await.map_err(ProgramError::Lambda)?;
    Ok(Exit::Done)
}

/// What does the jobs, and what is counted.
fn workshop(typed: &Arguments, rates: Rates, worker: String) -> Result<(Runs, Metrics), ProgramError> {
    let (store, sources) = (store_settings(typed), source_settings(typed)?);
    let metrics = Metrics::new()?;
    let of = vec![("source", Arc::clone(&sources.latency)), ("store", Arc::clone(&store.latency))];
    metrics.add(LatencyCollector::new(of)?)?;
    metrics.build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
    let granules = typed.reading.granules_in_flight.unwrap_or(16);
    let reading = ReaderSettings {
        granules_in_flight: granules,
        cache_bytes: typed.reading.cache_mb.unwrap_or(64).saturating_mul(1_000_000),
        granules_in_all: granules.saturating_mul(2),
    };
    let cpu = CpuPool::new(cores())?;
    let workshop = Workshop { store, sources, reading, cpu, stamp: Stamp { worker, rates } };
    Ok((Runs::Any(Box::new(AnyRun::new(workshop))), metrics))
}

fn store_settings(typed: &Arguments) -> StoreSettings {
    environment::store_settings(&typed.s3)
}

fn source_settings(typed: &Arguments) -> Result<SourceSettings, ProgramError> {
    Ok(SourceSettings {
        s3: environment::source_s3(&typed.s3),
        earthdata: environment::earthdata()?,
        https_token: environment::https_token(),
        requests_in_flight: typed.reading.requests_in_flight.unwrap_or(64),
        ..SourceSettings::default()
    })
}

fn patience(typed: &Arguments) -> Patience {
    Patience { first_wait: typed.retry_wait, ..Patience::default() }
}

fn options(typed: &Arguments) -> Options {
    Options { term: typed.term, max_attempts: typed.max_attempts }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

fn name(typed: &Arguments) -> String {
    typed.name.clone().unwrap_or_else(environment::worker_name)
}
