//! A soak: many small jobs, many slots, a worker killed every few seconds. Says what came of it, and
//! fails unless every job is accounted for and the store is what an undisturbed run gives.
//!
//! ```text
//! cargo run --release -p zagg-tests --example soak -- redis 10000 1700
//! ```
//!
//! `embedded`, `redis`, `rabbitmq` or `sqs`; jobs; slots over all workers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Map;
use zagg_core::grid::{HealpixGrid, Position};
use zagg_core::shard_map::ShardMap;
use zagg_sample::shard_map;
use zagg_tests::kit::{Fleet, Job, Kind, Proxy, Web, Worker, job, web::Answer};

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
    let far = Far::new();
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

/// Granules far away.
struct Far {
    proxy: Proxy,
    _web: Web,
}

impl Far {
    fn new() -> Self {
        let web = Web::new();
        for granule in job::granules() {
            web.set(&format!("/{}.h5", granule.id), Answer::File(granule.file.clone()));
        }
        let proxy = Proxy::before(web.address());
        proxy.set_latency(LATENCY);
        Self { proxy, _web: web }
    }

    /// A job of so many small shards: those that the granules touch, and as many beside them as it takes.
    fn job(&self, jobs: usize) -> Job {
        let job = Job::new();
        let pipeline = job::pipeline_text().replace("parent_order: 7", "parent_order: 9");
        let grid = job::grid_of(&pipeline);
        let hrefs = |granule: &zagg_sample::SampleGranule| {
            vec![
                ("https".to_owned(), format!("{}/{}.h5", self.proxy.url(), granule.id)),
                ("file".to_owned(), granule.file.display().to_string()),
            ]
        };
        let map = shard_map(job::granules(), &grid, hrefs).expect("a shard map");
        job.work.write("atl06.yaml", pipeline);
        job.write_map(&widened(&map, &grid, jobs));
        job
    }
}

/// The same map with so many shards: the ones beside those that the granules touch list the same granules.
fn widened(map: &ShardMap, grid: &HealpixGrid, jobs: usize) -> ShardMap {
    let mut shards = map.shards().to_vec();
    let mut keys: BTreeSet<u64> = shards.iter().map(|shard| shard.key).collect();
    let (mut at, mut step, touched) = (0, 1, shards.len());
    while shards.len() < jobs {
        let mut shard = shards[at % touched].clone();
        let Position::Nested(nested) = grid.shard(shard.key).expect("a shard of the grid").position else {
            panic!("a HEALPix grid has nested shards");
        };
        shard.key = grid.nested_shard(nested + step).expect("a shard beside it").key;
        if keys.insert(shard.key) {
            shards.push(shard);
        }
        at += 1;
        if at % touched == 0 {
            step += 1;
        }
    }
    shards.truncate(jobs);
    let (signature, granules) = (map.signature().clone(), map.granules().to_vec());
    ShardMap::new(Map::new(), signature, granules, shards).expect("a wider shard map")
}
