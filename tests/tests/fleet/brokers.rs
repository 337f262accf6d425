//! Brokers that restart, or are gone for a while.

use std::time::Duration;

use zagg_tests::kit::Kind;

use crate::{every_queue::on_every_queue, far::Far};

on_every_queue! {
    a_broker_that_restarts_under_load_loses_nothing
    a_broker_that_is_gone_for_half_a_minute_loses_nothing
}

fn a_broker_that_restarts_under_load_loses_nothing(kind: Kind) {
    let far = Far::slow();
    let mut fleet = far.produced(kind);
    let mut worker = fleet.worker(&["--slots", "2", "--until-empty"]);
    far.wait_for_reading();
    fleet.broker.restart();
    assert!(worker.wait().success(), "{}", worker.said());
    fleet.drain();
    fleet.assert_whole();
}

fn a_broker_that_is_gone_for_half_a_minute_loses_nothing(kind: Kind) {
    let far = Far::slow();
    let fleet = far.produced(kind);
    if !fleet.broker.is_apart() {
        // The file of one machine is never gone; that it is shared and survives kills is told elsewhere.
        return;
    }
    let mut worker = fleet.worker(&["--slots", "2", "--until-empty"]);
    far.wait_for_reading();
    fleet.broker.be_gone(Duration::from_secs(30));
    assert!(worker.wait().success(), "{}", worker.said());
    assert!(worker.said().contains("the broker is asked again"), "{}", worker.said());
    fleet.drain();
    fleet.assert_whole();
}
