//! The conformance suite on a local folder.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests
use zagg_store::{Location, Store, StoreSettings};

async fn fresh() -> Store {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
    let path = folder.join("a folder with spaces/store.zarr");
    let settings = StoreSettings { volatile: true, ..StoreSettings::default() };
    Store::open(&Location::parse(path.to_str().unwrap()).unwrap(), &settings).unwrap()
}

zagg_store::store_conformance!(fresh);
