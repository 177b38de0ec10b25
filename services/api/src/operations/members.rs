//! The people of the workspace: yourself, the members, and who is invited.

use super::Tag;
use super::lead_bodies::Nothing;
use super::lead_params::PageParams;
use super::once::{Shown, no_randomness, once};
use crate::desk::Desk;
use crate::wire::{Body, Found, Maker, Params, Path, Problem, Reader, Writer, Written};
use ael_client::NewInvitationCode;
use ael_events::command::{
    AddMember, ChangeLanguage, ChangeNotifications, ChangeRole, Command, CreateInvitation,
    DeactivateMember, InvitationCommand, MemberCommand, MemberRef, Patch, ReactivateMember,
    RenameMember, RevokeInvitation, To,
};
use ael_events::ids::{InvitationId, MemberId};
use ael_events::query::{InvitationPage, ListInvitations, Me, MemberView, Query};
use ael_events::values::{Email, Language, MemberName, NotificationSettings, Role};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use poem_openapi::OpenApi;
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

/// The people.
#[derive(Debug)]
pub(crate) struct MembersApi(pub(crate) Desk);

/// Somebody who is added.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMember {
    /// Their name.
    name: MemberName,
    /// Their e-mail address.
    #[serde(default)]
    email: Option<Email>,
    /// Their role.
    role: Role,
    /// Their language; Ukrainian when not said.
    #[serde(default = "ukrainian")]
    language: Language,
}

const fn ukrainian() -> Language {
    Language::Uk
}

/// A name and an e-mail address (RFC 7396): what is absent stays, `null` clears the address.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MemberNames {
    /// The name afterwards.
    name: Option<MemberName>,
    /// The e-mail address afterwards.
    email: Patch<Email>,
}

/// A role.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRole {
    /// The role afterwards.
    role: Role,
}

/// A language.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLanguage {
    /// The language afterwards.
    language: Language,
}

/// Somebody who is invited.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvitation {
    /// Their name.
    name: MemberName,
    /// Their e-mail address.
    #[serde(default)]
    email: Option<Email>,
    /// The role that awaits them.
    role: Role,
    /// Their language; Ukrainian when not said.
    #[serde(default = "ukrainian")]
    language: Language,
    /// How long the code is good, in hours, 1 to 720; a week when not said.
    #[serde(default = "week")]
    #[schemars(range(min = 1, max = 720))]
    valid_hours: u32,
}

const fn week() -> u32 {
    7 * 24
}

/// Something whose secret is shown this once.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct InvitationMade {
    /// The invitation.
    id: InvitationId,
    /// What opens it: shown this once, so send it on.
    code: String,
    /// Until when it is good.
    expires_at: DateTime<Utc>,
}

/// The members.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MemberList {
    /// In the order in which they joined; their e-mail addresses for Admins alone.
    items: Vec<MemberView>,
}

fn to_member(id: impl Into<MemberRef>, command: impl Into<MemberCommand>) -> Command {
    Command::Member(To { id: id.into(), command: command.into() })
}

fn to_invitation(id: InvitationId, command: impl Into<InvitationCommand>) -> Command {
    Command::Invitation(To { id, command: command.into() })
}

#[OpenApi(tag = "Tag::People")]
impl MembersApi {
    /// Who am I
    #[oai(path = "/me", method = "get", operation_id = "me")]
    async fn me(&self, reader: Reader) -> Result<Found<Me>, Problem> {
        Ok(Found::versioned(self.0.ask(&reader, Query::Me {}).await?))
    }

    /// List the members
    #[oai(path = "/members", method = "get", operation_id = "list_members")]
    async fn list(&self, reader: Reader) -> Result<Found<MemberList>, Problem> {
        let items = self.0.look_up(&reader, Query::ListMembers {}).await?;
        Found::of(&MemberList { items })
    }

    /// Add a member
    ///
    /// Without an invitation: for people and programs that need no Telegram account.
    #[oai(path = "/members", method = "post", operation_id = "add_member")]
    async fn add(&self, maker: Maker, body: Body<NewMember>) -> Result<Written<201>, Problem> {
        let NewMember { name, email, role, language } = body.0;
        let id = MemberId::from_uuid(maker.new_id());
        let command = to_member(id, AddMember { name, email, role, language });
        Ok(Written(self.0.make(&maker, command).await?))
    }

