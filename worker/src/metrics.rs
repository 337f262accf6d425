//! Every metric, declared in one place. `docs/reference/metrics.md` is generated from here.
//!
//! Labels are bounded: no shard and no run is ever one of a worker's.

use prometheus::{
    CounterVec, Encoder as _, GaugeVec, HistogramOpts, HistogramVec, Opts, Registry, TextEncoder, core::Collector,
};

/// What kind of metric it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size; the upper bounds of its buckets.
    Histogram(&'static [f64]),
}

/// A metric as it is declared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Definition {
    /// Its name, with the unit.
    pub name: &'static str,
    /// What kind it is.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

/// Seconds of a whole job: from a cached empty shard to the limit of a Lambda.
const JOB_SECONDS: &[f64] = &[0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 900.0];
/// Seconds of one phase of a job.
const PHASE_SECONDS: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0];
/// Seconds that a job waits for a worker.
const WAIT_SECONDS: &[f64] = &[1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21600.0];
/// How long requests took: counted where they are made, and read when somebody asks.
pub const REQUEST_SECONDS: Definition = Definition {
    name: "zagg_s3_request_seconds",
    kind: Kind::Histogram(&zagg_core::latency::BOUNDS),
    labels: &["op"],
    help: "Seconds of one request: source (granules), store.",
};

macro_rules! metrics {
    ($(#[$about:meta])* $set:ident { $($field:ident: $family:ident($($kind:tt)*) $name:literal [$($label:literal),*] $help:literal;)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone)]
        #[allow(missing_docs, reason = "each metric's help says what it is")]
        pub struct $set {
            registry: Registry,
            $(pub $field: $family,)*
        }

        impl $set {
            /// Every metric of the set, as declared.
            pub const DEFINITIONS: &'static [Definition] = &[
                $(Definition { name: $name, kind: metrics!(@kind $($kind)*), labels: &[$($label),*], help: $help },)*
            ];

            /// The metrics, each at nothing.
            ///
            /// # Errors
            /// When two have one name: a defect, which a test finds.
            pub fn new() -> Result<Self, prometheus::Error> {
                let registry = Registry::new();
                $(let $field = metrics!(@make $name, $help, [$($label),*], $($kind)*)?;
                register(&registry, &$field)?;)*
                Ok(Self { registry, $($field,)* })
            }

            /// Adds a metric that is read where it is counted.
            ///
            /// # Errors
            /// When there is one of its name.
            pub fn add(&self, collector: impl Collector + 'static) -> Result<(), prometheus::Error> {
                self.registry.register(Box::new(collector))
            }

            /// All metrics in Prometheus's text format.
            ///
            /// # Errors
            /// Never, in practice.
            pub fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
                let mut text = Vec::new();
                TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
                Ok(text)
            }
        }
    };
    (@kind Counter) => { Kind::Counter };
    (@kind Gauge) => { Kind::Gauge };
    (@kind Histogram $buckets:ident) => { Kind::Histogram($buckets) };
    (@make $name:literal, $help:literal, [$($label:literal),*], Counter) => {
        CounterVec::new(Opts::new($name, $help), &[$($label),*])
    };
    (@make $name:literal, $help:literal, [$($label:literal),*], Gauge) => {
        GaugeVec::new(Opts::new($name, $help), &[$($label),*])
    };
    (@make $name:literal, $help:literal, [$($label:literal),*], Histogram $buckets:ident) => {
        HistogramVec::new(HistogramOpts::new($name, $help).buckets($buckets.to_vec()), &[$($label),*])
    };
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, metric: &C) -> Result<(), prometheus::Error> {
    registry.register(Box::new(metric.clone()))
}

