//! What a fleet tells of itself: metrics that the real checker accepts, readiness, one log line per job,
//! and what `zagg status` serves.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use zagg_tests::kit::fleet::until;
use zagg_tests::kit::guard::free_address;
use zagg_tests::kit::proxy::Hold;
use zagg_tests::kit::{Fleet, Job, Kind, http};

use crate::far::Far;

fn get(address: SocketAddr, path: &str) -> (u16, String) {
    match http::request(address, "GET", path, b"") {
        Ok((status, body)) => (status, String::from_utf8(body).unwrap()),
        Err(_) => (0, String::new()),
    }
}

/// Asserts that Prometheus's own checker finds nothing wrong.
fn assert_accepted(metrics: &str) {
    let mut checker = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    checker.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = checker.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{metrics}", String::from_utf8_lossy(&output.stderr));
}

fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    assert!(line.is_some(), "no {series} in\n{metrics}");
    line.unwrap().parse().unwrap()
}

#[test]
fn a_worker_tells_what_it_did_and_whether_it_takes_jobs() {
    let far = Far::new(Duration::ZERO);
    let fleet = far.produced(Kind::Embedded);
    let shards = fleet.job.map.shards().len();
    let address = free_address();
    let mut worker = fleet.worker(&["--listen", &address.to_string(), "--grace", "60", "--term", "120"]);
    until("the worker is ready", || get(address, "/readyz").0 == 200);
    assert_eq!(get(address, "/livez").0, 200);
    // A job ends after its mark was put: when it is told.
    until("every job has ended", || worker.jobs().len() == shards);
    assert_eq!(fleet.marked(), shards);
    let metrics = get(address, "/metrics").1;
    assert_accepted(&metrics);
    assert_eq!(value(&metrics, r#"zagg_cells_total{outcome="ok"}"#), shards as f64);
    assert_eq!(value(&metrics, r#"zagg_commit_total{result="created"}"#), shards as f64);
    assert_eq!(value(&metrics, r#"zagg_messages_total{op="ack",result="ok"}"#), shards as f64);
    assert_eq!(value(&metrics, "zagg_cell_duration_seconds_count"), shards as f64);
    assert!(value(&metrics, r#"zagg_s3_request_seconds_count{op="source"}"#) > 0.0);
    assert!(value(&metrics, r#"zagg_cost_usd_total{component="compute"}"#) > 0.0);
    assert!(value(&metrics, "zagg_obs_read_total") >= value(&metrics, "zagg_obs_kept_total"));
    worker.signal("TERM");
    assert!(worker.wait().success());
    assert_eq!(worker.jobs().len(), shards);
}

#[test]
fn a_draining_worker_is_not_ready() {
    let far = Far::slow();
    let fleet = far.produced(Kind::Embedded);
    let address = free_address();
    let mut worker = fleet.worker(&["--listen", &address.to_string(), "--grace", "60", "--slots", "1"]);
    far.wait_for_reading();
    far.proxy.hold("GET", ".h5", Hold::Request);
    until("a request is held back", || far.proxy.held() > 0);
    worker.signal("TERM");
    until("the worker is draining", || get(address, "/readyz") == (503, "draining\n".to_owned()));
    assert_eq!(value(&get(address, "/metrics").1, "zagg_draining"), 1.0);
    far.proxy.let_go();
    assert!(worker.wait().success());
}

#[test]
fn a_watched_run_is_served_for_prometheus() {
    let fleet = Fleet::new(Kind::Embedded, Job::new());
    let produced = fleet.produce(&[]).expect(0);
    let run = produced.report["run"].as_str().unwrap().to_owned();
    let address = free_address();
    let mut watcher = fleet
        .zagg_command(&["status", &fleet.store, "--queue", &fleet.queue(), "--watch", "--listen", &address.to_string()])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("the run is served", || get(address, "/metrics").1.contains("zagg_run_cells"));
    let metrics = get(address, "/metrics").1;
    assert_accepted(&metrics);
    let shards = fleet.job.map.shards().len() as f64;
    assert_eq!(value(&metrics, &format!(r#"zagg_run_cells{{run_id="{run}",state="left"}}"#)), shards);
    fleet.drain();
    assert!(watcher.wait().unwrap().success(), "a watcher ends with its run");
}
