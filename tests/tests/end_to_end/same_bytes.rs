//! The same granules and the same pipeline give the same bytes.

use std::path::Path;

use zagg_tests::kit::objects::{assert_same, marks, of_folder, without_plans};
use zagg_tests::kit::{Job, job};

use crate::places;

#[test]
fn settings_never_change_a_byte() {
    let job = Job::new();
    let settings: [&[&str]; 5] = [
        &[],
        &["--workers", "1", "--cache-mb", "0", "--granules-in-flight", "1"],
        &["--workers", "2", "--cache-mb", "1", "--granules-in-flight", "8"],
        &["--workers", "4", "--cache-mb", "64", "--granules-in-flight", "1", "--requests-in-flight", "1"],
        &["--workers", "4", "--cache-mb", "0", "--granules-in-flight", "8", "--requests-in-flight", "64"],
    ];
    let stores = settings.map(|flags| {
        let store = job.store(&format!("{}.zarr", flags.concat()));
        let ended = job.must_run(&store, flags);
        assert_eq!(ended.shards("done"), job.map.shards().len() as u64);
        of_folder(Path::new(&store))
    });
    assert!(marks(&stores[0]).len() >= 6, "the sample has shards: {:?}", marks(&stores[0]));
    for store in &stores[1..] {
        assert_same(&stores[0], store);
    }
}

#[test]
fn files_s3_and_http_give_the_same_bytes() {
    places::upload("doors");
    let web = places::web();
    let mut job = Job::reading(|granule| {
        vec![
            ("file".to_owned(), granule.file.display().to_string()),
            ("s3".to_owned(), format!("s3://doors/{}", places::name(granule))),
            ("https".to_owned(), format!("http://{}/{}", web.address(), places::name(granule))),
        ]
    });
    places::use_s3(&mut job);
    let [file, s3, https] = ["file", "s3", "https"].map(|driver| {
        let store = job.store(&format!("{driver}.zarr"));
        job.must_run(&store, &["--driver", driver]);
        without_plans(of_folder(Path::new(&store)))
    });
    assert_same(&file, &s3);
    assert_same(&file, &https);
}

#[test]
fn running_again_changes_nothing_and_reads_nothing() {
    let job = Job::new();
    let store = job.store("store.zarr");
    let first = job.must_run(&store, &[]);
    let before = of_folder(Path::new(&store));
    let again = job.must_run(&store, &[]);
    assert_same(&before, &of_folder(Path::new(&store)));
    assert_eq!((again.shards("skipped"), again.shards("done")), (first.shards("chosen"), 0));
    assert_eq!((again.read("requests"), again.read("bytes"), again.read("granules")), (0, 0, 0));
    assert!(first.read("requests") > 0 && first.read("bytes") > 0);
    assert!(again.out.contains(&format!("{} skipped", first.shards("chosen"))), "{}", again.out);
}

#[test]
fn the_points_that_were_made_are_the_points_that_are_counted() {
    let job = Job::new();
    let ended = job.must_run(&job.store("store.zarr"), &[]);
    let made: usize = job::granules().iter().map(|granule| granule.points().count()).sum();
    let good: usize = job::granules()
        .iter()
        .flat_map(|granule| &granule.beams)
        .map(|beam| beam.quality.iter().filter(|quality| **quality == 0).count())
        .sum();
    assert_eq!(ended.read("points_in_shard"), made as u64, "the shard map covers every point once");
    assert_eq!(ended.read("points_kept"), good as u64);
    let verified = job.verify(&job.store("store.zarr")).expect(0);
    assert_eq!(verified.report["points"], good as u64);
}

#[test]
fn a_missing_beam_is_counted_and_is_no_error() {
    let job = Job::new();
    let ended = job.must_run(&job.store("store.zarr"), &["--cache-mb", "0"]);
    let (granule, _) = job::MISSING_BEAM;
    assert_eq!(ended.read("groups_absent"), job.shards_of(granule).len() as u64);
    assert!(ended.out.contains("beams absent"), "{}", ended.out);
}
