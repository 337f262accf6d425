//! Prices, in one table, and what a job costs by them.
//!
//! US dollars, region us-west-2 (where NASA's Earthdata Cloud is), as published in 2026. They
//! steer estimates and ceilings; the bill is the cloud's.

use serde::{Deserialize, Serialize};

/// One GB-second of Lambda on arm64.
pub const LAMBDA_ARM_GB_SECOND: f64 = 0.000_013_333_4;
/// One GB-second of Lambda on `x86_64`.
pub const LAMBDA_X86_GB_SECOND: f64 = 0.000_016_666_7;
/// One request to Lambda.
pub const LAMBDA_REQUEST: f64 = 0.20e-6;
/// One vCPU-hour of a container, with 2 GB (Fargate on arm64).
pub const CONTAINER_VCPU_HOUR: f64 = 0.0395;
/// One PUT, LIST or conditional PUT on S3.
pub const S3_PUT: f64 = 5.0e-6;
/// One GET or HEAD on S3. Granules in NASA's buckets cost their readers nothing.
pub const S3_GET: f64 = 0.4e-6;
/// One request to SQS.
pub const SQS_REQUEST: f64 = 0.40e-6;
/// Requests to SQS that one job takes: sent, received and deleted, each in batches of up to ten,
/// and on average one extension.
pub const SQS_REQUESTS_PER_JOB: f64 = 2.0;

/// What a job, or a run, costs, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Processor and memory for the time that it took.
    pub compute: f64,
    /// Objects written.
    pub puts: f64,
    /// Objects read from the store.
    pub gets: f64,
    /// The queue's requests.
    pub queue: f64,
}

impl Cost {
    /// The sum, in US dollars.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.compute + self.puts + self.gets + self.queue
    }

    /// Adds another cost.
    pub fn add(&mut self, other: &Self) {
        self.compute += other.compute;
        self.puts += other.puts;
        self.gets += other.gets;
        self.queue += other.queue;
    }
}

/// What the place of work charges.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Rates {
    /// One second of one slot, in US dollars.
    pub slot_second: f64,
    /// One job, whatever it takes (Lambda's request), in US dollars.
    pub job: f64,
    /// The queue's requests for one job, in US dollars.
    pub queue_job: f64,
}

impl Rates {
    /// The rates of a container with `vcpus` that works in `slots` slots.
    #[must_use]
    pub fn container(vcpus: f64, slots: usize, sqs: bool) -> Self {
        let slot_second = CONTAINER_VCPU_HOUR * vcpus / 3600.0 / slots.max(1) as f64;
        Self { slot_second, job: 0.0, queue_job: queue_job(sqs) }
    }

    /// The rates of a Lambda function with `memory_gb`.
    #[must_use]
    pub fn lambda(memory_gb: f64, arm: bool) -> Self {
        let gb_second = if arm { LAMBDA_ARM_GB_SECOND } else { LAMBDA_X86_GB_SECOND };
        Self { slot_second: gb_second * memory_gb, job: LAMBDA_REQUEST, queue_job: queue_job(true) }
    }

    /// What a job costs that took `seconds`, `puts` and `gets`.
    #[must_use]
    pub fn cost(&self, seconds: f64, puts: u64, gets: u64) -> Cost {
        Cost {
            compute: self.slot_second.mul_add(seconds, self.job),
            puts: puts as f64 * S3_PUT,
            gets: gets as f64 * S3_GET,
            queue: self.queue_job,
        }
    }
}

fn queue_job(sqs: bool) -> f64 {
    if sqs { SQS_REQUEST * SQS_REQUESTS_PER_JOB } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_antarctic_job_on_lambda_costs_a_hundredth_of_a_cent() {
        let cost = Rates::lambda(1.73, true).cost(1.6, 10, 3);
        assert!((0.5e-4..1.5e-4).contains(&cost.total()), "{cost:?}");
        assert!(cost.puts > cost.compute);
    }

    #[test]
    fn slots_share_the_price_of_their_container() {
        let alone = Rates::container(2.0, 1, false).cost(10.0, 0, 0).total();
        let shared = Rates::container(2.0, 4, false).cost(10.0, 0, 0).total();
        assert!((alone / shared - 4.0).abs() < 1e-9);
    }
}
