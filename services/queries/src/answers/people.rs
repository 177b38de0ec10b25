//! The members, the asker, and the workspace with its settings.

use super::rows::{json, member, parsed, word};
use crate::asker::Colleague;
use crate::page::{Written, limit, page};
use crate::refusal::{Answered, Unanswered, invalid};
use crate::view::View;
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::query::{ListMembers, Me, MemberView, WorkspaceView};
use ael_events::values::{Email, InvalidText, MemberName, WorkspaceName};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

const COLUMNS: &str = "SELECT id, version, name, email, role, language, active, telegram_linked, \
                       identity_linked, joined_at FROM read.members WHERE workspace = ";

/// How many members the operator is shown at most.
const MOST_FOUND: usize = 1_000;

/// The place of somebody who joined at a moment.
type Place = (i64, Uuid);

/// A page of the members, in the order in which they joined; how to reach them only where that is
/// shown. The house itself, which is no colleague, is shown everything.
///
/// # Errors
/// When the question makes no sense or the read models cannot be asked.
pub async fn list(
    view: &mut View,
    asker: Option<Colleague>,
    asked: &ListMembers,
) -> Answered<Written> {
    let question = ("members", view.workspace, asker.map(|asker| asker.id));
    let from: Option<Place> =
        asked.cursor.as_deref().map(|cursor| view.cursors.open(&question, cursor)).transpose()?;
    let wanted = limit(asked.limit)?;
    let mut sql = QueryBuilder::<Postgres>::new(COLUMNS);
    sql.push_bind(view.workspace.uuid());
    if let Some((micros, id)) = from {
        let joined_at = DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default();
        sql.push(" AND (joined_at, id) > (").push_bind(joined_at);
        sql.push(", ").push_bind(id).push(")");
    }
    sql.push(format!(" ORDER BY joined_at, id LIMIT {}", wanted + 1));
    let rows: Vec<MemberRow> = sql.build_query_as().fetch_all(&mut *view.tx).await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let mut shown = row.into_view()?;
        if asker.is_some_and(|asker| !asker.may_reach(shown.id)) {
            shown.email = None;
        }
        items.push(shown);
    }
    page(&items, wanted, |last| {
        view.cursors.seal(&question, &(last.joined_at.timestamp_micros(), last.id))
    })
}

/// What a member is called.
///
/// # Errors
/// When the read models cannot be asked.
pub async fn name_of(view: &mut View, who: MemberId) -> Answered<Option<String>> {
    let row: Option<(Option<String>,)> =
        sqlx::query_as("SELECT name FROM read.members WHERE workspace = $1 AND id = $2")
            .bind(view.workspace.uuid())
            .bind(who.uuid())
            .fetch_optional(&mut *view.tx)
            .await?;
    let name = row.and_then(|(name,)| name);
    Ok(parsed("a member's name", name, MemberName::try_from)?.map(String::from))
}

/// The asker. Their role is the one of this moment, not the one that the read model has come to.
///
/// # Errors
/// [`Unanswered::Behind`] when the read model has not yet heard of them.
pub async fn me(view: &mut View, asker: Colleague) -> Answered<Me> {
    let mut sql = QueryBuilder::<Postgres>::new(COLUMNS);
    sql.push_bind(view.workspace.uuid()).push(" AND id = ").push_bind(asker.id.uuid());
    let row: Option<MemberRow> = sql.build_query_as().fetch_optional(&mut *view.tx).await?;
    let mut member = row.ok_or(Unanswered::Behind)?.into_view()?;
    member.role = asker.role;
    Ok(Me { member, scopes: view.scopes.clone() })
}

/// The members behind an id or a part of a name or an e-mail address, for the operator; all of
/// them when nothing is said.
///
/// # Errors
/// When the text is too long or the read models cannot be asked.
pub async fn find(view: &mut View, text: &str) -> Answered<Vec<MemberView>> {
    let text = text.trim();
    if text.chars().count() > 200 || text.contains('\0') {
        return Err(invalid("text", "an id, or up to 200 characters of a name or e-mail").into());
    }
    let mut sql = QueryBuilder::<Postgres>::new(COLUMNS);
    sql.push_bind(view.workspace.uuid());
    match text.parse::<MemberId>() {
        Ok(id) => {
            sql.push(" AND id = ").push_bind(id.uuid());
        }
        Err(_) if text.is_empty() => {}
        Err(_) => {
            sql.push(" AND (strpos(lower(name), ").push_bind(text.to_lowercase());
            sql.push(") > 0 OR strpos(lower(email), ").push_bind(text.to_lowercase());
            sql.push(") > 0)");
        }
    }
    sql.push(format!(" ORDER BY joined_at, id LIMIT {MOST_FOUND}"));
    let rows: Vec<MemberRow> = sql.build_query_as().fetch_all(&mut *view.tx).await?;
    rows.into_iter().map(MemberRow::into_view).collect()
}

/// The asker's workspace.
///
/// # Errors
/// [`Unanswered::Behind`] when the read model has not yet heard of it.
pub async fn workspace(view: &mut View) -> Answered<WorkspaceView> {
    let row: Option<WorkspaceRow> = sqlx::query_as(
        "SELECT workspace AS id, version, name, settings, created_at FROM read.workspaces \
         WHERE workspace = $1",
    )
    .bind(view.workspace.uuid())
    .fetch_optional(&mut *view.tx)
    .await?;
    row.ok_or(Unanswered::Behind)?.into_view()
}

#[derive(FromRow)]
struct MemberRow {
    id: Uuid,
    version: i64,
    name: Option<String>,
    email: Option<String>,
    role: String,
    language: String,
    active: bool,
    telegram_linked: bool,
    identity_linked: bool,
    joined_at: DateTime<Utc>,
}

impl MemberRow {
    fn into_view(self) -> Answered<MemberView> {
        Ok(MemberView {
            id: member(self.id),
            version: self.version.unsigned_abs(),
            name: parsed("a member's name", self.name, MemberName::try_from)?,
            email: parsed("a member's e-mail", self.email, Email::try_from)?,
            role: word("a member's role", &self.role)?,
            language: word("a member's language", &self.language)?,
            active: self.active,
            telegram_linked: self.telegram_linked,
            identity_linked: self.identity_linked,
            joined_at: self.joined_at,
        })
    }
}

/// A workspace as the read models keep it.
#[derive(FromRow)]
pub struct WorkspaceRow {
    id: Uuid,
    version: i64,
    name: String,
    settings: Value,
    created_at: DateTime<Utc>,
}

impl WorkspaceRow {
    /// The workspace in the words of the vocabulary.
    ///
    /// # Errors
    /// When the row is not readable.
    pub fn into_view(self) -> Answered<WorkspaceView> {
        Ok(WorkspaceView {
            id: WorkspaceId::from_uuid(self.id),
            version: self.version.unsigned_abs(),
            name: WorkspaceName::try_from(self.name)
                .map_err(Unanswered::unreadable::<InvalidText>("a workspace's name"))?,
            settings: json("a workspace's settings", self.settings)?,
            created_at: self.created_at,
        })
    }
}
