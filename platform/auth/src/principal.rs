//! Who asks, once it is known.

use crate::allow::{
    allowed_ask, allowed_command, allowed_query, own_is_free, scope_of_ask, scope_of_command,
    scope_of_query,
};
use ael_events::actor::Actor;
use ael_events::answer::Rejected;
use ael_events::command::{Command, TokenCommand};
use ael_events::ids::{MemberId, TokenId};
use ael_events::subjects::Edge;
use ael_events::values::{Role, Scope};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use std::collections::BTreeSet;

/// Who asks: resolved, never claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who decides.
    pub actor: Actor,
    /// What the token is good for; everything that the actor may, when it wasn't a token.
    pub scopes: Option<BTreeSet<Scope>>,
    /// The role of the active member on whose behalf a service acts.
    pub on_behalf_of: Option<Role>,
    /// When the token ends by which they ask; nothing, when it does not or there is none.
    pub until: Option<DateTime<Utc>>,
    /// The token by which they ask; nothing when it was none.
    pub token: Option<TokenId>,
}

impl Principal {
    pub(crate) const fn unlimited(actor: Actor) -> Self {
        Self { actor, scopes: None, on_behalf_of: None, until: None, token: None }
    }

    /// Refuses a command that the token is not good for, and a new token that would be good for
    /// more than this one. Whose token is to be revoked is not known yet: see
    /// [`Self::permit_what_is_of`].
    ///
    /// # Errors
    /// The refusal, naming the scope.
    pub fn permit_command(&self, command: &Command) -> Result<(), Rejected> {
        let name = command.name();
        match command {
            Command::Member(to) if own_is_free(&name) => {
                self.permit_what_is_of(to.id.of(&self.actor))
            }
            Command::Token(to) => match &to.command {
                TokenCommand::Create(create) => {
                    self.permit_what_is_of(create.member_id.of(&self.actor))?;
                    self.permit_to_give(&create.scopes)?;
                    self.permit_to_last(create.expires_at)
                }
                TokenCommand::Revoke(_) => Ok(()),
            },
            Command::Workspace(_)
            | Command::Member(_)
            | Command::Invitation(_)
            | Command::Lead(_)
            | Command::Sale(_)
            | Command::Advisor(_) => self.permit(scope_of_command(&name)),
        }
    }

    /// Refuses to act on what is another member's by a token that is not good for `admin`.
    ///
    /// # Errors
    /// The refusal, naming the scope.
    pub fn permit_what_is_of(&self, owner: Option<MemberId>) -> Result<(), Rejected> {
        match owner.is_some() && self.actor.member() == owner {
            true => Ok(()),
            false => self.permit(Some(Scope::Admin)),
        }
    }

    /// Whether a token may do what its member's role allows in the whole workspace, not only what
    /// is their own: it is good for `admin`, or there is no token.
    #[must_use]
    pub fn administers(&self) -> bool {
        self.permit(Some(Scope::Admin)).is_ok()
    }

    /// A token gives no more than it has.
    fn permit_to_give(&self, wanted: &BTreeSet<Scope>) -> Result<(), Rejected> {
        let Some(has) = self.scopes.as_ref().filter(|_| !self.administers()) else {
            return Ok(());
        };
        match wanted.difference(has).next() {
            None => Ok(()),
            Some(scope) => {
                let sentence =
                    format!("a token gives no more than it has, and this one has not {scope}");
                let details = json!({ "scope": scope, "has": has });
                Err(Rejected::new("scope_too_wide", sentence).with(details))
            }
        }
    }

