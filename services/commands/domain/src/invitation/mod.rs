//! An invitation: an offer to become a member, good for once and until a day.
//!
//! ```text
//! created ─▶ open ─▶ accepted
//!             └────▶ revoked
//! ```

pub mod accept;
mod create;
mod rejection;
mod revoke;

#[cfg(test)]
pub(crate) mod testing;

pub use rejection::InvitationRejection;

use crate::Asked;
use crate::who_may::{self, Subject};
use ael_events::actor::Actor;
use ael_events::command::InvitationCommand;
use ael_events::event::{InvitationEvent, InviteePrivate};
use ael_events::ids::MemberId;
use ael_events::private::Private;
use ael_events::values::{Language, Role};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Everything that later decisions need to know about an invitation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    standing: Standing,
    offer: Option<Offer>,
    /// Who is invited: the one part of a snapshot that is sealed.
    #[serde(default)]
    private: Private<InviteePrivate>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// Nobody was invited yet.
    #[default]
    Absent,
    Open,
    Accepted(MemberId),
    Revoked,
}

/// What awaits who comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The role that awaits them.
    pub role: Role,
    /// Their language.
    pub language: Language,
    /// SHA-256 of the code, hexadecimal.
    pub code_hash: String,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// What the handler found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvitationContext {
    /// When, and on whose behalf.
    pub asked: Asked,
    /// Whether there is a member with the id of who comes already.
    pub member_exists: bool,
    /// A member of the workspace who has the Telegram account that comes.
    pub telegram_taken_by: Option<MemberId>,
}

impl Invitation {
    /// What happens when this is asked of the invitation.
    ///
    /// # Errors
    /// The fact that stands against it.
    pub fn decide(
        &self,
        by: &Actor,
        context: &InvitationContext,
        command: InvitationCommand,
    ) -> Result<Vec<InvitationEvent>, InvitationRejection> {
        let subject = Subject { exists: self.exists(), owner: None, named: None };
        who_may::check(who_may::invitation(&command), by, &context.asked, subject)?;
        context.asked.check()?;
        match command {
            InvitationCommand::Create(command) => create::decide(self, context, command),
            InvitationCommand::Accept(command) => accept::decide(self, context, &command),
            InvitationCommand::Revoke(_) => revoke::decide(self),
        }
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: InvitationEvent) {
        match event {
            InvitationEvent::Created(created) => {
                self.standing = Standing::Open;
                self.offer = Some(Offer {
                    role: created.role,
                    language: created.language,
                    code_hash: created.code_hash,
                    expires_at: created.expires_at,
                });
                self.private = created.private;
            }
            InvitationEvent::Accepted(accepted) => {
                self.standing = Standing::Accepted(accepted.member_id);
            }
            InvitationEvent::Revoked(_) => self.standing = Standing::Revoked,
        }
    }

    /// Whether somebody was invited.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.standing != Standing::Absent
    }

    /// Whether it can still be accepted, by its standing (its day may be over).
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.standing == Standing::Open
    }

    /// What awaits who comes.
    #[must_use]
    pub const fn offer(&self) -> Option<&Offer> {
        self.offer.as_ref()
    }

    /// Who is invited, while it is known.
    #[must_use]
    pub const fn invitee(&self) -> Option<&InviteePrivate> {
        self.private.open()
    }
}

crate::decider::aggregate!(
    Invitation,
    "invitation",
    InvitationContext,
    InvitationCommand,
    InvitationEvent,
    InvitationRejection
);
