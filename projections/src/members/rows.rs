//! The tables of members and workspaces.

use super::row::MemberRow;
use crate::model::{Key, Target, key_arrays, look_up, to_i64, to_u64};
use crate::words::{maybe_word, word};
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::query::{MemberView, WorkspaceView};
use ael_events::values::{Email, MemberName, NotificationSettings, WorkspaceSettings};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row as _};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub(super) async fn load_members(
    connection: &mut PgConnection,
    target: &Target,
    keys: &BTreeSet<Key>,
) -> Result<BTreeMap<Key, MemberRow>, sqlx::Error> {
    let (workspaces, ids) = key_arrays(keys.iter());
    let sql = look_up(&target.schema, "members", "id");
    let rows = sqlx::query(&sql).bind(workspaces).bind(ids).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let member = MemberRow {
                view: read_member(row)?,
                bot_blocked: row.try_get("bot_blocked")?,
                notifications: row.try_get::<Json<NotificationSettings>, _>("notifications")?.0,
            };
            let workspace = WorkspaceId::from_uuid(row.try_get("workspace")?);
            Ok(((workspace, member.view.id.uuid()), member))
        })
        .collect()
}

/// A member as their row tells it.
fn read_member(row: &PgRow) -> Result<MemberView, sqlx::Error> {
    Ok(MemberView {
        id: MemberId::from_uuid(row.try_get("id")?),
        version: to_u64(row.try_get("version")?),
        name: maybe_word(row, "name")?,
        email: maybe_word(row, "email")?,
        role: word(row, "role")?,
        language: word(row, "language")?,
        active: row.try_get("active")?,
        telegram_linked: row.try_get("telegram_linked")?,
        identity_linked: row.try_get("identity_linked")?,
        joined_at: row.try_get("joined_at")?,
    })
}

pub(super) async fn load_workspaces(
    connection: &mut PgConnection,
    target: &Target,
    keys: &BTreeSet<Key>,
) -> Result<BTreeMap<WorkspaceId, WorkspaceView>, sqlx::Error> {
    let ids: BTreeSet<Uuid> = keys.iter().map(|(workspace, _)| workspace.uuid()).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let sql = format!("SELECT * FROM {}.workspaces WHERE workspace = ANY($1)", target.schema);
    let rows = sqlx::query(&sql).bind(ids).fetch_all(connection).await?;
    rows.iter().map(|row| read_workspace(row).map(|view| (view.id, view))).collect()
}

/// A workspace as its row tells it.
fn read_workspace(row: &PgRow) -> Result<WorkspaceView, sqlx::Error> {
    Ok(WorkspaceView {
        id: WorkspaceId::from_uuid(row.try_get("workspace")?),
        version: to_u64(row.try_get("version")?),
        name: word(row, "name")?,
        settings: row.try_get::<Json<WorkspaceSettings>, _>("settings")?.0,
        created_at: row.try_get("created_at")?,
    })
}

pub(super) async fn store_members(
    connection: &mut PgConnection,
    target: &Target,
    rows: &BTreeMap<Key, MemberRow>,
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    macro_rules! column {
        ($row:ident => $value:expr) => {
            rows.values().map(|$row| $value).collect::<Vec<_>>()
        };
    }
    let (workspaces, ids) = key_arrays(rows.keys());
    let sql = format!(
        "INSERT INTO {}.members (workspace, id, version, name, email, role, language, active, \
             telegram_linked, bot_blocked, notifications, joined_at, identity_linked) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], \
             $6::text[], $7::text[], $8::boolean[], $9::boolean[], $10::boolean[], \
             $11::jsonb[], $12::timestamptz[], $13::boolean[]) \
         ON CONFLICT (workspace, id) DO UPDATE SET version = excluded.version, \
             name = excluded.name, email = excluded.email, role = excluded.role, \
             language = excluded.language, active = excluded.active, \
             telegram_linked = excluded.telegram_linked, bot_blocked = excluded.bot_blocked, \
             notifications = excluded.notifications, \
             identity_linked = excluded.identity_linked",
        target.schema
    );
    sqlx::query(&sql)
        .bind(workspaces)
        .bind(ids)
        .bind(column!(row => to_i64(row.view.version)))
        .bind(column!(row => row.view.name.as_ref().map(MemberName::as_str)))
        .bind(column!(row => row.view.email.as_ref().map(Email::as_str)))
        .bind(column!(row => row.view.role.as_str()))
        .bind(column!(row => row.view.language.as_str()))
        .bind(column!(row => row.view.active))
        .bind(column!(row => row.view.telegram_linked))
        .bind(column!(row => row.bot_blocked))
        .bind(column!(row => Json(&row.notifications)))
        .bind(column!(row => row.view.joined_at))
        .bind(column!(row => row.view.identity_linked))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn store_workspaces(
    connection: &mut PgConnection,
    target: &Target,
    rows: &BTreeMap<WorkspaceId, WorkspaceView>,
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO {}.workspaces (workspace, version, name, settings, created_at) \
         SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::jsonb[], \
             $5::timestamptz[]) \
         ON CONFLICT (workspace) DO UPDATE SET version = excluded.version, \
             name = excluded.name, settings = excluded.settings",
        target.schema
    );
    sqlx::query(&sql)
        .bind(rows.keys().map(|workspace| workspace.uuid()).collect::<Vec<_>>())
        .bind(rows.values().map(|view| to_i64(view.version)).collect::<Vec<_>>())
        .bind(rows.values().map(|view| view.name.as_str()).collect::<Vec<_>>())
        .bind(rows.values().map(|view| Json(&view.settings)).collect::<Vec<_>>())
        .bind(rows.values().map(|view| view.created_at).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
