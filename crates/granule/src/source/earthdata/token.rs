//! The bearer token: as given, or found or created with user and password.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;
use url::Url;

use super::clock::Clock;
use super::login::Login;
use super::renewed::{Fetch, Fetched};
use super::web::{Ask, Proof, Web};
use crate::error::EarthdataError;
use crate::source::settings::Secret;

/// Who gives tokens, in messages.
const WHO: &str = "Earthdata Login";

/// A token of which only the day of its end is known, and that is over by that, is used for so
/// long before the login is asked again: that is when its successor is made.
const LAST_DAY: Duration = Duration::from_secs(3600);

/// Gets tokens.
pub(super) struct TokenFetch {
    login: Login,
    /// Where tokens are found or created.
    url: Url,
    /// Where people make them.
    page: String,
    web: Web,
    clock: Arc<dyn Clock>,
}

impl TokenFetch {
    pub(super) fn new(login: Login, base: &Url, web: Web, clock: Arc<dyn Clock>) -> Result<Self, EarthdataError> {
        let page = base.as_str().trim_end_matches('/').to_owned();
        let bad = |reason: String| EarthdataError::BadUrl { what: WHO.to_owned(), reason };
        let url = Url::parse(&format!("{page}/api/users/find_or_create_token"));
        let url = url.map_err(|error| bad(error.to_string()))?;
        if let Login::Token(token) = &login {
            check_form(token, &page)?;
        }
        Ok(Self { login, url, page, web, clock })
    }

    pub(super) fn login(&self) -> &Login {
        &self.login
    }

    async fn found_or_created(&self, user: &str, password: &Secret) -> Result<Fetched<Secret>, EarthdataError> {
        let remedy = "check the user name and the password, and whether the account is locked";
        let ask = Ask { who: WHO, url: &self.url, proof: Proof::Password(user, password), remedy };
        let body = self.web.ask(&ask).await?;
        let wrong = |what| EarthdataError::Answer { who: WHO.to_owned(), what };
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| wrong("it has no `access_token`"))?;
        let value = Secret::from(answer.access_token);
        check_form(&value, &self.page).map_err(|_| wrong("its `access_token` is none"))?;
        let soon = self.clock.now() + LAST_DAY;
        let by_day = || answer.expiration_date.as_deref().and_then(midnight).map_or(soon, |day| day.max(soon));
        let expires = expiry(&value).unwrap_or_else(by_day);
        Ok(Fetched { value, expires: Some(expires) })
    }
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expiration_date: Option<String>,
}

#[async_trait]
impl Fetch for TokenFetch {
    type Value = Secret;

    async fn fetch(&self) -> Result<Fetched<Secret>, EarthdataError> {
        match &self.login {
            Login::Password { user, password } => self.found_or_created(user, password).await,
            Login::Token(token) => match expiry(token) {
                Some(expires) if expires <= self.clock.now() => {
                    Err(EarthdataError::TokenExpired { place: self.page.clone() })
                }
                expires => Ok(Fetched { value: token.clone(), expires }),
            },
        }
    }

    fn name(&self) -> &str {
        WHO
    }
}

/// Refuses what could not be sent in a header.
fn check_form(token: &Secret, page: &str) -> Result<(), EarthdataError> {
    let text = token.expose();
    match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(()),
        false => Err(EarthdataError::BadToken { place: page.to_owned() }),
    }
}

/// When a JSON web token expires (RFC 7519, section 4.1.4); none for tokens of other forms. The
/// signature is not looked at: the servers do that.
fn expiry(token: &Secret) -> Option<SystemTime> {
    #[derive(Deserialize)]
    struct Claims {
        exp: u64,
    }
    let claims = token.expose().split('.').nth(1)?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(claims.exp))
}

/// The first moment of a day that is written `MM/DD/YYYY`.
fn midnight(day: &str) -> Option<SystemTime> {
    let day = NaiveDate::parse_from_str(day.trim(), "%m/%d/%Y").ok()?;
    Some(day.and_time(NaiveTime::MIN).and_utc().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(time: SystemTime) -> u64 {
        time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
    }

    #[test]
    fn the_day_of_the_end_is_read_and_nonsense_is_not() {
        assert_eq!(seconds(midnight("03/01/2026").unwrap()), 1_772_323_200);
        for text in ["2026-03-01", "13/01/2026", "03/01", ""] {
            assert!(midnight(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_json_web_token_says_when_it_ends_and_other_tokens_do_not() {
        let token = |claims: &str| Secret::from(format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims)));
        let expires = expiry(&token(r#"{"type":"User","uid":"me","exp":1772366400}"#)).unwrap();
        assert_eq!(seconds(expires), 1_772_366_400);
        assert!(expiry(&token("{}")).is_none() && expiry(&token("7")).is_none());
        assert!(expiry(&token(r#"{"exp":18446744073709551615}"#)).is_none());
        assert!(expiry(&Secret::new("opaque")).is_none() && expiry(&Secret::new("a.!.b")).is_none());
    }

    #[test]
    fn a_token_with_a_line_end_is_refused_before_it_is_sent() {
        assert!(check_form(&Secret::new("abc.DEF-_~+/="), "x").is_ok());
        for text in ["", "a b", "abc\n", "ü"] {
            assert!(check_form(&Secret::new(text), "x").is_err(), "{text:?}");
        }
    }
}
