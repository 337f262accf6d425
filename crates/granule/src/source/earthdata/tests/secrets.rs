use std::error::Error;
use std::path::Path;

use zagg_core::fault::Fault;

use super::*;

/// Everything that an error would ever print.
fn whole(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn a_wrong_password_names_the_remedy_and_shows_no_secret() {
    let clock = HeldClock::new();
    let (login, archive) = (login_server(), archive(&clock, |_| true));
    let wrong = Login::Password { user: "me".into(), password: Secret::new("close-sesame") };
    let earthdata = earthdata(settings(wrong, &login.url, &archive.url), &clock);
    let error = key(&earthdata).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Denied);
    assert!(error.to_string().contains("check the user name and the password"), "{error}");
    assert!(!whole(&error).contains("sesame"), "{}", whole(&error));
    assert_eq!((login.asked().len(), archive.asked().len()), (1, 0));
    // An account would be locked if each slot tried.
    assert!(key(&earthdata).await.is_err());
    assert_eq!(login.asked().len(), 1);
}

#[tokio::test]
async fn a_redirect_to_another_host_does_not_get_the_token() {
    let clock = HeldClock::new();
    let other = Arc::clone(&clock);
    let elsewhere = Server::start(move |_, _| keys(7, &other));
    let place = format!("{}/s3credentials?code=signed-secret", elsewhere.url);
    let archive = Server::start(move |asked, _| match asked.path.as_str() {
        "/s3credentials" => Answer::new(302).header("location", "/here"),
        _ => Answer::new(307).header("location", &place),
    });
    let token = Login::Token(Secret::new("the-token"));
    let earthdata = earthdata(settings(token, "https://login.org", &archive.url), &clock);
    assert_eq!(key(&earthdata).await.unwrap(), "id-7");
    assert!(archive.asked().iter().all(|asked| asked.header("authorization") == "Bearer the-token"));
    assert_eq!((archive.asked().len(), elsewhere.asked().len()), (2, 1));
    assert_eq!(elsewhere.asked()[0].header("authorization"), "-");
}

#[tokio::test]
async fn a_redirect_to_the_login_means_that_the_token_is_not_accepted() {
    let clock = HeldClock::new();
    let login = Server::start(|_, _| Answer::new(200));
    let place = format!("{}/oauth/authorize?client_id=x", login.url);
    let archive = Server::start(move |_, _| Answer::new(302).header("location", &place));
    let earthdata = earthdata(settings(Login::Token(Secret::new("t")), &login.url, &archive.url), &clock);
    let error = key(&earthdata).await.unwrap_err();
    assert!(matches!(&error, EarthdataError::Denied { answer, .. } if answer.contains("log in")), "{error}");
    assert_eq!(login.asked().len(), 0);
}

#[tokio::test]
async fn a_password_is_not_redirected() {
    let clock = HeldClock::new();
    let thief = Server::start(|_, _| json(r#"{"access_token":"x"}"#));
    let place = thief.url.clone();
    let login = Server::start(move |_, _| Answer::new(307).header("location", &place));
    let earthdata = earthdata(settings(password(), &login.url, "https://archive.org"), &clock);
    assert_eq!(key(&earthdata).await.unwrap_err().fault(), Fault::Denied);
    assert_eq!(thief.asked().len(), 0);
}

#[tokio::test]
async fn the_login_of_a_netrc_file_is_used() {
    let clock = HeldClock::new();
    let (login, archive) = (login_server(), archive(&clock, |token| token == "token-1"));
    let text = format!("machine 127.0.0.1\n  login me\n  password \"{PASSWORD}\"\n");
    let found = Login::from_netrc(&text, "127.0.0.1", Path::new("netrc")).unwrap().unwrap();
    let earthdata = earthdata(settings(found, &login.url, &archive.url), &clock);
    assert_eq!(key(&earthdata).await.unwrap(), "id-1");
}

#[test]
fn a_secret_is_not_sent_without_tls_to_another_machine() {
    let refused = |login: &str, archive: &str| Earthdata::new(settings(password(), login, archive)).unwrap_err();
    let error = refused("http://urs.earthdata.nasa.gov", "https://archive.org");
    assert!(error.to_string().contains("not https"), "{error}");
    let error = refused("https://urs.earthdata.nasa.gov", "http://archive.org");
    assert!(error.to_string().contains("NSIDC"), "{error}");
}

#[tokio::test]
async fn nothing_that_is_printed_holds_a_secret() {
    let clock = HeldClock::new();
    let (login, archive) = (login_server(), archive(&clock, |_| true));
    let settings = settings(password(), &login.url, &archive.url);
    let shown = format!("{settings:?}");
    let earthdata = earthdata(settings, &clock);
    key(&earthdata).await.unwrap();
    let credentials = earthdata.for_bucket("nsidc-cumulus-x").unwrap();
    let sources = crate::SourceSettings { earthdata: Some(earthdata.clone()), ..crate::SourceSettings::default() };
    let shown = format!(
        "{shown} {earthdata:?} {credentials:?} {sources:?} {:?} {:?} {:?}",
        earthdata.report(),
        earthdata.check(|_| true).await,
        crate::source::object::bucket("nsidc-cumulus-x", &sources).unwrap(),
    );
    assert!(shown.contains("NSIDC"));
    for secret in ["sesame", "hidden", "session-1", "token-1"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
