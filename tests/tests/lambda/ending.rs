//! Functions whose time is up, and functions that are killed.

use std::collections::BTreeSet;
use std::time::Duration;

use zagg_tests::kit::{
    Function, MiniStack,
    fleet::until,
    function::{NAME, Settings},
    proxy::Hold,
};

use crate::failing::told;
use crate::far::Far;

#[test]
fn a_job_that_is_too_long_for_the_function_is_set_aside_for_that() {
    let far = Far::new(Duration::from_secs(20));
    let settings = Settings { timeout: 12, visibility: 72, batch: 1, ..Settings::default() };
    let function = Function::deploy(MiniStack::start(), far.job(), &settings);
    function.produce(&["--driver", "https", "--max-cells", "2"]).expect(0);
    function.until_empty();
    let classes: Vec<String> = function.dead().into_iter().map(|(_, class)| class).collect();
    assert_eq!(classes, ["capacity", "capacity"]);
    assert!(function.marked().is_empty());
    let lines = function.metrics();
    assert_eq!(lines.iter().filter(|line| line["error_class"] == "capacity").count(), 2, "{lines:?}");
}

#[test]
fn when_time_runs_short_the_rest_of_a_batch_comes_back_untried() {
    let far = Far::new(Duration::ZERO);
    // 43 seconds of work, one job after the other. In the second half none is begun.
    let settings = Settings { timeout: 46, visibility: 300, slots: 1, ..Settings::default() };
    let function = Function::deploy(MiniStack::start(), far.job(), &settings);
    function.stack.trigger(false);
    function.produce(&["--driver", "https"]).expect(0);
    far.proxy.hold("GET", "", Hold::Answer);
    function.stack.trigger(true);
    until("granules are read", || far.proxy.held() > 0);
    std::thread::sleep(Duration::from_secs(28));
    far.proxy.let_go();
    function.until_empty();
    function.assert_whole();
    assert_eq!(function.dead(), []);
    let told = told(&function);
    assert!(told.values().all(|lines| lines.len() == 1), "no job failed: {told:?}");
    let again = told.values().filter(|lines| lines[0].1 > 1).count();
    assert!(told.len() - 2 <= again && again < told.len(), "all but the first of two batches came back: {told:?}");
}

#[test]
fn a_function_that_is_frozen_until_its_time_is_up_loses_nothing() {
    let far = Far::new(Duration::from_millis(50));
    let settings = Settings { timeout: 10, visibility: 15, batch: 2, ..Settings::default() };
    let function = Function::deploy(MiniStack::start(), far.job(), &settings);
    function.produce(&["--driver", "https"]).expect(0);
    until("granules are read", || far.proxy.requests() > 10);
    let frozen = function.processes();
    assert!(function.signal("STOP") > 0);
    function.until_empty();
    function.assert_whole();
    assert_eq!(function.dead(), []);
    assert!(told(&function).values().flatten().any(|(_, attempt)| *attempt > 1), "{:?}", told(&function));
    let left = function.processes();
    assert!(frozen.iter().all(|id| !left.contains(id)), "a frozen environment is used no more");
}

#[test]
fn a_function_killed_or_terminated_while_reading_loses_nothing() {
    let far = Far::new(Duration::from_millis(20));
    let settings = Settings { timeout: 30, visibility: 5, batch: 2, ..Settings::default() };
    let function = Function::deploy(MiniStack::start(), far.job(), &settings);
    function.produce(&["--driver", "https"]).expect(0);
    // The bootstrap treats both alike: it handles no signal.
    for signal in ["KILL", "TERM"] {
        far.proxy.forget();
        until("granules are read", || far.proxy.requests() > 10);
        assert!(function.signal(signal) > 0);
    }
    function.until_empty();
    function.assert_whole();
    assert_eq!(function.dead(), []);
    assert!(told(&function).values().flatten().any(|(_, attempt)| *attempt > 1), "{:?}", told(&function));
}

#[test]
fn jobs_that_no_function_survives_end_as_poison_and_can_be_sent_again() {
    let far = Far::new(Duration::ZERO);
    far.proxy.hold("GET", "", Hold::Request);
    let settings = Settings { timeout: 30, visibility: 2, batch: 5, receives: 2, ..Settings::default() };
    let function = Function::deploy(MiniStack::start(), far.job(), &settings);
    let shards = function.shards();
    function.produce(&["--driver", "https"]).expect(0);
    let mut killed = 0;
    function.until_empty_and(|| killed += function.signal("KILL"));
    assert!(killed > 0);
    assert!(function.marked().is_empty());
    let lost: BTreeSet<(String, String)> = function.dead().into_iter().collect();
    assert_eq!(lost, shards.iter().map(|shard| (shard.clone(), "poison".to_owned())).collect());

    far.proxy.let_go();
    let redriven = function.zagg(&["redrive", "--queue", &format!("sqs://{NAME}")]);
    assert_eq!(redriven.code, Some(0), "{}", redriven.said());
    function.until_empty();
    function.assert_whole();
    assert_eq!(function.dead(), []);
}
