//! The report of a run: what `--report` writes and what the closing summary is made of.

use serde::Serialize;
use zagg_program::settings::SettingLine;
use zagg_worker::{Totals, Trouble};

/// The schema name of a report.
const REPORT_SCHEMA: &str = "zagg-run-report/1";

/// What a run did.
#[derive(Debug, Serialize)]
pub(crate) struct RunReport {
    schema: &'static str,
    /// The program's version.
    pub(crate) version: &'static str,
    /// The run's name.
    pub(crate) run: String,
    /// Where the store is.
    pub(crate) store: String,
    /// The group that holds the arrays.
    pub(crate) group: String,
    /// The pipeline's digest.
    pub(crate) pipeline: String,
    /// The shard map's digest.
    pub(crate) catalog: String,
    /// Whether the run was stopped before its end.
    pub(crate) interrupted: bool,
    /// Shards by what became of them.
    pub(crate) shards: Shards,
    /// Sums over the shards of this run.
    pub(crate) totals: Totals,
    /// Seconds from start to end.
    pub(crate) wall_seconds: f64,
    /// CPU seconds of the process, user and system, where the system tells.
    pub(crate) cpu_seconds: Option<f64>,
    /// The most memory that the process held, where the system tells.
    pub(crate) peak_memory_bytes: Option<u64>,
    /// What went wrong and was not mended.
    pub(crate) failures: Vec<Trouble>,
    /// Shards that were not taken, and why.
    pub(crate) refused: Vec<Refused>,
    /// Settings with their origins.
    pub(crate) settings: Vec<SettingLine>,
}

/// Shards by what became of them.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Shards {
    /// Chosen from the shard map.
    pub(crate) chosen: u64,
    /// Written by this run.
    pub(crate) done: u64,
    /// Found to hold no point that passes the filters.
    pub(crate) empty: u64,
    /// Done by an earlier run (or by someone else meanwhile).
    pub(crate) skipped: u64,
    /// Set aside after failing.
    pub(crate) failed: u64,
    /// Not taken.
    pub(crate) refused: u64,
    /// Left over: the run was stopped, or another process works on them.
    pub(crate) left: u64,
    /// Tries that failed and were repeated.
    pub(crate) retries: u64,
}

/// A shard that was not taken.
#[derive(Debug, Serialize)]
pub(crate) struct Refused {
    /// Its label.
    pub(crate) shard: String,
    /// Why.
    pub(crate) reason: String,
}

impl RunReport {
    /// A report of nothing yet.
    pub(crate) fn new(run: &str, store: String, group: String, pipeline: String, catalog: String) -> Self {
        Self {
            schema: REPORT_SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            run: run.to_owned(),
            store,
            group,
            pipeline,
            catalog,
            interrupted: false,
            shards: Shards::default(),
            totals: Totals::default(),
            wall_seconds: 0.0,
            cpu_seconds: None,
            peak_memory_bytes: None,
            failures: Vec::new(),
            refused: Vec::new(),
            settings: Vec::new(),
        }
    }

    /// Brings the counts up to date with the totals.
    pub(crate) fn settle(&mut self) {
        let shards = &mut self.shards;
        shards.done = self.totals.data;
        shards.empty = self.totals.empty;
        shards.skipped += self.totals.already_done + self.totals.duplicate;
        shards.failed = self.failures.len() as u64;
        shards.refused = self.refused.len() as u64;
        let accounted = shards.done + shards.empty + shards.skipped + shards.failed + shards.refused;
        shards.left = shards.chosen.saturating_sub(accounted);
    }

    /// Of the shards that were to do, `marked` are in the store now. What is not ours was done by other
    /// processes on the same queue.
    pub(crate) fn credit_others(&mut self, marked: u64) {
        let Totals { data, empty, already_done, duplicate, .. } = &self.totals;
        let others = marked.saturating_sub(data + empty + already_done + duplicate).min(self.shards.left);
        self.shards.skipped += others;
        self.shards.left -= others;
    }

    /// Whether every chosen shard is in the store.
    pub(crate) fn is_complete(&self) -> bool {
        self.shards.failed == 0 && self.shards.refused == 0 && self.shards.left == 0
    }
}
