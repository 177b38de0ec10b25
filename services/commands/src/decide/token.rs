//! Tokens: their hashes stand among the credentials until they are revoked, and open nothing any
//! more once the token is revoked that they were made with.

use super::Matter;
use crate::draft::{Decision, Draft};
use crate::failure::Refused;
use ael_domain::member::Member;
use ael_domain::token::{Token, TokenContext};
use ael_events::command::{To, TokenCommand};
use ael_events::event::TokenEvent;
use ael_events::ids::TokenId;
use ael_store::{Credential, CredentialKind, CredentialRef};

pub(super) async fn decide(
    matter: &Matter<'_>,
    to: &To<TokenId, TokenCommand>,
) -> Result<Decision, Refused> {
    if matter.settings().await?.is_none() {
        return Ok(Decision::Refused(super::workspace::no_such_workspace()));
    }
    let token = matter.load::<Token>(to.id.uuid()).await?;
    if let Err(unexpected) = matter.is_expected(&token) {
        return Ok(unexpected);
    }
    let owner = match &to.command {
        TokenCommand::Create(create) => match create.member_id.of(&matter.principal.actor) {
            Some(owner) => matter.load::<Member>(owner.uuid()).await?.state.token_owner(),
            None => None,
        },
        TokenCommand::Revoke(_) => {
            if let Some(owner) = token.state.member_id() {
                matter.principal.permit_what_is_of(Some(owner))?;
            }
            None
        }
    };
    let made_with = matter.principal.token;
    let context = TokenContext { asked: matter.asked(), owner, made_with };
    let by = &matter.principal.actor;
    let events = match token.state.decide(by, &context, to.command.clone()) {
        Ok(events) => events,
        Err(refusal) => return Ok(Decision::Refused(refusal.into())),
    };
    let mut draft = matter.draft(&token);
    for event in &events {
        credential(&mut draft, to.id, event);
    }
    draft.add(&token, to.id.uuid(), events)?;
    Ok(Decision::Write(Box::new(draft)))
}

fn credential(draft: &mut Draft, id: TokenId, event: &TokenEvent) {
    let (kind, lookup) = (CredentialKind::Token, id.to_string());
    match event {
        TokenEvent::Created(created) => draft.append.credentials.push(Credential {
            kind,
            lookup,
            member: created.member_id,
            secret_hash: Some(created.secret_hash.clone()),
            scopes: created.scopes.iter().copied().collect(),
            expires_at: created.expires_at,
            made_with: created.made_with,
        }),
        TokenEvent::Revoked(_) => {
            draft.append.credentials_removed.push(CredentialRef { kind, lookup });
        }
    }
}
