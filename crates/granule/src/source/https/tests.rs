use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use zagg_core::fault::Fault;

use super::*;
use crate::source::settings::Secret;
use crate::source::test_server::{Answer, Asked, Server};

fn bytes() -> Vec<u8> {
    (0..5000u32).map(|i| (i % 251) as u8).collect()
}

fn settings() -> SourceSettings {
    SourceSettings {
        https_token: Some(Secret::new("the-token")),
        retry: RetrySettings { tries: 5, base: Duration::from_millis(1), cap: Duration::from_millis(5) },
        ..SourceSettings::default()
    }
}

fn source(href: &str) -> HttpsSource {
    let settings = settings();
    HttpsSource::new(href, client(&settings).unwrap(), &settings).unwrap()
}

fn has_token(asked: &Asked) -> bool {
    asked.headers.get("authorization").is_some_and(|value| value == "Bearer the-token")
}

#[tokio::test]
async fn ranges_and_the_length_come_from_one_request_each() {
    let server = Server::start(|asked, _| asked.part_of(&bytes()));
    let source = source(&format!("{}/x.h5", server.url));
    let head = source.head(1000).await.unwrap();
    assert_eq!((head.bytes.as_ref(), head.length), (&bytes()[..1000], 5000));
    assert_eq!(source.fetch(4990..5000).await.unwrap().as_ref(), &bytes()[4990..]);
    assert_eq!(source.head(1 << 20).await.unwrap().bytes.len(), 5000);
    assert_eq!(server.asked().len(), 3);
    assert!(server.asked().iter().all(has_token));
}

#[tokio::test]
async fn a_redirect_to_another_host_drops_the_token_and_is_followed_once() {
    let signed = Server::start(|asked, _| asked.part_of(&bytes()));
    let target = format!("{}/signed?Signature=abc", signed.url);
    let archive = Server::start(move |_, _| Answer::new(303).header("location", &target));
    let source = source(&format!("{}/x.h5", archive.url));
    source.head(100).await.unwrap();
    source.ranges(&[0..10, 4000..4010]).await.unwrap();
    assert_eq!(archive.asked().len(), 1);
    assert!(has_token(&archive.asked()[0]));
    let asked = signed.asked();
    assert!(asked.len() >= 2 && asked.iter().all(|asked| !asked.headers.contains_key("authorization")));
    assert!(asked.iter().all(|asked| asked.headers.contains_key("range")));
}

#[tokio::test]
async fn an_expired_signed_url_is_resolved_again() {
    let expired = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&expired);
    let signed = Server::start(move |asked, _| match asked.path.as_str() {
        "/one" if flag.load(Ordering::SeqCst) => Answer::new(403).body(b"<Code>AccessDenied</Code>"),
        _ => asked.part_of(&bytes()),
    });
    let url = signed.url.clone();
    let archive = Server::start(move |_, number| {
        let place = if number == 0 { "/one" } else { "/two" };
        Answer::new(302).header("location", &format!("{url}{place}"))
    });
    let source = source(&format!("{}/x.h5", archive.url));
    source.fetch(0..10).await.unwrap();
    expired.store(true, Ordering::SeqCst);
    assert_eq!(source.fetch(10..20).await.unwrap().as_ref(), &bytes()[10..20]);
    assert_eq!(source.fetch(20..30).await.unwrap().as_ref(), &bytes()[20..30]);
    assert_eq!(archive.asked().len(), 2);
}

