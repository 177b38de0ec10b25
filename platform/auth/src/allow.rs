//! What each edge may ask at all, and which scope a token needs for it: one table of commands, one
//! of queries, one of questions to other services.
//!
//! This is the house's second lock. The first is the bus server, which lets each edge speak only
//! under its own name; the third is the domain's who-may table, which decides by the person's role.

use ael_events::query::AssistantRequest;
use ael_events::subjects::Edge::{self, Api, Assistant, Bot, Cli, Jobs, Scoring};
use ael_events::values::Scope;

/// A line of the table: what is asked, who may carry it, and what a token has to be good for.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The command (`lead.qualify`) or the query (`list_leads`).
    pub name: &'static str,
    /// The edges that may ask it.
    pub edges: &'static [Edge],
    /// The scope that a token needs, or `admin`, which includes all; any token will do when there
    /// is none.
    pub scope: Option<Scope>,
    /// Whether any token will do for what is its own member's.
    pub own_is_free: bool,
}

const fn row(name: &'static str, edges: &'static [Edge], scope: Scope) -> Row {
    Row { name, edges, scope: Some(scope), own_is_free: false }
}

const fn any_token(name: &'static str, edges: &'static [Edge]) -> Row {
    Row { name, edges, scope: None, own_is_free: false }
}

/// Any token will do for what is its own member's; for what is another's it needs `admin`.
const fn own(name: &'static str, edges: &'static [Edge]) -> Row {
    Row { name, edges, scope: Some(Scope::Admin), own_is_free: true }
}

const PEOPLE: &[Edge] = &[Api, Bot, Cli];
const DESK: &[Edge] = &[Api, Cli];
/// Who asks for people, and the assistant on behalf of who asked it.
const READERS: &[Edge] = &[Api, Bot, Cli, Assistant];

/// Every command.
pub const COMMANDS: &[Row] = &[
    row("workspace.create", &[Cli], Scope::Admin),
    row("workspace.change_settings", PEOPLE, Scope::Admin),
    row("member.add", DESK, Scope::Admin),
    row("member.rename", PEOPLE, Scope::Admin),
    row("member.change_role", DESK, Scope::Admin),
    row("member.deactivate", DESK, Scope::Admin),
    row("member.reactivate", DESK, Scope::Admin),
    row("member.link_telegram", PEOPLE, Scope::Admin),
    row("member.unlink_telegram", PEOPLE, Scope::Admin),
    row("member.link_identity", DESK, Scope::Admin),
    row("member.unlink_identity", DESK, Scope::Admin),
    own("member.change_language", PEOPLE),
    own("member.change_notifications", PEOPLE),
    row("member.note_bot_blocked", &[Bot], Scope::Admin),
    row("invitation.create", PEOPLE, Scope::Admin),
    row("invitation.accept", PEOPLE, Scope::Admin),
    row("invitation.revoke", PEOPLE, Scope::Admin),
    own("token.create", DESK),
    own("token.revoke", DESK),
    row("lead.create", PEOPLE, Scope::LeadsWrite),
    row("lead.import", &[Api, Jobs, Cli], Scope::Admin),
    row("lead.edit_details", PEOPLE, Scope::LeadsWrite),
    row("lead.assign", &[Api, Bot, Jobs, Cli], Scope::LeadsWrite),
    row("lead.mark_contacted", PEOPLE, Scope::LeadsWrite),
    row("lead.qualify", PEOPLE, Scope::LeadsWrite),
    row("lead.transfer_to_sales", PEOPLE, Scope::LeadsWrite),
    row("lead.mark_lost", PEOPLE, Scope::LeadsWrite),
    row("lead.roll_back", PEOPLE, Scope::LeadsWrite),
    row("lead.reopen", PEOPLE, Scope::LeadsWrite),
    row("lead.log_message", PEOPLE, Scope::LeadsWrite),
    row("lead.add_note", PEOPLE, Scope::LeadsWrite),
    row("lead.pin_note", PEOPLE, Scope::LeadsWrite),
    row("lead.unpin_note", PEOPLE, Scope::LeadsWrite),
    row("lead.attach_file", PEOPLE, Scope::Files),
    row("lead.remove_file", PEOPLE, Scope::Files),
    row("lead.request_analysis", PEOPLE, Scope::LeadsWrite),
    row("lead.record_analysis", &[Scoring], Scope::Admin),
    row("lead.merge", PEOPLE, Scope::LeadsWrite),
    row("lead.erase", &[Api, Jobs, Cli], Scope::Admin),
    row("sale.open", &[Jobs], Scope::Admin),
    row("sale.move", PEOPLE, Scope::SalesWrite),
    row("sale.mark_lost", PEOPLE, Scope::SalesWrite),
    row("sale.set_amount", PEOPLE, Scope::SalesWrite),
    row("advisor.record_training", &[Scoring, Cli], Scope::Admin),
    row("advisor.roll_back", DESK, Scope::Admin),
    row("advisor.record_consultation", &[Scoring], Scope::Admin),
];

