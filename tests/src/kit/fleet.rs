//! A fleet: one small job, a broker, a producer and workers, all of them the real programs.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::broker::{Broker, Kind};
use super::objects::{Objects, assert_same, marks, results_of_bucket, results_of_folder};
use super::{Ended, Job, MiniStack, Proxy, zagg_bin};

/// How long anything may take, on however slow a machine.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// A job, its store and its queue.
#[derive(Debug)]
pub struct Fleet {
    /// The job.
    pub job: Job,
    /// The broker.
    pub broker: Broker,
    /// Where the store is.
    pub store: String,
    workers: AtomicUsize,
}

impl Fleet {
    /// A fleet with a broker of its own, for this job, that writes to a folder.
    #[must_use]
    pub fn new(kind: Kind, mut job: Job) -> Self {
        let broker = Broker::start(kind);
        for (name, value) in broker.environment() {
            job.set(name, &value);
        }
        let store = job.store("store.zarr");
        Self { job, broker, store, workers: AtomicUsize::new(0) }
    }

    /// A fleet as [`Fleet::new`], that writes to an S3 server of this process through `proxy`.
    #[must_use]
    pub fn on_s3(kind: Kind, mut job: Job, proxy: &Proxy) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let server = MiniStack::shared();
        let bucket = server.create_bucket(&format!("fleet-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        for (name, value) in MiniStack::environment(&proxy.url()) {
            if !name.starts_with("AWS_ENDPOINT") {
                job.set(name, &value);
            }
        }
        job.set("AWS_ENDPOINT_URL_S3", &proxy.url());
        let mut fleet = Self::new(kind, job);
        fleet.store = format!("s3://{bucket}/store.zarr");
        fleet
    }

    /// The address of the fleet's queue.
    #[must_use]
    pub fn queue(&self) -> String {
        self.broker.url("fleet")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = self.job.zagg();
        let program = zagg_bin::program(name);
        // The environment and the folder are `zagg`'s; the program is another.
        let mut other = Command::new(program);
        other.env_clear().current_dir(self.job.work.root()).stdin(Stdio::null());
        other.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command = other;
        command
    }

    /// `zagg-produce` for the fleet's job, not started. Leases are short, so that lost ones come back
    /// soon.
    #[must_use]
    pub fn produce_command(&self, more: &[&str]) -> Command {
        let mut command = self.program("zagg-produce");
        command.args(["--config", "atl06.yaml", "--catalog", "shardmap.json", "--store", &self.store, "--json"]);
        command.args(["--create-queue", "--term", "6"]);
        if !more.contains(&"--queue") {
            command.args(["--queue", &self.queue()]);
        }
        if !more.contains(&"--driver") {
            command.args(["--driver", "file"]);
        }
        command.args(more);
        command
    }

    /// Runs `zagg-produce`; its report is what it printed.
    #[must_use]
    pub fn produce(&self, more: &[&str]) -> Ended {
        Ended::of_json(&self.produce_command(more).output().expect("zagg-produce starts"))
    }

