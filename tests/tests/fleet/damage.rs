//! Granules that cannot be read: the others' shards are done, these are set aside for what they are,
//! and a repair and a redrive are enough.

use std::collections::BTreeSet;
use std::time::Duration;

use zagg_tests::kit::{Fleet, Job, Kind, fleet::until, job, proxy::Hold, web::Answer};

use crate::{every_queue::on_every_queue, far::Far};

on_every_queue! {
    a_corrupt_granule_buries_its_shards_as_malformed
    a_missing_granule_buries_its_shards_as_missing
    a_denied_granule_buries_its_shards_as_denied_and_never_as_empty
    credentials_that_expire_and_are_renewed_cost_nothing
}

/// The granule that touches the fewest shards.
fn victim(job: &Job) -> usize {
    (0..job::granules().len()).min_by_key(|number| job.shards_of(*number).len()).unwrap()
}

/// Drains, and asserts that the shards of `granule`, and no others, were set aside as `class`.
fn assert_buried(fleet: &Fleet, granule: usize, class: &str) {
    fleet.drain_somehow();
    let touched: BTreeSet<String> = fleet.job.shards_of(granule).into_iter().collect();
    let dead = fleet.dead();
    let buried: BTreeSet<String> = dead.iter().map(|job| job["shard"].as_str().unwrap().to_owned()).collect();
    assert_eq!(buried, touched, "{dead:?}");
    assert_eq!(fleet.dead_classes(), [class.to_owned()].into(), "{dead:?}");
    let id = &job::granules()[granule].id;
    assert!(dead.iter().all(|job| job["reason"].as_str().unwrap().contains(id)), "{dead:?}");
    assert_eq!(fleet.marked(), fleet.job.map.shards().len() - touched.len());
    assert_eq!(fleet.status()["queue"]["buried"][class], touched.len());
}

fn redrive(fleet: &Fleet, class: &str) {
    fleet.zagg(&["redrive", "--queue", &fleet.queue(), "--class", class]).expect(0);
    fleet.drain();
    fleet.assert_whole();
}

fn a_corrupt_granule_buries_its_shards_as_malformed(kind: Kind) {
    let fleet = Fleet::new(kind, Job::with_copies());
    drop(fleet.expected());
    let granule = victim(&fleet.job);
    let copy = fleet.job.copy_of(&job::granules()[granule]);
    let bytes = std::fs::read(&copy).unwrap();
    std::fs::write(&copy, &bytes[..bytes.len() / 2]).unwrap();
    fleet.produce(&[]).expect(0);
    assert_buried(&fleet, granule, "malformed");
    fleet.job.repair(&job::granules()[granule]);
    redrive(&fleet, "malformed");
}

fn a_missing_granule_buries_its_shards_as_missing(kind: Kind) {
    let fleet = Fleet::new(kind, Job::with_copies());
    drop(fleet.expected());
    let granule = victim(&fleet.job);
    std::fs::remove_file(fleet.job.copy_of(&job::granules()[granule])).unwrap();
    fleet.produce(&[]).expect(0);
    assert_buried(&fleet, granule, "missing");
    fleet.job.repair(&job::granules()[granule]);
    redrive(&fleet, "missing");
}

fn a_denied_granule_buries_its_shards_as_denied_and_never_as_empty(kind: Kind) {
    let far = Far::new(Duration::ZERO);
    let fleet = far.fleet(kind);
    let granule = victim(&fleet.job);
    far.web.set(&format!("/{}.h5", job::granules()[granule].id), Answer::Status(403));
    fleet.produce(&["--driver", "https"]).expect(0);
    assert_buried(&fleet, granule, "denied");
    far.mend();
    redrive(&fleet, "denied");
}

fn credentials_that_expire_and_are_renewed_cost_nothing(kind: Kind) {
    let far = Far::new(Duration::ZERO);
    let fleet = far.produced(kind);
    for granule in job::granules() {
        far.web.set(&format!("/{}.h5", granule.id), Answer::Status(401));
    }
    // By the time that a worker hears of it, there are new ones.
    far.proxy.hold("GET", ".h5", Hold::Answer);
    let mut worker = fleet.worker(&["--until-empty"]);
    until("a request is denied", || far.proxy.held() > 0);
    far.mend();
    far.proxy.let_go();
    assert!(worker.wait().success(), "{}", worker.said());
    assert!(worker.said().contains("denied"), "{}", worker.said());
    fleet.assert_whole();
}
