//! S3 that is busy, slow, or cuts its answers short.

use std::time::Duration;

use zagg_tests::kit::Kind;

use crate::{every_queue::on_every_queue, far, far::Far};

on_every_queue! {
    a_storm_of_503s_on_the_store_is_weathered
    a_slow_store_is_waited_for
    granules_whose_answers_are_cut_are_asked_for_again
    a_storm_of_503s_on_the_granules_is_weathered
}

fn a_storm_of_503s_on_the_store_is_weathered(kind: Kind) {
    let (fleet, proxy) = far::stored_far(kind);
    proxy.set_busy_every(2);
    fleet.drain();
    proxy.set_busy_every(0);
    fleet.assert_whole();
}

fn a_slow_store_is_waited_for(kind: Kind) {
    let (fleet, proxy) = far::stored_far(kind);
    proxy.set_latency(Duration::from_millis(400));
    fleet.drain();
    proxy.set_latency(Duration::ZERO);
    fleet.assert_whole();
}

fn granules_whose_answers_are_cut_are_asked_for_again(kind: Kind) {
    let far = Far::new(Duration::ZERO);
    let fleet = far.produced(kind);
    far.proxy.set_cut_every(7);
    fleet.drain();
    fleet.assert_whole();
}

fn a_storm_of_503s_on_the_granules_is_weathered(kind: Kind) {
    let far = Far::new(Duration::ZERO);
    let fleet = far.produced(kind);
    far.proxy.set_busy_every(3);
    fleet.drain();
    fleet.assert_whole();
}
