//! A token's story in short words, for the tests of its rules.

use super::{Token, TokenContext, TokenOwner};
use crate::testing::{Given, OLENA, asked, given_in};
use ael_events::event::{TokenCreated, TokenEvent, TokenPrivate, TokenRevoked};
use ael_events::private::Private;
use ael_events::values::{Role, Scope};

/// The member named is an active Agent.
pub(crate) fn given(events: impl IntoIterator<Item = TokenEvent>) -> Given<Token, TokenContext> {
    let owner = Some(TokenOwner { role: Role::Agent, active: true });
    given_in(TokenContext { asked: asked(), owner, made_with: None }, events)
}

pub(crate) fn hash() -> String {
    "0a".repeat(32)
}

/// Olena's token, to read leads.
pub(crate) fn created() -> TokenEvent {
    TokenEvent::Created(TokenCreated {
        member_id: OLENA,
        secret_hash: hash(),
        made_with: None,
        scopes: [Scope::LeadsRead].into(),
        expires_at: None,
        private: Private::Open(TokenPrivate { label: "my script".parse().unwrap() }),
    })
}

pub(crate) const fn revoked() -> TokenEvent {
    TokenEvent::Revoked(TokenRevoked {})
}