metrics! {
    /// What a worker tells.
    Metrics {
        cells: CounterVec(Counter) "zagg_cells_total" ["outcome"] "Jobs (one per shard) by what became of them: ok, no_data, skipped (done before), duplicate (another worker was first, with the same bytes), cancelled, failed (buried), released, moved_up, dropped.";
        cell_duration: HistogramVec(Histogram JOB_SECONDS) "zagg_cell_duration_seconds" [] "Seconds from the beginning of a job to its end, for jobs that came to a result.";
        cell_phase: HistogramVec(Histogram PHASE_SECONDS) "zagg_cell_phase_seconds" ["phase"] "Seconds of a job by phase: plan (record and mark looked up), fetch (waiting for bytes, summed over concurrent requests), decode (with filters and assignment to cells), aggregate, encode, write (chunks), commit (the mark).";
        queue_wait: HistogramVec(Histogram WAIT_SECONDS) "zagg_queue_wait_seconds" [] "Seconds from when the run was put on its queue to a job's first delivery.";
        inflight: GaugeVec(Gauge) "zagg_inflight_cells" [] "Jobs in work.";
        slots: GaugeVec(Gauge) "zagg_slots" [] "Jobs that this worker does at once.";
        messages: CounterVec(Counter) "zagg_messages_total" ["op", "result"] "What was asked of the queue: receive, ack, release, bury, put_back; ok or error.";
        lease_lost: CounterVec(Counter) "zagg_lease_lost_total" [] "Jobs whose lease ended while they were in work.";
        retries: CounterVec(Counter) "zagg_retries_total" ["error_class"] "Jobs released to be tried again, by the kind of trouble.";
        failures: CounterVec(Counter) "zagg_failures_total" ["error_class"] "Jobs buried, by the kind of trouble.";
        redeliveries: CounterVec(Counter) "zagg_redeliveries_total" [] "Jobs received that had been handed out before.";
        poison: CounterVec(Counter) "zagg_poison_total" [] "Jobs that a worker buried at their last delivery, whatever they failed of. A job that no worker survives is buried by its queue: zagg_run_buried, poison.";
        s3_requests: CounterVec(Counter) "zagg_s3_requests_total" ["op", "status"] "Requests to sources and stores: source_get, get, put, head, list; ok or error, which is told of granules (source_get) alone: what a store refuses for a while is in zagg_s3_throttles_total.";
        s3_bytes: CounterVec(Counter) "zagg_s3_bytes_total" ["direction"] "Bytes read (in) and written (out).";
        s3_throttles: CounterVec(Counter) "zagg_s3_throttles_total" [] "Replies of the store that asked for patience or failed on its side, and lost connections; each was tried again.";
        granules: CounterVec(Counter) "zagg_granules_total" ["outcome"] "Granules read for jobs that came to a result (ok), and jobs that a granule failed (failed).";
        obs_read: CounterVec(Counter) "zagg_obs_read_total" [] "Rows whose position was looked at.";
        obs_kept: CounterVec(Counter) "zagg_obs_kept_total" [] "Points that went into statistics.";
        cache_hits: CounterVec(Counter) "zagg_chunk_cache_hits_total" [] "HDF5 chunks found decoded.";
        cache_misses: CounterVec(Counter) "zagg_chunk_cache_misses_total" [] "HDF5 chunks decoded.";
        objects: CounterVec(Counter) "zagg_objects_written_total" ["kind"] "Objects written: chunk, mark.";
        commits: CounterVec(Counter) "zagg_commit_total" ["result"] "Marks: created, identical (another worker was first), conflict.";
        cost: CounterVec(Counter) "zagg_cost_usd_total" ["component"] "US dollars by the price table: compute, put, get, queue. Attempts that failed count.";
        credentials_expiry: GaugeVec(Gauge) "zagg_credentials_expiry_timestamp_seconds" [] "When the S3 credentials of the granules end, in seconds since 1970; absent without such.";
        resident: GaugeVec(Gauge) "process_resident_memory_bytes" [] "Memory that this process holds.";
        started: GaugeVec(Gauge) "process_start_time_seconds" [] "When this process began, in seconds since 1970.";
        memory_limit: GaugeVec(Gauge) "zagg_memory_limit_bytes" [] "Memory that it may hold; absent without a limit.";
        build: GaugeVec(Gauge) "zagg_build_info" ["version"] "1, with the program's version.";
        draining: GaugeVec(Gauge) "zagg_draining" [] "1 while the worker takes no more jobs and finishes those in work.";
        broker_trouble: CounterVec(Counter) "zagg_broker_trouble_total" [] "Requests for jobs that failed and were repeated.";
    }
}

