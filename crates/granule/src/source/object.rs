//! A granule in an S3 bucket.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, Error as StoreError, GetOptions, GetRange, ObjectStore, RetryConfig};

use super::https::{is_loopback, retry_after};
use super::settings::{S3Settings, Secret, SourceSettings};
use super::{ByteSource, Coalescing, Head};
use crate::error::SourceError;

/// One object of an object store.
#[derive(Debug)]
pub struct ObjectSource {
    href: String,
    store: Arc<dyn ObjectStore>,
    key: Path,
    coalescing: Coalescing,
}

impl ObjectSource {
    /// The object at `key` of `store`; `href` names it in messages.
    #[must_use]
    pub fn new(href: String, store: Arc<dyn ObjectStore>, key: Path, coalescing: Coalescing) -> Self {
        Self { href, store, key, coalescing }
    }

    async fn get(&self, range: Range<u64>) -> Result<Head, SourceError> {
        let seen = Arc::new(Seen::default());
        let mut options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
        options.extensions.insert(Arc::clone(&seen));
        let failed = |error| self.classify(error, &seen, &range);
        let result = self.store.get_opts(&self.key, options).await.map_err(failed)?;
        let length = result.meta.size;
        Ok(Head { bytes: result.bytes().await.map_err(failed)?, length })
    }

    fn classify(&self, error: StoreError, seen: &Seen, range: &Range<u64>) -> SourceError {
        let href = self.href.clone();
        let answer = seen.answer();
        if answer.denies() {
            return SourceError::Denied { href, answer: answer.text() };
        }
        match (error, answer.status) {
            (StoreError::NotFound { .. }, _) => SourceError::Missing { href },
            (StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. }, _) => {
                SourceError::Denied { href, answer: answer.text() }
            }
            (_, Some(429 | 503)) => SourceError::Throttled { href, answer: answer.text(), after: answer.after },
            (_, Some(408 | 500..)) => SourceError::Server { href, answer: answer.text() },
            (_, Some(416)) => SourceError::PastTheEnd { href, start: range.start, end: range.end },
            // A success whose body broke off is a lost connection, as no answer at all is.
            (error, None | Some(0..=299)) if transport(&error) => {
                SourceError::Connection { href, source: Box::new(error) }
            }
            (error, _) => SourceError::Refused { href, answer: answer.text(), source: Some(Box::new(error)) },
        }
    }
}

#[async_trait]
impl ByteSource for ObjectSource {
    fn href(&self) -> &str {
        &self.href
    }

    fn coalescing(&self) -> Coalescing {
        self.coalescing
    }

    async fn head(&self, bytes: u64) -> Result<Head, SourceError> {
        let head = self.get(0..bytes.max(1)).await?;
        let wanted = bytes.max(1).min(head.length);
        let got = head.bytes.len() as u64;
        if got != wanted {
            return Err(SourceError::Short { href: self.href.clone(), start: 0, wanted, got });
        }
        Ok(head)
    }

    async fn fetch(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        let href = self.href.clone();
        if range.start >= range.end {
            return Ok(Bytes::new());
        }
        let got = self.get(range.clone()).await?;
        if range.end > got.length {
            return Err(SourceError::PastTheEnd { href, start: range.start, end: range.end });
        }
        let (wanted, received) = (range.end - range.start, got.bytes.len() as u64);
        if received != wanted {
            return Err(SourceError::Short { href, start: range.start, wanted, got: received });
        }
        Ok(got.bytes)
    }
}