    /// Change a member's name and e-mail
    ///
    /// What is absent stays as it is.
    #[oai(path = "/members/:id", method = "patch", operation_id = "rename_member")]
    async fn rename(
        &self,
        writer: Writer,
        id: Path<MemberId>,
        body: Body<MemberNames>,
    ) -> Result<Written, Problem> {
        let MemberNames { name, email } = body.0;
        let command = to_member(id.0, RenameMember { name, email });
        Ok(Written(self.0.tell(&writer, command).await?))
    }

    /// Change a member's role
    #[oai(path = "/members/:id/role", method = "post", operation_id = "change_role")]
    async fn role(
        &self,
        writer: Writer,
        id: Path<MemberId>,
        body: Body<NewRole>,
    ) -> Result<Written, Problem> {
        let command = to_member(id.0, ChangeRole { role: body.0.role });
        Ok(Written(self.0.tell(&writer, command).await?))
    }

    /// Change your language
    #[oai(path = "/me/language", method = "post", operation_id = "change_language")]
    async fn language(&self, writer: Writer, body: Body<NewLanguage>) -> Result<Written, Problem> {
        let command = to_member(MemberRef::Me, ChangeLanguage { language: body.0.language });
        Ok(Written(self.0.tell(&writer, command).await?))
    }

    /// Change what you are told
    #[oai(path = "/me/notifications", method = "post", operation_id = "change_notifications")]
    async fn notifications(
        &self,
        writer: Writer,
        body: Body<NotificationSettings>,
    ) -> Result<Written, Problem> {
        let command = to_member(MemberRef::Me, ChangeNotifications { notifications: body.0 });
        Ok(Written(self.0.tell(&writer, command).await?))
    }

    /// Let a member do nothing any more
    ///
    /// Within a second, everywhere. The last Admin stays.
    #[oai(path = "/members/:id/deactivate", method = "post", operation_id = "deactivate_member")]
    async fn deactivate(
        &self,
        writer: Writer,
        id: Path<MemberId>,
        _body: Body<Nothing>,
    ) -> Result<Written, Problem> {
        let command = to_member(id.0, DeactivateMember {});
        Ok(Written(self.0.tell(&writer, command).await?))
    }

    /// Let a member work again
    #[oai(path = "/members/:id/reactivate", method = "post", operation_id = "reactivate_member")]
    async fn reactivate(
        &self,
        writer: Writer,
        id: Path<MemberId>,
        _body: Body<Nothing>,
    ) -> Result<Written, Problem> {
        let command = to_member(id.0, ReactivateMember {});
        Ok(Written(self.0.tell(&writer, command).await?))
    }

    /// List invitations
    #[oai(path = "/invitations", method = "get", operation_id = "list_invitations")]
    async fn invitations(
        &self,
        reader: Reader,
        query: Params<PageParams>,
    ) -> Result<Found<InvitationPage>, Problem> {
        let PageParams { cursor, limit } = query.0;
        let asked = ListInvitations { cursor, limit };
        Ok(Found::raw(self.0.ask(&reader, Query::ListInvitations(asked)).await?))
    }

    /// Invite somebody
    ///
    /// The code is shown this once: a repeated request is answered 409 `secret_already_shown`.
    #[oai(path = "/invitations", method = "post", operation_id = "invite")]
    async fn invite(
        &self,
        maker: Maker,
        body: Body<NewInvitation>,
    ) -> Result<Shown<InvitationMade>, Problem> {
        let NewInvitation { name, email, role, language, valid_hours } = body.0;
        if !(1..=720).contains(&valid_hours) {
            return Err(Problem::at("/valid_hours", "expected 1 to 720 hours"));
        }
        let id = InvitationId::from_uuid(maker.new_id());
        // To the microsecond, as lists show it.
        let now = Utc::now().trunc_subsecs(6);
        let expires_at = now + TimeDelta::hours(i64::from(valid_hours));
        let minted = NewInvitationCode::mint(maker.caller.workspace, id).map_err(no_randomness)?;
        let command = CreateInvitation {
            name,
            email,
            role,
            language,
            code_hash: minted.code_hash,
            expires_at,
            valid_hours: Some(valid_hours),
        };
        once(self.0.make(&maker, to_invitation(id, command)).await)?;
        let code = minted.code.expose_secret().to_owned();
        Shown::of(&InvitationMade { id, code, expires_at })
    }

    /// Take an invitation back
    #[oai(path = "/invitations/:id/revoke", method = "post", operation_id = "revoke_invitation")]
    async fn revoke(
        &self,
        writer: Writer,
        id: Path<InvitationId>,
        _body: Body<Nothing>,
    ) -> Result<Written, Problem> {
        let command = to_invitation(id.0, RevokeInvitation {});
        Ok(Written(self.0.tell(&writer, command).await?))
    }
}
