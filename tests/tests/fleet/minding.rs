//! A producer that waits minds the run: it stops what costs too much, and what cannot come to anything.

use std::time::Duration;

use zagg_tests::kit::{Kind, job, web::Answer};

use crate::far::Far;

#[test]
fn a_run_that_costs_more_than_its_ceiling_is_stopped_by_whoever_waits() {
    // Slow enough to be looked at again and again between the ceiling and the end.
    let far = Far::new(Duration::from_millis(500));
    let fleet = far.fleet(Kind::Embedded);
    let estimate = fleet.produce(&["--driver", "https", "--dry-run"]).expect(0).report["usd"].clone();
    let parts = estimate.as_object().unwrap().values();
    let most = 1.02 * parts.filter_map(serde_json::Value::as_f64).sum::<f64>();
    let worker = fleet.worker(&["--slots", "1"]);
    let waited = fleet.produce(&["--driver", "https", "--wait", "--max-usd", &most.to_string()]);
    let why = fleet.status()["cancelled"].clone();
    assert!(why.as_str().is_some_and(|why| why.contains("above the ceiling")), "{why} {}", waited.said());
    assert_eq!(waited.code, Some(1), "{}", waited.said());
    assert!(fleet.marked() < fleet.job.map.shards().len());
    drop(worker);
    // What is done stays, and the rest is done by whoever can pay for it.
    far.proxy.set_latency(Duration::ZERO);
    fleet.produce(&[]).expect(0);
    fleet.drain();
    fleet.assert_whole();
}

#[test]
fn a_run_whose_first_jobs_are_all_denied_is_stopped_by_whoever_waits() {
    // Slow enough to be looked at in between.
    let far = Far::new(Duration::from_millis(500));
    let fleet = far.fleet(Kind::Embedded);
    for granule in job::granules() {
        far.web.set(&format!("/{}.h5", granule.id), Answer::Status(403));
    }
    let worker = fleet.worker(&["--slots", "1"]);
    let waited = fleet.produce(&["--driver", "https", "--wait"]);
    assert_eq!(waited.code, Some(1), "{}", waited.said());
    let why = fleet.status()["cancelled"].clone();
    assert!(why.as_str().is_some_and(|why| why.contains("set aside as `denied`")), "{why} {}", waited.said());
    drop(worker);
}
