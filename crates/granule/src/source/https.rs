//! A granule behind HTTPS: bearer token, redirects, signed URLs.
//!
//! An archive's href answers with a redirect to a signed URL on another host. The chain is
//! followed once, by hand: the token goes to the href's own host alone, and the URL at the end is
//! used for all further ranges until it answers 4xx.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, header};
use url::{Host, Url};

use super::settings::{RetrySettings, SourceSettings};
use super::{ByteSource, Coalescing, Head, backoff};
use crate::error::SourceError;
use bearer::{Granted, Tokens};

mod answer;
mod bearer;

pub(super) use answer::{is_page, retry_after};

/// A chain of redirects longer than this is not followed.
const MAX_REDIRECTS: usize = 10;

/// A client for [`HttpsSource`]s: it follows no redirect by itself.
///
/// # Errors
/// [`SourceError::Setup`] when TLS cannot be set up.
pub fn client(settings: &SourceSettings) -> Result<Client, SourceError> {
    Client::builder()
        .redirect(Policy::none())
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .user_agent(concat!("zagg/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| SourceError::Setup { place: "https".to_owned(), source: Box::new(error) })
}

/// One object behind HTTPS.
#[derive(Debug)]
pub struct HttpsSource {
    href: String,
    url: Url,
    client: Client,
    tokens: Tokens,
    retry: RetrySettings,
    coalescing: Coalescing,
    /// Where the redirects end, as long as it works.
    resolved: Mutex<Option<Url>>,
    /// Held by whoever follows the redirects, so that the others wait for the result.
    resolving: tokio::sync::Mutex<()>,
    /// The length that the first answer gave.
    length: Mutex<Option<u64>>,
}

impl HttpsSource {
    /// The object that `href` leads to.
    ///
    /// # Errors
    /// [`SourceError::BadHref`] when it is no URL, or `http://` to another machine.
    pub fn new(href: &str, client: Client, settings: &SourceSettings) -> Result<Self, SourceError> {
        let name = redacted(href);
        let refuse = |reason: String| SourceError::BadHref { href: name.clone(), reason };
        let url = Url::parse(href).map_err(|error| refuse(error.to_string()))?;
        if !is_safe(&url) {
            return Err(refuse("only https is read from other machines".to_owned()));
        }
        let tokens = Tokens::of(&url, settings);
        Ok(Self {
            href: name,
            url,
            client,
            tokens,
            retry: settings.retry,
            coalescing: Coalescing { gap: settings.coalesce_gap, max: settings.coalesce_max },
            resolved: Mutex::default(),
            resolving: tokio::sync::Mutex::default(),
            length: Mutex::default(),
        })
    }

    /// One range, repeated on faults that may pass.
    async fn get(&self, range: Range<u64>, to_the_end: bool) -> Result<Head, SourceError> {
        let mut tried = 0;
        loop {
            let error = match self.attempt(&range, to_the_end).await {
                Ok(head) => return Ok(head),
                Err(error) => error,
            };
            tried += 1;
            match backoff::wait(&self.retry, tried, error.fault()) {
                Some(wait) => {
                    tracing::debug!(href = %self.href, %error, ?wait, "repeating a request");
                    tokio::time::sleep(wait).await;
                }
                None => return Err(error),
            }
        }
    }

    async fn attempt(&self, range: &Range<u64>, to_the_end: bool) -> Result<Head, SourceError> {
        let response = self.respond(range).await?;
        let head = answer::read(&self.href, response, range, to_the_end, !matches!(self.tokens, Tokens::None)).await?;
        let mut known = self.length.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *known.get_or_insert(head.length);
        if before != head.length {
            return Err(SourceError::Changed { href: self.href.clone(), before, now: head.length });
        }
        Ok(head)
    }

    async fn respond(&self, range: &Range<u64>) -> Result<Response, SourceError> {
        if let Some(response) = self.ask_resolved(range).await? {
            return Ok(response);
        }
        let _resolving = self.resolving.lock().await;
        if let Some(response) = self.ask_resolved(range).await? {
            return Ok(response);
        }
        let response = self.follow(range).await?;
        match self.is_worth_another_try(&response).await? {
            true => self.follow(range).await,
            false => Ok(response),
        }
    }

    /// Whether a refusal may be about a token that can be replaced.
    fn may_renew(&self, status: StatusCode) -> bool {
        status == StatusCode::UNAUTHORIZED && matches!(self.tokens, Tokens::Earthdata(_))
    }

    /// Whether the href's own host refused a token in whose place there is another by now.
    async fn is_worth_another_try(&self, response: &Response) -> Result<bool, SourceError> {
        let granted = response.extensions().get::<Granted>();
        match granted.filter(|_| self.may_renew(response.status())) {
            Some(granted) => self.tokens.has_other_than(granted, &self.href).await,
            None => Ok(false),
        }
    }

    /// Asks the resolved URL, if there is one; a 4xx of a signed URL means that it has expired.
    async fn ask_resolved(&self, range: &Range<u64>) -> Result<Option<Response>, SourceError> {
        let resolved = self.resolved.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(url) = resolved else { return Ok(None) };
        let response = self.send(&url, range).await?;
        let status = response.status();
        let refused =
            status.is_client_error() && !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
        // The href's own host may have had enough of the token; that is seen to where it is followed.
        let expired = status.is_redirection() || (refused && (url != self.url || self.may_renew(status)));
        if !expired {
            return Ok(Some(response));
        }
        let mut resolved = self.resolved.lock().unwrap_or_else(PoisonError::into_inner);
        if resolved.as_ref() == Some(&url) {
            *resolved = None;
        }
        Ok(None)
    }

    /// Follows the redirects from the href, and remembers where they end.
    async fn follow(&self, range: &Range<u64>) -> Result<Response, SourceError> {
        let refuse = |reason: String| SourceError::Redirect { href: self.href.clone(), reason };
        let mut url = self.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(&url, range).await?;
            if !response.status().is_redirection() {
                if response.status().is_success() {
                    *self.resolved.lock().unwrap_or_else(PoisonError::into_inner) = Some(url);
                }
                return Ok(response);
            }
            let place = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let next = place.and_then(|place| url.join(place).ok());
            url = next.ok_or_else(|| refuse("it does not say where to".to_owned()))?;
            if !is_safe(&url) {
                return Err(refuse(format!("to {}, which is not https", redacted(url.as_str()))));
            }
        }
        Err(refuse(format!("more than {MAX_REDIRECTS} times")))
    }

    async fn send(&self, url: &Url, range: &Range<u64>) -> Result<Response, SourceError> {
        // `Range` counts its last byte in; callers never ask for an empty range.
        let bytes = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        let mut request = self.client.get(url.clone()).header(header::RANGE, bytes);
        let granted = match url.origin() == self.url.origin() {
            true => self.tokens.get(&self.href).await?,
            false => None,
        };
        if let Some(granted) = &granted {
            request = request.bearer_auth(granted.secret.expose());
        }
        let mut response = request.send().await.map_err(|error| answer::lost(&self.href, error))?;
        if let Some(granted) = granted {
            response.extensions_mut().insert(granted);
        }
        Ok(response)
    }
}

#[async_trait]
impl ByteSource for HttpsSource {
    fn href(&self) -> &str {
        &self.href
    }

    fn coalescing(&self) -> Coalescing {
        self.coalescing
    }

    async fn head(&self, bytes: u64) -> Result<Head, SourceError> {
        self.get(0..bytes.max(1), true).await
    }

    async fn fetch(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        if range.start >= range.end {
            return Ok(Bytes::new());
        }
        Ok(self.get(range, false).await?.bytes)
    }
}

/// HTTPS anywhere, plain HTTP on this machine.
pub(super) fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url))
}

/// Whether the URL's host is this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

/// Whether `host` is `known` or below it.
pub(super) fn is_below(host: &str, known: &str) -> bool {
    host.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The href without query, fragment, user and password: those of a signed URL are secrets.
pub(super) fn redacted(href: &str) -> String {
    let cut = href.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = cut.split_once("://") else { return cut.to_owned() };
    let (host, path) = rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests;
