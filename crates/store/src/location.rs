//! Where a store is, and how it is reached.

use std::{fmt, path::PathBuf, sync::Arc};

use object_store::aws::AwsCredentialProvider;
use url::Url;
use zagg_core::latency::Latency;

use crate::error::{Result, StoreError};

/// Where a store is. Displays as an absolute path or an `s3://` URL; both parse back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Location {
    /// A folder of this machine, absolute.
    Local(PathBuf),
    /// A prefix of an S3 bucket.
    S3 {
        /// The bucket.
        bucket: String,
        /// The prefix, without slashes at its ends; may be empty.
        prefix: String,
    },
}

impl Location {
    /// Reads a path (a relative one is taken from the working directory), a `file://` URL or an
    /// `s3://bucket/prefix` URL.
    ///
    /// # Errors
    /// When the text is empty, has another scheme, names no bucket, or holds `.` or `..` where an
    /// object key cannot.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |reason| StoreError::Location { text: text.to_owned(), reason };
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                return Err(refuse("it names no bucket"));
            }
            if bucket.contains(['@', ':', '?', '#']) || prefix.contains(['?', '#']) {
                return Err(refuse("an s3:// URL has a bucket and a prefix only"));
            }
            let prefix: Vec<&str> = prefix.split('/').filter(|part| !part.is_empty()).collect();
            if prefix.iter().any(|part| matches!(*part, "." | "..")) {
                return Err(refuse("its prefix holds `.` or `..`"));
            }
            return Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.join("/") });
        }
        let path = if text.starts_with("file:") {
            let url = Url::parse(text).map_err(|_| refuse("it is not a URL"))?;
            url.to_file_path().map_err(|()| refuse("it is not the URL of a local path"))?
        } else if text.contains("://") {
            return Err(refuse("its scheme is not supported"));
        } else if text.is_empty() {
            return Err(refuse("it is empty"));
        } else {
            PathBuf::from(text)
        };
        let path = std::path::absolute(path).map_err(|_| refuse("the working directory is gone"))?;
        normal(&path).map(Self::Local).ok_or_else(|| refuse("its `..` lead above the root"))
    }
}

/// `path`, absolute, with `..` resolved by name. None when they lead above the root.
fn normal(path: &std::path::Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                if !out.pop() {
                    return None;
                }
            }
            other => out.push(other),
        }
    }
    Some(out)
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => write!(f, "{}", path.display()),
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

impl std::str::FromStr for Location {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

/// How a store is reached. Nothing is read from the environment: a program that wants it passes
/// its `AWS_*` variables in `options`. Printing never shows a secret.
#[derive(Clone, Default)]
pub struct StoreSettings {
    /// The region of the bucket.
    pub region: Option<String>,
    /// The endpoint of an S3 that is not AWS's.
    pub endpoint: Option<String>,
    /// Who asks.
    pub credentials: Credentials,
    /// Allow plain HTTP to an endpoint that is not this machine (it always is to a loopback one).
    pub allow_http: bool,
    /// Further options by the names that AWS tools use (`AWS_SESSION_TOKEN`,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE`, ...); unknown ones are ignored. The fields above win.
    pub options: Vec<(String, String)>,
    /// How often a request is repeated that met a busy or broken S3; 10 times within a
    /// minute when none.
    pub retries: Option<usize>,
    /// Skip waiting until the disk holds what was written (local stores).
    pub volatile: bool,
    /// Where the durations of requests are counted.
    pub latency: Arc<Latency>,
}

/// Who asks an S3.
#[derive(Clone, Default)]
pub enum Credentials {
    /// What [`StoreSettings::options`] say; without keys there, the container's or the
    /// instance's role.
    #[default]
    Ambient,
    /// Unsigned requests.
    Anonymous,
    /// A pair of keys.
    Keys {
        /// The access key id.
        id: String,
        /// The secret.
        secret: String,
        /// The session token of temporary keys.
        token: Option<String>,
    },
    /// A provider that refreshes.
    Provider(AwsCredentialProvider),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ambient => "Ambient",
            Self::Anonymous => "Anonymous",
            Self::Keys { .. } => "Keys(hidden)",
            Self::Provider(_) => "Provider",
        })
    }
}

impl fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.options.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("StoreSettings")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .field("credentials", &self.credentials)
            .field("allow_http", &self.allow_http)
            .field("options", &names)
            .field("retries", &self.retries)
            .field("volatile", &self.volatile)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_parse_and_display() {
        let at = |text: &str| Location::parse(text).unwrap().to_string();
        assert_eq!(at("s3://bucket/a//b/"), "s3://bucket/a/b");
        assert_eq!(at("s3://bucket"), "s3://bucket");
        assert_eq!(at("/tmp/a/../b/"), "/tmp/b");
        assert_eq!(at("file:///tmp/with%20space"), "/tmp/with space");
        assert!(at("here").ends_with("/here") && at("here").starts_with('/'));
        assert_eq!(Location::parse(&at("s3://bucket/a")).unwrap(), Location::parse("s3://bucket/a").unwrap());
    }

    #[test]
    fn what_is_not_a_location_is_refused() {
        for text in
            ["", "s3://", "s3:///a", "gs://bucket", "https://host/x", "s3://b/../c", "s3://u:p@b/c", "file://host/x"]
        {
            assert!(matches!(Location::parse(text), Err(StoreError::Location { .. })), "{text}");
        }
    }

    #[test]
    fn printing_settings_shows_no_secret() {
        let settings = StoreSettings {
            credentials: Credentials::Keys { id: "AKIA".into(), secret: "hunter2".into(), token: Some("tok".into()) },
            options: vec![("AWS_SECRET_ACCESS_KEY".into(), "hunter2".into())],
            ..StoreSettings::default()
        };
        let text = format!("{settings:?}");
        assert!(!text.contains("hunter2") && !text.contains("tok\"") && !text.contains("AKIA"), "{text}");
    }
}
