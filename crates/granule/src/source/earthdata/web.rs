//! Requests to Earthdata, and what its answers mean.
//!
//! Redirects are followed by hand: the token goes to the host that was meant, no other, and a
//! password is not redirected at all.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, header};
use url::Url;

use crate::error::EarthdataError;
use crate::source::backoff;
use crate::source::https::{is_page, is_safe, redacted, retry_after};
use crate::source::settings::{RetrySettings, Secret};

/// A chain of redirects longer than this is not followed.
const MAX_REDIRECTS: usize = 5;

/// No answer is larger than this.
const MAX_BODY: usize = 64 << 10;

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Asks Earthdata.
#[derive(Debug, Clone)]
pub(super) struct Web {
    client: Client,
    retry: RetrySettings,
    /// Where logins are made; a redirect to there means that one is wanted.
    login: Url,
}

/// Whom to ask, and how to say who asks.
pub(super) struct Ask<'a> {
    /// In messages.
    pub(super) who: &'a str,
    /// Where.
    pub(super) url: &'a Url,
    /// Who asks.
    pub(super) proof: Proof<'a>,
    /// What to do when that is not enough.
    pub(super) remedy: &'static str,
}

/// What a request says about who asks.
#[derive(Clone, Copy)]
pub(super) enum Proof<'a> {
    /// User and password, which are posted.
    Password(&'a str, &'a Secret),
    /// A bearer token.
    Token(&'a Secret),
}

impl Web {
    pub(super) fn new(login: Url, retry: RetrySettings, timeout: Duration) -> Result<Self, EarthdataError> {
        let client = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .timeout(timeout)
            .user_agent(concat!("zagg/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| EarthdataError::Setup { source: Arc::new(error) })?;
        Ok(Self { client, retry, login })
    }

    /// The body of the answer, repeated on faults that may pass.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Vec<u8>, EarthdataError> {
        let mut tried = 0;
        loop {
            let error = match self.ask_once(ask).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            tried += 1;
            match backoff::wait(&self.retry, tried, error.fault()) {
                Some(wait) => {
                    tracing::debug!(from = ask.who, %error, ?wait, "repeating a request");
                    tokio::time::sleep(wait).await;
                }
                None => return Err(error),
            }
        }
    }

    async fn ask_once(&self, ask: &Ask<'_>) -> Result<Vec<u8>, EarthdataError> {
        let refused = |answer: String| EarthdataError::Refused { who: ask.who.to_owned(), answer };
        let mut url = ask.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.request(ask, &url).send().await.map_err(|error| lost(ask, error))?;
            if !response.status().is_redirection() {
                return read(ask, response).await;
            }
            let place = response.headers().get(header::LOCATION).and_then(|place| place.to_str().ok());
            let Some(next) = place.and_then(|place| url.join(place).ok()) else {
                return Err(refused("a redirect that does not say where to".to_owned()));
            };
            if next.origin() == self.login.origin() && ask.url.origin() != next.origin() {
                return Err(denied(ask, "a redirect to log in".to_owned()));
            }
            if matches!(ask.proof, Proof::Password(..)) || !is_safe(&next) {
                return Err(refused(format!("a redirect to {}", redacted(next.as_str()))));
            }
            url = next;
        }
        Err(refused(format!("more than {MAX_REDIRECTS} redirects")))
    }

    fn request(&self, ask: &Ask<'_>, url: &Url) -> RequestBuilder {
        let asking = |method| self.client.request(method, url.clone()).header(header::ACCEPT, "application/json");
        match ask.proof {
            Proof::Password(user, password) => {
                let post = asking(Method::POST).header(header::CONTENT_LENGTH, 0);
                post.basic_auth(user, Some(password.expose()))
            }
            Proof::Token(token) if url.origin() == ask.url.origin() => asking(Method::GET).bearer_auth(token.expose()),
            Proof::Token(_) => asking(Method::GET),
        }
    }
}

async fn read(ask: &Ask<'_>, mut response: Response) -> Result<Vec<u8>, EarthdataError> {
    if let Some(error) = refusal(ask, &response) {
        return Err(error);
    }
    let mut body = Vec::new();
    while let Some(more) = response.chunk().await.map_err(|error| lost(ask, error))? {
        if body.len() + more.len() > MAX_BODY {
            return Err(EarthdataError::Answer { who: ask.who.to_owned(), what: "it is far too long" });
        }
        body.extend_from_slice(&more);
    }
    Ok(body)
}

fn refusal(ask: &Ask<'_>, response: &Response) -> Option<EarthdataError> {
    let status = response.status().as_u16();
    let (who, answer) = (ask.who.to_owned(), status.to_string());
    match status {
        // Archives send those who are not logged in to a form.
        200..=299 if is_page(response) => Some(denied(ask, "a page to log in".to_owned())),
        200..=299 => None,
        401 | 403 => Some(denied(ask, answer)),
        429 => {
            let header = response.headers().get(header::RETRY_AFTER);
            let after = header.and_then(|value| value.to_str().ok()).and_then(retry_after);
            Some(EarthdataError::Throttled { who, after })
        }
        408 | 500..=599 => Some(EarthdataError::Server { who, answer }),
        _ => Some(EarthdataError::Refused { who, answer }),
    }
}

fn denied(ask: &Ask<'_>, answer: String) -> EarthdataError {
    EarthdataError::Denied { who: ask.who.to_owned(), answer, remedy: ask.remedy }
}

fn lost(ask: &Ask<'_>, error: reqwest::Error) -> EarthdataError {
    // A URL that a redirect led to may hold a secret.
    EarthdataError::Connection { who: ask.who.to_owned(), source: Arc::new(error.without_url()) }
}

/// A URL of the settings that may be asked with a secret: HTTPS, or HTTP on this machine.
pub(super) fn safe_url(what: &str, url: &str) -> Result<Url, EarthdataError> {
    let bad = |reason: String| EarthdataError::BadUrl { what: what.to_owned(), reason };
    let url = Url::parse(url).map_err(|error| bad(error.to_string()))?;
    match is_safe(&url) {
        true => Ok(url),
        false => Err(bad(format!("{} is not https", redacted(url.as_str())))),
    }
}
