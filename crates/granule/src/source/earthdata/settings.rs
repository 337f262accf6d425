//! Who is asked for credentials, with which login, and how patiently.

use std::time::Duration;

use super::login::Login;
use crate::source::settings::RetrySettings;

/// Earthdata Login.
pub const LOGIN_URL: &str = "https://urs.earthdata.nasa.gov";

/// Where the buckets of Earthdata Cloud are.
const REGION: &str = "us-west-2";

/// The archives' names, the beginnings of their buckets' names, and their endpoints.
const PROVIDERS: [(&str, &[&str], &str); 8] = [
    ("NSIDC", &["nsidc-cumulus-"], "https://data.nsidc.earthdatacloud.nasa.gov/s3credentials"),
    ("GES_DISC", &["gesdisc-cumulus-"], "https://data.gesdisc.earthdata.nasa.gov/s3credentials"),
    ("LPDAAC", &["lp-prod-"], "https://data.lpdaac.earthdatacloud.nasa.gov/s3credentials"),
    ("ORNLDAAC", &["ornl-cumulus-"], "https://data.ornldaac.earthdata.nasa.gov/s3credentials"),
    ("PODAAC", &["podaac-ops-cumulus-"], "https://archive.podaac.earthdata.nasa.gov/s3credentials"),
    ("GHRCDAAC", &["ghrcw-"], "https://data.ghrc.earthdata.nasa.gov/s3credentials"),
    ("ASF", &["asf-cumulus-"], "https://sentinel1.asf.alaska.edu/s3credentials"),
    ("LAADS", &["prod-lads"], "https://data.laadsdaac.earthdatacloud.nasa.gov/s3credentials"),
];

/// Who gives credentials for some buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its name in messages.
    pub name: String,
    /// Its credentials are for buckets whose names begin so. The longest beginning of all
    /// providers decides.
    pub buckets: Vec<String>,
    /// Where it gives them.
    pub endpoint: String,
    /// The region of its buckets; used unless another S3 endpoint is set.
    pub region: String,
}

impl Provider {
    /// A provider in us-west-2 for the buckets that begin with one of `buckets`.
    #[must_use]
    pub fn new(name: &str, buckets: &[&str], endpoint: &str) -> Self {
        Self {
            name: name.to_owned(),
            buckets: buckets.iter().map(|&bucket| bucket.to_owned()).collect(),
            endpoint: endpoint.to_owned(),
            region: REGION.to_owned(),
        }
    }

    /// The archives that are known.
    #[must_use]
    pub fn known() -> Vec<Self> {
        PROVIDERS.iter().map(|(name, buckets, endpoint)| Self::new(name, buckets, endpoint)).collect()
    }
}

/// How credentials are had of Earthdata. Everything comes from the caller: no environment is
/// read here.
#[derive(Debug, Clone)]
pub struct EarthdataSettings {
    /// Who logs in.
    pub login: Login,
    /// Earthdata Login.
    pub login_url: String,
    /// Who gives S3 credentials. Buckets of nobody here keep the credentials of the S3 settings.
    pub providers: Vec<Provider>,
    /// Hosts that get the bearer token for `https://` granules: these names and those below them.
    pub token_hosts: Vec<String>,
    /// Repeating a request that failed, before the fetch counts as failed.
    pub retry: RetrySettings,
    /// The longest wait for an answer.
    pub timeout: Duration,
    /// S3 credentials are replaced so long before their end, and up to a fifth earlier by chance.
    pub spare: Duration,
    /// After a failed fetch nobody asks again for so long; it doubles with each failure in a row.
    pub pause: Duration,
    /// The longest such pause.
    pub longest_pause: Duration,
}

impl EarthdataSettings {
    /// The settings for the real Earthdata with this login.
    #[must_use]
    pub fn new(login: Login) -> Self {
        Self {
            login,
            login_url: LOGIN_URL.to_owned(),
            providers: Provider::known(),
            token_hosts: vec!["nasa.gov".to_owned(), "asf.alaska.edu".to_owned()],
            retry: RetrySettings { tries: 3, base: Duration::from_millis(500), cap: Duration::from_secs(5) },
            timeout: Duration::from_secs(20),
            spare: Duration::from_secs(600),
            pause: Duration::from_secs(15),
            longest_pause: Duration::from_secs(600),
        }
    }
}
