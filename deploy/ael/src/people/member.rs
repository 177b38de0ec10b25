//! `ael member`: who works in a workspace, in which role.

use super::moment::shown;
use crate::session::{Desk, Global};
use ael_events::command::{
    AddMember, ChangeLanguage, ChangeRole, Command, DeactivateMember, LinkIdentity, LinkTelegram,
    MemberCommand as Ask, Patch, ReactivateMember, RenameMember, To, UnlinkIdentity,
    UnlinkTelegram,
};
use ael_events::ids::MemberId;
use ael_events::query::MemberView;
use ael_events::values::{
    Email, IdentityIssuer, IdentitySubject, Language, MemberName, Role, TelegramUserId,
};
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
    Role {
        /// Who: a name, a part of one, an e-mail address or an id
        member: String,
        /// agent, manager or admin
        role: Role,
    },
    /// Change a member's name or e-mail address
    #[command(after_help = "Example:\n  \
        ael member rename bohdan \"Bohdan Koval\" --email bohdan@example.com")]
    Rename {
        /// Who: a name, a part of one, an e-mail address or an id
        member: String,
        /// Their name from now on
        name: MemberName,
        /// Their e-mail address from now on; as it is, when not said
        #[arg(long)]
        email: Option<Email>,
    },
    /// Let a member do nothing any more
    #[command(after_help = "Example:\n  ael member deactivate bohdan")]
    Deactivate {
        /// Who: a name, a part of one, an e-mail address or an id
        member: String,
    },
    /// Let a member work again
    #[command(after_help = "Example:\n  ael member reactivate bohdan")]
    Reactivate {
        /// Who: a name, a part of one, an e-mail address or an id
        member: String,
    },
    /// Change a member's language: uk or en
    #[command(after_help = "Example:\n  ael member language bohdan en")]
    Language {
        /// Who: a name, a part of one, an e-mail address or an id
        member: String,
        /// uk or en
        language: Language,
    },
    /// Link a member's Telegram account, by its number
    #[command(after_help = "Example:\n  ael member link-telegram bohdan 123456789")]
    LinkTelegram {
        /// Who: a name, a part of one, an e-mail address or an id
        member: String,
        /// The number of the Telegram account
        user_id: i64,
    },
    /// Link the identity with which a member signs in by OpenID Connect: no other one then does
    #[command(after_help = "The subject is what the provider calls the person (`sub`), as its \
        console shows it.\n\nExamples:\n  \
        ael member link-identity bohdan 'auth0|5f7c8ec7' --issuer https://acme.eu.auth0.com/\n  \
        ael member link-identity bohdan 248289761001      (the issuer is that of OIDC_ISSUER)")]
    LinkIdentity {
        /// Who: a name, a part of one, an e-mail address or an id
        member: String,
        /// The person's name at the provider: `sub` in its tokens
        subject: IdentitySubject,
        /// The provider: `iss` in its tokens
        #[arg(long, env = "OIDC_ISSUER", value_name = "URL")]
        issuer: IdentityIssuer,
    },
    /// Unlink the identity with which a member signs in
    #[command(after_help = "Example:\n  ael member unlink-identity bohdan")]
    UnlinkIdentity {
        /// Who: a name, a part of one, an e-mail address or an id
        member: String,
    },
    /// Unlink a member's Telegram account
    #[command(after_help = "Example:\n  ael member unlink-telegram bohdan")]
    UnlinkTelegram {
        /// Who: a name, a part of one, an e-mail address or an id
        member: String,
    },
}

/// See [`MemberCommand::Add`].
#[derive(Debug, Args)]
pub struct Add {
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
}

impl MemberCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let desk = global.desk().await?;
        match self {
            Self::Add(add) => {
                let language = add.language.unwrap_or(desk.workspace.settings.language);
                let Add { name, email, role, .. } = add;
                let called = name.as_str().to_owned();
                let command = Ask::Add(AddMember { name, email, role, language });
                send(&desk, MemberId::generate(), &called, command).await
            }
            Self::List => list(&desk),
            Self::Role { member, role } => {
                change(&desk, &member, Ask::ChangeRole(ChangeRole { role })).await
            }
            Self::Rename { member, name, email } => {
                let id = desk.find_member(&member)?;
                let called = name.as_str().to_owned();
                let (name, email) = (Some(name), email.map_or(Patch::Keep, Patch::Set));
                send(&desk, id, &called, Ask::Rename(RenameMember { name, email })).await
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
            Self::LinkIdentity { member, subject, issuer } => {
                let link = LinkIdentity { issuer, subject };
                change(&desk, &member, Ask::LinkIdentity(link)).await
            }
            Self::UnlinkIdentity { member } => {
                change(&desk, &member, Ask::UnlinkIdentity(UnlinkIdentity {})).await
            }
            Self::UnlinkTelegram { member } => {
                change(&desk, &member, Ask::UnlinkTelegram(UnlinkTelegram {})).await
            }
        }
    }
}

async fn change(desk: &Desk, member: &str, command: Ask) -> anyhow::Result<()> {
    let id = desk.find_member(member)?;
    send(desk, id, &desk.name_of(id), command).await
}

async fn send(desk: &Desk, id: MemberId, name: &str, command: Ask) -> anyhow::Result<()> {
    let deed = deed(&command);
    let accepted = desk.send(Command::Member(To { id: id.into(), command })).await?;
    desk.out().answer(&accepted, |out| {
        let version = accepted.version;
        out.say(format!("{} {name} ({id}): {deed}, now version {version}", out.good("✓")))
    })
}

/// What was done, in a word or two.
fn deed(command: &Ask) -> String {
    match command {
        Ask::Add(add) => format!("joined as {}", add.role),
        Ask::Rename(_) => "renamed".to_owned(),
        Ask::ChangeRole(change) => change.role.to_string(),
        Ask::Deactivate(_) => "deactivated".to_owned(),
        Ask::Reactivate(_) => "at work again".to_owned(),
        Ask::LinkTelegram(_) => "Telegram linked".to_owned(),
        Ask::UnlinkTelegram(_) => "Telegram unlinked".to_owned(),
        Ask::LinkIdentity(_) => "sign-in linked".to_owned(),
        Ask::UnlinkIdentity(_) => "sign-in unlinked".to_owned(),
        Ask::ChangeLanguage(change) => format!("language {}", change.language),
        Ask::ChangeNotifications(_) => "notices changed".to_owned(),
        Ask::NoteBotBlocked(_) => "blocked the bot".to_owned(),
    }
}

fn list(desk: &Desk) -> anyhow::Result<()> {
    desk.out().answer(&desk.members, |out| {
        let row = |member: &MemberView| {
            let name = member.name.as_ref().map_or("(erased)", |name| name.as_str());
            let email = member.email.as_ref().map_or("", |email| email.as_str());
            let works = if member.active { "" } else { "deactivated" };
            let telegram = if member.telegram_linked { "linked" } else { "" };
            let sign_in = if member.identity_linked { "linked" } else { "" };
            let texts = [name, email, member.role.as_str(), works, telegram, sign_in];
            let mut row = texts.map(str::to_owned).to_vec();
            row.extend([shown(member.joined_at), member.id.to_string()]);
            row
        };
        let header = [
            "name",
            "e-mail?",
            "role",
            "standing?",
            "telegram?",
            "sign-in?",
            "joined (UTC)?",
            "id",
        ];
        out.table(&header, desk.members.iter().map(row))?;
        out.say(out.dim(format!("{} members, that is all", desk.members.len())))
    })
}
