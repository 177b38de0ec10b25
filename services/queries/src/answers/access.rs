//! Tokens and invitations, newest first. Their secrets are in no read model.

use super::rows::{json, member, parsed, word};
use crate::asker::Colleague;
use crate::page::{Written, limit, page};
use crate::refusal::Answered;
use crate::view::View;
use ael_events::ids::{InvitationId, MemberId, TokenId};
use ael_events::query::{InvitationView, ListInvitations, ListTokens, TokenView};
use ael_events::values::{Email, MemberName, TokenLabel};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

/// A token is revoked with the one that it was made with, and so on up the line.
const TOKENS: &str = "SELECT id, version, label, member_id, scopes, created_at, expires_at, \
                      made_with, (WITH RECURSIVE line AS (SELECT made.revoked_at, made.made_with \
                      UNION SELECT maker.revoked_at, maker.made_with FROM line \
                      JOIN read.tokens maker ON maker.workspace = made.workspace \
                      AND maker.id = line.made_with) SELECT min(revoked_at) FROM line) \
                      AS revoked_at, (SELECT last_used_at FROM write.token_uses used \
                      WHERE used.workspace = made.workspace AND used.token = made.id) \
                      AS last_used_at FROM read.tokens made WHERE workspace = ";
const INVITATIONS: &str = "SELECT id, version, name, email, role, language, state, member_id, \
                           created_at, expires_at FROM read.invitations WHERE workspace = ";

/// The place of a thing that was made at a moment: the newest come first.
type Place = (i64, Uuid);

/// A page of the workspace's tokens, or of the asker's own.
///
/// # Errors
/// When the question makes no sense or the read models cannot be asked.
pub async fn tokens(view: &mut View, asker: Colleague, asked: &ListTokens) -> Answered<Written> {
    let question = ("tokens", view.workspace, asker.id);
    let from: Option<Place> =
        asked.cursor.as_deref().map(|cursor| view.cursors.open(&question, cursor)).transpose()?;
    let wanted = limit(asked.limit)?;
    let owner = asker.tokens_of();
    let mut sql = newest(TOKENS, view.workspace.uuid(), owner, from, wanted);
    let rows: Vec<TokenRow> = sql.build_query_as().fetch_all(&mut *view.tx).await?;
    let items = rows.into_iter().map(TokenRow::into_view).collect::<Answered<Vec<_>>>()?;
    page(&items, wanted, |last| {
        view.cursors.seal(&question, &(last.created_at.timestamp_micros(), last.id))
    })
}

/// A page of the workspace's invitations.
///
/// # Errors
/// When the question makes no sense or the read models cannot be asked.
pub async fn invitations(
    view: &mut View,
    asker: Colleague,
    asked: &ListInvitations,
) -> Answered<Written> {
    let question = ("invitations", view.workspace, asker.id);
    let from: Option<Place> =
        asked.cursor.as_deref().map(|cursor| view.cursors.open(&question, cursor)).transpose()?;
    let wanted = limit(asked.limit)?;
    let mut sql = newest(INVITATIONS, view.workspace.uuid(), None, from, wanted);
    let rows: Vec<InvitationRow> = sql.build_query_as().fetch_all(&mut *view.tx).await?;
    let items = rows.into_iter().map(InvitationRow::into_view).collect::<Answered<Vec<_>>>()?;
    page(&items, wanted, |last| {
        view.cursors.seal(&question, &(last.created_at.timestamp_micros(), last.id))
    })
}

fn newest(
    columns: &str,
    workspace: Uuid,
    owner: Option<MemberId>,
    from: Option<Place>,
    wanted: usize,
) -> QueryBuilder<'static, Postgres> {
    let mut sql = QueryBuilder::new(columns);
    sql.push_bind(workspace);
    if let Some(owner) = owner {
        sql.push(" AND member_id = ").push_bind(owner.uuid());
    }
    if let Some((micros, id)) = from {
        let created_at = DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default();
        sql.push(" AND (created_at, id) < (").push_bind(created_at);
        sql.push(", ").push_bind(id).push(")");
    }
    sql.push(format!(" ORDER BY created_at DESC, id DESC LIMIT {}", wanted + 1));
    sql
}

#[derive(FromRow)]
struct TokenRow {
    id: Uuid,
    version: i64,
    label: Option<String>,
    member_id: Uuid,
    scopes: Value,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    made_with: Option<Uuid>,
    last_used_at: Option<DateTime<Utc>>,
}

impl TokenRow {
    fn into_view(self) -> Answered<TokenView> {
        Ok(TokenView {
            id: TokenId::from_uuid(self.id),
            version: self.version.unsigned_abs(),
            label: parsed("a token's label", self.label, TokenLabel::try_from)?,
            member_id: member(self.member_id),
            scopes: json("a token's scopes", self.scopes)?,
            created_at: self.created_at,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
            made_with: self.made_with.map(TokenId::from_uuid),
            last_used_at: self.last_used_at,
        })
    }
}

#[derive(FromRow)]
struct InvitationRow {
    id: Uuid,
    version: i64,
    name: Option<String>,
    email: Option<String>,
    role: String,
    language: String,
    state: String,
    member_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl InvitationRow {
    fn into_view(self) -> Answered<InvitationView> {
        Ok(InvitationView {
            id: InvitationId::from_uuid(self.id),
            version: self.version.unsigned_abs(),
            name: parsed("an invitee's name", self.name, MemberName::try_from)?,
            email: parsed("an invitee's address", self.email, Email::try_from)?,
            role: word("a role", &self.role)?,
            language: word("a language", &self.language)?,
            state: word("what became of an invitation", &self.state)?,
            member_id: self.member_id.map(member),
            created_at: self.created_at,
            expires_at: self.expires_at,
        })
    }
}
