//! Small stores for this crate's tests.

use zagg_store::{
    Location, Store, StoreSettings,
    encode::encode_shard,
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
