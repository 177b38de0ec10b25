//! Take a lead over from another system, with its past: an Admin may, or the importer for one.
//!
//! History is not measured by today's rules: any stage and outcome is taken, whatever the lead
//! lacks, and its tags need not be in the vocabulary. The outcome, where there is one, says the
//! stage. A lead that was won is transferred, and its sale is opened as paid; one that was
//! transferred without an outcome has a sale that goes on here.

use super::claims;
use super::{Lead, LeadContext, LeadRejection};
use ael_events::actor::Actor;
use ael_events::command::ImportLead;
use ael_events::event::{Imported, ImportedOutcome, ImportedPrivate, LeadEvent};
use ael_events::private::Private;
use ael_events::values::Stage;

pub(super) fn decide(
    lead: &Lead,
    by: &Actor,
    context: &LeadContext,
    command: ImportLead,
) -> Result<Vec<LeadEvent>, LeadRejection> {
    if lead.exists() {
        return Err(LeadRejection::AlreadyExists);
    }
    context.knows_domain(command.business_domain.as_ref())?;
    context.owner_is_active(by, command.owner)?;
    let stage = match (&command.outcome, command.stage) {
        (Some(ImportedOutcome::Won { .. }), _) => Stage::Transferred,
        (Some(ImportedOutcome::Lost { .. }), _) => Stage::Lost,
        (None, Some(Stage::Lost)) => return Err(LeadRejection::LostNeedsOutcome),
        (None, Some(stage)) => stage,
        (None, None) => Stage::New,
    };
    let wanted = claims::of(&command.profile.contact).into_iter().map(|claim| claim.kind).collect();
    let clash = context.clash(by, command.allow_duplicate, &wanted)?;
    Ok(vec![LeadEvent::Imported(Imported {
        origin: command.origin,
        source: command.source,
        stage,
        outcome: command.outcome,
        business_domain: command.business_domain,
        owner: command.owner,
        tags: command.tags,
        message_count: command.message_count,
        attributes: command.attributes,
        duplicate_of: clash.duplicate_of,
        unclaimed: clash.kinds,
        private: Private::Open(ImportedPrivate {
            external_id: command.external_id,
            profile: command.profile,
        }),
    })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decider as _;
    use crate::lead::Handover;
    use crate::lead::testing::{captured, domain, duplicate, given, hryvnias, ivan, lead_id};
    use crate::testing::{ADMIN, MANAGER, TARAS, service, tag};
    use crate::who_may::Forbidden;
    use ael_events::actor::ServicePrincipal;
    use ael_events::event::LeadProfile;
    use ael_events::values::{ContactKind, LostReason, Role, Source};

    fn import(stage: Option<Stage>, outcome: Option<ImportedOutcome>) -> ImportLead {
        ImportLead {
            origin: "old crm".parse().unwrap(),
            external_id: "A-1".parse().unwrap(),
            source: Source::Partner,
            stage,
            outcome,
            business_domain: None,
            owner: None,
            tags: [tag("never heard of")].into(),
            message_count: 12,
            attributes: Default::default(),
            profile: LeadProfile::default(),
            allow_duplicate: false,
        }
    }

    fn imported(command: ImportLead) -> Lead {
        Lead::fold(given([]).when(ADMIN, command).then_events())
    }

    #[test]
    fn an_imported_lead_has_the_past_that_its_file_says_whatever_it_lacks() {
        for stage in [Stage::New, Stage::Contacted, Stage::Qualified, Stage::Transferred] {
            let lead = imported(import(Some(stage), None));
            assert_eq!((lead.stage(), lead.message_count()), (stage, 12));
        }
        assert_eq!(imported(import(None, None)).stage(), Stage::New);
        let lost = ImportedOutcome::Lost { reason: LostReason::Other };
        assert_eq!(imported(import(None, Some(lost))).stage(), Stage::Lost);
        given([])
            .when(ADMIN, import(Some(Stage::Lost), None))
            .then_refused(LeadRejection::LostNeedsOutcome);
    }

    #[test]
    fn a_lead_that_was_won_elsewhere_is_handed_over_with_its_amount() {
        for amount in [None, Some(hryvnias(500))] {
            let lead = imported(import(Some(Stage::New), Some(ImportedOutcome::Won { amount })));
            assert_eq!(lead.stage(), Stage::Transferred);
            assert_eq!(lead.handover(), Some(Handover { amount, won_elsewhere: true }));
        }
        let open = imported(import(Some(Stage::Transferred), None));
        assert_eq!(open.handover(), Some(Handover { amount: None, won_elsewhere: false }));
    }

    #[test]
    fn the_importer_imports_for_an_admin_and_for_nobody_else() {
        let importer = service(ServicePrincipal::Importer);
        given([]).when(importer, import(None, None)).then_events();
        for role in [None, Some(Role::Agent), Some(Role::Manager)] {
            given([])
                .and(|context| context.asked.on_behalf_of = role)
                .when(importer, import(None, None))
                .then_refused(Forbidden::OnBehalfOfNobody {
                    principal: ServicePrincipal::Importer,
                    needs: Role::Admin,
                });
        }
        given([])
            .when(MANAGER, import(None, None))
            .then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
    }

    #[test]
    fn a_lead_is_imported_once_and_into_a_domain_of_the_workspace() {
        given([captured()])
            .when(ADMIN, import(None, None))
            .then_refused(LeadRejection::AlreadyExists);
        let elsewhere = ImportLead {
            business_domain: Some(domain("fourth")),
            owner: None,
            ..import(None, None)
        };
        let known = vec![domain("first"), domain("second"), domain("third")];
        given([])
            .when(ADMIN, elsewhere)
            .then_refused(LeadRejection::UnknownDomain { domain: domain("fourth"), known });
        given([])
            .when(ADMIN, ImportLead { owner: Some(TARAS), ..import(None, None) })
            .then_refused(LeadRejection::OwnerNotActive { owner: TARAS });
    }

    #[test]
    fn an_imported_duplicate_is_refused_unless_it_is_wanted() {
        let command = ImportLead { profile: ivan(), ..import(None, None) };
        given([])
            .and(|context| context.duplicates = vec![duplicate(ContactKind::Phone)])
            .when(ADMIN, command.clone())
            .then_refused(LeadRejection::DuplicateContact {
                lead_id: lead_id(200),
                owner: Some(TARAS),
                kind: ContactKind::Phone,
            });
        let events = given([])
            .and(|context| context.duplicates = vec![duplicate(ContactKind::Phone)])
            .when(
                service(ServicePrincipal::Importer),
                ImportLead { allow_duplicate: true, ..command },
            )
            .then_events();
        assert_eq!(Lead::fold(events).unclaimed, [ContactKind::Phone].into());
    }
}
