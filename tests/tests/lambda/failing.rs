//! Jobs that fail, and faults that pass.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use zagg_tests::kit::{
    Function, MiniStack, Proxy,
    fleet::until,
    function::{NAME, Settings, put},
    job, sqs,
};

use crate::far::{Far, in_s3};

/// The lines of each shard: outcome and attempt.
pub(crate) fn told(function: &Function) -> BTreeMap<String, Vec<(String, u64)>> {
    let mut told = BTreeMap::<String, Vec<(String, u64)>>::new();
    for line in function.metrics() {
        let outcome = line["Outcome"].as_str().unwrap().to_owned();
        let shard = line["shard"].as_str().unwrap().to_owned();
        told.entry(shard).or_default().push((outcome, line["attempt"].as_u64().unwrap()));
    }
    told
}

#[test]
fn what_cannot_be_done_is_set_aside_with_its_class_and_the_rest_of_its_batch_is_done() {
    let server = MiniStack::start();
    let job = in_s3(&server);
    let damaged = &job::granules()[0];
    let mut bytes = std::fs::read(&damaged.file).unwrap();
    bytes[..8].fill(0);
    put(&server, &format!("/granules/{}.h5", damaged.id), &bytes);
    let function = Function::deploy(server, job, &Settings::default());
    let shards = function.shards();
    let bad: BTreeSet<String> = function.job.shards_of(0).into_iter().collect();
    let good: BTreeSet<String> = shards.difference(&bad).cloned().collect();
    assert!(!bad.is_empty() && !good.is_empty(), "{} bad, {} good", bad.len(), good.len());

    // Held back, so that good and bad share batches.
    function.stack.trigger(false);
    sqs::send(function.server.address(), NAME, "no job");
    function.produce(&["--driver", "s3"]).expect(0);
    function.stack.trigger(true);
    function.until_empty();

    assert_eq!(function.marked(), good);
    let mut dead = function.dead();
    dead.sort();
    let mut expected = vec![(String::new(), "undecodable".to_owned())];
    expected.extend(bad.iter().map(|shard| (shard.clone(), "malformed".to_owned())));
    assert_eq!(dead, expected);
    let told = told(&function);
    assert_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), shards);
    for (shard, lines) in told {
        // One line each: nothing was delivered twice.
        let [(outcome, 1)] = lines.as_slice() else { panic!("{shard}: {lines:?}") };
        assert_eq!(outcome == "failed", bad.contains(&shard), "{shard}: {outcome}");
    }

    put(&function.server, &format!("/granules/{}.h5", damaged.id), &std::fs::read(&damaged.file).unwrap());
    let redriven = function.zagg(&["redrive", "--queue", &format!("sqs://{NAME}"), "--class", "malformed"]);
    assert_eq!(redriven.code, Some(0), "{}", redriven.said());
    function.until_empty();
    function.assert_whole();
    assert_eq!(function.dead(), [(String::new(), "undecodable".to_owned())]);
}

#[test]
fn a_store_that_is_busy_for_a_while_delays_jobs_and_loses_none() {
    let server = MiniStack::start();
    let proxy = Proxy::before(server.address());
    let far = Far::new(Duration::ZERO);
    let settings = Settings {
        s3: Some(proxy.url()),
        timeout: 120,
        visibility: 720,
        variables: vec![("ZAGG_RETRY_WAIT", "2")],
        ..Settings::default()
    };
    let function = Function::deploy(server, far.job(), &settings);
    proxy.set_busy_every(1);
    function.produce(&["--driver", "https"]).expect(0);
    until("a job is released", || function.metrics().iter().any(|line| line["Outcome"] == "released"));
    proxy.set_busy_every(0);
    function.until_empty();
    function.assert_whole();
    assert_eq!(function.dead(), []);

    let lines = function.metrics();
    let time = |line: &Value| line["_aws"]["Timestamp"].as_u64().unwrap();
    let released: Vec<&Value> = lines.iter().filter(|line| line["Outcome"] == "released").collect();
    for line in &released {
        assert!(["transient", "throttled"].contains(&line["error_class"].as_str().unwrap()), "{line}");
        let done = lines.iter().find(|other| other["shard"] == line["shard"] && other["Outcome"] != "released");
        let done = done.unwrap_or_else(|| panic!("never done: {line}"));
        assert!(done["attempt"].as_u64() > line["attempt"].as_u64(), "{done}");
        // Not at once, and long before the record's visibility time-out.
        let wait = time(done) - time(line);
        assert!((2_000..300_000).contains(&wait), "after {wait} ms: {done}");
    }
}

#[test]
fn a_fault_that_does_not_pass_is_set_aside_for_what_it_is_at_the_last_delivery() {
    let far = Far::new(Duration::ZERO);
    far.proxy.set_busy_every(1);
    let settings = Settings { receives: 2, variables: vec![("ZAGG_RETRY_WAIT", "1")], ..Settings::default() };
    let function = Function::deploy(MiniStack::start(), far.job(), &settings);
    function.produce(&["--driver", "https", "--max-cells", "2"]).expect(0);
    function.until_empty();
    let classes: Vec<String> = function.dead().into_iter().map(|(_, class)| class).collect();
    assert_eq!(classes.len(), 2);
    assert!(classes.iter().all(|class| ["transient", "throttled"].contains(&class.as_str())), "{classes:?}");
    let outcomes: Vec<Vec<(String, u64)>> = told(&function).into_values().collect();
    let twice = vec![("released".to_owned(), 1), ("failed".to_owned(), 2)];
    assert_eq!(outcomes, [twice.clone(), twice]);
}
