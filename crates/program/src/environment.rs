//! The environment, read in this one place.

use std::{env, path::PathBuf};

use object_store::aws::AwsCredentialProvider;
use zagg_core::digest::Digest;
use zagg_granule::{
    Earthdata, EarthdataError, EarthdataSettings, Login, LoginPlaces, S3Settings, Secret, source::earthdata::Provider,
};
use zagg_store::{Credentials, StoreSettings};

use crate::{arguments::S3Arguments, profile};

/// The region of NASA's Earthdata Cloud.
const DEFAULT_REGION: &str = "us-west-2";

/// The host that a netrc file names for Earthdata.
const LOGIN_HOST: &str = "urs.earthdata.nasa.gov";

/// Options of the AWS tools that reach an S3 client besides keys, region and endpoint: where a
/// container, an instance or a web identity gets its credentials.
const FURTHER: [&str; 6] = [
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
];

/// A variable that is set and not empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// How granules are reached: `ZAGG_SOURCE_AWS_*` first, for those whose credentials are not the
/// store's, then `AWS_*`.
pub fn source_s3(typed: &S3Arguments) -> S3Settings {
    let own = |name: &str| variable(&format!("ZAGG_SOURCE_{name}"));
    let either = |name: &str| own(name).or_else(|| variable(name));
    // A session token belongs to its keys: never mix one pair's with another's.
    let (id, secret, token) = match own("AWS_ACCESS_KEY_ID") {
        Some(id) => (Some(id), own("AWS_SECRET_ACCESS_KEY"), own("AWS_SESSION_TOKEN")),
        None => (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"), variable("AWS_SESSION_TOKEN")),
    };
    S3Settings {
        region: Some(region(typed, &either)),
        endpoint: endpoint(typed, &either),
        credentials: (id.is_none() && !typed.anonymous && has_profiles()).then(|| of_profile(region(typed, &either))),
        access_key_id: id,
        secret_access_key: secret.map(Secret::from),
        session_token: token.map(Secret::from),
        anonymous: typed.anonymous,
        allow_http: variable("AWS_ALLOW_HTTP").is_some_and(|value| value == "true"),
        options: further().map(|(name, value)| (name.to_ascii_lowercase(), Secret::from(value))).collect(),
    }
}

/// How the store is reached.
pub fn store_settings(typed: &S3Arguments) -> StoreSettings {
    let either = |name: &str| variable(name);
    let credentials = match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => Credentials::Keys { id, secret, token: variable("AWS_SESSION_TOKEN") },
        _ if has_profiles() => Credentials::Provider(of_profile(region(typed, &either))),
        _ => Credentials::Ambient,
    };
    StoreSettings {
        region: Some(region(typed, &either)),
        endpoint: endpoint(typed, &either),
        credentials,
        allow_http: variable("AWS_ALLOW_HTTP").is_some_and(|value| value == "true"),
        options: further().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..StoreSettings::default()
    }
}

fn of_profile(region: String) -> AwsCredentialProvider {
    profile::provider(variable("AWS_PROFILE"), region)
}

/// Whether a profile is named, or the AWS tools' files of profiles are there.
fn has_profiles() -> bool {
    let file = |own: &str, name: &str| {
        let usual = || variable("HOME").map(|home| format!("{home}/.aws/{name}"));
        variable(own).or_else(usual).is_some_and(|path| PathBuf::from(path).is_file())
    };
    variable("AWS_PROFILE").is_some()
        || file("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        || file("AWS_CONFIG_FILE", "config")
}

/// The bearer token for `https://` granules of others than Earthdata's archives.
pub fn https_token() -> Option<Secret> {
    variable("ZAGG_HTTPS_TOKEN").map(Secret::from)
}

/// Earthdata, where the environment or a netrc file says who logs in. See `docs/reference/earthdata.md`.
///
/// # Errors
/// When half a login is given, or a netrc file cannot be used.
pub fn earthdata() -> Result<Option<Earthdata>, EarthdataError> {
    let url = variable("ZAGG_EARTHDATA_URL");
    let netrc = variable("NETRC").or_else(|| variable("HOME").map(|home| format!("{home}/.netrc")));
    let places = LoginPlaces {
        token: variable("EARTHDATA_TOKEN").map(Secret::from),
        user: variable("EARTHDATA_USERNAME"),
        password: variable("EARTHDATA_PASSWORD").map(Secret::from),
        netrc: netrc.map(PathBuf::from),
    };
    let Some(login) = Login::find(places, LOGIN_HOST)? else { return Ok(None) };
    let mut settings = EarthdataSettings::new(login);
    if let Some(url) = url {
        settings.login_url = url;
    }
    // Somebody else's endpoint, before the known ones: BUCKET-PREFIX=URL.
    if let Some((bucket, endpoint)) = variable("ZAGG_EARTHDATA_PROVIDER").as_deref().and_then(|own| own.split_once('='))
    {
        settings.providers.push(Provider::new(bucket, &[bucket], endpoint));
    }
    // Keys of the user's own for the granules win over Earthdata's.
    if variable("ZAGG_SOURCE_AWS_ACCESS_KEY_ID").is_some() {
        settings.providers.clear();
    }
    Earthdata::new(settings).map(Some)
}

/// The STAC root of another CMR than NASA's.
pub fn cmr_root() -> Option<String> {
    variable("ZAGG_CMR_URL")
}

/// Whether this is a Lambda function.
pub fn is_lambda() -> bool {
    variable("AWS_LAMBDA_RUNTIME_API").is_some()
}

/// A Lambda function's own facts.
#[derive(Debug, Clone, PartialEq)]
pub struct LambdaFacts {
    /// Its name.
    pub function: String,
    /// Its memory, in MB.
    pub memory_mb: f64,
}

/// The Lambda function that this is.
pub fn lambda() -> LambdaFacts {
    let memory = variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|value| value.parse().ok());
    LambdaFacts {
        function: variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "zagg".to_owned()),
        memory_mb: memory.unwrap_or(1769.0),
    }
}

/// The agent of the ECS task that this runs in, if it does.
pub fn ecs_agent() -> Option<String> {
    variable("ECS_AGENT_URI")
}

/// A name that no other worker has: the host's, and a part that differs from start to start.
pub fn worker_name() -> String {
    let host = variable("HOSTNAME").or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    let host = host.map_or_else(|| "worker".to_owned(), |name| name.trim().to_owned());
    let start = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let unique = Digest::of(format!("{host} {} {}", std::process::id(), start.as_nanos()).as_bytes());
    format!("{host}-{}", unique.short(6))
}

fn region(typed: &S3Arguments, either: &impl Fn(&str) -> Option<String>) -> String {
    let named = typed.region.clone().or_else(|| either("AWS_REGION")).or_else(|| either("AWS_DEFAULT_REGION"));
    named.unwrap_or_else(|| DEFAULT_REGION.to_owned())
}

fn endpoint(typed: &S3Arguments, either: &impl Fn(&str) -> Option<String>) -> Option<String> {
    typed.endpoint_url.clone().or_else(|| either("AWS_ENDPOINT_URL_S3")).or_else(|| either("AWS_ENDPOINT_URL"))
}

fn further() -> impl Iterator<Item = (&'static str, String)> {
    FURTHER.into_iter().filter_map(|name| variable(name).map(|value| (name, value)))
}
