//! Putting a plan's jobs on a queue. Every job is accounted for.

use zagg_core::job::Job;
use zagg_queue::queue::Queue;

use crate::{error::ProducerError, plan::PlannedShard};

/// What became of a plan's jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnqueueReport {
    /// Now queued.
    pub accepted: usize,
    /// Already queued.
    pub duplicate: usize,
    /// Not queued: the shard's label and why.
    pub refused: Vec<(String, String)>,
}

/// Enqueues the jobs of `shards` in order, in batches that the queue takes.
///
/// # Errors
/// When the queue cannot be reached. What was accepted before stays queued; doing it again is safe.
pub async fn enqueue(
    queue: &dyn Queue,
    jobs: &[Job],
    shards: &[&PlannedShard],
) -> Result<EnqueueReport, ProducerError> {
    let mut report = EnqueueReport::default();
    let batch = queue.limits().batch.max(1);
    for (jobs, shards) in jobs.chunks(batch).zip(shards.chunks(batch)) {
        let outcome = queue.enqueue(jobs).await?;
        report.accepted += outcome.accepted;
        report.duplicate += outcome.duplicate;
        for refused in outcome.refused {
            let label = shards.get(refused.index).map_or_else(String::new, |shard| shard.label.clone());
            report.refused.push((label, refused.reason));
        }
    }
    Ok(report)
}
