use futures::future::join_all;
use zagg_core::fault::Fault;

use super::*;

#[tokio::test]
async fn many_slots_share_one_token_and_one_fetch() {
    let clock = HeldClock::new();
    let (login, archive) = (login_server(), archive(&clock, |token| token == "token-1"));
    let earthdata = earthdata(settings(password(), &login.url, &archive.url), &clock);
    assert_eq!(earthdata.expires_at(), None);
    let slots: Vec<Earthdata> = (0..40).map(|_| earthdata.clone()).collect();
    let ids = join_all(slots.iter().map(key)).await;
    assert!(ids.into_iter().all(|id| id.unwrap() == "id-1"));
    assert_eq!((login.asked().len(), archive.asked().len()), (1, 1));
    assert_eq!(earthdata.report().totals(), (2, 0));
    assert_eq!(earthdata.expires_at(), Some(clock.now() + Duration::from_secs(3600)));
}

#[tokio::test]
async fn credentials_are_renewed_ten_minutes_early_and_the_token_with_them_only_near_its_end() {
    let clock = HeldClock::new();
    let (login, archive) = (login_server(), archive(&clock, |_| true));
    let earthdata = earthdata(settings(password(), &login.url, &archive.url), &clock);
    assert_eq!(key(&earthdata).await.unwrap(), "id-1");
    clock.advance(47);
    assert_eq!(key(&earthdata).await.unwrap(), "id-1");
    clock.advance(4);
    assert_eq!(key(&earthdata).await.unwrap(), "id-2");
    assert_eq!(login.asked().len(), 1);
    // The token's day is 2026-04-20; it is 2026-03-01 until here.
    clock.advance(60 * 24 * 50);
    assert_eq!(key(&earthdata).await.unwrap(), "id-3");
    assert_eq!(login.asked().len(), 2);
    assert_eq!(archive.asked()[2].header("authorization"), "Bearer token-2");
}

#[tokio::test]
async fn while_the_archive_is_down_there_is_one_probe_and_one_error() {
    let clock = HeldClock::new();
    let (login, archive) = (login_server(), Server::start(|_, _| Answer::new(503)));
    let earthdata = earthdata(settings(password(), &login.url, &archive.url), &clock);
    let errors = join_all((0..30).map(|_| key(&earthdata))).await;
    assert!(errors.iter().all(|error| error.as_ref().unwrap_err().fault() == Fault::Transient));
    assert!(key(&earthdata).await.is_err());
    assert_eq!(archive.asked().len(), 1);
    let (_, nsidc) = &earthdata.report().providers[0];
    assert_eq!((nsidc.fetches, nsidc.failures), (1, 1));
    assert!(nsidc.trouble.as_ref().is_some_and(|trouble| trouble.until > clock.now()));
    assert_eq!(earthdata.outage().unwrap().error.fault(), Fault::Transient);
    clock.advance(1);
    assert!(earthdata.outage().is_none(), "it is worth another probe");
    assert!(key(&earthdata).await.is_err());
    assert_eq!((login.asked().len(), archive.asked().len()), (1, 2));
}

#[tokio::test]
async fn what_is_valid_stays_in_use_while_earthdata_is_down() {
    let clock = HeldClock::new();
    let other = Arc::clone(&clock);
    let archive = Server::start(move |_, number| if number == 0 { keys(1, &other) } else { Answer::new(500) });
    let earthdata = earthdata(settings(Login::Token(Secret::new("t")), "https://login.org", &archive.url), &clock);
    assert_eq!(key(&earthdata).await.unwrap(), "id-1");
    clock.advance(51);
    for _ in 0..10 {
        assert_eq!(key(&earthdata).await.unwrap(), "id-1");
    }
    assert!(earthdata.outage().is_none());
    assert_eq!(archive.asked().len(), 2);
    clock.advance(10);
    assert_eq!(key(&earthdata).await.unwrap_err().fault(), Fault::Transient);
}

#[tokio::test]
async fn a_fetch_is_repeated_before_it_counts_as_failed() {
    let clock = HeldClock::new();
    let other = Arc::clone(&clock);
    let archive = Server::start(move |_, number| if number < 2 { Answer::new(502) } else { keys(1, &other) });
    let mut settings = settings(Login::Token(Secret::new("t")), "https://login.org", &archive.url);
    settings.retry.tries = 3;
    let earthdata = earthdata(settings, &clock);
    assert_eq!(key(&earthdata).await.unwrap(), "id-1");
    assert_eq!(earthdata.report().providers[0].1.failures, 0);
}

