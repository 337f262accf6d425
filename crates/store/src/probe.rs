//! Listens to the HTTP replies of an S3, so that an error's kind is known by its status and not
//! by its text (object_store keeps the status of a failed request to itself).

use std::{
    cell::Cell,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use object_store::{
    ClientOptions,
    client::{HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector},
};
use zagg_core::fault::Fault;

use crate::meter::StoreMeter;

tokio::task_local! {
    /// The kind of trouble of the last reply that was not a success, within one request.
    static TROUBLE: Cell<Option<Fault>>;
}

/// Runs one request and says what its last failed reply meant.
pub(crate) async fn listen<T>(request: impl Future<Output = T>) -> (T, Option<Fault>) {
    TROUBLE
        .scope(Cell::new(None), async {
            let answer = request.await;
            (answer, TROUBLE.with(Cell::get))
        })
        .await
}

/// Makes HTTP clients that report to [`listen`] and to a meter.
#[derive(Debug)]
pub(crate) struct Probe(pub(crate) Arc<StoreMeter>);

impl HttpConnector for Probe {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Listener { client, meter: Arc::clone(&self.0) }))
    }
}

#[derive(Debug)]
struct Listener {
    client: HttpClient,
    meter: Arc<StoreMeter>,
}

#[async_trait]
impl HttpService for Listener {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (response, trouble) = match self.client.execute(request).await {
            Ok(response) if response.status().as_u16() == 400 => {
                let (head, body) = response.into_parts();
                let body = body.bytes().await?;
                let trouble = Some(bad_request(&body));
                (Ok(HttpResponse::from_parts(head, body.into())), trouble)
            }
            Ok(response) => {
                let trouble = trouble(response.status().as_u16(), response.headers());
                (Ok(response), trouble)
            }
            Err(error) => (Err(error), Some(Fault::Transient)),
        };
        if matches!(trouble, Some(Fault::Transient | Fault::Throttled { .. })) {
            self.meter.retries.fetch_add(1, Ordering::Relaxed);
        }
        // Requests for credentials are made outside of any `listen`, hence the ignored error.
        let _ = TROUBLE.try_with(|cell| cell.set(trouble));
        response
    }
}

/// What an HTTP status means; none for a success.
fn trouble(status: u16, headers: &object_store::HeaderMap) -> Option<Fault> {
    match status {
        0..=399 => None,
        401 | 403 => Some(Fault::Denied),
        404 => Some(Fault::Missing),
        409 | 412 => Some(Fault::Conflict),
        429 | 503 => {
            let after = headers.get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
            Some(Fault::Throttled { after: after.map(Duration::from_secs) })
        }
        408 | 500.. => Some(Fault::Transient),
        _ => Some(Fault::Malformed),
    }
}

/// What a status of 400 means, by the error code in S3's reply (S3 API reference, "List of error
/// codes"): it is what an expired session token gets, but not only that. A reply to a HEAD has no
/// body and so no code.
fn bad_request(body: &[u8]) -> Fault {
    let text = String::from_utf8_lossy(body);
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code.trim());
    match code {
        None | Some("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" | "AuthorizationHeaderMalformed") => {
            Fault::Denied
        }
        Some("RequestTimeout" | "IncompleteBody" | "BadDigest") => Fault::Transient,
        Some(_) => Fault::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use object_store::{HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn a_bad_request_is_told_by_its_code() {
        let reply =
            |code: &str| format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>x</Message></Error>");
        assert_eq!(bad_request(reply("ExpiredToken").as_bytes()), Fault::Denied);
        assert_eq!(bad_request(reply("RequestTimeout").as_bytes()), Fault::Transient);
        assert_eq!(bad_request(reply("InvalidArgument").as_bytes()), Fault::Malformed);
        assert_eq!(bad_request(b""), Fault::Denied);
    }

    #[test]
    fn a_status_tells_the_kind_of_trouble() {
        let mut headers = HeaderMap::new();
        assert_eq!(trouble(206, &headers), None);
        assert_eq!(trouble(403, &headers), Some(Fault::Denied));
        assert_eq!(trouble(500, &headers), Some(Fault::Transient));
        assert_eq!(trouble(503, &headers), Some(Fault::Throttled { after: None }));
        headers.insert("retry-after", HeaderValue::from_static("7"));
        assert_eq!(trouble(429, &headers), Some(Fault::Throttled { after: Some(Duration::from_secs(7)) }));
    }
}
