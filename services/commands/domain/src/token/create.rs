//! Make a token: everybody for themselves, an Admin for all; never for more than its owner may.

use super::{Token, TokenContext, TokenRejection, is_sha256};
use ael_events::actor::Actor;
use ael_events::command::CreateToken;
use ael_events::event::{TokenCreated, TokenEvent, TokenPrivate};
use ael_events::private::Private;
use ael_events::values::{Role, Scope};

pub(super) fn decide(
    token: &Token,
    by: &Actor,
    context: &TokenContext,
    command: CreateToken,
) -> Result<Vec<TokenEvent>, TokenRejection> {
    if token.exists() {
        return Err(TokenRejection::AlreadyExists);
    }
    let Some(owner) = context.owner.filter(|owner| owner.active) else {
        return Err(TokenRejection::OwnerNotActive);
    };
    let CreateToken { member_id, label, secret_hash, scopes, expires_at } = command;
    let Some(member_id) = member_id.of(by) else { return Err(TokenRejection::OwnerNotActive) };
    if !is_sha256(&secret_hash) {
        return Err(TokenRejection::BadHash);
    }
    if let Some(expires_at) = expires_at.filter(|end| *end <= context.asked.now) {
        return Err(TokenRejection::EndsInThePast { expires_at });
    }
    if scopes.is_empty() {
        return Err(TokenRejection::NoScopes);
    }
    if let Some(scope) = scopes.iter().copied().find(|scope| needs(*scope) > owner.role) {
        return Err(TokenRejection::ScopeTooWide { scope, needs: needs(scope) });
    }
    Ok(vec![TokenEvent::Created(TokenCreated {
        member_id,
        secret_hash: secret_hash.to_ascii_lowercase(),
        scopes,
        expires_at,
        made_with: context.made_with,
        private: Private::Open(TokenPrivate { label }),
    })])
}

/// The role without which a scope would open nothing.
const fn needs(scope: Scope) -> Role {
    match scope {
        Scope::LeadsRead
        | Scope::LeadsWrite
        | Scope::SalesRead
        | Scope::SalesWrite
        | Scope::StatsRead
        | Scope::Files => Role::Agent,
        Scope::Export | Scope::Admin => Role::Admin,
    }
}

#[cfg(test)]
mod tests {
    use super::super::TokenOwner;
    use super::super::testing::{created, given, hash};
    use super::*;
    use crate::testing::{ADMIN, AGENT, MANAGER, OLENA, now};
    use crate::who_may::Forbidden;
    use ael_events::command::MemberRef;
    use ael_events::ids::TokenId;

    fn create(scopes: impl IntoIterator<Item = Scope>) -> CreateToken {
        CreateToken {
            member_id: OLENA.into(),
            label: "my script".parse().unwrap(),
            secret_hash: hash().to_uppercase(),
            scopes: scopes.into_iter().collect(),
            expires_at: None,
        }
    }

    #[test]
    fn everybody_makes_tokens_for_themselves_and_an_admin_for_everybody() {
        for by in [AGENT, ADMIN] {
            given([]).when(by, create([Scope::LeadsRead])).then([created()]);
        }
        given([]).when(MANAGER, create([Scope::LeadsRead])).then_refused(Forbidden::NotYours);
        given([created()])
            .when(AGENT, create([Scope::LeadsRead]))
            .then_refused(TokenRejection::AlreadyExists);
    }

    #[test]
    fn who_names_nobody_makes_a_token_for_themselves() {
        let mine = || CreateToken { member_id: MemberRef::Me, ..create([Scope::LeadsRead]) };
        given([]).when(AGENT, mine()).then([created()]);
        given([]).when(Actor::Operator, mine()).then_refused(Forbidden::NotForOperator);
    }

    #[test]
    fn what_is_made_by_a_token_says_by_which() {
        let maker = TokenId::from_uuid(uuid::Uuid::from_u128(7));
        let TokenEvent::Created(made) = created() else { panic!("a token is created") };
        let with_maker = TokenCreated { made_with: Some(maker), ..made };
        given([])
            .and(|context| context.made_with = Some(maker))
            .when(AGENT, create([Scope::LeadsRead]))
            .then([TokenEvent::Created(with_maker)]);
    }

    #[test]
    fn a_token_is_good_for_no_more_than_its_owner_may() {
        for scope in [Scope::Admin, Scope::Export] {
            for role in [Role::Agent, Role::Manager] {
                given([])
                    .and(|context| context.owner = Some(TokenOwner { role, active: true }))
                    .when(ADMIN, create([Scope::LeadsRead, scope]))
                    .then_refused(TokenRejection::ScopeTooWide { scope, needs: Role::Admin });
            }
            let owner = Some(TokenOwner { role: Role::Admin, active: true });
            given([])
                .and(|context| context.owner = owner)
                .when(ADMIN, create([scope]))
                .then_events();
        }
        given([]).when(AGENT, create([])).then_refused(TokenRejection::NoScopes);
    }

    #[test]
    fn a_token_carries_the_rights_of_an_active_member() {
        for owner in [None, Some(TokenOwner { role: Role::Admin, active: false })] {
            given([])
                .and(|context| context.owner = owner)
                .when(ADMIN, create([Scope::LeadsRead]))
                .then_refused(TokenRejection::OwnerNotActive);
        }
    }

    #[test]
    fn a_token_has_a_secret_and_ends_in_the_future() {
        given([])
            .when(AGENT, CreateToken { secret_hash: "x".repeat(64), ..create([Scope::Files]) })
            .then_refused(TokenRejection::BadHash);
        given([])
            .when(AGENT, CreateToken { expires_at: Some(now()), ..create([Scope::Files]) })
            .then_refused(TokenRejection::EndsInThePast { expires_at: now() });
    }
}
