//! Refusals in GitHub's words, and JSON bodies read strictly.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::SimError;

/// Why a request was not done.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    pub(crate) retry_after: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after: None }
    }

    /// Not there, or not for you: the same answer.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    pub(crate) fn body(&self) -> Value {
        json!({
            "message": self.message, "documentation_url": "https://docs.github.com/rest",
            "status": self.status.as_u16().to_string(),
        })
    }
}

impl From<SimError> for Refusal {
    fn from(error: SimError) -> Self {
        match error {
            SimError::Missing { .. } => Self::not_found(),
            SimError::Refused { why } => Self::invalid(format!("Validation Failed: {why}")),
            SimError::Git { .. } | SimError::Io { .. } | SimError::Unreadable { .. } | SimError::Key => {
                tracing::error!(%error, "the stand-in broke");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json_response(self.status, &self.body());
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert("retry-after", seconds.into());
        }
        response
    }
}

/// A JSON answer.
pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

/// What a handler answers.
pub(crate) type Answer = Result<Response, Refusal>;

pub(crate) fn ok(body: &Value) -> Answer {
    Ok(json_response(StatusCode::OK, body))
}

pub(crate) fn created(body: &Value) -> Answer {
    Ok(json_response(StatusCode::CREATED, body))
}

/// A JSON body, whatever its content type says; an empty one reads as `{}`.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let problem = || Refusal::new(StatusCode::BAD_REQUEST, "Problems parsing JSON");
        let bytes = Bytes::from_request(request, state).await.map_err(|_| problem())?;
        let bytes = if bytes.is_empty() { Bytes::from_static(b"{}") } else { bytes };
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| problem())?;
        serde_json::from_value(value)
            .map(Self)
            .map_err(|error| Refusal::invalid(format!("Invalid request.\n\n{error}")))
    }
}