    /// A token makes none that outlives it.
    fn permit_to_last(&self, wanted: Option<DateTime<Utc>>) -> Result<(), Rejected> {
        match self.until {
            // To the microsecond, as the database keeps it.
            Some(until)
                if wanted.is_none_or(|it| it.timestamp_micros() > until.timestamp_micros()) =>
            {
                let sentence = format!(
                    "a token makes none that outlives it: give expires_at, {} at the latest",
                    until.to_rfc3339_opts(SecondsFormat::Secs, true)
                );
                let details = json!({ "expires_at": until });
                Err(Rejected::new("outlives_its_maker", sentence).with(details))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses a query that the token is not good for.
    ///
    /// # Errors
    /// The refusal, naming the scope.
    pub fn permit_query(&self, name: &str) -> Result<(), Rejected> {
        self.permit(scope_of_query(name))
    }

    /// Refuses a question to another service that the token is not good for.
    ///
    /// # Errors
    /// The refusal, naming the scope.
    pub fn permit_ask(&self, name: &str) -> Result<(), Rejected> {
        self.permit(scope_of_ask(name))
    }

    /// Refuses what the token is not good for.
    ///
    /// # Errors
    /// The refusal, naming the scope.
    pub fn permit_scope(&self, needed: Scope) -> Result<(), Rejected> {
        self.permit(Some(needed))
    }

    fn permit(&self, needed: Option<Scope>) -> Result<(), Rejected> {
        match (&self.scopes, needed) {
            (Some(scopes), Some(needed))
                if !scopes.contains(&needed) && !scopes.contains(&Scope::Admin) =>
            {
                let sentence = format!("this token is not good for that: it needs {needed}");
                Err(Rejected::new("scope_missing", sentence).with(json!({ "needs": needed })))
            }
            (Some(_) | None, Some(_) | None) => Ok(()),
        }
    }
}

/// Refuses a command that this edge may not ask for, whoever asks.
///
/// # Errors
/// The refusal.
pub fn admit_command(edge: Edge, name: &str) -> Result<(), Rejected> {
    if allowed_command(edge, name) { Ok(()) } else { Err(not_here(edge, name)) }
}

/// Refuses a query that this edge may not ask, whoever asks.
///
/// # Errors
/// The refusal.
pub fn admit_query(edge: Edge, name: &str) -> Result<(), Rejected> {
    if allowed_query(edge, name) { Ok(()) } else { Err(not_here(edge, name)) }
}

/// Refuses a question to another service that this edge may not ask, whoever asks.
///
/// # Errors
/// The refusal.
pub fn admit_ask(edge: Edge, name: &str) -> Result<(), Rejected> {
    if allowed_ask(edge, name) { Ok(()) } else { Err(not_here(edge, name)) }
}

fn not_here(edge: Edge, name: &str) -> Rejected {
    let sentence = format!("{name} cannot be asked by way of {edge}");
    Rejected::new("not_allowed_here", sentence).with(json!({ "edge": edge.token(), "name": name }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::command::MemberRef;

    fn with(scopes: &[Scope]) -> Principal {
        let scopes = Some(scopes.iter().copied().collect());
        Principal { scopes, ..Principal::unlimited(Actor::Operator) }
    }

    fn of(member: MemberId, scopes: &[Scope]) -> Principal {
        Principal { actor: Actor::Member { id: member, role: Role::Admin }, ..with(scopes) }
    }

    fn command(json: serde_json::Value) -> Command {
        serde_json::from_value(json).unwrap()
    }

    fn enter() -> Command {
        let id = MemberId::generate();
        command(json!({ "lead": { "id": id, "do": { "command": "mark_contacted" } } }))
    }

    fn language(of: impl Into<MemberRef>) -> Command {
        let of = of.into();
        let change = json!({ "command": "change_language", "language": "en" });
        command(json!({ "member": { "id": of, "do": change } }))
    }

    fn token(of: impl Into<MemberRef>, scopes: &[Scope]) -> Command {
        let of = of.into();
        let create = json!({ "command": "create", "member_id": of, "label": "mine",
            "secret_hash": "", "scopes": scopes });
        command(json!({ "token": { "id": MemberId::generate(), "do": create } }))
    }

    fn code(permitted: Result<(), Rejected>) -> String {
        permitted.unwrap_err().code
    }

    #[test]
    fn a_token_does_what_its_scopes_say() {
        let reader = with(&[Scope::LeadsRead]);
        assert_eq!(reader.permit_query("list_leads"), Ok(()));
        assert_eq!(reader.permit_query("me"), Ok(()));
        assert_eq!(reader.permit_query("statistics").unwrap_err().code, "scope_missing");
        let refusal = reader.permit_command(&enter()).unwrap_err();
        assert_eq!(refusal.details, json!({ "needs": "leads:write" }));
        assert_eq!(with(&[Scope::LeadsWrite]).permit_command(&enter()), Ok(()));
        assert_eq!(with(&[]).permit_query("me"), Ok(()));
    }

    #[test]
    fn the_admin_scope_includes_the_others_and_no_token_is_no_limit() {
        let other = MemberId::generate();
        for command in [enter(), language(other), token(other, &[Scope::Admin])] {
            assert_eq!(with(&[Scope::Admin]).permit_command(&command), Ok(()));
            assert_eq!(Principal::unlimited(Actor::Operator).permit_command(&command), Ok(()));
        }
        assert!(with(&[Scope::Admin]).administers() && !with(&[Scope::Export]).administers());
    }

    #[test]
    fn a_token_changes_its_own_members_language_and_with_admin_alone_anothers() {
        let (me, other) = (MemberId::generate(), MemberId::generate());
        for myself in [MemberRef::Me, MemberRef::Id(me)] {
            assert_eq!(of(me, &[Scope::Files]).permit_command(&language(myself)), Ok(()));
        }
        let refused = of(me, &[Scope::Files]).permit_command(&language(other));
        assert_eq!(code(refused), "scope_missing");
        assert_eq!(of(me, &[Scope::Admin]).permit_command(&language(other)), Ok(()));
        let rename = json!({ "command": "rename", "name": "Ada" });
        let rename = command(json!({ "member": { "id": me, "do": rename } }));
        assert_eq!(code(of(me, &[Scope::Files]).permit_command(&rename)), "scope_missing");
    }

    #[test]
    fn a_token_gives_no_more_than_it_has_and_to_its_own_member_alone() {
        let (me, other) = (MemberId::generate(), MemberId::generate());
        let has = [Scope::LeadsRead, Scope::Files];
        for given in [&has[..1], &has[1..], &has] {
            assert_eq!(of(me, &has).permit_command(&token(me, given)), Ok(()));
            assert_eq!(of(me, &has).permit_command(&token(MemberRef::Me, given)), Ok(()));
        }
        for wider in [Scope::LeadsWrite, Scope::Export, Scope::Admin] {
            let refused = of(me, &has).permit_command(&token(me, &[Scope::Files, wider]));
            assert_eq!(code(refused), "scope_too_wide", "{wider}");
        }
        let refused = of(me, &has).permit_command(&token(other, &has));
        assert_eq!(code(refused), "scope_missing");
        let wide = [Scope::LeadsWrite, Scope::Admin];
        assert_eq!(of(me, &[Scope::Admin]).permit_command(&token(other, &wide)), Ok(()));
        assert_eq!(code(of(me, &has).permit_what_is_of(Some(other))), "scope_missing");
        assert_eq!(of(me, &has).permit_what_is_of(Some(me)), Ok(()));
        assert_eq!(code(with(&has).permit_what_is_of(None)), "scope_missing");
    }

    #[test]
    fn what_an_edge_may_not_ask_is_refused_by_name() {
        assert_eq!(admit_command(Edge::Api, "lead.create"), Ok(()));
        assert_eq!(admit_query(Edge::Scoring, "lead_features"), Ok(()));
        let refusal = admit_command(Edge::Transcription, "lead.create").unwrap_err();
        assert_eq!(refusal.code, "not_allowed_here");
        assert!(admit_query(Edge::Scoring, "get_lead").is_err());
    }
}
