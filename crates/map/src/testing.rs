//! Small stores for this crate's tests.

use zagg_store::{
    Location, Store, StoreSettings,
    consolidate::consolidate,
    encode::encode_shard,
    mark::{self, Mark},
    sample::Sample,
    template::{OverwriteChoice, cast},
    write::write_shard,
};

/// A store of `sample` with the shards at `indices`, in which every `every`th cell has data.
pub(crate) async fn store(sample: &Sample, indices: &[u64], every: usize) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let settings = StoreSettings { volatile: true, ..StoreSettings::default() };
    let location = Location::parse(folder.path().join("store.zarr").to_str().unwrap()).unwrap();
    let store = Store::open(&location, &settings).unwrap();
    cast(&store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    for index in indices {
        let (shard, columns) = (sample.shard(*index).unwrap(), sample.columns(*index, every));
        write_shard(&store, &encode_shard(&sample.layout, &shard, &columns).unwrap()).await.unwrap();
    }
    (folder, store)
}

/// A store of `sample` with these shards and their marks.
pub(crate) async fn filled(sample: &Sample, shards: &[u64]) -> (tempfile::TempDir, Store) {
    let (folder, store) = store(sample, &[], 1).await;
    add(&store, sample, shards).await;
    (folder, store)
}

/// Writes more shards into a store, and their marks.
pub(crate) async fn add(store: &Store, sample: &Sample, shards: &[u64]) {
    cast(store, &sample.layout, OverwriteChoice::Keep).await.unwrap();
    for index in shards {
        let (shard, columns) = (sample.shard(*index).unwrap(), sample.columns(*index, 3));
        let encoded = encode_shard(&sample.layout, &shard, &columns).unwrap();
        write_shard(store, &encoded).await.unwrap();
        mark::create(store, &Mark::data(&shard, sample.inputs("a"), &encoded, 1, 1)).await.unwrap();
    }
    consolidate(store).await.unwrap();
}
