//! `API_SECRET_TOKEN`: what the operator chose as the token of the first workspace's first Admin.
//!
//! It is a token like every other one, whose id follows from the secret: it is made once, stays
//! good over restarts, and is revoked when the secret is changed. While the secret is taken away,
//! the API does not know it; nothing is revoked then, for what is revoked never comes back and a
//! start from another folder, without its `.env`, should cost nobody their token.

use super::PATIENCE;
use super::bring::Steps;
use super::first;
use crate::problem::Problem;
use crate::session::Session;
use ael_client::{ClientError, FIRST_TOKEN, FirstSecret, NewToken};
use ael_events::command::{Command, CreateToken, RevokeToken, To, TokenCommand};
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::query::{ListTokens, MemberView, Query, TokenPage, TokenView};
use ael_events::values::{Role, Scope, TokenLabel};
use ael_service::Env;
use secrecy::ExposeSecret as _;

/// The variable, and the label by which its tokens are known.
const NAME: &str = "API_SECRET_TOKEN";

/// The token that the variable stands for, if it is set.
///
/// # Errors
/// When it is set to something that can be no secret.
pub fn chosen(env: &Env) -> anyhow::Result<Option<NewToken>> {
    let Some(text) = env.get(NAME) else { return Ok(None) };
    let secret = FirstSecret::parse(text).map_err(|bad| {
        let advice = "Nothing was started. Choose another one, or leave it away: tokens are made \
                      with `ael token create` too.";
        Problem::new("bad_secret_token", format!("{NAME} cannot be used: {bad}"), advice)
    })?;
    Ok(Some(secret.token(first::workspace_id())))
}

/// What a service is told of it: the API alone, which knows it when somebody brings it.
pub fn told_to(service: &str, env: &Env) -> anyhow::Result<Option<(String, String)>> {
    if service != "api" {
        return Ok(None);
    }
    let token = chosen(env)?;
    Ok(token.map(|token| (FIRST_TOKEN.to_owned(), token.text.expose_secret().to_owned())))
}

/// Makes the token if it is new, and revokes the one that another secret stood for.
pub async fn settle(session: &Session, env: &Env, steps: &Steps) -> anyhow::Result<()> {
    let Some(token) = chosen(env)? else { return Ok(()) };
    let session = session.patient(PATIENCE);
    let workspace = first::workspace_id();
    if !session.workspaces().await?.iter().any(|one| one.id == workspace) {
        steps.warn(&format!(
            "{NAME} is for the workspace that `ael up` founds, and this system has another one: \
             make a token with `ael token create`"
        ));
        return Ok(());
    }
    let Some(admin) = first_admin(&session, workspace).await? else { return Ok(()) };
    let known = known_tokens(&session, workspace, admin).await?;
    for old in known.iter().filter(|old| old.revoked_at.is_none() && old.id != token.id) {
        let revoke = TokenCommand::Revoke(RevokeToken {});
        let command = Command::Token(To { id: old.id, command: revoke });
        session.send(workspace, Some(admin), command).await?;
        steps.done(&format!("the token that {NAME} stood for before is revoked"));
    }
    match known.iter().find(|known| known.id == token.id) {
        Some(known) if known.revoked_at.is_none() => {}
        Some(_) => {
            steps.warn(&format!("the token that {NAME} stands for was revoked: choose another"));
        }
        None => make(&session, workspace, admin, &token, steps).await?,
    }
    Ok(())
}

async fn make(
    session: &Session,
    workspace: WorkspaceId,
    admin: MemberId,
    token: &NewToken,
    steps: &Steps,
) -> anyhow::Result<()> {
    let create = TokenCommand::Create(CreateToken {
        member_id: admin.into(),
        label: TokenLabel::parse(NAME)?,
        secret_hash: token.secret_hash.clone(),
        scopes: [Scope::Admin].into(),
        expires_at: None,
    });
    let command = Command::Token(To { id: token.id, command: create });
    match session.send(workspace, Some(admin), command).await {
        Ok(_) => {
            steps.done(&format!("{NAME} is the first Admin's token"));
            Ok(())
        }
        // An earlier start made it, and the read models do not show it yet.
        Err(error) if code_of(&error) == Some("already_exists") => Ok(()),
        Err(error) => Err(error),
    }
}

fn code_of(error: &anyhow::Error) -> Option<&str> {
    match error.downcast_ref::<ClientError>()? {
        ClientError::Rejected(rejected) => Some(rejected.code.as_str()),
        ClientError::Failed(_) | ClientError::Unavailable(_) => None,
    }
}

/// The Admin who joined first of those who are active.
async fn first_admin(
    session: &Session,
    workspace: WorkspaceId,
) -> anyhow::Result<Option<MemberId>> {
    let everybody = Query::FindMember { text: String::new() };
    let members: Vec<MemberView> = session.ask_in(workspace, None, everybody, None).await?;
    let admins = members.iter().filter(|one| one.active && one.role == Role::Admin);
    Ok(admins.min_by_key(|one| (one.joined_at, one.id)).map(|one| one.id))
}

/// The tokens that this variable stood for: by their label, and by an id that follows from a
/// secret, which nobody gets by `ael token create`.
async fn known_tokens(
    session: &Session,
    workspace: WorkspaceId,
    admin: MemberId,
) -> anyhow::Result<Vec<TokenView>> {
    let mut known = Vec::new();
    let mut cursor = None;
    loop {
        let query = Query::ListTokens(ListTokens { cursor, limit: Some(200) });
        let page: TokenPage = session.ask_in(workspace, Some(admin), query, None).await?;
        known.extend(page.items.into_iter().filter(is_of_a_secret));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(known);
        }
    }
}

fn is_of_a_secret(token: &TokenView) -> bool {
    let label = token.label.as_ref().map(|label| label.as_str());
    label == Some(NAME) && token.id.uuid().get_version_num() == 5
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_secret_that_is_too_short_stops_the_start_and_is_not_shown() {
        assert!(chosen(&Env::default()).unwrap().is_none());
        for bad in ["hunter2", "two words of which each is rather long"] {
            let error = chosen(&Env::of([(NAME, bad)])).unwrap_err().to_string();
            assert!(error.contains(NAME) && error.contains("32"), "{error}");
            assert!(!error.contains(bad), "{error}");
        }
    }

    #[test]
    fn the_api_alone_is_told() {
        let env = Env::of([(NAME, SECRET)]);
        let (name, text) = told_to("api", &env).unwrap().unwrap();
        assert_eq!(name, FIRST_TOKEN);
        assert!(text.ends_with(SECRET) && text.starts_with("ael_"), "{text}");
        for other in ["commands", "queries", "relay", "projections", "jobs", "bot"] {
            assert!(told_to(other, &env).unwrap().is_none(), "{other}");
        }
        assert!(told_to("api", &Env::default()).unwrap().is_none());
    }
}
