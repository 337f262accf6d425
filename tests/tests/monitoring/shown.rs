//! Fifty workers and a small fleet, undisturbed: what Prometheus shows is what `zagg status` says.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::Value;
use zagg_tests::kit::fleet::until;
use zagg_tests::kit::guard::{Guard, free_address, guarded};
use zagg_tests::kit::{Prometheus, RabbitBroker, RedisServer, Workdir};

use crate::boards;
use crate::small::{Small, until_one_is_left};
use crate::watched::{Scraped, Watched, Watcher};
use crate::written::dashboards;

const WORKERS: usize = 50;
/// So many jobs that no look at the run comes too late, however slow the machine.
const JOBS: usize = 1500;
/// How far away the granules are while it is looked at: a job takes several seconds.
const LATENCY: Duration = Duration::from_secs(1);

/// The rules as they are.
pub(crate) fn rules() -> Vec<(&'static str, String)> {
    ["recording.yaml", "alerts.yaml"]
        .map(|name| (name, std::fs::read_to_string(dashboards("rules").join(name)).unwrap()))
        .into()
}

/// Redis's exporter, while it is held.
pub(crate) struct Exporter {
    _guard: Guard,
    pub(crate) address: SocketAddr,
    _folder: Workdir,
}

impl Exporter {
    pub(crate) fn of(redis: &RedisServer) -> Self {
        let (address, folder) = (free_address(), Workdir::new());
        let mut command: Command = guarded(folder.root(), "prometheus-redis-exporter");
        command.arg(format!("-redis.addr=redis://{}", redis.address()));
        command.arg(format!("-web.listen-address={address}"));
        command.stderr(std::fs::File::create(folder.path("log")).unwrap());
        Self { _guard: Guard::start(&mut command).unwrap(), address, _folder: folder }
    }
}

/// The large fleet: its workers first, so that the run has one rate from its beginning.
struct Crowd {
    at: Watched,
    workers: Vec<Scraped>,
    watcher: Watcher,
    run: String,
    _exporter: Exporter,
}

impl Crowd {
    fn start(prometheus: &Prometheus) -> Self {
        let at = Watched::new(JOBS, LATENCY);
        let workers = at.workers(WORKERS, &["--slots", "2", "--memory-mb", "4000"]);
        let addresses: Vec<SocketAddr> = workers.iter().map(|worker| worker.address).collect();
        let produced = at.produce(&["--max-usd", "1000"]).expect(0);
        let watcher = Watcher::start(&at.fleet, &at.queue);
        let exporter = Exporter::of(&at.redis);
        for (job, targets) in
            [("zagg-worker", &addresses[..]), ("zagg-run", &[watcher.address]), ("redis", &[exporter.address])]
        {
            prometheus.scrape(job, &[("namespace", "crowd")], targets);
        }
        let run = produced.report["run"].as_str().unwrap().to_owned();
        Self { at, workers, watcher, run, _exporter: exporter }
    }

    /// Ends the workers as an operator does.
    fn stop(&mut self) {
        for worker in &self.workers {
            worker.worker.signal("TERM");
        }
        for worker in &mut self.workers {
            assert!(worker.worker.wait().success(), "{}", worker.worker.said());
        }
    }
}

