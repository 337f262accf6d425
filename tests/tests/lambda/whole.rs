//! A run without trouble, and what is told of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use zagg_tests::kit::{Function, MiniStack, fleet::until, function::Settings};

use crate::far::in_s3;

#[test]
fn a_function_gives_what_one_machine_gives_and_says_what_it_did() {
    let server = MiniStack::start();
    let job = in_s3(&server);
    let function = Function::deploy(server, job, &Settings::default());
    let shards = function.shards();
    let produced = function.produce(&["--driver", "s3"]).expect(0);
    assert_eq!(produced.report["sent"]["accepted"], shards.len());
    function.until_empty();

    function.assert_whole();
    assert_eq!(function.marked(), shards);
    assert_eq!(function.dead(), []);
    for shard in &shards {
        let mark = function.mark(shard);
        let execution = &mark["execution"];
        assert_eq!(execution["attempt"], 1, "{mark}");
        let usd = execution["usd"].as_object().unwrap_or_else(|| panic!("{mark}"));
        assert!(usd.values().filter_map(Value::as_f64).sum::<f64>() > 0.0, "{mark}");
    }
    let status = function.status();
    let all = Some(shards.len() as u64);
    assert_eq!((status["done"].as_u64(), status["done_by_run"].as_u64()), (all, all), "{status}");
    assert_eq!((&status["queue"]["ready"], &status["queue"]["leased"]), (&0.into(), &0.into()), "{status}");
    // The server collects what a function prints at its leisure.
    until("every job is told", || function.metrics().len() >= shards.len());
    told_once(&function.metrics(), &shards, status["points"].as_u64().unwrap());
}

/// Every shard has one line, all of whose metrics are declared; together they say what the marks say.
fn told_once(lines: &[Value], shards: &BTreeSet<String>, points: u64) {
    let mut sums = BTreeMap::<String, f64>::new();
    for line in lines {
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        let [directive] = directives.as_slice() else { panic!("{line}") };
        assert_eq!((&directive["Namespace"], &line["Function"]), (&"zagg".into(), &"zagg".into()), "{line}");
        assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000, "{line}");
        for dimension in directive["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap()) {
            assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension}: {line}");
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        let mut declared = BTreeSet::new();
        for metric in metrics {
            let name = metric["Name"].as_str().unwrap();
            assert!(metric["Unit"].is_string(), "{metric}");
            *sums.entry(name.to_owned()).or_default() +=
                line[name].as_f64().unwrap_or_else(|| panic!("{name}: {line}"));
            declared.insert(name);
        }
        let held = line.as_object().unwrap().iter().filter(|(name, _)| name.starts_with("zagg_"));
        assert_eq!(held.map(|(name, _)| name.as_str()).collect::<BTreeSet<_>>(), declared);
    }
    let named: Vec<&str> = lines.iter().map(|line| line["shard"].as_str().unwrap()).collect();
    assert_eq!(
        (named.len(), named.iter().copied().collect()),
        (shards.len(), shards.iter().map(String::as_str).collect::<BTreeSet<_>>())
    );
    assert_eq!((sums["zagg_cells_total"], sums["zagg_obs_kept_total"]), (shards.len() as f64, points as f64));
    assert!(sums["zagg_cost_usd_total"] > 0.0 && sums["zagg_s3_requests_total"] > 0.0, "{sums:?}");
}

#[test]
fn the_queue_of_the_template_is_as_zagg_would_make_it() {
    let server = MiniStack::start();
    let job = in_s3(&server);
    let function = Function::deploy(server, job, &Settings { visibility: 1800, ..Settings::default() });
    let produced =
        function.produce(&["--driver", "s3", "--create-queue", "--term", "1800", "--max-cells", "1"]).expect(0);
    assert!(!produced.err.contains("queue-attributes"), "no difference is told: {}", produced.err);
    function.until_empty();
    assert_eq!(function.marked().len(), 1);
}
