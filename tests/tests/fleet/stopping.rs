//! Workers that are told to stop.

use std::time::Duration;

use zagg_tests::kit::Kind;

use crate::{every_queue::on_every_queue, far::Far};

on_every_queue! {
    sigterm_under_load_finishes_what_is_in_work
    after_its_grace_period_a_worker_puts_back_what_is_in_work
}

fn sigterm_under_load_finishes_what_is_in_work(kind: Kind) {
    let far = Far::new(Duration::from_millis(400));
    let fleet = far.produced(kind);
    let mut worker = fleet.worker(&["--slots", "2", "--grace", "60", "--term", "120"]);
    far.wait_for_reading();
    worker.signal("TERM");
    assert!(worker.wait().success(), "{}", worker.said());
    let done = worker.jobs().len();
    assert!(done >= 1 && done == fleet.marked(), "{}", worker.said());
    assert!(done < fleet.job.map.shards().len(), "everything was done before it was told to stop");
    far.proxy.set_latency(Duration::ZERO);
    fleet.drain();
    fleet.assert_whole();
}

fn after_its_grace_period_a_worker_puts_back_what_is_in_work(kind: Kind) {
    let far = Far::slow();
    let fleet = far.produced(kind);
    let mut worker = fleet.worker(&["--slots", "2", "--grace", "1", "--term", "120"]);
    far.wait_for_reading();
    far.proxy.set_latency(Duration::from_secs(20));
    worker.signal("TERM");
    assert!(worker.wait().success(), "{}", worker.said());
    assert!(worker.said().contains("jobs in work are put back"), "{}", worker.said());
    far.proxy.set_latency(Duration::ZERO);
    fleet.drain();
    fleet.assert_whole();
}
