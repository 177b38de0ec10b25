//! The claims of leads on ways to reach people, as the store keeps them: hashed with the
//! workspace's own key.

use super::Matter;
use crate::failure::Trouble;
use crate::repository::Freshness;
use ael_domain::lead::Duplicate;
use ael_domain::lead::claims::{Claim, ClaimChange};
use ael_events::ids::LeadId;
use ael_events::values::ContactKind;
use ael_store::ClaimRelease;

/// What the store is to claim for a lead.
pub(super) async fn claims_of(
    matter: &Matter<'_>,
    lead: LeadId,
    claims: Vec<Claim>,
) -> Result<Vec<ael_store::Claim>, Trouble> {
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let hmac = matter.desk.writer.hmac(matter.workspace()).await?;
    let hashed = claims.into_iter().map(|claim| {
        let kind = stored_kind(claim.kind);
        let hmac = hmac.contact(kind, &claim.normalised);
        ael_store::Claim { kind, hmac, lead, if_free: false }
    });
    Ok(hashed.collect())
}

/// What the store is to release.
pub(super) fn released(
    lead: LeadId,
    change: &ClaimChange,
) -> impl Iterator<Item = ClaimRelease> + use<'_> {
    change.released.iter().map(move |claim| {
        let kind = Some(stored_kind(claim.kind));
        ClaimRelease { lead, kind }
    })
}

/// The other leads that claim what this one wants.
pub(super) async fn duplicates(
    matter: &Matter<'_>,
    lead: LeadId,
    wanted: Vec<Claim>,
) -> Result<Vec<Duplicate>, Trouble> {
    let mut duplicates = Vec::new();
    for claim in claims_of(matter, lead, wanted.clone()).await?.iter().zip(wanted) {
        let (hashed, wanted) = claim;
        let writer = &matter.desk.writer;
        let holder = writer.claim_holder(matter.workspace(), hashed.kind, &hashed.hmac).await?;
        if let Some(holder) = holder.filter(|holder| *holder != lead) {
            let repository = &matter.desk.repository;
            let known = repository.lead(matter.workspace(), holder, Freshness::Anew).await?;
            let owner = known.state.owner();
            duplicates.push(Duplicate { kind: wanted.kind, lead_id: holder, owner });
        }
    }
    Ok(duplicates)
}

const fn stored_kind(kind: ContactKind) -> ael_seal::ContactKind {
    match kind {
        ContactKind::Email => ael_seal::ContactKind::Email,
        ContactKind::Phone => ael_seal::ContactKind::Phone,
        ContactKind::Telegram => ael_seal::ContactKind::Telegram,
    }
}
