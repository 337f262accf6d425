//! Turning what happens into metrics, and into one log line per job.

use std::sync::Mutex;

use tracing::info;
use zagg_core::price::{Cost, Rates};
use zagg_granule::source::Usage;
use zagg_store::StoreUsage;

use crate::{
    event::{Dropped, Event, Trouble},
    metrics::Metrics,
    report::{JobReport, Outcome},
    runs::Runs,
};

/// Turns what happens into metrics and log lines.
#[derive(Debug)]
pub struct Observer {
    metrics: Metrics,
    rates: Rates,
    /// Deliveries of one job before it is given up.
    attempts: u32,
    /// What was counted of requests when they were last looked at.
    counted: Mutex<(Usage, StoreUsage)>,
}

impl Observer {
    /// An observer that feeds `metrics`.
    #[must_use]
    pub fn new(metrics: Metrics, rates: Rates, attempts: u32) -> Self {
        Self { metrics, rates, attempts, counted: Mutex::default() }
    }

    /// The metrics that it feeds.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Takes note of an event.
    pub fn take(&self, event: &Event) {
        let metrics = &self.metrics;
        match event {
            Event::Received { jobs } => count(&metrics.messages, &["receive", "ok"], *jobs as f64),
            Event::BrokerTrouble { .. } => {
                count(&metrics.broker_trouble, &[], 1.0);
                count(&metrics.messages, &["receive", "error"], 1.0);
            }
            Event::Started { attempt, waited, .. } => {
                count(&metrics.redeliveries, &[], f64::from(u8::from(*attempt > 1)));
                if let Some(waited) = waited.filter(|_| *attempt == 1) {
                    metrics.queue_wait.with_label_values::<&str>(&[]).observe(waited);
                }
            }
            Event::Finished(report, delivered) => {
                count(&metrics.messages, &["ack", "ok"], 1.0);
                self.finished(report);
                log_job(report, &delivered.run, delivered.attempt);
            }
            Event::Released(trouble) => {
                count(&metrics.messages, &["release", "ok"], 1.0);
                count(&metrics.retries, &[trouble.fault], 1.0);
                self.failed(trouble, "released");
            }
            Event::Buried(trouble) => {
                count(&metrics.messages, &["bury", "ok"], 1.0);
                count(&metrics.failures, &[trouble.fault], 1.0);
                count(&metrics.poison, &[], f64::from(u8::from(trouble.attempt >= self.attempts)));
                count(&metrics.commits, &["conflict"], f64::from(u8::from(trouble.fault == "conflict")));
                self.failed(trouble, "failed");
            }
            Event::MovedUp(trouble) => self.failed(trouble, "moved_up"),
            Event::Dropped { why, .. } => {
                count(&metrics.cells, &["dropped"], 1.0);
                match why {
                    Dropped::LeaseLost => count(&metrics.lease_lost, &[], 1.0),
                    Dropped::Stopped | Dropped::Memory => count(&metrics.messages, &["put_back", "ok"], 1.0),
                }
            }
            Event::Unsettled { verdict, .. } => count(&metrics.messages, &[*verdict, "error"], 1.0),
        }
    }

    fn finished(&self, report: &JobReport) {
        let metrics = &self.metrics;
        count(&metrics.cells, &[outcome(report.outcome)], 1.0);
        if let Some(usd) = &report.usd {
            self.cost(usd);
        }
        if report.outcome == Outcome::Cancelled {
            return;
        }
        metrics.cell_duration.with_label_values::<&str>(&[]).observe(report.wall_seconds);
        if report.outcome == Outcome::AlreadyDone {
            return;
        }
        let seconds = &report.seconds;
        for (phase, seconds) in [
            ("plan", seconds.plan),
            ("fetch", seconds.read),
            ("decode", seconds.decode),
            ("aggregate", seconds.aggregate),
            ("encode", seconds.encode),
            ("write", seconds.put),
            ("commit", seconds.commit),
        ] {
            metrics.cell_phase.with_label_values(&[phase]).observe(seconds);
        }
        let read = &report.read;
        count(&metrics.granules, &["ok"], read.granules as f64);
        count(&metrics.obs_read, &[], read.rows_scanned as f64);
        count(&metrics.obs_kept, &[], read.points_kept as f64);
        count(&metrics.cache_hits, &[], read.hdf5_chunks_cached as f64);
        count(&metrics.cache_misses, &[], read.hdf5_chunks_decoded as f64);
        let created = report.outcome != Outcome::Duplicate;
        let marks = u64::from(created);
        count(&metrics.objects, &["chunk"], report.objects.saturating_sub(marks) as f64);
        count(&metrics.objects, &["mark"], marks as f64);
        count(&metrics.commits, &[if created { "created" } else { "identical" }], 1.0);
    }

