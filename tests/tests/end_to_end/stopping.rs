//! Runs that are killed or stopped, and then run again.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use zagg_tests::kit::objects::{assert_same, of_folder};
use zagg_tests::kit::{Ended, Job, Proxy, Web};

use crate::places;

/// One thing after the other and everything asked for anew, so that a run takes a while.
const SLOWLY: [&str; 8] = ["--driver", "https", "--workers", "1", "--granules-in-flight", "1", "--cache-mb", "0"];

/// A job whose granules are far away.
struct Far {
    job: Job,
    proxy: Proxy,
    _web: Web,
}

impl Far {
    fn new(latency: Duration) -> Self {
        let web = places::web();
        let proxy = Proxy::before(web.address());
        proxy.set_latency(latency);
        let job =
            Job::reading(|granule| vec![("https".to_owned(), format!("{}/{}", proxy.url(), places::name(granule)))]);
        Self { job, proxy, _web: web }
    }

    fn start(&self, store: &str) -> Child {
        let (mut command, _) = self.job.run_command(store, &SLOWLY);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs until a first shard is marked, and then does `then`.
    fn stopped(&self, store: &str, then: impl FnOnce(&Self, u32)) -> Ended {
        let (mut command, report) = self.job.run_command(store, &SLOWLY);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (start, pid) = (Instant::now(), child.id());
        while marked(store) == 0 {
            assert!(start.elapsed() < Duration::from_secs(60), "no shard is done after a minute");
            std::thread::sleep(Duration::from_millis(5));
        }
        then(self, pid);
        Ended::new(&child.wait_with_output().unwrap(), &report)
    }
}

fn marked(store: &str) -> usize {
    std::fs::read_dir(Path::new(store).join(".zagg/marks")).map_or(0, Iterator::count)
}

fn interrupt(pid: u32) {
    assert!(Command::new("kill").args(["-INT", &pid.to_string()]).status().unwrap().success());
}

/// Asserts that whatever is marked is whole. A run that was killed at once may have left no store, or
/// not all of its template.
fn assert_sound(job: &Job, store: &str) {
    let verified = job.verify(store);
    if verified.code == Some(2) {
        assert!(verified.err.contains("no store"), "{}", verified.err);
        assert_eq!(marked(store), 0);
        return;
    }
    for findings in ["bad_marks", "missing", "changed", "undecodable"] {
        assert_eq!(verified.report[findings]["count"], 0, "{findings}: {}", verified.said());
    }
    let whole = verified.report["metadata"].as_array().is_some_and(Vec::is_empty);
    assert!(whole || verified.report["marks"] == 0, "marks beside half a template: {}", verified.said());
    assert_eq!(verified.report["marks"], Value::from(marked(store)));
}

/// Numbers in 0..1 (a multiplicative congruential generator, Lehmer 1951).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        self.0 as f64 / 2_147_483_647.0
    }
}

#[test]
fn kill_9_at_20_random_moments_then_resume_gives_the_same_hashes() {
    let far = Far::new(Duration::from_millis(8));
    let clean = far.job.store("clean.zarr");
    let start = Instant::now();
    far.job.must_run(&clean, &SLOWLY);
    let duration = start.elapsed();
    let expected = of_folder(Path::new(&clean));
    let (mut random, mut kills, mut marks_seen) = (Random(20_190_105), 0, 0);
    for round in 0..40 {
        let store = far.job.store(&format!("killed-{round}.zarr"));
        for share in [1.0, 0.8, 0.6, 0.4] {
            let mut child = far.start(&store);
            std::thread::sleep(duration.mul_f64(share * random.next()));
            let ended_by_itself = child.try_wait().unwrap().is_some();
            child.kill().unwrap();
            child.wait().unwrap();
            assert_sound(&far.job, &store);
            marks_seen += marked(&store);
            if ended_by_itself {
                break;
            }
            kills += 1;
        }
        far.job.must_run(&store, &SLOWLY);
        assert_same(&expected, &of_folder(Path::new(&store)));
        std::fs::remove_dir_all(&store).unwrap();
        if kills >= 20 {
            eprintln!("{kills} kills of a run of {duration:.1?}; {marks_seen} marks were there and sound");
            assert!(marks_seen > 0, "every run was killed before its first mark");
            return;
        }
    }
    panic!("only {kills} of 40 rounds could be killed");
}

