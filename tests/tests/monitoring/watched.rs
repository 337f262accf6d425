//! A fleet of workers that answer `/metrics`, and the watcher of its run, on a Redis of its own.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Deserializer, Value};
use zagg_tests::kit::fleet::{PATIENCE, until};
use zagg_tests::kit::guard::free_address;
use zagg_tests::kit::{Distant, Ended, Fleet, Kind, RedisServer, Relay, Worker};

/// A fleet on a Redis, whose granules are far away.
pub(crate) struct Watched {
    pub(crate) fleet: Fleet,
    pub(crate) far: Distant,
    pub(crate) redis: RedisServer,
    pub(crate) relay: Relay,
    /// The queue's address, through the relay.
    pub(crate) queue: String,
}

impl Watched {
    /// A fleet for so many jobs, whose granules are so far away.
    pub(crate) fn new(jobs: usize, latency: Duration) -> Self {
        let far = Distant::new(latency);
        // The queue of the kit's own is not used.
        let fleet = Fleet::new(Kind::Embedded, far.job(jobs));
        let redis = RedisServer::start();
        let relay = Relay::before(redis.address());
        let queue = redis.url("watched").replace(&redis.address().to_string(), &relay.address().to_string());
        Self { fleet, far, redis, relay, queue }
    }

    /// A worker that answers `/metrics`.
    pub(crate) fn worker(&self, more: &[&str]) -> Scraped {
        Scraped::start(&self.fleet, &[&["--queue", &self.queue], more].concat())
    }

    /// So many of them, which start side by side.
    pub(crate) fn workers(&self, count: usize, more: &[&str]) -> Vec<Scraped> {
        let more = [&["--queue", &self.queue, "--listen", ANY], more].concat();
        let workers: Vec<Worker> = (0..count).map(|_| self.fleet.worker(&more)).collect();
        workers.into_iter().map(Scraped::of).collect()
    }

    /// Sends the jobs.
    pub(crate) fn produce(&self, more: &[&str]) -> Ended {
        self.fleet.produce(&[&["--queue", &self.queue, "--driver", "https"], more].concat())
    }

    /// `zagg status --json`, now.
    pub(crate) fn status(&self) -> Value {
        let ended = self.fleet.zagg(&["status", &self.fleet.store, "--queue", &self.queue, "--json"]);
        assert!(ended.report.is_object(), "{}", ended.said());
        ended.report
    }

    /// `zagg dead --json`: the jobs that were set aside.
    pub(crate) fn dead(&self) -> Vec<Value> {
        self.fleet.zagg(&["dead", "--queue", &self.queue, "--json"]).report.as_array().unwrap().clone()
    }
}

/// A port that the system chooses.
const ANY: &str = "127.0.0.1:0";

/// A worker, and where it is scraped.
pub(crate) struct Scraped {
    pub(crate) worker: Worker,
    pub(crate) address: SocketAddr,
}

impl Scraped {
    /// Starts it at a port that the system chooses; its log says which.
    pub(crate) fn start(fleet: &Fleet, more: &[&str]) -> Self {
        let listen = if more.contains(&"--listen") { vec![] } else { vec!["--listen", ANY] };
        Self::of(fleet.worker(&[&listen[..], more].concat()))
    }

    fn of(worker: Worker) -> Self {
        let mut address = None;
        until("the worker listens", || {
            address = listening(&worker.said());
            address.is_some()
        });
        Self { worker, address: address.unwrap() }
    }
}

fn listening(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains("answering /metrics"))?;
    let fields: Value = serde_json::from_str(line).ok()?;
    let address = fields.get("address").or_else(|| fields["fields"].get("address"))?;
    address.as_str()?.parse().ok()
}

/// `zagg status --watch --listen`, running.
pub(crate) struct Watcher {
    child: Child,
    said: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Watcher {
    /// Watches the latest run of the fleet's store.
    pub(crate) fn start(fleet: &Fleet, queue: &str) -> Self {
        let address = free_address();
        let said = fleet.job.work.path(format!("watched-{}", address.port()));
        let listen = address.to_string();
        let mut command =
            fleet.zagg_command(&["status", &fleet.store, "--queue", queue, "--watch", "--json", "--listen", &listen]);
        command.stdout(File::create(&said).unwrap()).stderr(Stdio::null());
        Self { child: command.spawn().unwrap(), said, address }
    }

    /// Every look that it printed, one after the other.
    pub(crate) fn looks(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.said).unwrap();
        // The last may be in the writing.
        Deserializer::from_str(&text).into_iter::<Value>().map_while(Result::ok).collect()
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the watcher has not ended: {:?}", self.looks().last());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