    fn failed(&self, trouble: &Trouble, outcome: &str) {
        let metrics = &self.metrics;
        count(&metrics.cells, &[outcome], 1.0);
        count(&metrics.granules, &["failed"], f64::from(u8::from(trouble.granule)));
        self.cost(&self.rates.cost(trouble.wall_seconds, 0, 0));
        let Trouble { run, shard, fault, reason, attempt, wall_seconds, .. } = trouble;
        info!(target: "zagg::job", run, shard, outcome, fault, attempt, wall_seconds, reason, "job");
    }

    fn cost(&self, usd: &Cost) {
        for (component, usd) in [("compute", usd.compute), ("put", usd.puts), ("get", usd.gets), ("queue", usd.queue)] {
            count(&self.metrics.cost, &[component], usd);
        }
    }

    /// Brings the counts of requests and bytes up to date.
    pub fn count_requests(&self, runs: &Runs) {
        let (sources, stores) = runs.usage();
        let mut counted = self.counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (old_sources, old_stores) = *counted;
        let metrics = &self.metrics;
        let more = |labels: &[&str], new: u64, old: u64| {
            count(&metrics.s3_requests, labels, new.saturating_sub(old) as f64);
        };
        more(&["source_get", "error"], sources.failures, old_sources.failures);
        let good = |usage: &Usage| usage.requests - usage.failures.min(usage.requests);
        more(&["source_get", "ok"], good(&sources), good(&old_sources));
        more(&["get", "ok"], stores.gets, old_stores.gets);
        more(&["put", "ok"], stores.puts, old_stores.puts);
        more(&["head", "ok"], stores.heads, old_stores.heads);
        more(&["list", "ok"], stores.lists, old_stores.lists);
        let bytes_in = (sources.bytes + stores.bytes_in).saturating_sub(old_sources.bytes + old_stores.bytes_in);
        count(&metrics.s3_bytes, &["in"], bytes_in as f64);
        count(&metrics.s3_bytes, &["out"], stores.bytes_out.saturating_sub(old_stores.bytes_out) as f64);
        count(&metrics.s3_throttles, &[], stores.retries.saturating_sub(old_stores.retries) as f64);
        *counted = (sources, stores);
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Data => "ok",
        Outcome::Empty => "no_data",
        Outcome::AlreadyDone => "skipped",
        Outcome::Duplicate => "duplicate",
        Outcome::Cancelled => "cancelled",
    }
}

fn count(counter: &prometheus::CounterVec, labels: &[&str], by: f64) {
    if by > 0.0 {
        counter.with_label_values(labels).inc_by(by);
    }
}

fn log_job(report: &JobReport, run: &str, attempt: u32) {
    let JobReport { shard, read, seconds, wall_seconds, objects, bytes_put, cells, .. } = report;
    let kept = read.points_kept.max(1) as f64;
    info!(
        target: "zagg::job",
        run,
        shard,
        outcome = outcome(report.outcome),
        attempt,
        wall_seconds,
        granules = read.granules,
        points = read.points_kept,
        cells,
        over_read = read.rows_scanned as f64 / kept,
        requests = read.requests,
        bytes = read.bytes,
        objects,
        bytes_put,
        fetch_seconds = seconds.read,
        decode_seconds = seconds.decode,
        aggregate_seconds = seconds.aggregate,
        encode_seconds = seconds.encode,
        write_seconds = seconds.put,
        usd = report.usd.map(|usd| usd.total()),
        "job"
    );
}