#[test]
fn a_store_that_a_killed_writer_left_half_staged_is_swept() {
    let job = Job::new();
    let store = job.store("store.zarr");
    job.must_run(&store, &[]);
    let before = of_folder(Path::new(&store));
    job.work.write("store.zarr/.zagg/tmp/123456789#7", "half a chu");
    assert_eq!(job.verify(&store).expect(0).report["marks"], job.map.shards().len());
    job.must_run(&store, &[]);
    assert_same(&before, &of_folder(Path::new(&store)));
}

#[test]
fn one_interrupt_finishes_what_is_in_flight_and_the_next_run_does_the_rest() {
    let far = Far::new(Duration::from_millis(15));
    let (store, clean) = (far.job.store("stopped.zarr"), far.job.store("clean.zarr"));
    let stopped = far
        .stopped(&store, |far, pid| {
            // The rest is not done before the interrupt is heard, however fast the machine is.
            far.proxy.set_latency(Duration::from_millis(200));
            interrupt(pid);
        })
        .expect(130);
    assert!(stopped.out.contains("run it again"), "{}", stopped.out);
    assert!(stopped.err.contains("Ctrl-C again drops them"), "{}", stopped.err);
    let (done, left) = (stopped.shards("done"), stopped.shards("left"));
    assert!(done >= 1 && left >= 1 && stopped.report["interrupted"] == true, "{}", stopped.out);
    assert_eq!(done + stopped.shards("empty"), marked(&store) as u64);
    far.job.verify(&store).expect(0);
    far.proxy.set_latency(Duration::ZERO);
    let resumed = far.job.must_run(&store, &SLOWLY);
    assert_eq!((resumed.shards("skipped"), resumed.shards("done")), (done, left));
    far.job.must_run(&clean, &SLOWLY);
    assert_same(&of_folder(Path::new(&clean)), &of_folder(Path::new(&store)));
}

#[test]
fn two_interrupts_drop_what_is_in_flight_and_mark_nothing_half_done() {
    let far = Far::new(Duration::from_millis(5));
    let store = far.job.store("dropped.zarr");
    let mut waited = Duration::MAX;
    let stopped = far.stopped(&store, |far, pid| {
        // What is in flight now needs seconds, unless it is dropped.
        far.proxy.set_latency(Duration::from_secs(4));
        std::thread::sleep(Duration::from_millis(300));
        interrupt(pid);
        std::thread::sleep(Duration::from_millis(300));
        interrupt(pid);
        let second = Instant::now();
        while Command::new("kill").args(["-0", &pid.to_string()]).stderr(Stdio::null()).status().unwrap().success()
            && !is_zombie(pid)
        {
            assert!(second.elapsed() < Duration::from_secs(30), "still there half a minute after the second interrupt");
            std::thread::sleep(Duration::from_millis(10));
        }
        waited = second.elapsed();
    });
    let stopped = stopped.expect(130);
    assert!(waited < Duration::from_secs(3), "it took {waited:?} to drop");
    assert!(stopped.err.contains("are dropped"), "{}", stopped.err);
    assert_sound(&far.job, &store);
    assert_eq!(stopped.shards("done"), marked(&store) as u64);
    far.proxy.set_latency(Duration::ZERO);
    far.job.must_run(&store, &SLOWLY);
    far.job.must_run(&far.job.store("clean.zarr"), &SLOWLY);
    assert_same(&of_folder(Path::new(&far.job.store("clean.zarr"))), &of_folder(Path::new(&store)));
}

/// Whether the process has ended and only waits to be asked how.
fn is_zombie(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}
