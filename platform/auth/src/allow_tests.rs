//! Every row of the tables, from both sides.

use super::*;
use ael_events::command::{
    AdvisorCommand, InvitationCommand, LeadCommand, MemberCommand, SaleCommand, TokenCommand,
    WorkspaceCommand,
};
use ael_events::query::{AssistantRequest, Query, VerifyRequest};
use std::collections::BTreeSet;

fn every_command() -> BTreeSet<String> {
    let of = |kind: &'static str, names: &'static [&'static str]| {
        names.iter().map(move |name| format!("{kind}.{name}"))
    };
    of("workspace", WorkspaceCommand::NAMES)
        .chain(of("member", MemberCommand::NAMES))
        .chain(of("invitation", InvitationCommand::NAMES))
        .chain(of("token", TokenCommand::NAMES))
        .chain(of("lead", LeadCommand::NAMES))
        .chain(of("sale", SaleCommand::NAMES))
        .chain(of("advisor", AdvisorCommand::NAMES))
        .collect()
}

/// An edge may ask exactly what is named, and nothing else there is.
fn exactly(allowed: impl Fn(&str) -> bool, all: &BTreeSet<String>, names: &[&str]) {
    for name in names {
        assert!(all.contains(*name), "{name} does not exist");
    }
    for name in all {
        assert_eq!(allowed(name), names.contains(&name.as_str()), "{name}");
    }
    assert!(!allowed("lead.unheard_of"));
}

#[test]
fn every_command_and_every_query_has_one_row() {
    let rows: Vec<&str> = COMMANDS.iter().map(|row| row.name).collect();
    assert_eq!(
        rows.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(),
        every_command()
    );
    assert_eq!(rows.len(), every_command().len(), "a row stands twice");
    let rows: Vec<&str> = QUERIES.iter().map(|row| row.name).collect();
    assert_eq!(rows, Query::NAMES);
}

#[test]
fn transcription_commands_nothing_and_asks_nothing() {
    exactly(|name| allowed_command(Edge::Transcription, name), &every_command(), &[]);
    assert!(Query::NAMES.iter().all(|name| !allowed_query(Edge::Transcription, name)));
}

/// What only the advisor asks: anonymous, all of it.
const SCORING: &[&str] = &["lead_features", "training_states", "advisor_context", "stale_analyses"];

#[test]
fn scoring_records_analyses_and_trainings_and_sees_anonymous_features_only() {
    let all = every_command();
    let does = ["lead.record_analysis", "advisor.record_training", "advisor.record_consultation"];
    exactly(|name| allowed_command(Edge::Scoring, name), &all, &does);
    let queries = Query::NAMES.iter().map(|name| (*name).to_owned()).collect();
    let learning = ["training_examples", "list_models", "get_model"];
    exactly(|name| allowed_query(Edge::Scoring, name), &queries, &[SCORING, &learning].concat());
}

#[test]
fn the_assistant_commands_nothing_and_asks_what_its_askers_may_see() {
    exactly(|name| allowed_command(Edge::Assistant, name), &every_command(), &[]);
    let queries = Query::NAMES.iter().map(|name| (*name).to_owned()).collect();
    let told = [
        "list_leads",
        "get_lead",
        "list_sales",
        "statistics",
        "list_members",
        "me",
        "get_workspace",
    ];
    exactly(|name| allowed_query(Edge::Assistant, name), &queries, &told);
    for edge in Edge::ALL {
        let expected = matches!(edge, Edge::Api | Edge::Bot | Edge::Cli);
        assert_eq!(allowed_ask(edge, AssistantRequest::NAME), expected, "{edge}");
    }
    assert_eq!(scope_of_ask(AssistantRequest::NAME), Some(Scope::LeadsRead));
}

#[test]
fn jobs_do_what_their_principals_need() {
    let names = ["sale.open", "lead.import", "lead.assign", "lead.erase"];
    exactly(|name| allowed_command(Edge::Jobs, name), &every_command(), &names);
    assert!(Query::NAMES.iter().all(|name| !allowed_query(Edge::Jobs, name)));
}

