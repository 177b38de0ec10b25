//! `ael token`: API tokens. The secret is made here, shown once and kept nowhere.

use super::moment::shown;
use super::paging::Paging;
use crate::session::{Desk, Global};
use ael_client::NewToken;
use ael_events::command::{Command, CreateToken, RevokeToken, To, TokenCommand as Ask};
use ael_events::ids::TokenId;
use ael_events::query::{ListTokens, Query, TokenPage, TokenView};
use ael_events::values::{Scope, TokenLabel};
use chrono::{DateTime, Utc};
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
    /// List one's own tokens, or everybody's as an Admin, newest first; never their secrets
    #[command(after_help = "Examples:\n  ael token list\n  ael token list --limit 100 --json")]
    List(Paging),
    /// Make a token good for nothing
    #[command(after_help = "Which one: ael token list\n\nExample:\n  \
        ael token revoke 018f4e9c-5b7a-7c21-9d3e-2f1a6b8c9d0e")]
    Revoke {
        /// Its id
        token: TokenId,
    },
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
                    member_id: member_id.into(),
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
            Self::List(paging) => list(&desk, &paging).await,
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

async fn list(desk: &Desk, paging: &Paging) -> anyhow::Result<()> {
    let question = |cursor, limit| Query::ListTokens(ListTokens { cursor, limit });
    let page: TokenPage = paging.collect(desk, question).await?;
    let header = ["label", "of", "good for", "good until", "last used?", "made?", "id"];
    let nothing = "There is no token yet. Make one: ael token create LABEL --scope leads:read";
    let now = Utc::now();
    paging.answer(desk.out(), &page, &header, |token| row(desk, token, now), nothing)
}

fn row(desk: &Desk, token: &TokenView, now: DateTime<Utc>) -> Vec<String> {
    let label = token.label.as_ref().map(|label| label.as_str().to_owned());
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    vec![
        label.unwrap_or_default(),
        desk.name_of(token.member_id),
        scopes.join(" "),
        good_until(token, now),
        token.last_used_at.map_or_else(|| "never".to_owned(), shown),
        shown(token.created_at),
        token.id.to_string(),
    ]
}

fn good_until(token: &TokenView, now: DateTime<Utc>) -> String {
    match (token.revoked_at, token.expires_at) {
        (Some(at), _) => format!("revoked {}", shown(at)),
        (None, Some(at)) if at <= now => format!("ended {}", shown(at)),
        (None, Some(at)) => shown(at),
        (None, None) => "for ever".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::ids::MemberId;

    #[test]
    fn a_token_says_until_when_it_is_good() {
        let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
        let now = at("2026-03-05T12:00:00Z");
        let forever = TokenView {
            made_with: None,
            id: TokenId::generate(),
            version: 1,
            label: None,
            member_id: MemberId::generate(),
            scopes: [Scope::LeadsRead].into(),
            created_at: now,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        };
        assert_eq!(good_until(&forever, now), "for ever");
        let ends = |text| TokenView { expires_at: Some(at(text)), ..forever.clone() };
        assert_eq!(good_until(&ends("2026-03-06T00:00:00Z"), now), "2026-03-06 00:00");
        assert_eq!(good_until(&ends("2026-03-05T12:00:00Z"), now), "ended 2026-03-05 12:00");
        let revoked = TokenView { revoked_at: Some(now), ..ends("2026-03-06T00:00:00Z") };
        assert_eq!(good_until(&revoked, now), "revoked 2026-03-05 12:00");
    }
}
