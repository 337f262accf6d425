//! Which bearer token goes to an href's own host.

use std::sync::Arc;

use url::Url;

use crate::error::SourceError;
use crate::source::earthdata::{Bearer, Earthdata};
use crate::source::settings::{Secret, SourceSettings};

/// Where the token of one href comes from.
#[derive(Debug, Clone)]
pub(super) enum Tokens {
    /// Its host gets none.
    None,
    /// From the settings.
    Fixed(Arc<Secret>),
    /// From Earthdata, renewed.
    Earthdata(Earthdata),
}

/// A token that was sent along. Its number is Earthdata's.
#[derive(Clone)]
pub(super) struct Granted {
    pub(super) secret: Arc<Secret>,
    number: Option<u64>,
}

impl Tokens {
    /// Those for the host of `url`.
    pub(super) fn of(url: &Url, settings: &SourceSettings) -> Self {
        match (&settings.https_token, &settings.earthdata) {
            (Some(token), _) if may_have_token(url, settings.https_token_hosts.as_deref()) => {
                Self::Fixed(Arc::new(token.clone()))
            }
            (_, Some(earthdata)) if earthdata.may_have_token(url) => Self::Earthdata(earthdata.clone()),
            _ => Self::None,
        }
    }

    /// The token to send.
    pub(super) async fn get(&self, href: &str) -> Result<Option<Granted>, SourceError> {
        match self {
            Self::None => Ok(None),
            Self::Fixed(secret) => Ok(Some(Granted { secret: Arc::clone(secret), number: None })),
            Self::Earthdata(earthdata) => {
                let bearer = earthdata.bearer().await.map_err(|error| SourceError::earthdata(href, error))?;
                Ok(Some(Granted { secret: bearer.secret, number: Some(bearer.number) }))
            }
        }
    }

    /// Whether there is another token than the refused one.
    pub(super) async fn has_other_than(&self, refused: &Granted, href: &str) -> Result<bool, SourceError> {
        let (Self::Earthdata(earthdata), Some(number)) = (self, refused.number) else { return Ok(false) };
        let refused = Bearer { secret: Arc::clone(&refused.secret), number };
        earthdata.has_other_bearer(&refused).await.map_err(|error| SourceError::earthdata(href, error))
    }
}

/// Whether the token of the settings may go to the host of `url`.
pub(super) fn may_have_token(url: &Url, hosts: Option<&[String]>) -> bool {
    let (Some(hosts), Some(host)) = (hosts, url.host_str()) else { return hosts.is_none() };
    hosts.iter().any(|known| super::is_below(host, known))
}
