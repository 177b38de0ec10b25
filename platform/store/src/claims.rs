//! Which lead has which contact, known by keyed hashes alone.

use crate::StoreError;
use crate::append::Claim;
use ael_events::ids::{LeadId, WorkspaceId};
use ael_seal::ContactKind;
use sqlx::PgPool;
use uuid::Uuid;

/// Those of the contacts that a lead has, in the order in which they are asked for.
pub(crate) async fn holders(
    pool: &PgPool,
    workspace: WorkspaceId,
    contacts: &[(ContactKind, [u8; 32])],
) -> Result<Vec<(ContactKind, [u8; 32], LeadId)>, StoreError> {
    let kinds: Vec<&str> = contacts.iter().map(|(kind, _)| kind.as_str()).collect();
    let hmacs: Vec<Vec<u8>> = contacts.iter().map(|(_, hmac)| hmac.to_vec()).collect();
    let rows: Vec<(String, Vec<u8>, Uuid)> =
        sqlx::query_as("SELECT * FROM write.find_claims($1, $2, $3)")
            .bind(workspace.uuid())
            .bind(kinds)
            .bind(hmacs)
            .fetch_all(pool)
            .await?;
    let read = |(kind, hmac, lead): (String, Vec<u8>, Uuid)| {
        let kind = kind.parse().map_err(|_| StoreError::bad_row("a claim of an unknown kind"))?;
        let hmac = hmac.try_into().map_err(|_| StoreError::bad_row("a claim of another size"))?;
        Ok((kind, hmac, LeadId::from_uuid(lead)))
    };
    rows.into_iter().map(read).collect()
}

/// The first contact that another lead has.
pub(crate) async fn taken(
    pool: &PgPool,
    workspace: WorkspaceId,
    claims: &[Claim],
) -> Result<Option<(ContactKind, LeadId)>, StoreError> {
    let wanted: Vec<&Claim> = claims.iter().filter(|claim| !claim.if_free).collect();
    let contacts: Vec<_> = wanted.iter().map(|claim| (claim.kind, claim.hmac)).collect();
    let held = holders(pool, workspace, &contacts).await?;
    let taken = held.into_iter().find(|(kind, hmac, holder)| {
        wanted
            .iter()
            .any(|claim| claim.kind == *kind && claim.hmac == *hmac && claim.lead != *holder)
    });
    Ok(taken.map(|(kind, _, holder)| (kind, holder)))
}
