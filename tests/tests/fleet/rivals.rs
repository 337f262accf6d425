//! Several workers and producers at once, and workers that come back from elsewhere in time.

use std::process::{Output, Stdio};
use std::time::Duration;

use zagg_tests::kit::{Fleet, Job, Kind};

use crate::{every_queue::on_every_queue, far::Far};

on_every_queue! {
    every_message_twice_gives_one_result
    jobs_in_any_order_give_the_same_bytes
    two_producers_at_once_give_one_run
    a_worker_that_slept_through_its_lease_changes_nothing
    a_worker_whose_clock_is_a_month_ahead_changes_nothing
}

fn every_message_twice_gives_one_result(kind: Kind) {
    let far = Far::slow();
    let fleet = far.produced(kind);
    let again = fleet.produce(&["--driver", "https"]).expect(0);
    let shards = fleet.job.map.shards().len() as u64;
    let (accepted, duplicate) = (&again.report["sent"]["accepted"], &again.report["sent"]["duplicate"]);
    let notices = matches!(kind, Kind::Embedded | Kind::Redis);
    assert_eq!(
        (accepted.as_u64(), duplicate.as_u64()),
        if notices { (Some(0), Some(shards)) } else { (Some(shards), Some(0)) }
    );
    // No lease is lost, however slow the machine: each job has one line of each kind.
    let start = || fleet.worker(&["--until-empty", "--term", "120"]);
    let mut workers = [start(), start()];
    let mut outcomes: Vec<String> = Vec::new();
    for worker in &mut workers {
        assert!(worker.wait().success(), "{}", worker.said());
        outcomes.extend(worker.jobs().iter().map(|job| job["outcome"].as_str().unwrap().to_owned()));
    }
    let made = outcomes.iter().filter(|outcome| *outcome == "ok" || *outcome == "no_data").count() as u64;
    let seen_twice = outcomes.iter().filter(|outcome| *outcome == "skipped" || *outcome == "duplicate").count() as u64;
    assert_eq!(made, shards, "one mark each: {outcomes:?}");
    assert_eq!(seen_twice, if notices { 0 } else { shards }, "the others are counted: {outcomes:?}");
    fleet.assert_whole();
}

fn jobs_in_any_order_give_the_same_bytes(kind: Kind) {
    let fleet = Fleet::new(kind, Job::new());
    let mut labels: Vec<String> = (0..zagg_tests::kit::job::granules().len())
        .flat_map(|granule| fleet.job.shards_of(granule))
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    // By their last characters: an order that neither a shard map nor a plan would have.
    labels.sort_by_key(|label| label.chars().rev().collect::<String>());
    for label in &labels {
        fleet.produce(&["--shard", label]).expect(0);
    }
    fleet.drain();
    fleet.assert_whole();
}

fn two_producers_at_once_give_one_run(kind: Kind) {
    let fleet = Fleet::new(kind, Job::new());
    let start = || fleet.produce_command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let outputs: Vec<Output> = [start(), start()].into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    for output in outputs {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    fleet.drain();
    fleet.assert_whole();
}

fn a_worker_that_slept_through_its_lease_changes_nothing(kind: Kind) {
    let far = Far::slow();
    let fleet = far.produced(kind);
    let mut sleeper = fleet.worker(&["--slots", "2", "--until-empty"]);
    far.wait_for_reading();
    sleeper.signal("STOP");
    if kind == Kind::RabbitMq {
        // Its leases are its connection's, which the broker would miss only after a minute.
        fleet.broker.be_gone(Duration::from_millis(200));
    }
    let mut other = fleet.worker(&["--until-empty"]);
    assert!(other.wait().success(), "{}", other.said());
    assert_eq!(fleet.marked(), fleet.job.map.shards().len(), "the other did the sleeper's jobs too");
    sleeper.signal("CONT");
    assert!(sleeper.wait().success(), "{}", sleeper.said());
    fleet.assert_whole();
}

fn a_worker_whose_clock_is_a_month_ahead_changes_nothing(kind: Kind) {
    let far = Far::slow();
    let fleet = far.produced(kind);
    let mut worker = fleet.worker(&["--slots", "2", "--until-empty"]);
    far.wait_for_reading();
    let library = zagg_tests::kit::faketime();
    let ahead = [("LD_PRELOAD", library.as_str()), ("FAKETIME", "+30d"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
    let mut future = fleet.worker_with(&ahead, &["--slots", "2", "--until-empty"]);
    for worker in [&mut worker, &mut future] {
        assert!(worker.wait().success(), "{}", worker.said());
    }
    fleet.drain();
    fleet.assert_whole();
}
