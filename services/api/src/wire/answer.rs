//! What is answered when all went well.

use super::caller::POSITION;
use super::described::Described;
use super::problem::Problem;
use ael_events::answer::Accepted;
use ael_events::ids::NoteId;
use ael_events::order::PositionToken;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::marker::PhantomData;
use uuid::Uuid;

const JSON: &str = "application/json";
/// Says that an answer was given before to the same `Idempotency-Key`.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Something that was looked up, as JSON that is written already.
#[derive(Debug)]
pub(crate) struct Found<T> {
    json: Box<RawValue>,
    version: Option<u64>,
    of: PhantomData<fn() -> T>,
}

/// The one field that an entity tag needs.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

impl<T: Described + Serialize> Found<T> {
    /// What `queries` answered: it has the form of `T`, since it is written from one.
    pub(crate) const fn raw(json: Box<RawValue>) -> Self {
        Self { json, version: None, of: PhantomData }
    }

    /// The same of something that has a version, which becomes its `ETag`.
    pub(crate) fn versioned(json: Box<RawValue>) -> Self {
        let version = serde_json::from_str::<Versioned>(json.get()).ok().map(|it| it.version);
        Self { json, version, of: PhantomData }
    }

    /// Something that was put together here.
    pub(crate) fn of(value: &T) -> Result<Self, Problem> {
        let json = serde_json::value::to_raw_value(value);
        json.map(Self::raw).map_err(|error| {
            tracing::error!(%error, "an answer cannot be written");
            Problem::unavailable("unavailable", "The answer could not be written.", 1)
        })
    }
}

impl<T> IntoResponse for Found<T> {
    fn into_response(self) -> Response {
        let body = Box::<str>::from(self.json).into_string();
        let mut response = Response::builder().content_type(JSON).body(body);
        if let Some(version) = self.version {
            response.headers_mut().insert(header::ETAG, etag(version));
        }
        response
    }
}

impl<T: Described> ApiResponse for Found<T> {
    fn meta() -> MetaResponses {
        MetaResponses { responses: vec![one(200, "Here it is.", T::reference(), &[])] }
    }

    fn register(registry: &mut Registry) {
        T::announce(registry);
    }
}

/// What was written: bring `position` as `X-Ael-Position` to a read to see it there.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Written")]
pub(crate) struct WrittenBody {
    /// What was changed.
    pub(crate) id: Uuid,
    /// Its version now: the `ETag` of its next change.
    pub(crate) version: u64,
    /// Where it stands in the order of all writes; missing when there was nothing to write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<PositionToken>,
}

impl From<&Accepted> for WrittenBody {
    fn from(accepted: &Accepted) -> Self {
        let Accepted { aggregate_id, version, position, repeated: _ } = *accepted;
        Self { id: aggregate_id, version, position }
    }
}

/// A note that was written, by which name it is pinned.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "NoteWritten")]
pub(crate) struct NoteWrittenBody {
    /// The lead, its version now, and where the write stands.
    #[serde(flatten)]
    written: WrittenBody,
    /// The note.
    note_id: NoteId,
}

/// Something that was changed; `STATUS` is 200, 201 for what is new and has no path of its own, or
/// 202 where work goes on.
#[derive(Debug)]
pub(crate) struct Written<const STATUS: u16 = 200>(pub(crate) Accepted);

/// Something that was made, and where it is.
#[derive(Debug)]
pub(crate) struct Created {
    /// What was written.
    pub(crate) accepted: Accepted,
    /// The path under which it is.
    pub(crate) location: String,
}

/// A note that was added to a lead.
#[derive(Debug)]
pub(crate) struct NoteWritten {
    /// What was written.
    pub(crate) accepted: Accepted,
    /// The note.
    pub(crate) note_id: NoteId,
}

fn written(status: u16, accepted: &Accepted, body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).unwrap_or_default();
    let status = StatusCode::from_u16(status).unwrap_or_default();
    let mut response = Response::builder().status(status).content_type(JSON).body(body);
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag(accepted.version));
    if let Some(position) = accepted.position
        && let Ok(value) = HeaderValue::from_str(&position.to_string())
    {
        headers.insert(POSITION, value);
    }
    if accepted.repeated {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

fn etag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

impl<const STATUS: u16> IntoResponse for Written<STATUS> {
    fn into_response(self) -> Response {
        written(STATUS, &self.0, &WrittenBody::from(&self.0))
    }
}

impl IntoResponse for Created {
    fn into_response(self) -> Response {
        let mut response = written(201, &self.accepted, &WrittenBody::from(&self.accepted));
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

impl IntoResponse for NoteWritten {
    fn into_response(self) -> Response {
        let Self { accepted, note_id } = self;
        let body = NoteWrittenBody { written: WrittenBody::from(&accepted), note_id };
        written(201, &accepted, &body)
    }
}

const WRITTEN_HEADERS: [(&str, &str); 3] = [
    ("ETag", "The version now, for the next change's If-Match."),
    ("X-Ael-Position", "Bring it to a read to see this write there."),
    ("Idempotency-Replayed", "`true` when the answer is the one that this key got before."),
];

impl<const STATUS: u16> ApiResponse for Written<STATUS> {
    fn meta() -> MetaResponses {
        let about = match STATUS {
            201 => "It was made.",
            202 => "It was noted, and is being worked on.",
            _ => "Done.",
        };
        let response = one(STATUS, about, WrittenBody::reference(), &WRITTEN_HEADERS);
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        WrittenBody::announce(registry);
    }
}

impl ApiResponse for Created {
    fn meta() -> MetaResponses {
        let mut headers = vec![("Location", "Where it is.")];
        headers.extend(WRITTEN_HEADERS);
        let response = one(201, "It was made.", WrittenBody::reference(), &headers);
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        WrittenBody::announce(registry);
    }
}

impl ApiResponse for NoteWritten {
    fn meta() -> MetaResponses {
        let response = one(201, "It was made.", NoteWrittenBody::reference(), &WRITTEN_HEADERS);
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        NoteWrittenBody::announce(registry);
    }
}

/// How an answer looks in the document.
pub(crate) fn one(
    status: u16,
    description: &'static str,
    schema: MetaSchemaRef,
    headers: &[(&str, &str)],
) -> MetaResponse {
    let header = |(name, about): &(&str, &str)| MetaHeader {
        name: (*name).to_owned(),
        description: Some((*about).to_owned()),
        required: false,
        deprecated: false,
        schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new("string"))),
    };
    MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType { content_type: JSON, schema }],
        headers: headers.iter().map(header).collect(),
    }
}

/// An answer without a body, in the document.
pub(crate) fn bare(status: u16, description: &'static str) -> MetaResponse {
    MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: Vec::new(),
        headers: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::query::LeadView;

    #[test]
    fn what_has_a_version_has_an_entity_tag() {
        let json = RawValue::from_string(r#"{"id":"x","version":7}"#.to_owned()).unwrap();
        let response = Found::<LeadView>::versioned(json).into_response();
        assert_eq!(response.headers()["etag"], "\"7\"");
    }

    #[test]
    fn a_repeated_answer_has_the_same_body_and_says_so_in_a_header() {
        let accepted =
            |repeated| Accepted { aggregate_id: Uuid::nil(), version: 3, position: None, repeated };
        let (first, again) = (Written::<200>(accepted(false)), Written::<200>(accepted(true)));
        let (first, again) = (first.into_response(), again.into_response());
        assert!(!first.headers().contains_key("idempotency-replayed"));
        assert_eq!(again.headers()["idempotency-replayed"], "true");
        assert_eq!(WrittenBody::from(&accepted(true)).version, 3);
    }
}
