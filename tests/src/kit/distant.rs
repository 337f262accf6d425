//! Many small jobs whose granules are far away.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Map;
use zagg_core::grid::{HealpixGrid, Position};
use zagg_core::shard_map::ShardMap;
use zagg_sample::{SampleGranule, shard_map};

use super::{Job, Proxy, Web, job, web::Answer};

/// The shared granules on a web server behind a proxy: `--driver https` reads there, `--driver file` the
/// same beside it.
#[derive(Debug)]
pub struct Distant {
    /// What is between.
    pub proxy: Proxy,
    /// Where they are.
    pub web: Web,
}

impl Distant {
    /// Every request takes `latency`.
    #[must_use]
    pub fn new(latency: Duration) -> Self {
        let web = Web::new();
        let proxy = Proxy::before(web.address());
        proxy.set_latency(latency);
        let distant = Self { proxy, web };
        distant.mend();
        distant
    }

    /// Every granule can be read.
    pub fn mend(&self) {
        for granule in job::granules() {
            self.web.set(&path(granule), Answer::File(granule.file.clone()));
        }
    }

    /// From now on the granule of this number is answered so.
    pub fn answer(&self, granule: usize, answer: Answer) {
        self.web.set(&path(job::granules().get(granule).expect("a granule")), answer);
    }

    /// A job of so many small shards: those that the granules touch, and as many beside them as it takes.
    #[must_use]
    pub fn job(&self, jobs: usize) -> Job {
        let job = Job::new();
        let pipeline = job::pipeline_text().replace("parent_order: 7", "parent_order: 9");
        let grid = job::grid_of(&pipeline);
        let hrefs = |granule: &SampleGranule| {
            vec![
                ("https".to_owned(), format!("{}{}", self.proxy.url(), path(granule))),
                ("file".to_owned(), granule.file.display().to_string()),
            ]
        };
        let map = shard_map(job::granules(), &grid, hrefs).expect("a shard map");
        job.work.write("atl06.yaml", pipeline);
        job.write_map(&widened(&map, &grid, jobs));
        job
    }
}

fn path(granule: &SampleGranule) -> String {
    format!("/{}.h5", granule.id)
}

/// The same map with so many shards: the ones beside those that the granules touch list the same granules.
fn widened(map: &ShardMap, grid: &HealpixGrid, jobs: usize) -> ShardMap {
    let mut shards = map.shards().to_vec();
    let mut keys: BTreeSet<u64> = shards.iter().map(|shard| shard.key).collect();
    let (mut at, mut step, touched) = (0, 1, shards.len());
    while shards.len() < jobs {
        let mut shard = shards.get(at % touched).expect("granules touch shards").clone();
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