    /// Any `zagg` command, not started.
    #[must_use]
    pub fn zagg_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program("zagg");
        command.args(arguments);
        command
    }

    /// Runs any `zagg` command.
    #[must_use]
    pub fn zagg(&self, arguments: &[&str]) -> Ended {
        Ended::of_json(&self.zagg_command(arguments).output().expect("zagg starts"))
    }

    /// Starts a worker.
    #[must_use]
    pub fn worker(&self, more: &[&str]) -> Worker {
        self.worker_with(&[], more)
    }

    /// Starts a worker with these variables in its environment besides the fleet's.
    #[must_use]
    pub fn worker_with(&self, environment: &[(&str, &str)], more: &[&str]) -> Worker {
        let number = self.workers.fetch_add(1, Ordering::Relaxed);
        let log = self.job.work.path(format!("worker-{number}.log"));
        let mut command = self.program("zagg-worker");
        command.args(["--wait", "1", "--log", "json"]);
        if !more.contains(&"--term") {
            command.args(["--term", "6"]);
        }
        if !more.contains(&"--retry-wait") {
            command.args(["--retry-wait", "0.5"]);
        }
        // One granule after the other and everything asked for anew, so that a job takes a while.
        command.args(["--granules-in-flight", "1", "--cache-mb", "0"]);
        if !more.contains(&"--queue") {
            command.args(["--queue", &self.queue()]);
        }
        command.args(["--name", &format!("worker-{number}")]).envs(environment.iter().copied());
        command.args(more).stdout(Stdio::null()).stderr(File::create(&log).expect("a log file"));
        Worker { child: command.spawn().expect("zagg-worker starts"), log }
    }

    /// Runs one worker until nothing is left, and asserts that it found nothing wrong.
    pub fn drain(&self) {
        let mut worker = self.worker(&["--until-empty"]);
        let status = worker.wait();
        assert!(status.success(), "{status}: {}", worker.said());
    }

    /// What the job gives undisturbed: the digests of a `zagg run` by itself.
    #[must_use]
    pub fn expected(&self) -> Objects {
        self.job.expected()
    }

    /// What the store holds now, as [`Fleet::expected`].
    #[must_use]
    pub fn results(&self) -> Objects {
        match self.store.strip_prefix("s3://").and_then(|place| place.split_once('/')) {
            Some((bucket, prefix)) => results_of_bucket(MiniStack::shared().address(), bucket, prefix),
            None => results_of_folder(Path::new(&self.store)),
        }
    }

    /// Asserts that the store holds what an undisturbed run gives, that nothing was set aside, and that
    /// nothing is left on the queue.
    pub fn assert_whole(&self) {
        assert_same(&self.expected(), &self.results());
        assert_eq!(self.dead(), [""; 0]);
        let queue = &self.status()["queue"];
        let left: u64 = ["ready", "leased", "delayed"].iter().filter_map(|state| queue[state].as_u64()).sum();
        assert_eq!(left, 0, "{queue}");
    }

    /// How many shards are marked.
    #[must_use]
    pub fn marked(&self) -> usize {
        if self.store.starts_with("s3://") {
            return marks(&self.results()).len();
        }
        // Marks alone: the rest may be in the writing.
        std::fs::read_dir(Path::new(&self.store).join(".zagg/marks")).map_or(0, Iterator::count)
    }

    /// Runs one worker until nothing is left, however it ends.
    pub fn drain_somehow(&self) -> Worker {
        let mut worker = self.worker(&["--until-empty"]);
        worker.wait();
        worker
    }

    /// The classes of the jobs that were set aside.
    #[must_use]
    pub fn dead_classes(&self) -> BTreeSet<String> {
        self.dead().iter().filter_map(|job| job["class"].as_str().map(str::to_owned)).collect()
    }

    /// Jobs that were set aside: as `zagg dead --json` prints them.
    #[must_use]
    pub fn dead(&self) -> Vec<Value> {
        let ended = self.zagg(&["dead", "--queue", &self.queue(), "--json"]);
        ended.report.as_array().cloned().unwrap_or_else(|| panic!("{}", ended.said()))
    }

    /// `zagg status --json`.
    #[must_use]
    pub fn status(&self) -> Value {
        let ended = self.zagg(&["status", &self.store, "--queue", &self.queue(), "--json"]);
        assert!(ended.report.is_object(), "{}", ended.said());
        ended.report
    }
}

/// A running worker. It is killed when it is dropped.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    log: PathBuf,
}

impl Worker {
    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.expect("kill starts").success());
    }

    /// Kills it as a machine does that loses its power.
    pub fn kill_9(&mut self) {
        self.child.kill().expect("the worker can be killed");
        self.child.wait().expect("the worker has ended");
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the worker's status") {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the worker has not ended: {}", self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Everything that it logged.
    #[must_use]
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The lines that it logged about jobs that came to an end.
    #[must_use]
    pub fn jobs(&self) -> Vec<Value> {
        let lines = self.said();
        let objects = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        objects.filter(|line| line["target"] == "zagg::job").collect()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until something is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
