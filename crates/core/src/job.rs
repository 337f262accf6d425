//! The job: the decoded message for one shard.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The schema name that every message carries.
pub const JOB_SCHEMA: &str = "zagg-job/1";

/// Where a shard's record lies in the run's plan: a byte range of one object in the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PlanReference {
    /// The store's location, as the producer was given it (a URL or an absolute path).
    pub store: String,
    /// The plan's key in the store.
    pub key: String,
    /// First byte of the record.
    pub offset: u64,
    /// Bytes of the record.
    pub length: u64,
}

/// What to do: one shard of one run. Small (under 2 KB), without granule lists or secrets, and
/// deterministic: the same run and shard give the same job.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// [`JOB_SCHEMA`].
    pub schema: String,
    /// The run's name.
    pub run: String,
    /// The shard's label: a morton decimal on HEALPix, a tile number on a rectilinear grid.
    pub shard: String,
    /// How many granules the shard has: its size, for ordering.
    pub granules: u32,
    /// Where the shard's granule list is.
    pub plan: PlanReference,
    /// The pipeline's digest.
    pub pipeline: Digest,
}

impl Job {
    /// A deterministic name, unique per run, pipeline and shard.
    #[must_use]
    pub fn id(&self) -> String {
        let name = format!("{}|{}|{}|{}", self.schema, self.run, self.pipeline, self.shard);
        Digest::of(name.as_bytes()).short(32)
    }
}
