//! The conformance suite on an S3, at the endpoint that `ZAGG_TEST_S3_ENDPOINT` names. The bucket
//! `ZAGG_TEST_S3_BUCKET` (default `zagg-test`) must exist.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests
use std::sync::atomic::{AtomicU32, Ordering};

use zagg_core::fault::Fault;
use zagg_store::{Credentials, Location, Store, StoreSettings};

static NEXT: AtomicU32 = AtomicU32::new(0);

fn settings() -> StoreSettings {
    StoreSettings {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(std::env::var("ZAGG_TEST_S3_ENDPOINT").expect("ZAGG_TEST_S3_ENDPOINT")),
        credentials: Credentials::Keys { id: "test".to_owned(), secret: "test".to_owned(), token: None },
        ..StoreSettings::default()
    }
}

async fn fresh() -> Store {
    let bucket = std::env::var("ZAGG_TEST_S3_BUCKET").unwrap_or_else(|_| "zagg-test".to_owned());
    let started = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let (process, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let location = Location::parse(&format!("s3://{bucket}/conformance/{started}-{process}-{next}")).unwrap();
    Store::open(&location, &settings()).unwrap()
}

zagg_store::store_conformance!(
    #[ignore = "needs ZAGG_TEST_S3_ENDPOINT"]
    fresh
);

#[tokio::test]
#[ignore = "needs ZAGG_TEST_S3_ENDPOINT"]
async fn a_bucket_that_is_not_there_is_missing() {
    let location = Location::parse("s3://no-such-bucket-of-zagg/x").unwrap();
    let store = Store::open(&location, &settings()).unwrap();
    let error = store.put("a", bytes::Bytes::from_static(b"x")).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Missing, "{error:?}");
}

#[tokio::test]
#[ignore = "needs ZAGG_TEST_S3_ENDPOINT"]
async fn requests_and_bytes_are_counted() {
    let store = fresh().await;
    store.put("a", bytes::Bytes::from_static(b"12345")).await.unwrap();
    store.get("a").await.unwrap();
    let usage = store.usage();
    assert_eq!((usage.puts, usage.gets, usage.bytes_out, usage.bytes_in, usage.retries), (1, 1, 5, 5, 0));
}
