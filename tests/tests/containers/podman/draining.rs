//! Containers that are stopped and killed under load. Processes: `tests/tests/fleet/stopping.rs`, `killing.rs`.

use std::time::Duration;

use zagg_tests::kit::{Kind, guard::free_address};

use super::{Contained, TERM};

/// Above any grace that is asked for: an engine that loses its patience kills, and the exit code is 137.
const ENGINE_PATIENCE: u32 = 120;

/// The jobs in work are finished; the rest waits for another worker.
fn stopped_under_load(kind: Kind) {
    let contained = Contained::new(kind);
    let worker = contained.worker(100);
    contained.wait_for_reading();
    // The engine may have much else to do before it stops a container.
    contained.far.set_latency(Duration::from_millis(600));
    assert_eq!(worker.stop(ENGINE_PATIENCE), 0, "{}", worker.logs());
    let done = worker.logs().lines().filter(|line| line.contains(r#""target":"zagg::job""#)).count();
    assert!(done >= 1 && done == contained.fleet.marked(), "{}", worker.logs());
    assert!(done < contained.fleet.job.map.shards().len(), "everything was done before the container was stopped");
    contained.far.set_latency(Duration::ZERO);
    contained.fleet.drain();
    contained.fleet.assert_whole();
}

/// The jobs in work are put back, and whoever gets them next sees them for the first time.
fn stopped_when_jobs_take_too_long(kind: Kind) {
    let contained = Contained::new(kind);
    let worker = contained.worker(1);
    contained.wait_for_reading();
    contained.far.set_latency(Duration::from_secs(20));
    assert_eq!(worker.stop(ENGINE_PATIENCE), 0, "{}", worker.logs());
    assert!(worker.logs().contains("jobs in work are put back"), "{}", worker.logs());
    contained.far.set_latency(Duration::ZERO);
    let mut next = contained.fleet.worker(&["--until-empty", "--term", TERM]);
    assert!(next.wait().success(), "{}", next.said());
    let jobs = next.jobs();
    assert!(!jobs.is_empty() && jobs.iter().all(|job| job["attempt"] == 1), "{}", next.said());
    contained.fleet.assert_whole();
}

fn killed_under_load(kind: Kind) {
    let contained = Contained::new(kind);
    let mut environment = contained.environment(free_address(), 100);
    // Its leases are waited for.
    environment.push(("ZAGG_TERM".to_owned(), "6".to_owned()));
    let worker = contained.engine.run("zagg-worker", &environment, &[], &[]);
    contained.wait_for_reading();
    worker.kill();
    contained.far.set_latency(Duration::ZERO);
    contained.fleet.drain();
    contained.fleet.assert_whole();
}

#[test]
#[ignore = "needs podman"]
fn a_container_stopped_under_load_on_redis_finishes_what_is_in_work() {
    stopped_under_load(Kind::Redis);
}

#[test]
#[ignore = "needs podman"]
fn a_container_stopped_under_load_on_rabbitmq_finishes_what_is_in_work() {
    stopped_under_load(Kind::RabbitMq);
}

#[test]
#[ignore = "needs podman"]
fn a_container_whose_grace_is_over_puts_jobs_back_to_redis_uncounted() {
    stopped_when_jobs_take_too_long(Kind::Redis);
}

#[test]
#[ignore = "needs podman"]
fn a_container_whose_grace_is_over_puts_jobs_back_to_rabbitmq_uncounted() {
    stopped_when_jobs_take_too_long(Kind::RabbitMq);
}

#[test]
#[ignore = "needs podman"]
fn a_container_killed_under_load_loses_nothing() {
    killed_under_load(Kind::Redis);
}
