//! Credentials of the AWS tools' own files: a profile, as `aws configure` and `aws configure sso` write it.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use aws_config::{
    Region, default_provider::credentials::DefaultCredentialsChain, profile::ProfileFileCredentialsProvider,
    provider_config::ProviderConfig,
};
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider, error::CredentialsError};
use object_store::{
    CredentialProvider,
    aws::{AwsCredential, AwsCredentialProvider},
};
use tokio::sync::{Mutex, OnceCell};

/// Temporary credentials are fetched anew so long before their end.
const AHEAD: Duration = Duration::from_secs(300);

/// No credentials are to be had.
#[derive(Debug, thiserror::Error)]
#[error(
    "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile of which \
     `aws sts get-caller-identity` says who it is"
)]
struct NoCredentials(#[source] CredentialsError);

/// What the AWS tools would sign with. Kept until shortly before its end.
struct Profile {
    name: Option<String>,
    region: Region,
    source: OnceCell<SharedCredentialsProvider>,
    held: Mutex<Option<Held>>,
}

struct Held {
    credential: Arc<AwsCredential>,
    end: Option<SystemTime>,
}

/// The credentials of this profile; without a name those of the default one, or where it holds none, of this machine's
/// role. `region` is where a profile's role is asked for.
pub(crate) fn provider(name: Option<String>, region: String) -> AwsCredentialProvider {
    let (region, source, held) = (Region::new(region), OnceCell::new(), Mutex::default());
    Arc::new(Profile { name, region, source, held })
}

impl Profile {
    async fn source(&self) -> SharedCredentialsProvider {
        match &self.name {
            Some(name) => {
                let config = ProviderConfig::without_region().with_region(Some(self.region.clone()));
                let profile = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name);
                SharedCredentialsProvider::new(profile.build())
            }
            None => {
                let chain = DefaultCredentialsChain::builder().region(self.region.clone());
                SharedCredentialsProvider::new(chain.build().await)
            }
        }
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(hidden)")
    }
}

#[async_trait]
impl CredentialProvider for Profile {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut held = self.held.lock().await;
        let lasts = |held: &&Held| held.end.is_none_or(|end| SystemTime::now() + AHEAD < end);
        if let Some(held) = held.as_ref().filter(lasts) {
            return Ok(Arc::clone(&held.credential));
        }
        let found = self.source.get_or_init(|| self.source()).await.provide_credentials().await.map_err(refused)?;
        let credential = Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        });
        *held = Some(Held { credential: Arc::clone(&credential), end: found.expiry() });
        Ok(credential)
    }
}

/// Whether it is worth asking again is told by the kind of error, as for every request.
fn refused(error: CredentialsError) -> object_store::Error {
    match error {
        CredentialsError::ProviderTimedOut(_) => {
            object_store::Error::Generic { store: "AWS credentials", source: Box::new(error) }
        }
        error => {
            object_store::Error::Unauthenticated { path: "AWS".to_owned(), source: Box::new(NoCredentials(error)) }
        }
    }
}
