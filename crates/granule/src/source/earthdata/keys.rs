//! A provider's S3 credentials.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use serde::Deserialize;
use url::Url;

use super::renewed::{Fetch, Fetched, Held, Renewed};
use super::settings::Provider;
use super::token::TokenFetch;
use super::web::{Ask, Proof, Web};
use crate::error::EarthdataError;
use crate::source::settings::Secret;

const REMEDY: &str = "check the login (a bearer token lives 60 days), and accept the provider's licence (EULA) and \
                      authorise its application in the profile at urs.earthdata.nasa.gov";

/// Gets S3 credentials of one provider.
pub(super) struct KeysFetch {
    pub(super) provider: Provider,
    pub(super) url: Url,
    pub(super) web: Web,
    pub(super) tokens: Arc<Renewed<TokenFetch>>,
}

impl KeysFetch {
    async fn ask(&self, token: &Secret) -> Result<Fetched<AwsCredential>, EarthdataError> {
        let who = self.provider.name.as_str();
        let ask = Ask { who, url: &self.url, proof: Proof::Token(token), remedy: REMEDY };
        read(who, &self.web.ask(&ask).await?)
    }
}

#[async_trait]
impl Fetch for KeysFetch {
    type Value = AwsCredential;

    async fn fetch(&self) -> Result<Fetched<AwsCredential>, EarthdataError> {
        let token = self.tokens.get().await?;
        let error = match self.ask(&token.value).await {
            Err(error @ EarthdataError::Denied { .. }) => error,
            outcome => return outcome,
        };
        // The token may have been revoked before its end, or the refusal be about a licence.
        match self.tokens.other_than(token.number, false).await? {
            Some(other) if other.value != token.value => self.ask(&other.value).await,
            _ => Err(error),
        }
    }

    fn name(&self) -> &str {
        &self.provider.name
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: String,
}

fn read(who: &str, body: &[u8]) -> Result<Fetched<AwsCredential>, EarthdataError> {
    let wrong = |what| EarthdataError::Answer { who: who.to_owned(), what };
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|_| wrong("it lacks one of accessKeyId, secretAccessKey, sessionToken, expiration"))?;
    let expires = moment(&answer.expiration).ok_or_else(|| wrong("its `expiration` is not a time"))?;
    let value = AwsCredential {
        key_id: answer.access_key_id,
        secret_key: answer.secret_access_key,
        token: Some(answer.session_token),
    };
    Ok(Fetched { value, expires: Some(expires) })
}

/// `2021-01-27 00:50:09+00:00`, or any other form of RFC 3339.
fn moment(text: &str) -> Option<SystemTime> {
    let time = DateTime::parse_from_rfc3339(text.trim()).ok()?;
    Some(time.with_timezone(&Utc).into())
}

/// The S3 credentials of one provider, shared by all who read its buckets, and always fresh.
#[derive(Clone)]
pub struct S3Credentials {
    pub(super) keys: Arc<Renewed<KeysFetch>>,
    pub(super) region: Arc<str>,
    pub(super) name: Arc<str>,
}

impl S3Credentials {
    /// The region of the provider's buckets.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The number of the credentials in use, which are fetched when there are none.
    pub(in crate::source) async fn number(&self) -> Result<u64, EarthdataError> {
        Ok(self.get().await?.number)
    }

    /// Whether a request that S3 refused with the credentials of this `number` is worth a second
    /// try, because there are others by now. `gone`: S3 said that they are over.
    pub(in crate::source) async fn replaced(&self, number: u64, gone: bool) -> Result<bool, EarthdataError> {
        Ok(self.keys.other_than(number, gone).await?.is_some())
    }

    pub(super) async fn get(&self) -> Result<Held<AwsCredential>, EarthdataError> {
        self.keys.get().await
    }
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Credentials").field("provider", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl CredentialProvider for S3Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let failed = |error| object_store::Error::Generic { store: "Earthdata", source: Box::new(error) };
        Ok(self.get().await.map_err(failed)?.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_credentials_is_read_in_the_forms_that_are_in_use() {
        let seconds = |text| {
            let time: SystemTime = moment(text).unwrap();
            time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
        };
        assert_eq!(seconds("2021-01-27 00:50:09+00:00"), 1_611_708_609);
        assert_eq!(seconds("2021-01-27T00:50:09Z"), 1_611_708_609);
        assert_eq!(seconds("2021-01-27T01:50:09.250+01:00"), 1_611_708_609);
        assert!(moment("tomorrow").is_none() && moment("").is_none());
    }

    #[test]
    fn an_answer_without_keys_is_named_without_its_text() {
        let error = read("NSIDC", br#"{"accessKeyId":"open-sesame"}"#).map(|_| ()).unwrap_err();
        assert!(matches!(error, EarthdataError::Answer { .. }) && !format!("{error:?}").contains("sesame"));
        let body = br#"{"accessKeyId":"a","secretAccessKey":"b","sessionToken":"c","expiration":"never"}"#;
        assert!(read("NSIDC", body).is_err());
    }
}
