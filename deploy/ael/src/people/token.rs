//! `ael token`: API tokens. The secret is made here, shown once and kept nowhere.

use crate::session::Global;
use ael_client::NewToken;
use ael_events::command::{Command, CreateToken, RevokeToken, To, TokenCommand as Ask};
use ael_events::ids::TokenId;
use ael_events::values::{Scope, TokenLabel};
use chrono::Utc;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::time::Duration;

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token; it is shown once
    #[command(
        after_help = "Examples:\n  ael token create \"website form\" --scope leads:write\n  \
        ael token create backup --member olena --scope admin --good-for 90d"
    )]
    Create(Create),
    /// Make a token good for nothing
    #[command(after_help = "Example:\n  ael token revoke 018f4e9c-5b7a-7c21-9d3e-2f1a6b8c9d0e")]
    Revoke { token: TokenId },
}

/// See [`TokenCommand::Create`].
#[derive(Debug, Args)]
pub struct Create {
    /// What it is for
    label: TokenLabel,
    /// Whose rights it carries, at most; the acting member's, when not said
    #[arg(long)]
    member: Option<String>,
    /// leads:read, leads:write, sales:read, sales:write, stats:read, files, export, admin
    #[arg(long = "scope", required = true)]
    scopes: Vec<Scope>,
    /// How long it is good; for ever, when not said
    #[arg(long, value_parser = humantime::parse_duration)]
    good_for: Option<Duration>,
}

impl TokenCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let desk = global.desk().await?;
        match self {
            Self::Create(create) => {
                let member_id = match create.member.as_deref() {
                    None => desk.member,
                    Some(member) => desk.find_member(member)?,
                };
                let good_for = create.good_for.map(chrono::Duration::from_std).transpose()?;
                let token = NewToken::mint(desk.workspace.id)?;
                let command = Ask::Create(CreateToken {
                    member_id,
                    label: create.label,
                    secret_hash: token.secret_hash,
                    scopes: create.scopes.into_iter().collect(),
                    expires_at: good_for.map(|good_for| Utc::now() + good_for),
                });
                desk.send(Command::Token(To { id: token.id, command })).await?;
                let text = token.text.expose_secret();
                let answer = json!({ "token_id": token.id, "token": text });
                desk.out().answer(&answer, |out| {
                    out.say(format!("{} token {}", out.good("✓"), token.id))?;
                    out.say(format!("  shown once, keep it: {}", out.bold(text)))
                })
            }
            Self::Revoke { token } => {
                let command = Ask::Revoke(RevokeToken {});
                let accepted = desk.send(Command::Token(To { id: token, command })).await?;
                desk.out().answer(&accepted, |out| {
                    out.say(format!("{} token {token} is revoked", out.good("✓")))
                })
            }
        }
    }
}
