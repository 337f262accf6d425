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
        let response = self.client.execute(request).await;
        let trouble = match &response {
            Ok(response) => trouble(response.status().as_u16(), response.headers()),
            Err(_) => Some(Fault::Transient),
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
        0..400 => None,
        401 | 403 => Some(Fault::Denied),
        404 => Some(Fault::Missing),
        409 | 412 => Some(Fault::Conflict),
        429 | 503 => {
            let after = headers.get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
            Some(Fault::Throttled { after: after.map(Duration::from_secs) })
        }
        408 | 500.. => Some(Fault::Transient),
        // S3 answers 400 to an expired or unknown session token.
        400 => Some(Fault::Denied),
        _ => Some(Fault::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use object_store::{HeaderMap, HeaderValue};

    use super::*;

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
