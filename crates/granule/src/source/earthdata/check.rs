//! Trying a login: what it opens and what not.

use std::time::SystemTime;

use futures::future::join_all;

use super::Earthdata;
use crate::error::EarthdataError;

/// What a login opens.
#[derive(Debug, Clone)]
pub struct EarthdataCheck {
    /// What the login is: `token` or `password`.
    pub login: &'static str,
    /// When the bearer token expires, where that is known, or why there is none. That a given
    /// token is accepted shows only at the providers.
    pub token: Result<Option<SystemTime>, EarthdataError>,
    /// Each provider.
    pub providers: Vec<ProviderCheck>,
}

/// What a provider gives.
#[derive(Debug, Clone)]
pub struct ProviderCheck {
    /// Its name.
    pub name: String,
    /// The beginnings of its buckets' names.
    pub buckets: Vec<String>,
    /// Where it was asked.
    pub endpoint: String,
    /// When its S3 credentials expire, or why there are none.
    pub credentials: Result<Option<SystemTime>, EarthdataError>,
}

impl EarthdataCheck {
    /// Whether there is a token, and every provider gave credentials.
    #[must_use]
    pub fn is_all_well(&self) -> bool {
        self.token.is_ok() && self.providers.iter().all(|provider| provider.credentials.is_ok())
    }
}

impl Earthdata {
    /// Tries the login at Earthdata and at each provider whose name is `wanted`. Credentials that are in
    /// use count.
    pub async fn check(&self, wanted: impl Fn(&str) -> bool) -> EarthdataCheck {
        let token = self.inner.tokens.get().await.map(|held| held.expires);
        let asked = self.inner.providers.iter().filter(|(of, _)| wanted(&of.name));
        let providers = asked.map(|(of, keys)| async move {
            ProviderCheck {
                name: of.name.clone(),
                buckets: of.buckets.clone(),
                endpoint: of.endpoint.clone(),
                credentials: keys.get().await.map(|held| held.expires),
            }
        });
        EarthdataCheck { login: self.inner.tokens.source().login().kind(), token, providers: join_all(providers).await }
    }
}
