//! One page from a server, asked for again on faults that may pass.

use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode, header};

use super::answer::{self, Page};
use super::backoff;
use super::error::StacError;
use super::place::Place;
use super::server::{Server, shown};

/// The longest refusal that is read, in bytes.
const MAX_REFUSAL: usize = 64 << 10;

/// Why an attempt failed.
enum Failure {
    /// Another attempt may do better, after the pause that the server asks for.
    Passing(StacError, Option<Duration>),
    /// It will fail again.
    Lasting(StacError),
}

/// An attempt at a page.
struct Attempt<'a> {
    server: &'a Server,
    place: &'a Place,
    /// The page, from 1.
    page: u64,
    /// The attempt, from 1.
    tried: u32,
}

/// A page. `waiting` hears of each pause before another attempt.
pub(super) async fn page(
    server: &Server,
    place: &Place,
    page: u64,
    mut waiting: impl FnMut(Duration),
) -> Result<Page, StacError> {
    let mut tried = 0;
    loop {
        tried += 1;
        let (error, asked) = match (Attempt { server, place, page, tried }).make().await {
            Ok(page) => return Ok(page),
            Err(Failure::Lasting(error)) => return Err(error),
            Err(Failure::Passing(error, asked)) => (error, asked),
        };
        let Some(pause) = backoff::pause(&server.settings.patience, tried, asked) else { return Err(error) };
        tracing::debug!(page, %error, ?pause, "asking for a page again");
        waiting(pause);
        tokio::time::sleep(pause).await;
    }
}

impl Attempt<'_> {
    async fn make(&self) -> Result<Page, Failure> {
        let mut response = self.request().send().await.map_err(|error| self.lost(error))?;
        if response.status() != StatusCode::OK {
            return Err(self.refusal(response).await);
        }
        let (limit, url, page) = (self.server.settings.max_body, self.url(), self.page);
        let body = match self.read(&mut response, limit).await? {
            (body, true) => body,
            (_, false) => return Err(Failure::Lasting(StacError::TooLong { url, page, limit })),
        };
        serde_json::from_slice(&body).map_err(|source| {
            // A body without a length that breaks off ends like this.
            let is_cut = source.is_eof() && !body.is_empty();
            let error = StacError::NotStac { url, page, start: answer::start(&body, 80), source };
            if is_cut { Failure::Passing(error, None) } else { Failure::Lasting(error) }
        })
    }

    fn request(&self) -> RequestBuilder {
        let Place { url, body } = self.place;
        let request = match body {
            None => self.server.client.get(url.clone()),
            Some(body) => self
                .server
                .client
                .post(url.clone())
                .header(header::CONTENT_TYPE, "application/json")
                .body(serde_json::Value::Object(body.clone()).to_string()),
        };
        request.header(header::ACCEPT, "application/geo+json, application/json")
    }

    /// The body, and whether it is whole within `limit` bytes.
    async fn read(&self, response: &mut Response, limit: usize) -> Result<(Vec<u8>, bool), Failure> {
        let mut body = Vec::new();
        while let Some(more) = response.chunk().await.map_err(|error| self.lost(error))? {
            if body.len() + more.len() > limit {
                return Ok((body, false));
            }
            body.extend_from_slice(&more);
        }
        Ok((body, true))
    }

    async fn refusal(&self, mut response: Response) -> Failure {
        let status = response.status();
        let after = retry_after(&response);
        let place = response.headers().get(header::LOCATION).and_then(|place| place.to_str().ok()).map(str::to_owned);
        // What it says is told if it can be read; the status says enough.
        let body = self.read(&mut response, MAX_REFUSAL).await.map(|(body, _)| body).unwrap_or_default();
        let (url, page, tries, code) = (self.url(), self.page, self.tried, status.as_u16());
        let answer = match place.filter(|_| status.is_redirection()) {
            Some(place) => format!(": a redirect to {}, which is not followed", answer::start(place.as_bytes(), 200)),
            None => answer::words(&body),
        };
        match code {
            429 | 503 if code == 429 || after.is_some() => {
                Failure::Passing(StacError::Throttled { url, page, status: code, after, tries }, after)
            }
            408 | 500 | 502..=599 => {
                Failure::Passing(StacError::Server { url, page, status: code, answer, tries }, after)
            }
            401 | 403 | 407 => Failure::Lasting(StacError::Denied { url, status: code, answer }),
            404 | 410 => Failure::Lasting(StacError::Missing { url, answer }),
            _ => Failure::Lasting(StacError::Refused { url, page, status: code, answer }),
        }
    }

    fn lost(&self, error: reqwest::Error) -> Failure {
        let is_ours = error.is_builder();
        let source = error.without_url();
        let error = StacError::Connection { url: self.url(), page: self.page, tries: self.tried, source };
        if is_ours { Failure::Lasting(error) } else { Failure::Passing(error, None) }
    }

    fn url(&self) -> String {
        shown(&self.place.url)
    }
}

/// The wait that a `Retry-After` header asks for: seconds, or a date (RFC 9110, section 10.2.3),
/// which is compared with the server's own clock.
fn retry_after(response: &Response) -> Option<Duration> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let asked = header(header::RETRY_AFTER)?.trim();
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text| chrono::DateTime::parse_from_rfc2822(text).ok();
    (date(asked)? - date(header(header::DATE)?)?).to_std().ok()
}
