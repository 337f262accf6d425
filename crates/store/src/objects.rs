//! A store as a set of objects under one prefix: bytes in, bytes out, every request counted.

use std::{
    fmt,
    net::IpAddr,
    ops::Range,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use object_store::{
    BackoffConfig, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey},
    local::LocalFileSystem,
    path::{Path, PathPart},
};
use zagg_core::{fault::Fault, latency::Latency};

use crate::{
    error::{Result, StoreError},
    local,
    location::{Credentials, Location, StoreSettings},
    meter::{StoreMeter, StoreUsage},
    probe::{Probe, listen},
};

/// A store. Cheap to clone; clones share the connections and the meter. Keys are relative to the
/// store's prefix and use `/`.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
    location: Location,
    meter: Arc<StoreMeter>,
    volatile: bool,
    latency: Arc<Latency>,
}

/// What a conditional write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The object is ours.
    Created,
    /// There was one already; nothing was written.
    Exists,
}

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.location)
    }
}

impl Store {
    /// A store at `location`. Makes no request; a local folder is created by the first write.
    ///
    /// # Errors
    /// When the settings are refused or no client can be made.
    pub fn open(location: &Location, settings: &StoreSettings) -> Result<Self> {
        let connect = |source| StoreError::Connect { location: location.to_string(), source: Box::new(source) };
        let meter = Arc::new(StoreMeter::default());
        let (objects, prefix): (Arc<dyn ObjectStore>, Path) = match location {
            Location::Local(path) => {
                let prefix = Path::from_absolute_path(path).map_err(|source| connect(source.into()))?;
                (Arc::new(LocalFileSystem::new().with_fsync(!settings.volatile)), prefix)
            }
            Location::S3 { bucket, prefix } => {
                let s3 = amazon(location, bucket, settings, &meter)?;
                (Arc::new(s3), prefix.split('/').filter(|p| !p.is_empty()).map(PathPart::from).collect())
            }
        };
        Ok(Self {
            objects,
            prefix,
            location: location.clone(),
            meter,
            latency: Arc::clone(&settings.latency),
            volatile: settings.volatile,
        })
    }

    /// Where the store is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// What was asked so far.
    #[must_use]
    pub fn usage(&self) -> StoreUsage {
        self.meter.usage()
    }

    /// The bytes of an object.
    ///
    /// # Errors
    /// When there is none ([`Fault::Missing`]) or the request fails.
    pub async fn get(&self, key: &str) -> Result<Bytes> {
        self.meter.gets.fetch_add(1, Ordering::Relaxed);
        let path = self.path(key);
        let bytes = self.ask("get", key, async { self.objects.get(&path).await?.bytes().await }).await?;
        self.meter.bytes_in.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }

    /// As [`Store::get`], but none when there is no such object.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn find(&self, key: &str) -> Result<Option<Bytes>> {
        match self.get(key).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A byte range of an object, which must lie within it.
    ///
    /// # Errors
    /// When there is no such object or range, or the request fails.
    pub async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes> {
        self.meter.gets.fetch_add(1, Ordering::Relaxed);
        let path = self.path(key);
        let bytes = self.ask("get", key, self.objects.get_range(&path, range)).await?;
        self.meter.bytes_in.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }

