//! The store's conformance suite on an S3 server of its own.
#![allow(clippy::unwrap_used)]

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use zagg_core::fault::Fault;
use zagg_store::{Credentials, Location, Store, StoreSettings};
use zagg_tests::kit::MiniStack;

static NEXT: AtomicU32 = AtomicU32::new(0);
static BUCKET: OnceLock<String> = OnceLock::new();

fn settings() -> StoreSettings {
    StoreSettings {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(MiniStack::shared().endpoint()),
        credentials: Credentials::Keys { id: "test".to_owned(), secret: "test".to_owned(), token: None },
        ..StoreSettings::default()
    }
}

async fn fresh() -> Store {
    let bucket = BUCKET.get_or_init(|| MiniStack::shared().create_bucket("conformance"));
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let location = Location::parse(&format!("s3://{bucket}/{number}")).unwrap();
    Store::open(&location, &settings()).unwrap()
}

zagg_store::store_conformance!(fresh);

#[tokio::test]
async fn a_bucket_that_is_not_there_is_missing() {
    let location = Location::parse("s3://no-such-bucket-of-zagg/x").unwrap();
    let store = Store::open(&location, &settings()).unwrap();
    let error = store.put("a", bytes::Bytes::from_static(b"x")).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Missing, "{error:?}");
}

#[tokio::test]
async fn requests_and_bytes_are_counted() {
    let store = fresh().await;
    store.put("a", bytes::Bytes::from_static(b"12345")).await.unwrap();
    store.get("a").await.unwrap();
    let usage = store.usage();
    assert_eq!((usage.puts, usage.gets, usage.bytes_out, usage.bytes_in, usage.retries), (1, 1, 5, 5, 0));
}
