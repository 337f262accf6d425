//! What a container tells of itself over HTTP.

use std::{sync::Arc, time::Duration};

use zagg_worker::{Memory, Observer, Pulse, Runs, Stop, StopSignal, endpoints::Vitals, resident};

/// A broker that was silent for longer than this makes the worker not ready.
const SILENCE: Duration = Duration::from_secs(60);

/// What a container tells of itself.
#[derive(Debug)]
pub(super) struct ContainerVitals {
    pub(super) observer: Arc<Observer>,
    pub(super) runs: Arc<Runs>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) memory: Option<Memory>,
    pub(super) stop: StopSignal,
    pub(super) slots: usize,
}

impl ContainerVitals {
    /// Brings what is not counted by events up to date.
    pub(super) fn refresh(&self) {
        self.observer.count_requests(&self.runs);
        let metrics = self.observer.metrics();
        let none: [&str; 0] = [];
        metrics.slots.with_label_values(&none).set(self.slots as f64);
        metrics.inflight.with_label_values(&none).set(self.pulse.working() as f64);
        let draining = self.stop.now() != Stop::No;
        metrics.draining.with_label_values(&none).set(f64::from(u8::from(draining)));
        if let Some(bytes) = resident() {
            metrics.resident.with_label_values(&none).set(bytes as f64);
        }
        if let Some(memory) = &self.memory {
            metrics.memory_limit.with_label_values(&none).set(memory.limit() as f64);
        }
        if let Some(ends) = self.runs.credentials_end() {
            metrics.credentials_expiry.with_label_values(&none).set(ends);
        }
    }
}

impl Vitals for ContainerVitals {
    fn metrics(&self) -> Vec<u8> {
        self.refresh();
        self.observer.metrics().text().unwrap_or_default()
    }

    fn live(&self) -> Result<(), String> {
        // Answering at all is the proof: this runs on the threads that do the work.
        Ok(())
    }

    fn ready(&self) -> Result<(), String> {
        if self.stop.now() != Stop::No {
            return Err("draining".to_owned());
        }
        match self.pulse.silence() {
            None if self.pulse.working() == 0 => Err("the broker has not answered yet".to_owned()),
            Some(silence) if silence > SILENCE && self.pulse.working() < self.slots => {
                Err(format!("the broker has been silent for {} s", silence.as_secs()))
            }
            _ => Ok(()),
        }
    }
}