    /// Writes an object, replacing one that is there. Nobody sees a part of it.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        self.write(key, bytes, PutMode::Overwrite).await
    }

    /// Writes an object unless there is one. Of several writers at once exactly one creates.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn put_if_absent(&self, key: &str, bytes: Bytes) -> Result<Put> {
        match self.write(key, bytes, PutMode::Create).await {
            Ok(()) => Ok(Put::Created),
            Err(error) if error.fault() == Fault::Conflict => Ok(Put::Exists),
            Err(error) => Err(error),
        }
    }

    async fn write(&self, key: &str, bytes: Bytes, mode: PutMode) -> Result<()> {
        self.meter.puts.fetch_add(1, Ordering::Relaxed);
        let size = bytes.len() as u64;
        let put = async {
            match &self.location {
                Location::Local(root) => local::put(root, key, bytes, mode, !self.volatile).await,
                Location::S3 { .. } => {
                    let options = PutOptions { mode, ..PutOptions::default() };
                    self.objects.put_opts(&self.path(key), bytes.into(), options).await.map(|_| ())
                }
            }
        };
        self.ask("put", key, put).await?;
        self.meter.bytes_out.fetch_add(size, Ordering::Relaxed);
        Ok(())
    }

    /// Deletes what writers that were killed have left half written; nobody ever saw it as an object.
    /// An S3 keeps no such thing.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn sweep(&self) -> Result<()> {
        let Location::Local(root) = self.location.clone() else { return Ok(()) };
        let swept = tokio::task::spawn_blocking(move || local::sweep(&root)).await;
        let swept = swept.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        let broken = |error| object_store::Error::Generic { store: "local folder", source: Box::new(error) };
        swept.map_err(|error| self.failed("sweep", "", None, broken(error)))
    }

    /// The size of an object; none when there is no such object.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn head(&self, key: &str) -> Result<Option<u64>> {
        self.meter.heads.fetch_add(1, Ordering::Relaxed);
        let path = self.path(key);
        match self.ask("head", key, self.objects.head(&path)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Every object under the folder `prefix` (empty: the whole store), in no order.
    pub fn list(&self, prefix: &str) -> impl Stream<Item = Result<Entry>> + Send + use<> {
        self.meter.lists.fetch_add(1, Ordering::Relaxed);
        let (store, folder) = (self.clone(), prefix.to_owned());
        self.objects.list(Some(&self.path(prefix))).map(move |meta| match meta {
            Ok(meta) => Ok(Entry { key: store.key(&meta.location), size: meta.size }),
            Err(source) => Err(store.failed("list", &folder, None, source)),
        })
    }

    /// The names of the folders directly in the folder `prefix`, ascending.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn folders(&self, prefix: &str) -> Result<Vec<String>> {
        self.meter.lists.fetch_add(1, Ordering::Relaxed);
        let path = self.path(prefix);
        let found = self.ask("list", prefix, self.objects.list_with_delimiter(Some(&path))).await?;
        let mut names: Vec<String> = found
            .common_prefixes
            .iter()
            .filter_map(|p| p.parts().next_back().map(|part| part.as_ref().to_owned()))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Deletes an object; that there is none is no error.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn delete(&self, key: &str) -> Result<()> {
        self.meter.deletes.fetch_add(1, Ordering::Relaxed);
        let path = self.path(key);
        match self.ask("delete", key, self.objects.delete(&path)).await {
            Err(error) if error.is_missing() => Ok(()),
            other => other,
        }
    }

    fn path(&self, key: &str) -> Path {
        self.prefix.parts().chain(key.split('/').filter(|p| !p.is_empty()).map(PathPart::from)).collect()
    }

    fn key(&self, path: &Path) -> String {
        match path.prefix_match(&self.prefix) {
            Some(parts) => parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/"),
            None => path.to_string(),
        }
    }

    async fn ask<T>(
        &self,
        action: &'static str,
        key: &str,
        request: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T> {
        let begun = Instant::now();
        let (answer, trouble) = listen(request).await;
        self.latency.count(begun.elapsed());
        answer.map_err(|source| self.failed(action, key, trouble, source))
    }

    fn failed(
        &self,
        action: &'static str,
        key: &str,
        trouble: Option<Fault>,
        source: object_store::Error,
    ) -> StoreError {
        let fault = fault_of(&source, trouble);
        let (location, source) = (self.location.to_string(), Box::new(source));
        StoreError::Request { action, location, key: key.to_owned(), fault, source }
    }
}

/// The kind of trouble of a failed request: by object_store's own variants, then by the HTTP
/// status or the operating system's error kind.
fn fault_of(error: &object_store::Error, trouble: Option<Fault>) -> Fault {
    use object_store::Error;
    match error {
        Error::NotFound { .. } => Fault::Missing,
        Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotModified { .. } => Fault::Conflict,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Fault::Denied,
        Error::InvalidPath { .. } | Error::NotSupported { .. } | Error::NotImplemented { .. } => Fault::Malformed,
        other => trouble.unwrap_or_else(|| io_fault(other)),
    }
}

fn io_fault(error: &(dyn std::error::Error + 'static)) -> Fault {
    use std::io::ErrorKind;
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return match io.kind() {
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Fault::Denied,
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Fault::Capacity,
                ErrorKind::NotFound => Fault::Missing,
                ErrorKind::NotADirectory | ErrorKind::IsADirectory | ErrorKind::InvalidFilename => Fault::Malformed,
                _ => Fault::Transient,
            };
        }
        next = error.source();
    }
    Fault::Transient
}

fn amazon(location: &Location, bucket: &str, settings: &StoreSettings, meter: &Arc<StoreMeter>) -> Result<AmazonS3> {
    let mut builder = AmazonS3Builder::new();
    let mut endpoint = None;
    for (name, value) in &settings.options {
        if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
            if matches!(key, AmazonS3ConfigKey::Endpoint | AmazonS3ConfigKey::S3Endpoint) {
                endpoint = Some(value.clone());
            }
            builder = builder.with_config(key, value);
        }
    }
    builder = builder.with_bucket_name(bucket).with_http_connector(Probe(Arc::clone(meter)));
    builder = builder.with_retry(retries(settings));
    if let Some(region) = &settings.region {
        builder = builder.with_region(region);
    }
    if let Some(url) = settings.endpoint.clone().or(endpoint) {
        let plain = url.starts_with("http://");
        if plain && !settings.allow_http && !is_loopback(&url) {
            let reason = format!("{url} is neither HTTPS nor this machine; allow plain HTTP explicitly");
            return Err(StoreError::Settings { location: location.to_string(), reason });
        }
        builder = builder.with_endpoint(url).with_allow_http(plain);
    }
    builder = match &settings.credentials {
        Credentials::Ambient => builder,
        Credentials::Anonymous => builder.with_skip_signature(true),
        Credentials::Keys { id, secret, token } => {
            let builder = builder.with_access_key_id(id).with_secret_access_key(secret);
            token.iter().fold(builder, |builder, token| builder.with_token(token))
        }
        Credentials::Provider(provider) => builder.with_credentials(Arc::clone(provider)),
    };
    builder.build().map_err(|source| StoreError::Connect { location: location.to_string(), source: Box::new(source) })
}

/// How often and how long a request is repeated. Jobs are repeated too, after longer waits: who asks
/// for an S3 that is not there should hear so within a minute.
fn retries(settings: &StoreSettings) -> RetryConfig {
    let usual = RetryConfig::default();
    RetryConfig {
        backoff: BackoffConfig { max_backoff: Duration::from_secs(3), ..usual.backoff },
        max_retries: settings.retries.unwrap_or(usual.max_retries),
        retry_timeout: Duration::from_secs(60),
    }
}

fn is_loopback(endpoint: &str) -> bool {
    url::Url::parse(endpoint).is_ok_and(|url| match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(url::Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    })
}

#[cfg(test)]
mod tests;
