//! What happened, who did it, and whether what is shown is true.

use super::Tag;
use crate::desk::Desk;
use crate::wire::{Described as _, Found, List, Params, Problem, Reader};
use ael_bus::Traceparent;
use ael_events::ids::{LeadId, MemberId};
use ael_events::query::{AuditEvent, Cursor, ListEvents, Page, Query, VerifyPage};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt as _, stream};
use poem::{Body, IntoResponse, Response};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::{ApiResponse, OpenApi};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Lines of JSON, one document each.
const NDJSON: &str = "application/x-ndjson";
/// How many events are asked for at once.
const AT_ONCE: u16 = 200;

/// Telling what happened.
#[derive(Debug)]
pub(crate) struct AuditApi(pub(crate) Desk);

/// Which events.
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AuditParams {
    /// Of this lead and its sale.
    lead_id: Option<LeadId>,
    /// Done by this member, or on their behalf.
    member_id: Option<MemberId>,
    /// Of one of these types: `lead.qualified` in any version, or `lead.qualified.v1`.
    event_type: Option<List<String>>,
    /// Recorded at this time or later.
    from: Option<DateTime<Utc>>,
    /// Recorded before this time.
    to: Option<DateTime<Utc>>,
    /// At most so many; all when not said.
    #[schemars(range(min = 1))]
    limit: Option<u64>,
}

impl AuditParams {
    fn question(&self, cursor: Option<Cursor>, left: u64) -> Query {
        Query::ListEvents(ListEvents {
            lead_id: self.lead_id,
            member_id: self.member_id,
            event_types: self.event_type.iter().flat_map(|list| list.0.iter().cloned()).collect(),
            from: self.from,
            to: self.to,
            cursor,
            limit: Some(u16::try_from(left).unwrap_or(AT_ONCE).clamp(1, AT_ONCE)),
        })
    }
}

/// Events, a line each.
#[derive(Debug)]
pub(crate) struct Lines(Body);

impl IntoResponse for Lines {
    fn into_response(self) -> Response {
        Response::builder().content_type(NDJSON).body(self.0)
    }
}

impl ApiResponse for Lines {
    fn meta() -> MetaResponses {
        let schema = AuditEvent::reference();
        let response = MetaResponse {
            description: "An event a line, oldest first. A stream that breaks off is not whole: a \
                          whole one ends with an empty line.",
            status: Some(200),
            status_range: None,
            content: vec![MetaMediaType { content_type: NDJSON, schema }],
            headers: Vec::new(),
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        AuditEvent::announce(registry);
    }
}

#[OpenApi(tag = "Tag::Audit")]
impl AuditApi {
    /// Read what happened in the workspace
    ///
    /// To leads and sales, members, tokens and settings: who did what, when and why. Streamed, so
    /// that there is no end to how much can be asked for at once.
    #[oai(path = "/audit/events", method = "get", operation_id = "audit_events")]
    async fn events(&self, reader: Reader, query: Params<AuditParams>) -> Result<Lines, Problem> {
        let left = query.0.limit.unwrap_or(u64::MAX);
        if left == 0 {
            return Err(Problem::at("limit", "expected at least 1"));
        }
        let desk = self.0.clone();
        // The first page is asked for at once: who may not gets a problem, not a broken stream.
        let first: Page<Box<RawValue>> =
            desk.look_up(&reader, query.0.question(None, left)).await?;
        let rest = pages(desk, reader, query.0, first, left);
        Ok(Lines(Body::from_bytes_stream(rest)))
    }

    /// Check that what is shown is what happened
    ///
    /// Every row of the read models is compared with the fold of its events, and the hash chain
    /// over the events is verified. A large workspace takes several pages: go on with
    /// `next_cursor`. All is sound when no page has `faults`.
    #[oai(path = "/audit/verify", method = "get", operation_id = "audit_verify")]
    async fn verify(
        &self,
        reader: Reader,
        query: Params<VerifyParams>,
    ) -> Result<Found<VerifyPage>, Problem> {
        let VerifyParams { cursor, head } = query.0;
        Found::of(&self.0.verify(&reader, cursor, head).await?)
    }
}

/// Where an audit goes on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct VerifyParams {
    /// The `next_cursor` of the page before; from the beginning when not said.
    #[schemars(length(max = 4096))]
    cursor: Option<Cursor>,
    /// A head of the hash chain that you kept: history may have grown since, but not changed. The
    /// same with every page.
    #[schemars(length(max = 200))]
    head: Option<String>,
}

struct Asking {
    desk: Desk,
    reader: Reader,
    params: AuditParams,
    page: Option<Page<Box<RawValue>>>,
    left: u64,
    story: Traceparent,
}

/// Page after page, as the caller takes them.
fn pages(
    desk: Desk,
    reader: Reader,
    params: AuditParams,
    first: Page<Box<RawValue>>,
    left: u64,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    let story = Traceparent::current().unwrap_or_else(Traceparent::fresh);
    let asking = Asking { desk, reader, params, page: Some(first), left, story };
    stream::try_unfold(asking, |mut asking| async move {
        let Some(page) = asking.page.take() else { return Ok(None) };
        let mut lines = Vec::new();
        for event in page.items {
            lines.extend_from_slice(event.get().as_bytes());
            lines.push(b'\n');
            asking.left = asking.left.saturating_sub(1);
        }
        match page.next_cursor {
            Some(cursor) if asking.left > 0 => {
                let question = asking.params.question(Some(cursor), asking.left);
                let next = asking.story.scope(asking.desk.look_up(&asking.reader, question)).await;
                let broke_off = |problem: Problem| {
                    let (code, trace) = (&problem.code, asking.story.trace_id());
                    tracing::warn!(%code, %trace, "a stream of events broke off");
                    std::io::Error::other(problem)
                };
                asking.page = Some(next.map_err(broke_off)?);
            }
            Some(_) | None => lines.push(b'\n'),
        }
        Ok(Some((Bytes::from(lines), asking)))
    })
    .boxed()
}
