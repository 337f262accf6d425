//! Stores that are not ours are left alone, and stale shards are never mixed with new ones.

use std::path::Path;

use zagg_sample::{Oddity, SampleParameters, shard_map, write_granules};
use zagg_tests::kit::objects::{assert_same, marks, of_folder, without_plans};
use zagg_tests::kit::{Job, job};

/// Runs into a store that must be refused, and asserts that nothing in it changed.
fn assert_refused(job: &Job, store: &str, more: &[&str], words: &[&str]) {
    let before = of_folder(Path::new(store));
    let ended = job.run(store, more).expect(2);
    for word in words {
        assert!(ended.err.contains(word), "no `{word}` in: {}", ended.err);
    }
    assert_same(&before, &of_folder(Path::new(store)));
    assert_eq!(ended.out, "", "nothing was done");
}

#[test]
fn a_store_of_another_pipeline_is_refused_before_any_write() {
    let job = Job::new();
    let store = job.store("store.zarr");
    job.must_run(&store, &["--max-cells", "2"]);
    job.work.write("atl06.yaml", job::pipeline_text().replace("q: 0.25", "q: 0.2"));
    assert_refused(&job, &store, &[], &["pipeline", &store]);
}

#[test]
fn a_store_of_another_grid_is_refused_before_any_write() {
    let job = Job::new();
    let store = job.store("store.zarr");
    job.must_run(&store, &["--max-cells", "2"]);
    let other = job::pipeline_text().replace("parent_order: 7", "parent_order: 6");
    let map = shard_map(job::granules(), &job::grid_of(&other), |granule| {
        vec![("file".to_owned(), granule.file.display().to_string())]
    });
    job.work.write("atl06.yaml", other);
    job.write_map(&map.unwrap());
    assert_refused(&job, &store, &[], &[&store]);
}

#[test]
fn a_folder_of_something_else_is_refused_even_with_overwrite() {
    let job = Job::new();
    job.work.write("photos/summer.jpg", "not a chunk");
    assert_refused(&job, &job.store("photos"), &[], &["summer.jpg", "not a zagg store"]);
    assert_refused(&job, &job.store("photos"), &["--overwrite"], &["not a zagg store"]);
    job.work.write("other/zarr.json", r#"{"zarr_format": 3, "node_type": "group", "attributes": {}}"#);
    assert_refused(&job, &job.store("other"), &["--overwrite"], &["not a zagg store"]);
}

#[test]
fn a_shard_map_of_another_grid_is_refused_before_any_write() {
    let job = Job::new();
    job.work.write("atl06.yaml", job::pipeline_text().replace("child_order: 12", "child_order: 11"));
    let ended = job.run(&job.store("store.zarr"), &[]).expect(2);
    assert!(ended.err.contains("child_order is 12, expected 11"), "{}", ended.err);
    assert!(!Path::new(&job.store("store.zarr")).exists());
}

#[test]
fn a_shard_map_that_grew_is_refused_until_overwrite_recomputes_it() {
    let job = Job::new();
    let store = job.store("store.zarr");
    job.write_map(&job.map_with(|granules| granules.retain(|granule| *granule != 2)));
    let small = job.must_run(&store, &[]);
    let before = of_folder(Path::new(&store));
    job.write_map(&job.map);
    let ended = job.run(&store, &[]).expect(1);
    let stale: Vec<String> = job.shards_of(2).into_iter().filter(|label| marks(&before).contains(label)).collect();
    assert!(!stale.is_empty() && (stale.len() as u64) < small.shards("chosen"));
    assert_eq!(ended.shards("refused"), stale.len() as u64);
    for label in &stale {
        assert!(ended.out.contains(&format!("REFUSED  shard {label}: ")), "{}", ended.out);
    }
    assert!(ended.out.contains("--overwrite"), "{}", ended.out);
    let after = of_folder(Path::new(&store));
    assert!(
        before.iter().filter(|(key, _)| key.contains("/c/") || key.contains("/marks/")).all(|(k, d)| after[k] == *d)
    );
    job.must_run(&store, &["--overwrite"]);
    job.must_run(&job.store("fresh.zarr"), &[]);
    let fresh = without_plans(of_folder(Path::new(&job.store("fresh.zarr"))));
    assert_same(&fresh, &without_plans(of_folder(Path::new(&store))));
}

#[test]
fn overwriting_with_fewer_granules_leaves_nothing_of_the_others() {
    let job = Job::new();
    let (store, fresh) = (job.store("store.zarr"), job.store("fresh.zarr"));
    let full = job.must_run(&store, &[]);
    job.write_map(&job.map_with(|granules| granules.truncate(1)));
    let fewer = job.must_run(&store, &["--overwrite"]);
    assert!(fewer.read("points_kept") < full.read("points_kept"));
    job.must_run(&fresh, &[]);
    assert_same(&without_plans(of_folder(Path::new(&fresh))), &without_plans(of_folder(Path::new(&store))));
    job.verify(&store).expect(0);
}

#[test]
fn a_shard_that_became_empty_leaves_no_chunk() {
    let job = Job::with_copies();
    let (store, fresh) = (job.store("store.zarr"), job.store("fresh.zarr"));
    job.must_run(&store, &[]);
    let parameters = job::parameters();
    let bad = (0..parameters.granules).map(|number| (number, Oddity::AllBad));
    let oddities = parameters.oddities.iter().cloned().chain(bad).collect();
    write_granules(&job.work.path("granules"), &SampleParameters { oddities, ..parameters }).unwrap();
    let emptied = job.must_run(&store, &["--overwrite"]);
    assert_eq!((emptied.shards("empty"), emptied.shards("done")), (job.map.shards().len() as u64, 0));
    job.must_run(&fresh, &[]);
    assert_same(&of_folder(Path::new(&fresh)), &of_folder(Path::new(&store)));
    assert_eq!(job.verify(&store).expect(0).report["empty"], job.map.shards().len());
}
