//! Workers and producers that are killed.

use std::process::Stdio;
use std::time::Duration;

use zagg_tests::kit::fleet::until;
use zagg_tests::kit::proxy::Hold;
use zagg_tests::kit::{Fleet, Job, Kind, MiniStack, Proxy};

use crate::{every_queue::on_every_queue, far, far::Far};

on_every_queue! {
    a_worker_killed_while_reading_loses_nothing
    a_worker_killed_while_putting_chunks_loses_nothing
    a_worker_killed_between_chunks_and_mark_loses_nothing
    a_worker_killed_between_mark_and_ack_does_nothing_twice
    a_job_that_kills_its_workers_is_poison_and_the_others_are_done
    a_producer_killed_while_sending_is_resumed
}

fn a_worker_killed_while_reading_loses_nothing(kind: Kind) {
    let far = Far::slow();
    let fleet = far.produced(kind);
    for _ in 0..2 {
        far.proxy.forget();
        let mut worker = fleet.worker(&["--slots", "2"]);
        far.wait_for_reading();
        worker.kill_9();
    }
    fleet.drain();
    fleet.assert_whole();
}

fn a_worker_killed_while_putting_chunks_loses_nothing(kind: Kind) {
    let (fleet, proxy) = far::stored_far(kind);
    kill_at(&fleet, &proxy, "/c/", Hold::Request);
    fleet.drain();
    fleet.assert_whole();
}

fn a_worker_killed_between_chunks_and_mark_loses_nothing(kind: Kind) {
    let (fleet, proxy) = far::stored_far(kind);
    kill_at(&fleet, &proxy, ".zagg/marks/", Hold::Request);
    assert_eq!(fleet.marked(), 0);
    fleet.drain();
    fleet.assert_whole();
}

fn a_worker_killed_between_mark_and_ack_does_nothing_twice(kind: Kind) {
    let (fleet, proxy) = far::stored_far(kind);
    kill_at(&fleet, &proxy, ".zagg/marks/", Hold::Answer);
    let marked = fleet.marked();
    assert!(marked > 0, "the marks were put");
    let mut worker = fleet.worker(&["--until-empty", "--term", "120"]);
    assert!(worker.wait().success(), "{}", worker.said());
    let skipped = worker.jobs().iter().filter(|job| job["outcome"] == "skipped").count();
    assert_eq!(skipped, marked, "{}", worker.said());
    fleet.assert_whole();
}

/// Kills a worker while a put of an object with `part` in its key is held back.
fn kill_at(fleet: &Fleet, proxy: &Proxy, part: &str, hold: Hold) {
    proxy.hold("PUT", part, hold);
    let mut worker = fleet.worker(&["--slots", "1"]);
    until("a put is held back", || proxy.held() > 0);
    worker.kill_9();
    proxy.cut_held();
}

fn a_job_that_kills_its_workers_is_poison_and_the_others_are_done(kind: Kind) {
    let far = Far::new(Duration::ZERO);
    let fleet = far.fleet(kind);
    let shard = fleet.job.shards_of(0).first().cloned().unwrap();
    fleet.produce(&["--driver", "https", "--max-attempts", "2", "--shard", &shard]).expect(0);
    for _ in 0..2 {
        far.proxy.hold("GET", ".h5", Hold::Request);
        let mut worker = fleet.worker(&["--slots", "1", "--max-attempts", "2"]);
        until("the poison is in work", || far.proxy.held() > 0);
        worker.kill_9();
        far.proxy.cut_held();
    }
    let mut last = fleet.worker(&["--until-empty", "--max-attempts", "2"]);
    last.wait();
    assert_eq!(fleet.dead_classes(), ["poison".to_owned()].into(), "{:?}", fleet.dead());
    fleet.produce(&[]).expect(0);
    fleet.drain_somehow();
    assert_eq!(fleet.zagg(&["redrive", "--queue", &fleet.queue(), "--class", "poison"]).expect(0).code, Some(0));
    fleet.drain();
    fleet.assert_whole();
}

fn a_producer_killed_while_sending_is_resumed(kind: Kind) {
    let proxy = Proxy::before(MiniStack::shared().address());
    let fleet = Fleet::on_s3(kind, Job::new(), &proxy);
    proxy.hold("PUT", "enqueued.json", Hold::Request);
    let mut producer = fleet.produce_command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("jobs were sent", || proxy.held() > 0);
    producer.kill().unwrap();
    producer.wait().unwrap();
    proxy.cut_held();
    let resumed = fleet.produce(&["--resume"]).expect(0);
    let sent = &resumed.report["sent"];
    let shards = fleet.job.map.shards().len() as u64;
    // What the journal did not hold is sent again; a queue that can tell takes it once.
    assert_eq!(sent["accepted"].as_u64().unwrap() + sent["duplicate"].as_u64().unwrap(), shards);
    fleet.drain();
    fleet.assert_whole();
}
