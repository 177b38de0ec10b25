//! `ael invitation`: invite somebody by a link that is good once.

use super::moment::shown;
use super::paging::Paging;
use crate::session::{Desk, Global};
use ael_client::NewInvitationCode;
use ael_events::command::{
    AcceptInvitation, Command, CreateInvitation, InvitationCommand as Ask, RevokeInvitation, To,
};
use ael_events::ids::{InvitationId, MemberId};
use ael_events::query::{InvitationPage, InvitationView, ListInvitations, Query};
use ael_events::values::{Email, InvitationState, Language, MemberName, Role};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::time::Duration;

/// What can be done with invitations.
#[derive(Debug, Subcommand)]
pub enum InvitationCommand {
    /// Invite somebody; the code is shown once
    #[command(after_help = "Example:\n  ael invitation create \"Ira Melnyk\" --role agent")]
    Create(Create),
    /// List the invitations, newest first; never their codes (Admin)
    #[command(after_help = "Examples:\n  ael invitation list\n  \
        ael invitation list --limit 100 --json")]
    List(Paging),
    /// Come: become a member
    #[command(after_help = "Example:\n  ael invitation accept INVITATION CODE")]
    Accept {
        /// Its id
        invitation: InvitationId,
        /// The code that was shown when it was made
        code: String,
    },
    /// Take an invitation back
    #[command(after_help = "Which one: ael invitation list\n\nExample:\n  \
        ael invitation revoke 018f4e9c-5b7a-7c21-9d3e-2f1a6b8c9d0e")]
    Revoke {
        /// Its id
        invitation: InvitationId,
    },
}

/// See [`InvitationCommand::Create`].
#[derive(Debug, Args)]
pub struct Create {
    /// Their name
    name: MemberName,
    /// Their e-mail address
    #[arg(long)]
    email: Option<Email>,
    /// agent, manager or admin
    #[arg(long, default_value = "agent")]
    role: Role,
    /// uk or en; the workspace's, when not said
    #[arg(long)]
    language: Option<Language>,
    /// How long the code is good
    #[arg(long, default_value = "7d", value_parser = humantime::parse_duration)]
    good_for: Duration,
}

impl InvitationCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let desk = global.desk().await?;
        match self {
            Self::Create(create) => {
                let id = InvitationId::generate();
                let code = NewInvitationCode::mint(desk.workspace.id, id)?;
                let expires_at = Utc::now() + chrono::Duration::from_std(create.good_for)?;
                let language = create.language.unwrap_or(desk.workspace.settings.language);
                let (name, email, role) = (create.name, create.email, create.role);
                let command = CreateInvitation {
                    name,
                    email,
                    role,
                    language,
                    code_hash: code.code_hash,
                    expires_at,
                    valid_hours: None,
                };
                desk.send(Command::Invitation(To { id, command: Ask::Create(command) })).await?;
                let code = code.code.expose_secret();
                let answer = json!({ "invitation_id": id, "code": code, "expires_at": expires_at });
                desk.out().answer(&answer, |out| {
                    out.say(format!("{} invitation {id}", out.good("✓")))?;
                    out.say(format!("  code (shown once): {}", out.bold(code)))?;
                    out.say(format!("  good until {}", shown(expires_at)))
                })
            }
            Self::List(paging) => list(&desk, &paging).await,
            Self::Accept { invitation, code } => {
                let member_id = MemberId::generate();
                let command = Ask::Accept(AcceptInvitation { code, member_id, telegram: None });
                let asked = Command::Invitation(To { id: invitation, command });
                // Whoever comes is nobody yet: the code is the right.
                let workspace = desk.workspace.id;
                let accepted = desk.session.send(workspace, None, asked).await?;
                desk.out().answer(&accepted, |out| {
                    out.say(format!("{} member {member_id} joined", out.good("✓")))
                })
            }
            Self::Revoke { invitation } => {
                let command = Ask::Revoke(RevokeInvitation {});
                let asked = Command::Invitation(To { id: invitation, command });
                let accepted = desk.send(asked).await?;
                desk.out().answer(&accepted, |out| {
                    out.say(format!("{} invitation {invitation} is revoked", out.good("✓")))
                })
            }
        }
    }
}

async fn list(desk: &Desk, paging: &Paging) -> anyhow::Result<()> {
    let question = |cursor, limit| Query::ListInvitations(ListInvitations { cursor, limit });
    let page: InvitationPage = paging.collect(desk, question).await?;
    let header = ["name", "role", "standing", "e-mail?", "invited?", "id"];
    let nothing = "Nobody is invited. Invite somebody: ael invitation create NAME --role agent";
    let now = Utc::now();
    paging.answer(desk.out(), &page, &header, |invitation| row(invitation, now), nothing)
}

fn row(invitation: &InvitationView, now: DateTime<Utc>) -> Vec<String> {
    let name = invitation.name.as_ref().map(|name| name.as_str().to_owned());
    let email = invitation.email.as_ref().map(|email| email.as_str().to_owned());
    vec![
        name.unwrap_or_default(),
        invitation.role.to_string(),
        standing(invitation, now),
        email.unwrap_or_default(),
        shown(invitation.created_at),
        invitation.id.to_string(),
    ]
}

fn standing(invitation: &InvitationView, now: DateTime<Utc>) -> String {
    match invitation.state {
        InvitationState::Open if invitation.expires_at <= now => {
            format!("ended {}", shown(invitation.expires_at))
        }
        InvitationState::Open => format!("open until {}", shown(invitation.expires_at)),
        InvitationState::Accepted | InvitationState::Revoked => invitation.state.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_says_whether_somebody_may_still_come() {
        let now: DateTime<Utc> = "2026-03-05T12:00:00Z".parse().unwrap();
        let open = InvitationView {
            id: InvitationId::generate(),
            version: 1,
            name: None,
            email: None,
            role: Role::Agent,
            language: Language::Uk,
            state: InvitationState::Open,
            member_id: None,
            created_at: now,
            expires_at: now + chrono::Duration::hours(1),
        };
        assert_eq!(standing(&open, now), "open until 2026-03-05 13:00");
        let late = InvitationView { expires_at: now, ..open.clone() };
        assert_eq!(standing(&late, now), "ended 2026-03-05 12:00");
        let came = InvitationView { state: InvitationState::Accepted, ..late };
        assert_eq!(standing(&came, now), "accepted");
    }
}
