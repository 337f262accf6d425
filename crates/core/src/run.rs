//! The record of a run: what its workers need beyond the jobs, and what `zagg status` tells. It
//! lies beside the store, so that a worker that has a job has everything.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The schema name that every record carries.
pub const RUN_SCHEMA: &str = "zagg-run/1";

/// The folder of all runs in a store.
pub const RUNS: &str = ".zagg/runs";

/// What a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`RUN_SCHEMA`].
    pub schema: String,
    /// The run's name.
    pub run: String,
    /// The pipeline's digest.
    pub pipeline: Digest,
    /// The pipeline's text (YAML).
    pub yaml: String,
    /// The shard map's digest.
    pub catalog: String,
    /// Shards of the plan.
    pub shards: u64,
    /// Pairs of shard and granule in the plan.
    pub pairs: u64,
    /// The queue's address, without credentials.
    pub queue: String,
    /// When the jobs were first put on the queue, in seconds since 1970 (UTC).
    pub begun: u64,
    /// What the run was expected to cost, in US dollars.
    pub estimate_usd: f64,
    /// What it may cost at the most, in US dollars.
    pub max_usd: Option<f64>,
    /// The version of the program that planned it.
    pub version: String,
}

/// Whether a run is to be worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOrder {
    /// Its jobs are to be dropped, done or not.
    pub cancelled: bool,
    /// Why.
    pub reason: String,
    /// Since when, in seconds since 1970 (UTC).
    pub since: u64,
}

/// The key of a run's record.
#[must_use]
pub fn record_key(run: &str) -> String {
    format!("{RUNS}/{run}/run.json")
}

/// The key of a run's plan.
#[must_use]
pub fn plan_key(run: &str) -> String {
    format!("{RUNS}/{run}/plan.jsonl")
}

/// The key of the labels of a run's shards, a line each.
#[must_use]
pub fn labels_key(run: &str) -> String {
    format!("{RUNS}/{run}/shards.txt")
}

/// The key of the order to go on or to stop. Without the object, the run goes on.
#[must_use]
pub fn order_key(run: &str) -> String {
    format!("{RUNS}/{run}/order.json")
}

/// The key of the producer's journal: which jobs the queue has taken.
#[must_use]
pub fn journal_key(run: &str) -> String {
    format!("{RUNS}/{run}/enqueued.json")
}
