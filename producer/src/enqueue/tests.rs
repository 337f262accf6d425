use std::cell::Cell;

use zagg_core::{digest::Digest, fault::Fault};
use zagg_queue::{
    memory::Memory,
    queue::{Options, Refused},
};

use super::*;

fn plan(shards: usize) -> RunPlan {
    RunPlan::of_labels("r", (0..shards).map(|n| format!("1{n}")).collect(), Digest::of(b"p"))
}

#[tokio::test]
async fn every_job_is_accounted_for() {
    let (queue, plan) = (Memory::new(Options::default()), plan(2500));
    let places: Vec<usize> = (0..2500).collect();
    let told = Cell::new(0);
    let report = enqueue(&queue, &plan, &places, "/s", None, |n| told.set(n)).await.unwrap();
    assert_eq!((report.accepted, report.duplicate, report.refused.len(), told.get()), (2500, 0, 0, 2500));
    let report = enqueue(&queue, &plan, &places[..10], "/s", None, |_| {}).await.unwrap();
    assert_eq!((report.accepted, report.duplicate), (0, 10));
    let first = queue.receive(1, Duration::ZERO).await.unwrap();
    assert_eq!(first[0].job.shard, "10", "jobs are handed out in the plan's order");
}

#[test]
fn refused_jobs_are_named_and_not_in_the_journal() {
    let plan = plan(4);
    let mut report = EnqueueReport::default();
    let mut journal = Journal::new("q");
    let refused = |index| Refused { index, fault: Fault::Capacity, reason: format!("no {index}") };
    let outcome = Enqueued { accepted: 2, duplicate: 0, refused: vec![refused(2), refused(0)] };
    take(&mut report, &plan, &[3, 2, 1, 0], outcome, Some(&mut journal));
    assert_eq!(report.refused, [("13".to_owned(), "no 0".to_owned()), ("11".to_owned(), "no 2".to_owned())]);
    assert!(journal.has(2) && journal.has(0) && !journal.has(3) && !journal.has(1));
}
