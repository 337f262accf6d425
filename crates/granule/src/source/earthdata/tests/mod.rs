//! Earthdata against stand-ins of Earthdata Login and of an archive.

mod fetching;
mod reading;
mod secrets;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};

use super::clock::HeldClock;
use super::*;
use crate::source::settings::RetrySettings;
use crate::source::test_server::{Answer, Asked, Server};

const PASSWORD: &str = "open-sesame";

/// Logs in as `me` with the password.
fn password() -> Login {
    Login::Password { user: "me".into(), password: Secret::new(PASSWORD) }
}

fn json(text: &str) -> Answer {
    Answer::new(200).header("content-type", "application/json").body(text.as_bytes())
}

/// Earthdata Login: gives `token-1`, `token-2`, ... to who knows the password.
fn login_server() -> Server {
    Server::start(|asked, number| {
        let proof = format!("Basic {}", BASE64_STANDARD.encode(format!("me:{PASSWORD}")));
        let place = (asked.method.as_str(), asked.path.as_str());
        match place == ("POST", "/api/users/find_or_create_token") && asked.header("authorization") == proof {
            true => json(&format!(
                r#"{{"access_token":"token-{}","token_type":"Bearer","expiration_date":"04/20/2026"}}"#,
                number + 1
            )),
            false => Answer::new(401),
        }
    })
}

/// What an archive gives: the keys of this number, valid for an hour from now.
fn keys(number: usize, clock: &HeldClock) -> Answer {
    let end: DateTime<Utc> = (clock.now() + Duration::from_secs(3600)).into();
    let end = end.format("%Y-%m-%d %H:%M:%S+00:00");
    json(&format!(
        r#"{{"accessKeyId":"id-{number}","secretAccessKey":"hidden-{number}","sessionToken":"session-{number}","expiration":"{end}"}}"#
    ))
}

/// An archive that gives `id-1`, `id-2`, ... to who has a token that `accepts` takes.
fn archive(clock: &Arc<HeldClock>, accepts: impl Fn(&str) -> bool + Send + 'static) -> Server {
    let clock = Arc::clone(clock);
    Server::start(move |asked, number| match asked.header("authorization").strip_prefix("Bearer ") {
        Some(token) if accepts(token) => keys(number + 1, &clock),
        _ => Answer::new(401),
    })
}

fn settings(login: Login, login_url: &str, archive_url: &str) -> EarthdataSettings {
    EarthdataSettings {
        login_url: login_url.to_owned(),
        providers: vec![Provider::new("NSIDC", &["nsidc-cumulus-"], &format!("{archive_url}/s3credentials"))],
        token_hosts: vec!["127.0.0.1".to_owned()],
        retry: RetrySettings { tries: 1, base: Duration::from_millis(1), cap: Duration::from_millis(2) },
        ..EarthdataSettings::new(login)
    }
}

fn earthdata(settings: EarthdataSettings, clock: &Arc<HeldClock>) -> Earthdata {
    let clock: Arc<dyn Clock> = Arc::<HeldClock>::clone(clock);
    Earthdata::with_clock(settings, clock).unwrap()
}

/// The id of the S3 key for a bucket of the archive.
async fn key(earthdata: &Earthdata) -> Result<String, EarthdataError> {
    let credentials = earthdata.for_bucket("nsidc-cumulus-prod-protected").unwrap();
    Ok(credentials.get().await?.value.key_id.clone())
}
