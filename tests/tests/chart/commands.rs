//! What the rendered pods would run, run: the containers' commands, arguments and environment with the built programs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use zagg_tests::kit::fleet::until;
use zagg_tests::kit::guard::free_address;
use zagg_tests::kit::http::request;
use zagg_tests::kit::objects::{assert_same, results_of_folder};
use zagg_tests::kit::{Job, MiniStack, RabbitBroker, RedisServer, python, zagg_bin};

/// The objects of a render.
fn objects(values: &Value) -> Vec<Value> {
    python::script("chart_sets.py", &[&values.to_string()]).as_array().unwrap().clone()
}

fn of_kind<'a>(all: &'a [Value], kind: &str) -> Vec<&'a Value> {
    all.iter().filter(|each| each["kind"] == kind).collect()
}

/// A container as a program of this machine: its environment from ConfigMaps, Secrets and values, as the kubelet
/// makes it, and nothing else.
fn program(all: &[Value], container: &Value, secrets: &Value) -> Command {
    let mut environment = BTreeMap::new();
    for source in container["envFrom"].as_array().into_iter().flatten() {
        let name = &source["configMapRef"]["name"];
        let map = of_kind(all, "ConfigMap").into_iter().find(|each| each["metadata"]["name"] == *name);
        let data = map.unwrap()["data"].as_object().unwrap();
        environment.extend(data.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())));
    }
    for variable in container["env"].as_array().into_iter().flatten() {
        let reference = &variable["valueFrom"]["secretKeyRef"];
        let value = match (reference["name"].as_str(), reference["key"].as_str()) {
            (Some(secret), Some(key)) => secrets[secret][key].as_str().unwrap().to_owned(),
            _ => expanded(variable["value"].as_str().unwrap(), &environment),
        };
        environment.insert(variable["name"].as_str().unwrap().to_owned(), value);
    }
    let path = container["command"][0].as_str().unwrap_or("/zagg-worker");
    let mut command = Command::new(zagg_bin::program(path.trim_start_matches('/')));
    command.env_clear().envs(environment).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.args(container["args"].as_array().into_iter().flatten().filter_map(Value::as_str));
    command
}

fn names(containers: &[Value]) -> Vec<&str> {
    containers.iter().filter_map(|each| each["name"].as_str()).collect()
}

/// `$(NAME)` becomes what was set before.
fn expanded(text: &str, environment: &BTreeMap<String, String>) -> String {
    environment.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("$({name})"), value))
}

/// Values with which the chart runs a job on a broker, the metrics at `address`.
fn values(job: &Job, broker: &Value, address: SocketAddr) -> Value {
    let folder = job.work.root().display().to_string();
    let mut values = broker.clone();
    values["metrics"] = json!({"address": address.ip().to_string(), "port": address.port()});
    values["worker"] = json!({"slots": 2, "wait": 1, "extraArgs": ["--until-empty"]});
    values["classes"] = json!({"standard": {"bigger": "large"}, "large": {"enabled": true}});
    values["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "zagg-data"}}]);
    values["volumeMounts"] = json!([{"name": "data", "mountPath": folder}]);
    values["run"] = json!({
        "enabled": true,
        "store": job.store("store.zarr"),
        "pipeline": {"file": format!("{folder}/atl06.yaml")},
        "shardMap": {"file": format!("{folder}/shardmap.json")},
        "driver": "file",
        "wait": true,
        "maxUsd": 5,
    });
    values
}

/// The pods of a run and of a worker, on a broker by these values and Secrets: everything is done.
fn a_whole_run(broker: &Value, secrets: &Value) {
    let (job, at_worker, at_run) = (Job::new(), free_address(), free_address());
    // Each in a release of its own, as the page says.
    let (mut of_run, mut of_workers) = (values(&job, broker, at_run), values(&job, broker, at_worker));
    of_run["workers"] = json!({"enabled": false});
    of_run["serviceAccount"] = json!({"name": "zagg"});
    of_workers["run"] = json!({"enabled": false});
    let rendered = objects(&of_run);
    let spec = &of_kind(&rendered, "Job")[0]["spec"]["template"]["spec"];
    // The pod makes the queues and sends everything before anything looks at the run.
    let first = spec["initContainers"].as_array().unwrap();
    assert_eq!(names(first), ["queue-large", "produce"]);
    for container in first {
        let done = program(&rendered, container, secrets).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let containers = spec["containers"].as_array().unwrap();
    assert_eq!(names(containers), ["watch", "mind"]);
    let beside: Vec<_> = containers.iter().map(|each| program(&rendered, each, secrets).spawn().unwrap()).collect();
    until("the run is to be seen", || {
        let (_, body) = request(at_run, "GET", "/metrics", b"").unwrap_or_default();
        String::from_utf8_lossy(&body).contains("zagg_run_cells")
    });
    let workers = objects(&of_workers);
    let deployments = of_kind(&workers, "Deployment");
    assert_eq!(deployments.len(), 2, "standard and large");
    for deployment in deployments {
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let done = program(&workers, container, secrets).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    for mut child in beside {
        // The watch stays until its last figures were asked for.
        until("the run is over", || {
            drop(request(at_run, "GET", "/metrics", b""));
            child.try_wait().unwrap().is_some()
        });
        let ended = child.wait_with_output().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&said));
    }
    assert_same(&job.expected(), &results_of_folder(job.store("store.zarr").as_ref()));
}

/// The `queue` of a broker at `address`.
fn queue(kind: &str, address: SocketAddr) -> Value {
    let auth = json!({"secret": "broker", "userKey": "user", "passwordKey": "password"});
    json!({"queue": {"kind": kind, "host": address.ip().to_string(), "port": address.port(), "auth": auth}})
}

#[test]
fn the_commands_of_the_rendered_pods_do_a_whole_run_on_redis() {
    let server = RedisServer::with(&[], Some("p@ss/word"));
    a_whole_run(
        &queue("redis", server.address()),
        &json!({"broker": {"user": "default", "password": "p%40ss%2Fword"}}),
    );
}

#[test]
fn the_commands_of_the_rendered_pods_do_a_whole_run_on_rabbitmq() {
    let broker = RabbitBroker::start();
    a_whole_run(&queue("rabbitmq", broker.address()), &json!({"broker": {"user": "guest", "password": "guest"}}));
}

#[test]
fn the_commands_of_the_rendered_pods_do_a_whole_run_on_sqs() {
    let keys = json!({"secret": "aws", "accessKeyId": "id", "secretAccessKey": "key"});
    let values = json!({
        "queue": {"kind": "sqs", "name": "whole", "endpoint": MiniStack::shared().endpoint()},
        "aws": {"region": "us-east-1", "credentials": keys},
    });
    a_whole_run(&values, &json!({"aws": {"id": "test", "key": "test"}}));
}