/// Whether the request failed below HTTP.
fn transport(error: &StoreError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<HttpError>() || error.is::<std::io::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The store of an S3 bucket.
///
/// # Errors
/// [`SourceError::BadHref`] for an endpoint without TLS that is not allowed,
/// [`SourceError::Setup`] when the settings do not make a client.
pub fn bucket(name: &str, settings: &SourceSettings) -> Result<Arc<dyn ObjectStore>, SourceError> {
    let place = format!("s3://{name}");
    let s3 = &settings.s3;
    let allow_http = allows_http(&place, s3)?;
    let mut client = ClientOptions::new()
        .with_allow_http(allow_http)
        .with_connect_timeout(settings.connect_timeout)
        .with_read_timeout(settings.read_timeout);
    client = client.with_timeout_disabled();
    let retry = RetryConfig {
        backoff: BackoffConfig { init_backoff: settings.retry.base, max_backoff: settings.retry.cap, base: 2.0 },
        max_retries: settings.retry.tries.saturating_sub(1) as usize,
        retry_timeout: Duration::from_secs(180),
    };
    let mut builder = AmazonS3Builder::new().with_bucket_name(name).with_retry(retry);
    for (name, value) in &s3.options {
        if let Ok(key) = name.parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value.expose());
        }
    }
    builder = builder
        .with_client_options(client)
        .with_http_connector(Watching)
        .with_region(s3.region.as_deref().unwrap_or("us-west-2"))
        .with_skip_signature(s3.anonymous);
    if let Some(endpoint) = &s3.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(allow_http);
    }
    if let (false, Some(id)) = (s3.anonymous, &s3.access_key_id) {
        builder = builder.with_access_key_id(id);
        builder = builder.with_secret_access_key(s3.secret_access_key.as_ref().map_or("", Secret::expose));
        if let Some(token) = &s3.session_token {
            builder = builder.with_token(token.expose());
        }
    }
    let store = builder.build().map_err(|error| SourceError::Setup { place, source: Box::new(error) })?;
    Ok(Arc::new(store))
}

fn allows_http(place: &str, s3: &S3Settings) -> Result<bool, SourceError> {
    let Some(endpoint) = &s3.endpoint else { return Ok(false) };
    let refuse = |reason: String| SourceError::BadHref { href: place.to_owned(), reason };
    let url = url::Url::parse(endpoint).map_err(|_| refuse(format!("the S3 endpoint `{endpoint}` is not a URL")))?;
    match url.scheme() {
        "https" => Ok(false),
        "http" if s3.allow_http || is_loopback(&url) => Ok(true),
        _ => Err(refuse(format!(
            "the S3 endpoint `{endpoint}` is neither https nor on this machine: use https, or set `allow_http`"
        ))),
    }
}

/// Error codes of S3 that mean the credentials, whatever the status.
const DENIALS: [&str; 7] = [
    "AccessDenied",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
];

/// What the last answer to a request was. The client library keeps statuses to itself, so that
/// one is written down as it passes ([`Watching`]), by way of the request's extensions.
#[derive(Debug, Default)]
struct Seen(Mutex<Answer>);

#[derive(Debug, Default, Clone)]
struct Answer {
    status: Option<u16>,
    code: Option<String>,
    after: Option<Duration>,
    region: Option<String>,
}

impl Seen {
    fn answer(&self) -> Answer {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, answer: Answer) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }
}

impl Answer {
    fn denies(&self) -> bool {
        matches!(self.status, Some(401 | 403)) || self.code.as_deref().is_some_and(|code| DENIALS.contains(&code))
    }

    fn text(&self) -> String {
        let mut text = self.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        if let Some(code) = &self.code {
            text = format!("{text} {code}");
        }
        if let (Some(301 | 307 | 400), Some(region)) = (self.status, &self.region) {
            text = format!("{text}: the bucket is in the region {region}");
        }
        text
    }
}

/// Connects as `object_store` does, and writes down each answer.
#[derive(Debug)]
struct Watching;

impl HttpConnector for Watching {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Watched(ReqwestConnector::default().connect(options)?)))
    }
}

#[derive(Debug)]
struct Watched(HttpClient);

#[async_trait]
impl HttpService for Watched {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let seen = request.extensions().get::<Arc<Seen>>().cloned();
        if let Some(seen) = &seen {
            seen.note(Answer::default());
        }
        let response = self.0.execute(request).await?;
        let Some(seen) = seen else { return Ok(response) };
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let mut answer = Answer {
            status: Some(response.status().as_u16()),
            after: header("retry-after").and_then(retry_after),
            region: header("x-amz-bucket-region").map(str::to_owned),
            code: None,
        };
        if response.status().is_success() {
            seen.note(answer);
            return Ok(response);
        }
        seen.note(answer.clone());
        let (parts, body) = response.into_parts();
        let body = body.bytes().await?;
        answer.code = error_code(&body);
        seen.note(answer);
        Ok(HttpResponse::from_parts(parts, body.into()))
    }
}

/// The machine-readable code of an S3 error document.
fn error_code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let code = text.split_once("<Code>")?.1.split_once("</Code>")?.0;
    let plain = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    plain.then(|| code.to_owned())
}

#[cfg(test)]
#[path = "object/tests.rs"]
mod tests;
