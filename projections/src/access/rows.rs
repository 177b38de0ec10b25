//! The tables of tokens and invitations.

use crate::model::{Key, Target, key_arrays, look_up, to_i64, to_u64};
use crate::words::{maybe_word, word};
use ael_events::ids::{InvitationId, MemberId, TokenId, WorkspaceId};
use ael_events::query::{InvitationView, TokenView};
use ael_events::values::{Email, MemberName, Scope, TokenLabel};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row as _};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

async fn load(
    connection: &mut PgConnection,
    target: &Target,
    table: &str,
    keys: &BTreeSet<Key>,
) -> Result<Vec<PgRow>, sqlx::Error> {
    let (workspaces, ids) = key_arrays(keys.iter());
    let sql = look_up(&target.schema, table, "id");
    sqlx::query(&sql).bind(workspaces).bind(ids).fetch_all(connection).await
}

fn key_of(row: &PgRow) -> Result<Key, sqlx::Error> {
    Ok((WorkspaceId::from_uuid(row.try_get("workspace")?), row.try_get("id")?))
}

pub(super) async fn load_tokens(
    connection: &mut PgConnection,
    target: &Target,
    keys: &BTreeSet<Key>,
) -> Result<BTreeMap<Key, TokenView>, sqlx::Error> {
    let rows = load(connection, target, "tokens", keys).await?;
    rows.iter().map(|row| Ok((key_of(row)?, read_token(row)?))).collect()
}

fn read_token(row: &PgRow) -> Result<TokenView, sqlx::Error> {
    Ok(TokenView {
        id: TokenId::from_uuid(row.try_get("id")?),
        version: to_u64(row.try_get("version")?),
        label: maybe_word(row, "label")?,
        member_id: MemberId::from_uuid(row.try_get("member_id")?),
        scopes: row.try_get::<Json<BTreeSet<Scope>>, _>("scopes")?.0,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        revoked_at: row.try_get("revoked_at")?,
        made_with: row.try_get::<Option<Uuid>, _>("made_with")?.map(TokenId::from_uuid),
        // No event tells it: `queries` adds it where tokens are listed.
        last_used_at: None,
    })
}

pub(super) async fn load_invitations(
    connection: &mut PgConnection,
    target: &Target,
    keys: &BTreeSet<Key>,
) -> Result<BTreeMap<Key, InvitationView>, sqlx::Error> {
    let rows = load(connection, target, "invitations", keys).await?;
    rows.iter().map(|row| Ok((key_of(row)?, read_invitation(row)?))).collect()
}

fn read_invitation(row: &PgRow) -> Result<InvitationView, sqlx::Error> {
    Ok(InvitationView {
        id: InvitationId::from_uuid(row.try_get("id")?),
        version: to_u64(row.try_get("version")?),
        name: maybe_word(row, "name")?,
        email: maybe_word(row, "email")?,
        role: word(row, "role")?,
        language: word(row, "language")?,
        state: word(row, "state")?,
        member_id: row.try_get::<Option<Uuid>, _>("member_id")?.map(MemberId::from_uuid),
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
    })
}

pub(super) async fn store_tokens(
    connection: &mut PgConnection,
    target: &Target,
    rows: &BTreeMap<Key, TokenView>,
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let (workspaces, ids) = key_arrays(rows.keys());
    let sql = format!(
        "INSERT INTO {}.tokens (workspace, id, version, label, member_id, scopes, created_at, \
             expires_at, revoked_at, made_with) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::uuid[], \
             $6::jsonb[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], \
             $10::uuid[]) \
         ON CONFLICT (workspace, id) DO UPDATE SET version = excluded.version, \
             revoked_at = excluded.revoked_at",
        target.schema
    );
    let rows = || rows.values();
    sqlx::query(&sql)
        .bind(workspaces)
        .bind(ids)
        .bind(rows().map(|row| to_i64(row.version)).collect::<Vec<_>>())
        .bind(rows().map(|row| row.label.as_ref().map(TokenLabel::as_str)).collect::<Vec<_>>())
        .bind(rows().map(|row| row.member_id.uuid()).collect::<Vec<_>>())
        .bind(rows().map(|row| Json(&row.scopes)).collect::<Vec<_>>())
        .bind(rows().map(|row| row.created_at).collect::<Vec<_>>())
        .bind(rows().map(|row| row.expires_at).collect::<Vec<_>>())
        .bind(rows().map(|row| row.revoked_at).collect::<Vec<_>>())
        .bind(rows().map(|row| row.made_with.map(TokenId::uuid)).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn store_invitations(
    connection: &mut PgConnection,
    target: &Target,
    rows: &BTreeMap<Key, InvitationView>,
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let (workspaces, ids) = key_arrays(rows.keys());
    let sql = format!(
        "INSERT INTO {}.invitations (workspace, id, version, name, email, role, language, state, \
             member_id, created_at, expires_at) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], \
             $6::text[], $7::text[], $8::text[], $9::uuid[], $10::timestamptz[], \
             $11::timestamptz[]) \
         ON CONFLICT (workspace, id) DO UPDATE SET version = excluded.version, \
             state = excluded.state, member_id = excluded.member_id",
        target.schema
    );
    let rows = || rows.values();
    sqlx::query(&sql)
        .bind(workspaces)
        .bind(ids)
        .bind(rows().map(|row| to_i64(row.version)).collect::<Vec<_>>())
        .bind(rows().map(|row| row.name.as_ref().map(MemberName::as_str)).collect::<Vec<_>>())
        .bind(rows().map(|row| row.email.as_ref().map(Email::as_str)).collect::<Vec<_>>())
        .bind(rows().map(|row| row.role.as_str()).collect::<Vec<_>>())
        .bind(rows().map(|row| row.language.as_str()).collect::<Vec<_>>())
        .bind(rows().map(|row| row.state.as_str()).collect::<Vec<_>>())
        .bind(rows().map(|row| row.member_id.map(MemberId::uuid)).collect::<Vec<_>>())
        .bind(rows().map(|row| row.created_at).collect::<Vec<_>>())
        .bind(rows().map(|row| row.expires_at).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
