//! What a producer puts on a queue, and what a worker makes of it.

use std::process::Stdio;

use serde_json::json;
use zagg_tests::kit::{Fleet, Job, Kind, fleet::until, job::Ended};

use crate::every_queue::on_every_queue;

on_every_queue! {
    a_queue_can_be_made_before_there_is_a_run
    a_fleet_gives_what_one_machine_gives
    producing_again_sends_only_what_is_not_done
    a_cancelled_run_is_dropped_and_goes_on_when_it_is_produced_again
    a_run_beyond_its_ceiling_sends_nothing
}

fn a_fleet_gives_what_one_machine_gives(kind: Kind) {
    let fleet = Fleet::new(kind, Job::new());
    let shards = fleet.job.map.shards().len();
    let produced = fleet.produce(&[]).expect(0);
    assert_eq!(produced.report["sent"]["accepted"], shards);
    let mut worker = fleet.worker(&["--until-empty"]);
    assert!(worker.wait().success(), "{}", worker.said());
    fleet.assert_whole();
    assert_eq!(worker.jobs().len(), shards, "one line per job");
    let status = fleet.status();
    assert_eq!((status["done"].as_u64(), status["done_by_run"].as_u64()), (Some(shards as u64), Some(shards as u64)));
    assert!(status["usd"]["compute"].as_f64().unwrap() > 0.0);
    assert_eq!(fleet.dead(), [""; 0]);
}

fn a_queue_can_be_made_before_there_is_a_run(kind: Kind) {
    let fleet = Fleet::new(kind, Job::new());
    let queue = fleet.queue();
    let create = ["create-queue", "--queue", &queue, "--term", "6", "--json"];
    let made = fleet.zagg(&create).expect(0).report;
    assert!(made["created"].as_array().is_some_and(|things| !things.is_empty()), "{made}");
    assert_eq!((&made["found"], &made["differences"]), (&json!([]), &json!([])));
    let again = fleet.zagg(&create).expect(0).report;
    assert_eq!((&again["created"], &again["differences"]), (&json!([]), &json!([])), "{again}");
    // Workers wait on it before anything was sent, and its term is the one that was asked for.
    fleet.drain();
    assert_eq!(fleet.produce(&[]).expect(0).report["sent"]["refused"], json!([]));
    fleet.drain();
    fleet.assert_whole();
    let nothing = fleet.zagg(&["create-queue", "--queue", &queue, "--term", "0"]);
    assert_eq!(nothing.code, Some(2), "{}", nothing.err);
}

fn producing_again_sends_only_what_is_not_done(kind: Kind) {
    let fleet = Fleet::new(kind, Job::new());
    let shards = fleet.job.map.shards().len();
    let first = fleet.produce(&["--max-cells", "2"]).expect(0);
    assert_eq!(first.report["sent"]["accepted"], 2);
    fleet.drain();
    let second = fleet.produce(&[]).expect(0);
    assert_eq!((&second.report["done"], &second.report["sent"]["accepted"]), (&2.into(), &(shards - 2).into()));
    // Nothing is done meanwhile, but a producer that goes on knows what it has sent.
    let third = fleet.produce(&["--resume"]).expect(0);
    assert_eq!((&third.report["sent_before"], &third.report["sent"]["accepted"]), (&(shards - 2).into(), &0.into()));
    fleet.drain();
    fleet.assert_whole();
}

fn a_cancelled_run_is_dropped_and_goes_on_when_it_is_produced_again(kind: Kind) {
    let fleet = Fleet::new(kind, Job::new());
    fleet.produce(&[]).expect(0);
    assert_eq!(fleet.zagg(&["cancel", &fleet.store, "--reason", "the wrong filter"]).expect(0).code, Some(0));
    fleet.drain();
    assert_eq!(fleet.marked(), 0);
    assert_eq!(fleet.status()["cancelled"], "the wrong filter");
    fleet.produce(&[]).expect(0);
    fleet.drain();
    fleet.assert_whole();
}

