//! The chart's workers as pods: what Helm renders, played by `podman`.

use std::time::Duration;

use serde_json::{Value, json};
use zagg_tests::kit::fleet::until;
use zagg_tests::kit::guard::free_address;
use zagg_tests::kit::{Kind, MiniStack, python, workspace};

use super::{Contained, TERM};

/// A pod of the chart's workers. It is removed with the engine.
struct Pod<'a> {
    contained: &'a Contained,
    release: &'static str,
    /// Seconds that the kubelet would give it to end.
    grace: u64,
}

impl<'a> Pod<'a> {
    /// Installs the chart for the fleet, as far as `podman` can.
    fn play(contained: &'a Contained, release: &'static str, grace: u64) -> Self {
        let rendered = python::script(
            "pod.py",
            &[
                &workspace().join("k8s/zagg").display().to_string(),
                release,
                &values(contained, release, grace).to_string(),
            ],
        );
        let engine = &contained.engine;
        let work = &contained.fleet.job.work;
        let keys = |name: &str| {
            let of_server = MiniStack::environment("").into_iter().find(|(key, _)| *key == name);
            base64(&of_server.unwrap_or_else(|| panic!("no {name}")).1)
        };
        let secret = json!({
            "AWS_ACCESS_KEY_ID": keys("AWS_ACCESS_KEY_ID"),
            "AWS_SECRET_ACCESS_KEY": keys("AWS_SECRET_ACCESS_KEY"),
        });
        let secret = work.write("secret.json", secret.to_string()).display().to_string();
        _ = engine.said(&["secret", "create", release, &secret]);
        let objects = work.write("pod.yaml", rendered["objects"].as_str().unwrap()).display().to_string();
        _ = engine.said(&["kube", "play", &objects]);
        Self { contained, release, grace: rendered["grace"][0].as_u64().unwrap() }
    }

    fn name(&self) -> String {
        format!("{}-zagg-standard-pod-0", self.release)
    }

    fn worker(&self) -> String {
        format!("{}-worker", self.name())
    }

    /// Stops the pod as the kubelet does; the worker's exit code.
    fn stop(&self) -> i64 {
        let engine = &self.contained.engine;
        _ = engine.said(&["pod", "stop", "--time", &self.grace.to_string(), &self.name()]);
        engine.inspect(&["--type", "container", &self.worker()])["State"]["ExitCode"].as_i64().unwrap()
    }

    fn logs(&self) -> String {
        let output = self.contained.engine.command().args(["logs", &self.worker()]).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }
}

impl Drop for Pod<'_> {
    fn drop(&mut self) {
        let mut command = self.contained.engine.command();
        // The engine's guard removes what stays.
        drop(command.args(["pod", "rm", "--force", "--time", "0", &self.name()]).output());
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn values(contained: &Contained, secret: &str, grace: u64) -> Value {
    let url = url::Url::parse(&contained.fleet.queue()).unwrap();
    let listen = free_address();
    json!({
        "image": {"registry": "localhost", "tag": "test", "pullPolicy": "Never"},
        "queue": {"kind": "redis", "host": url.host_str(), "port": url.port(), "name": "fleet"},
        "aws": {"region": "us-east-1", "credentials": {"secret": secret}},
        "store": {"endpoint": contained.store.url(), "allowHttp": true},
        "metrics": {"address": listen.ip().to_string(), "port": listen.port()},
        "worker": {
            "replicas": 1, "slots": 2, "grace": grace, "wait": 1, "term": 120, "retryWait": 0.5,
            "granulesInFlight": 1, "cacheMb": 0,
            "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        },
    })
}

#[test]
#[ignore = "needs podman"]
fn the_charts_pod_does_jobs_as_nobody_and_drains_inside_its_grace_period() {
    let contained = Contained::new(Kind::Redis);
    let pod = Pod::play(&contained, "draining", 100);
    contained.wait_for_reading();
    let worker = contained.engine.inspect(&["--type", "container", &pod.worker()]);
    assert_eq!(worker["Config"]["User"], "65532:65532");
    assert_eq!(worker["HostConfig"]["ReadonlyRootfs"], true);
    assert_eq!(worker["EffectiveCaps"], Value::Null);
    // The memory that it guards is the limit of its control group.
    until("the limit is known", || pod.logs().contains("memory is guarded"));
    assert!(pod.logs().contains(r#""limit":1073741824"#), "{}", pod.logs());
    until("a shard is marked", || contained.fleet.marked() > 0);
    assert_eq!(pod.stop(), 0, "{}", pod.logs());
    let done = pod.logs().lines().filter(|line| line.contains(r#""target":"zagg::job""#)).count();
    assert!(done >= 1 && done == contained.fleet.marked(), "{}", pod.logs());
    contained.far.set_latency(Duration::ZERO);
    contained.fleet.drain();
    contained.fleet.assert_whole();
}

#[test]
#[ignore = "needs podman"]
fn the_charts_pod_puts_back_uncounted_what_does_not_fit_its_grace_period() {
    let contained = Contained::new(Kind::Redis);
    let pod = Pod::play(&contained, "putting-back", 1);
    contained.wait_for_reading();
    contained.far.set_latency(Duration::from_secs(20));
    assert_eq!(pod.stop(), 0, "{}", pod.logs());
    contained.far.set_latency(Duration::ZERO);
    let mut next = contained.fleet.worker(&["--until-empty", "--term", TERM]);
    assert!(next.wait().success(), "{}", next.said());
    let jobs = next.jobs();
    assert!(!jobs.is_empty() && jobs.iter().all(|job| job["attempt"] == 1), "{}", next.said());
    contained.fleet.assert_whole();
}
