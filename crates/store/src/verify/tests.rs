use super::*;
use crate::{
    clear::clear_shard,
    consolidate::consolidate,
    encode::encode_shard,
    sample::Sample,
    template::{OverwriteChoice, cast},
    testing::store,
    write::write_shard,
};

async fn filled(store: &Store, sample: &Sample, shards: std::ops::Range<u64>) {
    cast(store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    for index in shards {
        let shard = sample.shard(index).unwrap();
        let encoded = encode_shard(&sample.layout, &shard, &sample.columns(index, 2)).unwrap();
        write_shard(store, &encoded).await.unwrap();
        mark::create(store, &Mark::data(&shard, sample.inputs("a"), &encoded, 10, 128)).await.unwrap();
    }
}

#[tokio::test]
async fn a_store_that_is_whole_is_sound() {
    for sample in
        [Sample::healpix().unwrap(), Sample::healpix_inner(true).unwrap(), Sample::rectilinear(None, false).unwrap()]
    {
        let (_folder, store) = store();
        filled(&store, &sample, 0..4).await;
        mark::create(&store, &Mark::empty(&sample.shard(5).unwrap(), sample.inputs("a"))).await.unwrap();
        consolidate(&store).await.unwrap();
        let mut seen = 0;
        let report = verify(&store, |marks| seen = marks).await.unwrap();
        assert!(report.sound() && report.unmarked.count == 0, "{report:?}");
        assert_eq!((seen, report.marks, report.empty, report.points, report.cells), (5, 5, 1, 40, 512));
        assert_eq!(report.objects, 4 * sample.layout.written().count() as u64);
        let again = verify(&store, |_| {}).await.unwrap();
        assert_eq!(again, report);
    }
}

#[tokio::test]
async fn what_is_missing_changed_or_unmarked_is_named() {
    let (_folder, store) = store();
    let sample = Sample::healpix().unwrap();
    filled(&store, &sample, 0..6).await;
    store.delete("6/h_mean/c/1").await.unwrap();
    store.put("6/h_sum/c/2", "rubbish".into()).await.unwrap();
    mark::delete(&store, &sample.shard(3).unwrap().label).await.unwrap();
    let key = mark::mark_key(&sample.shard(4).unwrap().label).unwrap();
    store.put(&key, "{".into()).await.unwrap();
    let report = verify(&store, |_| {}).await.unwrap();
    assert!(!report.sound());
    assert_eq!(report.missing.keys, ["6/h_mean/c/1"]);
    assert_eq!(report.changed.keys, ["6/h_sum/c/2"]);
    assert_eq!(report.bad_marks.count, 1, "{report:?}");
    // The shards whose marks were deleted or damaged, seven arrays each.
    assert_eq!(report.unmarked.count, 14);
    clear_shard(&store, &sample.layout, &sample.shard(3).unwrap()).await.unwrap();
    assert_eq!(verify(&store, |_| {}).await.unwrap().unmarked.count, 7);
}

#[tokio::test]
async fn an_object_marked_as_it_is_but_no_chunk_is_undecodable() {
    let (_folder, store) = store();
    let sample = Sample::healpix().unwrap();
    filled(&store, &sample, 0..1).await;
    let shard = sample.shard(1).unwrap();
    let mut encoded = encode_shard(&sample.layout, &shard, &sample.columns(1, 2)).unwrap();
    encoded.objects[0].bytes = "rubbish".into();
    encoded.objects[0].sha256 = Digest::of(b"rubbish");
    write_shard(&store, &encoded).await.unwrap();
    mark::create(&store, &Mark::data(&shard, sample.inputs("a"), &encoded, 10, 128)).await.unwrap();
    let report = verify(&store, |_| {}).await.unwrap();
    assert_eq!(report.undecodable.keys, ["6/count/c/1"]);
    assert!(!report.sound());
}

#[tokio::test]
async fn a_consolidated_copy_that_is_out_of_date_is_told() {
    let (_folder, store) = store();
    let sample = Sample::healpix().unwrap();
    filled(&store, &sample, 0..1).await;
    consolidate(&store).await.unwrap();
    let sound = verify(&store, |_| {}).await.unwrap();
    let text = String::from_utf8(store.get("6/count/zarr.json").await.unwrap().to_vec()).unwrap();
    store.put("6/count/zarr.json", text.replace("points", "photons").into()).await.unwrap();
    let report = verify(&store, |_| {}).await.unwrap();
    assert_eq!(report.metadata, ["the consolidated copy of 6/count/zarr.json is out of date"]);
    assert_ne!(report.template, sound.template);
}
