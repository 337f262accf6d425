//! How sources are read. Settings may never change a byte of a result.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AwsCredentialProvider;
use zagg_core::latency::Latency;

use super::earthdata::Earthdata;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the request that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// How S3 is reached. Everything comes from the caller: no environment is read here.
#[derive(Debug, Clone, Default)]
pub struct S3Settings {
    /// The region; `us-west-2` (where Earthdata Cloud is) when absent.
    pub region: Option<String>,
    /// Another endpoint than Amazon's, for emulators and clones. `http://` is taken for loopback
    /// hosts, and for others with `allow_http`.
    pub endpoint: Option<String>,
    /// The access key id. Without it the instance's or container's own credentials are asked for.
    pub access_key_id: Option<String>,
    /// The access key's secret.
    pub secret_access_key: Option<Secret>,
    /// The session token of temporary credentials.
    pub session_token: Option<Secret>,
    /// Who gives credentials, where no access key is given.
    pub credentials: Option<AwsCredentialProvider>,
    /// Do not sign requests: for public buckets.
    pub anonymous: bool,
    /// Allow an endpoint without TLS that is not on this machine.
    pub allow_http: bool,
    /// Further options by the names that `object_store` gives them (`aws_container_credentials_relative_uri`, ...).
    /// A name it does not know is left out.
    pub options: Vec<(String, Secret)>,
}

/// How failed requests are repeated: full jitter under an exponentially growing ceiling.
#[derive(Debug, Clone, Copy)]
pub struct RetrySettings {
    /// Attempts in all, the first included.
    pub tries: u32,
    /// The ceiling of the first wait.
    pub base: Duration,
    /// The ceiling of any wait.
    pub cap: Duration,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self { tries: 5, base: Duration::from_millis(100), cap: Duration::from_secs(10) }
    }
}

/// How sources are read.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// S3.
    pub s3: S3Settings,
    /// Credentials of NASA's Earthdata, for `s3://` hrefs in the buckets of its archives and for
    /// `https://` hrefs on its hosts.
    pub earthdata: Option<Earthdata>,
    /// A bearer token for `https://` hrefs, before Earthdata's. It goes to the href's own host only.
    pub https_token: Option<Secret>,
    /// When set, the token goes only to hosts that are one of these names or below one.
    pub https_token_hosts: Option<Vec<String>>,
    /// The folder that relative paths start from.
    pub base: Option<PathBuf>,
    /// Requests to remote sources that may be under way at once.
    pub requests_in_flight: usize,
    /// Two ranges this near or nearer are fetched in one request (remote sources).
    pub coalesce_gap: u64,
    /// No coalesced request is larger than this, unless a single range is.
    pub coalesce_max: u64,
    /// Repeating failed requests.
    pub retry: RetrySettings,
    /// The longest wait for a connection.
    pub connect_timeout: Duration,
    /// The longest wait for the next bytes.
    pub read_timeout: Duration,
    /// Where the durations of requests are counted.
    pub latency: Arc<Latency>,
}

impl Default for SourceSettings {
    fn default() -> Self {
        Self {
            s3: S3Settings::default(),
            earthdata: None,
            https_token: None,
            https_token_hosts: None,
            base: None,
            requests_in_flight: 64,
            coalesce_gap: 256 << 10,
            coalesce_max: 8 << 20,
            retry: RetrySettings::default(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            latency: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_never_printed() {
        let settings = SourceSettings {
            https_token: Some(Secret::new("open-sesame")),
            s3: S3Settings {
                secret_access_key: Some(Secret::new("open-sesame")),
                options: vec![("x".into(), Secret::new("open-sesame"))],
                ..S3Settings::default()
            },
            ..SourceSettings::default()
        };
        assert!(!format!("{settings:?}").contains("open-sesame"));
    }
}