metrics! {
    /// What one watcher of a run tells.
    RunMetrics {
        cells: GaugeVec(Gauge) "zagg_run_cells" ["run_id", "state"] "Shards of the run: done, buried, left.";
        eta: GaugeVec(Gauge) "zagg_run_eta_seconds" ["run_id"] "Seconds until everything is done, at the rate of the last minutes; absent while nothing moves.";
        buried: GaugeVec(Gauge) "zagg_run_buried" ["run_id", "error_class"] "Jobs of the run that were set aside, by the kind of trouble; absent where the queue is not looked at.";
        over: GaugeVec(Gauge) "zagg_run_over" ["run_id"] "1 once the run has ended: nothing is left, or it was cancelled. Until then 0.";
        updated: GaugeVec(Gauge) "zagg_run_updated_timestamp_seconds" ["run_id"] "When these figures were taken, in seconds since 1970.";
        cost: GaugeVec(Gauge) "zagg_run_cost_usd" ["run_id"] "US dollars so far, from the marks.";
        cost_estimate: GaugeVec(Gauge) "zagg_run_cost_estimate_usd" ["run_id"] "US dollars that the run was expected to cost before it began.";
        cost_limit: GaugeVec(Gauge) "zagg_run_cost_limit_usd" ["run_id"] "US dollars that the run may cost: its producer's --max-usd; absent without.";
        depth: GaugeVec(Gauge) "zagg_queue_depth" ["queue", "state"] "Jobs on the queue: ready, inflight, delayed (of all runs), dlq (of the watched run).";
        oldest: GaugeVec(Gauge) "zagg_queue_oldest_seconds" ["queue"] "Seconds since the run was put on the queue, while jobs of it are left there.";
    }
}

/// The reference page of all metrics, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(
        "# Metrics\n\nGenerated from `worker/src/metrics.rs`; a test keeps it so.\n\n\
         A worker serves its metrics at `/metrics` when it is started with `--listen`, and writes the same figures as\n\
         CloudWatch Embedded Metric Format when it runs as a Lambda function.\n",
    );
    let worker: Vec<Definition> = Metrics::DEFINITIONS.iter().copied().chain([REQUEST_SECONDS]).collect();
    let sets = [("Worker", worker.as_slice()), ("Run (`zagg status --watch --listen`)", RunMetrics::DEFINITIONS)];
    for (title, definitions) in sets {
        text.push_str(&format!("\n## {title}\n\n| metric | kind | labels | what it tells |\n|---|---|---|---|\n"));
        for Definition { name, kind, labels, help } in definitions {
            let kind = match kind {
                Kind::Counter => "counter".to_owned(),
                Kind::Gauge => "gauge".to_owned(),
                Kind::Histogram(buckets) => {
                    let bounds: Vec<String> = buckets.iter().map(ToString::to_string).collect();
                    format!("histogram: {}", bounds.join(" "))
                }
            };
            let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
            text.push_str(&format!("| `{name}` | {kind} | {} | {help} |\n", labels.join(", ")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_named_once_with_its_unit_and_help() {
        Metrics::new().unwrap();
        RunMetrics::new().unwrap();
        for definition in Metrics::DEFINITIONS.iter().chain(RunMetrics::DEFINITIONS) {
            let Definition { name, kind, help, .. } = definition;
            assert!(name.starts_with("zagg_") || name.starts_with("process_"), "{name}");
            assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert!(help.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn the_reference_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/metrics.md");
        if std::env::var_os("ZAGG_UPDATE_DOCS").is_some() {
            std::fs::write(path, reference()).unwrap();
        }
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(page == reference(), "run ZAGG_UPDATE_DOCS=1 cargo test -p zagg-worker the_reference_page");
    }
}
