//! Granules that are far away: how much is asked, of whom, and with what.

use std::path::Path;
use std::time::Duration;

use zagg_sample::{Layout, SampleParameters, shard_map, write_granules};
use zagg_tests::kit::objects::{assert_same, of_folder, without_plans};
use zagg_tests::kit::{Ended, Job, Proxy, Web, job, web::Answer};

use crate::places;

#[test]
fn fifty_milliseconds_per_request_change_the_time_only() {
    let web = places::web();
    let proxy = Proxy::before(web.address());
    proxy.set_latency(Duration::from_millis(50));
    let job = Job::reading(|granule| {
        vec![
            ("file".to_owned(), granule.file.display().to_string()),
            ("https".to_owned(), format!("{}/{}", proxy.url(), places::name(granule))),
        ]
    });
    let (near, far) = (job.store("near.zarr"), job.store("far.zarr"));
    // Without a cache every shard asks for itself.
    let flags = ["--cache-mb", "0"];
    let seconds = |ended: &Ended| Duration::from_secs_f64(ended.report["wall_seconds"].as_f64().unwrap());
    let without = seconds(&job.must_run(&near, &flags));
    let ended = job.must_run(&far, &[flags.as_slice(), &["--driver", "https"]].concat());
    let (wall, requests) = (seconds(&ended), ended.read("requests"));
    eprintln!("{requests} requests of 50 ms took {wall:.2?}, the local run {without:.2?}");
    assert_eq!(requests, proxy.requests(), "every request is counted");
    assert_eq!(ended.read("bytes"), proxy.bytes_down(), "and every byte");
    let one_by_one = Duration::from_millis(50 * requests);
    assert!(requests > 2 * job::granules().len() as u64, "shards ask for themselves: {requests}");
    assert!(
        wall.saturating_sub(without) < one_by_one,
        "{requests} requests one after the other: {wall:?}, {without:?}"
    );
    assert_same(&without_plans(of_folder(Path::new(&near))), &without_plans(of_folder(Path::new(&far))));
}

#[test]
fn the_token_goes_to_the_first_host_only_and_the_redirect_is_followed_once() {
    let (archive, cloud) = (Web::new(), places::web());
    for granule in job::granules() {
        let name = places::name(granule);
        archive.set(&format!("/{name}"), Answer::Redirect(format!("http://{}/{name}", cloud.address())));
    }
    let mut job = Job::reading(|granule| {
        vec![("https".to_owned(), format!("http://{}/{}", archive.address(), places::name(granule)))]
    });
    job.set("ZAGG_HTTPS_TOKEN", "our-secret-token");
    let ended = job.must_run(&job.store("store.zarr"), &["--driver", "https", "-vvv"]);
    assert_eq!(archive.log().len(), job::granules().len(), "the redirects are remembered");
    assert!(archive.log().iter().all(|asked| asked.authorization.as_deref() == Some("Bearer our-secret-token")));
    assert!(cloud.log().len() > archive.log().len());
    assert!(cloud.log().iter().all(|asked| asked.authorization.is_none()), "the token leaked to the second host");
    assert!(!ended.said().contains("our-secret-token"), "the token is in the log");
}

#[test]
fn only_ranges_are_asked_for_and_never_a_large_granule_at_once() {
    let mut job = Job::new();
    let parameters = SampleParameters {
        granules: 1,
        segments: 100_000,
        layout: Layout::Chunked(5000),
        oddities: Vec::new(),
        ..job::parameters()
    };
    let large = write_granules(&job.work.path("large"), &parameters).unwrap();
    let web = Web::new();
    web.set("/large.h5", Answer::File(large[0].file.clone()));
    let href = format!("http://{}/large.h5", web.address());
    let map = shard_map(&large, &job::grid_of(&job::pipeline_text()), |_| vec![("https".to_owned(), href.clone())]);
    job.map = map.unwrap();
    job.write_map(&job.map);
    job.must_run(&job.store("store.zarr"), &["--driver", "https", "--max-cells", "1"]);
    let log = web.log();
    assert!(log.iter().all(|asked| asked.range.is_some() && asked.status == 206), "{log:?}");
    let (read, largest) = (log.iter().map(|asked| asked.bytes).sum::<u64>(), log.iter().map(|asked| asked.bytes).max());
    eprintln!("{read} of {} bytes in {} requests, the largest of {largest:?}", large[0].bytes, log.len());
    assert!(large[0].bytes > 8 << 20, "the granule is large: {}", large[0].bytes);
    assert!(largest.is_some_and(|bytes| bytes <= 8 << 20), "{log:?}");
}
