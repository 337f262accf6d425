use std::time::Duration;

use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::{ObjectStoreExt, PutPayload};
use zagg_core::fault::Fault;

use super::*;
use crate::source::settings::RetrySettings;
use crate::source::test_server::{Answer, Server};

const RULE: Coalescing = Coalescing { gap: 16, max: 1 << 20 };

fn bytes() -> Vec<u8> {
    (0..5000u32).map(|i| (i % 251) as u8).collect()
}

async fn check_reading(store: Arc<dyn ObjectStore>) {
    let key = Path::parse("a/b.h5").unwrap();
    store.put(&key, PutPayload::from(bytes())).await.unwrap();
    let source = ObjectSource::new("s3://bucket/a/b.h5".into(), Arc::clone(&store), key, RULE);
    let head = source.head(1000).await.unwrap();
    assert_eq!((head.bytes.as_ref(), head.length), (&bytes()[..1000], 5000));
    assert_eq!(source.head(1 << 20).await.unwrap().bytes.len(), 5000);
    let got = source.ranges(&[4990..5000, 0..3, 10..12]).await.unwrap();
    assert_eq!((got[0].as_ref(), got[1].as_ref()), (&bytes()[4990..], &bytes()[..3]));
    assert_eq!(source.fetch(4990..5001).await.unwrap_err().fault(), Fault::Malformed);
    let missing = ObjectSource::new("s3://bucket/c".into(), store, Path::parse("c").unwrap(), RULE);
    assert_eq!(missing.head(10).await.unwrap_err().fault(), Fault::Missing);
}

#[tokio::test]
async fn objects_in_memory_are_read_by_ranges() {
    check_reading(Arc::new(InMemory::new())).await;
}

#[tokio::test]
async fn objects_in_a_folder_are_read_by_ranges() {
    let folder = tempfile::tempdir().unwrap();
    check_reading(Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap())).await;
}

fn settings(endpoint: &str) -> SourceSettings {
    SourceSettings {
        s3: S3Settings {
            endpoint: Some(endpoint.to_owned()),
            access_key_id: Some("id".into()),
            secret_access_key: Some(Secret::new("the-secret")),
            session_token: Some(Secret::new("the-token")),
            ..S3Settings::default()
        },
        retry: RetrySettings { tries: 3, base: Duration::from_millis(1), cap: Duration::from_millis(2) },
        ..SourceSettings::default()
    }
}

fn s3(settings: &SourceSettings, key: &str) -> ObjectSource {
    let store = bucket("bucket", settings).unwrap();
    ObjectSource::new(format!("s3://bucket/{key}"), store, Path::parse(key).unwrap(), RULE)
}

fn refusal(status: u16, code: &str) -> Answer {
    Answer::new(status).body(format!("<Error><Code>{code}</Code></Error>").as_bytes())
}

#[tokio::test]
async fn answers_of_s3_become_faults_by_status_and_code() {
    let server = Server::start(|asked, _| match asked.path.rsplit('/').next().unwrap_or_default() {
        "denied" => refusal(403, "AccessDenied"),
        "expired" => refusal(400, "ExpiredToken"),
        "slow" => refusal(503, "SlowDown"),
        "broken" => refusal(500, "InternalError"),
        "elsewhere" => refusal(400, "IllegalLocationConstraint").header("x-amz-bucket-region", "eu-north-1"),
        "gone" => refusal(404, "NoSuchKey"),
        _ => asked.part_of(&bytes()).header("last-modified", "Tue, 15 Nov 1994 12:45:26 GMT").header("etag", "\"e\""),
    });
    let settings = settings(&server.url);
    assert_eq!(s3(&settings, "x.h5").fetch(5..9).await.unwrap().as_ref(), &bytes()[5..9]);
    let mut faults = Vec::new();
    for key in ["denied", "expired", "slow", "broken", "elsewhere", "gone"] {
        let error = s3(&settings, key).fetch(0..4).await.unwrap_err();
        assert!(key != "expired" || error.to_string().contains("400 ExpiredToken"), "{error}");
        assert!(key != "elsewhere" || error.to_string().contains("eu-north-1"), "{error}");
        assert!(!format!("{error:?}").contains("the-"), "{error:?}");
        faults.push(error.fault());
    }
    let throttled = Fault::Throttled { after: None };
    let first = [Fault::Denied, Fault::Denied, throttled, Fault::Transient, Fault::Malformed, Fault::Missing];
    assert_eq!(faults, first);
    let slow = server.asked().iter().filter(|asked| asked.path.ends_with("/slow")).count();
    assert_eq!(slow, 3);
    assert!(server.asked().iter().all(|asked| asked.headers.contains_key("authorization")));
}

#[tokio::test]
async fn anonymous_requests_are_not_signed() {
    let server = Server::start(|asked, _| {
        asked.part_of(&bytes()).header("last-modified", "Tue, 15 Nov 1994 12:45:26 GMT").header("etag", "\"e\"")
    });
    let mut settings = settings(&server.url);
    settings.s3.anonymous = true;
    assert_eq!(s3(&settings, "x.h5").head(10).await.unwrap().length, 5000);
    assert!(server.asked().iter().all(|asked| !asked.headers.contains_key("authorization")));
}

#[test]
fn an_endpoint_without_tls_is_for_this_machine_unless_allowed() {
    let mut settings = settings("http://minio.example.com:9000");
    assert!(matches!(bucket("b", &settings), Err(SourceError::BadHref { .. })));
    settings.s3.allow_http = true;
    assert!(bucket("b", &settings).is_ok());
    settings.s3.endpoint = Some("localhost".into());
    assert!(bucket("b", &settings).is_err());
}

#[tokio::test]
async fn nobody_listening_is_transient() {
    let error = s3(&settings("http://127.0.0.1:1"), "x.h5").fetch(0..4).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Transient, "{error:?}");
}
