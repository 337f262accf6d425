//! `zagg status --listen`: a run's figures for Prometheus.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use zagg_core::run::RunRecord;
use zagg_producer::{Progress, seconds_now};
use zagg_queue::queue::Class;
use zagg_worker::{
    endpoints::{Vitals, answer},
    metrics::RunMetrics,
};

use crate::error::CommandError;

/// How long the last figures wait at most to be asked for, by whoever asked before.
const LAST_ASK: Duration = Duration::from_secs(180);
/// How long an answer may be on its way.
const ON_ITS_WAY: Duration = Duration::from_millis(300);

/// Who asks for the figures.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    times: u64,
    last: Option<Instant>,
    /// How long it was between the last few times: one that came late makes the next seem early.
    gaps: [Duration; 3],
}

/// A run's figures, served over HTTP.
#[derive(Debug)]
pub(super) struct RunVitals {
    metrics: RunMetrics,
    asked: Mutex<Asked>,
}

impl RunVitals {
    /// Starts to answer at `address`.
    pub(super) async fn answer(address: SocketAddr) -> Result<Arc<Self>, CommandError> {
        let metrics =
            RunMetrics::new().map_err(|error| CommandError::Usage(format!("the metrics cannot be set up: {error}")))?;
        let vitals = Arc::new(Self { metrics, asked: Mutex::default() });
        let served: Arc<dyn Vitals> = vitals.clone();
        answer(address, served)
            .await
            .map_err(|error| CommandError::Usage(format!("{address} cannot be listened at: {error}")))?;
        Ok(vitals)
    }

    /// Takes over how far the run has come.
    pub(super) fn take(&self, progress: &Progress, record: &RunRecord) {
        let Self { metrics, .. } = self;
        let (run, queue) = (progress.run.as_str(), record.queue.as_str());
        for (state, shards) in [("done", progress.done), ("buried", progress.buried()), ("left", progress.left())] {
            metrics.cells.with_label_values(&[run, state]).set(shards as f64);
        }
        metrics.over.with_label_values(&[run]).set(f64::from(u8::from(progress.is_over())));
        metrics.updated.with_label_values(&[run]).set(seconds_now());
        metrics.cost.with_label_values(&[run]).set(progress.usd.total());
        metrics.cost_estimate.with_label_values(&[run]).set(record.estimate_usd);
        if let Some(most) = record.max_usd {
            metrics.cost_limit.with_label_values(&[run]).set(most);
        }
        match progress.eta_seconds {
            Some(seconds) => metrics.eta.with_label_values(&[run]).set(seconds),
            // An old figure would be a wrong one.
            None => _ = metrics.eta.remove_label_values(&[run]),
        }
        if let Some(depth) = &progress.queue {
            for class in Class::ALL.map(Class::name) {
                let jobs = depth.buried.get(class).copied().unwrap_or(0);
                metrics.buried.with_label_values(&[run, class]).set(jobs as f64);
            }
            let dlq = progress.buried();
            let states = [("ready", depth.ready), ("inflight", depth.leased), ("delayed", depth.delayed), ("dlq", dlq)];
            for (state, jobs) in states {
                metrics.depth.with_label_values(&[queue, state]).set(jobs as f64);
            }
        }
        let oldest = if progress.left() > 0 { progress.age_seconds } else { 0.0 };
        metrics.oldest.with_label_values(&[queue]).set(oldest);
    }

    /// Waits until the figures were asked for once more, if somebody asks for them again and again: who
    /// watches a run is to see that it ended. Two turns are enough; then that somebody is gone.
    pub(super) async fn last_ask(&self) {
        let Asked { times, gaps, .. } = self.asked();
        let patience = (gaps.into_iter().max().unwrap_or_default() * 2).min(LAST_ASK);
        let begun = Instant::now();
        while begun.elapsed() < patience && self.asked().times == times {
            sleep(ON_ITS_WAY.min(patience)).await;
        }
        if self.asked().times > times {
            sleep(ON_ITS_WAY).await;
        }
    }

    fn asked(&self) -> Asked {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vitals for RunVitals {
    fn metrics(&self) -> Vec<u8> {
        let now = Instant::now();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let gap = asked.last.map_or(Duration::ZERO, |last| now - last);
        let [_, before, last] = asked.gaps;
        *asked = Asked { times: asked.times + 1, last: Some(now), gaps: [before, last, gap] };
        drop(asked);
        self.metrics.text().unwrap_or_default()
    }

    fn live(&self) -> Result<(), String> {
        Ok(())
    }

    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}
