//! A token and an invitation, event by event. Pure.

use crate::model::{Unfit, expect_next};
use crate::opened::EventFacts;
use ael_events::event::{InvitationEvent, TokenEvent};
use ael_events::ids::{InvitationId, TokenId};
use ael_events::query::{InvitationView, TokenView};
use ael_events::values::InvitationState;

/// The token after an event, which has to be the next one.
///
/// # Errors
/// [`Unfit`] when events are missing before it.
pub fn apply_to_token(
    token: Option<TokenView>,
    facts: &EventFacts,
    event: &TokenEvent,
) -> Result<TokenView, Unfit> {
    if let Some(token) = &token
        && !expect_next(token.version, facts.sequence)?
    {
        return Ok(token.clone());
    }
    match (token, event) {
        (_, TokenEvent::Created(event)) => Ok(TokenView {
            id: TokenId::from_uuid(facts.aggregate_id),
            version: facts.sequence,
            label: event.private.open().map(|private| private.label.clone()),
            member_id: event.member_id,
            scopes: event.scopes.clone(),
            created_at: facts.occurred_at,
            expires_at: event.expires_at,
            revoked_at: None,
            made_with: event.made_with,
            last_used_at: None,
        }),
        (Some(token), TokenEvent::Revoked(_)) => {
            let revoked_at = Some(facts.occurred_at);
            Ok(TokenView { version: facts.sequence, revoked_at, ..token })
        }
        (None, TokenEvent::Revoked(_)) => Err(Unfit::NoBeginning),
    }
}

/// The invitation after an event, which has to be the next one.
///
/// # Errors
/// [`Unfit`] when events are missing before it.
pub fn apply_to_invitation(
    invitation: Option<InvitationView>,
    facts: &EventFacts,
    event: &InvitationEvent,
) -> Result<InvitationView, Unfit> {
    if let Some(invitation) = &invitation
        && !expect_next(invitation.version, facts.sequence)?
    {
        return Ok(invitation.clone());
    }
    let version = facts.sequence;
    match (invitation, event) {
        (_, InvitationEvent::Created(event)) => {
            let invitee = event.private.open();
            Ok(InvitationView {
                id: InvitationId::from_uuid(facts.aggregate_id),
                version,
                name: invitee.map(|invitee| invitee.name.clone()),
                email: invitee.and_then(|invitee| invitee.email.clone()),
                role: event.role,
                language: event.language,
                state: InvitationState::Open,
                member_id: None,
                created_at: facts.occurred_at,
                expires_at: event.expires_at,
            })
        }
        (Some(invitation), InvitationEvent::Accepted(event)) => {
            let (state, member_id) = (InvitationState::Accepted, Some(event.member_id));
            Ok(InvitationView { version, state, member_id, ..invitation })
        }
        (Some(invitation), InvitationEvent::Revoked(_)) => {
            Ok(InvitationView { version, state: InvitationState::Revoked, ..invitation })
        }
        (None, InvitationEvent::Accepted(_) | InvitationEvent::Revoked(_)) => {
            Err(Unfit::NoBeginning)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{facts, hour};
    use ael_events::event::{
        InvitationAccepted, InvitationCreated, InvitationRevoked, InviteePrivate, TokenCreated,
        TokenPrivate, TokenRevoked,
    };
    use ael_events::ids::MemberId;
    use ael_events::values::{Language, Role, Scope};

    const OLENA: MemberId = MemberId::from_uuid(uuid::Uuid::from_u128(9));
    const MAKER: TokenId = TokenId::from_uuid(uuid::Uuid::from_u128(10));

    fn token_created() -> TokenEvent {
        TokenEvent::Created(TokenCreated {
            member_id: OLENA,
            secret_hash: "5ec7e7".to_owned(),
            scopes: [Scope::LeadsRead].into(),
            expires_at: Some(hour(20)),
            made_with: Some(MAKER),
            private: TokenPrivate { label: "website form".parse().unwrap() }.into(),
        })
    }

    fn invited() -> InvitationEvent {
        InvitationEvent::Created(InvitationCreated {
            role: Role::Agent,
            language: Language::Uk,
            code_hash: "5ec7e7".to_owned(),
            expires_at: hour(20),
            private: InviteePrivate { name: "Ira".parse().unwrap(), email: None }.into(),
        })
    }

    #[test]
    fn a_token_is_shown_by_its_label_until_it_is_revoked_and_never_its_secret() {
        let token = apply_to_token(None, &facts(1), &token_created()).unwrap();
        assert_eq!(token.label.as_ref().unwrap().as_str(), "website form");
        assert_eq!((token.member_id, token.created_at), (OLENA, hour(1)));
        assert_eq!((token.expires_at, token.revoked_at), (Some(hour(20)), None));
        assert_eq!(token.made_with, Some(MAKER));
        assert!(!serde_json::to_string(&token).unwrap().contains("5ec7e7"));
        let revoked = TokenEvent::Revoked(TokenRevoked {});
        let token = apply_to_token(Some(token), &facts(2), &revoked).unwrap();
        assert_eq!((token.version, token.revoked_at), (2, Some(hour(2))));
    }

    #[test]
    fn an_invitation_is_open_until_somebody_comes_or_it_is_taken_back() {
        let open = apply_to_invitation(None, &facts(1), &invited()).unwrap();
        assert_eq!(open.name.as_ref().unwrap().as_str(), "Ira");
        assert_eq!((open.state, open.member_id), (InvitationState::Open, None));
        assert!(!serde_json::to_string(&open).unwrap().contains("5ec7e7"));
        let accepted = InvitationEvent::Accepted(InvitationAccepted { member_id: OLENA });
        let came = apply_to_invitation(Some(open.clone()), &facts(2), &accepted).unwrap();
        assert_eq!((came.state, came.member_id), (InvitationState::Accepted, Some(OLENA)));
        let revoked = InvitationEvent::Revoked(InvitationRevoked {});
        let gone = apply_to_invitation(Some(open), &facts(2), &revoked).unwrap();
        assert_eq!((gone.state, gone.member_id), (InvitationState::Revoked, None));
    }

    #[test]
    fn an_event_that_comes_again_changes_nothing_and_one_that_comes_early_waits() {
        let token = apply_to_token(None, &facts(1), &token_created()).unwrap();
        let again = apply_to_token(Some(token.clone()), &facts(1), &token_created());
        assert_eq!(again, Ok(token.clone()));
        let revoked = TokenEvent::Revoked(TokenRevoked {});
        let gap = Unfit::Gap { expected: 2, got: 3 };
        assert_eq!(apply_to_token(Some(token), &facts(3), &revoked), Err(gap));
        assert_eq!(apply_to_token(None, &facts(2), &revoked), Err(Unfit::NoBeginning));
        let early = InvitationEvent::Revoked(InvitationRevoked {});
        assert_eq!(apply_to_invitation(None, &facts(2), &early), Err(Unfit::NoBeginning));
    }
}
