//! Several processes share one queue file. The other processes are this test program again, told
//! by the environment what to do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use zagg_queue::conformance::kit::{fill, job};
use zagg_queue::embedded::Embedded;
use zagg_queue::lease::Lease;
use zagg_queue::queue::{Depth, Options, Queue, Settled};

const JOBS: u32 = 2000;
const TERM: Duration = Duration::from_secs(300);
const QUEUE: &str = "ZAGG_TEST_QUEUE";
const LOG: &str = "ZAGG_TEST_LOG";
const HOLD: &str = "ZAGG_TEST_HOLD";
/// How long a job takes: long enough for all children to get some, and to be killed before the last.
const WORK: Duration = Duration::from_millis(3);
/// All children together, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(120);

/// The other process, when the environment says so; else the same with a queue of its own.
#[tokio::test]
async fn a_process_drains_the_queue_that_it_is_given() {
    if let (Some(queue), Some(log)) = (std::env::var_os(QUEUE), std::env::var_os(LOG)) {
        return work(Path::new(&queue), Path::new(&log), std::env::var_os(HOLD).is_some()).await;
    }
    let bench = Bench::filled(20).await;
    let log = bench.log(0);
    work(&bench.queue(), &log, false).await;
    assert_eq!(Log::read(&log).acked.len(), 20);
}

/// Receives and acks until nothing is left, writing down each job before and after; or, as a
/// worker that hangs, receives five and holds them for ever.
async fn work(path: &Path, log: &Path, hold: bool) {
    let mut log = File::create(log).unwrap();
    // A line at a time: a kill leaves no half of one.
    let mut note = |line: String| log.write_all(line.as_bytes()).unwrap();
    let queue: Arc<dyn Queue> =
        Arc::new(Embedded::open(path, Options { term: TERM, ..Options::default() }).await.unwrap());
    if hold {
        let mut leases = Vec::new();
        for delivery in queue.receive(5, PATIENCE).await.unwrap() {
            note(format!("got {}\n", delivery.job.id()));
            leases.push(Lease::hold(Arc::clone(&queue), delivery, TERM).unwrap());
        }
        note("holding\n".to_owned());
        return std::future::pending().await;
    }
    loop {
        for delivery in queue.receive(3, Duration::from_millis(50)).await.unwrap() {
            note(format!("got {}\n", delivery.job.id()));
            tokio::time::sleep(WORK).await;
            if queue.ack(&delivery).await.unwrap() == Settled::Done {
                note(format!("ack {}\n", delivery.job.id()));
            }
        }
        if queue.depth().await.unwrap().pending() == 0 {
            return;
        }
    }
}

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    async fn filled(count: u32) -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        let queue = Embedded::open(&bench.queue(), Options::default()).await.unwrap();
        fill(&queue, 0, count).await.unwrap();
        bench
    }

    fn queue(&self) -> PathBuf {
        self.folder.path().join("queue.db")
    }

    fn log(&self, n: usize) -> PathBuf {
        self.folder.path().join(format!("{n}.log"))
    }

    fn start(&self, n: usize, hold: bool) -> Killed {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_process_drains_the_queue_that_it_is_given", "--nocapture"]);
        command.env(QUEUE, self.queue()).env(LOG, self.log(n)).stdout(Stdio::null());
        if hold {
            command.env(HOLD, "1");
        }
        Killed(command.spawn().unwrap())
    }

    async fn depth(&self) -> Depth {
        Embedded::open(&self.queue(), Options::default()).await.unwrap().depth().await.unwrap()
    }
}

/// A child that doesn't outlive a failed test.
struct Killed(Child);

impl Killed {
    fn finishes(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                assert!(status.success(), "a worker failed: {status}");
                return;
            }
            assert!(Instant::now() < deadline, "a worker was not done within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        // Fails when it has ended by itself, which is just as well.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

struct Log {
    got: BTreeSet<String>,
    acked: Vec<String>,
    holding: bool,
}

impl Log {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        let with = |word: &str| text.lines().filter_map(|line| Some(line.strip_prefix(word)?.to_owned())).collect();
        let got: Vec<String> = with("got ");
        Self { got: got.into_iter().collect(), acked: with("ack "), holding: text.contains("holding") }
    }
}

fn wait_until(what: &str, ready: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !ready() {
        assert!(Instant::now() < deadline, "{what} did not happen within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn all_jobs() -> BTreeSet<String> {
    (0..JOBS).map(|n| job(n).id()).collect()
}

#[tokio::test]
async fn four_processes_share_the_jobs_and_do_none_twice() {
    let bench = Bench::filled(JOBS).await;
    let mut workers: Vec<Killed> = (0..4).map(|n| bench.start(n, false)).collect();
    workers.iter_mut().for_each(Killed::finishes);
    let logs: Vec<Log> = (0..4).map(|n| Log::read(&bench.log(n))).collect();
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    logs.iter().flat_map(|log| &log.acked).for_each(|id| *times.entry(id).or_default() += 1);
    assert!(times.values().all(|&n| n == 1), "a job was done twice");
    assert_eq!(logs.iter().map(|log| log.acked.len()).sum::<usize>(), JOBS as usize);
    assert_eq!(times.into_keys().map(str::to_owned).collect::<BTreeSet<_>>(), all_jobs());
    assert!(logs.iter().filter(|log| !log.acked.is_empty()).count() >= 2, "the work was shared");
    assert_eq!(bench.depth().await, Depth::default());
}

/// Two are killed with SIGKILL: one in the midst of its work, one while it holds five jobs for
/// minutes, which the others must not have to wait for.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn killed_processes_lose_nothing_and_keep_nothing() {
    let bench = Bench::filled(JOBS).await;
    let mut holder = bench.start(0, true);
    wait_until("the holding", || Log::read(&bench.log(0)).holding);
    let mut victim = bench.start(1, false);
    wait_until("some work", || Log::read(&bench.log(1)).acked.len() > 100);
    victim.0.kill().unwrap();
    holder.0.kill().unwrap();
    let start = Instant::now();
    let mut workers: Vec<Killed> = (2..4).map(|n| bench.start(n, false)).collect();
    workers.iter_mut().for_each(Killed::finishes);
    assert!(start.elapsed() < TERM / 2, "the leases of the dead were waited for");

    let logs: Vec<Log> = (0..4).map(|n| Log::read(&bench.log(n))).collect();
    let acked: Vec<&String> = logs.iter().flat_map(|log| &log.acked).collect();
    let done: BTreeSet<&String> = acked.iter().copied().collect();
    assert_eq!(acked.len(), done.len(), "a job was done twice");
    // What the victim had just acked it may not have written down.
    let unsure = logs[1].got.iter().filter(|id| !done.contains(id)).count();
    assert!(unsure <= 1, "{unsure} jobs of the victim vanished");
    let seen: BTreeSet<String> = done.iter().map(|id| (*id).clone()).chain(logs[1].got.iter().cloned()).collect();
    assert_eq!(seen, all_jobs(), "a job was lost");
    assert_eq!(logs[0].got.len(), 5);
    assert!(logs[0].got.iter().all(|id| done.contains(id)), "the holder's jobs were done by others");
    assert!(logs[1].acked.len() < JOBS as usize - 5, "the victim was killed before the end");
    assert_eq!(bench.depth().await, Depth::default());
}