/// Every query.
pub const QUERIES: &[Row] = &[
    row("list_leads", READERS, Scope::LeadsRead),
    row("get_lead", READERS, Scope::LeadsRead),
    row("lead_history", PEOPLE, Scope::LeadsRead),
    row("list_sales", READERS, Scope::SalesRead),
    row("get_sale", PEOPLE, Scope::SalesRead),
    row("statistics", READERS, Scope::StatsRead),
    row("list_members", READERS, Scope::LeadsRead),
    any_token("list_tokens", DESK),
    row("list_invitations", PEOPLE, Scope::Admin),
    row("list_events", DESK, Scope::Admin),
    any_token("list_changes", DESK),
    any_token("me", READERS),
    any_token("get_workspace", READERS),
    row("lead_features", &[Scoring], Scope::Admin),
    row("training_examples", &[Scoring, Cli], Scope::Admin),
    row("list_models", &[Api, Scoring, Cli], Scope::Admin),
    row("get_model", &[Scoring, Cli], Scope::Admin),
    row("training_states", &[Scoring], Scope::Admin),
    row("advisor_context", &[Scoring], Scope::Admin),
    row("stale_analyses", &[Scoring], Scope::Admin),
    row("list_dead", DESK, Scope::Admin),
    row("list_projections", &[Cli], Scope::Admin),
    row("list_workspaces", &[Cli], Scope::Admin),
    row("find_member", &[Cli], Scope::Admin),
    row("find_account", &[Bot], Scope::Admin),
];

/// Every question to a service other than `queries`.
pub const ASKS: &[Row] = &[
    row("verify", DESK, Scope::Admin),
    row("assistant", AssistantRequest::EDGES, AssistantRequest::SCOPE),
];

fn find<'a>(table: &'a [Row], name: &str) -> Option<&'a Row> {
    table.iter().find(|row| row.name == name)
}

/// Whether this edge may ask for this command at all.
#[must_use]
pub fn allowed_command(edge: Edge, name: &str) -> bool {
    find(COMMANDS, name).is_some_and(|row| row.edges.contains(&edge))
}

/// Whether this edge may ask this query at all.
#[must_use]
pub fn allowed_query(edge: Edge, name: &str) -> bool {
    find(QUERIES, name).is_some_and(|row| row.edges.contains(&edge))
}

/// Whether this edge may ask a service this at all.
#[must_use]
pub fn allowed_ask(edge: Edge, name: &str) -> bool {
    find(ASKS, name).is_some_and(|row| row.edges.contains(&edge))
}

/// The scope that a token needs for this command; an unknown one needs them all.
#[must_use]
pub fn scope_of_command(name: &str) -> Option<Scope> {
    find(COMMANDS, name).map_or(Some(Scope::Admin), |row| row.scope)
}

/// Whether any token may ask for this command where it is about its own member alone.
#[must_use]
pub fn own_is_free(name: &str) -> bool {
    find(COMMANDS, name).is_some_and(|row| row.own_is_free)
}

/// The scope that a token needs for this query; an unknown one needs them all.
#[must_use]
pub fn scope_of_query(name: &str) -> Option<Scope> {
    find(QUERIES, name).map_or(Some(Scope::Admin), |row| row.scope)
}

/// The scope that a token needs to ask a service this; an unknown question needs them all.
#[must_use]
pub fn scope_of_ask(name: &str) -> Option<Scope> {
    find(ASKS, name).map_or(Some(Scope::Admin), |row| row.scope)
}

#[cfg(test)]
#[path = "allow_tests.rs"]
mod tests;
