//! Credentials of NASA's Earthdata, fetched and renewed while granules are read.
//!
//! A login ([`Login`]) is or gives a bearer token; with the token, each archive gives S3
//! credentials for its own buckets, valid for an hour. All slots of a process share one
//! [`Earthdata`]: one of them fetches, early, for all. While Earthdata is down, what is still valid
//! stays in use, and nobody asks more often than a pause allows.

mod check;
mod clock;
mod keys;
mod login;
mod netrc;
mod renewed;
mod settings;
mod token;
mod web;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use url::Url;

pub use check::{EarthdataCheck, ProviderCheck};
pub use clock::{Clock, SystemClock};
pub use keys::S3Credentials;
pub use login::{Login, LoginPlaces};
pub use renewed::{Renewals, Trouble};
pub use settings::{EarthdataSettings, LOGIN_URL, Provider};

use super::https::is_below;
use super::settings::Secret;
use crate::error::EarthdataError;
use keys::KeysFetch;
use renewed::{Renewed, Rule};
use token::TokenFetch;
use web::{Web, safe_url};

/// A token of 60 days is replaced so long before its end.
const TOKEN_SPARE: Duration = Duration::from_secs(3600);

/// Credentials of Earthdata. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Earthdata {
    inner: Arc<Inner>,
}

struct Inner {
    tokens: Arc<Renewed<TokenFetch>>,
    providers: Vec<(Provider, S3Credentials)>,
    token_hosts: Vec<String>,
}

/// A bearer token in use. Its number tells it from those before and after.
pub(super) struct Bearer {
    pub(super) secret: Arc<Secret>,
    pub(super) number: u64,
}

impl Earthdata {
    /// Credentials as `settings` says. Nothing is asked of anybody before they are needed.
    ///
    /// # Errors
    /// [`EarthdataError::BadUrl`], [`EarthdataError::BadToken`], or [`EarthdataError::Setup`].
    pub fn new(settings: EarthdataSettings) -> Result<Self, EarthdataError> {
        Self::with_clock(settings, Arc::new(SystemClock))
    }

    /// As [`Earthdata::new`], by another clock.
    ///
    /// # Errors
    /// As [`Earthdata::new`].
    pub fn with_clock(settings: EarthdataSettings, clock: Arc<dyn Clock>) -> Result<Self, EarthdataError> {
        let base = safe_url("Earthdata Login", &settings.login_url)?;
        let web = Web::new(base.clone(), settings.retry, settings.timeout)?;
        let rule = |spare| Rule { spare, pause: settings.pause, longest_pause: settings.longest_pause };
        let fetch = TokenFetch::new(settings.login, &base, web.clone(), Arc::clone(&clock))?;
        let tokens = Arc::new(Renewed::new(fetch, rule(TOKEN_SPARE), Arc::clone(&clock)));
        let mut providers = Vec::new();
        for provider in settings.providers {
            let url = safe_url(&provider.name, &provider.endpoint)?;
            let (region, name) = (Arc::from(provider.region.as_str()), Arc::from(provider.name.as_str()));
            let fetch = KeysFetch { provider: provider.clone(), url, web: web.clone(), tokens: Arc::clone(&tokens) };
            let keys = Arc::new(Renewed::new(fetch, rule(settings.spare), Arc::clone(&clock)));
            providers.push((provider, S3Credentials { keys, region, name }));
        }
        Ok(Self { inner: Arc::new(Inner { tokens, providers, token_hosts: settings.token_hosts }) })
    }

    /// The credentials for a bucket; none when it is of no provider that is known.
    #[must_use]
    pub fn for_bucket(&self, bucket: &str) -> Option<S3Credentials> {
        let length = |provider: &Provider| {
            let beginnings = provider.buckets.iter().filter(|beginning| bucket.starts_with(beginning.as_str()));
            beginnings.map(String::len).max()
        };
        let known = self.inner.providers.iter().filter_map(|(of, keys)| length(of).map(|length| (length, keys)));
        known.max_by_key(|(length, _)| *length).map(|(_, keys)| keys.clone())
    }

    /// When the S3 credentials in use expire: the first to do so. None when none are in use.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.inner.providers.iter().filter_map(|(_, keys)| keys.keys.renewals().expires_at).min()
    }

    /// Why everybody who wants credentials of some provider gets none for now,
    /// and until when: the outage that lasts longest. For workers, which may rest meanwhile.
    #[must_use]
    pub fn outage(&self) -> Option<Trouble> {
        let providers = self.inner.providers.iter().filter_map(|(_, keys)| keys.keys.outage());
        providers.chain(self.inner.tokens.outage()).max_by_key(|trouble| trouble.until)
    }

    /// What was fetched so far: for metrics.
    #[must_use]
    pub fn report(&self) -> EarthdataReport {
        let providers = self.inner.providers.iter();
        EarthdataReport {
            token: self.inner.tokens.renewals(),
            providers: providers.map(|(of, keys)| (of.name.clone(), keys.keys.renewals())).collect(),
        }
    }

    /// Whether the token may go to the host of `url`.
    pub(super) fn may_have_token(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|host| self.inner.token_hosts.iter().any(|known| is_below(host, known)))
    }

    /// The bearer token, fetched when there is none.
    pub(super) async fn bearer(&self) -> Result<Bearer, EarthdataError> {
        let held = self.inner.tokens.get().await?;
        Ok(Bearer { secret: held.value, number: held.number })
    }

    /// Whether there is another token than the one of this `number`, which a host refused.
    pub(super) async fn has_other_bearer(&self, refused: &Bearer) -> Result<bool, EarthdataError> {
        let other = self.inner.tokens.other_than(refused.number, false).await?;
        Ok(other.is_some_and(|other| other.value != refused.secret))
    }
}

impl fmt::Debug for Earthdata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.inner.providers.iter().map(|(of, _)| of.name.as_str()).collect();
        f.debug_struct("Earthdata").field("providers", &names).finish_non_exhaustive()
    }
}

/// What was fetched of Earthdata so far.
#[derive(Debug, Clone)]
pub struct EarthdataReport {
    /// Bearer tokens.
    pub token: Renewals,
    /// S3 credentials, by the provider's name.
    pub providers: Vec<(String, Renewals)>,
}

impl EarthdataReport {
    /// Fetches and failures over all.
    #[must_use]
    pub fn totals(&self) -> (u64, u64) {
        let all = self.providers.iter().map(|(_, renewals)| renewals).chain([&self.token]);
        all.fold((0, 0), |(fetches, failures), one| (fetches + one.fetches, failures + one.failures))
    }
}

#[cfg(test)]
mod tests;
