use futures::TryStreamExt as _;
use serde_json::json;

use super::*;
use crate::{encode::encode_shard, sample::Sample, testing::store};

fn mark(sample: &Sample, granules: &str) -> Mark {
    let shard = sample.shard(4).unwrap();
    let encoded = encode_shard(&sample.layout, &shard, &sample.columns(1, 2)).unwrap();
    Mark::data(&shard, sample.inputs(granules), &encoded, 500, 128)
}

#[test]
fn the_bytes_of_a_mark_do_not_depend_on_the_order_of_its_report() {
    let sample = Sample::healpix().unwrap();
    let (mut a, mut b) = (mark(&sample, "a"), mark(&sample, "a"));
    a.report.insert("points".into(), json!({"x": 1, "a": {"d": 1, "c": 2}}));
    b.report.insert("points".into(), json!({"a": {"c": 2, "d": 1}, "x": 1}));
    assert_eq!(a.bytes().unwrap(), b.bytes().unwrap());
    let text = String::from_utf8(a.bytes().unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Mark>(&text).unwrap(), a);
    assert!(text.contains("\"schema\": \"zagg-mark/1\"") && text.contains("\"outcome\": \"data\""), "{text}");
    assert!(text.contains(&format!("\"key\": {}", a.key)), "the key is a whole number, not a float");
}

#[tokio::test]
async fn a_mark_with_other_hashes_is_a_conflict_and_stays() {
    let (_folder, store) = store();
    let sample = Sample::healpix().unwrap();
    let first = mark(&sample, "a");
    assert_eq!(create(&store, &first).await.unwrap(), MarkOutcome::Created);
    let mut with_report = first.clone();
    with_report.report.insert("groups_absent".into(), json!(3));
    assert_eq!(create(&store, &with_report).await.unwrap(), MarkOutcome::Identical);
    let mut other = first.clone();
    other.objects[0].sha256 = Digest::of(b"other bytes");
    let outcome = create(&store, &other).await.unwrap();
    assert_eq!(outcome, MarkOutcome::Conflict { theirs: Box::new(first.clone()) });
    assert_eq!(find(&store, &first.shard).await.unwrap(), Some(first));
}

#[tokio::test]
async fn a_mark_of_other_granules_is_stale() {
    let (_folder, store) = store();
    let sample = Sample::healpix().unwrap();
    let ours = mark(&sample, "a");
    let asked = |granules: &str| sample.inputs(granules);
    assert_eq!(standing(&store, &ours.shard, asked("a")).await.unwrap(), Standing::Unmarked);
    create(&store, &ours).await.unwrap();
    assert_eq!(standing(&store, &ours.shard, asked("a")).await.unwrap(), Standing::Done(Box::new(ours.clone())));
    assert_eq!(standing(&store, &ours.shard, asked("b")).await.unwrap(), Standing::Stale(Box::new(ours.clone())));
    let pipeline = Inputs { pipeline: Digest::of(b"other"), ..asked("a") };
    assert!(matches!(standing(&store, &ours.shard, pipeline).await.unwrap(), Standing::Stale(_)));
    delete(&store, &ours.shard).await.unwrap();
    assert_eq!(standing(&store, &ours.shard, asked("a")).await.unwrap(), Standing::Unmarked);
}

#[tokio::test]
async fn marks_are_listed_by_label() {
    let (_folder, store) = store();
    let sample = Sample::healpix().unwrap();
    for index in 0..5 {
        create(&store, &Mark::empty(&sample.shard(index).unwrap(), sample.inputs("a"))).await.unwrap();
    }
    let mut labels: Vec<String> = list(&store).try_collect().await.unwrap();
    labels.sort();
    let mut wanted: Vec<String> = (0..5).map(|index| sample.shard(index).unwrap().label).collect();
    wanted.sort();
    assert_eq!(labels, wanted);
}

#[tokio::test]
async fn what_is_not_a_mark_is_malformed() {
    let (_folder, store) = store();
    let sample = Sample::healpix().unwrap();
    let good = Mark::empty(&sample.shard(0).unwrap(), sample.inputs("a"));
    let moved = Mark { shard: "11".to_owned(), ..good.clone() };
    let newer = Mark { schema: "zagg-mark/2".to_owned(), ..good.clone() };
    for bytes in [b"{}".to_vec(), b"".to_vec(), moved.bytes().unwrap(), newer.bytes().unwrap()] {
        store.put(&mark_key(&good.shard).unwrap(), bytes.into()).await.unwrap();
        let error = find(&store, &good.shard).await.unwrap_err();
        assert_eq!(error.fault(), zagg_core::fault::Fault::Malformed, "{error}");
    }
    assert!(mark_key("../x").is_err() && mark_key("").is_err() && mark_key("-5112223").is_ok());
}
