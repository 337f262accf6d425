//! The tasks of the ECS service, run here as the platform would run them: what the deployed task
//! definitions say, and nothing else.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use zagg_tests::kit::{
    Function, MiniStack, Stack, Workdir,
    fleet::until,
    function::{NAME, STORE, put},
    guard::free_address,
    stack::{base_template, service_template},
    zagg_bin,
};

use crate::far::Far;
use crate::scripts::path;

/// A deployed service.
struct Service {
    function: Function,
    work: Workdir,
}

impl Service {
    fn deploy(far: &Far) -> Self {
        let server = MiniStack::start();
        server.create_bucket(STORE.0);
        let shared = [("Name", NAME.to_owned()), ("StoreBucket", STORE.0.to_owned())];
        let _ = Stack::create(server.address(), "zagg-base", &base_template(), &shared);
        let mut parameters: Vec<(&str, String)> = shared.into();
        parameters.extend([
            ("Queue", NAME.to_owned()),
            ("Image", "registry.example/zagg-worker:1".to_owned()),
            ("ProducerImage", "registry.example/zagg:1".to_owned()),
            ("Slots", "2".to_owned()),
            // There from the start.
            ("Vpc", "vpc-00000001".to_owned()),
            ("Subnets", "subnet-00000001,subnet-00000002".to_owned()),
        ]);
        let _ = Stack::create(server.address(), "zagg-ecs", &service_template(), &parameters);
        Self { function: Function::standing(server, far.job()), work: Workdir::new() }
    }

    /// The containers of a deployed task definition, in their order.
    fn containers(&self, task: &str) -> Vec<Value> {
        let ask = json!({ "taskDefinition": format!("{NAME}-{task}") });
        let answer = self.function.stack.ecs("DescribeTaskDefinition", &ask);
        answer["taskDefinition"]["containerDefinitions"].as_array().unwrap().clone()
    }

    /// A container's program with its environment, and what the platform adds: credentials, and where
    /// Amazon is. `/inputs` is a folder here.
    fn command(&self, container: &Value, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.env_clear().stdin(Stdio::null()).current_dir(self.work.root());
        for variable in container["environment"].as_array().unwrap_or(&Vec::new()) {
            command.env(variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap());
        }
        for (name, value) in MiniStack::environment(&self.function.server.endpoint()) {
            if name != "AWS_REGION" {
                command.env(name, value);
            }
        }
        let inputs = self.inputs().display().to_string();
        command.args(arguments.iter().map(|argument| if *argument == "/inputs" { &inputs } else { *argument }));
        command
    }

    fn inputs(&self) -> std::path::PathBuf {
        self.work.path("inputs")
    }

    /// What `aws ecs run-task` starts: first the container that copies, then the one that produces.
    fn produce(&self, arguments: &[&str]) {
        let containers = self.containers("producer");
        let [fetch, producer] = containers.as_slice() else { panic!("{containers:?}") };
        let typed: Vec<&str> = fetch["command"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let mut command = self.command(fetch, Path::new("aws"), &typed);
        let output = command.env("PATH", path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

        assert_eq!(producer["entryPoint"], json!(["/zagg-produce"]));
        let mut command = self.command(producer, &zagg_bin::program("zagg-produce"), arguments);
        let output = command.current_dir(self.inputs()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Starts a task of the service.
    fn task(&self, name: &str) -> Task {
        let containers = self.containers("worker");
        let [worker] = containers.as_slice() else { panic!("{containers:?}") };
        let program = zagg_bin::program("zagg-worker");
        // Here others listen too, and nobody else may connect.
        let address = free_address().to_string();
        let log = self.work.path(name);
        let mut command = self.command(worker, &program, &[]);
        command.env("ZAGG_LISTEN", &address).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let mut health = self.command(worker, &program, &["--health"]);
        health.env("ZAGG_LISTEN", &address).stdout(Stdio::null()).stderr(Stdio::null());
        let grace = Duration::from_secs(worker["stopTimeout"].as_u64().unwrap());
        Task { child: command.spawn().unwrap(), health, log, grace }
    }
}

/// A running task.
struct Task {
    child: Child,
    health: Command,
    log: std::path::PathBuf,
    grace: Duration,
}

impl Task {
    /// Stops it as the platform does, which kills after the grace period.
    fn stop(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                asked.elapsed() < self.grace,
                "it would be killed: {}",
                std::fs::read_to_string(&self.log).unwrap()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_task_that_is_stopped_under_load_loses_nothing_and_the_next_one_finishes() {
    let far = Far::new(Duration::from_millis(400));
    let service = Service::deploy(&far);
    let function = &service.function;
    for name in ["atl06.yaml", "shardmap.json"] {
        let bytes = std::fs::read(function.job.work.path(name)).unwrap();
        put(&function.server, &format!("/{}/inputs/{name}", STORE.0), &bytes);
    }
    let mut first = service.task("first.log");
    until("it is healthy", || first.health.status().unwrap().success());
    let store = function.store();
    service.produce(&["--config", "atl06.yaml", "--catalog", "shardmap.json", "--store", &store, "--driver", "https"]);
    until("granules are read", || far.proxy.requests() > 2);
    assert!(first.stop().success());
    let done = function.marked().len();
    assert!(done < function.shards().len(), "it was stopped under load");
    assert_eq!(function.dead(), []);

    far.proxy.set_latency(Duration::ZERO);
    let second = service.task("second.log");
    function.until_empty();
    assert!(second.stop().success());
    function.assert_whole();
    assert_eq!((function.marked(), function.dead()), (function.shards(), Vec::new()));
}
