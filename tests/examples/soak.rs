//! A soak: many small jobs, many slots, a worker killed every few seconds. Says what came of it, and
//! fails unless every job is accounted for and the store is what an undisturbed run gives.
//!
//! ```text
//! cargo run --release -p zagg-tests --example soak -- redis 10000 1700
//! ```
//!
//! `embedded`, `redis`, `rabbitmq` or `sqs`; jobs; slots over all workers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::time::{Duration, Instant};

use zagg_tests::kit::{Distant, Fleet, Kind, Worker};

/// Workers at once.
const WORKERS: usize = 8;
/// How often one of them is killed.
const KILL: Duration = Duration::from_secs(2);
/// Deliveries before a job is poison: with its hundreds of jobs in work, every worker that is killed uses
/// up one of each.
const ATTEMPTS: &str = "20";
/// How far away the granules are.
const LATENCY: Duration = Duration::from_millis(20);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let kind = match arguments.first().map(String::as_str) {
        Some("embedded") => Kind::Embedded,
        Some("redis") => Kind::Redis,
        Some("rabbitmq") => Kind::RabbitMq,
        Some("sqs") => Kind::Sqs,
        other => panic!("which queue? not {other:?}"),
    };
    let number = |at: usize, default: usize| arguments.get(at).map_or(default, |text| text.parse().expect("a number"));
    let (jobs, slots) = (number(1, 10_000), number(2, 1_700));
    let far = Distant::new(LATENCY);
    let fleet = Fleet::new(kind, far.job(jobs));
    let begun = Instant::now();
    let produced = fleet.produce(&["--driver", "https", "--max-attempts", ATTEMPTS]).expect(0);
    println!("{kind:?}: {} jobs sent in {:.1} s", produced.report["sent"]["accepted"], begun.elapsed().as_secs_f64());
    let (kills, workers) = drain(&fleet, slots);
    let seconds = begun.elapsed().as_secs_f64();
    let outcomes = |wanted: &str| -> usize {
        workers.iter().flat_map(Worker::jobs).filter(|job| job["outcome"] == wanted).count()
    };
    let (done, twice) = (outcomes("ok") + outcomes("no_data"), outcomes("skipped") + outcomes("duplicate"));
    println!(
        "{kind:?}: {jobs} jobs on {slots} slots in {seconds:.0} s, {kills} workers killed; {done} lines of jobs done, \
         {twice} of jobs seen twice, {} released",
        outcomes("released")
    );
    assert_eq!(fleet.marked(), jobs, "every shard is marked");
    fleet.assert_whole();
    println!(
        "{kind:?}: every shard is marked, nothing was set aside, nothing is left; the bytes are those of one machine"
    );
}

/// Keeps workers at work, and kills one every few seconds, until every shard is marked.
fn drain(fleet: &Fleet, slots: usize) -> (usize, Vec<Worker>) {
    let each = slots.div_ceil(WORKERS).to_string();
    let start = || fleet.worker(&["--slots", &each, "--max-attempts", ATTEMPTS]);
    let mut working: Vec<Worker> = (0..WORKERS).map(|_| start()).collect();
    let (mut ended, mut kills) = (Vec::new(), 0);
    loop {
        std::thread::sleep(KILL);
        let status = fleet.status();
        let left = status["shards"].as_u64().unwrap() - status["done"].as_u64().unwrap();
        println!("  {left} left, {}", status["queue"]);
        if left == 0 {
            break;
        }
        let mut victim = working.remove(0);
        victim.kill_9();
        kills += 1;
        ended.push(victim);
        working.push(start());
    }
    for worker in &working {
        worker.signal("TERM");
    }
    for mut worker in working {
        assert!(worker.wait().success());
        ended.push(worker);
    }
    // What the killed ones had done, but not told the queue.
    let mut last = fleet.worker(&["--until-empty", "--max-attempts", ATTEMPTS]);
    assert!(last.wait().success(), "{}", last.said());
    ended.push(last);
    (kills, ended)
}
