//! Alerts that fire because something is wrong with a real fleet, and fall silent when it is mended.
//!
//! The rules are the shipped ones, except that they do not wait for minutes.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::Value;
use zagg_tests::kit::Prometheus;
use zagg_tests::kit::fleet::until;
use zagg_tests::kit::guard::free_address;
use zagg_tests::kit::prometheus::Sample;
use zagg_tests::kit::proxy::Hold;
use zagg_tests::kit::web::Answer;

use crate::shown::{Exporter, rules};
use crate::small::{Small, until_one_is_left};
use crate::watched::{Scraped, Watched, Watcher};

/// So many that some are left whenever something goes wrong.
const JOBS: usize = 1000;

/// The rules without their patience.
fn quick_rules() -> Vec<(&'static str, String)> {
    let mut rules = rules();
    let alerts = &mut rules[1].1;
    for minutes in ["1m", "2m", "3m", "5m", "10m"] {
        *alerts = replaced(alerts, &format!("        for: {minutes}\n"), "        for: 2s\n");
    }
    *alerts = replaced(
        alerts,
        r#"(zagg_run_cells{state=~"done|buried"}[10m])"#,
        r#"(zagg_run_cells{state=~"done|buried"}[14s])"#,
    );
    *alerts = replaced(alerts, "(zagg_queue_oldest_seconds) > 600", "(zagg_queue_oldest_seconds) > 14");
    *alerts = replaced(alerts, "offset 10m", "offset 14s");
    rules
}

fn replaced(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "no {old}");
    text.replace(old, new)
}

/// The alerts of this name that fire, waited for.
fn fires(prometheus: &Prometheus, alert: &str) -> Vec<Sample> {
    let mut firing = Vec::new();
    until(&format!("{alert} fires"), || {
        std::thread::sleep(Duration::from_millis(200));
        firing = prometheus.firing(alert);
        !firing.is_empty()
    });
    println!("{alert} fires: {:?}", firing[0].labels);
    firing
}

fn falls_silent(prometheus: &Prometheus, alert: &str) {
    until(&format!("{alert} falls silent"), || {
        std::thread::sleep(Duration::from_millis(200));
        prometheus.firing(alert).is_empty()
    });
}

/// The text of an alert that fires, waited for: a scrape that comes to nothing silences it for a while.
fn said(prometheus: &Prometheus, alert: &str) -> BTreeMap<String, String> {
    let mut texts = serde_json::Map::new();
    until(&format!("{alert} is told"), || {
        let alerts = prometheus.ask("alerts").unwrap();
        let found = alerts["alerts"].as_array().unwrap().iter().find(|one| one["labels"]["alertname"] == alert);
        texts = found.and_then(|found| found["annotations"].as_object()).cloned().unwrap_or_default();
        !texts.is_empty()
    });
    texts.into_iter().map(|(name, text)| (name, text.as_str().unwrap().to_owned())).collect()
}

/// A run at work, and who watches it.
struct Crew {
    at: Watched,
    workers: Vec<Scraped>,
    watcher: Watcher,
    run: String,
}

