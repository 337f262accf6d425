//! What a run will likely take and cost.

use serde::Serialize;
use zagg_core::price::{Cost, Rates};

use crate::plan::RunPlan;

/// Seconds that a job takes however few granules it has: its plan, its mark, its objects.
const SECONDS_PER_JOB: f64 = 0.2;
/// Seconds that a granule adds: requests to S3 and some 10 ms of computing (`docs/benchmarks.md`).
const SECONDS_PER_GRANULE: f64 = 0.03;
/// Objects that a job reads from the store: its record in the plan, and the look for a mark.
const GETS_PER_JOB: u64 = 2;

/// Where a run is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Lambda functions of 1,769 MB (one vCPU) on arm64.
    Lambda,
    /// Containers, one vCPU a slot.
    Container {
        /// Whether the queue is SQS, whose requests are billed.
        sqs: bool,
    },
}

impl Place {
    /// What it charges.
    #[must_use]
    pub fn rates(self) -> Rates {
        match self {
            Self::Lambda => Rates::lambda(1.769, true),
            Self::Container { sqs } => Rates::container(1.0, 1, sqs),
        }
    }
}

/// What a run will likely take and cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Jobs.
    pub jobs: u64,
    /// Seconds of one slot, over all jobs.
    pub slot_seconds: f64,
    /// US dollars.
    pub usd: Cost,
}

/// An estimate for the plan's shards at `indices`, each of which writes `objects` objects.
#[must_use]
pub fn estimate(plan: &RunPlan, indices: &[usize], objects: u64, place: Place) -> Estimate {
    estimate_jobs(
        indices.iter().filter_map(|&index| plan.shards.get(index)).map(|shard| shard.granules),
        objects,
        place,
    )
}

/// An estimate for jobs with so many granules each, each of which writes `objects` objects.
#[must_use]
pub fn estimate_jobs(granules: impl Iterator<Item = usize>, objects: u64, place: Place) -> Estimate {
    let rates = place.rates();
    let mut estimate = Estimate { jobs: 0, slot_seconds: 0.0, usd: Cost::default() };
    for granules in granules {
        let seconds = SECONDS_PER_GRANULE.mul_add(granules as f64, SECONDS_PER_JOB);
        estimate.jobs += 1;
        estimate.slot_seconds += seconds;
        estimate.usd.add(&rates.cost(seconds, objects, GETS_PER_JOB));
    }
    estimate
}
