//! How a run is done. Settings never change a byte of the result. Each value knows where it comes
//! from.

use std::{num::NonZero, thread};

use zagg_program::settings::{Setting, SettingLine, pick};

use crate::args::RunArguments;

/// How a run is done.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Shards in work at once.
    pub(crate) workers: usize,
    /// Threads that compute.
    pub(crate) cpu_threads: usize,
    /// Granules of one shard that are read at once.
    pub(crate) granules_in_flight: usize,
    /// Requests to remote sources under way at once.
    pub(crate) requests_in_flight: usize,
    /// Bytes for decoded HDF5 chunks that neighbouring shards share.
    pub(crate) cache_bytes: usize,
    /// All of them with their origins, for people.
    pub(crate) lines: Vec<SettingLine>,
}

impl Settings {
    /// Resolves what was typed: a flag (or its environment variable) over the default. Remote
    /// granules are read more at once, to hide their latency.
    pub(crate) fn resolve(typed: &RunArguments, remote: bool) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let workers = pick(typed.workers, cores);
        let granules = pick(typed.reading.granules_in_flight, if remote { 16 } else { 4 });
        let requests = pick(typed.reading.requests_in_flight, 64);
        let cache = pick(typed.reading.cache_mb, 64);
        let threads = Setting { value: cores, origin: "default" };
        Self {
            workers: workers.value,
            cpu_threads: threads.value,
            granules_in_flight: granules.value,
            requests_in_flight: requests.value,
            cache_bytes: cache.value.saturating_mul(1_000_000),
            lines: vec![
                workers.line("workers"),
                threads.line("cpu_threads"),
                granules.line("granules_in_flight"),
                requests.line("requests_in_flight"),
                cache.line("cache_mb"),
            ],
        }
    }
}
