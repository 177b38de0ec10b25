//! The auth directory: who is a member in which role, and which credential is whose. Written by
//! appends alone.

use crate::{Credential, CredentialKind, Principal, StoreError};
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::values::{Role, Scope};
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// A member of a workspace, as the directory knows them at this moment.
///
/// # Errors
/// [`StoreError`] when the database is away.
pub async fn principal(
    pool: &PgPool,
    workspace: WorkspaceId,
    member: MemberId,
) -> Result<Option<Principal>, StoreError> {
    let row: Option<(String, bool, i64)> =
        sqlx::query_as("SELECT * FROM write.find_principal($1, $2)")
            .bind(workspace.uuid())
            .bind(member.uuid())
            .fetch_optional(pool)
            .await?;
    let read = |(role, active, version): (String, bool, i64)| {
        let role: Role =
            role.parse().map_err(|_| StoreError::bad_row("a principal of an unknown role"))?;
        Ok(Principal { member, role, active, version: version.cast_unsigned() })
    };
    row.map(read).transpose()
}

type CredentialRow = (Uuid, Option<String>, Vec<String>, Option<DateTime<Utc>>);

/// A credential of a workspace, by what it is found by. Whether its secret fits and its time has
/// not run out is for the caller to judge.
///
/// # Errors
/// [`StoreError`] when the database is away.
pub async fn credential(
    pool: &PgPool,
    kind: CredentialKind,
    lookup: &str,
    workspace: WorkspaceId,
) -> Result<Option<Credential>, StoreError> {
    let row: Option<CredentialRow> =
        sqlx::query_as("SELECT * FROM write.find_credential($1, $2, $3)")
            .bind(kind.as_str())
            .bind(lookup)
            .bind(workspace.uuid())
            .fetch_optional(pool)
            .await?;
    let read = |(member, secret_hash, scopes, expires_at): CredentialRow| {
        let scopes: Result<Vec<Scope>, _> = scopes.iter().map(|scope| scope.parse()).collect();
        Ok(Credential {
            kind,
            lookup: lookup.to_owned(),
            member: MemberId::from_uuid(member),
            secret_hash,
            scopes: scopes.map_err(|_| StoreError::bad_row("a credential of an unknown scope"))?,
            expires_at,
        })
    };
    row.map(read).transpose()
}

/// The workspaces in which a credential is known, and whose it is there: a person may belong to
/// several. The pool is that of `queries`, which alone sees all workspaces.
///
/// # Errors
/// [`StoreError`] when the database is away.
pub async fn workspaces_of(
    pool: &PgPool,
    kind: CredentialKind,
    lookup: &str,
) -> Result<Vec<(WorkspaceId, MemberId)>, StoreError> {
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT workspace, member FROM write.credentials
         WHERE kind = $1 AND lookup = $2 ORDER BY workspace",
    )
    .bind(kind.as_str())
    .bind(lookup)
    .fetch_all(pool)
    .await?;
    let read =
        |(workspace, member)| (WorkspaceId::from_uuid(workspace), MemberId::from_uuid(member));
    Ok(rows.into_iter().map(read).collect())
}
