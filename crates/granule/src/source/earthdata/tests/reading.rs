use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures::future::join_all;
use zagg_core::fault::Fault;

use super::*;
use crate::error::SourceError;
use crate::source::{ByteSource, S3Settings, SourceSettings, Sources};

fn bytes() -> Vec<u8> {
    (0..5000u32).map(|i| (i % 251) as u8).collect()
}

/// An S3 that takes the session of this number and later ones, and refuses others with `code`.
fn s3(oldest: &Arc<AtomicUsize>, code: &'static str) -> Server {
    let oldest = Arc::clone(oldest);
    Server::start(move |asked, _| {
        let session = asked.header("x-amz-security-token").strip_prefix("session-");
        let number: usize = session.and_then(|number| number.parse().ok()).unwrap_or(0);
        if number < oldest.load(SeqCst) {
            let status = if code == "ExpiredToken" { 400 } else { 403 };
            return Answer::new(status).body(format!("<Error><Code>{code}</Code></Error>").as_bytes());
        }
        asked.part_of(&bytes()).header("last-modified", "Tue, 15 Nov 1994 12:45:26 GMT").header("etag", "\"e\"")
    })
}

fn sources(earthdata: &Earthdata, endpoint: &str) -> Sources {
    Sources::new(SourceSettings {
        s3: S3Settings {
            endpoint: Some(endpoint.to_owned()),
            access_key_id: Some("own".into()),
            secret_access_key: Some(Secret::new("own-secret")),
            session_token: Some(Secret::new("session-99")),
            ..S3Settings::default()
        },
        retry: RetrySettings { tries: 1, base: Duration::from_millis(1), cap: Duration::from_millis(2) },
        earthdata: Some(earthdata.clone()),
        ..SourceSettings::default()
    })
}

fn open(sources: &Sources, href: &str) -> Arc<dyn ByteSource> {
    sources.open(href, &Arc::default()).unwrap()
}

#[tokio::test]
async fn granules_of_an_archive_are_read_with_its_credentials_and_others_with_their_own() {
    let clock = HeldClock::new();
    let (archive, s3) = (archive(&clock, |_| true), s3(&Arc::default(), "AccessDenied"));
    let earthdata = earthdata(settings(Login::Token(Secret::new("t")), "https://login.org", &archive.url), &clock);
    let sources = sources(&earthdata, &s3.url);
    let read = |href: &str| {
        let source = open(&sources, href);
        async move { source.fetch(5..9).await.unwrap() }
    };
    let granules = ["s3://nsidc-cumulus-prod-protected/a.h5", "s3://nsidc-cumulus-prod-public/b.h5"];
    let all = join_all(granules.into_iter().cycle().take(8).map(read)).await;
    assert!(all.iter().all(|part| part.as_ref() == &bytes()[5..9]));
    assert_eq!(archive.asked().len(), 1);
    assert!(s3.asked().iter().all(|asked| asked.header("x-amz-security-token") == "session-1"));
    read("s3://my-bucket/c.h5").await;
    let last = s3.asked().pop().unwrap();
    assert_eq!(last.header("x-amz-security-token"), "session-99");
    assert!(last.header("authorization").contains("Credential=own/"));
}

#[tokio::test]
async fn credentials_that_s3_finds_expired_are_replaced_once_for_all_requests() {
    let clock = HeldClock::new();
    let oldest = Arc::new(AtomicUsize::new(1));
    let (archive, s3) = (archive(&clock, |_| true), s3(&oldest, "ExpiredToken"));
    let earthdata = earthdata(settings(Login::Token(Secret::new("t")), "https://login.org", &archive.url), &clock);
    let source = open(&sources(&earthdata, &s3.url), "s3://nsidc-cumulus-x/a.h5");
    source.fetch(0..9).await.unwrap();
    clock.advance(5);
    oldest.store(2, SeqCst);
    let parts = join_all((0..20u64).map(|i| source.fetch(100 * i..100 * i + 9))).await;
    assert!(parts.into_iter().all(|part| part.is_ok()));
    assert_eq!(archive.asked().len(), 2);
    // If even new ones are over, it is an error and no storm.
    oldest.store(9, SeqCst);
    let errors = join_all((0..20u64).map(|i| source.fetch(100 * i..100 * i + 9))).await;
    assert!(errors.into_iter().all(|error| error.unwrap_err().fault() == Fault::Denied));
    assert_eq!(archive.asked().len(), 2);
}

