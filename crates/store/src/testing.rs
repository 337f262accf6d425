//! What the unit tests share.

use crate::{Location, Store, StoreSettings};

/// A store in a folder that lives as long as the first of the pair.
pub(crate) fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = at(&folder.path().join("store.zarr"));
    (folder, store)
}

pub(crate) fn at(path: &std::path::Path) -> Store {
    let settings = StoreSettings { volatile: true, ..StoreSettings::default() };
    Store::open(&Location::parse(path.to_str().unwrap()).unwrap(), &settings).unwrap()
}

/// The bytes of every object, by key.
pub(crate) async fn everything(store: &Store) -> std::collections::BTreeMap<String, bytes::Bytes> {
    use futures::TryStreamExt as _;
    let entries: Vec<_> = store.list("").try_collect().await.unwrap();
    let mut all = std::collections::BTreeMap::new();
    for entry in entries {
        all.insert(entry.key.clone(), store.get(&entry.key).await.unwrap());
    }
    all
}
