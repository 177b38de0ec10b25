//! `ael invitation`: invite somebody by a link that is good once.

use crate::session::Global;
use ael_client::NewInvitationCode;
use ael_events::command::{
    AcceptInvitation, Command, CreateInvitation, InvitationCommand as Ask, RevokeInvitation, To,
};
use ael_events::ids::{InvitationId, MemberId};
use ael_events::values::{Email, Language, MemberName, Role};
use chrono::Utc;
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
    /// Come: become a member
    #[command(after_help = "Example:\n  ael invitation accept INVITATION CODE")]
    Accept { invitation: InvitationId, code: String },
    /// Take an invitation back
    Revoke { invitation: InvitationId },
}

/// See [`InvitationCommand::Create`].
#[derive(Debug, Args)]
pub struct Create {
    /// Their name
    name: MemberName,
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
                let code = NewInvitationCode::mint()?;
                let id = InvitationId::generate();
                let expires_at = Utc::now() + chrono::Duration::from_std(create.good_for)?;
                let language = create.language.unwrap_or(desk.workspace.settings.language);
                let Create { name, email, role, .. } = create;
                let code_hash = code.code_hash;
                let command =
                    CreateInvitation { name, email, role, language, code_hash, expires_at };
                desk.send(Command::Invitation(To { id, command: Ask::Create(command) })).await?;
                let code = code.code.expose_secret();
                let answer = json!({ "invitation_id": id, "code": code, "expires_at": expires_at });
                desk.out().answer(&answer, |out| {
                    out.say(format!("{} invitation {id}", out.good("✓")))?;
                    out.say(format!("  code (shown once): {}", out.bold(code)))?;
                    out.say(format!("  good until {}", super::moment::shown(expires_at)))
                })
            }
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
