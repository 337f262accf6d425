//! Where to ask.

use reqwest::Client;
use reqwest::redirect::Policy;
use url::Url;

use super::error::StacError;
use super::settings::SearchSettings;

/// The root of NASA's STAC.
const CMR: &str = "https://cmr.earthdata.nasa.gov/stac";

/// Redirects within a server that are followed.
const MAX_REDIRECTS: usize = 5;

/// A server that answers STAC item searches. It is never told who asks.
#[derive(Debug, Clone)]
pub struct Server {
    pub(super) client: Client,
    /// The address of item searches.
    pub(super) url: Url,
    /// How the first page is asked for.
    pub(super) style: Style,
    /// The provider, of a catalog of NASA's.
    pub(super) provider: Option<String>,
    pub(super) settings: SearchSettings,
}

/// How a search is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// With the parameters in the URL. CMR's links to the next page are always of this kind.
    Get,
    /// With the parameters in a body, or in the URL where a server refuses that.
    Post,
}

impl Server {
    /// NASA's catalog of a provider, such as `NSIDC_CPRD`.
    ///
    /// # Errors
    /// [`StacError::Setup`] when TLS cannot be set up, [`StacError::BadUrl`] when the provider is no name.
    pub fn cmr(provider: &str, settings: SearchSettings) -> Result<Self, StacError> {
        Self::cmr_at(CMR, provider, settings)
    }

    /// The same of another CMR, whose STAC root this is, such as `https://cmr.uat.earthdata.nasa.gov/stac`.
    ///
    /// # Errors
    /// As [`Server::cmr`], and [`StacError::BadUrl`] when the root is no address.
    pub fn cmr_at(root: &str, provider: &str, settings: SearchSettings) -> Result<Self, StacError> {
        let mut url = parse(root)?;
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if !is_name(provider) {
            let reason = format!("{provider:?} is no provider such as NSIDC_CPRD");
            return Err(StacError::BadUrl { url: shown(&url), reason });
        }
        append(&mut url, &[provider, "search"]);
        Ok(Self { client: client(&settings)?, url, style: Style::Get, provider: Some(provider.to_owned()), settings })
    }

    /// Any STAC API, by its root (`https://earth-search.aws.element84.com/v1`) or the address of
    /// its item search. A catalog of NASA's is asked as [`Server::cmr`] does.
    ///
    /// # Errors
    /// [`StacError::Setup`] when TLS cannot be set up, [`StacError::BadUrl`] when this is no address.
    pub fn at(address: &str, settings: SearchSettings) -> Result<Self, StacError> {
        let mut url = parse(address)?;
        if !url.path().trim_end_matches('/').ends_with("/search") {
            append(&mut url, &["search"]);
        }
        let is_cmr = url.host_str().is_some_and(|host| host.starts_with("cmr.") && host.ends_with(".nasa.gov"));
        let style = if is_cmr { Style::Get } else { Style::Post };
        let provider = is_cmr.then(|| url.path_segments()?.rev().nth(1).map(str::to_owned)).flatten();
        Ok(Self { client: client(&settings)?, url, style, provider, settings })
    }

    /// The address of item searches.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }
}

fn parse(text: &str) -> Result<Url, StacError> {
    let bad = |reason: String| StacError::BadUrl { url: text.to_owned(), reason };
    let mut url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
    if !matches!(url.scheme(), "https" | "http") || url.cannot_be_a_base() {
        return Err(bad("it is to begin with https://".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // The text, with its secret, is not repeated.
        let reason = "it holds a user or a password, and a search sends none".to_owned();
        let url = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
        return Err(StacError::BadUrl { url, reason });
    }
    url.set_fragment(None);
    Ok(url)
}

fn append(url: &mut Url, parts: &[&str]) {
    // A URL that can be a base has a path.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
}

/// A client that follows redirects within a server only.
fn client(settings: &SearchSettings) -> Result<Client, StacError> {
    let policy = Policy::custom(|attempt| {
        let from = attempt.previous().first().map(Url::origin);
        match from == Some(attempt.url().origin()) && attempt.previous().len() <= MAX_REDIRECTS {
            true => attempt.follow(),
            false => attempt.stop(),
        }
    });
    Client::builder()
        .redirect(policy)
        .connect_timeout(settings.patience.connect)
        .timeout(settings.patience.timeout)
        .user_agent(concat!("zagg/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|source| StacError::Setup { source })
}

/// A URL for messages: without its query.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> SearchSettings {
        SearchSettings::default()
    }

    #[test]
    fn a_provider_is_a_part_of_the_address() {
        let server = Server::cmr("NSIDC_CPRD", settings()).unwrap();
        assert_eq!(server.url(), "https://cmr.earthdata.nasa.gov/stac/NSIDC_CPRD/search");
        let server = Server::cmr_at("http://127.0.0.1:8080/stac/", "LPCLOUD", settings()).unwrap();
        assert_eq!(server.url(), "http://127.0.0.1:8080/stac/LPCLOUD/search");
        for provider in ["", "../x", "NSIDC CPRD", "a?b"] {
            assert!(matches!(Server::cmr(provider, settings()), Err(StacError::BadUrl { .. })), "{provider}");
        }
    }

    #[test]
    fn an_api_is_found_by_its_root_or_its_search() {
        for address in ["https://stac.example/v1", "https://stac.example/v1/", "https://stac.example/v1/search"] {
            let server = Server::at(address, settings()).unwrap();
            assert_eq!((server.url(), server.style), ("https://stac.example/v1/search", Style::Post));
        }
        let server = Server::at("https://cmr.earthdata.nasa.gov/cloudstac/LPCLOUD", settings()).unwrap();
        assert_eq!((server.style, server.provider.as_deref()), (Style::Get, Some("LPCLOUD")));
    }

    #[test]
    fn an_address_that_is_none_or_holds_a_password_is_refused() {
        for address in ["stac.example", "ftp://stac.example", "mailto:me@example.org", ""] {
            assert!(matches!(Server::at(address, settings()), Err(StacError::BadUrl { .. })), "{address}");
        }
        let error = Server::at("https://me:sesame@stac.example/v1", settings()).unwrap_err().to_string();
        assert!(error.contains("stac.example") && !error.contains("sesame"), "{error}");
    }
}
