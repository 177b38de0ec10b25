//! Invitations: whoever comes becomes a member in the same transaction.

use super::{Matter, member};
use crate::draft::Decision;
use crate::failure::Refused;
use ael_domain::invitation::{Invitation, InvitationContext, accept};
use ael_domain::member::Member;
use ael_events::command::{AcceptInvitation, InvitationCommand, To};
use ael_events::ids::InvitationId;

pub(super) async fn decide(
    matter: &Matter<'_>,
    to: &To<InvitationId, InvitationCommand>,
) -> Result<Decision, Refused> {
    if matter.settings().await?.is_none() {
        return Ok(Decision::Refused(super::workspace::no_such_workspace()));
    }
    let invitation = matter.load::<Invitation>(to.id.uuid()).await?;
    if let Err(unexpected) = matter.is_expected(&invitation) {
        return Ok(unexpected);
    }
    let coming = match &to.command {
        InvitationCommand::Accept(accept) => Some(accept),
        InvitationCommand::Create(_) | InvitationCommand::Revoke(_) => None,
    };
    let newcomer = match coming {
        Some(accept) => Some(matter.load::<Member>(accept.member_id.uuid()).await?),
        None => None,
    };
    let context = InvitationContext {
        asked: matter.asked(),
        member_exists: newcomer.as_ref().is_some_and(|member| member.version > 0),
        telegram_taken_by: match coming {
            Some(AcceptInvitation { member_id, telegram: Some(account), .. }) => {
                member::taken_by(matter, *account, *member_id).await?
            }
            Some(AcceptInvitation { telegram: None, .. }) | None => None,
        },
    };
    let by = &matter.principal.actor;
    let events = match invitation.state.decide(by, &context, to.command.clone()) {
        Ok(events) => events,
        Err(refusal) => return Ok(Decision::Refused(refusal.into())),
    };
    let mut draft = matter.draft(&invitation);
    let has_happened = !events.is_empty();
    draft.add(&invitation, to.id.uuid(), events)?;
    if let (true, Some(coming), Some(newcomer)) = (has_happened, coming, newcomer) {
        let joining = accept::member_joins(&invitation.state, coming);
        member::add(&mut draft, &newcomer, joining)?;
    }
    Ok(Decision::Write(Box::new(draft)))
}
