//! Who asks, once it is known.

use crate::allow::{
    allowed_ask, allowed_command, allowed_query, scope_of_ask, scope_of_command, scope_of_query,
};
use ael_events::actor::Actor;
use ael_events::answer::Rejected;
use ael_events::subjects::Edge;
use ael_events::values::{Role, Scope};
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
}

impl Principal {
    pub(crate) const fn unlimited(actor: Actor) -> Self {
        Self { actor, scopes: None, on_behalf_of: None }
    }

    /// Refuses a command that the token is not good for.
    ///
    /// # Errors
    /// The refusal, naming the scope.
    pub fn permit_command(&self, name: &str) -> Result<(), Rejected> {
        self.permit(scope_of_command(name))
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

    fn with(scopes: &[Scope]) -> Principal {
        let scopes = Some(scopes.iter().copied().collect());
        Principal { scopes, ..Principal::unlimited(Actor::Operator) }
    }

    #[test]
    fn a_token_does_what_its_scopes_say() {
        let reader = with(&[Scope::LeadsRead]);
        assert_eq!(reader.permit_query("list_leads"), Ok(()));
        assert_eq!(reader.permit_query("me"), Ok(()));
        assert_eq!(reader.permit_query("statistics").unwrap_err().code, "scope_missing");
        let refusal = reader.permit_command("lead.create").unwrap_err();
        assert_eq!(refusal.details, json!({ "needs": "leads:write" }));
        assert_eq!(with(&[Scope::LeadsWrite]).permit_command("lead.create"), Ok(()));
        assert_eq!(with(&[]).permit_query("me"), Ok(()));
    }

    #[test]
    fn the_admin_scope_includes_the_others_and_no_token_is_no_limit() {
        for name in ["lead.create", "sale.move", "token.create", "lead.attach_file"] {
            assert_eq!(with(&[Scope::Admin]).permit_command(name), Ok(()));
            assert_eq!(Principal::unlimited(Actor::Operator).permit_command(name), Ok(()));
        }
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