#[test]
fn the_bot_makes_no_tokens_no_roles_no_workspaces_links_no_identity_and_erases_nobody() {
    let all = every_command();
    let refused = [
        "workspace.create",
        "member.add",
        "member.change_role",
        "member.deactivate",
        "member.reactivate",
        "member.link_identity",
        "member.unlink_identity",
        "token.create",
        "token.revoke",
        "lead.erase",
        "lead.import",
        "lead.record_analysis",
        "sale.open",
        "advisor.record_training",
        "advisor.record_consultation",
        "advisor.roll_back",
    ];
    for name in &all {
        let expected = !refused.contains(&name.as_str());
        assert_eq!(allowed_command(Edge::Bot, name), expected, "{name}");
    }
    let queries: BTreeSet<String> = Query::NAMES.iter().map(|name| (*name).to_owned()).collect();
    let told = [
        "list_leads",
        "get_lead",
        "lead_history",
        "list_sales",
        "get_sale",
        "statistics",
        "list_members",
        "list_invitations",
        "me",
        "get_workspace",
        "find_account",
    ];
    exactly(|name| allowed_query(Edge::Bot, name), &queries, &told);
}

#[test]
fn the_api_does_everything_but_what_is_the_operators_or_a_services() {
    let refused = [
        "workspace.create",
        "member.note_bot_blocked",
        "lead.record_analysis",
        "sale.open",
        "advisor.record_training",
        "advisor.record_consultation",
    ];
    for name in every_command() {
        let expected = !refused.contains(&name.as_str());
        assert_eq!(allowed_command(Edge::Api, &name), expected, "{name}");
    }
    let others = [
        "training_examples",
        "get_model",
        "list_projections",
        "list_workspaces",
        "find_member",
        "find_account",
    ];
    let refused = [SCORING, &others].concat();
    for name in Query::NAMES {
        assert_eq!(allowed_query(Edge::Api, name), !refused.contains(name), "{name}");
    }
}

#[test]
fn the_command_line_does_everything_but_what_is_a_services() {
    let refused = [
        "member.note_bot_blocked",
        "lead.record_analysis",
        "sale.open",
        "advisor.record_consultation",
    ];
    for name in every_command() {
        let expected = !refused.contains(&name.as_str());
        assert_eq!(allowed_command(Edge::Cli, &name), expected, "{name}");
    }
    for name in Query::NAMES {
        let refused = SCORING.contains(name) || *name == "find_account";
        assert_eq!(allowed_query(Edge::Cli, name), !refused, "{name}");
    }
}

#[test]
fn only_admins_desks_ask_whether_all_is_sound() {
    for edge in Edge::ALL {
        let expected = matches!(edge, Edge::Api | Edge::Cli);
        assert_eq!(allowed_ask(edge, VerifyRequest::NAME), expected, "{edge}");
        assert!(!allowed_ask(edge, "unheard_of"));
    }
    assert_eq!(scope_of_ask(VerifyRequest::NAME), Some(Scope::Admin));
    assert_eq!(scope_of_ask("unheard_of"), Some(Scope::Admin));
}

#[test]
fn a_tokens_scope_covers_what_it_says_and_nothing_more() {
    for name in every_command() {
        let needed = scope_of_command(&name);
        let expected = match name.split_once('.') {
            Some(("lead", "import" | "erase" | "record_analysis")) => Scope::Admin,
            Some(("lead", "attach_file" | "remove_file")) => Scope::Files,
            Some(("lead", _)) => Scope::LeadsWrite,
            Some(("sale", "open")) => Scope::Admin,
            Some(("sale", _)) => Scope::SalesWrite,
            Some(_) | None => Scope::Admin,
        };
        assert_eq!(needed, Some(expected), "{name}");
    }
    for name in Query::NAMES {
        let expected = match *name {
            "list_leads" | "get_lead" | "lead_history" | "list_members" => Some(Scope::LeadsRead),
            "list_sales" | "get_sale" => Some(Scope::SalesRead),
            "statistics" => Some(Scope::StatsRead),
            // Of each change it is asked whether the token is good for it.
            "me" | "get_workspace" | "list_tokens" | "list_changes" => None,
            _ => Some(Scope::Admin),
        };
        assert_eq!(scope_of_query(name), expected, "{name}");
    }
    assert_eq!(scope_of_command("lead.unheard_of"), Some(Scope::Admin));
}

#[test]
fn any_token_will_do_for_what_is_its_own_members_alone() {
    let own =
        ["member.change_language", "member.change_notifications", "token.create", "token.revoke"];
    exactly(own_is_free, &every_command(), &own);
}