impl Crew {
    fn start(prometheus: &Prometheus) -> Self {
        let at = Watched::new(JOBS, Duration::from_secs(1));
        let workers = at.workers(4, &["--slots", "2"]);
        let produced = at.produce(&[]).expect(0);
        let run = produced.report["run"].as_str().unwrap().to_owned();
        let watcher = Watcher::start(&at.fleet, &at.queue);
        let crew = Self { at, workers, watcher, run };
        crew.scrape(prometheus);
        until("it is scraped", || prometheus.value(r#"count(zagg_build_info{namespace="crew"})"#) == Some(4.0));
        until("its watcher is", || prometheus.value(r#"zagg_run_over{namespace="crew"}"#) == Some(0.0));
        crew
    }

    fn scrape(&self, prometheus: &Prometheus) {
        let addresses: Vec<_> = self.workers.iter().map(|worker| worker.address).collect();
        prometheus.scrape("zagg-worker", &[("namespace", "crew")], &addresses);
        prometheus.scrape("zagg-run", &[("namespace", "crew")], &[self.watcher.address]);
    }
}

#[test]
fn what_goes_wrong_with_a_fleet_is_told_by_its_alert() {
    let prometheus = Prometheus::start(&quick_rules());
    let mut crew = Crew::start(&prometheus);
    a_killed_worker_is_told_of(&prometheus, &mut crew);
    a_run_that_stands_still_is_told_of(&prometheus, &crew);
    a_broker_that_is_away_is_told_of(&prometheus, &crew);
    jobs_that_are_set_aside_are_told_of(&prometheus, &crew);
    a_watcher_that_is_gone_is_told_of(&prometheus, &mut crew);
    a_worker_that_starts_again_and_again_is_told_of(&prometheus, &crew);
    a_worker_that_is_full_is_told_of(&prometheus, &crew);
    a_purged_queue_is_told_of_and_the_runbook_mends_it(&prometheus, &mut crew);
    a_redis_that_fills_up_is_told_of(&prometheus, &crew);
}

fn a_killed_worker_is_told_of(prometheus: &Prometheus, crew: &mut Crew) {
    let mut victim = crew.workers.remove(0);
    victim.worker.kill_9();
    let told = fires(prometheus, "ZaggWorkerDown");
    assert!(told.iter().any(|alert| alert.label("instance") == victim.address.to_string()), "{told:?}");
    crew.workers.push(crew.at.worker(&["--slots", "2"]));
    crew.scrape(prometheus);
    falls_silent(prometheus, "ZaggWorkerDown");
}

fn a_run_that_stands_still_is_told_of(prometheus: &Prometheus, crew: &Crew) {
    crew.at.far.proxy.hold("GET", ".h5", Hold::Request);
    let told = fires(prometheus, "ZaggNoProgress");
    assert_eq!((told.len(), told[0].label("run_id")), (1, crew.run.as_str()));
    let left = crew.at.status();
    let left = left["shards"].as_u64().unwrap() - left["done"].as_u64().unwrap();
    let text = said(prometheus, "ZaggNoProgress");
    assert!(text["summary"].contains(&crew.run), "{text:?}");
    assert!(text["description"].starts_with(&format!("{left} shards are left")), "{text:?} {left}");
    crew.at.far.proxy.let_go();
    falls_silent(prometheus, "ZaggNoProgress");
}

fn a_broker_that_is_away_is_told_of(prometheus: &Prometheus, crew: &Crew) {
    crew.at.relay.refuse(true);
    crew.at.relay.cut();
    let told = fires(prometheus, "ZaggBrokerUnreachable");
    assert_eq!(told[0].label("namespace"), "crew");
    crew.at.relay.refuse(false);
}

/// A granule is not where it should be: the shards that need it are set aside, as many as `zagg dead` names.
fn jobs_that_are_set_aside_are_told_of(prometheus: &Prometheus, crew: &Crew) {
    crew.at.far.answer(0, Answer::Status(404));
    let told = fires(prometheus, "ZaggDLQNotEmpty");
    // A queue's address is shown without its password.
    assert!(told[0].label("queue").contains("queue=watched"), "{told:?}");
    fires(prometheus, "ZaggErrorRatio");
    fires(prometheus, "ZaggSourceErrors");
    crew.at.far.mend();
    // The rest of the run waits until it is needed.
    crew.at.far.proxy.hold("GET", ".h5", Hold::Request);
    // Those in work end somehow, then nothing more is set aside.
    until("as many are shown as are named", || {
        std::thread::sleep(Duration::from_millis(500));
        let shown = prometheus.value(r#"sum(zagg_queue_depth{namespace="crew",state="dlq"})"#);
        shown.is_some_and(|shown| shown > 0.0 && shown == crew.at.dead().len() as f64)
    });
    let missing = format!(r#"zagg_run_buried{{run_id="{}",error_class="missing"}}"#, crew.run);
    until("the class is shown", || prometheus.value(&missing).is_some_and(|jobs| jobs > 0.0));
}

fn a_watcher_that_is_gone_is_told_of(prometheus: &Prometheus, crew: &mut Crew) {
    crew.watcher.kill();
    let told = fires(prometheus, "ZaggWatcherGone");
    assert_eq!((told.len(), told[0].label("run_id")), (1, crew.run.as_str()));
    crew.watcher = Watcher::start(&crew.at.fleet, &crew.at.queue);
    crew.scrape(prometheus);
    falls_silent(prometheus, "ZaggWatcherGone");
}

fn a_worker_that_starts_again_and_again_is_told_of(prometheus: &Prometheus, crew: &Crew) {
    let address = free_address().to_string();
    for start in 0..4 {
        // It has a queue of its own: its deaths are nobody else's.
        let other = format!("file:{}", crew.at.fleet.job.work.path("other.db").display());
        let mut dying = Scraped::start(&crew.at.fleet, &["--queue", &other, "--listen", &address]);
        prometheus.scrape("zagg-worker", &[("namespace", "dying")], &[dying.address]);
        let starts = format!(r#"changes(process_start_time_seconds{{namespace="dying"}}[15m]) == {start}"#);
        until("its start is seen", || prometheus.value(&starts).is_some());
        dying.worker.kill_9();
    }
    let told = fires(prometheus, "ZaggWorkerRestarts");
    assert_eq!(told[0].label("instance"), address);
    prometheus.scrape("zagg-worker", &[("namespace", "dying")], &[]);
}

fn a_worker_that_is_full_is_told_of(prometheus: &Prometheus, crew: &Crew) {
    let full = crew.at.worker(&["--slots", "1", "--memory-mb", "4"]);
    prometheus.scrape("zagg-worker", &[("namespace", "full")], &[full.address]);
    let told = fires(prometheus, "ZaggMemoryHigh");
    assert!(told.iter().all(|alert| alert.label("instance") == full.address.to_string()), "{told:?}");
    prometheus.scrape("zagg-worker", &[("namespace", "full")], &[]);
}

/// The queue forgets everything. To produce the same again completes the run.
fn a_purged_queue_is_told_of_and_the_runbook_mends_it(prometheus: &Prometheus, crew: &mut Crew) {
    crew.at.redis.command(&["FLUSHALL"]).unwrap();
    let told = fires(prometheus, "ZaggRunStalled");
    assert_eq!((told.len(), told[0].label("run_id")), (1, crew.run.as_str()));
    crew.at.far.proxy.set_latency(Duration::ZERO);
    crew.at.far.proxy.let_go();
    crew.at.produce(&[]).expect(0);
    until("every shard is done", || crew.at.fleet.marked() == JOBS);
    falls_silent(prometheus, "ZaggRunStalled");
    assert_eq!(crew.at.dead(), [Value::Null; 0]);
}

fn a_redis_that_fills_up_is_told_of(prometheus: &Prometheus, crew: &Crew) {
    let exporter = Exporter::of(&crew.at.redis);
    prometheus.scrape("redis", &[("namespace", "crew")], &[exporter.address]);
    assert_eq!(crew.at.redis.command(&["CONFIG", "SET", "maxmemory", "1mb"]).as_deref(), Some("+OK\r\n"));
    let told = fires(prometheus, "ZaggRedisNearlyFull");
    assert_eq!(told[0].label("instance"), exporter.address.to_string());
}

#[test]
fn a_store_that_throttles_and_credentials_that_are_not_renewed_are_told_of() {
    let prometheus = Prometheus::start(&quick_rules());
    // The archive gives what ends in five minutes, again and again.
    let small = Small::start(&prometheus, "short", None, Utc::now() + TimeDelta::minutes(5), &[]);
    small.proxy.set_busy_every(5);
    let told = fires(&prometheus, "ZaggCredentialsExpire");
    assert_eq!(told[0].label("namespace"), "short");
    fires(&prometheus, "ZaggStoreThrottled");
    small.proxy.set_busy_every(0);
    until_one_is_left(&small);
    small.end();
}
