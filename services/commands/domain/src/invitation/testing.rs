//! An invitation's story in short words, for the tests of its rules.

use super::{Invitation, InvitationContext};
use crate::testing::{Given, OLENA, asked, given_in, now};
use ael_events::event::{
    InvitationAccepted, InvitationCreated, InvitationEvent, InvitationRevoked, InviteePrivate,
};
use ael_events::private::Private;
use ael_events::values::{Language, Role};
use chrono::TimeDelta;

pub(crate) fn given(
    events: impl IntoIterator<Item = InvitationEvent>,
) -> Given<Invitation, InvitationContext> {
    let context =
        InvitationContext { asked: asked(), member_exists: false, telegram_taken_by: None };
    given_in(context, events)
}

/// SHA-256 of the code `open sesame`.
pub(crate) const HASH: &str = "41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb";

/// Olena is invited for a day, with the code `open sesame`.
pub(crate) fn invited() -> InvitationEvent {
    let private = InviteePrivate { name: "Олена".parse().unwrap(), email: None };
    InvitationEvent::Created(InvitationCreated {
        role: Role::Agent,
        language: Language::Uk,
        code_hash: HASH.into(),
        expires_at: now() + TimeDelta::days(1),
        private: Private::Open(private),
    })
}

pub(crate) const fn accepted() -> InvitationEvent {
    InvitationEvent::Accepted(InvitationAccepted { member_id: OLENA })
}

pub(crate) const fn revoked() -> InvitationEvent {
    InvitationEvent::Revoked(InvitationRevoked {})
}
