//! A granule in an S3 bucket.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::HttpError;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, Error as StoreError, GetOptions, GetRange, ObjectStore, RetryConfig};

use super::earthdata::S3Credentials;
use super::https::is_loopback;
use super::settings::{S3Settings, Secret, SourceSettings};
use super::{ByteSource, Coalescing, Head};
use crate::error::{EarthdataError, SourceError};
use watching::{Answer, Seen, Watching};

mod watching;

/// Said to whom Earthdata's credentials do not open what they should.
const IN_REGION: &str = "Earthdata's S3 credentials work inside us-west-2 only: elsewhere use `--driver https`";

/// A bucket, and Earthdata's credentials for it if it is one of theirs.
#[derive(Debug, Clone)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    credentials: Option<S3Credentials>,
}

impl From<Arc<dyn ObjectStore>> for Bucket {
    fn from(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, credentials: None }
    }
}

/// One object of an object store.
#[derive(Debug)]
pub struct ObjectSource {
    href: String,
    bucket: Bucket,
    key: Path,
    coalescing: Coalescing,
}

impl ObjectSource {
    /// The object at `key` of a store; `href` names it in messages.
    #[must_use]
    pub fn new(href: String, bucket: impl Into<Bucket>, key: Path, coalescing: Coalescing) -> Self {
        Self { href, bucket: bucket.into(), key, coalescing }
    }

    async fn get(&self, range: Range<u64>) -> Result<Head, SourceError> {
        let Some(credentials) = &self.bucket.credentials else {
            return self.attempt(&range).await.map_err(|refusal| refusal.error);
        };
        let gives_none = |error| SourceError::earthdata(&self.href, error);
        let number = credentials.number().await.map_err(gives_none)?;
        let refusal = match self.attempt(&range).await {
            Ok(head) => return Ok(head),
            Err(refusal) => refusal,
        };
        let Some(gone) = refusal.answer.wants_others() else { return Err(refusal.error) };
        let again = match credentials.replaced(number, gone).await.map_err(gives_none)? {
            true => self.attempt(&range).await,
            false => Err(refusal),
        };
        again.map_err(|refusal| match refusal.error {
            SourceError::Denied { href, answer } if !gone => {
                SourceError::Denied { href, answer: format!("{answer}; {IN_REGION}") }
            }
            error => error,
        })
    }

    async fn attempt(&self, range: &Range<u64>) -> Result<Head, Refusal> {
        let seen = Arc::new(Seen::default());
        let mut options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
        options.extensions.insert(Arc::clone(&seen));
        let failed = |error| {
            let answer = seen.answer();
            Refusal { error: self.classify(error, &answer, range), answer }
        };
        let result = self.bucket.store.get_opts(&self.key, options).await.map_err(failed)?;
        let length = result.meta.size;
        Ok(Head { bytes: result.bytes().await.map_err(failed)?, length })
    }

    fn classify(&self, error: StoreError, answer: &Answer, range: &Range<u64>) -> SourceError {
        let href = self.href.clone();
        if let Some(error) = caused_by::<EarthdataError>(&error) {
            return SourceError::earthdata(&href, error.clone());
        }
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

/// A request that failed, and the last that was heard of the server.
struct Refusal {
    error: SourceError,
    answer: Answer,
}

/// Whether the request failed below HTTP.
fn transport(error: &StoreError) -> bool {
    caused_by::<HttpError>(error).is_some() || caused_by::<std::io::Error>(error).is_some()
}

/// The first of this type among the error's causes.
fn caused_by<E: std::error::Error + 'static>(error: &StoreError) -> Option<&E> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// The store of an S3 bucket.
///
/// # Errors
/// [`SourceError::BadHref`] for an endpoint without TLS that is not allowed,
/// [`SourceError::Setup`] when the settings do not make a client.
pub fn bucket(name: &str, settings: &SourceSettings) -> Result<Bucket, SourceError> {
    let place = format!("s3://{name}");
    let s3 = &settings.s3;
    let earthdata = settings.earthdata.as_ref().filter(|_| !s3.anonymous);
    let credentials = earthdata.and_then(|earthdata| earthdata.for_bucket(name));
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
        .with_region(region(s3, credentials.as_ref()))
        .with_skip_signature(s3.anonymous);
    if let Some(endpoint) = &s3.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(allow_http);
    }
    builder = match &credentials {
        Some(credentials) => builder.with_credentials(Arc::new(credentials.clone())),
        None => with_keys(builder, s3),
    };
    let store = builder.build().map_err(|error| SourceError::Setup { place, source: Box::new(error) })?;
    Ok(Bucket { store: Arc::new(store), credentials })
}

/// The keys of the settings, or who gives them.
fn with_keys(mut builder: AmazonS3Builder, s3: &S3Settings) -> AmazonS3Builder {
    if s3.anonymous {
        return builder;
    }
    if let Some(id) = &s3.access_key_id {
        builder = builder.with_access_key_id(id);
        builder = builder.with_secret_access_key(s3.secret_access_key.as_ref().map_or("", Secret::expose));
        if let Some(token) = &s3.session_token {
            builder = builder.with_token(token.expose());
        }
    } else if let Some(credentials) = &s3.credentials {
        builder = builder.with_credentials(Arc::clone(credentials));
    }
    builder
}

/// The region of the settings. It may be that of other buckets: at Amazon, Earthdata's buckets
/// are where Earthdata says.
fn region<'a>(s3: &'a S3Settings, credentials: Option<&'a S3Credentials>) -> &'a str {
    match credentials {
        Some(credentials) if s3.endpoint.is_none() => credentials.region(),
        _ => s3.region.as_deref().unwrap_or("us-west-2"),
    }
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

#[cfg(test)]
#[path = "object/tests.rs"]
mod tests;
