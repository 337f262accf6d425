//! How long requests took, as a metric: counted in the libraries, read when Prometheus asks.

use std::sync::Arc;

use prometheus::{
    core::{Collector, Desc},
    proto::{Bucket, Histogram, LabelPair, Metric, MetricFamily, MetricType},
};
use zagg_core::latency::{BOUNDS, Latencies, Latency};

use crate::metrics::REQUEST_SECONDS;

/// The durations of requests to sources and stores, as Prometheus wants them.
#[derive(Debug)]
pub struct LatencyCollector {
    desc: Desc,
    of: Vec<(&'static str, Arc<Latency>)>,
}

impl LatencyCollector {
    /// A collector of these durations, each under its `op`.
    ///
    /// # Errors
    /// Never, in practice.
    pub fn new(of: Vec<(&'static str, Arc<Latency>)>) -> Result<Self, prometheus::Error> {
        let labels = REQUEST_SECONDS.labels.iter().map(|&label| label.to_owned()).collect();
        let (name, help) = (REQUEST_SECONDS.name.to_owned(), REQUEST_SECONDS.help.to_owned());
        let desc = Desc::new(name, help, labels, std::collections::HashMap::new())?;
        Ok(Self { desc, of })
    }
}

impl Collector for LatencyCollector {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut family = MetricFamily::default();
        family.set_name(self.desc.fq_name.clone());
        family.set_help(self.desc.help.clone());
        family.set_field_type(MetricType::HISTOGRAM);
        family.set_metric(self.of.iter().map(|(op, latency)| metric(op, &latency.read())).collect());
        vec![family]
    }
}

fn metric(op: &str, latencies: &Latencies) -> Metric {
    let mut histogram = Histogram::default();
    let mut cumulative = 0;
    let mut buckets = Vec::with_capacity(BOUNDS.len());
    for (bound, count) in BOUNDS.iter().zip(latencies.counts) {
        cumulative += count;
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*bound);
        bucket.set_cumulative_count(cumulative);
        buckets.push(bucket);
    }
    histogram.set_bucket(buckets);
    histogram.set_sample_count(latencies.counts.iter().sum());
    histogram.set_sample_sum(latencies.seconds);
    let mut label = LabelPair::default();
    label.set_name("op".to_owned());
    label.set_value(op.to_owned());
    let mut metric = Metric::default();
    metric.set_label(vec![label]);
    metric.set_histogram(histogram);
    metric
}