#[tokio::test]
async fn a_busy_server_and_a_short_body_are_asked_again() {
    let server = Server::start(|asked, number| match number {
        0 => Answer::new(503),
        1 => Answer::new(500),
        2 => asked.part_of(&bytes()).cut_off(3),
        _ => asked.part_of(&bytes()),
    });
    let source = source(&format!("{}/x.h5", server.url));
    assert_eq!(source.fetch(7..17).await.unwrap().as_ref(), &bytes()[7..17]);
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn tries_end_and_the_fault_says_what_it_was() {
    let server = Server::start(|asked, _| match asked.path.as_str() {
        "/busy" => Answer::new(503).header("retry-after", "3600"),
        "/broken" => Answer::new(502),
        "/secret" => Answer::new(401),
        "/login" => Answer::new(200).header("content-type", "text/html; charset=utf-8").body(b"<html>"),
        "/no-ranges" => Answer::new(200).body(&bytes()),
        _ => Answer::new(404),
    });
    let mut faults = Vec::new();
    for path in ["busy", "broken", "secret", "login", "no-ranges", "gone"] {
        let error = source(&format!("{}/{path}", server.url)).fetch(0..10).await.unwrap_err();
        faults.push(error.fault());
    }
    let patience = Fault::Throttled { after: Some(Duration::from_secs(3600)) };
    let rest = [Fault::Transient, Fault::Denied, Fault::Denied, Fault::Malformed, Fault::Missing];
    assert_eq!(faults[0], patience);
    assert_eq!(faults[1..], rest);
    // An hour's patience is not waited for here, a broken server gets all its tries.
    let count = |path: &str| server.asked().iter().filter(|asked| asked.path == path).count();
    assert_eq!((count("/busy"), count("/broken"), count("/secret")), (1, 5, 1));
}

#[tokio::test]
async fn nobody_listening_is_transient_and_secrets_stay_out_of_the_message() {
    let error = source("http://127.0.0.1:1/x.h5?Signature=abc").fetch(0..10).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Transient);
    let mut text = format!("{error:?} {error}");
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(&format!("{error:?} {error}"));
        cause = error.source();
    }
    assert!(!text.contains("abc") && !text.contains("the-token"), "{text}");
}

#[tokio::test]
async fn a_redirect_without_tls_to_another_machine_is_not_followed() {
    let server = Server::start(|_, _| Answer::new(302).header("location", "http://example.com/x.h5"));
    let error = source(&format!("{}/x.h5", server.url)).fetch(0..10).await.unwrap_err();
    assert!(matches!(error, SourceError::Redirect { .. }), "{error}");
    let circle = Server::start(|_, _| Answer::new(302).header("location", "/again"));
    let error = source(&format!("{}/x.h5", circle.url)).fetch(0..10).await.unwrap_err();
    assert!(matches!(error, SourceError::Redirect { .. }), "{error}");
    assert_eq!(circle.asked().len(), MAX_REDIRECTS + 1);
}

#[tokio::test]
async fn an_object_that_changes_its_length_is_noticed() {
    let server = Server::start(|asked, number| asked.part_of(&bytes()[..if number == 0 { 5000 } else { 4000 }]));
    let mut settings = settings();
    settings.retry.tries = 1;
    let href = format!("{}/x.h5", server.url);
    let source = HttpsSource::new(&href, client(&settings).unwrap(), &settings).unwrap();
    source.fetch(0..10).await.unwrap();
    assert!(matches!(source.fetch(0..10).await, Err(SourceError::Changed { before: 5000, now: 4000, .. })));
}

#[test]
fn the_token_goes_to_the_named_hosts_only() {
    let hosts = ["earthdata.nasa.gov".to_owned()];
    let may = |href: &str| bearer::may_have_token(&Url::parse(href).unwrap(), Some(&hosts));
    assert!(may("https://earthdata.nasa.gov/x") && may("https://data.earthdata.nasa.gov/x"));
    assert!(!may("https://evilearthdata.nasa.gov/x") && !may("https://earthdata.nasa.gov.evil.com/x"));
    assert!(bearer::may_have_token(&Url::parse("https://any.org").unwrap(), None));
}

#[test]
fn names_of_hrefs_hold_no_secrets() {
    assert_eq!(redacted("https://user:pw@host/a/b.h5?Signature=s#f"), "https://host/a/b.h5");
    assert_eq!(redacted("https://host?x"), "https://host");
}