#[test]
fn fifty_workers_are_shown_as_zagg_status_says_and_every_panel_has_data() {
    let prometheus = Prometheus::start(&rules());
    let rabbit = RabbitBroker::with_metrics();
    prometheus.scrape("rabbitmq", &[("namespace", "small")], &[rabbit.metrics().unwrap()]);
    let small = Small::start(
        &prometheus,
        "small",
        Some(&rabbit.url("small")),
        Utc::now() + TimeDelta::days(400),
        &["--retry-wait", "60"],
    );
    let mut crowd = Crowd::start(&prometheus);
    until("every worker is scraped", || {
        let workers = r#"sum(up{job="zagg-worker",namespace="crowd"} and on (instance) zagg_build_info)"#;
        prometheus.value(workers) == Some(WORKERS as f64)
    });
    let mut waiting = boards::queries();
    let all = waiting.len();
    until("every panel has data", || {
        std::thread::sleep(Duration::from_millis(500));
        boards::strike_out(&prometheus, &mut waiting);
        let moving = crowd.at.fleet.marked() < JOBS;
        assert!(moving || waiting.is_empty(), "of {all} queries these have no data: {waiting:#?}");
        waiting.is_empty()
    });
    boards::assert_variables_choose(&prometheus, "crowd", &crowd.workers[7].address.to_string(), &crowd.run);
    until("the watcher has looked some times", || crowd.watcher.looks().len() > 5);
    assert_figures_are_those_of_status(&prometheus, &crowd);
    assert_nothing_critical_fires(&prometheus);
    until("the small fleet's buried jobs are told of", || {
        prometheus.firing("ZaggDLQNotEmpty").iter().any(|alert| alert.label("namespace") == "small")
    });
    until_one_is_left(&small);
    let buried = format!(r#"sum(zagg_queue_depth{{namespace="small",state="dlq"}}) == {}"#, small.doomed());
    until("the small fleet's buried jobs are shown", || prometheus.value(&buried).is_some());
    small.end();
    crowd.at.far.proxy.set_latency(Duration::ZERO);
    assert!(crowd.watcher.wait().success());
    crowd.stop();
    assert_the_end_was_seen(&prometheus, &crowd);
}

fn number(look: &Value, what: &str) -> f64 {
    look[what].as_f64().unwrap()
}

/// What a look says of the cost, summed in the order in which `zagg status` sums it.
fn usd(look: &Value) -> f64 {
    let parts = ["compute", "puts", "gets", "queue"].map(|part| look["usd"][part].as_f64().unwrap());
    parts[0] + parts[1] + parts[2] + parts[3]
}

/// What Prometheus keeps of a run is to the bit what its watcher said, and in between what another
/// `zagg status` says.
fn assert_figures_are_those_of_status(prometheus: &Prometheus, crowd: &Crowd) {
    let of = |metric: &str| format!(r#"{metric}{{run_id="{}"}}"#, crowd.run);
    let done = format!(r#"zagg_run_cells{{run_id="{}",state="done"}}"#, crowd.run);
    // A scrape that comes to nothing leaves a gap.
    let value = |expression: &str| {
        let mut value = None;
        until(expression, || {
            value = prometheus.value(expression);
            value.is_some()
        });
        value.unwrap()
    };
    // Between two scrapes: figures only grow.
    let before = (value(&done), value(&of("zagg_run_cost_usd")));
    let status = crowd.at.status();
    let asked = seconds_now();
    until("the watcher has looked again, and was asked", || value(&of("zagg_run_updated_timestamp_seconds")) > asked);
    let after = (value(&done), value(&of("zagg_run_cost_usd")));
    // Another process sums the same costs in another order.
    let between = |before: f64, now: f64, after: f64| {
        assert!(before * (1.0 - 1e-9) <= now && now <= after * (1.0 + 1e-9), "{before} {now} {after}");
    };
    between(before.0, number(&status, "done"), after.0);
    between(before.1, usd(&status), after.1);
    let share = value(&of("zagg:run:progress"));
    between(before.0 / JOBS as f64, share, value(&done) / JOBS as f64);
    let kept = prometheus.history(&format!("{done}[10m]"));
    let times = prometheus.history(&format!("{}[10m]", of("zagg_run_eta_seconds")));
    let costs = prometheus.history(&format!("{}[10m]", of("zagg_run_cost_usd")));
    let said = crowd.watcher.looks();
    let among = |kept: &[(f64, f64)], what: &dyn Fn(&Value) -> Option<f64>| {
        let said: BTreeSet<u64> = said.iter().filter_map(what).map(f64::to_bits).collect();
        assert!(kept.len() > 5 && kept.iter().all(|(_, value)| said.contains(&value.to_bits())), "{kept:?} {said:?}");
    };
    among(&kept, &|look| look["done"].as_f64());
    among(&times, &|look| look["eta_seconds"].as_f64());
    among(&costs, &|look| Some(usd(look)));
    assert_eta(prometheus, crowd, &of("zagg:run:eta_seconds"));
}

/// The rule's time left is what is left, by the slope of what is done: of the very figures that the watcher said.
/// And it is near to what `zagg status` says: both are averages over the run so far, one by least squares, the
/// other over the run's age. They are the same for a steady run, and differ while the first jobs are on their way:
/// by less than a factor of three.
fn assert_eta(prometheus: &Prometheus, crowd: &Crowd, rule: &str) {
    let cells = |state| format!(r#"zagg_run_cells{{run_id="{}",state="{state}"}}[5m]"#, crowd.run);
    let told = prometheus.history(&format!("{rule}[5m]"));
    let (done, left) = (prometheus.history(&cells("done")), prometheus.history(&cells("left")));
    let said = prometheus.history(&format!(r#"zagg_run_eta_seconds{{run_id="{}"}}[5m]"#, crowd.run));
    assert!(told.len() > 5, "{told:?}");
    for (at, told) in &told {
        let until = |history: &[(f64, f64)]| history.iter().filter(|(time, _)| time <= at).count();
        let count = until(&done).min(until(&left));
        // A scrape that was under way when the rule was looked at bears an earlier time.
        let fits = [count, count - 1].into_iter().any(|count| {
            let expected = left[count - 1].1 / slope(&done[..count]);
            (told / expected - 1.0).abs() < 1e-6
        });
        assert!(fits, "{told} at {at}: {done:?} {left:?}");
    }
    let (at, told) = told.last().unwrap();
    let (_, said) = said.iter().rfind(|(time, _)| time <= at).unwrap();
    println!("time left: {told:.1} s by the rule, {said:.1} s as zagg status says");
    assert!(told / said < 3.0 && said / told < 3.0, "{told} {said}");
}

/// The slope of the line through `points` by least squares, in units per second.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (time, value) = (mean(&|point| point.0), mean(&|point| point.1));
    let product = mean(&|point| (point.0 - time) * (point.1 - value));
    product / mean(&|point| (point.0 - time).powi(2))
}

fn seconds_now() -> f64 {
    Utc::now().timestamp_micros() as f64 / 1e6
}

/// Slow machines lose leases; nothing is wrong with the run.
fn assert_nothing_critical_fires(prometheus: &Prometheus) {
    let firing = prometheus.query(r#"ALERTS{namespace="crowd",alertstate="firing",severity="critical"}"#);
    assert_eq!(firing, []);
}

/// What the fleet did, counted by its workers, by the watcher and by the store.
fn assert_the_end_was_seen(prometheus: &Prometheus, crowd: &Crowd) {
    assert_eq!(crowd.at.fleet.marked(), JOBS);
    let last =
        |metric: &str| prometheus.value(&format!(r#"max(last_over_time({metric}{{run_id="{}"}}[10m]))"#, crowd.run));
    assert_eq!(last("zagg_run_over"), Some(1.0));
    let done = format!(r#"last_over_time(zagg_run_cells{{run_id="{}",state="done"}}[10m])"#, crowd.run);
    assert_eq!(prometheus.value(&done), Some(JOBS as f64));
    let last_look = crowd.watcher.looks().last().map(usd);
    assert_eq!(last("zagg_run_cost_usd").map(f64::to_bits), last_look.map(f64::to_bits));
}
