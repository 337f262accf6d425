//! A small fleet with what the large one lacks: a store on S3, granules in an archive's bucket whose
//! credentials end, one granule that is cut short, and a queue of any kind.

use std::time::Duration;

use chrono::{DateTime, Utc};
use zagg_tests::kit::fleet::until;
use zagg_tests::kit::http::request;
use zagg_tests::kit::proxy::Hold;
use zagg_tests::kit::web::Answer;
use zagg_tests::kit::{Fleet, Job, Kind, MiniStack, Prometheus, Proxy, Web, job};

use crate::watched::{Scraped, Watcher};

/// Earthdata Login, and the archive that gives credentials.
struct Archive {
    login: Web,
    keys: Web,
}

/// The fleet, at work.
pub(crate) struct Small {
    pub(crate) fleet: Fleet,
    pub(crate) watcher: Watcher,
    /// What is between it and S3.
    pub(crate) proxy: Proxy,
    workers: Vec<Scraped>,
    _archive: Archive,
}

impl Small {
    /// Starts it on `queue`, scraped with the label `namespace`; its credentials end at `end`, and its workers are told
    /// `more`. One shard's mark is held back, so that the run stays: until five puts, and the waits between them, are over.
    pub(crate) fn start(
        prometheus: &Prometheus,
        namespace: &str,
        queue: Option<&str>,
        end: DateTime<Utc>,
        more: &[&str],
    ) -> Self {
        let proxy = Proxy::before(MiniStack::shared().address());
        let bucket = format!("archive-{namespace}");
        let (mut job, archive) = job(&bucket, end);
        upload(&bucket);
        let stays = last_shard_of_a_whole_granule(&job);
        job.set("ZAGG_EARTHDATA_URL", &format!("http://{}", archive.login.address()));
        job.set("ZAGG_EARTHDATA_PROVIDER", &format!("{bucket}=http://{}/keys", archive.keys.address()));
        job.set("EARTHDATA_USERNAME", "me");
        job.set("EARTHDATA_PASSWORD", "open-sesame");
        let fleet = Fleet::on_s3(Kind::Embedded, job, &proxy);
        let queue = queue.map_or_else(|| fleet.queue(), str::to_owned);
        fleet.produce(&["--queue", &queue, "--driver", "s3"]).expect(0);
        proxy.hold("PUT", &format!(".zagg/marks/{stays}.json"), Hold::Request);
        let workers: Vec<Scraped> =
            (0..2).map(|_| Scraped::start(&fleet, &[&["--queue", &queue, "--slots", "2"], more].concat())).collect();
        let watcher = Watcher::start(&fleet, &queue);
        let addresses: Vec<_> = workers.iter().map(|worker| worker.address).collect();
        prometheus.scrape("zagg-worker", &[("namespace", namespace)], &addresses);
        prometheus.scrape("zagg-run", &[("namespace", namespace)], &[watcher.address]);
        Self { fleet, watcher, proxy, workers, _archive: archive }
    }

    /// How many shards list the granule that is cut short: so many jobs will be set aside.
    pub(crate) fn doomed(&self) -> usize {
        self.fleet.job.shards_of(CUT).len()
    }

    /// Lets the run come to its end, and stops the workers.
    pub(crate) fn end(mut self) {
        self.proxy.let_go();
        assert_eq!(self.watcher.wait().code(), Some(1), "a run with jobs set aside ends, and says so");
        for worker in &mut self.workers {
            worker.worker.signal("TERM");
            assert!(worker.worker.wait().success());
        }
        assert_eq!(self.fleet.marked() + self.doomed(), self.fleet.job.map.shards().len());
    }
}

/// The granule that is cut short.
const CUT: usize = 0;

fn job(bucket: &str, end: DateTime<Utc>) -> (Job, Archive) {
    let job = Job::reading(|granule| {
        let s3 = format!("s3://{bucket}/{}.h5", granule.id);
        vec![("s3".to_owned(), s3), ("file".to_owned(), granule.file.display().to_string())]
    });
    let archive = Archive { login: Web::new(), keys: Web::new() };
    let token = r#"{"access_token":"the-token","token_type":"Bearer","expiration_date":"12/31/2098"}"#;
    archive.login.set("/api/users/find_or_create_token", Answer::File(job.work.write("token.json", token)));
    let end = end.format("%Y-%m-%d %H:%M:%S+00:00");
    let keys = format!(r#"{{"accessKeyId":"A","secretAccessKey":"s","sessionToken":"t","expiration":"{end}"}}"#);
    archive.keys.set("/keys", Answer::File(job.work.write("keys.json", keys)));
    (job, archive)
}

fn upload(bucket: &str) {
    let s3 = MiniStack::shared();
    s3.create_bucket(bucket);
    for (number, granule) in job::granules().iter().enumerate() {
        let mut bytes = std::fs::read(&granule.file).unwrap();
        if number == CUT {
            bytes.truncate(bytes.len() / 2);
        }
        let (status, _) = request(s3.address(), "PUT", &format!("/{bucket}/{}.h5", granule.id), &bytes).unwrap();
        assert_eq!(status, 200);
    }
}

/// A shard that can be done.
fn last_shard_of_a_whole_granule(job: &Job) -> String {
    let doomed = job.shards_of(CUT);
    let mut whole = (1..job::granules().len()).flat_map(|granule| job.shards_of(granule));
    whole.rfind(|shard| !doomed.contains(shard)).unwrap()
}

/// Waits until nothing but the shard that is held back is left.
pub(crate) fn until_one_is_left(small: &Small) {
    until("only the shard that is held back is left", || {
        std::thread::sleep(Duration::from_millis(200));
        small.watcher.looks().last().is_some_and(|look| {
            let buried: u64 =
                look["queue"]["buried"].as_object().unwrap().values().filter_map(serde_json::Value::as_u64).sum();
            look["shards"].as_u64().unwrap() == look["done"].as_u64().unwrap() + buried + 1
        })
    });
}
