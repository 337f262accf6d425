//! Stores in S3, and several processes on one store.

use std::path::Path;
use std::process::Stdio;

use zagg_tests::kit::objects::{assert_same, marks, of_bucket, of_folder, without_plans};
use zagg_tests::kit::{Ended, Job, MiniStack};

use crate::places;

fn job_on_s3(bucket: &str) -> Job {
    places::upload(bucket);
    let mut job = Job::reading(|granule| {
        vec![
            ("file".to_owned(), granule.file.display().to_string()),
            ("s3".to_owned(), format!("s3://{bucket}/{}", places::name(granule))),
        ]
    });
    places::use_s3(&mut job);
    job
}

/// Starts two runs at once and waits for both.
fn two_at_once(job: &Job, store: &str, more: &[&str]) -> [Ended; 2] {
    let started = [(); 2].map(|()| {
        let (mut command, report) = job.run_command(store, more);
        (command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(), report)
    });
    started.map(|(child, report)| Ended::new(&child.wait_with_output().unwrap(), &report).expect(0))
}

#[test]
fn a_store_in_s3_is_the_local_store_byte_by_byte() {
    let job = job_on_s3("one-store");
    let store = "s3://one-store/a/store.zarr";
    let ended = job.must_run(store, &["--driver", "s3"]);
    assert!(ended.out.contains(store), "{}", ended.out);
    let verified = job.verify(store).expect(0);
    assert_eq!(verified.report["marks"], job.map.shards().len());
    job.must_run(&job.store("local.zarr"), &[]);
    let remote = of_bucket(MiniStack::shared().address(), "one-store", "a/store.zarr");
    assert_same(&without_plans(of_folder(Path::new(&job.store("local.zarr")))), &without_plans(remote));
    let again = job.must_run(store, &["--driver", "s3"]);
    assert_eq!((again.shards("skipped"), again.read("requests")), (job.map.shards().len() as u64, 0));
    job.command(&["compare", store, &job.store("local.zarr")]).expect(0);
}

#[test]
fn two_processes_on_one_s3_store_are_harmless() {
    let job = job_on_s3("two-at-once");
    let ended = two_at_once(&job, "s3://two-at-once/store.zarr", &["--driver", "s3", "--workers", "2"]);
    let chosen = job.map.shards().len() as u64;
    for run in &ended {
        assert_eq!(run.shards("done") + run.shards("skipped"), chosen, "{}", run.out);
    }
    let done: u64 = ended.iter().map(|run| run.shards("done")).sum();
    assert_eq!(done, chosen, "each mark is created by exactly one of the two");
    let twice: u64 = ended.iter().map(|run| run.report["totals"]["duplicate"].as_u64().unwrap()).sum();
    eprintln!("{twice} of {chosen} shards were computed twice");
    let remote = of_bucket(MiniStack::shared().address(), "two-at-once", "store.zarr");
    assert_eq!(marks(&remote).len() as u64, chosen);
    job.must_run(&job.store("local.zarr"), &[]);
    assert_same(&without_plans(of_folder(Path::new(&job.store("local.zarr")))), &without_plans(remote));
    job.verify("s3://two-at-once/store.zarr").expect(0);
}

#[test]
fn two_processes_on_one_queue_share_the_work() {
    let job = Job::new();
    let (store, queue) = (job.store("shared.zarr"), format!("file:{}", job.work.path("queue.db").display()));
    let ended = two_at_once(&job, &store, &["--queue", &queue, "--workers", "1"]);
    let chosen = job.map.shards().len() as u64;
    let done: u64 = ended.iter().map(|run| run.shards("done")).sum();
    assert_eq!(done, chosen, "every shard is done exactly once");
    for run in &ended {
        assert_eq!((run.shards("left"), run.shards("done") + run.shards("skipped")), (0, chosen), "{}", run.out);
        assert_eq!(run.report["totals"]["duplicate"], 0);
    }
    job.must_run(&job.store("alone.zarr"), &[]);
    assert_same(&of_folder(Path::new(&job.store("alone.zarr"))), &of_folder(Path::new(&store)));
}

#[test]
fn two_processes_on_one_folder_with_queues_of_their_own_are_harmless() {
    let job = Job::new();
    let store = job.store("twice.zarr");
    let ended = two_at_once(&job, &store, &["--workers", "2"]);
    let done: u64 = ended.iter().map(|run| run.shards("done")).sum();
    assert_eq!(done, job.map.shards().len() as u64);
    job.must_run(&job.store("alone.zarr"), &[]);
    assert_same(&of_folder(Path::new(&job.store("alone.zarr"))), &of_folder(Path::new(&store)));
}
