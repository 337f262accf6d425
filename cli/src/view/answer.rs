//! Answers: JSON, and why there is none.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;
use zagg_core::fault::Fault;
use zagg_map::{MapError, projection::ProjectionError};
use zagg_producer::ProducerError;
use zagg_store::StoreError;

/// Why a request gets no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// What was asked makes no sense.
    #[error("{0}")]
    Bad(String),
    /// There is no such thing.
    #[error("{0}")]
    Absent(String),
    /// Another name in the request than the server's.
    #[error("this page is served for {expected} only")]
    Host {
        /// The server's own.
        expected: String,
    },
    /// Nothing can be shown yet.
    #[error("there is no store yet")]
    Waiting,
    /// The store refused or failed.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run cannot be told of.
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// JSON that cannot be written: a defect.
    #[error("the answer cannot be written")]
    Json(#[from] serde_json::Error),
    /// A computation ended abnormally: a defect.
    #[error("the computation was ended")]
    Ended(#[from] tokio::task::JoinError),
}

impl From<ProjectionError> for Failure {
    fn from(error: ProjectionError) -> Self {
        Self::Bad(error.to_string())
    }
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::Bad(_) | Self::Map(MapError::NoField { .. } | MapError::Projection(_)) => StatusCode::BAD_REQUEST,
            Self::Absent(_) => StatusCode::NOT_FOUND,
            Self::Host { .. } => StatusCode::FORBIDDEN,
            Self::Waiting => StatusCode::SERVICE_UNAVAILABLE,
            Self::Map(error) if error.fault() == Fault::Bug => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Map(_) | Self::Store(_) | Self::Producer(_) => StatusCode::BAD_GATEWAY,
            Self::Json(_) | Self::Ended(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Failure {
    /// The error alone and not its causes: these may name endpoints and what was sent there.
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() && !matches!(self, Self::Waiting) {
            tracing::warn!(error = %zagg_core::fault::chain(&self), "a request failed");
        }
        (status, [(CONTENT_TYPE, JSON)], json!({ "error": self.to_string() }).to_string()).into_response()
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What an endpoint gives.
pub(super) type Answer = Result<Response, Failure>;

/// A value as an answer.
pub(super) fn as_json(value: &impl Serialize) -> Answer {
    Ok(([(CONTENT_TYPE, JSON)], Body::from(serde_json::to_vec(value)?)).into_response())
}
