//! Turning what happens into metrics, and into one log line per job.

use std::{
    sync::Mutex,
    time::{SystemTime, UNIX_EPOCH},
};

use tracing::info;
use zagg_core::price::{Cost, Rates};
use zagg_granule::source::Usage;
use zagg_queue::class::Class;
use zagg_store::StoreUsage;

use crate::{
    event::{Dropped, Event, Trouble},
    metrics::Metrics,
    report::{JobReport, Outcome},
    runs::Runs,
};

/// What may become of a job.
const OUTCOMES: [&str; 9] =
    ["ok", "no_data", "skipped", "duplicate", "cancelled", "failed", "released", "moved_up", "dropped"];
/// The phases of a job.
const PHASES: [&str; 7] = ["plan", "fetch", "decode", "aggregate", "encode", "write", "commit"];

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
        begin(&metrics);
        Self { metrics, rates, attempts, counted: Mutex::default() }
    }

    /// What seconds cost here.
    pub(crate) fn rates(&self) -> Rates {
        self.rates
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
        let each = [
            seconds.plan,
            seconds.read,
            seconds.decode,
            seconds.aggregate,
            seconds.encode,
            seconds.put,
            seconds.commit,
        ];
        for (phase, seconds) in PHASES.into_iter().zip(each) {
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
        self.cost(&trouble.usd(&self.rates));
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

/// Tells of everything that it did not happen so far. A counter that first appears with its first event
/// has no increase that Prometheus could see: the first lost lease would go unnoticed.
fn begin(metrics: &Metrics) {
    let classes = || Class::ALL.map(Class::name);
    let zero = |counter: &prometheus::CounterVec, labels: &[&str]| _ = counter.with_label_values(labels);
    let zeros = |counter: &prometheus::CounterVec, values: &[&str]| values.iter().for_each(|v| zero(counter, &[v]));
    let Metrics { lease_lost, redeliveries, poison, s3_throttles, .. } = metrics;
    let Metrics { obs_read, obs_kept, cache_hits, cache_misses, broker_trouble, .. } = metrics;
    for counter in [lease_lost, redeliveries, poison, s3_throttles, obs_read, obs_kept, cache_hits, cache_misses] {
        zero(counter, &[]);
    }
    zero(broker_trouble, &[]);
    zeros(&metrics.cells, &OUTCOMES);
    zeros(&metrics.retries, &classes());
    zeros(&metrics.failures, &classes());
    zeros(&metrics.s3_bytes, &["in", "out"]);
    zeros(&metrics.granules, &["ok", "failed"]);
    zeros(&metrics.objects, &["chunk", "mark"]);
    zeros(&metrics.commits, &["created", "identical", "conflict"]);
    zeros(&metrics.cost, &["compute", "put", "get", "queue"]);
    for op in ["receive", "ack", "release", "bury", "put_back"] {
        zero(&metrics.messages, &[op, "ok"]);
        zero(&metrics.messages, &[op, "error"]);
    }
    zero(&metrics.s3_requests, &["source_get", "error"]);
    for op in ["source_get", "get", "put", "head", "list"] {
        zero(&metrics.s3_requests, &[op, "ok"]);
    }
    _ = metrics.cell_duration.with_label_values::<&str>(&[]);
    _ = metrics.queue_wait.with_label_values::<&str>(&[]);
    for phase in PHASES {
        _ = metrics.cell_phase.with_label_values(&[phase]);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    metrics.started.with_label_values::<&str>(&[]).set(now.as_secs_f64());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_happened_yet_is_told_as_nothing() {
        let observer = Observer::new(Metrics::new().unwrap(), Rates::container(1.0, 1, false), 5);
        let text = String::from_utf8(observer.metrics().text().unwrap()).unwrap();
        // Whatever is counted has a first value to be compared with.
        for definition in Metrics::DEFINITIONS.iter().filter(|definition| definition.name.ends_with("_total")) {
            let told = text.lines().any(|line| line.starts_with(definition.name) && line.ends_with(" 0"));
            assert!(told, "{}\n{text}", definition.name);
        }
        let conflict = r#"zagg_commit_total{result="conflict"} "#;
        assert!(text.contains(&format!("{conflict}0")));
        let trouble = |fault| Trouble {
            run: "r".to_owned(),
            shard: "s".to_owned(),
            fault,
            reason: "other bytes".to_owned(),
            attempt: 1,
            wall_seconds: 1.0,
            granule: false,
        };
        observer.take(&Event::Buried(trouble("conflict")));
        let text = String::from_utf8(observer.metrics().text().unwrap()).unwrap();
        assert!(text.contains(&format!("{conflict}1")));
        assert!(text.contains("zagg_poison_total 0"), "it was its first delivery");
    }
}
