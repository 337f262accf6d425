use std::{os::unix::fs::PermissionsExt as _, time::Duration};

use super::*;
use crate::testing::store;

#[test]
fn plain_http_is_for_this_machine_only() {
    let location = Location::parse("s3://bucket/x").unwrap();
    let open = |endpoint: &str, allow_http| {
        Store::open(
            &location,
            &StoreSettings {
                endpoint: Some(endpoint.to_owned()),
                allow_http,
                credentials: Credentials::Anonymous,
                ..StoreSettings::default()
            },
        )
    };
    for loopback in ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000", "https://example.org"] {
        assert!(open(loopback, false).is_ok(), "{loopback}");
    }
    let refused = open("http://example.org", false);
    assert!(matches!(refused, Err(StoreError::Settings { .. })), "{refused:?}");
    assert!(open("http://example.org", true).is_ok());
    let options = vec![("AWS_ENDPOINT_URL".to_owned(), "http://example.org".to_owned())];
    let refused = Store::open(&location, &StoreSettings { options, ..StoreSettings::default() });
    assert!(matches!(refused, Err(StoreError::Settings { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_file_where_a_folder_should_be_is_malformed() {
    let (_folder, store) = store();
    store.put("a", Bytes::from_static(b"x")).await.unwrap();
    let error = store.put("a/b", Bytes::from_static(b"x")).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Malformed, "{error:?}");
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_is_denied() {
    let (folder, store) = store();
    store.put("a/b", Bytes::from_static(b"x")).await.unwrap();
    let path = folder.path().join("store.zarr/a");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o500)).unwrap();
    let result = store.put("a/c", Bytes::from_static(b"x")).await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    // A superuser may write anywhere: then there is nothing to see.
    if let Err(error) = result {
        assert_eq!(error.fault(), Fault::Denied, "{error:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_transient() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let store = loopback(closed);
    let error = store.get("a").await.unwrap_err();
    assert_eq!(error.fault(), Fault::Transient, "{error:?}");
    assert_eq!(store.usage().retries, 1);
}

fn loopback(address: std::net::SocketAddr) -> Store {
    let settings = StoreSettings {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(format!("http://{address}")),
        credentials: Credentials::Anonymous,
        retries: Some(0),
        ..StoreSettings::default()
    };
    Store::open(&Location::parse("s3://bucket/x").unwrap(), &settings).unwrap()
}

/// Answers every request with `reply` until the test ends.
fn serve(reply: String) -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4096]);
            let _ = connection.write_all(reply.as_bytes());
        }
    });
    address
}

#[tokio::test]
async fn an_http_status_decides_the_kind_of_trouble() {
    let after = |seconds| Fault::Throttled { after: Some(Duration::from_secs(seconds)) };
    for (status, fault) in [
        ("403 Forbidden", Fault::Denied),
        ("401 Unauthorized", Fault::Denied),
        ("404 Not Found", Fault::Missing),
        ("412 Precondition Failed", Fault::Conflict),
        ("500 Internal Server Error", Fault::Transient),
        ("503 Slow Down", Fault::Throttled { after: None }),
        ("503 Slow Down\r\nretry-after: 3", after(3)),
        ("429 Too Many Requests\r\nretry-after: 40", after(40)),
    ] {
        let reply = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let store = loopback(serve(reply));
        let error = store.get("a").await.unwrap_err();
        assert_eq!(error.fault(), fault, "{error:?}");
        let error = store.put_if_absent("a", Bytes::from_static(b"x")).await;
        match fault {
            // Of a conditional write it is the answer.
            Fault::Conflict => assert_eq!(error.unwrap(), Put::Exists),
            fault => assert_eq!(error.unwrap_err().fault(), fault),
        }
    }
}

#[tokio::test]
async fn an_expired_token_is_denied_and_its_reply_stays_readable() {
    let body = "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>";
    let length = body.len();
    let reply = format!("HTTP/1.1 400 Bad Request\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    let error = loopback(serve(reply)).get("a").await.unwrap_err();
    assert_eq!(error.fault(), Fault::Denied);
    let StoreError::Request { source, .. } = &error else { panic!("{error:?}") };
    assert!(source.to_string().contains("The provided token has expired"), "{source}");
}
