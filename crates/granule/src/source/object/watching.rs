//! What S3 answered: status, error code, and the wait it asks for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};

use crate::source::https::retry_after;

/// Error codes of S3 that mean the credentials, whatever the status.
const DENIALS: [&str; 7] = [
    "AccessDenied",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
];

/// Those of them that mean that the credentials are over.
const OVER: [&str; 4] = ["ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "TokenRefreshRequired"];

/// What the last answer to a request was. The client library keeps statuses to itself, so that
/// one is written down as it passes ([`Watching`]), by way of the request's extensions.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Answer>);

#[derive(Debug, Default, Clone)]
pub(super) struct Answer {
    pub(super) status: Option<u16>,
    code: Option<String>,
    pub(super) after: Option<Duration>,
    region: Option<String>,
}

impl Seen {
    pub(super) fn answer(&self) -> Answer {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, answer: Answer) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }
}

impl Answer {
    pub(super) fn denies(&self) -> bool {
        matches!(self.status, Some(401 | 403)) || self.code.as_deref().is_some_and(|code| DENIALS.contains(&code))
    }

    /// Whether other credentials may help: `Some(true)` when these are certainly over.
    pub(super) fn wants_others(&self) -> Option<bool> {
        match self.code.as_deref() {
            Some(code) if OVER.contains(&code) => Some(true),
            Some("RequestTimeTooSkewed" | "SignatureDoesNotMatch") => None,
            _ => self.denies().then_some(false),
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = self.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        if let Some(code) = &self.code {
            text = format!("{text} {code}");
        }
        if let (Some(301 | 307 | 400), Some(region)) = (self.status, &self.region) {
            text = format!("{text}: the bucket is in the region {region}");
        }
        text
    }
}

/// Connects as `object_store` does, and writes down each answer.
#[derive(Debug)]
pub(super) struct Watching;

impl HttpConnector for Watching {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Watched(ReqwestConnector::default().connect(options)?)))
    }
}

#[derive(Debug)]
struct Watched(HttpClient);

#[async_trait]
impl HttpService for Watched {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let seen = request.extensions().get::<Arc<Seen>>().cloned();
        if let Some(seen) = &seen {
            seen.note(Answer::default());
        }
        let response = self.0.execute(request).await?;
        let Some(seen) = seen else { return Ok(response) };
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let mut answer = Answer {
            status: Some(response.status().as_u16()),
            after: header("retry-after").and_then(retry_after),
            region: header("x-amz-bucket-region").map(str::to_owned),
            code: None,
        };
        if response.status().is_success() {
            seen.note(answer);
            return Ok(response);
        }
        seen.note(answer.clone());
        let (parts, body) = response.into_parts();
        let body = body.bytes().await?;
        answer.code = error_code(&body);
        seen.note(answer);
        Ok(HttpResponse::from_parts(parts, body.into()))
    }
}

/// The machine-readable code of an S3 error document.
fn error_code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let code = text.split_once("<Code>")?.1.split_once("</Code>")?.0;
    let plain = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    plain.then(|| code.to_owned())
}
