//! From an href to its source.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use url::Url;

use super::file::FileSource;
use super::https::{HttpsSource, client, redacted};
use super::metered::{Meter, Metered};
use super::object::{Bucket, ObjectSource, bucket};
use super::settings::SourceSettings;
use super::{ByteSource, Coalescing};
use crate::error::SourceError;

/// Opens hrefs, and keeps what they share: connections, buckets, permits.
#[derive(Debug)]
pub struct Sources {
    settings: SourceSettings,
    permits: Arc<Semaphore>,
    buckets: Mutex<HashMap<String, Bucket>>,
    http: Mutex<Option<reqwest::Client>>,
}

impl Sources {
    /// Sources read as `settings` says. Nothing is contacted before bytes are asked for.
    #[must_use]
    pub fn new(settings: SourceSettings) -> Self {
        let permits = Arc::new(Semaphore::new(settings.requests_in_flight.clamp(1, Semaphore::MAX_PERMITS)));
        Self { settings, permits, buckets: Mutex::default(), http: Mutex::default() }
    }

    /// The settings in use.
    #[must_use]
    pub fn settings(&self) -> &SourceSettings {
        &self.settings
    }

    /// The source that `href` names: `s3://bucket/key`, `https://…`, `http://` on this machine,
    /// `file://…`, or a path (a relative one starts from [`SourceSettings::base`]). What is read
    /// of it is counted by `meter`.
    ///
    /// # Errors
    /// [`SourceError::BadHref`], [`SourceError::Setup`], or [`SourceError::File`] for a local
    /// file that cannot be opened. Remote objects are not contacted yet.
    pub fn open(&self, href: &str, meter: &Arc<Meter>) -> Result<Arc<dyn ByteSource>, SourceError> {
        match href.split_once("://") {
            Some(("s3", place)) => self.open_s3(href, place, meter),
            Some(("https" | "http", _)) => self.open_https(href, meter),
            Some(("file", _)) => self.open_file(&file_path(href)?, meter),
            Some((scheme, _)) => Err(SourceError::BadHref {
                href: redacted(href),
                reason: format!("the scheme `{scheme}` is not one of s3, https and file"),
            }),
            None => self.open_file(Path::new(href), meter),
        }
    }

    fn meter<S: ByteSource + 'static>(&self, source: S, meter: &Arc<Meter>) -> Arc<dyn ByteSource> {
        Arc::new(Metered::new(source, Arc::clone(meter), Arc::clone(&self.permits)))
    }

    fn coalescing(&self) -> Coalescing {
        Coalescing { gap: self.settings.coalesce_gap, max: self.settings.coalesce_max }
    }

    fn open_file(&self, path: &Path, meter: &Arc<Meter>) -> Result<Arc<dyn ByteSource>, SourceError> {
        let path = match &self.settings.base {
            Some(base) => base.join(path),
            None => path.to_path_buf(),
        };
        Ok(self.meter(FileSource::open(&path, self.settings.coalesce_max)?, meter))
    }

    fn open_s3(&self, href: &str, place: &str, meter: &Arc<Meter>) -> Result<Arc<dyn ByteSource>, SourceError> {
        let refuse = |reason: &str| SourceError::BadHref { href: href.to_owned(), reason: reason.to_owned() };
        let (name, key) = place.split_once('/').unwrap_or((place, ""));
        if name.is_empty() || key.is_empty() {
            return Err(refuse("write it as s3://bucket/key"));
        }
        let key = object_store::path::Path::parse(key).map_err(|error| refuse(&error.to_string()))?;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = match buckets.get(name) {
            Some(bucket) => bucket.clone(),
            None => buckets.entry(name.to_owned()).or_insert(bucket(name, &self.settings)?).clone(),
        };
        Ok(self.meter(ObjectSource::new(href.to_owned(), bucket, key, self.coalescing()), meter))
    }

    fn open_https(&self, href: &str, meter: &Arc<Meter>) -> Result<Arc<dyn ByteSource>, SourceError> {
        let mut http = self.http.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match http.as_ref() {
            Some(client) => client.clone(),
            None => http.insert(client(&self.settings)?).clone(),
        };
        Ok(self.meter(HttpsSource::new(href, client, &self.settings)?, meter))
    }
}

fn file_path(href: &str) -> Result<PathBuf, SourceError> {
    let path = Url::parse(href).ok().and_then(|url| url.to_file_path().ok());
    path.ok_or_else(|| SourceError::BadHref {
        href: href.to_owned(),
        reason: "write it as file:///absolute/path".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(href: &str) -> String {
        let sources = Sources::new(SourceSettings::default());
        sources.open(href, &Arc::default()).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn hrefs_that_cannot_be_read_say_why() {
        assert!(reason("s3://bucket").contains("s3://bucket/key"));
        assert!(reason("ftp://host/x.h5").contains("`ftp` is not one of"));
        assert!(reason("file://host/x.h5").contains("file:///absolute"));
        assert!(reason("http://example.com/x.h5").contains("https"));
    }

    #[tokio::test]
    async fn a_relative_path_starts_from_the_base_and_reads_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a b.h5"), b"0123456789").unwrap();
        let base = Some(folder.path().to_path_buf());
        let sources = Sources::new(SourceSettings { base, ..SourceSettings::default() });
        let meter = Arc::new(Meter::default());
        let source = sources.open("a b.h5", &meter).unwrap();
        assert_eq!(source.fetch(2..4).await.unwrap().as_ref(), b"23");
        let href = Url::from_file_path(folder.path().join("a b.h5")).unwrap();
        let source = sources.open(href.as_str(), &meter).unwrap();
        assert_eq!(source.blocking().unwrap().read(8..10).unwrap().as_ref(), b"89");
        assert_eq!((meter.usage().requests, meter.usage().bytes), (2, 4));
    }

    #[test]
    fn one_bucket_has_one_client() {
        let sources = Sources::new(SourceSettings::default());
        sources.open("s3://b/x.h5", &Arc::default()).unwrap();
        sources.open("s3://b/y.h5", &Arc::default()).unwrap();
        assert_eq!(sources.buckets.lock().unwrap().len(), 1);
    }
}
