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

/// One shard of a run's plan, one line of JSON: what a worker needs beyond the job itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRecord {
    /// The shard's label.
    pub shard: String,
    /// The shard map's key.
    pub key: u64,
    /// The granules, in the order in which their points are summed.
    pub granules: Vec<PlannedGranule>,
}

/// A granule of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedGranule {
    /// Its name.
    pub id: String,
    /// Where it is read: a URL or an absolute path.
    pub href: String,
}

impl PlanRecord {
    /// A digest of which granules, in which order. The hrefs are left out: a copy of a granule
    /// elsewhere holds the same points.
    #[must_use]
    pub fn granules_digest(&self) -> Digest {
        let mut text = String::new();
        for granule in &self.granules {
            text.push_str(&granule.id);
            text.push('\n');
        }
        Digest::of(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(hrefs: [&str; 2]) -> PlanRecord {
        let granule = |id: &str, href: &str| PlannedGranule { id: id.into(), href: href.into() };
        PlanRecord { shard: "1".into(), key: 7, granules: vec![granule("a", hrefs[0]), granule("b", hrefs[1])] }
    }

    #[test]
    fn a_copy_of_the_granules_has_the_same_digest_but_another_order_has_not() {
        let here = record(["/data/a", "/data/b"]);
        let mut there = record(["s3://x/a", "s3://x/b"]);
        assert_eq!(here.granules_digest(), there.granules_digest());
        there.granules.reverse();
        assert_ne!(here.granules_digest(), there.granules_digest());
    }

    #[test]
    fn a_job_is_small_and_its_name_depends_on_run_pipeline_and_shard_alone() {
        let job = Job {
            schema: JOB_SCHEMA.into(),
            run: "0123456789abcdef".into(),
            shard: "-3114111".into(),
            granules: 5536,
            plan: PlanReference {
                store: "s3://bucket/a/rather/long/prefix/for/a/store.zarr".into(),
                key: ".zagg/runs/0123456789abcdef/plan.jsonl".into(),
                offset: 1 << 40,
                length: 1 << 30,
            },
            pipeline: Digest::of(b"pipeline"),
        };
        assert!(serde_json::to_vec(&job).unwrap().len() < 600);
        let mut moved = job.clone();
        moved.plan.offset = 0;
        assert_eq!(job.id(), moved.id());
        moved.shard = "-3114112".into();
        assert_ne!(job.id(), moved.id());
    }
}
