//! What a worker answers over HTTP: `/metrics`, `/livez`, `/readyz`.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::net::TcpListener;

/// What the answers are made from.
pub trait Vitals: Send + Sync + 'static {
    /// All metrics in Prometheus's text format.
    fn metrics(&self) -> Vec<u8>;

    /// Whether the program works at all; otherwise why not, upon which it should be restarted.
    ///
    /// # Errors
    /// Why not.
    fn live(&self) -> Result<(), String>;

    /// Whether it takes jobs; otherwise why not.
    ///
    /// # Errors
    /// Why not.
    fn ready(&self) -> Result<(), String>;
}

/// Starts to answer at `address`; the address, with its port where that was chosen by the system.
///
/// # Errors
/// When the address cannot be listened at.
pub async fn answer(address: SocketAddr, vitals: Arc<dyn Vitals>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .with_state(vitals);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the endpoints are gone");
        }
    });
    Ok(address)
}

async fn metrics(State(vitals): State<Arc<dyn Vitals>>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], vitals.metrics()).into_response()
}

async fn live(State(vitals): State<Arc<dyn Vitals>>) -> Response {
    verdict(vitals.live())
}

async fn ready(State(vitals): State<Arc<dyn Vitals>>) -> Response {
    verdict(vitals.ready())
}

fn verdict(verdict: Result<(), String>) -> Response {
    match verdict {
        Ok(()) => "ok\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why + "\n").into_response(),
    }
}
