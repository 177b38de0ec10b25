//! The auth directory: who is a member in which role, and which credential is whose. Written by
//! appends alone.

use crate::{Credential, CredentialKind, Principal, StoreError};
use ael_events::ids::{MemberId, TokenId, WorkspaceId};
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

/// A credential of a workspace, by what it is found by; none, when the token is gone by which it
/// was made. Whether its secret fits and its time has
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
            made_with: None,
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

/// Notes when tokens were last used, all in one statement. What is unknown or older than what is
/// noted already is passed over.
///
/// # Errors
/// [`StoreError`] when the database is away.
pub async fn note_token_uses(
    pool: &PgPool,
    uses: &[(WorkspaceId, TokenId, DateTime<Utc>)],
) -> Result<(), StoreError> {
    let workspaces: Vec<Uuid> = uses.iter().map(|(workspace, ..)| workspace.uuid()).collect();
    let tokens: Vec<Uuid> = uses.iter().map(|(_, token, _)| token.uuid()).collect();
    let times: Vec<DateTime<Utc>> = uses.iter().map(|(.., at)| *at).collect();
    sqlx::query("SELECT write.note_token_uses($1, $2, $3)")
        .bind(workspaces)
        .bind(tokens)
        .bind(times)
        .execute(pool)
        .await?;
    Ok(())
}

/// The active members of a workspace who have this e-mail address, in whatever case: two at most,
/// since one is who it is and two are nobody. It is the read model's knowledge; the role and
/// whether they are still active is for [`principal`] to say.
///
/// # Errors
/// [`StoreError`] when the database is away.
pub async fn members_by_email(
    pool: &PgPool,
    workspace: WorkspaceId,
    email: &str,
) -> Result<Vec<MemberId>, StoreError> {
    let rows: Vec<Uuid> = sqlx::query_scalar("SELECT * FROM read.members_by_email($1, $2)")
        .bind(workspace.uuid())
        .bind(email)
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(MemberId::from_uuid).collect())
}

/// Whether an identity of an OpenID Connect provider is linked to a member.
///
/// # Errors
/// [`StoreError`] when the database is away.
pub async fn has_identity(
    pool: &PgPool,
    workspace: WorkspaceId,
    member: MemberId,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT write.has_identity($1, $2)")
        .bind(workspace.uuid())
        .bind(member.uuid())
        .fetch_one(pool)
        .await?)
}
