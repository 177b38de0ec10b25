//! What went wrong, in one form: RFC 9457 problem details with a stable code.

use super::status::status_of;
use ael_client::ClientError;
use ael_events::answer::{Failed, Rejected};
use poem::error::ResponseError;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaResponses, Registry};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

/// The media type of a problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// One place of the request that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlaceError {
    /// Where: a JSON pointer (RFC 6901) into the body, such as `/contact/email`, or the name of a
    /// query parameter or header.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

/// Why a request was not answered as asked. Boxed: it is the error of everything here.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[serde(transparent)]
#[error("{}", _0.detail)]
pub struct Problem(Box<Details>);

/// It looks like what it holds.
impl JsonSchema for Problem {
    fn schema_name() -> Cow<'static, str> {
        Details::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        Details::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Details::json_schema(generator)
    }
}

impl Deref for Problem {
    type Target = Details;
    fn deref(&self) -> &Details {
        &self.0
    }
}

impl DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

/// Why a request was not answered as asked (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct Details {
    /// `urn:ael:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the status means.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable, for machines, such as `not_qualified`.
    pub code: Cow<'static, str>,
    /// For people: what is the matter and what can be done.
    pub detail: String,
    /// Which places of the request are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub errors: Vec<PlaceError>,
    /// What belongs to the code, such as the `version` that a changed lead has now.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schemars(with = "Option<serde_json::Map<String, Value>>")]
    pub details: Value,
    /// The request's name in our logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// In how many seconds to try again.
    #[serde(skip)]
    pub retry_after_s: Option<u64>,
}

impl Problem {
    /// A problem of this status.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        let code = code.into();
        Self(Box::new(Details {
            kind: format!("urn:ael:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            errors: Vec::new(),
            details: Value::Null,
            request_id: None,
            retry_after_s: None,
        }))
    }

    /// The request is not as it should be at this place.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let (pointer, detail) = (pointer.into(), detail.into());
        let sentence = format!("{}: {detail}", if pointer.is_empty() { "/" } else { &pointer });
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", sentence);
        problem.errors = vec![PlaceError { pointer, detail }];
        problem
    }

    /// The credential is none that opens anything.
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "bad_token", detail)
    }

    /// There is no such thing, or none that the caller may see.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing here.")
    }

    /// It cannot be answered now.
    pub fn unavailable(code: &'static str, detail: impl Into<String>, retry_after_s: u64) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        problem.retry_after(retry_after_s)
    }

    /// The same, with when to try again.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds.max(1));
        self
    }

    /// The status as a number that HTTP knows.
    pub fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<Rejected> for Problem {
    fn from(rejected: Rejected) -> Self {
        let status = status_of(&rejected.code);
        let mut problem = Self::new(status, rejected.code, rejected.sentence);
        problem.details = rejected.details;
        if let Some(field) = problem.details.get("field").and_then(Value::as_str) {
            let detail = problem.detail.clone();
            problem.errors = vec![PlaceError { pointer: field.to_owned(), detail }];
        }
        problem
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        let seconds = failed.retry_after_ms.div_ceil(1_000);
        Self::unavailable("try_again", failed.sentence, seconds)
    }
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Rejected(rejected) => rejected.into(),
            ClientError::Failed(failed) => failed.into(),
            ClientError::Unavailable(source) => {
                tracing::warn!(error = &source as &dyn std::error::Error, "no answer on the bus");
                let sentence = "A part of the system does not answer now. Nothing is lost: try \
                                again in a moment, with the same Idempotency-Key.";
                Self::unavailable("unavailable", sentence, 1)
            }
        }
    }
}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.status_code()
    }

    fn as_response(&self) -> Response {
        self.clone().into_response()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // A problem holds nothing that JSON cannot.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::builder()
            .status(self.status_code())
            .content_type(PROBLEM_JSON)
            .header(header::CACHE_CONTROL, "no-store")
            .body(body);
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Which problems an operation may have is added by the document, by the kind of operation.
impl ApiResponse for Problem {
    fn meta() -> MetaResponses {
        MetaResponses { responses: Vec::new() }
    }

    fn register(_registry: &mut Registry) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_keeps_its_code_its_sentence_and_its_details() {
        let refusal = Rejected::new("version_conflict", "It was changed meanwhile.")
            .with(json!({ "version": 7 }));
        let problem = Problem::from(refusal);
        assert_eq!((problem.status, problem.code.as_ref()), (409, "version_conflict"));
        let body = serde_json::to_value(&problem).unwrap();
        assert_eq!(body["type"], "urn:ael:problem:version_conflict");
        assert_eq!(body["details"]["version"], 7);
        assert_eq!(body["detail"], "It was changed meanwhile.");
    }

    #[test]
    fn a_failure_says_when_to_come_back() {
        let failed = Failed { sentence: "Away.".into(), retry_after_ms: 1_200 };
        let response = Problem::from(failed).into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["content-type"], PROBLEM_JSON);
    }

    #[test]
    fn who_is_not_known_is_told_how_to_say_who_they_are() {
        let response = Problem::unauthenticated("No token.").into_response();
        assert_eq!(
            (response.status(), response.headers()["www-authenticate"].as_bytes()),
            (StatusCode::UNAUTHORIZED, b"Bearer".as_slice())
        );
    }
}