#[test]
fn a_cancelled_run_is_not_resumed() {
    let fleet = Fleet::new(Kind::Embedded, Job::new());
    fleet.produce(&[]).expect(0);
    fleet.zagg(&["cancel", &fleet.store, "--reason", "the wrong filter"]).expect(0);
    let refused = fleet.produce(&["--resume"]).expect(2);
    assert!(refused.err.contains("the wrong filter") && refused.err.contains("without --resume"), "{}", refused.err);
    assert_eq!(fleet.status()["cancelled"], "the wrong filter");
    fleet.drain();
    assert_eq!(fleet.marked(), 0);
}

#[test]
fn refused_shards_are_an_exit_code_of_their_own_unless_they_are_allowed() {
    let fleet = Fleet::new(Kind::Embedded, Job::new());
    fleet.job.write_map(&fleet.job.map_with(|granules| granules.retain(|granule| *granule != 2)));
    fleet.produce(&[]).expect(0);
    fleet.drain();
    fleet.job.write_map(&fleet.job.map);
    let refused = fleet.produce(&[]).expect(1);
    assert!(!refused.report["stale"].as_array().unwrap().is_empty(), "{}", refused.report);
    let allowed = fleet.produce(&["--allow-refused"]).expect(0);
    assert_eq!(allowed.report["stale"], refused.report["stale"]);
}

#[test]
fn the_estimate_is_for_where_the_workers_are() {
    let fleet = Fleet::new(Kind::Embedded, Job::new());
    let compute = |place: &str| {
        fleet.produce(&["--dry-run", "--place", place]).expect(0).report["usd"]["compute"].as_f64().unwrap()
    };
    let (lambda, container) = (compute("lambda"), compute("container"));
    assert!(lambda > 1.5 * container && container > 0.0, "{lambda} {container}");
    let usual = fleet.produce(&["--dry-run"]).expect(0).report["usd"]["compute"].as_f64().unwrap();
    assert_eq!(usual, container);
}

fn a_run_beyond_its_ceiling_sends_nothing(kind: Kind) {
    let fleet = Fleet::new(kind, Job::new());
    let refused = fleet.produce(&["--max-usd", "0.0000001"]).expect(2);
    assert!(refused.err.contains("--max-usd") && refused.err.contains("nothing was sent"), "{}", refused.err);
    fleet.drain();
    assert_eq!(fleet.marked(), 0);
}

#[test]
fn whoever_waits_or_runs_is_told_that_overviews_are_of_other_cells() {
    let fleet = Fleet::new(Kind::Embedded, Job::new());
    fleet.produce(&[]).expect(0);
    fleet.drain();
    let make_overviews = || _ = fleet.zagg(&["overviews", &fleet.store, "--json"]).expect(0);
    let forget_a_shard = || {
        let mark = std::fs::read_dir(format!("{}/.zagg/marks", fleet.store)).unwrap().next().unwrap().unwrap();
        std::fs::remove_file(mark.path()).unwrap();
    };
    let told_while_it_is_done_again = || {
        let mut command = fleet.produce_command(&["--wait"]);
        let producer = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        until("its job is sent", || fleet.status()["queue"]["ready"] == 1);
        fleet.drain();
        Ended::of_json(&producer.wait_with_output().unwrap()).expect(0).err
    };
    make_overviews();
    forget_a_shard();
    let same_cells = told_while_it_is_done_again();
    assert!(!same_cells.contains("overviews"), "{same_cells}");
    forget_a_shard();
    make_overviews();
    let other_cells = told_while_it_is_done_again();
    assert!(other_cells.contains("the overviews are of other cells"), "{other_cells}");
    forget_a_shard();
    make_overviews();
    let run =
        ["run", "--config", "atl06.yaml", "--catalog", "shardmap.json", "--driver", "file", "--store", &fleet.store];
    let other_cells = fleet.zagg(&run).expect(0).err;
    assert!(other_cells.contains("the overviews are of other cells"), "{other_cells}");
}
