//! Workers that have too little memory.

use std::time::Duration;

use zagg_tests::kit::Kind;

use crate::{every_queue::on_every_queue, far::Far};

/// Slow enough that memory is looked at while a job is in work.
const LATENCY: Duration = Duration::from_millis(250);

on_every_queue! {
    jobs_that_do_not_fit_go_to_bigger_workers
    jobs_that_fit_nowhere_are_set_aside_as_capacity
}

fn jobs_that_do_not_fit_go_to_bigger_workers(kind: Kind) {
    let far = Far::new(LATENCY);
    let fleet = far.produced(kind);
    let bigger = fleet.broker.url("bigger");
    // Makes the other queue too; one job is there already, of a run of its own.
    let one = &fleet.job.shards_of(0)[0];
    fleet.produce(&["--driver", "https", "--queue", &bigger, "--shard", one]).expect(0);
    let mut small = fleet.worker(&["--until-empty", "--slots", "1", "--memory-mb", "1", "--bigger-queue", &bigger]);
    assert!(small.wait().success(), "{}", small.said());
    assert_eq!(fleet.marked(), 0, "{}", small.said());
    far.proxy.set_latency(Duration::ZERO);
    let mut big = fleet.worker(&["--until-empty", "--queue", &bigger]);
    assert!(big.wait().success(), "{}", big.said());
    fleet.assert_whole();
}

fn jobs_that_fit_nowhere_are_set_aside_as_capacity(kind: Kind) {
    let far = Far::new(LATENCY);
    let fleet = far.produced(kind);
    let mut small = fleet.worker(&["--until-empty", "--slots", "1", "--memory-mb", "1"]);
    assert_eq!(small.wait().code(), Some(1), "{}", small.said());
    assert_eq!(fleet.dead_classes(), ["capacity".to_owned()].into());
    assert_eq!(fleet.dead().len(), fleet.job.map.shards().len());
    far.proxy.set_latency(Duration::ZERO);
    fleet.zagg(&["redrive", "--queue", &fleet.queue()]).expect(0);
    fleet.drain();
    fleet.assert_whole();
}
