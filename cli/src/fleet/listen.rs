//! `zagg status --listen`: a run's figures for Prometheus.

use std::{net::SocketAddr, sync::Arc};

use zagg_producer::Progress;
use zagg_worker::{
    endpoints::{Vitals, answer},
    metrics::RunMetrics,
};

use crate::error::CommandError;

/// A run's figures, served over HTTP.
#[derive(Debug)]
pub(super) struct RunVitals {
    metrics: RunMetrics,
}

impl RunVitals {
    /// Starts to answer at `address`.
    pub(super) async fn answer(address: SocketAddr) -> Result<Arc<Self>, CommandError> {
        let metrics =
            RunMetrics::new().map_err(|error| CommandError::Usage(format!("the metrics cannot be set up: {error}")))?;
        let vitals = Arc::new(Self { metrics });
        let served: Arc<dyn Vitals> = vitals.clone();
        answer(address, served)
            .await
            .map_err(|error| CommandError::Usage(format!("{address} cannot be listened at: {error}")))?;
        Ok(vitals)
    }

    /// Takes over how far the run has come.
    pub(super) fn take(&self, progress: &Progress, queue: &str) {
        let Self { metrics } = self;
        let run = progress.run.as_str();
        for (state, shards) in [("done", progress.done), ("buried", progress.buried()), ("left", progress.left())] {
            metrics.cells.with_label_values(&[run, state]).set(shards as f64);
        }
        metrics.cost.with_label_values(&[run]).set(progress.usd.total());
        match progress.eta_seconds {
            Some(seconds) => metrics.eta.with_label_values(&[run]).set(seconds),
            // An old figure would be a wrong one.
            None => _ = metrics.eta.remove_label_values(&[run]),
        }
        if let Some(depth) = &progress.queue {
            let dlq = progress.buried();
            let states = [("ready", depth.ready), ("inflight", depth.leased), ("delayed", depth.delayed), ("dlq", dlq)];
            for (state, jobs) in states {
                metrics.depth.with_label_values(&[queue, state]).set(jobs as f64);
            }
        }
        let oldest = if progress.left() > 0 { progress.age_seconds } else { 0.0 };
        metrics.oldest.with_label_values(&[queue]).set(oldest);
    }
}

impl Vitals for RunVitals {
    fn metrics(&self) -> Vec<u8> {
        self.metrics.text().unwrap_or_default()
    }

    fn live(&self) -> Result<(), String> {
        Ok(())
    }

    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}
