//! What every aggregate of a workspace amounts to when its whole history is folded: the yardstick
//! by which the read models are checked.

mod lead;
mod others;

use crate::failure::Trouble;
use crate::stored::{NO_SNAPSHOT, Stored};
use ael_domain::lead::Lead;
use ael_domain::member::Member;
use ael_domain::sale::Sale;
use ael_domain::workspace::Workspace;
use ael_events::ids::WorkspaceId;
use ael_events::query::AggregateDigest;
use ael_events::values::AggregateKind;
use ael_store::{EventWriter, SettledReader, StoreError};
use futures::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The kinds of aggregates that read models show.
const AUDITED: [AggregateKind; 4] =
    [AggregateKind::Workspace, AggregateKind::Member, AggregateKind::Lead, AggregateKind::Sale];
/// How many names are read at a time.
const PAGE: u32 = 500;
/// How many aggregates are folded at a time.
const AT_ONCE: usize = 4;

/// The field of a digest that says that the history cannot be folded, and why: no read model has
/// it, and so it shows as a difference while everything else is still compared.
const UNREADABLE: &str = "unreadable";

/// The histories could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The store did not answer.
    #[error("the aggregates cannot be read")]
    Store(#[from] StoreError),
}

/// The digests of all workspaces, members, leads and sales of a workspace, folded from their first
/// event on.
pub fn digests<'a>(
    writer: &'a EventWriter,
    reader: &'a SettledReader,
    workspace: WorkspaceId,
) -> impl Stream<Item = Result<AggregateDigest, AuditError>> + 'a {
    stream::iter(AUDITED)
        .flat_map(move |kind| {
            names(reader, workspace, kind).map_ok(move |id| digest(writer, workspace, kind, id))
        })
        .try_buffered(AT_ONCE)
}

/// The ids of all aggregates of a kind, page by page.
fn names(
    reader: &SettledReader,
    workspace: WorkspaceId,
    kind: AggregateKind,
) -> impl Stream<Item = Result<Uuid, AuditError>> + '_ {
    stream::try_unfold(Some(None), move |place: Option<Option<Uuid>>| async move {
        let Some(after) = place else { return Ok(None) };
        let page = reader.aggregates(workspace, kind, after, PAGE).await?;
        let is_last = u32::try_from(page.len()).is_ok_and(|length| length < PAGE);
        let next = if is_last { None } else { page.last().copied().map(Some) };
        Ok::<_, AuditError>(Some((stream::iter(page.into_iter().map(Ok)), next)))
    })
    .try_flatten()
}

async fn digest(
    writer: &EventWriter,
    workspace: WorkspaceId,
    kind: AggregateKind,
    id: Uuid,
) -> Result<AggregateDigest, AuditError> {
    let aggregate = format!("{kind}/{id}");
    let (version, fields) = match fold(writer, workspace, kind, id).await {
        Ok((version, fields)) => (version, fields.0),
        Err(Trouble::Store(source)) if source.is_transient() => return Err(source.into()),
        Err(trouble) => (0, BTreeMap::from([(UNREADABLE.to_owned(), reason(&trouble))])),
    };
    Ok(AggregateDigest { aggregate, version, fields })
}

/// Why a history cannot be folded, without a word of what it says.
fn reason(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Event(source) => source.to_string(),
        Trouble::Store(source) => source.to_string(),
        Trouble::Json(_) | Trouble::Away(_) | Trouble::Append(_) | Trouble::Contended { .. } => {
            trouble.to_string()
        }
    }
}

async fn fold(
    writer: &EventWriter,
    workspace: WorkspaceId,
    kind: AggregateKind,
    id: Uuid,
) -> Result<(u64, Fields), Trouble> {
    match kind {
        AggregateKind::Lead => lead::fold(events::<Lead>(writer, workspace, id).await?, id),
        AggregateKind::Sale => others::sale(events::<Sale>(writer, workspace, id).await?),
        AggregateKind::Member => others::member(events::<Member>(writer, workspace, id).await?),
        AggregateKind::Workspace => {
            others::workspace(events::<Workspace>(writer, workspace, id).await?)
        }
        AggregateKind::Invitation | AggregateKind::Token => Ok((0, Fields::default())),
    }
}

/// The whole history of an aggregate, passing its snapshots over.
async fn events<A: Stored>(
    writer: &EventWriter,
    workspace: WorkspaceId,
    id: Uuid,
) -> Result<(u64, Vec<A::Event>), Trouble> {
    let loaded = writer.load(workspace, A::KIND, id, NO_SNAPSHOT).await?;
    let read = |event: ael_store::LoadedEvent| A::read(&event.event_type, event.data);
    let events = loaded.events.into_iter().map(read).collect::<Result<_, _>>()?;
    Ok((loaded.version, events))
}

/// The fields of a digest: texts by name; what is missing has no name.
#[derive(Debug, Default)]
struct Fields(BTreeMap<String, String>);

impl Fields {
    fn text(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.to_string());
        }
    }

    fn json(&mut self, name: &str, value: Option<&impl Serialize>) -> Result<(), Trouble> {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), serde_json::to_string(value)?);
        }
        Ok(())
    }
}
