//! The environment, read in this one place.

use std::env;

use zagg_granule::{S3Settings, Secret};
use zagg_store::{Credentials, StoreSettings};

use crate::args::S3Arguments;

/// The region of NASA's Earthdata Cloud.
const DEFAULT_REGION: &str = "us-west-2";

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
pub(crate) fn source_s3(typed: &S3Arguments) -> S3Settings {
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
        access_key_id: id,
        secret_access_key: secret.map(Secret::from),
        session_token: token.map(Secret::from),
        anonymous: typed.anonymous,
        allow_http: variable("AWS_ALLOW_HTTP").is_some_and(|value| value == "true"),
        options: further().map(|(name, value)| (name.to_ascii_lowercase(), Secret::from(value))).collect(),
    }
}

/// How the store is reached.
pub(crate) fn store_settings(typed: &S3Arguments) -> StoreSettings {
    let either = |name: &str| variable(name);
    let credentials = match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => Credentials::Keys { id, secret, token: variable("AWS_SESSION_TOKEN") },
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

/// The bearer token for `https://` granules.
pub(crate) fn earthdata_token() -> Option<Secret> {
    variable("EARTHDATA_TOKEN").map(Secret::from)
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
