//! Putting a plan's jobs on a queue, several batches at once. Every job is accounted for.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use futures::{FutureExt as _, StreamExt as _, stream};
use serde::Serialize;
use zagg_core::{fault::Fault, job::Job};
use zagg_queue::{
    error::Error as QueueError,
    queue::{Enqueued, Queue},
};
use zagg_store::Store;

use crate::{error::ProducerError, journal::Journal, plan::RunPlan};

/// Batches that are under way at once.
const IN_FLIGHT: usize = 16;
/// How often the journal is written.
const JOURNAL_PAUSE: Duration = Duration::from_millis(250);
/// Tries of one batch while the broker's trouble may pass.
const TRIES: u32 = 6;
/// The pause after the first of them; it doubles each time.
const PAUSE: Duration = Duration::from_millis(200);

/// What became of a plan's jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EnqueueReport {
    /// Now queued.
    pub accepted: usize,
    /// Already queued.
    pub duplicate: usize,
    /// Not queued: the shard's label and why.
    pub refused: Vec<(String, String)>,
}

/// A batch, and what became of it.
struct Sent {
    places: Vec<usize>,
    outcome: Result<Enqueued, QueueError>,
}

/// Enqueues the jobs of the plan's shards at `places`, in that order as far as several batches at
/// once keep one, for workers that open the store at `location`. With a journal, what the queue has
/// taken is written down several times a second. `told` hears how many jobs are accounted for.
///
/// # Errors
/// When the queue cannot be reached in spite of several tries, or the journal cannot be written.
/// What was accepted before stays queued; doing it again is safe.
pub async fn enqueue(
    queue: &dyn Queue,
    plan: &RunPlan,
    places: &[usize],
    location: &str,
    mut journal: Option<(&Store, Journal)>,
    told: impl Fn(usize),
) -> Result<EnqueueReport, ProducerError> {
    let mut report = EnqueueReport::default();
    let ended = AtomicBool::new(false);
    let batches = places.chunks(queue.limits().batch.max(1)).map(|places| {
        let ended = &ended;
        async move {
            if ended.load(Ordering::Relaxed) { None } else { Some(send(queue, plan, places, location).await) }
        }
        .boxed()
    });
    // Boxed, because the compiler cannot yet prove a stream of borrowing futures to be `Send`.
    let batches: Vec<_> = batches.collect();
    let mut under_way = stream::iter(batches).buffer_unordered(IN_FLIGHT);
    let (mut written, mut accounted, mut trouble) = (Instant::now(), 0, None);
    while let Some(sent) = under_way.next().await {
        let Some(Sent { places, outcome }) = sent else { continue };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                // No more is begun; what is under way may yet be taken, and then belongs in the journal.
                ended.store(true, Ordering::Relaxed);
                trouble.get_or_insert(error);
                continue;
            }
        };
        accounted += places.len();
        told(accounted);
        take(&mut report, plan, &places, outcome, journal.as_mut().map(|(_, journal)| journal));
        if let Some((store, journal)) = &journal
            && written.elapsed() >= JOURNAL_PAUSE
        {
            journal.write(store, &plan.run).await?;
            written = Instant::now();
        }
    }
    drop(under_way);
    if let Some((store, journal)) = &journal {
        journal.write(store, &plan.run).await?;
    }
    trouble.map_or(Ok(report), |error| Err(error.into()))
}

fn take(
    report: &mut EnqueueReport,
    plan: &RunPlan,
    places: &[usize],
    outcome: Enqueued,
    mut journal: Option<&mut Journal>,
) {
    report.accepted += outcome.accepted;
    report.duplicate += outcome.duplicate;
    let mut refused: VecDeque<_> = outcome.refused.into();
    refused.make_contiguous().sort_by_key(|refused| refused.index);
    for (index, &place) in places.iter().enumerate() {
        if refused.front().is_some_and(|refused| refused.index == index) {
            let label = plan.shards.get(place).map_or_else(String::new, |shard| shard.label.clone());
            report.refused.extend(refused.pop_front().map(|refused| (label, refused.reason)));
        } else if let Some(journal) = journal.as_deref_mut() {
            journal.enter(place);
        }
    }
}

/// Sends one batch; what may pass is tried again, the refused jobs alone where the broker names them.
async fn send(queue: &dyn Queue, plan: &RunPlan, places: &[usize], location: &str) -> Sent {
    let jobs: Vec<Job> = places.iter().filter_map(|&place| Some(plan.job(plan.shards.get(place)?, location))).collect();
    let mut whole = Enqueued::default();
    // The jobs still to be sent, by their places in the batch.
    let mut left: Vec<usize> = (0..jobs.len()).collect();
    let mut pause = PAUSE;
    for attempt in 1..=TRIES {
        let batch: Vec<Job> = left.iter().filter_map(|&index| jobs.get(index).cloned()).collect();
        let last = attempt == TRIES;
        match queue.enqueue(&batch).await {
            Ok(outcome) => {
                whole.accepted += outcome.accepted;
                whole.duplicate += outcome.duplicate;
                let mut again = Vec::new();
                for mut refused in outcome.refused {
                    refused.index = left.get(refused.index).copied().unwrap_or(refused.index);
                    let may_pass = matches!(refused.fault, Fault::Transient | Fault::Throttled { .. });
                    if may_pass && !last { again.push(refused.index) } else { whole.refused.push(refused) }
                }
                left = again;
            }
            Err(error) if error.may_pass() && !last => {}
            Err(error) => return Sent { places: places.to_vec(), outcome: Err(error) },
        }
        if left.is_empty() {
            break;
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    Sent { places: places.to_vec(), outcome: Ok(whole) }
}

#[cfg(test)]
mod tests;
