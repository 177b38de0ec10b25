//! What the tables should hold of a token or an invitation: for audits.

use super::row::{apply_to_invitation, apply_to_token};
use crate::audit::row::{Audited, Row};
use crate::model::{Expected, Incoming, Unfit};
use ael_events::event::Event;
use ael_events::query::{AggregateDigest, InvitationView, TokenView};
use ael_events::values::AggregateKind;
use uuid::Uuid;

pub(super) const TABLES: &[Audited] = &[
    Audited { table: "tokens", kind: AggregateKind::Token, id: "id", key: &[], of: &[] },
    Audited { table: "invitations", kind: AggregateKind::Invitation, id: "id", key: &[], of: &[] },
];

pub(super) struct ExpectedAccess {
    id: Uuid,
    token: Option<TokenView>,
    invitation: Option<InvitationView>,
}

impl ExpectedAccess {
    pub(super) const fn of(id: Uuid) -> Self {
        Self { id, token: None, invitation: None }
    }
}

impl Expected for ExpectedAccess {
    fn take(&mut self, incoming: &Incoming<'_>) -> Result<(), Unfit> {
        let facts = &incoming.opened.facts;
        match incoming.event {
            Event::Token(event) if !incoming.only_purge => {
                self.token = Some(apply_to_token(self.token.clone(), facts, event)?);
            }
            Event::Invitation(event) if !incoming.only_purge => {
                let known = self.invitation.clone();
                self.invitation = Some(apply_to_invitation(known, facts, event)?);
            }
            Event::Token(_)
            | Event::Invitation(_)
            | Event::Lead(_)
            | Event::Sale(_)
            | Event::Member(_)
            | Event::Workspace(_)
            | Event::Advisor(_) => {}
        }
        Ok(())
    }

    fn rows(&self) -> Vec<Row> {
        let token = self.token.iter().map(|view| {
            Row::of("tokens")
                .open("id", self.id)
                .open("version", view.version)
                .personal("label", &view.label)
                .open("member_id", view.member_id)
                .open("scopes", &view.scopes)
                .time("created_at", view.created_at)
                .time("expires_at", view.expires_at)
                .time("revoked_at", view.revoked_at)
                .open("made_with", view.made_with)
        });
        let invitation = self.invitation.iter().map(|view| {
            Row::of("invitations")
                .open("id", self.id)
                .open("version", view.version)
                .personal("name", &view.name)
                .personal("email", &view.email)
                .open("role", view.role.as_str())
                .open("language", view.language.as_str())
                .open("state", view.state.as_str())
                .open("member_id", view.member_id)
                .time("created_at", view.created_at)
                .time("expires_at", view.expires_at)
        });
        token.chain(invitation).collect()
    }

    fn digest(&self, _kind: AggregateKind) -> Option<AggregateDigest> {
        // The command service folds these to be sure that they can be read, not to compare them.
        None
    }
}
