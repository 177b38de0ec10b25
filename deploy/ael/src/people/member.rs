//! `ael member`: who works in a workspace, in which role.

use super::moment::shown;
use crate::session::{Desk, Global};
use ael_events::command::{
    AddMember, ChangeLanguage, ChangeRole, Command, DeactivateMember, LinkTelegram,
    MemberCommand as Ask, ReactivateMember, RenameMember, To, UnlinkTelegram,
};
use ael_events::ids::MemberId;
use ael_events::query::MemberView;
use ael_events::values::{Email, Language, MemberName, Role, TelegramUserId};
use clap::{Args, Subcommand};

/// What can be done with members.
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// Add a member
    #[command(after_help = "Example:\n  ael member add \"Bohdan Koval\" --role manager")]
    Add(Add),
    /// List the members
    #[command(after_help = "Example:\n  ael member list")]
    List,
    /// Change a member's role: agent, manager or admin
    #[command(after_help = "Example:\n  ael member role bohdan admin")]
    Role { member: String, role: Role },
    /// Change a member's name or e-mail address
    #[command(after_help = "Example:\n  \
        ael member rename bohdan \"Bohdan Koval\" --email bohdan@example.com")]
    Rename {
        member: String,
        name: MemberName,
        #[arg(long)]
        email: Option<Email>,
    },
    /// Let a member do nothing any more
    #[command(after_help = "Example:\n  ael member deactivate bohdan")]
    Deactivate { member: String },
    /// Let a member work again
    #[command(after_help = "Example:\n  ael member reactivate bohdan")]
    Reactivate { member: String },
    /// Change a member's language: uk or en
    #[command(after_help = "Example:\n  ael member language bohdan en")]
    Language { member: String, language: Language },
    /// Link a member's Telegram account, by its number
    #[command(after_help = "Example:\n  ael member link-telegram bohdan 123456789")]
    LinkTelegram { member: String, user_id: i64 },
    /// Unlink a member's Telegram account
    #[command(after_help = "Example:\n  ael member unlink-telegram bohdan")]
    UnlinkTelegram { member: String },
}

/// See [`MemberCommand::Add`].
#[derive(Debug, Args)]
pub struct Add {
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
}

impl MemberCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let desk = global.desk().await?;
        match self {
            Self::Add(add) => {
                let language = add.language.unwrap_or(desk.workspace.settings.language);
                let Add { name, email, role, .. } = add;
                let command = Ask::Add(AddMember { name, email, role, language });
                send(&desk, MemberId::generate(), command).await
            }
            Self::List => list(&desk),
            Self::Role { member, role } => {
                change(&desk, &member, Ask::ChangeRole(ChangeRole { role })).await
            }
            Self::Rename { member, name, email } => {
                change(&desk, &member, Ask::Rename(RenameMember { name, email })).await
            }
            Self::Deactivate { member } => {
                change(&desk, &member, Ask::Deactivate(DeactivateMember {})).await
            }
            Self::Reactivate { member } => {
                change(&desk, &member, Ask::Reactivate(ReactivateMember {})).await
            }
            Self::Language { member, language } => {
                change(&desk, &member, Ask::ChangeLanguage(ChangeLanguage { language })).await
            }
            Self::LinkTelegram { member, user_id } => {
                let user_id = TelegramUserId::try_from(user_id)?;
                change(&desk, &member, Ask::LinkTelegram(LinkTelegram { user_id })).await
            }
            Self::UnlinkTelegram { member } => {
                change(&desk, &member, Ask::UnlinkTelegram(UnlinkTelegram {})).await
            }
        }
    }
}

async fn change(desk: &Desk, member: &str, command: Ask) -> anyhow::Result<()> {
    send(desk, desk.find_member(member)?, command).await
}

async fn send(desk: &Desk, id: MemberId, command: Ask) -> anyhow::Result<()> {
    let accepted = desk.send(Command::Member(To { id, command })).await?;
    desk.out().answer(&accepted, |out| {
        out.say(format!("{} member {id} is at version {}", out.good("✓"), accepted.version))
    })
}

fn list(desk: &Desk) -> anyhow::Result<()> {
    desk.out().answer(&desk.members, |out| {
        let row = |member: &MemberView| {
            let name = member.name.as_ref().map_or("(erased)", |name| name.as_str());
            let email = member.email.as_ref().map_or("", |email| email.as_str());
            let works = if member.active { "" } else { "deactivated" };
            let telegram = if member.telegram_linked { "linked" } else { "" };
            let texts = [name, email, member.role.as_str(), works, telegram];
            let mut row = texts.map(str::to_owned).to_vec();
            row.extend([shown(member.joined_at), member.id.to_string()]);
            row
        };
        let header = ["name", "e-mail?", "role", "?", "telegram?", "joined (UTC)?", "id"];
        out.table(&header, desk.members.iter().map(row))?;
        out.say(out.dim(format!("{} members, that is all", desk.members.len())))
    })
}
