//! What the rendered pods would run, run: the containers' commands, arguments and environment with the built programs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use zagg_tests::kit::fleet::until;
use zagg_tests::kit::guard::free_address;
use zagg_tests::kit::http::request;
use zagg_tests::kit::objects::{assert_same, results_of_folder};
use zagg_tests::kit::{Job, RedisServer, python, zagg_bin};

/// The objects of a render.
fn objects(values: &Value) -> Vec<Value> {
    python::script("chart_sets.py", &[&values.to_string()]).as_array().unwrap().clone()
}

fn of_kind<'a>(all: &'a [Value], kind: &str) -> Vec<&'a Value> {
    all.iter().filter(|each| each["kind"] == kind).collect()
}

/// A container as a program of this machine: its environment from ConfigMaps and values, and nothing else.
fn program(all: &[Value], container: &Value) -> Command {
    let mut environment = BTreeMap::new();
    for source in container["envFrom"].as_array().into_iter().flatten() {
        let name = &source["configMapRef"]["name"];
        let map = of_kind(all, "ConfigMap").into_iter().find(|each| each["metadata"]["name"] == *name);
        let data = map.unwrap()["data"].as_object().unwrap();
        environment.extend(data.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())));
    }
    for variable in container["env"].as_array().into_iter().flatten() {
        let (name, value) = (variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap());
        environment.insert(name.to_owned(), value.to_owned());
    }
    let path = container["command"][0].as_str().unwrap_or("/zagg-worker");
    let mut command = Command::new(zagg_bin::program(path.trim_start_matches('/')));
    command.env_clear().envs(environment).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.args(container["args"].as_array().into_iter().flatten().filter_map(Value::as_str));
    command
}

/// A job and the values with which the chart runs it, its metrics at `address`.
fn values(job: &Job, server: &RedisServer, address: SocketAddr) -> Value {
    let folder = job.work.root().display().to_string();
    json!({
        "queue": {"kind": "redis", "host": server.address().ip().to_string(), "port": server.address().port()},
        "metrics": {"address": address.ip().to_string(), "port": address.port()},
        "worker": {"slots": 2, "wait": 1, "extraArgs": ["--until-empty"]},
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "zagg-data"}}],
        "volumeMounts": [{"name": "data", "mountPath": folder}],
        "run": {
            "enabled": true,
            "store": job.store("store.zarr"),
            "pipeline": {"file": format!("{folder}/atl06.yaml")},
            "shardMap": {"file": format!("{folder}/shardmap.json")},
            "driver": "file",
            "wait": true,
            "maxUsd": 5,
        },
    })
}

#[test]
fn the_commands_of_the_rendered_pods_do_a_whole_run() {
    let (job, server) = (Job::new(), RedisServer::start());
    let (at_worker, at_run) = (free_address(), free_address());
    let rendered = objects(&values(&job, &server, at_run));
    let spec = &of_kind(&rendered, "Job")[0]["spec"]["template"]["spec"];
    // The pod sends everything before anything looks at the run.
    let sent = program(&rendered, &spec["initContainers"][0]).output().unwrap();
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let containers = spec["containers"].as_array().unwrap();
    assert_eq!(containers.iter().filter_map(|each| each["name"].as_str()).collect::<Vec<_>>(), ["watch", "mind"]);
    let beside: Vec<_> = containers.iter().map(|each| program(&rendered, each).spawn().unwrap()).collect();
    until("the run is to be seen", || {
        let (_, body) = request(at_run, "GET", "/metrics", b"").unwrap_or_default();
        String::from_utf8_lossy(&body).contains("zagg_run_cells")
    });
    let workers = objects(&values(&job, &server, at_worker));
    let deployment = of_kind(&workers, "Deployment")[0];
    let done = program(&workers, &deployment["spec"]["template"]["spec"]["containers"][0]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
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