#[tokio::test]
async fn a_token_that_was_revoked_is_replaced_once() {
    let clock = HeldClock::new();
    let (login, archive) = (login_server(), archive(&clock, |token| token != "token-1"));
    let earthdata = earthdata(settings(password(), &login.url, &archive.url), &clock);
    // A token of this very minute would not be replaced.
    earthdata.bearer().await.unwrap();
    clock.advance(2);
    assert_eq!(key(&earthdata).await.unwrap(), "id-2");
    assert_eq!((login.asked().len(), archive.asked().len()), (2, 2));
}

#[tokio::test]
async fn a_token_that_is_known_to_have_expired_is_not_sent() {
    let clock = HeldClock::new();
    let archive = archive(&clock, |_| true);
    let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(r#"{"exp":1772366399}"#);
    let token = Login::Token(Secret::from(format!("e30.{claims}.c2ln")));
    let earthdata = earthdata(settings(token, "https://login.org", &archive.url), &clock);
    let error = key(&earthdata).await.unwrap_err();
    assert!(matches!(error, EarthdataError::TokenExpired { .. }), "{error}");
    assert!(error.to_string().contains("https://login.org"), "{error}");
    assert_eq!((error.fault(), archive.asked().len()), (Fault::Denied, 0));
}

#[tokio::test]
async fn every_answer_has_its_fault() {
    let clock = HeldClock::new();
    let faults = [
        (Answer::new(401), Fault::Denied),
        (Answer::new(403), Fault::Denied),
        (Answer::new(404), Fault::Denied),
        (Answer::new(429).header("retry-after", "7"), Fault::Throttled { after: Some(Duration::from_secs(7)) }),
        (Answer::new(500), Fault::Transient),
        (Answer::new(408), Fault::Transient),
        (json("{}"), Fault::Transient),
        (json("{}").cut_off(1), Fault::Transient),
        (Answer::new(200).body(&[b' '; 100_000]), Fault::Transient),
        (Answer::new(200).header("content-type", "text/html").body(b"<html>"), Fault::Denied),
        (Answer::new(302), Fault::Denied),
        (Answer::new(302).header("location", "http://example.com/"), Fault::Denied),
        (Answer::new(302).header("location", "/round"), Fault::Denied),
    ];
    for (answer, fault) in faults {
        let archive = Server::start({
            let answer = answer.clone();
            move |_, _| answer.clone()
        });
        let earthdata = earthdata(settings(Login::Token(Secret::new("t")), "https://login.org", &archive.url), &clock);
        assert_eq!(key(&earthdata).await.unwrap_err().fault(), fault, "{answer:?}");
    }
    let nobody = settings(Login::Token(Secret::new("t")), "https://login.org", "http://127.0.0.1:1");
    assert_eq!(key(&earthdata(nobody, &clock)).await.unwrap_err().fault(), Fault::Transient);
}

#[tokio::test]
async fn a_check_tells_what_opens_and_what_does_not() {
    let clock = HeldClock::new();
    let (login, archive, shut) = (login_server(), archive(&clock, |_| true), Server::start(|_, _| Answer::new(403)));
    let mut settings = settings(password(), &login.url, &archive.url);
    settings.providers.push(Provider::new("LPDAAC", &["lp-prod-"], &format!("{}/s3credentials", shut.url)));
    let check = earthdata(settings, &clock).check(|_| true).await;
    assert_eq!((check.login, check.token.is_ok(), check.is_all_well()), ("password", true, false));
    let opens: Vec<_> = check.providers.iter().map(|one| (one.name.as_str(), one.credentials.is_ok())).collect();
    assert_eq!(opens, [("NSIDC", true), ("LPDAAC", false)]);
    let error = check.providers[1].credentials.as_ref().unwrap_err().to_string();
    assert!(error.contains("EULA"), "{error}");
}

#[test]
fn a_bucket_belongs_to_the_provider_that_names_most_of_it() {
    let mut settings = EarthdataSettings::new(password());
    settings.providers.push(Provider::new("OTHER", &["nsidc-cumulus-test"], "https://other.org/s3credentials"));
    let earthdata = Earthdata::new(settings).unwrap();
    let name = |bucket: &str| earthdata.for_bucket(bucket).map(|credentials| credentials.name.to_string());
    assert_eq!(name("nsidc-cumulus-prod-protected").as_deref(), Some("NSIDC"));
    assert_eq!(name("nsidc-cumulus-test-1").as_deref(), Some("OTHER"));
    assert_eq!(name("lp-prod-protected").as_deref(), Some("LPDAAC"));
    assert_eq!(name("gesdisc-cumulus-prod-protected").as_deref(), Some("GES_DISC"));
    assert_eq!((name("my-bucket"), name("nsidc")), (None, None));
}