#[tokio::test]
async fn access_that_new_credentials_do_not_open_is_denied_with_the_reason_and_costs_one_fetch_a_minute() {
    let clock = HeldClock::new();
    let oldest = Arc::new(AtomicUsize::new(9));
    let (archive, s3) = (archive(&clock, |_| true), s3(&oldest, "AccessDenied"));
    let earthdata = earthdata(settings(Login::Token(Secret::new("t")), "https://login.org", &archive.url), &clock);
    let source = open(&sources(&earthdata, &s3.url), "s3://nsidc-cumulus-x/a.h5");
    for minutes in [0, 5] {
        clock.advance(minutes);
        for _ in 0..10 {
            let error = source.fetch(0..9).await.unwrap_err();
            assert!(matches!(&error, SourceError::Denied { answer, .. } if answer.contains("us-west-2")), "{error}");
        }
    }
    assert_eq!(archive.asked().len(), 2);
}

#[tokio::test]
async fn without_credentials_the_error_is_that_of_earthdata_and_s3_is_not_asked() {
    let clock = HeldClock::new();
    let (archive, s3) = (Server::start(|_, _| Answer::new(503)), s3(&Arc::default(), "AccessDenied"));
    let earthdata = earthdata(settings(Login::Token(Secret::new("t")), "https://login.org", &archive.url), &clock);
    let error = open(&sources(&earthdata, &s3.url), "s3://nsidc-cumulus-x/a.h5").head(10).await.unwrap_err();
    assert!(matches!(&error, SourceError::Earthdata { source, .. } if source.fault() == Fault::Transient), "{error}");
    assert_eq!((error.fault(), s3.asked().len()), (Fault::Transient, 0));
}

#[tokio::test]
async fn https_granules_are_read_with_the_token_which_is_replaced_when_it_is_refused() {
    let clock = HeldClock::new();
    let oldest = Arc::new(AtomicUsize::new(1));
    let accepted = Arc::clone(&oldest);
    let host = Server::start(move |asked: &Asked, _| {
        let number = asked.header("authorization").strip_prefix("Bearer token-").and_then(|number| number.parse().ok());
        match number.is_some_and(|number: usize| number >= accepted.load(SeqCst)) {
            true => asked.part_of(&bytes()),
            false => Answer::new(401),
        }
    });
    let login = login_server();
    let earthdata = earthdata(settings(password(), &login.url, "https://archive.org"), &clock);
    let source = open(&sources(&earthdata, "https://s3.org"), &format!("{}/a.h5", host.url));
    assert_eq!(source.fetch(5..9).await.unwrap().as_ref(), &bytes()[5..9]);
    clock.advance(5);
    oldest.store(2, SeqCst);
    let parts = join_all((0..10u64).map(|i| source.fetch(100 * i..100 * i + 9))).await;
    assert!(parts.into_iter().all(|part| part.is_ok()));
    assert_eq!(login.asked().len(), 2);
    oldest.store(9, SeqCst);
    assert_eq!(source.fetch(5..9).await.unwrap_err().fault(), Fault::Denied);
    assert_eq!(login.asked().len(), 2);
}

#[tokio::test]
async fn the_token_of_earthdata_goes_to_its_hosts_only() {
    let clock = HeldClock::new();
    let host = Server::start(|asked, _| asked.part_of(&bytes()));
    let login = login_server();
    let mut settings = settings(password(), &login.url, "https://archive.org");
    settings.token_hosts = vec!["nasa.gov".to_owned()];
    let earthdata = earthdata(settings, &clock);
    open(&sources(&earthdata, "https://s3.org"), &format!("{}/a.h5", host.url)).fetch(5..9).await.unwrap();
    assert_eq!(host.asked()[0].header("authorization"), "-");
    assert_eq!(login.asked().len(), 0);
}
